import { pino, type Logger } from "pino";

/** Structured lines on standard error. */
export const createLogger = (level: string): Logger =>
  pino({ level, base: null }, pino.destination({ fd: 2, sync: true }));

/** Runs until SIGINT or SIGTERM, then stops in order; a second signal ends it at once. */
export async function untilStopped(stop: () => Promise<void>): Promise<void> {
  await new Promise<void>((resolve) => {
    let asked = false;
    const ask = (): void => {
      if (asked) process.exit(130);
      asked = true;
      resolve();
    };
    process.on("SIGINT", ask);
    process.on("SIGTERM", ask);
  });
  // Should something hang, it hangs no longer than this; what was acknowledged is on disk anyway.
  setTimeout(() => process.exit(1), 20_000).unref();
  await stop();
  process.exit(0);
}
