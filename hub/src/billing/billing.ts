import type { Id, Source } from "@cloudphone/shared/ids";
import type { Consumer, Context } from "../platform/context.ts";
import type { Database } from "../platform/postgres/database.ts";
import { lockLedger, openWallet } from "./ledger/ledger.ts";
import { type Credit, creditWallet } from "./ledger/wallets.ts";
import { walletWatch } from "./ledger/watch.ts";
import { ordersConsumer } from "./orders/consumer.ts";
import { paymentsConsumer } from "./orders/payments.ts";
import { orderExpiry } from "./orders/renewals.ts";
import { purchaseSaga } from "./orders/purchase.ts";
import { seedDemoPlans } from "./plans/demo.ts";
import { type BillingRouter, billingRouter } from "./router.ts";
import type { BillingSettings } from "./settings.ts";
import { usageConsumer } from "./usage/consumer.ts";

export interface BillingDeps {
  readonly database: Database;
  readonly source: Source;
  /** ISO 4217 code of the one currency this operator sells in; CNY unless said otherwise. */
  readonly currency?: string;
  /** A balance below this is said to be low; 500 unless said otherwise. */
  readonly lowBalanceMinor?: number;
  /** How long a purchase waits for a running phone before it is cancelled, in ms of database time; 30 s unless said otherwise. */
  readonly purchaseDeadlineMs?: number;
  /** Told after a request committed events to the outbox, so that they need not wait for the relay's next look. */
  readonly onCommitted?: () => void;
}

export interface Billing extends Context {
  readonly router: BillingRouter;
  /** The first set of plans, marked as a demo; again and again without harm. */
  seedDemoPlans(): Promise<void>;
  /** The demo customer's first balance, once, whether or not the news of the registration has arrived. */
  creditDemoCustomer(credit: { userId: Id; amountMinor: number }): Promise<void>;
}

/** Plans, wallets, the ledger, orders with their purchase saga, and usage records: all that touches money. */
export function createBilling(deps: BillingDeps): Billing {
  const settings: BillingSettings = {
    database: deps.database,
    source: deps.source,
    currency: deps.currency ?? "CNY",
    lowBalanceMinor: deps.lowBalanceMinor ?? 500,
    onCommitted: deps.onCommitted ?? (() => undefined),
  };
  return {
    name: "billing",
    database: deps.database,
    consumers: [
      walletsConsumer(settings.currency),
      paymentsConsumer,
      ordersConsumer,
      usageConsumer,
    ],
    sagas: [purchaseSaga({ deadlineMs: deps.purchaseDeadlineMs ?? 30_000 })],
    timers: [orderExpiry(settings), walletWatch(settings)],
    router: billingRouter(settings),
    seedDemoPlans: () => seedDemoPlans(settings),
    creditDemoCustomer: ({ userId, amountMinor }) => creditDemo(settings, { userId, amountMinor }),
  };
}

/** Opens a wallet for everyone who registers. */
const walletsConsumer = (currency: string): Consumer => ({
  name: "billing.wallets",
  on: {
    "user.registered": async ({ data }, { tx, source }) => {
      await lockLedger(tx);
      await openWallet(tx, { userId: data.userId, currency }, source);
    },
  },
});

async function creditDemo(
  { database, source, currency, onCommitted }: BillingSettings,
  { userId, amountMinor }: { userId: Id; amountMinor: number },
): Promise<void> {
  const credit: Credit = {
    userId,
    currency,
    amountMinor,
    of: `demo:${userId}`,
    reason: "Demo credit",
    cause: { correlationId: source.id(), causationId: null },
  };
  await database.transaction((tx) => creditWallet(tx, credit, source));
  onCommitted();
}
