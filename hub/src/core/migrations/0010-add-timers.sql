-- 1, and one more each time the lease was extended.
alter table leases add column term int not null default 1;

-- Minutes without anybody reaching into the phone after which it is switched off; goes with the lease. Null: never.
alter table devices add column idle_stop_minutes int check (idle_stop_minutes >= 1);
create index devices_idle_stop on devices (id) where idle_stop_minutes is not null;
create index commands_device on commands (device_id, created_at desc);
create index sessions_device on sessions (device_id, opened_at desc);

-- Customers whose spending limit is reached: their phones stay off.
create table spending_stops (
  user_id uuid primary key,
  since timestamptz not null default clock_timestamp()
);

-- How many phones of a kind are kept on and free. phone: the spec as one text, whatever the order of its fields.
create table warm_pools (
  phone text primary key,
  spec jsonb not null,
  target int not null check (target >= 0),
  changed_at timestamptz not null default clock_timestamp(),
  changed_by text not null
);
