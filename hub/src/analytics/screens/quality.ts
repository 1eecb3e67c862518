import type { RecordedEvent } from "@cloudphone/shared/events/catalog";
import type { Id } from "@cloudphone/shared/ids";
import type { Query } from "../../platform/postgres/database.ts";
import { projection } from "../../platform/projections/projection.ts";
import { dayOf } from "../days.ts";

/** One row for each live screen that was asked for, and how it went for its viewer once the host has said so. */
export const screenSessions = projection({
  name: "analytics.screen-sessions",
  tables: ["screen_sessions"],
  of: ["session.open.requested", "session.measured"],
  async fold(tx, events) {
    const asked = events.flatMap((event) =>
      event.type === "session.open.requested" && event.data.purpose === "screen"
        ? [{ ...event.data, day: dayOf(event.occurredAt) }]
        : [],
    );
    if (asked.length > 0)
      await tx`
        insert into screen_sessions (session_id, device_id, user_id, day)
        select * from jsonb_to_recordset(${tx.json(asked)}) as s("sessionId" uuid, "deviceId" uuid, "userId" uuid, day date)
        on conflict do nothing`;
    // How it went is said after it was asked for, and the last word counts.
    const measured = new Map(
      events.flatMap((event) =>
        event.type === "session.measured"
          ? [[`${event.data.sessionId} ${event.data.deviceId}`, event.data] as const]
          : [],
      ),
    );
    if (measured.size > 0) await measure(tx, [...measured.values()]);
  },
});

async function measure(
  tx: Query,
  measured: readonly RecordedEvent<"session.measured">["data"][],
): Promise<void> {
  const rows = measured.map(({ sessionId, deviceId, quality }) => ({
    ...{ ...quality, sessionId, deviceId },
    ...{ rttP50: quality.rttMs?.p50, rttP95: quality.rttMs?.p95 },
    ...{ delayP50: quality.delayMs?.p50, delayP95: quality.delayMs?.p95 },
  }));
  await tx`
    update screen_sessions s set path = m.path, first_frame_ms = m."firstFrameMs", frames_decoded = m."framesDecoded",
      frames_dropped = m."framesDropped", freezes = m.freezes, rtt_p50_ms = m."rttP50", rtt_p95_ms = m."rttP95",
      delay_p50_ms = m."delayP50", delay_p95_ms = m."delayP95"
    from jsonb_to_recordset(${tx.json(rows)}) as m("sessionId" uuid, "deviceId" uuid, path text, "firstFrameMs" float8,
      "framesDecoded" bigint, "framesDropped" bigint, freezes bigint, "rttP50" float8, "rttP95" float8, "delayP50" float8, "delayP95" float8)
    where s.session_id = m."sessionId" and s.device_id = m."deviceId"`;
}

export interface ScreenDay {
  /** UTC, YYYY-MM-DD. */
  readonly day: string;
  /** Live screens asked for. */
  readonly sessions: number;
  /** Those of them whose viewer has said how it went; all that follows is of these. */
  readonly measured: number;
  readonly direct: number;
  readonly turn: number;
  readonly relay: number;
  /** Milliseconds from the wish to see to the first picture, over the sessions; null when none had one. */
  readonly firstFrameP50Ms: number | null;
  readonly firstFrameP95Ms: number | null;
  /** Pictures dropped, as a share of all that came; null when none did. */
  readonly droppedShare: number | null;
  readonly freezes: number;
  /** The middle one of the sessions' own 95th percentiles: of the round trip, and of the way, the jitter buffer and the decoder together. */
  readonly rttP95Ms: number | null;
  readonly delayP95Ms: number | null;
}

export interface ScreenDayFilter {
  readonly userId: Id | null;
  readonly deviceId: Id | null;
  readonly limit: number;
}

/** Newest first. */
export const listScreenDays = (
  query: Query,
  { userId, deviceId, limit }: ScreenDayFilter,
): Promise<ScreenDay[]> => query<ScreenDay>`
  select to_char(day, 'YYYY-MM-DD') as day, count(*) as sessions, count(path) as measured,
    count(*) filter (where path = 'direct') as direct, count(*) filter (where path = 'turn') as turn,
    count(*) filter (where path = 'relay') as relay,
    percentile_cont(0.5) within group (order by first_frame_ms) as "firstFrameP50Ms",
    percentile_cont(0.95) within group (order by first_frame_ms) as "firstFrameP95Ms",
    (sum(frames_dropped) / nullif(sum(frames_decoded + frames_dropped), 0))::double precision as "droppedShare",
    coalesce(sum(freezes), 0)::bigint as freezes,
    percentile_cont(0.5) within group (order by rtt_p95_ms) as "rttP95Ms",
    percentile_cont(0.5) within group (order by delay_p95_ms) as "delayP95Ms"
  from screen_sessions
  where (${userId}::uuid is null or user_id = ${userId}) and (${deviceId}::uuid is null or device_id = ${deviceId})
  group by screen_sessions.day order by screen_sessions.day desc limit ${limit}`;
