import type { RunningConsumer } from "../run-context.ts";
import type { Database } from "../postgres/database.ts";

export interface ReadinessDeps {
  readonly databases: readonly Database[];
  readonly brokerUp: () => boolean;
  readonly consumers: () => readonly Pick<RunningConsumer, "name" | "silentMs">[];
}

export interface Readiness {
  readonly ready: boolean;
  readonly checks: readonly {
    readonly name: string;
    readonly ok: boolean;
    readonly says: string;
  }[];
}

const databaseMs = 2000;
/** A consumer that is well looks at the log each second; one batch may take a transaction's whole deadline. */
const stuckMs = 30_000;

/** Whether this hub can do its work now. What it says may be read by anybody, so it names no address and no cause. */
export async function readiness(deps: ReadinessDeps): Promise<Readiness> {
  const databases = await Promise.all(
    deps.databases.map(async (database) => {
      const ok = await answers(database);
      return { name: `database ${database.name}`, ok, says: ok ? "answers" : "does not answer" };
    }),
  );
  const up = deps.brokerUp();
  const stuck = deps.consumers().filter(({ silentMs }) => silentMs > stuckMs);
  const checks = [
    ...databases,
    { name: "broker", ok: up, says: up ? "listens" : "does not listen" },
    {
      name: "consumers",
      ok: stuck.length === 0,
      says:
        stuck.length === 0
          ? "follow the log"
          : `can't go on: ${stuck.map(({ name }) => name).join(", ")}`,
    },
  ];
  return { ready: checks.every(({ ok }) => ok), checks };
}

async function answers(database: Database): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(() => resolve(false), databaseMs);
  const asked = database.query`select 1`.then(
    () => true,
    () => false,
  );
  return Promise.race([asked, late]).finally(() => clearTimeout(timer));
}
