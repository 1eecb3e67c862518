import type { z } from "zod";

/** Who may write an event: the agent of a host, one context of the hub, or (`platform`) whichever context it happens in. */
export type Author = "agent" | "core" | "billing" | "analytics" | "platform";

/** One version of an event: its shape and a sample as it was stored, which must stay readable for ever. */
export interface EventVersion<S extends z.ZodType = z.ZodType> {
  readonly schema: S;
  readonly sample: unknown;
  /** From the version before this one; absent on the first. Pure. */
  readonly upcast?: (earlier: never) => z.infer<S>;
}

export interface EventDefinition<S extends z.ZodType = z.ZodType> {
  readonly author: Author;
  /** Oldest first; version n is at index n - 1. */
  readonly versions: readonly EventVersion[];
  /** The newest version's shape: what handlers see. */
  readonly newest: S;
}

/** An event with one version. `sample` is what a test keeps readable. */
export function event<S extends z.ZodType>(
  author: Author,
  schema: S,
  sample: z.input<S>,
): EventDefinition<S> {
  return { author, versions: [{ schema, sample }], newest: schema };
}

/** The next version of an event: the old ones stay, and `upcast` lifts the last of them. */
export function nextVersion<O extends z.ZodType, S extends z.ZodType>(
  earlier: EventDefinition<O>,
  next: { schema: S; sample: z.input<S>; upcast: (old: z.infer<O>) => z.infer<S> },
): EventDefinition<S> {
  return {
    author: earlier.author,
    versions: [...earlier.versions, next],
    newest: next.schema,
  };
}
