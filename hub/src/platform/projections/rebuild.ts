import type { RecordedEnvelope } from "@cloudphone/shared/envelope";
import { partitions } from "@cloudphone/shared/partitions";
import { Fault } from "@cloudphone/shared/fault";
import type { RecordedEvent } from "@cloudphone/shared/events/catalog";
import type { Source } from "@cloudphone/shared/ids";
import type { Consumer, HandlerContext } from "../context.ts";
import type { EventLog, LogPage } from "../log/event-log.ts";
import { handleEvents, readFor } from "../log/handle-event.ts";
import type { Database, Tx } from "../postgres/database.ts";
import { DatabaseAway } from "../postgres/reachability.ts";
import { createShadows, swapShadows, useShadows } from "./shadow.ts";

const batchEvents = 2000;

export interface RebuildDeps {
  readonly database: Database;
  readonly log: EventLog;
  readonly source: Source;
}

export interface Projection extends Consumer {
  readonly tables: readonly string[];
}

export const isProjection = (consumer: Consumer): consumer is Projection =>
  consumer.tables !== undefined;

export interface RebuildState {
  readonly state: "running" | "done";
  /** How far the log was read, and where it ended at the beginning. */
  readonly position: number;
  readonly target: number;
  readonly by: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
}

/**
 * Begins to build a projection anew beside the one that is read; `conflict` while that is under way. A row and tables in a schema of their own are all there is of it, so
 * whichever hub comes by goes on with it, and one that dies takes nothing along.
 */
export async function beginRebuild(
  { database, log }: Pick<RebuildDeps, "database" | "log">,
  { name, tables }: Projection,
  by: string,
): Promise<void> {
  const target = await log.head();
  await database.transaction(async (tx) => {
    const begun = await tx`
      insert into rebuilds (consumer, state, target, by_email) values (${name}, 'running', ${target}, ${by})
      on conflict (consumer) do update set state = 'running', position = 0, target = excluded.target, by_email = excluded.by_email,
        started_at = clock_timestamp(), ended_at = null where rebuilds.state <> 'running' returning consumer`;
    if (begun.count === 0)
      throw new Fault(
        "conflict",
        `${name} is being built anew already; \`cloudphone projections\` says how far it is.`,
      );
    await tx`delete from rebuild_parked where consumer = ${name}`;
    await createShadows(tx, tables);
  });
}

/** Does a piece of what was begun; false when there is nothing to do. To be called again and again. */
export async function goOnRebuilding(
  projections: readonly Projection[],
  deps: RebuildDeps,
): Promise<boolean> {
  const names = projections.map(({ name }) => name);
  const rows = await deps.database.query<{ consumer: string; position: number }>`
    select consumer, position from rebuilds where state = 'running' and consumer = any(${names}) order by started_at`;
  for (const { consumer, position } of rows) {
    const projection = projections.find(({ name }) => name === consumer);
    if (projection) await new Rebuilding(projection, deps).step(position);
  }
  return rows.length > 0;
}

/** Another hub was faster, or it was begun anew. */
class MovedOn extends Error {}

class Rebuilding {
  readonly #projection: Projection;
  readonly #deps: RebuildDeps;

  constructor(projection: Projection, deps: RebuildDeps) {
    this.#projection = projection;
    this.#deps = deps;
  }

  async step(from: number): Promise<void> {
    try {
      const page = await this.#read(from);
      if (page.more) await this.#take(from, page);
      else await this.#finish(from, page);
    } catch (error) {
      if (!(error instanceof MovedOn)) throw error;
    }
  }

  #read(after: number): Promise<LogPage> {
    const types = Object.keys(this.#projection.on);
    return this.#deps.log.page({ after, limit: batchEvents, types });
  }

  /** A batch in one transaction; when something in it fails, one by one, and what fails is put aside with its subject. */
  async #take(from: number, { events, to }: LogPage): Promise<void> {
    try {
      await this.#commit({ from, to }, events);
    } catch (error) {
      if (error instanceof MovedOn || error instanceof DatabaseAway) throw error;
      await this.#oneByOne(from, events);
    }
  }

  async #oneByOne(from: number, events: readonly RecordedEnvelope[]): Promise<void> {
    let before = from;
    for (const event of events) {
      try {
        await this.#commit({ from: before, to: event.position }, [event]);
      } catch (error) {
        if (error instanceof MovedOn || error instanceof DatabaseAway) throw error;
        const told = error instanceof Error ? error.message : String(error);
        await this.#deps.database.transaction(async (tx) => {
          await this.#claim(tx, before, event.position);
          await this.#putAside(tx, event, told);
        });
      }
      before = event.position;
    }
  }

  async #commit(
    { from, to }: { from: number; to: number },
    events: readonly RecordedEnvelope[],
  ): Promise<void> {
    await this.#deps.database.transaction(async (tx) => {
      await this.#claim(tx, from, to);
      await this.#fold(tx, events);
    });
  }

  /** One hub at a time, from where it says it is. */
  async #claim(tx: Tx, from: number, to: number): Promise<void> {
    const mine = await tx`
      update rebuilds set position = ${to}
      where consumer = ${this.#projection.name} and state = 'running' and position = ${from} returning consumer`;
    if (mine.count === 0) throw new MovedOn();
  }

  async #fold(tx: Tx, events: readonly RecordedEnvelope[]): Promise<void> {
    if (events.length === 0) return;
    const { name } = this.#projection;
    const [leftOut] = await tx<{ positions: number[] | null; subjects: string[] | null }>`
      select (select array_agg(position::float8) from dead_letter_actions where consumer = ${name} and action = 'discarded') as positions,
        (select array_agg(distinct subject) from rebuild_parked where consumer = ${name}) as subjects`;
    const discarded = new Set(leftOut?.positions);
    const aside = new Set(leftOut?.subjects);
    await useShadows(tx);
    const taken: RecordedEvent[] = [];
    for (const event of events) {
      if (discarded.has(event.position)) continue;
      const read = readFor(this.#projection, event);
      if (aside.has(event.subject)) await this.#putAside(tx, event, null);
      else if (read.outcome === "take") taken.push(read.event);
      else if (read.outcome === "park") {
        aside.add(event.subject);
        await this.#putAside(tx, event, read.row.error);
      }
    }
    const contextOf = (): HandlerContext => this.#context(tx);
    await handleEvents(this.#projection, taken, { tx, contextOf });
  }

  #context(tx: Tx): HandlerContext {
    const silent = (): never => {
      throw new Error("a projection says nothing: what it emits would be said again");
    };
    return { tx, source: this.#deps.source, emit: silent };
  }

  async #putAside(tx: Tx, { position, subject, type }: RecordedEnvelope, error: string | null) {
    await tx`insert into rebuild_parked (consumer, position, subject, type, error)
      values (${this.#projection.name}, ${position}, ${subject}, ${type}, ${error})`;
  }

  /**
   * The rest of the log, then the change of tables, in one transaction under the rows of all its cursors, which consumers take before each batch: so it is either wholly in the old
   * tables and folded here as well, or finds the cursor where the new ones are. A rest that grew beyond a batch, or an event in it that fails, is left to `#take`.
   */
  async #finish(from: number, rest: LogPage): Promise<void> {
    const { name, tables } = this.#projection;
    try {
      await this.#deps.database.transaction(async (tx) => {
        // First, so that no event is retried into the old tables while they go.
        await tx`delete from parked_events where consumer = ${name}`;
        const cursors = await tx<{ position: number }>`
          select position from cursors where consumer = ${name} order by partition for update`;
        const { events, to: read, more } = await this.#read(from);
        if (more) throw new MovedOn();
        const to = Math.max(read, ...cursors.map(({ position }) => position));
        await this.#claim(tx, from, to);
        await this.#fold(tx, events);
        await swapShadows(tx, tables);
        await tx`
          insert into cursors (consumer, partition, position, token)
          select ${name}, partition, ${to}, 0 from unnest(${[...partitions]}::int[]) as p(partition)
          on conflict (consumer, partition) do update set position = excluded.position`;
        await tx`insert into parked_events (consumer, position, subject, type, state, attempts, error, next_attempt_at)
          select consumer, position, subject, type, 'retrying', case when error is null then 0 else 1 end, error, clock_timestamp()
          from rebuild_parked where consumer = ${name}`;
        await tx`update rebuilds set state = 'done', ended_at = clock_timestamp() where consumer = ${name}`;
      });
    } catch (error) {
      if (error instanceof MovedOn || error instanceof DatabaseAway || rest.events.length === 0)
        throw error;
      await this.#take(from, rest);
    }
  }
}

/** How far each projection's newest rebuild is. */
export async function listRebuilds(database: Database): Promise<Map<string, RebuildState>> {
  const rows = await database.query<{
    consumer: string;
    state: RebuildState["state"];
    position: number;
    target: number;
    by_email: string;
    started_at: Date;
    ended_at: Date | null;
  }>`select * from rebuilds`;
  return new Map(
    rows.map((row) => [
      row.consumer,
      {
        state: row.state,
        position: row.position,
        target: row.target,
        by: row.by_email,
        startedAt: row.started_at.toISOString(),
        endedAt: row.ended_at?.toISOString() ?? null,
      },
    ]),
  );
}
