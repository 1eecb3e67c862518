-- What one account may have at a time, where that differs from everybody's; null: everybody's.
create table quotas (
  user_id uuid primary key references users (id),
  devices int check (devices >= 0),
  storage_bytes bigint check (storage_bytes >= 0),
  sessions int check (sessions >= 0),
  changed_at timestamptz not null default clock_timestamp(),
  changed_by uuid not null
);
