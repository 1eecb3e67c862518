-- Who did what about an event that could not be handled, and why. Never changed.
create table dead_letter_actions (
  id bigint generated always as identity primary key,
  consumer text not null,
  position bigint not null,
  subject text not null,
  type text not null,
  action text not null check (action in ('replayed', 'discarded')),
  reason text,
  -- as it stood then
  error text,
  by_user uuid not null,
  by_email text not null,
  at timestamptz not null default clock_timestamp()
);

create index dead_letter_actions_place on dead_letter_actions (consumer, position);

create index sagas_correlation on sagas (correlation_id);
