-- All of these are projections: may be thrown away and rebuilt from the log at any time. Days are UTC.

-- Orders, so that money of one can be told by its plan.
create table sold_orders (
  order_id uuid primary key,
  user_id uuid not null,
  plan_id uuid not null
);

-- Money on the day the log took it: prices, renewals, usage beyond what is included, and what went back.
create table revenue_per_day (
  day date not null,
  user_id uuid not null,
  plan_id uuid not null,
  currency text not null,
  price_minor bigint not null default 0,
  renewal_minor bigint not null default 0,
  usage_minor bigint not null default 0,
  refund_minor bigint not null default 0,
  primary key (day, user_id, plan_id, currency)
);

-- How far each run was told, and on which days of which phone that time lies.
create table counted_runs (
  run_id uuid primary key,
  device_id uuid not null,
  host_id text not null,
  counted_ms bigint not null
);

create table device_days (
  day date not null,
  device_id uuid not null,
  host_id text not null,
  running_ms bigint not null default 0,
  -- of it, while a customer had the phone
  rented_ms bigint not null default 0,
  primary key (day, device_id, host_id)
);

create table host_capacities (
  host_id text primary key,
  capacity int not null
);

-- code: null while it goes on, 'ok', or why it failed.
create table installs (
  command_id uuid primary key,
  user_id uuid not null,
  package_name text not null,
  requested_at timestamptz not null,
  took_ms bigint,
  download_ms bigint,
  install_ms bigint,
  code text
);

create index installs_requested on installs (requested_at);

-- outcome: null while it goes on; completed, compensated or stalled.
create table saga_runs (
  saga text not null,
  saga_id uuid not null,
  began_at timestamptz not null,
  took_ms bigint,
  outcome text,
  primary key (saga, saga_id)
);

create index saga_runs_began on saga_runs (began_at);
