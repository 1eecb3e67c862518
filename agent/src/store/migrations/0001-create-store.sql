-- One row: which store this is, and up to which event the hub has committed. Acks only ever update it, which needs no new page: it works on a full disk.
create table store (
  only_one integer primary key check (only_one = 1),
  epoch text not null,
  acked_seq integer not null default 0
);

-- AUTOINCREMENT: an outbox that was drained and reopened must not use a number twice, or the hub would drop new events as old.
create table outbox (
  seq integer primary key autoincrement,
  event text not null
);

create table devices (
  device_id text primary key,
  row text not null
);

create table runs (
  run_id text primary key,
  device_id text not null unique,
  row text not null,
  confirmed_ms integer not null
);

create table inbox (
  command_id text primary key,
  state text not null,
  row text not null,
  at integer not null
);

create index inbox_open on inbox (at) where state <> 'done';

-- Events the hub would not take, kept for an operator.
create table quarantine (
  seq integer primary key,
  event text not null,
  reason text not null
);
