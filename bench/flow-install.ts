import { smallApk } from "@cloudphone/testing/apk";
import { type CpuPart, cpuParts, type Install, openInstallBench } from "./install.ts";
import { type Benchmark, type Figure, quantile } from "./report.ts";

const perSecond = 50;
const seconds = 10;
const rounds = 5;
const phones = 40;

/**
 * Flow 1 under load: 50 clicks a second, open loop, on so many phones that none has a queue, with a package so small that its way onto the phone takes
 * no time. What is left is the platform: API, outbox, log, dispatch, MQTT, the agent's store, and the way back.
 */
export const flowInstall: Benchmark = {
  name: "flow-install",
  async run() {
    await using bench = await openInstallBench({ phones, apk: smallApk() });
    const instants = Array.from({ length: perSecond * seconds }, (_, n) => (n * 1000) / perSecond);
    // Warm: code compiled, plans chosen, package downloaded.
    await bench.installs(instants.slice(0, perSecond * 3));
    const measured: Install[][] = [];
    const cpu: Record<CpuPart, number>[] = [await bench.cpu()];
    for (let n = 0; n < rounds; n++) {
      measured.push(await bench.installs(instants));
      cpu.push(await bench.cpu());
    }
    const cpuPerInstall = cpuParts.map((part) => ({
      what: `processor time per install, ${part}`,
      unit: "ms",
      rounds: measured.map(
        (installs, n) => ((cpu[n + 1]?.[part] ?? 0) - (cpu[n]?.[part] ?? 0)) / installs.length,
      ),
      limit: null,
    }));
    const figure = (
      what: string,
      share: number,
      of: { key: "answerMs" | "installedMs" | "ownMs"; atMost?: number },
    ): Figure => ({
      what: `${what}, p${share * 100}`,
      unit: "ms",
      rounds: measured.map((installs) =>
        quantile(
          installs.map((install) => install[of.key]),
          share,
        ),
      ),
      limit: of.atMost === undefined ? null : { atMost: of.atMost },
    });
    return {
      setting: `${perSecond} installs a second for ${seconds} s on ${phones} simulated phones, hub, agent and PostgreSQL as processes of their own.`,
      figures: [
        figure("API answer", 0.5, { key: "answerMs" }),
        figure("API answer", 0.99, { key: "answerMs", atMost: 100 }),
        figure("click to installed", 0.5, { key: "installedMs" }),
        figure("click to installed", 0.99, { key: "installedMs" }),
        figure("platform's own share of it", 0.5, { key: "ownMs" }),
        figure("platform's own share of it", 0.99, { key: "ownMs", atMost: 250 }),
        ...cpuPerInstall,
      ],
      bound:
        "the processor. What hub, agent and PostgreSQL take per install, times 50, and the benchmark itself, is what two cores have to give; the tail grows as soon as anything else wants them. In the hub most of it is writing some 35 statements to PostgreSQL's sockets; in the agent SQLite's commits and the simulated phones' own flash.",
    };
  },
};
