import { Fault } from "@cloudphone/shared/fault";

/** A provider's call, with a deadline also for one that ignores its signal; that is aborted when the supervisor stops, too. */
export async function providerCall<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { ms, stopping }: { ms: number; stopping: AbortSignal },
): Promise<T> {
  const late = AbortSignal.timeout(ms);
  const signal = AbortSignal.any([late, stopping]);
  const ended = new Promise<never>((_resolve, reject) => {
    late.addEventListener("abort", () =>
      reject(new Fault("timed_out", `The provider did not answer in ${ms / 1000} s.`)),
    );
  });
  return Promise.race([work(signal), ended]);
}
