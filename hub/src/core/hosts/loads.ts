import type { Id } from "@cloudphone/shared/ids";
import type { Heartbeat } from "@cloudphone/shared/link";
import type { Timer } from "../../platform/context.ts";
import type { Database, Query } from "../../platform/postgres/database.ts";

const bucketMs = 300_000;
const keptHours = 48;
const flushMs = 15_000;

type Beat = Pick<Heartbeat, "load1" | "freeMemoryMiB" | "running">;

interface Bucket {
  readonly hostId: Id;
  readonly at: string;
  readonly beats: number;
  readonly loadSum: number;
  readonly loadPeak: number;
  readonly freeLeast: number;
  readonly runningMost: number;
}

/** One point of a host's load: five minutes. */
export interface LoadPoint {
  /** When the five minutes began. */
  readonly at: string;
  /** Mean and largest of the one-minute load averages that the host told. */
  readonly load: number;
  readonly loadPeak: number;
  /** The least there was. */
  readonly freeMemoryMiB: number;
  /** The most phones that ran. */
  readonly running: number;
}

/** Folds a heartbeat into what was heard of those five minutes. Pure. */
export function withBeat(
  bucket: Bucket | undefined,
  beat: Beat,
  of: { hostId: Id; at: string },
): Bucket {
  const { load1, freeMemoryMiB, running } = beat;
  return {
    ...of,
    beats: (bucket?.beats ?? 0) + 1,
    loadSum: (bucket?.loadSum ?? 0) + load1,
    loadPeak: Math.max(bucket?.loadPeak ?? 0, load1),
    freeLeast: Math.min(bucket?.freeLeast ?? freeMemoryMiB, freeMemoryMiB),
    runningMost: Math.max(bucket?.runningMost ?? 0, running),
  };
}

/** How busy hosts were. Heartbeats are gathered in memory and written together, so that ten thousand hosts cost one statement in fifteen seconds. */
export function createLoads(database: Database, now: () => number) {
  const heard = new Map<string, Bucket>();
  const flush: Timer = {
    name: "core.hosts.loads",
    everyMs: flushMs,
    everyHub: true,
    async run() {
      const rows = [...heard.values()];
      heard.clear();
      if (rows.length > 0) await store(database.query, rows);
    },
  };
  const clean: Timer = {
    name: "core.hosts.loads.clean",
    everyMs: 3_600_000,
    async run() {
      await database.query`
        delete from host_loads where at < clock_timestamp() - ${keptHours} * interval '1 hour'`;
    },
  };
  return {
    timers: [flush, clean],
    note(hostId: Id, beat: Beat): void {
      const at = new Date(Math.floor(now() / bucketMs) * bucketMs).toISOString();
      const key = `${hostId} ${at}`;
      heard.set(key, withBeat(heard.get(key), beat, { hostId, at }));
    },
    /** Oldest first; at most twelve an hour. Where nothing was heard there is no point. */
    async list(hostId: Id, hours: number): Promise<LoadPoint[]> {
      const rows = await database.query<Omit<LoadPoint, "at"> & { at: Date }>`
        select at, load_sum / beats as load, load_peak as "loadPeak", free_memory_mib_least as "freeMemoryMiB", running_most as running
        from host_loads where host_id = ${hostId} and at > clock_timestamp() - ${Math.min(hours, keptHours)} * interval '1 hour'
        order by at`;
      return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
    },
  };
}
export type HostLoads = ReturnType<typeof createLoads>;

/** What is there of the same five minutes is added to: it may have been written before, or by another hub. */
async function store(query: Query, rows: readonly Bucket[]): Promise<void> {
  await query`
    insert into host_loads as l (host_id, at, beats, load_sum, load_peak, free_memory_mib_least, running_most)
    select "hostId", at, beats, "loadSum", "loadPeak", "freeLeast", "runningMost"
    from jsonb_to_recordset(${query.json(rows)}) as r("hostId" uuid, at timestamptz, beats int, "loadSum" float8, "loadPeak" float8,
      "freeLeast" float8, "runningMost" int)
    on conflict (host_id, at) do update set beats = l.beats + excluded.beats, load_sum = l.load_sum + excluded.load_sum,
      load_peak = greatest(l.load_peak, excluded.load_peak),
      free_memory_mib_least = least(l.free_memory_mib_least, excluded.free_memory_mib_least),
      running_most = greatest(l.running_most, excluded.running_most)`;
}
