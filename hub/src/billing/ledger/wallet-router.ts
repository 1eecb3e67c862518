import { Fault } from "@cloudphone/shared/fault";
import { type Id, idSchema } from "@cloudphone/shared/ids";
import { z } from "zod";
import { ownerSeenBy } from "../../platform/auth/permissions.ts";
import { idempotent } from "../../platform/http/idempotency.ts";
import { type Caller, needs, requestCause, type RequestContext } from "../../platform/http/trpc.ts";
import type { Tx } from "../../platform/postgres/database.ts";
import type { BillingSettings } from "../settings.ts";
import { findWallet } from "./ledger.ts";
import { setLimit, spendingLimit } from "./limits.ts";
import { creditWallet, statement } from "./wallets.ts";

/** One top-up: enough for any plan, and far from where JSON numbers lose a fen. */
const mostMinor = 100_000_000;

const whose = z.object({ userId: idSchema.optional() });

const topUpSchema = whose.extend({
  amountMinor: z.int().min(1).max(mostMinor),
  reason: z.string().trim().min(1).max(200).default("Top-up"),
});

/** A customer's money: balance, statement, and top-ups by staff until there is a payment provider. */
export function walletRouter({ database, currency, onCommitted }: BillingSettings) {
  return {
    ...limitProcedures({ database, currency }),

    /** Own wallet; staff may name a customer. */
    show: needs("wallet.read")
      .input(whose.default({}))
      .query(({ input, ctx }) => {
        const userId = ownerOf(input.userId, ctx.caller);
        return database.transaction(async (tx) => {
          const wallet = await findWallet(tx, { userId, currency });
          return {
            userId,
            currency,
            balanceMinor: wallet?.balanceMinor ?? 0,
            heldMinor: wallet?.heldMinor ?? 0,
            limit: await spendingLimit(tx, { userId, currency }),
            entries: wallet
              ? await statement(tx, wallet.walletId, { before: null, limit: 10 })
              : [],
          };
        });
      }),

    /** Newest first; `next` is the `before` of the following page, null at the end. */
    statement: needs("wallet.read")
      .input(
        whose
          .extend({
            before: z.int().min(1).optional(),
            limit: z.int().min(1).max(500).default(50),
          })
          .default({ limit: 50 }),
      )
      .query(({ input, ctx }) => {
        const userId = ownerOf(input.userId, ctx.caller);
        return database.transaction(async (tx) => {
          const wallet = await findWallet(tx, { userId, currency });
          const page = { before: input.before ?? null, limit: input.limit };
          const lines = wallet ? await statement(tx, wallet.walletId, page) : [];
          const last = lines.at(-1);
          return { currency, lines, next: last && lines.length === input.limit ? last.id : null };
        });
      }),

    /** By staff, for a customer or for themselves. */
    topup: needs("wallet.topup")
      .input(topUpSchema.extend({ idempotencyKey: idSchema }))
      .mutation(async ({ input: { idempotencyKey: key, ...input }, ctx }) => {
        const { caller } = ctx;
        const call = { userId: caller.userId, key, operation: "wallet.topup", input };
        const answer = await idempotent(database, call, (tx) =>
          topUpWallet(tx, { ...input, currency, key }, { ...ctx, caller }),
        );
        onCommitted();
        return answer;
      }),
  };
}

function limitProcedures({ database, currency }: Pick<BillingSettings, "database" | "currency">) {
  return {
    /** Own limit per calendar month: once it is reached phones are switched off and nothing is bought. Null: none. */
    setLimit: needs("wallet.write")
      .input(
        z.object({
          monthlyMinor: z
            .int()
            .min(0)
            .max(mostMinor * 1000)
            .nullable(),
        }),
      )
      .mutation(async ({ input, ctx }) => {
        const { userId } = ctx.caller;
        await database.transaction((tx) => setLimit(tx, userId, input.monthlyMinor));
        return spendingLimit(database.query, { userId, currency });
      }),
  };
}

async function topUpWallet(
  tx: Tx,
  input: z.infer<typeof topUpSchema> & { currency: string; key: Id },
  ctx: RequestContext & { readonly caller: Caller },
) {
  const { caller, source } = ctx;
  const { amountMinor, currency, reason, key } = input;
  const userId = input.userId ?? caller.userId;
  const owner = { userId, currency };
  if (userId !== caller.userId && !(await findWallet(tx, owner)))
    throw new Fault("not_found", "There is no customer with that id.");
  const of = `${caller.userId}:${key}`;
  const credit = { ...owner, amountMinor, of, reason, cause: requestCause(ctx) };
  return { ...owner, balanceMinor: await creditWallet(tx, credit, source) };
}

function ownerOf(userId: Id | undefined, caller: Caller): Id {
  if (userId === undefined || userId === caller.userId) return caller.userId;
  if (ownerSeenBy(caller) !== null)
    throw new Fault("not_found", "There is no customer with that id.");
  return userId;
}
