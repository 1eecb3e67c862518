import type { RecordedEnvelope } from "@cloudphone/shared/envelope";
import type { Database } from "../postgres/database.ts";
import { ArchivedEvents } from "./archive/archives.ts";
import type { EventLog, LogPage, ReadOptions } from "./event-log.ts";
import { type EventRow, toEvent } from "./event-row.ts";

type Reading = Pick<
  EventLog,
  "page" | "read" | "readBack" | "readArchivedBack" | "find" | "correlated" | "head" | "horizon"
>;

/** The reading side of the log: its table, and what has left that for files. */
export function readLog(database: Database, archiveDir: string | null): Reading {
  const archived = new ArchivedEvents(database, archiveDir);
  const page = async (options: ReadOptions): Promise<LogPage> => {
    const { after, limit } = options;
    const { events, head, horizon } = await readTable(database, options);
    if (after < horizon) return archived.page(options, horizon);
    const more = events.length === limit;
    return { events, to: more ? (events.at(-1)?.position ?? after) : Math.max(head, after), more };
  };
  return {
    page,
    async read(options) {
      const found: RecordedEnvelope[] = [];
      for (let { after } = options; ; ) {
        const { events, to, more } = await page({
          ...options,
          after,
          limit: options.limit - found.length,
        });
        found.push(...events);
        if (!more || found.length >= options.limit) return found;
        after = to;
      }
    },
    async readBack({ before, limit, types, subject, correlationId, since, until }) {
      const rows = await database.query<EventRow>`
        select * from events where position > (select horizon from log_head) and (${before}::bigint is null or position < ${before})
          and (${types ? [...types] : null}::text[] is null or type = any(${types ? [...types] : null}::text[]))
          and (${subject ?? null}::text is null or subject = ${subject ?? null})
          and (${correlationId ?? null}::uuid is null or correlation_id = ${correlationId ?? null})
          and (${since ?? null}::timestamptz is null or recorded_at >= ${since ?? null}::timestamptz)
          and (${until ?? null}::timestamptz is null or recorded_at < ${until ?? null}::timestamptz)
        order by position desc limit ${limit}`;
      return rows.map(toEvent);
    },
    readArchivedBack: (options) =>
      archived.back({ ...options, before: options.before ?? Number.MAX_SAFE_INTEGER }),
    async find(id) {
      const [row] = await database.query<EventRow>`select * from events where id = ${id} limit 1`;
      return row ? toEvent(row) : null;
    },
    async correlated(correlationIds, limit) {
      const rows = await database.query<EventRow>`
        select * from events where correlation_id = any(${correlationIds}::uuid[]) order by position limit ${limit}`;
      return rows.map(toEvent);
    },
    async head() {
      const [row] = await database.query<{ position: number }>`select position from log_head`;
      return row?.position ?? 0;
    },
    async horizon() {
      const [row] = await database.query<{ horizon: number }>`select horizon from log_head`;
      return row?.horizon ?? 0;
    },
  };
}

/** A page of what is in the table, with the ends of that as they were when it was read: by itself it can't tell a hole from events that don't match. */
async function readTable(
  database: Database,
  { after, limit, types, subject, correlationId }: ReadOptions,
): Promise<{ events: RecordedEnvelope[]; head: number; horizon: number }> {
  const rows = await database.query<(EventRow | { position: null }) & Ends>`
    select h.position as head, h.horizon, e.* from log_head h left join lateral (
      select * from events where position > ${after}
        and (${types ? [...types] : null}::text[] is null or type = any(${types ? [...types] : null}::text[]))
        and (${subject ?? null}::text is null or subject = ${subject ?? null})
        and (${correlationId ?? null}::uuid is null or correlation_id = ${correlationId ?? null})
      order by position limit ${limit}) e on true order by e.position`;
  const { head = 0, horizon = 0 } = rows[0] ?? {};
  return {
    events: rows.flatMap((row) => (row.position === null ? [] : toEvent(row))),
    head,
    horizon,
  };
}

interface Ends {
  readonly head: number;
  readonly horizon: number;
}
