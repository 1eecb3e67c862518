import { idSchema } from "@cloudphone/shared/ids";
import { z } from "zod";

/** What a long list of what happened to devices is narrowed down to; a page goes on behind an entry, however many came meanwhile. */
export const byDevicePageSchema = z
  .object({
    /** A device's id or name. */
    device: z.string().min(1).max(100).optional(),
    /** The last entry of the page before. */
    before: idSchema.optional(),
    limit: z.int().min(1).max(500).default(100),
  })
  .prefault({});

export type ByDevicePage = z.infer<typeof byDevicePageSchema>;
