import { router } from "../platform/http/trpc.ts";
import type { BillingSettings } from "./settings.ts";
import { ledgerRouter } from "./ledger/ledger-router.ts";
import { walletRouter } from "./ledger/wallet-router.ts";
import { ordersRouter } from "./orders/router.ts";
import { plansRouter } from "./plans/router.ts";
import { usageRouter } from "./usage/router.ts";

export type BillingRouter = ReturnType<typeof billingRouter>;

/** Billing's areas of the API, to be spread into the hub's router: `plans.list`, `orders.create`, … */
export function billingRouter(settings: BillingSettings) {
  return {
    plans: router(plansRouter(settings)),
    orders: router(ordersRouter(settings)),
    usage: router(usageRouter(settings)),
    wallet: router(walletRouter(settings)),
    ledger: router(ledgerRouter(settings)),
  };
}
