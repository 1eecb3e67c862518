import { isRecord, recordsIn } from "./copies.ts";
import type { Volume } from "./engine.ts";
import { generationOf } from "./labels.ts";

/**
 * Which of a device's volumes holds its data. Its handle says so, for the handle changes in one step, with the agent's store; a device whose handle is
 * lost has its newest. The first generation is whole as it is made, later ones are copies and count once they are. Pure.
 */
export function currentVolume(
  volumes: readonly Volume[],
  generation: number | null,
): Volume | null {
  const records = recordsIn(volumes);
  const whole = volumes
    .filter((one) => !isRecord(one) && (generationOf(one.labels) === 0 || records.has(one.name)))
    .toSorted((a, b) => generationOf(b.labels) - generationOf(a.labels));
  return whole.find(({ labels }) => generationOf(labels) === generation) ?? whole[0] ?? null;
}
