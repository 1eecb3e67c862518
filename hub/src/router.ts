import type { AnalyticsRouter } from "./analytics/router.ts";
import type { BillingRouter } from "./billing/router.ts";
import type { CoreContext } from "./core/core.ts";
import type { operationsRouter } from "./platform/http/operations-router.ts";
import type { settingsRouter } from "./settings.ts";
import { router } from "./platform/http/trpc.ts";

export interface RouterParts {
  readonly core: CoreContext["routers"];
  readonly billing: BillingRouter;
  readonly analytics: AnalyticsRouter;
  readonly operations: ReturnType<typeof operationsRouter>;
  readonly settings: ReturnType<typeof settingsRouter>;
}

/** The whole API: each context's areas side by side. */
export function appRouter({ core, billing, analytics, operations, settings }: RouterParts) {
  return router({ ...core, ...billing, ...analytics, ...operations, settings });
}
export type AppRouter = ReturnType<typeof appRouter>;
