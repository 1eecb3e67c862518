import { defineConfig } from "vitest/config";

// A whole machine takes minutes: not part of `npm test`, but of `npm run test:deploy` and of CI.
export default defineConfig({
  test: {
    name: "deploy",
    root: import.meta.dirname,
    include: ["*.test.ts"],
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
