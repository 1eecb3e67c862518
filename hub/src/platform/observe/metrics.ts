import type { Logger } from "pino";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Context, Figure } from "../context.ts";
import type { EventLog } from "../log/event-log.ts";
import { countParked } from "../log/parked.ts";
import type { Database } from "../postgres/database.ts";
import type { RunningConsumer } from "../run-context.ts";

export interface MetricsDeps {
  readonly log: EventLog;
  readonly contexts: readonly Pick<Context, "name" | "database" | "figures">[];
  readonly consumers: () => readonly RunningConsumer[];
  readonly logger: Logger;
}

export interface Metrics {
  /** A call of a procedure. Only the names of procedures that exist may come here: each is a time series. */
  observe(procedure: string, outcome: string, durationMs: number): void;
  /** In Prometheus' text format 0.0.4. What can't be read now is left out, and counted. */
  text(): Promise<string>;
}

/** What Prometheus may know of this hub. Labels are names of our own (procedures, consumers, sagas, states), never of customers, hosts or phones. */
export function createMetrics(deps: MetricsDeps): Metrics {
  const register = new Registry();
  collectDefaultMetrics({ register });
  const registers = [register];
  const requests = new Histogram({
    name: "cloudphone_request_seconds",
    help: "Calls of the API's procedures: how many, how long, how they ended.",
    labelNames: ["procedure", "outcome"],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
    registers,
  });
  const failures = new Counter({
    name: "cloudphone_metrics_failures_total",
    help: "Figures that could not be read for a scrape.",
    registers,
  });
  const readers = [...ownFigures(deps), ...deps.contexts.flatMap(({ figures }) => figures ?? [])];
  const gauges = readers.map((figure) => ({
    figure,
    gauge: new Gauge({
      name: `cloudphone_${figure.name}`,
      help: figure.help,
      labelNames: [...figure.labels],
      registers,
    }),
  }));
  const refresh = async (): Promise<void> => {
    await Promise.all(
      gauges.map(async ({ figure, gauge }) => {
        try {
          const values = await figure.read();
          gauge.reset();
          for (const { labels, value } of values)
            gauge.set(
              Object.fromEntries(figure.labels.map((name, at) => [name, labels[at] ?? ""])),
              value,
            );
        } catch (error) {
          gauge.reset();
          failures.inc();
          deps.logger.debug({ err: error, figure: figure.name }, "a figure can't be read");
        }
      }),
    );
  };
  // Scrapes that come together share one look at the databases.
  let looking: Promise<void> | null = null;
  return {
    observe: (procedure, outcome, durationMs) =>
      requests.observe({ procedure, outcome }, durationMs / 1000),
    async text() {
      looking ??= refresh().finally(() => {
        looking = null;
      });
      await looking;
      return register.metrics();
    },
  };
}

const logFigures = (log: EventLog): Figure[] => [
  {
    name: "log_events",
    help: "Events in the log; only grows.",
    labels: [],
    read: async () => [{ labels: [], value: await log.head() }],
  },
  {
    name: "log_horizon_events",
    help: "Position up to which events have moved to files, and left the database; only grows.",
    labels: [],
    read: async () => [{ labels: [], value: await log.horizon() }],
  },
];

/** The platform's own: the log, its consumers, what they could not handle, the outboxes, the sagas. */
function ownFigures({ log, contexts, consumers }: MetricsDeps): Figure[] {
  const each = async <T>(read: (database: Database, name: string) => Promise<T[]>): Promise<T[]> =>
    (await Promise.all(contexts.map(({ database, name }) => read(database, name)))).flat();
  return [
    ...logFigures(log),
    {
      name: "consumer_lag_events",
      help: "How many events a consumer has not looked at yet.",
      labels: ["consumer"],
      async read() {
        const head = await log.head();
        return consumers().map(({ name, position }) => ({
          labels: [name],
          value: Math.max(0, head - position),
        }));
      },
    },
    {
      name: "consumer_silent_seconds",
      help: "How long ago a consumer last ended a look at the log; more than a few means that it can't go on.",
      labels: ["consumer"],
      read: async () =>
        consumers().map(({ name, silentMs }) => ({ labels: [name], value: silentMs / 1000 })),
    },
    {
      name: "parked_events",
      help: "Events that a consumer could not handle, by whether they were given up.",
      labels: ["consumer", "state"],
      read: () =>
        each(async (database) =>
          (await countParked(database)).flatMap(({ consumer, parked, dead }) => [
            { labels: [consumer, "dead"], value: dead },
            { labels: [consumer, "pending"], value: parked - dead },
          ]),
        ),
    },
    {
      name: "outbox_events",
      help: "Events that were committed and are not in the log yet.",
      labels: ["context"],
      read: () =>
        each(async (database, name) => {
          const rows = await database.query<{ n: number }>`select count(*) as n from outbox`;
          return rows.map(({ n }) => ({ labels: [name], value: n }));
        }),
    },
    {
      name: "sagas",
      help: "Sagas under way or in need of an operator, and those that ended within the last hour.",
      labels: ["saga", "status"],
      read: () => each(countSagas),
    },
  ];
}

async function countSagas(database: Database) {
  const rows = await database.query<{ name: string; status: string; n: number }>`
    select name, status, count(*) as n from sagas where status in ('running', 'needs_operator') group by name, status
    union all
    select name, status, count(*) from sagas
    where status in ('completed', 'compensated') and updated_at > clock_timestamp() - interval '1 hour' group by name, status`;
  return rows.map(({ name, status, n }) => ({ labels: [name, status], value: n }));
}
