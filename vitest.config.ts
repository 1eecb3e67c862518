import { defineConfig } from "vitest/config";

const roots = "{shared,agent,hub,bin,e2e,bench,testing,web}/**";

// The suffix tells what a test costs: .test.ts is pure, .int.test.ts starts a real PostgreSQL, broker
// or adb, .e2e.test.ts runs the whole platform.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: [`${roots}/*.test.ts`],
          exclude: ["**/*.{int,e2e}.test.ts", "**/node_modules/**"],
        },
      },
      {
        test: {
          name: "int",
          include: [`${roots}/*.int.test.ts`],
          exclude: ["**/node_modules/**"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: [`${roots}/*.e2e.test.ts`],
          exclude: ["**/node_modules/**"],
          testTimeout: 180_000,
          hookTimeout: 60_000,
          // Several of them wait most of the time, for a deadline or a cut line: they wait together. After the others, which are timed by nobody.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
