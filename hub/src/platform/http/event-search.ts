import { z } from "zod";
import { instantSchema } from "./instant.ts";

/** What callers may look for in the log. */
export const filterSchema = z.object({
  types: z.array(z.string().max(80)).max(50).optional(),
  subject: z.string().max(200).optional(),
  correlationId: z.uuid().optional(),
});

export const searchSchema = filterSchema.extend({
  limit: z.int().min(1).max(1000).default(50),
  before: z.int().optional(),
  /** By when the log took them: from the first instant on, before the second. */
  since: instantSchema.optional(),
  until: instantSchema.optional(),
});

export const searchOf = (input: z.infer<typeof searchSchema>) => ({
  ...definedOf(input),
  limit: input.limit,
  before: input.before ?? null,
  ...(input.since === undefined ? {} : { since: input.since }),
  ...(input.until === undefined ? {} : { until: input.until }),
});

export const definedOf = (input: z.infer<typeof filterSchema>) => ({
  ...(input.types ? { types: input.types } : {}),
  ...(input.subject === undefined ? {} : { subject: input.subject }),
  ...(input.correlationId === undefined ? {} : { correlationId: input.correlationId }),
});
