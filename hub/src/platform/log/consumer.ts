import type { RecordedEnvelope } from "@cloudphone/shared/envelope";
import { isEventType, readEventData, type RecordedEvent } from "@cloudphone/shared/events/catalog";
import type { Source } from "@cloudphone/shared/ids";
import { partitionOf } from "@cloudphone/shared/partitions";
import type { Logger } from "pino";
import { BrokerAway } from "../broker/away.ts";
import type { Consumer, HandlerContext } from "../context.ts";
import { crashPoint } from "../crash-point.ts";
import { type Ownership, ownedPartitions, ownsAll } from "../hubs/ownership.ts";
import type { Database, Tx } from "../postgres/database.ts";
import { DatabaseAway } from "../postgres/reachability.ts";
import { areInPlace, claimLanes, CursorMoved, type Lane, moveCursor } from "./cursors.ts";
import type { EventLog } from "./event-log.ts";
import { sayDead } from "./dead-letters.ts";
import { LogFollower } from "./follower.ts";
import { handleEvents, readFor } from "./handle-event.ts";
import { emit } from "./outbox.ts";
import {
  type DueRow,
  dueRows,
  maxAttempts,
  type NewParked,
  park,
  retryDelayMs,
  wakeWaiting,
} from "./parked.ts";
import { Rate } from "./rate.ts";
import { Wakeable } from "./wakeable.ts";

const batchEvents = 200;
/** Of a consumer that folds many at once. */
const foldedEvents = 1000;
const idleMs = 1000;
/** How often due retries are looked for while some event was parked lately, and for how long that is. */
const hotRetryMs = 250;
const hotForMs = 10_000;
/** How far a partition's cursor may lie behind what was read, when nothing there concerned it: a start reads from there. */
const storedLag = { withOthers: 1000, alone: 20_000 };
/** And how long, once there is nothing else to do. */
const storedEveryMs = 3_600_000;

export interface ConsumerDeps {
  readonly database: Database;
  readonly log: EventLog;
  readonly source: Source;
  readonly logger: Logger;
  /** Which partitions are this hub's; left out: all of them. */
  readonly ownership?: Ownership;
  /** Whether parked events of a consumer may be due, as it was a moment ago; left out: each looks by itself. */
  readonly mayBeDue?: (consumer: string) => Promise<boolean>;
  /** Told after each commit that may have filled the outbox. */
  readonly onCommitted: () => void;
}

/** An event that is this hub's to handle. */
interface Own {
  readonly event: RecordedEnvelope;
  /** What its order is kept by: its subject, or what the consumer says. */
  readonly key: string;
  readonly partition: number;
}

/** How far a step takes the cursors. */
interface UpTo {
  readonly to: number;
  /** So far the cursor of a partition that nothing of the step concerns may be left behind. */
  readonly by: number;
}

/**
 * Follows the log for one consumer (context.ts tells the guarantees), in the partitions that are this hub's. A batch is one transaction; when
 * something in it fails, its events are taken one by one, and the one that fails is parked with its subject.
 */
export class ConsumerRunner {
  readonly #consumer: Consumer;
  readonly #deps: ConsumerDeps;
  readonly #ownership: Ownership;
  readonly #log: LogFollower;
  readonly #follow: Wakeable;
  readonly #retry: Wakeable;
  #lanes = new Map<number, Lane>();
  #woken = false;
  #storedMs = Number.NEGATIVE_INFINITY;
  #retryHotUntilMs = 0;
  readonly #rate = new Rate();
  /** When a look at the log last came to its end, on the monotonic clock. */
  #lookedMs = performance.now();
  #subscriptions: Disposable[] = [];

  constructor(consumer: Consumer, deps: ConsumerDeps) {
    this.#consumer = consumer;
    this.#deps = deps;
    this.#ownership = deps.ownership ?? ownsAll;
    this.#log = new LogFollower(deps.log, {
      limit: consumer.fold ? foldedEvents : batchEvents,
      types: Object.keys(consumer.on),
    });
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
    const { wake } = this.#follow;
    this.#subscriptions = [this.#deps.log.onAppended(wake), this.#ownership.onChanged(wake)];
    this.#follow.start();
    this.#retry.start();
  }

  async stop(): Promise<void> {
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
    await Promise.all([this.#follow.stop(), this.#retry.stop()]);
  }

  /** The log's position up to which everything that is this hub's was handled or parked. */
  get position(): number {
    return this.#lanes.size === 0 ? 0 : this.#scanned();
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
    await this.#followOwnership();
    if (this.#lanes.size === 0) return false;
    const from = this.#scanned();
    const { events, to, looked } = await this.#log.next(from);
    if (looked && !(await areInPlace(this.#deps.database, this.name, this.#lanes))) {
      // Someone may have set a cursor back to have a projection built again, and no new event would tell.
      this.#lanes.clear();
      return true;
    }
    if (to === from) {
      await this.#storeOldCursors(to);
      return false;
    }
    const own = events.flatMap((event) => this.#own(event));
    if (own.length > 0 || this.#lags(to, storedLag.alone)) await this.#takeBatch(own, to);
    for (const lane of this.#lanes.values()) lane.scanned = Math.max(lane.scanned, to);
    return true;
  }

  /** Lanes of the partitions that are this hub's by now, and of no others. */
  async #followOwnership(): Promise<void> {
    const missing = new Map<number, number>();
    for (const partition of this.#lanes.keys())
      if (this.#ownership.tokenOf(partition) === null) this.#lanes.delete(partition);
    for (const partition of ownedPartitions(this.#ownership)) {
      const token = this.#ownership.tokenOf(partition);
      if (token !== null && this.#lanes.get(partition)?.token !== token)
        missing.set(partition, token);
    }
    if (missing.size === 0) return;
    const claimed = await claimLanes(this.#deps.database, this.name, missing);
    for (const [partition, lane] of claimed) this.#lanes.set(partition, lane);
    if (!this.#woken) await wakeWaiting(this.#deps.database, this.name);
    this.#woken = true;
  }

  #scanned(): number {
    return Math.min(...[...this.#lanes.values()].map(({ scanned }) => scanned));
  }

  #own(event: RecordedEnvelope): Own[] {
    const key = this.#keyOf(event);
    if (key === null) return [];
    const partition = partitionOf(key);
    const lane = this.#lanes.get(partition);
    return lane && lane.scanned < event.position ? [{ event, key, partition }] : [];
  }

  /** Null: the event is not for this consumer. What can't be read is for whoever has its subject. */
  #keyOf(event: RecordedEnvelope): string | null {
    const { orderBy } = this.#consumer;
    if (!orderBy || !isEventType(event.type)) return event.subject;
    const reading = readEventData(event);
    if (reading.outcome !== "known") return event.subject;
    return orderBy({ ...event, data: reading.data } as RecordedEvent);
  }

  async #takeBatch(own: readonly Own[], to: number, by = storedLag.withOthers): Promise<void> {
    try {
      await this.#commit(own, { to, by }, (tx, fresh) => this.#handle(tx, fresh));
      return;
    } catch (error) {
      if (error instanceof CursorMoved) return this.#lanes.clear();
      if (own.length > 1) this.#deps.logger.debug({ err: error }, "a batch failed; one by one");
    }
    for (const one of own) await this.#takeOne(one);
  }

  async #takeOne(own: Own): Promise<void> {
    const { event } = own;
    const upTo = { to: event.position, by: storedLag.withOthers };
    try {
      await this.#commit([own], upTo, (tx) => this.#handle(tx, [own]));
    } catch (error) {
      if (error instanceof CursorMoved) return this.#lanes.clear();
      // Nothing is wrong with the event, and nothing can be parked, or be said to hosts.
      if (error instanceof DatabaseAway || error instanceof BrokerAway) throw error;
      this.#deps.logger.warn(
        { err: error, consumer: this.#consumer.name, position: event.position, type: event.type },
        "an event could not be handled; its subject is parked",
      );
      const delayMs = retryDelayMs(0, Math.random());
      await this.#commit([own], upTo, (tx) =>
        this.#park(tx, own, { state: "retrying", error: describe(error), delayMs }),
      );
    }
  }

  /** One transaction: the cursors (as a fence against another hub), the effects, the outbox. */
  async #commit(
    own: readonly Own[],
    upTo: UpTo,
    handle: (tx: Tx, own: readonly Own[]) => Promise<void>,
  ): Promise<void> {
    const { to } = upTo;
    const moving = this.#moving(own, upTo);
    const moves = moving.map(([partition, { token, stored }]) => ({
      ...{ partition, token, from: stored, to },
    }));
    await this.#deps.database.transaction(async (tx) => {
      const step = { consumer: this.#consumer.name, moves, subjects: own.map(({ key }) => key) };
      const parked = await moveCursor(tx, step);
      if (!parked) throw new CursorMoved();
      for (const one of own) if (parked.has(one.key)) await this.#parkBehind(tx, one);
      const fresh = own.filter(({ key }) => !parked.has(key));
      if (fresh.length > 0) await handle(tx, fresh);
      if (own.length > 0) crashPoint("hub.consumer.before-commit");
    });
    if (own.length > 0) crashPoint("hub.consumer.after-commit");
    // Together: were `scanned` left behind when a later event of the batch throws, these would be read, and take effect, again.
    for (const [, lane] of moving) {
      lane.stored = to;
      lane.scanned = to;
    }
    this.#rate.add(own.length, performance.now());
    this.#deps.onCommitted();
  }

  /** The partitions of these events, and on occasion others, whose cursors would fall too far behind. */
  #moving(own: readonly Own[], { to, by }: UpTo): [number, Lane][] {
    const concerned = new Set(own.map(({ partition }) => partition));
    // An event by itself is part of a batch of which nothing else was handled yet.
    const whole = own.length !== 1;
    const moving = [...this.#lanes].filter(
      ([partition, { stored }]) => concerned.has(partition) || (whole && to - stored > by),
    );
    if (concerned.size > moving.length) throw new CursorMoved();
    return moving;
  }

  /** At a start and once an hour, when there is nothing else to do: what a cursor has not passed is not archived. */
  async #storeOldCursors(to: number): Promise<void> {
    if (performance.now() - this.#storedMs < storedEveryMs) return;
    const lanes = [...this.#lanes.values()];
    if (lanes.some(({ scanned }) => scanned > to) || !this.#lags(to, 0)) return;
    this.#storedMs = performance.now();
    await this.#takeBatch([], to, 0);
  }

  #lags(to: number, by: number): boolean {
    return [...this.#lanes.values()].some(({ stored }) => to - stored > by);
  }

  async #handle(tx: Tx, own: readonly Own[]): Promise<void> {
    const aside = new Set<string>();
    const taken: RecordedEvent[] = [];
    for (const one of own) {
      const read = readFor(this.#consumer, one.event);
      if (aside.has(one.key)) await this.#parkBehind(tx, one);
      else if (read.outcome === "take") taken.push(read.event);
      else if (read.outcome === "park") {
        aside.add(one.key);
        await this.#park(tx, one, { ...read.row, delayMs: 0 });
      }
    }
    const contextOf = (event: RecordedEvent): HandlerContext => this.#context(tx, event);
    await handleEvents(this.#consumer, taken, { tx, contextOf });
  }

  #parkBehind(tx: Tx, own: Own): Promise<void> {
    return this.#park(tx, own, { state: "retrying", error: null, delayMs: 0 });
  }

  #context(tx: Tx, event: RecordedEvent): HandlerContext {
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

  async #park(tx: Tx, { event, key }: Own, row: NewParked): Promise<void> {
    this.#retryHotUntilMs = performance.now() + hotForMs;
    this.#retry.wake();
    const { name } = this.#consumer;
    await park(tx, { consumer: name, event, subject: key }, row);
    if (row.state === "dead")
      await sayDead(tx, { consumer: name, event, error: row.error ?? "" }, this.#deps.source);
  }

  async #retryDue(): Promise<boolean> {
    if (this.#lanes.size === 0) return false;
    const isHot = performance.now() < this.#retryHotUntilMs;
    if (!isHot && (await this.#deps.mayBeDue?.(this.name)) === false) return false;
    const due = await dueRows(this.#deps.database, this.#consumer.name, 50);
    const own = due.filter(({ subject }) => this.#lanes.has(partitionOf(subject)));
    for (const row of own) await this.#retryOne(row);
    return own.length > 0;
  }

  async #retryOne({ position, attempts, subject: key }: DueRow): Promise<void> {
    const [event] = await this.#deps.log.read({ after: position - 1, limit: 1 });
    if (!event) return;
    const name = this.#consumer.name;
    try {
      await this.#deps.database.transaction(async (tx) => {
        const mine = await tx`delete from parked_events
          where consumer = ${name} and position = ${position} and state = 'retrying' returning position`;
        if (mine.count > 0) await this.#handle(tx, [{ event, key, partition: partitionOf(key) }]);
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

const describe = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).slice(0, 1000).toWellFormed();
