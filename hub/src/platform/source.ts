import { randomBytes } from "node:crypto";
import { type Source, uuidv7 } from "@cloudphone/shared/ids";

/** The machine's clock and random numbers. */
export const systemSource: Source = {
  id: () => uuidv7(Date.now(), randomBytes(16)),
  now: () => Date.now(),
};
