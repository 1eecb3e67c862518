import { isIPv6 } from "node:net";
import type { Database } from "../postgres/database.ts";
import type { Timer } from "../context.ts";
import type { Caller } from "./trpc.ts";

/** So many calls in so many seconds. */
export interface RateWindow {
  readonly calls: number;
  readonly seconds: number;
}

/** How a caller stands in one window after a call. */
export interface WindowStanding extends RateWindow {
  readonly remaining: number;
  /** Until the window ends. */
  readonly secondsLeft: number;
}

export interface Standing {
  readonly allowed: boolean;
  readonly windows: readonly WindowStanding[];
}

interface Waiting {
  readonly caller: string;
  readonly calls: number;
  readonly resolve: (standing: Standing) => void;
  readonly reject: (error: unknown) => void;
}

interface CountRow {
  caller: string;
  seconds: number;
  calls: number;
  window_start: number;
  seconds_left: number;
}

const rememberedCallers = 10_000;

/**
 * Counts calls per caller in several windows at once; all hubs on one database count together. Windows lie on the database's clock, the same for everyone. A call that
 * is refused counts nowhere. One statement counts what came while the last one was under way, so that a flood takes one connection and not the
 * pool; whoever has used a window up is refused from memory until it ends. Rejects with `unavailable` when the database can't be reached.
 */
export class RateLimiter {
  readonly #database: Database;
  readonly #windows: readonly RateWindow[];
  readonly #monoMs: () => number;
  readonly #spent = new Map<string, { standing: Standing; atMs: number }>();
  #waiting: Waiting[] = [];
  #settling = false;

  constructor(
    database: Database,
    windows: readonly RateWindow[],
    monoMs: () => number = () => performance.now(),
  ) {
    this.#database = database;
    this.#windows = windows;
    this.#monoMs = monoMs;
  }

  async count(caller: string, calls: number): Promise<Standing> {
    const spent = this.#spent.get(caller);
    if (spent) {
      const standing = later(spent.standing, (this.#monoMs() - spent.atMs) / 1000);
      if (standing.windows.some(isUsedUp)) return standing;
      this.#spent.delete(caller);
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ caller, calls, resolve, reject });
      if (!this.#settling) void this.#settleAll();
    });
  }

  async #settleAll(): Promise<void> {
    this.#settling = true;
    while (this.#waiting.length > 0) {
      const waiting = this.#waiting;
      this.#waiting = [];
      try {
        await this.#settle(waiting);
      } catch (error) {
        for (const { reject } of waiting) reject(error);
      }
    }
    this.#settling = false;
  }

  async #settle(waiting: readonly Waiting[]): Promise<void> {
    const byCaller = Map.groupBy(waiting, ({ caller }) => caller);
    const asked = [...byCaller].map(([caller, group]) => ({ caller, calls: sumOf(group) }));
    const rows = Map.groupBy(await this.#add(asked), ({ caller }) => caller);
    const returned: CountRow[] = [];
    for (const [caller, group] of byCaller) {
      const counted = rows.get(caller) ?? [];
      const refused = this.#answer(group, counted);
      if (refused > 0) returned.push(...counted.map((row) => ({ ...row, calls: refused })));
    }
    if (returned.length > 0) await this.#giveBack(returned);
  }

  /** Answers one caller's calls in their order; gives how many were refused. */
  #answer(group: readonly Waiting[], counted: readonly CountRow[]): number {
    const all = sumOf(group);
    let granted = 0;
    for (const { caller, calls, resolve } of group) {
      const used = (row: CountRow): number => row.calls - all + granted;
      const allowed = counted.every((row) => used(row) + calls <= this.#limitOf(row));
      if (allowed) granted += calls;
      const windows = counted.map((row) => ({
        calls: this.#limitOf(row),
        seconds: row.seconds,
        remaining: Math.max(0, this.#limitOf(row) - used(row)),
        secondsLeft: row.seconds_left,
      }));
      if (!allowed) this.#remember(caller, { allowed, windows });
      resolve({ allowed, windows });
    }
    return all - granted;
  }

  #limitOf({ seconds }: CountRow): number {
    return this.#windows.find((window) => window.seconds === seconds)?.calls ?? 0;
  }

  #remember(caller: string, standing: Standing): void {
    if (!standing.windows.some(isUsedUp)) return;
    this.#spent.set(caller, { standing, atMs: this.#monoMs() });
    const [oldest] = this.#spent.keys();
    if (this.#spent.size > rememberedCallers && oldest !== undefined) this.#spent.delete(oldest);
  }

  /** Every hub takes the rows in the same order, so that none waits for another in a circle. */
  #add(asked: readonly { caller: string; calls: number }[]): Promise<CountRow[]> {
    const { query } = this.#database;
    const counts = asked.flatMap(({ caller, calls }) =>
      this.#windows.map(({ seconds }) => ({ caller, seconds, calls })),
    );
    return query<CountRow>`
      insert into rate_limits as r (caller, seconds, window_start, calls)
      select c.caller, c.seconds, floor(extract(epoch from statement_timestamp()) / c.seconds), c.calls
      from jsonb_to_recordset(${query.json(counts)}) as c(caller text, seconds int, calls int)
      order by c.caller, c.seconds
      on conflict (caller, seconds) do update set
        calls = excluded.calls + case when r.window_start = excluded.window_start then r.calls else 0 end,
        window_start = excluded.window_start
      returning caller, seconds, calls, window_start,
        ((window_start + 1) * seconds - extract(epoch from statement_timestamp()))::float8 as seconds_left`;
  }

  async #giveBack(rows: readonly CountRow[]): Promise<void> {
    const { query } = this.#database;
    await query`
      update rate_limits r set calls = r.calls - g.calls
      from jsonb_to_recordset(${query.json(rows)}) as g(caller text, seconds int, window_start bigint, calls int)
      where r.caller = g.caller and r.seconds = g.seconds and r.window_start = g.window_start`;
  }
}

const sumOf = (group: readonly { calls: number }[]): number =>
  group.reduce((sum, { calls }) => sum + calls, 0);

const isUsedUp = ({ remaining, secondsLeft }: WindowStanding): boolean =>
  remaining === 0 && secondsLeft > 0;

/** The same standing some seconds later; a window that ended is whole again. */
const later = ({ allowed, windows }: Standing, seconds: number): Standing => ({
  allowed,
  windows: windows.map((window) => {
    const secondsLeft = window.secondsLeft - seconds;
    return { ...window, secondsLeft, remaining: secondsLeft > 0 ? window.remaining : window.calls };
  }),
});

/** Takes away what windows that ended counted; rows in use are left to the next round. */
export const rateLimitCleaning = (database: Database): Timer => ({
  name: "core.rate-limits",
  everyMs: 60_000,
  async run() {
    await database.query`
      delete from rate_limits where (caller, seconds) in (
        select caller, seconds from rate_limits
        where (window_start + 1) * seconds < extract(epoch from clock_timestamp()) for update skip locked)`;
  },
});

/** What a caller's calls are counted under: the API key or the person, before that the address (of IPv6 the /64, which is one customer's). */
export function countedAs(caller: Caller | null, address: string): string {
  if (caller?.key) return `key:${caller.key.id}`;
  if (caller) return `user:${caller.userId}`;
  const plain = address.replace(/^::ffff:(?=[\d.]+$)/i, "");
  return `address:${isIPv6(plain) ? prefixOf(plain) : plain}`;
}

function prefixOf(address: string): string {
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  const rest = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? [] : Array<string>(8 - groups.length - rest.length).fill("0");
  return `${[...groups, ...zeros, ...rest].slice(0, 4).join(":")}::/64`;
}

/** `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10), and `Retry-After` for a refusal. */
export function rateHeaders({ allowed, windows }: Standing): Record<string, string> {
  const name = ({ seconds }: RateWindow): string => `"${seconds}s"`;
  const wait = Math.max(
    1,
    ...windows.filter(isUsedUp).map(({ secondsLeft }) => Math.ceil(secondsLeft)),
  );
  return {
    "ratelimit-policy": windows
      .map((window) => `${name(window)};q=${window.calls};w=${window.seconds}`)
      .join(", "),
    ratelimit: windows
      .map(
        (window) =>
          `${name(window)};r=${window.remaining};t=${Math.max(0, Math.ceil(window.secondsLeft))}`,
      )
      .join(", "),
    ...(allowed ? {} : { "retry-after": String(wait) }),
  };
}
