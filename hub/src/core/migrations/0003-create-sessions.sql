-- Who reached into which phone, when, under which lease. A row is open from the request until the relay has let go of both ends.
create table sessions (
  id uuid primary key,
  device_id uuid not null references devices (id),
  host_id uuid not null,
  user_id uuid not null,
  -- null: staff, on a phone that nobody has
  lease_id uuid references leases (id),
  token bigint not null,
  purpose text not null,
  staff boolean not null,
  command_id uuid not null unique,
  opened_at timestamptz not null default clock_timestamp(),
  -- when both ends were there
  connected_at timestamptz,
  closed_at timestamptz,
  close_reason text,
  close_text text,
  bytes_to_device bigint not null default 0,
  bytes_from_device bigint not null default 0
);

create index sessions_open on sessions (user_id) where closed_at is null;
create index sessions_open_device on sessions (device_id) where closed_at is null;
create index sessions_user on sessions (user_id, opened_at desc);
