import type { RecordedEnvelope } from "@cloudphone/shared/envelope";
import { isEventType, readEventData } from "@cloudphone/shared/events/catalog";
import type { Source } from "@cloudphone/shared/ids";
import type { Logger } from "pino";
import { BrokerAway } from "../broker/away.ts";
import type { Consumer, HandlerContext } from "../context.ts";
import { crashPoint } from "../crash-point.ts";
import type { Database, Tx } from "../postgres/database.ts";
import { DatabaseAway } from "../postgres/reachability.ts";
import { isForged } from "./authority.ts";
import type { EventLog } from "./event-log.ts";
import { sayDead } from "./dead-letters.ts";
import { LogFollower } from "./follower.ts";
import { emit } from "./outbox.ts";
import { dueRows, maxAttempts, type NewParked, park, retryDelayMs, wakeWaiting } from "./parked.ts";
import { Rate } from "./rate.ts";
import { Wakeable } from "./wakeable.ts";

const batchEvents = 200;
const idleMs = 1000;
/** How often due retries are looked for while some event was parked lately, and for how long that is. */
const hotRetryMs = 250;
const hotForMs = 10_000;

export interface ConsumerDeps {
  readonly database: Database;
  readonly log: EventLog;
  readonly source: Source;
  readonly logger: Logger;
  /** Told after each commit that may have filled the outbox. */
  readonly onCommitted: () => void;
}

/** Another hub moved the cursor meanwhile; what this one did was rolled back. */
class CursorMoved extends Error {}

/**
 * Follows the log for one consumer (context.ts tells the guarantees). A batch is one transaction; when something in it fails, its events are
 * taken one by one, and the one that fails is parked with its subject.
 */
export class ConsumerRunner {
  readonly #consumer: Consumer;
  readonly #deps: ConsumerDeps;
  readonly #log: LogFollower;
  readonly #follow: Wakeable;
  readonly #retry: Wakeable;
  #position: number | null = null;
  /** Where the log was read to; ahead of the stored cursor when nothing there concerned this consumer. */
  #scanned = 0;
  #retryHotUntilMs = 0;
  readonly #rate = new Rate();
  /** When a look at the log last came to its end, on the monotonic clock. */
  #lookedMs = performance.now();
  #subscription: Disposable | null = null;

  constructor(consumer: Consumer, deps: ConsumerDeps) {
    this.#consumer = consumer;
    this.#deps = deps;
    this.#log = new LogFollower(deps.log, { limit: batchEvents, types: Object.keys(consumer.on) });
    const logger = deps.logger.child({ consumer: consumer.name });
    const failing = "a consumer can't go on; retrying";
    this.#follow = new Wakeable(() => this.#look(), { idleMs, logger, failing });
    this.#retry = new Wakeable(() => this.#retryDue(), {
      idleMs: () => (performance.now() < this.#retryHotUntilMs ? hotRetryMs : idleMs),
      logger,
      failing,
    });
  }

  start(): void {
    this.#subscription = this.#deps.log.onAppended(this.#follow.wake);
    this.#follow.start();
    this.#retry.start();
  }

  async stop(): Promise<void> {
    this.#subscription?.[Symbol.dispose]();
    await Promise.all([this.#follow.stop(), this.#retry.stop()]);
  }

  /** The log's position up to which everything was handled or parked. */
  get position(): number {
    return this.#scanned;
  }

  get name(): string {
    return this.#consumer.name;
  }

  /** Events of its types that were handled or parked a second, over the last minute. */
  get ratePerSecond(): number {
    return this.#rate.perSecond(performance.now());
  }

  /** How long it has been unable to go on: a consumer that is well looks at the log at least once a second. */
  get silentMs(): number {
    return performance.now() - this.#lookedMs;
  }

  async #look(): Promise<boolean> {
    const more = await this.#step();
    this.#lookedMs = performance.now();
    return more;
  }

  async #step(): Promise<boolean> {
    const { database } = this.#deps;
    if (this.#position === null) {
      this.#position = await loadCursor(database, this.#consumer.name);
      this.#scanned = this.#position;
      await wakeWaiting(database, this.#consumer.name);
    }
    const { events, to, looked } = await this.#log.next(this.#scanned);
    if (looked && (await this.#wasRewound())) return true;
    if (to === this.#scanned) return false;
    if (events.length > 0) await this.#takeBatch(events, to);
    this.#scanned = Math.max(this.#scanned, to);
    return true;
  }

  /** Someone may have set the stored cursor back to have a projection built again, and no new event would tell. */
  async #wasRewound(): Promise<boolean> {
    if ((await readCursor(this.#deps.database, this.#consumer.name)) === this.#position)
      return false;
    await this.#reload();
    return true;
  }

  async #takeBatch(events: readonly RecordedEnvelope[], to: number): Promise<void> {
    try {
      await this.#commit(events, to, (tx, event) => this.#handle(tx, event));
      return;
    } catch (error) {
      if (error instanceof CursorMoved) return this.#reload();
      if (events.length > 1) this.#deps.logger.debug({ err: error }, "a batch failed; one by one");
    }
    for (const event of events) await this.#takeOne(event);
  }

  async #takeOne(event: RecordedEnvelope): Promise<void> {
    try {
      await this.#commit([event], event.position, (tx) => this.#handle(tx, event));
    } catch (error) {
      if (error instanceof CursorMoved) return this.#reload();
      // Nothing is wrong with the event, and nothing can be parked, or be said to hosts.
      if (error instanceof DatabaseAway || error instanceof BrokerAway) throw error;
      this.#deps.logger.warn(
        { err: error, consumer: this.#consumer.name, position: event.position, type: event.type },
        "an event could not be handled; its subject is parked",
      );
      const delayMs = retryDelayMs(0, Math.random());
      await this.#commit([event], event.position, (tx) =>
        this.#park(tx, event, { state: "retrying", error: describe(error), delayMs }),
      );
    }
  }

  /** One transaction: the cursor (as a fence against a second hub), the effects, the outbox. */
  async #commit(
    events: readonly RecordedEnvelope[],
    to: number,
    handle: (tx: Tx, event: RecordedEnvelope) => Promise<void>,
  ): Promise<void> {
    await this.#deps.database.transaction(async (tx) => {
      const subjects = events.map((event) => event.subject);
      const step = { consumer: this.#consumer.name, from: this.#position ?? 0, to, subjects };
      const parked = await moveCursor(tx, step);
      if (!parked) throw new CursorMoved();
      for (const event of events) {
        if (parked.has(event.subject))
          await this.#park(tx, event, { state: "retrying", error: null, delayMs: 0 });
        else await handle(tx, event);
      }
      crashPoint("hub.consumer.before-commit");
    });
    crashPoint("hub.consumer.after-commit");
    // Together: were `scanned` left behind when a later event of the batch throws, these would be read, and take effect, again.
    this.#position = to;
    this.#scanned = to;
    this.#rate.add(events.length, performance.now());
    this.#deps.onCommitted();
  }

  async #handle(tx: Tx, event: RecordedEnvelope): Promise<void> {
    const reading = readEventData(event);
    if (reading.outcome !== "known") {
      const state = reading.outcome === "unknown" ? "waiting" : "dead";
      await this.#park(tx, event, { state, error: reading.reason, delayMs: 0 });
      return;
    }
    if (!isEventType(event.type) || isForged(event)) return;
    const handler = this.#consumer.on[event.type] as
      | ((event: RecordedEnvelope, context: HandlerContext) => Promise<void>)
      | undefined;
    await handler?.({ ...event, data: reading.data }, this.#context(tx, event));
  }

  #context(tx: Tx, event: RecordedEnvelope): HandlerContext {
    const { source } = this.#deps;
    const cause = { correlationId: event.correlationId, causationId: event.id };
    return {
      tx,
      source,
      emit: async (...drafts) => {
        await emit(tx, drafts, { cause, source });
      },
    };
  }

  async #park(tx: Tx, event: RecordedEnvelope, row: NewParked): Promise<void> {
    this.#retryHotUntilMs = performance.now() + hotForMs;
    this.#retry.wake();
    const { name } = this.#consumer;
    await park(tx, { consumer: name, event }, row);
    if (row.state === "dead")
      await sayDead(tx, { consumer: name, event, error: row.error ?? "" }, this.#deps.source);
  }

  async #reload(): Promise<void> {
    this.#position = null;
    await Promise.resolve();
  }

  async #retryDue(): Promise<boolean> {
    if (this.#position === null) return false;
    const due = await dueRows(this.#deps.database, this.#consumer.name, 50);
    for (const row of due) await this.#retryOne(row);
    return due.length > 0;
  }

  async #retryOne({ position, attempts }: { position: number; attempts: number }): Promise<void> {
    const [event] = await this.#deps.log.read({ after: position - 1, limit: 1 });
    if (!event) return;
    const name = this.#consumer.name;
    try {
      await this.#deps.database.transaction(async (tx) => {
        const mine = await tx`delete from parked_events
          where consumer = ${name} and position = ${position} and state = 'retrying' returning position`;
        if (mine.count > 0) await this.#handle(tx, event);
      });
      this.#deps.onCommitted();
    } catch (error) {
      const dead = attempts + 1 >= maxAttempts;
      this.#deps.logger[dead ? "error" : "warn"](
        { err: error, consumer: name, position, attempts: attempts + 1 },
        dead ? "an event became a dead letter" : "a parked event failed again",
      );
      await this.#deps.database.transaction(async (tx) => {
        const noted = await tx`
          update parked_events set attempts = attempts + 1, error = ${describe(error)}, state = ${dead ? "dead" : "retrying"},
            next_attempt_at = clock_timestamp() + ${retryDelayMs(attempts + 1, Math.random())} * interval '1 millisecond'
          where consumer = ${name} and position = ${position} and state = 'retrying' returning position`;
        const letter = { consumer: name, event, error: describe(error) };
        if (dead && noted.count > 0) await sayDead(tx, letter, this.#deps.source);
      });
      this.#deps.onCommitted();
    }
  }
}

/** Moves the cursor on, unless it is not where it was: then null. Else which of the subjects are parked: one statement for both. */
async function moveCursor(
  tx: Tx,
  step: { consumer: string; from: number; to: number; subjects: readonly string[] },
): Promise<Set<string> | null> {
  const { consumer, from, to, subjects } = step;
  const rows = await tx<{ subject: string | null }>`
    with moved as (
      update cursors set position = ${to} where consumer = ${consumer} and position = ${from} returning consumer
    ) select distinct p.subject from moved left join parked_events p
      on p.consumer = moved.consumer and p.subject = any(${[...subjects]}::text[])`;
  if (rows.length === 0) return null;
  return new Set(rows.flatMap(({ subject }) => subject ?? []));
}

async function loadCursor(database: Database, consumer: string): Promise<number> {
  await database.query`insert into cursors (consumer, position) values (${consumer}, 0) on conflict do nothing`;
  return readCursor(database, consumer);
}

async function readCursor(database: Database, consumer: string): Promise<number> {
  const [row] = await database.query<{ position: number }>`
    select position from cursors where consumer = ${consumer}`;
  return row?.position ?? 0;
}

const describe = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).slice(0, 1000);
