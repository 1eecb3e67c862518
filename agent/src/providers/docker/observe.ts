import type { AdbTarget } from "../../adb/adb.ts";
import type { Observation } from "../provider.ts";
import { adbPort } from "./create-options.ts";
import type { Container } from "./engine.ts";

/** What is known beyond the container itself. */
export interface Surroundings {
  readonly nowMs: number;
  /** Wall clock of when it was paused; null when that was not heard. */
  readonly pausedAtMs: number | null;
  readonly adbServerPort: number;
}

/** What a container's state means for its phone. Pure. */
export function observation(container: Container | null, around: Surroundings): Observation {
  if (!container) return { state: "missing" };
  switch (container.status) {
    case "running":
      return {
        state: "running",
        instanceId: `${container.id.slice(0, 12)}/${container.startedAt}`,
        adb: adbTarget(container, around.adbServerPort),
      };
    case "paused":
      return {
        state: "broken",
        reason: "Somebody paused the phone's container on its host.",
        ...(around.pausedAtMs === null
          ? {}
          : { endedAgoMs: Math.max(0, around.nowMs - around.pausedAtMs) }),
      };
    case "restarting":
      return { state: "broken", reason: `The phone ends again and again: ${whyEnded(container)}` };
    case "removing":
      return { state: "broken", reason: "The phone's container is just being removed." };
    case "exited":
    case "dead":
      return {
        state: "stopped",
        reason: whyEnded(container),
        endedAgoMs: Math.max(0, around.nowMs - Date.parse(container.finishedAt)),
      };
    default:
      return { state: "stopped" };
  }
}

/** In words, from exit code and the kernel's verdict. */
export function whyEnded({ oomKilled, exitCode, error, memoryBytes }: Container): string {
  if (oomKilled)
    return `The phone ran out of memory: it may use ${Math.round(memoryBytes / 1024 ** 2)} MiB.`;
  if (error !== "") return `The phone's container could not be started: ${error}`;
  // 128 + the signal's number (POSIX shells' convention, which runc follows).
  if (exitCode > 128)
    return `The phone's container was killed (signal ${exitCode - 128}) or Android's init gave up.`;
  return `The phone's container ended with exit code ${exitCode}.`;
}

function adbTarget(container: Container, serverPort: number): AdbTarget {
  const { HostIp, HostPort } = container.ports[adbPort] ?? { HostIp: "127.0.0.1", HostPort: "0" };
  const connect = `${HostIp}:${HostPort}`;
  return {
    server: { host: "127.0.0.1", port: serverPort, bin: "adb" },
    serial: connect,
    connect,
  };
}
