import type { Source } from "@cloudphone/shared/ids";
import type { Context } from "../platform/context.ts";
import type { Database } from "../platform/postgres/database.ts";
import { projections } from "./projections.ts";
import { type AnalyticsRouter, analyticsRouter } from "./router.ts";

export interface AnalyticsDeps {
  readonly database: Database;
  readonly source: Source;
}

export interface Analytics extends Context {
  readonly router: AnalyticsRouter;
}

/** What the platform can say about itself over time: projections of the event log, each of which can be thrown away and rebuilt. */
export function createAnalytics({ database }: AnalyticsDeps): Analytics {
  return {
    name: "analytics",
    database,
    consumers: projections,
    sagas: [],
    timers: [],
    router: analyticsRouter(database),
  };
}
