-- How busy each host was, five minutes a row: telemetry, of which the last seconds before a hub's end may be missing. Rows older than two days are taken away.
create table host_loads (
  host_id uuid not null,
  at timestamptz not null,
  beats int not null,
  -- sum over the beats
  load_sum double precision not null,
  load_peak double precision not null,
  free_memory_mib_least double precision not null,
  running_most int not null,
  primary key (host_id, at)
);

create index host_loads_old on host_loads (at);
