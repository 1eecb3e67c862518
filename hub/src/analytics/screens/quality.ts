import type { Id } from "@cloudphone/shared/ids";
import type { Consumer } from "../../platform/context.ts";
import type { Query } from "../../platform/postgres/database.ts";

/** One row for each live screen that was asked for, and how it went for its viewer once the host has said so. */
export const screenSessions: Consumer = {
  name: "analytics.screen-sessions",
  tables: ["screen_sessions"],
  on: {
    "session.open.requested": async ({ data, occurredAt }, { tx }) => {
      if (data.purpose !== "screen") return;
      await tx`
        insert into screen_sessions (session_id, device_id, user_id, day)
        values (${data.sessionId}, ${data.deviceId}, ${data.userId}, ${occurredAt.slice(0, 10)}::date)
        on conflict do nothing`;
    },
    "session.measured": async ({ data }, { tx }) => {
      const { path, firstFrameMs, framesDecoded, framesDropped, freezes, rttMs, delayMs } =
        data.quality;
      await tx`
        update screen_sessions set path = ${path}, first_frame_ms = ${firstFrameMs}, frames_decoded = ${framesDecoded},
          frames_dropped = ${framesDropped}, freezes = ${freezes}, rtt_p50_ms = ${rttMs?.p50 ?? null},
          rtt_p95_ms = ${rttMs?.p95 ?? null}, delay_p50_ms = ${delayMs?.p50 ?? null}, delay_p95_ms = ${delayMs?.p95 ?? null}
        where session_id = ${data.sessionId} and device_id = ${data.deviceId}`;
    },
  },
};

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
