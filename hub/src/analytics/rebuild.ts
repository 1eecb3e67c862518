import type { Database } from "../platform/postgres/database.ts";
import { screenSessions } from "./screens/quality.ts";
import { installs } from "./installs/installs.ts";
import { revenue } from "./revenue/revenue.ts";
import { sagaOutcomes } from "./sagas/outcomes.ts";
import { usagePerDay } from "./usage/per-day.ts";
import { utilisation } from "./utilisation/utilisation.ts";

/** Every projection of analytics. */
export const projections = [
  usagePerDay,
  screenSessions,
  revenue,
  utilisation,
  installs,
  sagaOutcomes,
];

/**
 * Empties the projections and sets their cursors back to the beginning of the log, in one transaction. The cursors' rows are taken first, as the consumers do: a batch under way
 * is either wholly before and thrown away, or finds the cursor moved and is rolled back.
 */
export function rebuild(database: Database): Promise<void> {
  const names = projections.map(({ name }) => name);
  return database.transaction(async (tx) => {
    await tx`update cursors set position = 0 where consumer = any(${names})`;
    await tx`delete from parked_events where consumer = any(${names})`;
    await tx`truncate usage_per_day, screen_sessions, sold_orders, revenue_per_day, counted_runs, device_days, host_capacities, installs, saga_runs`;
  });
}
