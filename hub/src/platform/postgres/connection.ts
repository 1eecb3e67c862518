import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import postgres from "postgres";
import type { JsonParam, Param, Query, Rows } from "./database.ts";
import { DatabaseAway } from "./reachability.ts";

/** Where one database is and who opens it. A host that begins with "/" is the folder of a Unix socket. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password?: string;
  readonly database: string;
  readonly tls?: boolean;
}

export interface Deadlines {
  readonly connectMs: number;
  /** For one statement, and for a whole transaction. */
  readonly queryMs: number;
}

/**
 * One PostgreSQL session, used by one caller at a time and thrown away at the first sign of trouble. The driver's own
 * reconnecting is never used: it can go on with an old transaction's statements on a new session (docs/decisions/0002-postgres-driver.md).
 */
export interface Connection {
  readonly run: Query;
  /** False once the session is lost; every later `run` rejects at once. */
  readonly alive: boolean;
  /** For which customer its statements are; null: none in particular. */
  readonly tenant: Id | null;
  /** To be told before each use (tenant.ts). */
  actFor(tenant: Id | null): Promise<void>;
  destroy(): void;
}

// The SQLSTATE classes after which a session is not trusted again: connection, operator intervention, resources, internal.
const fatalStates = /^(08|57|53|XX)/;

export async function openConnection(address: Address, deadlines: Deadlines): Promise<Connection> {
  let lost: Error | null = null;
  const sql = openDriver(address, deadlines, () => {
    lost ??= new DatabaseAway("The connection to PostgreSQL was lost.");
  });
  const destroy = (): void => {
    lost ??= new DatabaseAway("The connection to PostgreSQL was closed.");
    sql.end({ timeout: 0 }).catch(() => undefined);
  };
  let reserved: postgres.ReservedSql;
  try {
    reserved = await withDeadline(sql.reserve(), deadlines.connectMs, "PostgreSQL did not answer");
  } catch (error) {
    destroy();
    throw new DatabaseAway(`PostgreSQL database ${address.database} could not be reached.`, {
      cause: error,
    });
  }
  const execute = async (text: TemplateStringsArray, params: Param[]): Promise<Rows<object>> => {
    if (lost) throw lost;
    const bound = params.map((param) => boundTo(sql, param));
    try {
      return (await withDeadline(
        reserved(text, ...(bound as never[])),
        deadlines.queryMs,
        "PostgreSQL did not answer in time",
      )) as unknown as Rows<object>;
    } catch (error) {
      const state = error instanceof postgres.PostgresError ? error.code : null;
      if (state !== null && !fatalStates.test(state)) throw error;
      destroy();
      if (error instanceof Fault) throw error;
      if (state === "57014") throw tookTooLong(error);
      throw new DatabaseAway("The connection to PostgreSQL was lost.", { cause: error });
    }
  };
  const run = ((text, ...params) => execute(text, params)) as Query;
  run.json = (value) => ({ json: value }) satisfies JsonParam;
  let acting: Id | null = null;
  return {
    run,
    get alive() {
      return lost === null;
    },
    get tenant() {
      return acting;
    },
    async actFor(tenant) {
      if (tenant === acting) return;
      try {
        await run`select set_config('cloudphone.tenant', ${tenant ?? ""}, false)`;
        acting = tenant;
      } catch (error) {
        // Nobody must use it as somebody else.
        destroy();
        throw error;
      }
    },
    destroy,
  };
}

/** `onLost` is called in the very tick in which the socket closes, before any waiting statement could go on. */
function openDriver(address: Address, deadlines: Deadlines, onLost: () => void): postgres.Sql {
  return postgres({
    host: address.host,
    port: address.port,
    user: address.user,
    database: address.database,
    max: 1,
    // Needed twice over: arrays are parsed by it, and without it the driver never answers a first `reserve`.
    fetch_types: true,
    connect_timeout: Math.ceil(deadlines.connectMs / 1000),
    ssl: address.tls ? "require" : false,
    ...(address.password === undefined ? {} : { password: address.password }),
    connection: {
      application_name: "cloudphone-hub",
      statement_timeout: deadlines.queryMs,
      idle_in_transaction_session_timeout: deadlines.queryMs * 2,
    },
    types: { int8: { to: 20, from: [20], parse: Number, serialize: String } },
    onnotice: () => undefined,
    onclose: onLost,
  }) as unknown as postgres.Sql;
}

function boundTo(sql: postgres.Sql, param: Param) {
  if (isJson(param)) return sql.json(param.json as never);
  return isList(param) ? arrayLiteral(param) : param;
}

const isList = (param: Param): param is readonly string[] | readonly (number | null)[] =>
  Array.isArray(param);

const odd = /["\\]/;
const everyOdd = /["\\]/g;

/** As PostgreSQL writes an array (manual, 8.15.6). The driver's own way of it takes several times as long, which a batch of a thousand rows feels. */
function arrayLiteral(list: readonly (string | number | null)[]): string {
  const items = list.map((item) => {
    if (item === null) return "null";
    if (typeof item === "number") return String(item);
    return odd.test(item) ? `"${item.replace(everyOdd, "\\$&")}"` : `"${item}"`;
  });
  return `{${items.join(",")}}`;
}

const isJson = (param: Param): param is JsonParam =>
  typeof param === "object" && param !== null && "json" in param;

/** For a statement that its deadline ended (SQLSTATE 57014 is what statement_timeout reports), or a transaction. */
export const tookTooLong = (cause?: unknown): Fault =>
  new Fault("unavailable", "The database took too long to answer; try again.", { cause });

/** Rejects with `unavailable` when `work` takes longer; `work` itself goes on and its late answer is dropped. */
export function withDeadline<T>(work: PromiseLike<T>, ms: number, what: string): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Fault("unavailable", `${what} (${ms} ms).`)), ms);
    work.then(resolve, reject).then(
      () => clearTimeout(timer),
      () => clearTimeout(timer),
    );
  });
}

/** True for a refusal of a constraint; `constraint` narrows it to one by name. */
export function isConstraintError(error: unknown, constraint?: string): boolean {
  return (
    error instanceof postgres.PostgresError &&
    error.code.startsWith("23") &&
    (constraint === undefined || error.constraint_name === constraint)
  );
}
