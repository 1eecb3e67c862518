-- A film of a phone's screen that its host keeps by its operator's policy. The row goes when the host has deleted the film.
create table recordings (
  id uuid primary key,
  device_id uuid not null references devices (id),
  host_id uuid not null,
  -- null: nobody had the phone when it began
  lease_id uuid references leases (id),
  started_at timestamptz not null,
  seconds double precision not null,
  bytes bigint not null
);

create index recordings_started on recordings (started_at desc);
create index recordings_device on recordings (device_id, started_at desc);
