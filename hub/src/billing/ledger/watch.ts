import type { EventDraft } from "@cloudphone/shared/events/catalog";
import type { Id } from "@cloudphone/shared/ids";
import type { Timer } from "../../platform/context.ts";
import { emit } from "../../platform/log/outbox.ts";
import type { Tx } from "../../platform/postgres/database.ts";
import type { BillingSettings } from "../settings.ts";
import { rate } from "../usage/rating.ts";
import { spentThisMonth } from "./limits.ts";

export interface Watched {
  readonly low: boolean;
  readonly stopped: boolean;
  readonly limitMinor: number | null;
}

export interface Standing {
  readonly userId: Id;
  readonly currency: string;
  /** What is in the wallet, less what open runs cost so far. */
  readonly leftMinor: number;
  /** Of this month, with what open runs cost so far. */
  readonly spentMinor: number;
}

/** What is to be said now of a wallet, and how it then stands. Each thing is said when it begins, and again only after it has ended. Pure. */
export function judgeWallet(
  watched: Watched,
  { userId, currency, leftMinor, spentMinor }: Standing,
  lowMinor: number,
): { next: Watched; says: EventDraft[] } {
  const { limitMinor } = watched;
  const low = leftMinor < lowMinor;
  const stopped = limitMinor !== null && spentMinor >= limitMinor;
  const says: EventDraft[] = [];
  if (low && !watched.low)
    says.push({
      type: "wallet.low",
      subject: userId,
      data: { userId, balanceMinor: leftMinor, currency },
    });
  if (stopped && !watched.stopped)
    says.push({
      type: "wallet.limit.reached",
      subject: userId,
      data: { userId, limitMinor, spentMinor, currency },
    });
  if (!stopped && watched.stopped)
    says.push({ type: "wallet.limit.cleared", subject: userId, data: { userId } });
  return { next: { ...watched, low, stopped }, says };
}

/** Looks at the wallets of everyone who has a phone or a limit: what runs costs money before it is charged. */
export function walletWatch(settings: BillingSettings): Timer {
  return {
    name: "billing.wallets.watch",
    everyMs: 5000,
    async run() {
      const costs = await openCosts(settings);
      const rows = await settings.database.query<{ user_id: Id }>`
        select user_id from orders where state = 'paid'
        union select user_id from wallet_watches where monthly_limit_minor is not null or low or stopped`;
      for (const { user_id: userId } of rows) await look(settings, userId, costs.get(userId) ?? 0);
    },
  };
}

/** What the open runs of each customer cost so far, as far as it is confirmed. */
async function openCosts({ database }: BillingSettings): Promise<Map<Id, number>> {
  const orders = await database.query<OpenOrder>`
    select o.user_id as "userId", o.included_ms as "includedMs", o.hourly_minor as "hourlyMinor", o.used_ms as "usedMs",
      sum(u.confirmed_ms)::bigint as "openMs"
    from usage_records u join orders o on o.id = u.order_id
    where u.duration_ms is null and o.state in ('paid', 'ended') group by o.id`;
  const costs = new Map<Id, number>();
  for (const { userId, openMs: durationMs, usedMs, ...terms } of orders) {
    const { amountMinor } = rate(terms, { usedMs, durationMs });
    costs.set(userId, (costs.get(userId) ?? 0) + amountMinor);
  }
  return costs;
}

interface OpenOrder {
  userId: Id;
  includedMs: number;
  hourlyMinor: number;
  usedMs: number;
  openMs: number;
}

function look(settings: BillingSettings, userId: Id, openMinor: number): Promise<void> {
  const { database, source, currency, lowBalanceMinor } = settings;
  return database.transaction(async (tx) => {
    const watched = await lockWatch(tx, userId);
    const [wallet] = await tx<{ balance_minor: number }>`
      select balance_minor from accounts where user_id = ${userId} and kind = 'wallet' and currency = ${currency}`;
    if (!wallet) return;
    const standing = {
      ...{ userId, currency, leftMinor: wallet.balance_minor - openMinor },
      spentMinor:
        watched.limitMinor === null
          ? 0
          : openMinor + (await spentThisMonth(tx, { userId, currency })),
    };
    const { next, says } = judgeWallet(watched, standing, lowBalanceMinor);
    if (next.low === watched.low && next.stopped === watched.stopped) return;
    await tx`update wallet_watches set low = ${next.low}, stopped = ${next.stopped} where user_id = ${userId}`;
    const cause = { correlationId: source.id(), causationId: null };
    await emit(tx, says, { cause, source });
  });
}

async function lockWatch(tx: Tx, userId: Id): Promise<Watched> {
  const find = () => tx<Watched>`
    select low, stopped, monthly_limit_minor as "limitMinor" from wallet_watches where user_id = ${userId} for update`;
  const [known] = await find();
  if (known) return known;
  await tx`insert into wallet_watches (user_id) values (${userId}) on conflict do nothing`;
  const [made] = await find();
  return made ?? { low: false, stopped: false, limitMinor: null };
}
