import { type Capacity, estimate, readResources } from "./capacity.ts";
import { allChecks } from "./catalog.ts";
import { type Check, type Finding, skipped, type Subject, warn } from "./check.ts";
import type { System } from "./system.ts";

export interface Examined {
  readonly check: Check;
  readonly finding: Finding;
}

export interface Examination {
  readonly results: readonly Examined[];
  /** How many containers fit; null on a host that is not meant to have any. */
  readonly capacity: Capacity | null;
}

/** Looks at everything that matters to the subject, all at once; no check holds up the others. Takes at most `checkMs`, and changes nothing. */
export async function examine(
  system: System,
  subject: Subject,
  checkMs = 2000,
): Promise<Examination> {
  const relevant = allChecks.filter(
    ({ kinds }) => !kinds || kinds.some((kind) => subject.kinds.has(kind)),
  );
  const [results, resources] = await Promise.all([
    Promise.all(
      relevant.map(async (check) => ({
        check,
        finding: await within(checkMs, () => check.look(system, subject)),
      })),
    ),
    subject.kinds.has("docker") ? readResources(system, subject) : null,
  ]);
  return { results, capacity: resources && estimate(resources, subject.perDevice) };
}

async function within(checkMs: number, look: () => Promise<Finding>): Promise<Finding> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Finding>((resolve) => {
    timer = setTimeout(
      () =>
        resolve(
          warn({
            says: `gave no answer within ${checkMs / 1000} s`,
            why: "What does not answer a question is likely to hang under load too.",
          }),
        ),
      checkMs,
    );
  });
  try {
    return await Promise.race([look(), late]);
  } catch (error) {
    // A machine that answers in a way nobody foresaw must not keep the other checks from being told.
    return skipped(`could not be told: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    clearTimeout(timer);
  }
}
