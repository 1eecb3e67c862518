import { partitionCount } from "@cloudphone/shared/partitions";
import type { Id } from "@cloudphone/shared/ids";
import { Fault } from "@cloudphone/shared/fault";
import type { Logger } from "pino";
import type { Database, Tx } from "../postgres/database.ts";
import { retryLevel } from "../postgres/reachability.ts";
import type { RunningConsumer } from "../run-context.ts";
import { Wakeable } from "../log/wakeable.ts";
import type { Ownership } from "./ownership.ts";

export interface MembershipOptions {
  /** The events database. */
  readonly database: Database;
  /** Kept by this hub over its restarts. */
  readonly hubId: Id;
  /** Of this process. */
  readonly incarnation: Id;
  /** A broker of its own can't be shared: such a hub works alone. */
  readonly broker: "own" | "shared";
  readonly logger: Logger;
  /** What to tell other hubs of this one's consumers. */
  consumers(): readonly RunningConsumer[];
  readonly times?: Partial<Times>;
}

interface Times {
  /** How long a partition is a hub's after its last sign of life. */
  readonly leaseMs: number;
  /** Between signs of life. With `leaseMs` it is the longest that work of a hub that died lies still. */
  readonly lookMs: number;
  /** How long a hub waits at its start for one that it can't work beside. */
  readonly aloneMs: number;
}

interface Held {
  readonly token: number;
  readonly sinceMs: number;
  readonly untilMs: number;
}

const usual: Times = { leaseMs: 3000, lookMs: 750, aloneMs: 6000 };

/**
 * This hub's place among those on the same databases. Each has about the same share of the partitions, as rows with an end that it renews; what
 * a hub leaves, or is not renewed in time, another takes with a larger token. A hub that was away for too long (a debugger, a frozen machine)
 * knows by its own clock that it has nothing any more; and should it not, what it commits is refused by its token
 * (docs/decisions/0017-several-hubs.md).
 */
export class Membership implements Ownership {
  readonly #options: MembershipOptions;
  readonly #times: Times;
  readonly #loop: Wakeable;
  readonly #listeners = new Set<() => void>();
  #held = new Map<number, Held>();
  #others: readonly OtherHub[] = [];
  #replaced = false;

  constructor(options: MembershipOptions) {
    this.#options = options;
    this.#times = { ...usual, ...options.times };
    this.#loop = new Wakeable(() => this.#look(), {
      idleMs: this.#times.lookMs,
      logger: options.logger,
      failing: "this hub can't tell others that it lives; retrying",
    });
  }

  /** Joins: what the process before it had is its own at once. Rejects with `conflict` when one of several hubs has a broker of its own. */
  async start(): Promise<void> {
    await this.#comeAlone();
    const { database, hubId, incarnation, broker } = this.#options;
    await database.transaction(async (tx) => {
      await tx`insert into hubs (id, incarnation, broker, seen_at)
        values (${hubId}, ${incarnation}, ${broker}, clock_timestamp())
        on conflict (id) do update set incarnation = excluded.incarnation, broker = excluded.broker,
          seen_at = excluded.seen_at, consumers = '[]'`;
      await tx`update partitions set token = token + 1 where hub_id = ${hubId}`;
      await tx`delete from hubs h where seen_at < clock_timestamp() - interval '1 day'
        and not exists (select 1 from partitions p where p.hub_id = h.id)`;
    });
    await this.#look();
    this.#loop.start();
  }

  /** Leaves what it has to the others, at once. To be called when nothing of it works any more. */
  async stop(): Promise<void> {
    await this.#loop.stop();
    this.#set(new Map());
    const { database, hubId, incarnation, logger } = this.#options;
    try {
      await database.transaction(async (tx) => {
        const left =
          await tx`delete from hubs where id = ${hubId} and incarnation = ${incarnation} returning id`;
        if (left.count === 0) return;
        await tx`update partitions set hub_id = null, expires_at = null where hub_id = ${hubId}`;
      });
    } catch (error) {
      logger[retryLevel(error)](
        { err: error },
        "the other hubs will notice later that this one left",
      );
    }
  }

  get hubId(): Id {
    return this.#options.hubId;
  }

  tokenOf(partition: number): number | null {
    return this.#of(partition)?.token ?? null;
  }

  sinceMs(partition: number): number | null {
    return this.#of(partition)?.sinceMs ?? null;
  }

  isAtWork(hubId: string): boolean {
    return (
      hubId === this.#options.hubId || this.#others.some(({ id, live }) => live && id === hubId)
    );
  }

  onChanged(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /** The consumers of all hubs, as one: how far the slowest of its partitions is. Of other hubs about a second old. */
  consumers(): RunningConsumer[] {
    const own = this.#held.size > 0 ? [this.#options.consumers()] : [];
    const all = [...own, ...this.#others.filter(({ owns }) => owns).map((hub) => hub.consumers)];
    return this.#options.consumers().map(({ name, ...mine }) => {
      const parts = all.flatMap((some) => some.filter((one) => one.name === name));
      if (parts.length === 0) return { name, ...mine };
      return {
        name,
        position: Math.min(...parts.map(({ position }) => position)),
        ratePerSecond: parts.reduce((sum, { ratePerSecond }) => sum + ratePerSecond, 0),
        silentMs: Math.max(...parts.map(({ silentMs }) => silentMs)),
      };
    });
  }

  #of(partition: number): Held | null {
    const held = this.#held.get(partition);
    return held && performance.now() < held.untilMs ? held : null;
  }

  /** Waits for a hub that has just died to be given up; one that lives on is told of. */
  async #comeAlone(): Promise<void> {
    const { database, hubId, broker } = this.#options;
    const { leaseMs, aloneMs } = this.#times;
    for (const giveUpAt = performance.now() + aloneMs; ; ) {
      const [other] = await database.query<{ id: Id }>`
        select id from hubs where id <> ${hubId} and (broker = 'own' or ${broker} = 'own')
          and seen_at > clock_timestamp() - ${leaseMs} * interval '1 millisecond' limit 1`;
      if (!other) return;
      if (performance.now() > giveUpAt)
        throw new Fault(
          "conflict",
          "Another hub is at work on these databases, and one of the two has an MQTT broker of its own. Several hubs need one that all of them reach: set CLOUDPHONE_MQTT_URL for each.",
        );
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** One sign of life: renews what it has, takes its share, leaves what is beyond it. */
  async #look(): Promise<boolean> {
    const begunMs = performance.now();
    const { database, logger } = this.#options;
    const seen = await database.transaction((tx) => this.#renew(tx));
    if (seen === null) {
      if (!this.#replaced)
        logger.error("another process works with this hub's data folder; this one stands aside");
      this.#replaced = true;
      this.#set(new Map());
      return false;
    }
    this.#others = seen.others;
    const untilMs = begunMs + this.#times.leaseMs;
    const held = seen.held.map(({ partition, token }): [number, Held] => {
      const before = this.#held.get(partition);
      const sinceMs = before?.token === token ? before.sinceMs : performance.now();
      return [partition, { token, sinceMs, untilMs }];
    });
    this.#set(new Map(held));
    return false;
  }

  async #renew(tx: Tx): Promise<{ held: PartitionRow[]; others: OtherHub[] } | null> {
    const { hubId, incarnation } = this.#options;
    const { leaseMs } = this.#times;
    const consumers = this.#options.consumers();
    const me =
      await tx`update hubs set seen_at = clock_timestamp(), consumers = ${tx.json(consumers)}
      where id = ${hubId} and incarnation = ${incarnation} returning id`;
    if (me.count === 0) return null;
    const others = await tx<OtherHub>`
      select id, seen_at > clock_timestamp() - ${leaseMs} * interval '1 millisecond' as live, consumers,
        exists (select 1 from partitions p where p.hub_id = h.id) as owns
      from hubs h where id <> ${hubId}`;
    const held = await tx<PartitionRow>`
      update partitions set expires_at = clock_timestamp() + ${leaseMs} * interval '1 millisecond'
      where hub_id = ${hubId} returning partition, token`;
    const live = others.filter((hub) => hub.live).length + 1;
    const surplus = held.length - Math.ceil(partitionCount / live);
    if (surplus === 0) return { held, others };
    if (surplus < 0) return { held: [...held, ...(await this.#claim(tx, -surplus))], others };
    const left = held.toSorted((a, b) => b.partition - a.partition).slice(0, surplus);
    // Known to be left before others may take them; should the commit not come, they are found again at the next look.
    const leaving = new Set(left.map(({ partition }) => partition));
    this.#set(new Map([...this.#held].filter(([partition]) => !leaving.has(partition))));
    await tx`update partitions set hub_id = null, expires_at = null
      where hub_id = ${hubId} and partition = any(${[...leaving]}::int[])`;
    return { held: held.filter((one) => !left.includes(one)), others };
  }

  #claim(tx: Tx, count: number): Promise<PartitionRow[]> {
    return tx<PartitionRow>`
      update partitions set hub_id = ${this.#options.hubId}, token = token + 1,
        expires_at = clock_timestamp() + ${this.#times.leaseMs} * interval '1 millisecond'
      where partition in (
        select partition from partitions where hub_id is null or expires_at <= clock_timestamp()
        order by partition limit ${count} for update skip locked
      ) returning partition, token`;
  }

  #set(held: Map<number, Held>): void {
    const same =
      held.size === this.#held.size &&
      [...held].every(([partition, { token }]) => this.#held.get(partition)?.token === token);
    this.#held = held;
    if (!same) for (const listener of this.#listeners) listener();
  }
}

interface PartitionRow {
  readonly partition: number;
  readonly token: number;
}

interface OtherHub {
  readonly id: Id;
  readonly live: boolean;
  /** Whether a partition is still its own, though it may be dead. */
  readonly owns: boolean;
  readonly consumers: readonly RunningConsumer[];
}

/** Whether no hub has lately shown that it lives; asked also of a database that knows of none yet. */
export async function isNobodyAtWork(database: Database): Promise<boolean> {
  const [known] = await database.query<{ name: string | null }>`
    select to_regclass('hubs')::text as name`;
  if (!known?.name) return true;
  const rows = await database.query`
    select 1 as found from hubs where seen_at > clock_timestamp() - ${usual.leaseMs} * interval '1 millisecond' limit 1`;
  return rows.length === 0;
}
