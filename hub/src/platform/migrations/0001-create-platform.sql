-- What every context's database holds for the platform: the outbox its events leave by, the cursors of its consumers, and the requests it answered.
create table outbox (
  id bigint generated always as identity primary key,
  event jsonb not null
);

create table cursors (
  consumer text primary key,
  position bigint not null
);

-- Events a consumer could not handle, and those of the same subject that wait behind them.
create table parked_events (
  consumer text not null,
  position bigint not null,
  subject text not null,
  type text not null,
  state text not null check (state in ('retrying', 'waiting', 'dead')),
  attempts int not null default 0,
  error text,
  next_attempt_at timestamptz,
  parked_at timestamptz not null default clock_timestamp(),
  primary key (consumer, position)
);

create index parked_events_subject on parked_events (consumer, subject, position);
create index parked_events_due on parked_events (next_attempt_at) where state = 'retrying';

create table sagas (
  id uuid not null,
  name text not null,
  status text not null check (status in ('running', 'completed', 'compensated', 'needs_operator')),
  phase text not null,
  state jsonb not null,
  correlation_id uuid not null,
  deadline_at timestamptz,
  started_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  primary key (name, id)
);

create index sagas_due on sagas (deadline_at) where deadline_at is not null;
create index sagas_recent on sagas (updated_at desc);

create table saga_steps (
  name text not null,
  saga_id uuid not null,
  step int not null,
  at timestamptz not null default clock_timestamp(),
  input text not null,
  input_position bigint,
  phase text not null,
  status text not null,
  note text not null,
  emitted text[] not null,
  primary key (name, saga_id, step)
);

create table idempotency_keys (
  user_id uuid not null,
  key uuid not null,
  request_hash text not null,
  response jsonb,
  created_at timestamptz not null default clock_timestamp(),
  primary key (user_id, key)
);
