import { z } from "zod";

/** An instant that somebody gives us, in ISO 8601 with its offset. PostgreSQL's calendar has no year 0. */
export const instantSchema = z.iso
  .datetime({ offset: true })
  .refine((text) => !text.startsWith("0000"), "years begin with 0001");
