create table notifications (
  id uuid primary key,
  user_id uuid not null,
  kind text not null,
  title text not null,
  text text not null,
  refs jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  read_at timestamptz
);

create index notifications_user on notifications (user_id, created_at desc);
create index notifications_unread on notifications (user_id) where read_at is null;

-- What somebody does not want the usual way: without a row, a kind is both stored and sent.
create table notification_preferences (
  user_id uuid not null,
  kind text not null,
  in_app boolean not null,
  webhook boolean not null,
  primary key (user_id, kind)
);

-- Where notifications are sent. kinds is empty: all. The secret signs what is sent, so it is kept as it is and told once.
create table webhooks (
  id uuid primary key,
  user_id uuid not null,
  url text not null,
  secret text not null,
  kinds text[] not null,
  paused_reason text,
  created_at timestamptz not null default clock_timestamp()
);

create index webhooks_user on webhooks (user_id);

-- One message to one address. A sender claims it by moving next_attempt_at on before it sends.
create table webhook_deliveries (
  id uuid primary key,
  webhook_id uuid not null references webhooks (id) on delete cascade,
  kind text not null,
  body text not null,
  state text not null default 'pending' check (state in ('pending', 'delivered', 'failed')),
  attempts int not null default 0,
  next_attempt_at timestamptz default clock_timestamp(),
  created_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz
);

create index webhook_deliveries_due on webhook_deliveries (next_attempt_at) where state = 'pending';
create index webhook_deliveries_webhook on webhook_deliveries (webhook_id, created_at desc);

create table webhook_attempts (
  delivery_id uuid not null references webhook_deliveries (id) on delete cascade,
  attempt int not null,
  at timestamptz not null default clock_timestamp(),
  -- null: no answer
  status int,
  error text,
  duration_ms int not null,
  primary key (delivery_id, attempt)
);
