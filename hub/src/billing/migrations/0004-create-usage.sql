-- One row per run of a leased device. duration_ms is set when it closes and then only grows; rated_ms is how much of it was billed.
create table usage_records (
  run_id uuid primary key,
  device_id uuid not null,
  host_id text,
  epoch text,
  lease_id uuid not null,
  token bigint not null,
  order_id uuid not null,
  user_id uuid not null,
  started_at timestamptz not null,
  confirmed_ms bigint not null,
  duration_ms bigint,
  closed_by text check (closed_by in ('host', 'estimate')),
  reason text,
  rated_ms bigint,
  included_ms bigint not null default 0,
  amount_minor bigint not null default 0,
  opened_at timestamptz not null default clock_timestamp(),
  closed_at timestamptz,
  check ((duration_ms is null) = (closed_by is null))
);

create index usage_records_order on usage_records (order_id);
create index usage_records_user on usage_records (user_id, started_at desc);
create index usage_records_open on usage_records (host_id) where duration_ms is null;

-- Which store of a host counts now, and since which place in the log: an older store's open runs will never be closed by it.
create table usage_hosts (
  host_id text primary key,
  epoch text not null,
  since_position bigint not null,
  removed_position bigint
);
