const signals = ["SIGINT", "SIGTERM"] as const;

/**
 * Work that leaves something half done when the process just ends: the first Ctrl-C calls it off, and it fails once it has tidied up. The second ends the process as ever.
 */
export async function untilCalledOff<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const calledOff = new AbortController();
  const abort = (): void => {
    for (const signal of signals) process.off(signal, abort);
    calledOff.abort();
  };
  for (const signal of signals) process.on(signal, abort);
  try {
    return await work(calledOff.signal);
  } finally {
    for (const signal of signals) process.off(signal, abort);
  }
}
