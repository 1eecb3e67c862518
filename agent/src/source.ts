import { randomFillSync } from "node:crypto";
import { randomBytesOf, type Source, uuidv7 } from "@cloudphone/shared/ids";

const next16 = randomBytesOf((pool) => randomFillSync(pool));

/** The machine's clock and random numbers. */
export const systemSource: Source = {
  id: () => uuidv7(Date.now(), next16()),
  now: () => Date.now(),
};
