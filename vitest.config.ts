import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Most of what the tests with real machines do is to wait for them: one at a time, as is usual on two cores, would leave the machine idle. */
const workers = 4;

/** To read the same modules anew for each file takes a fifth of the processors' time; no module keeps what one test could leave to another. */
const isolate = false;

const roots = "{shared,agent,hub,bin,e2e,bench,testing,web}/**";

/** Whole platforms take the processors: more of them at a time only wait longer, for each other. */
const platforms = 3;

/**
 * Those that wait longest for a deadline, or have the most to do, begin first: what is left at the end is short. Those with a browser are over before
 * others start containers: Chromium gives up what it is loading when the machine gets another interface.
 */
const longest = [
  "e2e/dashboard",
  "e2e/crash-points",
  "e2e/screen",
  "e2e/cli",
  "e2e/random-kills",
  "e2e/link-cut",
  "e2e/clock-jumps",
  "e2e/several-hubs",
  "e2e/operations",
  "e2e/remote-access",
  "e2e/replay",
  "e2e/disk-full",
  "e2e/docker",
  "e2e/udp-blocked",
  "docker/fleet",
  "docker/provider",
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const found = longest.findIndex((name) => moduleId.includes(`/${name}.`));
      return found === -1 ? longest.length : found;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

// The suffix tells what a test costs: .test.ts is pure, .int.test.ts starts a real PostgreSQL, broker
// or adb, .e2e.test.ts runs the whole platform.
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    // Of one file.
    maxConcurrency: platforms,
    projects: [
      {
        test: {
          name: "unit",
          include: [`${roots}/*.test.ts`],
          exclude: ["**/*.{int,e2e}.test.ts", "**/node_modules/**"],
          maxWorkers: workers,
          isolate,
        },
      },
      {
        test: {
          name: "int",
          include: [`${roots}/*.int.test.ts`],
          exclude: ["**/node_modules/**"],
          maxWorkers: workers,
          isolate,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: [`${roots}/*.e2e.test.ts`],
          exclude: ["**/node_modules/**"],
          testTimeout: 300_000,
          hookTimeout: 60_000,
          // Several of them wait most of the time, for a deadline or a cut line: they wait together, and not beside the others.
          maxWorkers: platforms,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
