-- One row: whoever appends locks it, so positions are without a gap and in commit order.
create table log_head (
  only_one boolean primary key default true check (only_one),
  position bigint not null
);

insert into log_head (position) values (0);

create table events (
  position bigint primary key,
  id uuid not null,
  stream text not null,
  seq bigint not null,
  type text not null,
  version int not null,
  subject text not null,
  occurred_at timestamptz not null,
  recorded_at timestamptz not null default clock_timestamp(),
  correlation_id uuid not null,
  causation_id uuid,
  data jsonb not null,
  unique (stream, seq)
);

create index events_subject on events (subject, position);
create index events_type on events (type, position);
create index events_correlation on events (correlation_id, position);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'the event log is append-only';
end
$$;

create trigger events_append_only before update or delete or truncate on events
  for each statement execute function refuse_change();

-- How far each host's store has been taken over. The current epoch is the one with current = true; older ones are refused.
create table host_epochs (
  host_id uuid not null,
  epoch uuid not null,
  last_seq bigint not null default 0,
  current boolean not null,
  seen_at timestamptz not null default clock_timestamp(),
  primary key (host_id, epoch)
);

create unique index host_epochs_current on host_epochs (host_id) where current;

-- What could not be decoded, with its bytes, for an operator.
create table quarantine (
  id bigint generated always as identity primary key,
  host_id text not null,
  topic text not null,
  seq bigint,
  bytes bytea not null,
  reason text not null,
  at timestamptz not null default clock_timestamp()
);
