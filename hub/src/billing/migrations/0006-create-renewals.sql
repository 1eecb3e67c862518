-- expires_at: as core said when it gave the lease, and each time it extended it. Renewals are paid for like the purchase.
alter table orders add column expires_at timestamptz;
alter table orders add column auto_renew boolean not null default false;
alter table orders add column period int not null default 1;
alter table orders add column renewals_minor bigint not null default 0;
-- what one period includes; included_ms is of all periods
alter table orders add column period_included_ms bigint not null default 0;
update orders set period_included_ms = included_ms;
-- the ends that were warned of, and that could not be moved
alter table orders add column warned_of timestamptz;
alter table orders add column renewal_failed_of timestamptz;

create index orders_expiring on orders (expires_at) where state = 'paid' and expires_at is not null;
create index orders_paid on orders (user_id) where state = 'paid';

alter table transactions drop constraint transactions_kind_check;
alter table transactions add constraint transactions_kind_check
  check (kind in ('topup', 'hold', 'capture', 'void', 'usage', 'refund', 'renewal'));

-- What is watched of a wallet besides its balance: whether the customer was told that it is low, and their own limit per calendar month (UTC).
create table wallet_watches (
  user_id uuid primary key,
  low boolean not null default false,
  monthly_limit_minor bigint check (monthly_limit_minor >= 0),
  -- its phones were switched off
  stopped boolean not null default false
);
