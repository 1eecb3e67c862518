-- A projection that is built anew beside the one that is read: in the schema rebuild, from the log's beginning up to `position`.
create table rebuilds (
  consumer text primary key,
  state text not null check (state in ('running', 'done')),
  position bigint not null default 0,
  -- where the log ended when it began
  target bigint not null,
  by_email text not null,
  started_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz
);

-- What could not be folded on the way; takes the place of the projection's own parked events when it is done.
create table rebuild_parked (
  consumer text not null,
  position bigint not null,
  subject text not null,
  type text not null,
  error text,
  primary key (consumer, position)
);
