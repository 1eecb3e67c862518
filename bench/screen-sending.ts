import { setTimeout as delay } from "node:timers/promises";
import type { Benchmark, Figure } from "./report.ts";
import { type FloodWay, rivalViewer, type Window } from "./screen/messages.ts";
import { startPhones } from "./screen/phones.ts";
import { Processes } from "./screen/processes.ts";

const rounds = 3;
const windowMs = 2500;
const steps = [1, 10, 40, 60, 100];
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
  async run(most = steps.at(-1)) {
    using world = await Processes.start();
    const figures: Figure[] = [];
    const memory: number[] = [];
    let open = 0;
    for (const count of steps.filter((step) => step <= (most ?? 0))) {
      for (; open < count; open++) await world.connect(open);
      const phones = await startPhones(count, world.phonePort);
      const windows: Measured[] = [];
      // The first one warms up.
      for (let n = -1; n < rounds; n++) {
        const window = await measure(world);
        if (n >= 0) windows.push(window);
      }
      phones.stop();
      figures.push(...figuresOf(count, windows));
      memory.push((await world.held()).residentBytes);
    }
    const perViewer = ((memory.at(-1) ?? 0) - (memory[0] ?? 0)) / 1024 / (open - 1);
    figures.push({ what: "memory a viewer", unit: "KiB", rounds: [perViewer], limit: null });
    await world.connect(rivalViewer);
    figures.push(...(await floods(world)));
    return { setting, figures, bound };
  },
};

const setting =
  "30 pictures/s, 4 Mbit/s each viewer, a phone each, on loopback by IPv4; viewers read and count all packets and decrypt one in 50; done: from the phone's write to the last packet handed to the kernel; added: from the last byte read to it. Floods: packets of 1,208 bytes as fast as they go, for each second of processor time.";
const bound =
  "the one thread: of a packet's time sendto takes more than half (4.5 us, on loopback with the receiver's share, and more where it wakes the viewers' process), encrypting and signing 2 us, all else of JavaScript and its collection the rest. The kernel would take many datagrams at once, but Node offers no such call. Delays also hold what else this machine did: phones, agent and viewers share two cores with it";

/** A window, and the packets that the viewers have counted in it. */
type Measured = Window & { readonly received: number };

let counted = 0;

async function measure({ sender, viewers }: Processes): Promise<Measured> {
  await delay(windowMs);
  const [window, count] = [sender.heard("window"), viewers.heard("received")];
  sender.say({ type: "window" });
  viewers.say({ type: "count" });
  const { packets } = await count;
  const received = packets - counted;
  counted = packets;
  return { ...(await window), received };
}

function figuresOf(count: number, windows: Measured[]): Figure[] {
  const { done, added } = limits[count] ?? {};
  const atMost = (limit: number | undefined) => (limit === undefined ? null : { atMost: limit });
  const who = count === 1 ? "1 viewer" : `${count} viewers`;
  const figure = (what: string, unit: string, of: (window: Measured) => number): Figure => ({
    what: `${who}: ${what}`,
    unit,
    rounds: windows.map(of),
    limit: null,
  });
  return [
    figure("a core's share for each", "%", ({ core }) => (core * 100) / count),
    figure("pictures/s each", "1/s", ({ pictures, ms }) => (pictures * 1000) / count / ms),
    figure("packets lost", "%", ({ packets, received }) =>
      Math.max(0, 100 - (received * 100) / packets),
    ),
    figure(
      "a packet's processor time",
      "us",
      ({ core, ms, packets }) => (core * ms * 1000) / packets,
    ),
    figure("done p50", "ms", (window) => window.done.p50),
    { ...figure("done p99", "ms", (window) => window.done.p99), limit: atMost(done) },
    figure("added p50", "ms", (window) => window.added.p50),
    { ...figure("added p99", "ms", (window) => window.added.p99), limit: atMost(added) },
  ];
}

async function floods({ sender, discardPort: port }: Processes): Promise<Figure[]> {
  const ways: readonly (readonly [FloodWay, string])[] = [
    ["dgram", "flood of bare dgram sends"],
    ["encrypted", "flood of the same, AES-GCM each"],
    ["peer", "flood by an agent's peer"],
    ["rival", "flood by node-datachannel"],
  ];
  const measured: Record<FloodWay, number[]> = { dgram: [], encrypted: [], peer: [], rival: [] };
  for (let n = 0; n < rounds; n++)
    for (const [way] of ways) {
      const flooded = sender.heard("flooded");
      sender.say({ type: "flood", way, port });
      measured[way].push((await flooded).packetsPerSecond / 1000);
    }
  return ways.map(([way, what]) => ({ what, unit: "1000/s", rounds: measured[way], limit: null }));
}
