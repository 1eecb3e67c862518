const longestWaitMs = 90_000;
const leastWaitMs = 20;

/**
 * Sends until the answer is no 429 with a Retry-After (seconds, RFC 9110 10.2.3): waits as long as it says, then sends again. Such a call was refused before
 * anything was done, so that it is harmless to send it twice. After waits of 90 s in all, or when `signal` aborts, the refusal is the answer.
 */
export async function whenAllowed(
  send: () => Promise<Response>,
  signal?: AbortSignal | null,
): Promise<Response> {
  for (let waitedMs = 0; ; ) {
    const response = await send();
    const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
    if (response.status !== 429 || !Number.isFinite(seconds)) return response;
    const waitMs = Math.max(seconds * 1000, leastWaitMs);
    waitedMs += waitMs;
    if (signal?.aborted || waitedMs > longestWaitMs) return response;
    await response.body?.cancel();
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}
