import { Fault } from "@cloudphone/shared/fault";
import { createDatabase, type OpenDatabase } from "./client.ts";
import type { Address } from "./connection.ts";
import type { Query } from "./database.ts";
import type { Reachability } from "./reachability.ts";

export const databaseNames = ["events", "core", "billing", "analytics"] as const;
export type DatabaseName = (typeof databaseNames)[number];
export type Databases = Record<DatabaseName, OpenDatabase>;

/**
 * Makes what is missing of the four databases on a server we administer: each is owned by a login role of its own, and no role may
 * connect to another's. Returns where each is. Runs again without harm.
 */
export async function provision(
  server: Address,
  passwords: Partial<Record<DatabaseName, string>> = {},
): Promise<Record<DatabaseName, Address>> {
  const admin = createDatabase({ address: server, connections: 1 });
  try {
    for (const name of databaseNames) await provisionOne(admin.query, name, passwords[name]);
    await statement(admin.query, "revoke connect on database postgres from public");
  } finally {
    await admin.stop();
  }
  return Object.fromEntries(
    databaseNames.map((name) => {
      const full = `cloudphone_${name}`;
      const password = passwords[name];
      return [name, { ...server, user: full, database: full, ...(password ? { password } : {}) }];
    }),
  ) as Record<DatabaseName, Address>;
}

async function provisionOne(
  query: Query,
  name: DatabaseName,
  password: string | undefined,
): Promise<void> {
  const full = `cloudphone_${name}`;
  if (password !== undefined && !/^[\w-]{16,}$/.test(password))
    throw new Fault("bad_input", "A database password must be 16 or more letters and digits.");
  const login = password === undefined ? "login" : `login password '${password}'`;
  const [role] = await query`select 1 as found from pg_roles where rolname = ${full}`;
  await statement(query, role ? `alter role ${full} ${login}` : `create role ${full} ${login}`);
  const [database] = await query`select 1 as found from pg_database where datname = ${full}`;
  if (!database) await statement(query, `create database ${full} owner ${full}`);
  await statement(query, `revoke connect, temporary on database ${full} from public`);
}

// Role and database names can't be bound parameters; all that comes here is made of constants above.
const statement = (query: Query, text: string): Promise<unknown> =>
  query(Object.assign([text], { raw: [text] }));

/** Reads postgres://user:password@host:port/database[?sslmode=require]. */
export function parseDatabaseUrl(url: string): Address {
  const parsed = URL.parse(url);
  if (!parsed || !/^postgres(ql)?:$/.test(parsed.protocol) || parsed.pathname.length < 2)
    throw new Fault(
      "bad_input",
      "A database URL reads postgres://user:password@host:5432/database.",
    );
  return {
    host: parsed.searchParams.get("host") ?? parsed.hostname,
    port: Number(parsed.port || 5432),
    user: decodeURIComponent(parsed.username),
    password: decodeURIComponent(parsed.password),
    database: decodeURIComponent(parsed.pathname.slice(1)),
    tls: parsed.searchParams.get("sslmode") === "require",
  };
}

export function openDatabases(
  addresses: Record<DatabaseName, Address>,
  reachability?: Reachability,
): Databases {
  return Object.fromEntries(
    databaseNames.map((name) => [
      name,
      createDatabase({ address: addresses[name], ...(reachability ? { reachability } : {}) }),
    ]),
  ) as Databases;
}

export async function closeDatabases(databases: Databases): Promise<void> {
  await Promise.all(databaseNames.map((name) => databases[name].stop()));
}
