-- What a host's agent last found when it looked at its machine; null: it has not looked yet.
alter table hosts add column findings jsonb;
alter table hosts add column room jsonb;
alter table hosts add column checked_at timestamptz;
