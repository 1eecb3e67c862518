import { type ChildProcess, fork } from "node:child_process";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Benchmark, Figure } from "./report.ts";
import type {
  FloodWay,
  FromSender,
  FromViewers,
  Signal,
  ToSender,
  ToViewers,
  Window,
} from "./screen/messages.ts";
import { startPhones } from "./screen/phones.ts";

const rounds = 3;
const windowMs = 2500;
const steps = [1, 10, 40, 60] as const;
const limits: Partial<Record<number, { done?: number; added?: number; core?: number }>> = {
  10: { added: 3 },
  60: { done: 16 },
};

/**
 * The agent's sending side alone: scrcpy's bytes in, by the code that an agent runs, encrypted RTP out to that many viewers, each of a phone of its own. Phones,
 * agent and viewers are a process each.
 */
export const screenSending: Benchmark = {
  name: "screen-sending",
  async run() {
    using sender = new Child<FromSender | Signal, ToSender | Signal>("sender", ["--expose-gc"]);
    using viewers = new Child<FromViewers | Signal, ToViewers | Signal>("viewers", []);
    const [{ port }, { discardPort }] = await Promise.all([
      sender.heard("listening"),
      viewers.heard("ready"),
    ]);
    sender.on((message) => isSignal(message) && viewers.say(message));
    viewers.on((message) => isSignal(message) && sender.say(message));
    const figures: Figure[] = [];
    const memory: number[] = [];
    let open = 0;
    for (const count of steps) {
      for (; open < count; open++) {
        const viewer = open;
        const connected = sender.heard("connected", (message) => message.viewer === viewer);
        viewers.say({ type: "add", viewer });
        await connected;
      }
      const phones = await startPhones(count, port);
      const windows: Window[] = [];
      // The first one warms up.
      for (let n = -1; n < rounds; n++) {
        const window = await measure(sender);
        if (n >= 0) windows.push(window);
      }
      phones.stop();
      figures.push(...figuresOf(count, windows));
      memory.push(await memoryOf(sender));
    }
    const [alone = 0, , , most = 0] = memory;
    const perViewer = (most - alone) / 1024 / (open - 1);
    figures.push({ what: "memory a viewer", unit: "KiB", rounds: [perViewer], limit: null });
    figures.push(...(await floods(sender, discardPort)));
    return { setting, figures, bound };
  },
};

const setting =
  "30 pictures/s, 4 Mbit/s each viewer, a phone each, on loopback; done: from the phone's write to the last packet handed to the kernel; added: from the last byte read to it. Floods: packets of 1,208 bytes as fast as they go, for each second of processor time.";
const bound =
  "the one thread, and in it the kernel: of a flooding peer's time more than half is sendto (a system call each, on loopback with the receiver's share), a fifth AES-GCM by node:crypto, 5 % the garbage, all JavaScript of werift and the agent together some 5 %. Delays also hold what else this machine did: the three processes and others share two cores";

async function measure(sender: Child<FromSender | Signal, ToSender | Signal>): Promise<Window> {
  sender.say({ type: "begin" });
  await delay(windowMs);
  const window = sender.heard("window");
  sender.say({ type: "end" });
  return await window;
}

function figuresOf(count: number, windows: Window[]): Figure[] {
  const { done, added } = limits[count] ?? {};
  const atMost = (limit: number | undefined) => (limit === undefined ? null : { atMost: limit });
  const who = count === 1 ? "1 viewer" : `${count} viewers`;
  const figure = (what: string, unit: string, of: (window: Window) => number): Figure => ({
    what: `${who}: ${what}`,
    unit,
    rounds: windows.map(of),
    limit: null,
  });
  return [
    figure("a core's share for each", "%", ({ core }) => (core * 100) / count),
    figure("pictures/s each", "1/s", ({ pictures }) => pictures / count / (windowMs / 1000)),
    figure("done p50", "ms", (window) => window.done.p50),
    { ...figure("done p99", "ms", (window) => window.done.p99), limit: atMost(done) },
    figure("added p50", "ms", (window) => window.added.p50),
    { ...figure("added p99", "ms", (window) => window.added.p99), limit: atMost(added) },
  ];
}

async function memoryOf(sender: Child<FromSender | Signal, ToSender | Signal>): Promise<number> {
  const memory = sender.heard("memory");
  sender.say({ type: "memory" });
  return (await memory).bytes;
}

async function floods(
  sender: Child<FromSender | Signal, ToSender | Signal>,
  port: number,
): Promise<Figure[]> {
  const ways: readonly (readonly [FloodWay, string])[] = [
    ["dgram", "flood of bare dgram sends"],
    ["encrypted", "flood of the same, AES-GCM each"],
    ["peer", "flood by an agent's peer"],
  ];
  const measured: Record<FloodWay, number[]> = { dgram: [], encrypted: [], peer: [] };
  for (let n = 0; n < rounds; n++)
    for (const [way] of ways) {
      const flooded = sender.heard("flooded");
      sender.say({ type: "flood", way, port });
      measured[way].push((await flooded).packetsPerSecond / 1000);
    }
  return ways.map(([way, what]) => ({ what, unit: "1000/s", rounds: measured[way], limit: null }));
}

const isSignal = (message: { type: string }): message is Signal =>
  ["offer", "answer", "candidate"].includes(message.type);

/** A process of the benchmark, and what it says. */
class Child<From extends { type: string }, To extends object> {
  readonly #process: ChildProcess;

  constructor(name: string, execArgv: readonly string[]) {
    const profiled = (process.env.PROFILE ?? "") === name ? ["--cpu-prof"] : [];
    const options = { execArgv: [...execArgv, ...profiled] };
    this.#process = fork(path.join(import.meta.dirname, `screen/${name}.ts`), [], options);
  }

  say(message: To): void {
    this.#process.send(message);
  }

  on(listener: (message: From) => void): void {
    this.#process.on("message", listener);
  }

  heard<T extends From["type"]>(
    type: T,
    accepts: (message: Extract<From, { type: T }>) => boolean = () => true,
  ): Promise<Extract<From, { type: T }>> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`waited 20 s for ${type}`)), 20_000);
      const listen = (message: From): void => {
        if (message.type !== type) return;
        const wanted = message as Extract<From, { type: T }>;
        if (!accepts(wanted)) return;
        clearTimeout(late);
        this.#process.off("message", listen);
        resolve(wanted);
      };
      this.#process.on("message", listen);
    });
  }

  /** It ends by itself when nobody listens any more. */
  [Symbol.dispose](): void {
    this.#process.disconnect();
  }
}
