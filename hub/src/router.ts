import type { AnalyticsRouter } from "./analytics/router.ts";
import type { BillingRouter } from "./billing/router.ts";
import type { CoreContext } from "./core/core.ts";
import type { operationsRouter } from "./platform/http/operations-router.ts";
import { router } from "./platform/http/trpc.ts";

export interface RouterParts {
  readonly core: CoreContext["routers"];
  readonly billing: BillingRouter;
  readonly analytics: AnalyticsRouter;
  readonly operations: ReturnType<typeof operationsRouter>;
}

/** The whole API: each context's areas side by side. */
export function appRouter({ core, billing, analytics, operations }: RouterParts) {
  return router({ ...core, ...billing, ...analytics, ...operations });
}
export type AppRouter = ReturnType<typeof appRouter>;
