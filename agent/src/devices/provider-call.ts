import { Fault } from "@cloudphone/shared/fault";

/**
 * A provider's call, with a deadline also for one that ignores its signal; that is aborted when the supervisor stops, too. Nothing of it is left once it has
 * ended: devices are looked at all the time, and `AbortSignal.timeout` would keep each look in memory for as long as it might have taken.
 */
export async function providerCall<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { ms, stopping }: { ms: number; stopping: AbortSignal },
): Promise<T> {
  const call = new AbortController();
  const ended = Promise.withResolvers<never>();
  const late = setTimeout(() => {
    call.abort(new DOMException("The call took too long.", "TimeoutError"));
    ended.reject(new Fault("timed_out", `The provider did not answer in ${ms / 1000} s.`));
  }, ms);
  late.unref();
  const stop = (): void => call.abort(stopping.reason);
  if (stopping.aborted) stop();
  stopping.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([work(call.signal), ended.promise]);
  } finally {
    clearTimeout(late);
    stopping.removeEventListener("abort", stop);
  }
}
