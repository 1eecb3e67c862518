-- A projection of session.open.requested and session.measured: may be thrown away and rebuilt from the log at any time.
create table screen_sessions (
  session_id uuid primary key,
  device_id uuid not null,
  user_id uuid not null,
  -- on which it was asked for, UTC
  day date not null,
  -- null, and the rest with it: its viewer has not said how it went
  path text,
  first_frame_ms double precision,
  frames_decoded bigint,
  frames_dropped bigint,
  freezes bigint,
  rtt_p50_ms double precision,
  rtt_p95_ms double precision,
  delay_p50_ms double precision,
  delay_p95_ms double precision
);

create index screen_sessions_day on screen_sessions (day);
create index screen_sessions_user on screen_sessions (user_id, day);
