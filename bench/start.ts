import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { eventually } from "../e2e/api.ts";
import { startProgram } from "../e2e/program.ts";
import type { Benchmark } from "./report.ts";

const rounds = 5;

/** `cloudphone up` from the moment it is typed until it says that four phones run: in an empty data folder, and in the same one again. */
export const start: Benchmark = {
  name: "start",
  async run() {
    const cold: number[] = [];
    const second: number[] = [];
    for (let n = 0; n < rounds; n++) {
      const dir = await mkdtemp(path.join(tmpdir(), "cloudphone-start-"));
      try {
        cold.push(await upAndDown(dir));
        second.push(await upAndDown(dir));
      } finally {
        await rm(dir, { recursive: true, force: true, maxRetries: 5 });
      }
    }
    return {
      setting: "`cloudphone up` until it says that 4 phones run, packages already installed.",
      figures: [
        { what: "in an empty data folder", unit: "s", rounds: cold, limit: { atMost: 60 } },
        { what: "again in the same one", unit: "s", rounds: second, limit: { atMost: 5 } },
      ],
      bound:
        "initdb with four databases and their migrations in an empty folder, and two passwords hashed; the second time loading the programs, the server's start and the phones' boot.",
    };
  },
};

/** Seconds until it was up. */
async function upAndDown(dir: string): Promise<number> {
  const begun = performance.now();
  const up = startProgram(["up", "--data", dir, "--port", "0", "--mqtt-port", "0"]);
  try {
    await eventually(
      async () => (/\(4 phones running/.test(up.output()) ? true : null),
      60_000,
      `the start: ${up.output()}`,
    );
    return (performance.now() - begun) / 1000;
  } finally {
    up.kill("SIGTERM");
    await up.ended;
  }
}
