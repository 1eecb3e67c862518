-- Money given back for an order: at most what was taken for it, held by refunded_minor under the ledger's lock.
create table refunds (
  id uuid primary key,
  order_id uuid not null references orders,
  user_id uuid not null,
  amount_minor bigint not null check (amount_minor > 0),
  currency text not null,
  reason text not null,
  -- null: the platform itself
  by_user uuid,
  created_at timestamptz not null default clock_timestamp()
);

create index refunds_order on refunds (order_id, created_at);

alter table orders add column refunded_minor bigint not null default 0 check (refunded_minor >= 0);

alter table transactions drop constraint transactions_kind_check;
alter table transactions add constraint transactions_kind_check
  check (kind in ('topup', 'hold', 'capture', 'void', 'usage', 'refund'));
