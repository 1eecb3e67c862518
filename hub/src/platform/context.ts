import type { EventDraft, EventType, RecordedEvent } from "@cloudphone/shared/events/catalog";
import type { Id, Source } from "@cloudphone/shared/ids";
import type { Database, Tx } from "./postgres/database.ts";

/**
 * What a context (core, billing, analytics) is to the platform: a database of its own with an outbox in it, consumers that
 * fold the event log into it, sagas, and timed work. Contexts never import, query or call each other.
 */
export interface Context {
  readonly name: "core" | "billing" | "analytics";
  readonly database: Database;
  readonly consumers: readonly Consumer[];
  readonly sagas: readonly Saga[];
  readonly timers: readonly Timer[];
  /** What this context tells monitoring. */
  readonly figures?: readonly Figure[];
  /** For tracing: the correlation of a thing of this context whose id is neither a saga's nor the subject of an event. */
  correlationOf?(id: Id): Promise<Id | null>;
}

/** A figure for monitoring, looked up at each scrape: its query must not grow with what is over. */
export interface Figure {
  /** snake_case with its unit at the end; told as `cloudphone_<name>`. */
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  /** One value for each combination of labels: few, and none of them of a customer, a host or a phone. */
  read(): Promise<readonly { readonly labels: readonly string[]; readonly value: number }[]>;
}

/** Why something is said: the request it belongs to and what directly caused it. */
export interface Cause {
  readonly correlationId: Id;
  readonly causationId: Id | null;
}

/** What a handler may touch: one transaction, which also holds the cursor, and the outbox in it. */
export interface HandlerContext {
  readonly tx: Tx;
  readonly source: Source;
  /** Adds to this context's outbox in this transaction; caused by the event in hand. */
  readonly emit: (...drafts: EventDraft[]) => Promise<void>;
}

export type Handlers = {
  readonly [T in EventType]?: (event: RecordedEvent<T>, context: HandlerContext) => Promise<void>;
};

/**
 * A cursor over the log. Its effects, outbox rows and cursor are committed together, so each event takes effect once.
 * Order is kept per subject. A handler that fails parks that event and all later ones of its subject (retried with backoff, then a
 * dead letter for an operator), while every other subject goes on.
 */
export interface Consumer {
  /** Unique in the hub, `context.purpose`; the cursor is stored under it. */
  readonly name: string;
  readonly on: Handlers;
  /**
   * What order is kept by, and work divided between hubs, where that is not the subject; null: the event is not for this consumer. Events of
   * different keys may be handled in any order, and at once.
   */
  orderBy?(event: RecordedEvent): string | null;
  /** Its tables, when they are nothing but a fold of the log by these handlers, which emit nothing: then it can be built anew while it is read (projections/). */
  readonly tables?: readonly string[];
  /** What its handlers would do for these events one after the other, in few statements (projections/projection.ts, saga/runtime.ts). */
  fold?(tx: Tx, events: readonly RecordedEvent[], source: Source): Promise<void>;
}

export type SagaStatus = "running" | "completed" | "compensated" | "needs_operator";

export type SagaInput<T extends EventType = EventType> =
  | { readonly kind: "event"; readonly event: RecordedEvent<T> }
  | { readonly kind: "deadline" }
  | OperatorInput;

/** What a person may have a saga do: go on from where it stands, or undo what it did. */
export type Intervention = "retry" | "compensate";

export interface OperatorInput {
  readonly kind: "operator";
  readonly wish: Intervention;
  readonly reason: string;
  /** By the database's clock. */
  readonly at: string;
}

/** What a saga does next. Pure data: the runtime stores it, with its emissions, in one transaction. */
export interface Decision<S> {
  readonly state: S;
  readonly status: SagaStatus;
  /** Where it now is, in one or two words: "awaiting payment". Shown to operators. */
  readonly phase: string;
  readonly emit: readonly EventDraft[];
  /** Milliseconds of database time from now until a `deadline` input; null: none. */
  readonly deadlineMs: number | null;
  /** What this step was, for the history: "phone allocated". */
  readonly note: string;
}

/** A process over several events. `decide` is pure; null means the input changes nothing (late, double or not for it); to an operator's wish: that it can't be fulfilled from where the saga stands. */
export interface Saga<S = unknown, T extends EventType = EventType> {
  /** verb-noun: "buy-plan". */
  readonly name: string;
  /** The event that begins one. */
  readonly starts: T;
  /** All events it listens to, `starts` among them. */
  readonly on: readonly T[];
  /** Which saga an event belongs to; null: none. */
  route(event: RecordedEvent<T>): Id | null;
  decide(state: S | null, input: SagaInput<T>): Decision<S> | null;
}

/** Timed work. All it needs to know is in its database, so that a restart forgets nothing; runs never overlap in one hub. */
export interface Timer {
  /** `context.purpose` */
  readonly name: string;
  readonly everyMs: number;
  /** It looks after what this process has in memory, so each hub runs its own. Else the one that has the timer's partition does. */
  readonly everyHub?: true;
  run(): Promise<void>;
}

/** A program outside that hears events on MQTT. */
export interface ListenerRights {
  readonly id: Id;
  /** Event types: "order.paid", "order.*", "*". */
  readonly types: readonly string[];
}

/** Who may connect to the broker. Does nothing where the broker asks at each connect. */
export interface BrokerAccess {
  /** To be called before the host is told its secret. Rejects with `unavailable`; harmless when nothing comes of it. */
  admitHost(hostId: Id, secret: string): Promise<void>;
  /** Cuts it off; harmless twice. */
  expelHost(hostId: Id): Promise<void>;
  /** To be called before the listener is told its secret. Rejects with `conflict` where others say who may connect, with `unavailable` as above. */
  admitListener(listener: ListenerRights, secret: string): Promise<void>;
  /** Cuts it off; harmless twice. */
  expelListener(id: Id): Promise<void>;
}

/** How a context speaks to hosts; implemented by the broker. Rejects with `unavailable` when it can't be handed over in time. */
export interface HostBus {
  publish(topic: string, message: unknown, options: PublishOptions): Promise<void>;
}

export interface PublishOptions {
  readonly retain: boolean;
  /** 0: a connection that ends may take it along, so something must make good for that. Otherwise 1. */
  readonly qos?: 0 | 1;
}
