import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createAnalytics } from "@cloudphone/hub/analytics/analytics";
import { Archiver } from "@cloudphone/hub/platform/log/archive/archiver";
import { createEventLog, type EventLog } from "@cloudphone/hub/platform/log/event-log";
import type { Database } from "@cloudphone/hub/platform/postgres/database";
import { testDatabases } from "@cloudphone/hub/platform/postgres/testing";
import { isProjection } from "@cloudphone/hub/platform/projections/rebuild";
import { systemSource } from "@cloudphone/hub/platform/source";
import { envelopeOf, registered, silent } from "@cloudphone/hub/platform/testing";
import { fill, rebuildAll, since, sums } from "./rebuild.ts";
import { type Benchmark, type Figure, quantile } from "./report.ts";

const usualEvents = 100_000;
const appended = 200;

/** Old events on their way into files: how fast, what appends feel of it, and what it then takes to build everything anew from there. */
export const archive: Benchmark = {
  name: "archive",
  async run(count = usualEvents) {
    await using databases = await testDatabases();
    await using folder = await temporaryFolder();
    const log = createEventLog(databases.events, folder.dir);
    const context = createAnalytics({ database: databases.analytics, source: systemSource });
    const projections = context.consumers.filter(isProjection);
    const append = appender(log);
    await fill(log, count);
    const fromTable = await rebuildAll({ databases, log }, projections);
    const rows = await sums(databases, projections);
    const alone: number[] = [];
    for (let n = 0; n < 100; n++) alone.push(await append());
    const head = await log.head();
    const archiver = new Archiver({
      ...{ database: databases.events, dir: folder.dir, readers: [], logger: silent },
      // Today's events, which are as if of a day long over.
      keepDays: -1,
    });
    const { archived, beside } = await archiveBeside(archiver, { log, head, append });
    const fromFiles = await rebuildAll({ databases, log }, projections);
    if ((await sums(databases, projections)) !== rows)
      throw new Error("built anew from files, the projections are other than they were");
    const perEvent = await bytesPerEvent(databases.events);
    const figure = (what: string, unit: string, value: number): Figure => ({
      ...{ what, unit, rounds: [value], limit: null },
    });
    const waits = (when: string, values: readonly number[]): Figure[] =>
      [0.5, 0.99].map((share) =>
        figure(
          `append of ${appended} events ${when}, p${share * 100}`,
          "ms",
          quantile(values, share),
        ),
      );
    return {
      setting: `${head} events in the table, most of them purchases, on an embedded PostgreSQL without fsync: into files, beside appends one after the other; then all ${projections.length} projections of analytics anew, with the same rows.`,
      figures: [
        figure("written, read back, told of and deleted", "events/s", head / archived),
        figure("in files", "bytes/event", perEvent),
        ...waits("before", alone),
        ...waits("meanwhile", beside),
        figure("built anew from the table", "events/s", head / fromTable),
        figure("built anew from files", "events/s", head / fromFiles),
      ],
      bound:
        "gzip and JSON, once each way, in the hub's process and its threads. From files each projection expands the whole log for its types; the table finds them by itself.",
    };
  },
};

/** Seconds that it took, and what each append took meanwhile, in ms. */
async function archiveBeside(
  archiver: Archiver,
  { log, head, append }: { log: EventLog; head: number; append: () => Promise<number> },
): Promise<{ archived: number; beside: number[] }> {
  const beside: number[] = [];
  const begunMs = performance.now();
  let archived: number | null = null;
  const archiving = archiveTo(archiver, { log, head }).then(() => {
    archived = since(begunMs);
  });
  while (archived === null) beside.push(await append());
  await archiving;
  return { archived, beside };
}

async function bytesPerEvent(database: Database): Promise<number> {
  const [row] = await database.query<{ bytes: number }>`
    select sum(bytes)::float8 / max(last_position) as bytes from archives`;
  return row?.bytes ?? Number.NaN;
}

/** Until nothing before a position is in the table any more. */
async function archiveTo(
  archiver: Archiver,
  { log, head }: { log: EventLog; head: number },
): Promise<void> {
  while ((await log.horizon()) < head) await archiver.step();
  const { database } = archiver.options;
  const left = async () => {
    const [row] = await database.query<{ some: boolean }>`
      select exists (select 1 from events where position <= ${head}) as some`;
    return row?.some ?? false;
  };
  while (await left()) await archiver.step();
}

/** Each call appends some events, and gives how long that took, in ms. */
function appender(log: EventLog): () => Promise<number> {
  const stream = `context:${systemSource.id()}`;
  let seq = 0;
  return async () => {
    const events = Array.from({ length: appended }, () => ({
      ...{ stream, seq: ++seq, event: envelopeOf(registered("someone@example.com")) },
    }));
    const begunMs = performance.now();
    await log.append(events);
    return performance.now() - begunMs;
  };
}

async function temporaryFolder() {
  const dir = await mkdtemp(path.join(tmpdir(), "cloudphone-archive-"));
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
}
