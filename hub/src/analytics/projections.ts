import { screenSessions } from "./screens/quality.ts";
import { installs } from "./installs/installs.ts";
import { revenue } from "./revenue/revenue.ts";
import { sagaOutcomes } from "./sagas/outcomes.ts";
import { usagePerDay } from "./usage/per-day.ts";
import { utilisation } from "./utilisation/utilisation.ts";

/** Every projection of analytics: a fold of the log that can be thrown away and built anew. */
export const projections = [
  usagePerDay,
  screenSessions,
  revenue,
  utilisation,
  installs,
  sagaOutcomes,
];
