export interface OpenLoop {
  readonly perSecond: number;
  readonly seconds: number;
}

/** Does something so many times a second, however long each takes; milliseconds from when it was due to when it called back. */
export async function openLoop(
  { perSecond, seconds }: OpenLoop,
  act: (n: number, done: () => void) => void,
): Promise<number[]> {
  const total = perSecond * seconds;
  const waits: number[] = [];
  const finished = Promise.withResolvers<void>();
  const begunMs = performance.now();
  for (let n = 0; n < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - begunMs) * perSecond) / 1000) + 1);
    for (; n < due; n++) {
      const dueMs = begunMs + (n * 1000) / perSecond;
      act(n, () => {
        if (waits.push(performance.now() - dueMs) === total) finished.resolve();
      });
    }
    // Not without a pause: that would take a core from those who are measured. What is late by it counts.
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await finished.promise;
  return waits;
}
