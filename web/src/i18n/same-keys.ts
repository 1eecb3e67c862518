import type { en } from "./en.ts";

/** What another language must have: the same keys, each with a text. */
export type SameKeys<T> = {
  readonly [K in keyof T]: T[K] extends string ? string : SameKeys<T[K]>;
};

/** What each language must have. */
export type Texts = SameKeys<typeof en>;
