import type { Logger } from "pino";

/** Structured lines on standard error. */
export async function createLogger(level: string): Promise<Logger> {
  // Here, as all that only one command needs: the others start without it.
  const { pino } = await import("pino");
  return pino({ level, base: null }, pino.destination({ fd: 2, sync: true }));
}

/** One wish to stop may come twice: from the terminal to all of its programs, and again from npm, which passes it on to what it started. */
const sameWishMs = 500;

/** Runs until SIGINT or SIGTERM, then stops in order; a second signal ends it at once. */
export async function untilStopped(stop: () => Promise<void>): Promise<void> {
  await new Promise<void>((resolve) => {
    let askedMs: number | null = null;
    const ask = (): void => {
      if (askedMs === null) {
        askedMs = performance.now();
        resolve();
      } else if (performance.now() - askedMs > sameWishMs) process.exit(130);
    };
    process.on("SIGINT", ask);
    process.on("SIGTERM", ask);
  });
  // Should something hang, it hangs no longer than this; what was acknowledged is on disk anyway.
  setTimeout(() => process.exit(1), 20_000).unref();
  await stop();
  process.exit(0);
}
