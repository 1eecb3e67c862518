import type { ProviderReport } from "@cloudphone/shared/events/host";
import { toFault } from "@cloudphone/shared/fault";
import type { DockerConfig } from "./config.ts";
import type { Gpu } from "./create-options.ts";
import type { Engine } from "./engine.ts";
import { kind } from "./labels.ts";

interface Asked {
  readonly engine: Engine;
  readonly config: DockerConfig;
  readonly gpu: Gpu;
  readonly driver: string | null;
}

const answerMs = 5000;
const memoryPerDevice = 2 * 1024 ** 3;

const abis: Readonly<Record<string, string>> = { aarch64: "arm64-v8a", x86_64: "x86_64" };

/** What this host can do with containers; not available, with the reason, when Docker does not answer. */
export async function fingerprint({ engine, config, gpu, driver }: Asked): Promise<ProviderReport> {
  try {
    const machine = await engine.machine(AbortSignal.timeout(answerMs));
    const fitting = Math.max(1, Math.floor(machine.memoryBytes / memoryPerDevice));
    return {
      kind,
      available: true,
      reason: null,
      capacity: config.capacity ?? fitting,
      labels: {
        abi: abis[machine.architecture] ?? machine.architecture,
        docker: machine.version,
        gpu: gpu.mode,
        ...(config.dataBase === null ? { snapshots: "true" } : {}),
        ...(driver === null ? {} : { "gpu-driver": driver }),
      },
    };
  } catch (error) {
    const reason =
      error instanceof DOMException
        ? `Docker at ${config.host} did not answer within ${answerMs / 1000} s.`
        : toFault(error).message;
    return { kind, available: false, reason: reason.slice(0, 500), capacity: 0, labels: {} };
  }
}
