import { readFile } from "node:fs/promises";
import { realApk } from "@cloudphone/testing/apk";
import { type Install, openInstallBench } from "./install.ts";
import { type Benchmark, quantile } from "./report.ts";

const rounds = 5;
const perRound = 10;

/** Flow 1 with nothing else to do: a real package of 3 MB, one click after the other. */
export const installAlone: Benchmark = {
  name: "install-alone",
  async run() {
    await using bench = await openInstallBench({ phones: 1, apk: await readFile(realApk) });
    const measured: Install[][] = [];
    for (let n = -1; n < rounds; n++) {
      const round: Install[] = [];
      for (let each = 0; each < perRound; each++) round.push(...(await bench.installs([0])));
      if (n >= 0) measured.push(round);
    }
    const medians = (key: "answerMs" | "installedMs" | "ownMs"): number[] =>
      measured.map((round) =>
        quantile(
          round.map((install) => install[key]),
          0.5,
        ),
      );
    return {
      setting: `${perRound} installs of a real 3 MB package on one phone, one after the other.`,
      figures: [
        { what: "API answer", unit: "ms", rounds: medians("answerMs"), limit: { atMost: 100 } },
        { what: "click to installed", unit: "ms", rounds: medians("installedMs"), limit: null },
        {
          what: "platform's own share of it",
          unit: "ms",
          rounds: medians("ownMs"),
          limit: { atMost: 250 },
        },
      ],
      bound:
        "waits, one after the other: four group commits of SQLite (2 ms each to gather, then a sync), four commits of PostgreSQL, three connections to the phone's adb.",
    };
  },
};
