import { setTimeout as delay } from "node:timers/promises";
import type { Benchmark } from "./report.ts";
import type { Held } from "./screen/messages.ts";
import { Processes } from "./screen/processes.ts";

const comings = 500;
const rounds = 2;
/** What has ended is held on to by timers for a few seconds. */
const settleMs = 8000;

/** What viewers leave behind in an agent who come and go, one after the other. */
export const screenLeaks: Benchmark = {
  name: "screen-leaks",
  async run(count = comings) {
    using world = await Processes.start();
    const comeAndGo = async (times: number): Promise<Held> => {
      for (let n = 0; n < times; n++) {
        await world.connect(n);
        world.close(n);
      }
      await delay(settleMs);
      return world.held();
    };
    // The first ones fill caches and have code compiled.
    let before = await comeAndGo(50);
    const [descriptors, memory]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      const after = await comeAndGo(count / rounds);
      descriptors.push(after.descriptors - before.descriptors);
      memory.push(((after.heldBytes - before.heldBytes) * rounds) / 1024 / count);
      before = after;
    }
    return {
      setting: `${count} viewers, each with a connection of its own, who open and close it one after the other; a connection that is open has some 400 KiB.`,
      figures: [
        { what: "descriptors more", unit: "", rounds: descriptors, limit: { atMost: 0 } },
        { what: "memory more, for each", unit: "KiB", rounds: memory, limit: { atMost: 10 } },
      ],
      bound: "what OpenSSL, werift and V8 keep of what has ended: nothing that grows",
    };
  },
};
