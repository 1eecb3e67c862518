/** Numbers in [0, 1) that the seed alone decides (mulberry32), so that a run can be told to do the same again. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The seed of this run: the one that SEED names, else a new one. */
export const seedOfRun = (): number => Number(process.env.SEED ?? Date.now() % 1_000_000);
