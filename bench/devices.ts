import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { cpuMs } from "./cpu.ts";
import { type DockerCell, openDockerCell } from "./docker-cell.ts";
import { type Benchmark, type Figure, quantile } from "./report.ts";

const rounds = 5;
const startsPerRound = 8;
const together = 10;
const sizes = [10, 50, 100];
const windowMs = 5000;
const settleMs = 5000;

/** What devices cost their agent while they do nothing, and what the platform adds to Docker when they start and are made. */
export const devices: Benchmark = {
  name: "devices",
  async run() {
    await using cell = await openDockerCell(120);
    const figures = [...(await creations(cell)), ...(await starts(cell))];
    // Only now: what the work itself has brought into memory is no device's.
    const none = await idle(cell);
    const idleFigures: Figure[] = [
      { what: "agent's memory, no device", unit: "MB", rounds: none.mb, limit: null },
      { what: "agent's CPU, no device", unit: "% of a core", rounds: none.percent, limit: null },
    ];
    for (const [at, size] of sizes.entries()) {
      await cell.create(size - (sizes[at - 1] ?? 0));
      idleFigures.push(...figuresOf(size, await idle(cell), none));
    }
    return {
      setting: `Containers with the real adbd and 0.2 s of boot, in a Docker daemon of their own. Idle: running, looked at for ${windowMs / 1000} s a round. A start: from the request until the API says that it runs, one after the other, beside a container like it started by Docker alone; ${startsPerRound} a round, the slowest of them held against the aim for p99. No device: after those of the other figures came and went.`,
      figures: [...idleFigures, ...figures],
      bound:
        "idle: a look at each container every five seconds, and what it sends through Docker's API. A start: 25 ms for the wish through hub, broker and host; 60 ms that Docker takes longer for a container with a network and an address of its own; then adb, whose connect takes 250 ms when it comes before the phone's adbd listens, and probes 25 ms apart; 20 ms back through the log. The starts that took 3 s had a probe that hung on a connection of the boot before: one is given up after 0.4 s now. Ten at once: starting containers, which two cores do one after the other for both.",
    };
  },
};

interface Idle {
  readonly mb: number[];
  readonly percent: number[];
}

function figuresOf(size: number, seen: Idle, none: Idle): Figure[] {
  const each = (what: keyof Idle): number[] =>
    seen[what].map((value) => (value - quantile(none[what], 0.5)) / size);
  const [mb, percent] = ["MB", "% of a core"];
  return [
    { what: `agent's memory, ${size} devices`, unit: mb, rounds: seen.mb, limit: null },
    { what: "  a device", unit: mb, rounds: each("mb"), limit: { atMost: 3 } },
    { what: `agent's CPU, ${size} devices`, unit: percent, rounds: seen.percent, limit: null },
    { what: "  a device", unit: percent, rounds: each("percent"), limit: { atMost: 0.1 } },
  ];
}

async function idle(cell: DockerCell): Promise<Idle> {
  const [mb, percent]: [number[], number[]] = [[], []];
  await sleep(settleMs);
  for (let n = 0; n < rounds; n++) {
    const [cpu, begun] = [cpuMs(cell.agentPid, { children: false }), performance.now()];
    await sleep(windowMs);
    const used = cpuMs(cell.agentPid, { children: false }) - cpu;
    percent.push((used / (performance.now() - begun)) * 100);
    mb.push(residentMb(cell.agentPid));
  }
  return { mb, percent };
}

/** proc(5), VmRSS: what the kernel holds in memory for it, shared libraries included. */
function residentMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return (Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024) / 1e6;
}

async function creations(cell: DockerCell): Promise<Figure[]> {
  const [platform, bare]: [number[], number[]] = [[], []];
  for (let n = -1; n < rounds; n++) {
    const alone = await cell.bareRun(together);
    const begun = performance.now();
    const made = await cell.create(together);
    const took = performance.now() - begun;
    await cell.destroy(made);
    // The first round warms up.
    if (n < 0) continue;
    bare.push(alone);
    platform.push(took);
  }
  return [
    { what: `${together} at once, made and running`, unit: "ms", rounds: platform, limit: null },
    { what: `${together} at once, docker run`, unit: "ms", rounds: bare, limit: null },
  ];
}

async function starts(cell: DockerCell): Promise<Figure[]> {
  const [device = ""] = await cell.create(1);
  await cell.stop(device);
  const [bare, median, beyond]: [number[], number[], number[]] = [[], [], []];
  for (let n = 0; n < rounds; n++) {
    const [alone, platform]: [number[], number[]] = [[], []];
    for (let each = 0; each < startsPerRound; each++) {
      alone.push(await cell.bareStart());
      platform.push(await cell.start(device));
      await cell.stop(device);
    }
    const boot = quantile(alone, 0.5);
    bare.push(boot);
    median.push(quantile(platform, 0.5) - boot);
    beyond.push(quantile(platform, 0.99) - boot);
  }
  await cell.destroy([device]);
  return [
    { what: "start by Docker alone, median", unit: "ms", rounds: bare, limit: null },
    { what: "beyond it by the platform, median", unit: "ms", rounds: median, limit: null },
    {
      what: "beyond it by the platform, slowest",
      unit: "ms",
      rounds: beyond,
      limit: { atMost: 300 },
    },
  ];
}
