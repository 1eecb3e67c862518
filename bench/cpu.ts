import { readdirSync, readFileSync } from "node:fs";

interface Times {
  readonly parent: number;
  readonly cpuMs: number;
}

/** What Linux books in user and system time: clock ticks of 10 ms (proc(5), fields 4, 14 and 15). Null for a process that has ended. */
function timesOf(pid: number): Times | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { parent: Number(fields[1]), cpuMs: (Number(fields[11]) + Number(fields[12])) * 10 };
  } catch {
    return null;
  }
}

/** Processor time that a process and its direct children have taken so far, in ms; unlike a duration it does not grow with what else the machine does. */
export function cpuMs(pid: number, options: { children: boolean }): number {
  const own = timesOf(pid)?.cpuMs ?? 0;
  if (!options.children) return own;
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids
    .map((name) => timesOf(Number(name)))
    .reduce((sum, one) => (one?.parent === pid ? sum + one.cpuMs : sum), own);
}
