-- What is sold. A plan's terms are never edited: a new price is a new row that replaces the old one, and an order copies the terms it was sold under.
create table plans (
  id uuid primary key,
  name text not null,
  description text not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  price_minor bigint not null check (price_minor >= 0),
  included_ms bigint not null check (included_ms >= 0),
  hourly_minor bigint not null check (hourly_minor >= 0),
  lease_ms bigint check (lease_ms > 0),
  spec jsonb not null,
  labels jsonb not null,
  active boolean not null default true,
  demo boolean not null default false,
  replaces uuid references plans,
  created_at timestamptz not null default clock_timestamp()
);

create unique index plans_active_name on plans (name) where active;

create function refuse_new_terms() returns trigger language plpgsql as $$
begin
  if to_jsonb(new) - 'active' is distinct from to_jsonb(old) - 'active' then
    raise exception 'the terms of a plan are never edited; add a plan that replaces it' using errcode = 'restrict_violation';
  end if;
  return new;
end
$$;

create trigger plans_keep_terms before update on plans for each row execute function refuse_new_terms();
