import { z } from "zod";
import { needs, router } from "../../platform/http/trpc.ts";
import type { Database } from "../../platform/postgres/database.ts";
import { listAudit } from "./audit-log.ts";

export const auditRouter = (database: Database) =>
  router({
    /** What was done by people who may do more than customers: who, when, what, why, and what came of it; newest first. */
    list: needs("audit.read")
      .input(
        z.object({
          by: z.string().trim().toLowerCase().min(1).max(254).optional(),
          /** As the API calls it (`hosts.drain`), or an area of it (`hosts`). */
          act: z
            .string()
            .regex(/^[a-zA-Z]{1,40}(\.[a-zA-Z]{1,40})?$/, "is written like hosts.drain, or hosts")
            .optional(),
          /** The last entry of the page before. */
          before: z.uuid().optional(),
          limit: z.int().min(1).max(500).default(50),
        }),
      )
      .query(({ input: { by = null, act = null, before = null, limit } }) =>
        listAudit(database, { by, act, before, limit }),
      ),
  });
