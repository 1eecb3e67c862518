/** How one of several things went. */
export interface ItemResult<T> {
  readonly item: T;
  /** Null: it worked. */
  readonly trouble: unknown;
}

interface EachOptions<T> {
  readonly atOnce: number;
  /** How long to wait before one that was refused for now is tried again; null: that refusal stands. */
  retryAfterMs(error: unknown): number | null;
  onResult(result: ItemResult<T>): void;
  wait(ms: number): Promise<void>;
}

const mostTries = 20;

/** Does something with each of many things, a few at a time; what goes wrong with one is told and stops none of the others. */
export async function forEach<T>(
  items: readonly T[],
  work: (item: T) => Promise<unknown>,
  options: EachOptions<T>,
): Promise<void> {
  const left = [...items];
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift())
      options.onResult({ item, trouble: await outcome(() => work(item as T), options) });
  };
  await Promise.all(Array.from({ length: Math.min(options.atOnce, items.length) }, worker));
}

async function outcome<T>(
  work: () => Promise<unknown>,
  { retryAfterMs, wait }: EachOptions<T>,
): Promise<unknown> {
  for (let tries = 1; ; tries++) {
    try {
      await work();
      return null;
    } catch (error) {
      const ms = retryAfterMs(error);
      if (ms === null || tries >= mostTries) return error;
      await wait(ms);
    }
  }
}
