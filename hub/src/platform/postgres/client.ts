import { setImmediate as nextTurn } from "node:timers/promises";
import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import {
  type Address,
  type Connection,
  type Deadlines,
  openConnection,
  tookTooLong,
} from "./connection.ts";
import type { Database, Param, Query, TransactionOptions, Tx } from "./database.ts";
import { DatabaseAway, type Reachability } from "./reachability.ts";
import { currentTenant } from "./tenant.ts";

export interface DatabaseOptions {
  readonly address: Address;
  /** Sessions at the most; further callers wait in line, at most `maxWaiting` of them. */
  readonly connections?: number;
  readonly maxWaiting?: number;
  readonly deadlines?: Partial<Deadlines>;
  /** Told of each session that could, or could not, be opened. */
  readonly reachability?: Reachability;
}

export interface OpenDatabase extends Database {
  /** Waits for what is under way, at most its deadline, then closes every session. */
  stop(): Promise<void>;
}

interface Waiter {
  /** False when the waiter had given up; the connection is then still the pool's. */
  resolve(connection: Connection): boolean;
  reject(error: unknown): void;
}

/**
 * A pool of crash-only sessions. Each caller has one to itself; a session that met a lost connection, a shutdown or a deadline is
 * never used again. Opens sessions when asked, so a server that is down at the start is met by the first query, not here.
 */
export function createDatabase(options: DatabaseOptions): OpenDatabase {
  const deadlines: Deadlines = { connectMs: 5000, queryMs: 10_000, ...options.deadlines };
  const pool = new Pool(options, deadlines);
  const query = ((text: TemplateStringsArray, ...params: Param[]) =>
    pool.use((connection) => connection.run(text, ...params))) as Query;
  query.json = (value) => ({ json: value });
  return {
    name: options.address.database,
    query,
    transaction: (work, begins) =>
      pool.use((connection) => inTransaction(connection, { deadlines, ...begins }, work)),
    stop: () => pool.stop(),
  };
}

async function inTransaction<T>(
  connection: Connection,
  { deadlines, beginsWith }: { deadlines: Deadlines } & TransactionOptions,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  let open = true;
  const late = Promise.withResolvers<never>();
  // The session is destroyed, so the server rolls back whatever `work` had done on it; `work` itself may wait for something else.
  const timer = setTimeout(() => {
    open = false;
    connection.destroy();
    late.reject(tookTooLong());
  }, deadlines.queryMs);
  const tx = ((text: TemplateStringsArray, ...params: Param[]) => {
    if (!open) throw new Error("a statement was run after its transaction had ended");
    return connection.run(text, ...params);
  }) as unknown as Tx;
  const last: (() => Promise<unknown>)[] = [];
  const withCommit = (send: () => Promise<unknown>): void => void last.push(send);
  Object.assign(tx, { json: connection.run.json, transaction: true, withCommit });
  const steps = async (): Promise<T> => {
    const begun = connection.run`begin`;
    if (beginsWith !== "reads") await begun;
    const [, result] = await Promise.all([begun, work(tx)]);
    const sent = Promise.all(last.map((send) => send()));
    open = false;
    await commitBehind(sent, connection);
    return result;
  };
  try {
    return await Promise.race([late.promise, steps()]);
  } catch (error) {
    open = false;
    if (connection.alive) await connection.run`rollback`.catch(() => connection.destroy());
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Without waiting for the answers to what was sent: if the server refuses one of them, it makes a rollback of the commit behind it. */
async function commitBehind(sent: Promise<unknown>, connection: Connection): Promise<void> {
  // What could not even be sent, such as a value that is none, is known by the next turn.
  await Promise.race([sent, nextTurn()]);
  const [committed] = await Promise.all([connection.run`commit`, sent]);
  const { command } = committed as unknown as { readonly command: string };
  if (command === "ROLLBACK") throw new Error("a statement had failed: nothing was committed");
}

class Pool {
  readonly #address: Address;
  readonly #deadlines: Deadlines;
  readonly #reachability: Reachability | undefined;
  readonly #limits: { connections: number; maxWaiting: number };
  readonly #idle: Connection[] = [];
  readonly #waiting: Waiter[] = [];
  #open = 0;
  #stopped = false;
  #drained: (() => void) | null = null;

  constructor(options: DatabaseOptions, deadlines: Deadlines) {
    this.#address = options.address;
    this.#deadlines = deadlines;
    this.#reachability = options.reachability;
    this.#limits = {
      connections: options.connections ?? 8,
      maxWaiting: options.maxWaiting ?? 10_000,
    };
  }

  async use<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const tenant = currentTenant();
    const connection = await this.#take(tenant);
    try {
      await connection.actFor(tenant);
      return await work(connection);
    } finally {
      this.#give(connection);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const waiter of this.#waiting.splice(0)) waiter.reject(closed());
    for (const connection of this.#idle.splice(0)) this.#drop(connection);
    if (this.#open > 0)
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
  }

  async #take(tenant: Id | null): Promise<Connection> {
    if (this.#stopped) throw closed();
    for (let idle = this.#pick(tenant); idle; idle = this.#pick(tenant)) {
      if (idle.alive) return idle;
      this.#drop(idle);
    }
    if (this.#open < this.#limits.connections) return this.#connect();
    if (this.#waiting.length >= this.#limits.maxWaiting)
      throw new Fault(
        "unavailable",
        "The hub is too busy for another database request; try again.",
      );
    return this.#wait();
  }

  /** One that acts for the same customer is spared a statement. */
  #pick(tenant: Id | null): Connection | undefined {
    const same = this.#idle.findLastIndex((connection) => connection.tenant === tenant);
    return same === -1 ? this.#idle.pop() : this.#idle.splice(same, 1)[0];
  }

  #wait(): Promise<Connection> {
    return new Promise((resolve, reject) => {
      let settled = false;
      const settle = (): boolean => {
        if (settled) return false;
        clearTimeout(timer);
        settled = true;
        return true;
      };
      const waiter: Waiter = {
        resolve: (connection) => {
          if (!settle()) return false;
          resolve(connection);
          return true;
        },
        reject: (error) => {
          if (settle()) reject(error);
        },
      };
      const timer = setTimeout(() => {
        // Not in the line any more while a session is being opened for it.
        const place = this.#waiting.indexOf(waiter);
        if (place >= 0) this.#waiting.splice(place, 1);
        waiter.reject(
          new Fault("unavailable", "No database session became free in time; try again."),
        );
      }, this.#deadlines.queryMs);
      this.#waiting.push(waiter);
    });
  }

  async #connect(): Promise<Connection> {
    this.#open++;
    try {
      const connection = await openConnection(this.#address, this.#deadlines);
      this.#reachability?.reached(this.#address);
      return connection;
    } catch (error) {
      if (error instanceof DatabaseAway)
        this.#reachability?.lost(this.#address, error.cause ?? error);
      this.#closed();
      throw error;
    }
  }

  #give(connection: Connection): void {
    if (!connection.alive || this.#stopped) {
      this.#drop(connection);
      return;
    }
    const waiter = this.#waiting.shift();
    if (!waiter) this.#idle.push(connection);
    else if (!waiter.resolve(connection)) this.#give(connection);
  }

  #drop(connection: Connection): void {
    connection.destroy();
    this.#closed();
  }

  /** A session's place is free: hand it to who waits longest. */
  #closed(): void {
    this.#open--;
    if (this.#stopped && this.#open === 0) this.#drained?.();
    const waiter = this.#stopped ? undefined : this.#waiting.shift();
    if (!waiter) return;
    this.#connect().then((connection) => {
      if (!waiter.resolve(connection)) this.#give(connection);
    }, waiter.reject);
  }
}

const closed = (): Fault => new Fault("unavailable", "The hub is stopping.");
