import { idSchema } from "@cloudphone/shared/ids";
import { z } from "zod";
import { instantSchema } from "../../platform/http/instant.ts";
import { needs } from "../../platform/http/trpc.ts";
import type { BillingSettings } from "../settings.ts";
import { listTransactions, sumRevenue } from "./transactions.ts";
import { verifyLedger } from "./verify.ts";

export function ledgerRouter({ database, currency }: BillingSettings) {
  return {
    /** Recounts everything; `sound` is false when anything is wrong. */
    verify: needs("ledger.read").query(() => verifyLedger(database)),

    /** Every movement of money, newest first, with both its sides. */
    transactions: needs("ledger.read")
      .input(
        z
          .object({
            /** One customer's. */
            userId: idSchema.optional(),
            kind: z.string().max(20).optional(),
            /** Part of what it is for: an order's id. */
            search: z.string().trim().max(100).optional(),
            /** The last transaction of the page before. */
            before: idSchema.optional(),
            limit: z.int().min(1).max(500).default(50),
          })
          .default({ limit: 50 }),
      )
      .query(({ input: { userId = null, kind = null, search = null, before = null, limit } }) =>
        listTransactions(database.query, { userId, kind, search, before, limit }),
      ),

    /** What was earned from an instant on: prices and usage, less what was given back. */
    revenue: needs("ledger.read")
      .input(z.object({ since: instantSchema }))
      .query(async ({ input }) => ({
        currency,
        amountMinor: await sumRevenue(database.query, { currency, since: input.since }),
      })),
  };
}
