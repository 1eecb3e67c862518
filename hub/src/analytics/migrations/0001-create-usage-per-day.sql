-- A projection of usage.rated: may be thrown away and rebuilt from the log at any time.
create table usage_per_day (
  day date not null,
  user_id uuid not null,
  plan_id uuid not null,
  currency text not null,
  duration_ms bigint not null,
  included_ms bigint not null,
  amount_minor bigint not null,
  primary key (day, user_id, plan_id, currency)
);

create index usage_per_day_user on usage_per_day (user_id, day);
