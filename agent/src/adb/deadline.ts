import { Fault } from "@cloudphone/shared/fault";

export interface Limits {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Said with the time when it was too late: "the phone did not open a shell". */
  readonly what: string;
}

/**
 * Runs work that may hang for ever (a paused container, a dead network), up to its deadline or its signal. `onGivenUp` then takes down what the work
 * holds, so that it ends too; what it still brings is dropped.
 */
export async function within<T>(
  work: PromiseLike<T>,
  limits: Limits,
  onGivenUp?: (why: Fault) => void,
): Promise<T> {
  const { timeoutMs, signal, what } = limits;
  const ended = Promise.withResolvers<never>();
  const giveUp = (why: Fault): void => {
    ended.reject(why);
    onGivenUp?.(why);
  };
  const timer = setTimeout(
    () => giveUp(new Fault("timed_out", `${sentence(what)} (${Math.round(timeoutMs)} ms).`)),
    Math.max(1, timeoutMs),
  );
  const onAbort = (): void => giveUp(new Fault("interrupted", "It was called off."));
  if (signal?.aborted) onAbort();
  else signal?.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, ended.promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

const sentence = (what: string): string => what.charAt(0).toUpperCase() + what.slice(1);
