import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import { idSchema } from "@cloudphone/shared/ids";
import { z } from "zod";
import { idempotent } from "../../platform/http/idempotency.ts";
import { type Caller, isStaff, requestCause, signedIn } from "../../platform/http/trpc.ts";
import type { BillingSettings } from "../billing.ts";
import { findWallet } from "./ledger.ts";
import { creditWallet, statement } from "./wallets.ts";

/** One top-up: enough for any plan, and far from where JSON numbers lose a fen. */
const mostMinor = 100_000_000;

const whose = z.object({ userId: idSchema.optional() });

/** A customer's money: balance, statement, and top-ups by staff until there is a payment provider. */
export function walletRouter({ database, currency, onCommitted }: BillingSettings) {
  return {
    /** Own wallet; staff may name a customer. */
    show: signedIn.input(whose).query(({ input, ctx }) => {
      const userId = ownerOf(input.userId, ctx.caller);
      return database.transaction(async (tx) => {
        const wallet = await findWallet(tx, { userId, currency });
        return {
          userId,
          currency,
          balanceMinor: wallet?.balanceMinor ?? 0,
          heldMinor: wallet?.heldMinor ?? 0,
          entries: wallet ? await statement(tx, wallet.walletId, { before: null, limit: 10 }) : [],
        };
      });
    }),

    /** Newest first; `next` is the `before` of the following page, null at the end. */
    statement: signedIn
      .input(
        whose.extend({
          before: z.int().min(1).optional(),
          limit: z.int().min(1).max(500).default(50),
        }),
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

    topup: signedIn
      .input(
        whose.extend({
          amountMinor: z.int().min(1).max(mostMinor),
          reason: z.string().trim().min(1).max(200).default("Top-up"),
          idempotencyKey: idSchema,
        }),
      )
      .mutation(async ({ input: { idempotencyKey, ...input }, ctx }) => {
        const { caller } = ctx;
        if (!isStaff(caller))
          throw new Fault(
            "forbidden",
            "There is no payment provider yet: ask your operator to top up your wallet.",
          );
        const userId = input.userId ?? caller.userId;
        const answer = await idempotent(
          database,
          { userId: caller.userId, key: idempotencyKey, operation: "wallet.topup", input },
          async (tx) => {
            const owner = { userId, currency };
            if (userId !== caller.userId && !(await findWallet(tx, owner)))
              throw new Fault("not_found", "There is no customer with that id.");
            const credit = {
              ...owner,
              amountMinor: input.amountMinor,
              of: `${caller.userId}:${idempotencyKey}`,
              reason: input.reason,
              cause: requestCause(ctx),
            };
            await creditWallet(tx, credit, ctx.source);
            const wallet = await findWallet(tx, owner);
            return { userId, currency, balanceMinor: wallet?.balanceMinor ?? 0 };
          },
        );
        onCommitted();
        return answer;
      }),
  };
}

function ownerOf(userId: Id | undefined, caller: Caller): Id {
  if (userId === undefined || userId === caller.userId) return caller.userId;
  if (!isStaff(caller)) throw new Fault("not_found", "There is no customer with that id.");
  return userId;
}
