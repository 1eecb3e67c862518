-- An order with the terms it was sold under. used_ms and usage_minor are what its rated runs add up to.
create table orders (
  id uuid primary key,
  user_id uuid not null,
  plan_id uuid not null references plans,
  plan_name text not null,
  state text not null default 'pending' check (state in ('pending', 'paid', 'cancelled', 'ended')),
  reason text,
  currency text not null,
  price_minor bigint not null,
  included_ms bigint not null,
  hourly_minor bigint not null,
  lease_ms bigint,
  spec jsonb not null,
  labels jsonb not null,
  device_id uuid,
  used_ms bigint not null default 0,
  usage_minor bigint not null default 0,
  created_at timestamptz not null default clock_timestamp(),
  paid_at timestamptz,
  cancelled_at timestamptz,
  released_at timestamptz,
  ended_at timestamptz
);

create index orders_user on orders (user_id, created_at desc);
create index orders_recent on orders (created_at desc);

-- One per order: the money set aside for it. captured and voided exclude each other because they are states of one row.
create table payments (
  order_id uuid primary key,
  user_id uuid not null,
  amount_minor bigint not null check (amount_minor >= 0),
  currency text not null,
  state text not null check (state in ('held', 'refused', 'captured', 'voided')),
  reason text,
  created_at timestamptz not null default clock_timestamp(),
  settled_at timestamptz
);
