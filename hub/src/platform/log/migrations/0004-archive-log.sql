--! breaking
-- An older hub would take what has left the table for what never was.
alter table log_head add column horizon bigint not null default 0;

-- Pieces of the log that are in files. The horizon is the last position of the last one; what is at or before it is read from there, and leaves the table.
create table archives (
  first_position bigint primary key,
  last_position bigint not null unique check (last_position >= first_position),
  file text not null unique,
  sha256 text not null,
  bytes bigint not null,
  -- where in the file each thousand events begin, and where it ends
  blocks jsonb not null,
  types text[] not null,
  first_recorded_at timestamptz not null,
  last_recorded_at timestamptz not null,
  archived_at timestamptz not null default clock_timestamp()
);

-- The largest number of each producer that is in a file: what it sends again up to there is known, as by the table's own (stream, seq).
create table archived_streams (
  stream text primary key,
  last_seq bigint not null
);

drop trigger events_append_only on events;

create trigger events_append_only before update or truncate on events
  for each statement execute function refuse_change();

create function refuse_loss() returns trigger language plpgsql as $$
begin
  if exists (select 1 from gone where position > (select horizon from log_head)) then
    raise exception 'the event log is append-only: only what is archived may leave it';
  end if;
  return null;
end
$$;

create trigger events_archived_first after delete on events
  referencing old table as gone for each statement execute function refuse_loss();

-- Where archived events were, new ones come to lie: summaries that know several intervals stay sharp.
drop index events_recorded;

create index events_recorded on events using brin (recorded_at timestamptz_minmax_multi_ops) with (autosummarize = on, pages_per_range = 16);
