/**
 * What the rest of the hub knows of PostgreSQL. Only this folder imports the driver.
 *
 * Values come back as: int8 → number, timestamptz → Date, json/jsonb → parsed, uuid/text/numeric → string.
 */

// biome-ignore format: one union to a line reads better
export type Param = string | number | boolean | null | Date | Uint8Array | readonly string[] | readonly (number | null)[] | JsonParam;

/** Made by `tx.json(value)`: sent as jsonb. Batches go through `jsonb_to_recordset(${tx.json(rows)})`. */
export interface JsonParam {
  readonly json: unknown;
}

export type Rows<R> = R[] & { readonly count: number };

/** A tagged template that runs one statement; every `${}` is a bound parameter, so nothing can be injected. */
export interface Query {
  <R extends object = Record<string, unknown>>(
    text: TemplateStringsArray,
    ...params: Param[]
  ): Promise<Rows<R>>;
  json(value: unknown): Param;
}

/** A `Query` inside a transaction. Inside one, nothing but this handle may be used (a second connection can dead-lock). */
export interface Tx extends Query {
  readonly transaction: true;
  /**
   * What nothing in the transaction waits for is sent together with its commit, in one round trip. `send` sends all its statements before it waits for anything;
   * they run in the order of these calls, and if one fails nothing is committed.
   */
  withCommit(send: () => Promise<unknown>): void;
}

export interface TransactionOptions {
  /**
   * What `work` sends before it waits for anything only reads and locks: it travels with the `begin`, a round trip less. Were the `begin` cancelled, it would be
   * done outside a transaction, and nothing behind it would.
   */
  readonly beginsWith?: "reads";
}

export interface Database {
  readonly name: string;
  /** One statement by itself. Has a deadline; rejects with Fault `unavailable` when the server can't be reached in time. */
  readonly query: Query;
  /**
   * Runs `work` in one transaction (read committed): commits when it resolves, rolls back when it rejects. NOT retried:
   * after a lost connection the outcome is unknown, and only the caller knows whether its work is keyed. Deadline 10 s.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>, options?: TransactionOptions): Promise<T>;
}
