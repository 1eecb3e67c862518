-- Double entry. Amounts are signed integers of the currency's minor unit; a wallet's balance is what the customer may spend.
create table accounts (
  id uuid primary key,
  kind text not null check (kind in ('wallet', 'held', 'revenue', 'funding')),
  user_id uuid,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  balance_minor bigint not null default 0,
  opened_at timestamptz not null default clock_timestamp(),
  unique nulls not distinct (kind, user_id, currency),
  check ((kind in ('wallet', 'held')) = (user_id is not null)),
  constraint held_is_never_negative check (kind <> 'held' or balance_minor >= 0)
);

-- written_in: the database transaction that wrote it; no other may add entries to it.
create table transactions (
  id uuid primary key,
  kind text not null check (kind in ('topup', 'hold', 'capture', 'void', 'usage')),
  reference text not null unique,
  at timestamptz not null default clock_timestamp(),
  memo text not null,
  correlation_id uuid,
  written_in xid8 not null default pg_current_xact_id()
);

create table entries (
  id bigint generated always as identity primary key,
  transaction_id uuid not null references transactions,
  account_id uuid not null references accounts,
  amount_minor bigint not null check (amount_minor <> 0)
);

create index entries_account on entries (account_id, id);
create index entries_transaction on entries (transaction_id);

create function refuse_late_entry() returns trigger language plpgsql as $$
begin
  if not exists (select 1 from transactions where id = new.transaction_id and written_in = pg_current_xact_id()) then
    raise exception 'ledger transaction % is closed; post a new one', new.transaction_id using errcode = 'restrict_violation';
  end if;
  return new;
end
$$;

create trigger entries_in_time before insert on entries for each row execute function refuse_late_entry();

create function check_transaction() returns trigger language plpgsql as $$
declare
  wanted uuid;
begin
  if tg_table_name = 'transactions' then wanted := new.id;
  else wanted := new.transaction_id;
  end if;
  if (select count(*) from entries where transaction_id = wanted) < 2 then
    raise exception 'ledger transaction % has fewer than two entries', wanted using errcode = 'check_violation';
  end if;
  if exists (
    select 1 from entries e join accounts a on a.id = e.account_id
    where e.transaction_id = wanted group by a.currency having sum(e.amount_minor) <> 0
  ) then
    raise exception 'ledger transaction % does not add up to zero', wanted using errcode = 'check_violation';
  end if;
  return null;
end
$$;

-- Checked at the commit, when all entries are there.
create constraint trigger transactions_balanced after insert on transactions
  deferrable initially deferred for each row execute function check_transaction();
create constraint trigger entries_balanced after insert on entries
  deferrable initially deferred for each row execute function check_transaction();

-- The database keeps the balances, so that no writer can forget one.
create function add_to_balances() returns trigger language plpgsql as $$
begin
  update accounts set balance_minor = accounts.balance_minor + added.amount
  from (select account_id, sum(amount_minor)::bigint as amount from new_entries group by account_id) added
  where accounts.id = added.account_id;
  return null;
end
$$;

create trigger entries_into_balances after insert on entries
  referencing new table as new_entries for each statement execute function add_to_balances();

create function refuse_ledger_change() returns trigger language plpgsql as $$
begin
  raise exception 'the ledger is append-only; post a correcting transaction' using errcode = 'restrict_violation';
end
$$;

create trigger entries_append_only before update or delete or truncate on entries
  for each statement execute function refuse_ledger_change();
create trigger transactions_append_only before update or delete or truncate on transactions
  for each statement execute function refuse_ledger_change();
create trigger accounts_never_deleted before delete or truncate on accounts
  for each statement execute function refuse_ledger_change();

-- A second wall behind the triggers. Not on the other two tables: a foreign key's check locks the row it points to, which asks for UPDATE.
revoke update, delete, truncate on entries from current_user;
