import type { Source } from "@cloudphone/shared/ids";
import type { Logger } from "pino";
import type { Context, Timer } from "./context.ts";
import { ConsumerRunner } from "./log/consumer.ts";
import { type Ownership, owns, ownsAll } from "./hubs/ownership.ts";
import { type EventLog, regularLookMs } from "./log/event-log.ts";
import { consumersWithDue } from "./log/parked.ts";
import { relayOutbox } from "./log/relay.ts";
import { sharedAnswer } from "./log/shared-answer.ts";
import { Wakeable } from "./log/wakeable.ts";
import { goOnRebuilding, isProjection } from "./projections/rebuild.ts";
import { sagaConsumer, sagaSweeper } from "./saga/runtime.ts";

/** A live consumer (log/consumer.ts tells what each figure means). */
export interface RunningConsumer {
  readonly name: string;
  readonly position: number;
  readonly ratePerSecond: number;
  readonly silentMs: number;
}

export interface RunningContext {
  readonly name: string;
  readonly consumers: readonly RunningConsumer[];
  /** To be called after a commit that may have filled the outbox: saves the wait for the next look. */
  readonly wake: () => void;
  stop(): Promise<void>;
}

/** Starts all that makes a context live: its outbox relay, consumers, sagas and timers. */
export function runContext(
  context: Context,
  deps: { log: EventLog; source: Source; logger: Logger; ownership?: Ownership },
): RunningContext {
  const { log, source, ownership = ownsAll } = deps;
  const { database } = context;
  const logger = deps.logger.child({ context: context.name });
  const relay = new Wakeable(() => relayOutbox(context, log), {
    idleMs: 1000,
    logger,
    failing: "the outbox can't be relayed; retrying",
  });
  const onCommitted = relay.wake;
  const due = sharedAnswer(regularLookMs, () => consumersWithDue(database));
  const mayBeDue = async (consumer: string): Promise<boolean> => (await due()).has(consumer);
  const runners = [
    ...context.consumers,
    ...context.sagas.map((saga) => sagaConsumer(context.name, saga)),
  ].map(
    (consumer) =>
      new ConsumerRunner(consumer, {
        ...{ database, log, source, logger, ownership, mayBeDue, onCommitted },
      }),
  );
  const loops = [
    relay,
    sagaSweeper(context.sagas, {
      ...{ database, source, logger, onCommitted },
      mine: () => owns(ownership, `${context.name}.sagas`),
    }),
    rebuildLoop(context, { log, source, logger, ownership }),
    ...context.timers.map((timer) => timerLoop(timer, { logger, ownership, onCommitted })),
  ];
  for (const loop of loops) loop.start();
  for (const runner of runners) runner.start();
  return {
    name: context.name,
    consumers: runners,
    wake: relay.wake,
    async stop() {
      await Promise.all([...runners, ...loops].map((part) => part.stop()));
    },
  };
}

function rebuildLoop(
  { name, database, consumers }: Context,
  {
    log,
    source,
    logger,
    ownership,
  }: Omit<TimerDeps, "onCommitted"> & { log: EventLog; source: Source },
): Wakeable {
  const projections = consumers.filter(isProjection);
  return new Wakeable(
    async () =>
      owns(ownership, `${name}.projections`) &&
      (await goOnRebuilding(projections, { database, log, source })),
    { idleMs: 1000, logger, failing: "a projection can't be built anew; retrying" },
  );
}

interface TimerDeps {
  readonly logger: Logger;
  readonly ownership: Ownership;
  readonly onCommitted: () => void;
}

function timerLoop(timer: Timer, { logger, ownership, onCommitted }: TimerDeps): Wakeable {
  return new Wakeable(
    async () => {
      if (!timer.everyHub && !owns(ownership, timer.name)) return false;
      await timer.run();
      onCommitted();
      return false;
    },
    {
      idleMs: timer.everyMs,
      logger: logger.child({ timer: timer.name }),
      failing: "timed work failed; retrying",
    },
  );
}
