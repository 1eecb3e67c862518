create table api_keys (
  id uuid primary key,
  user_id uuid not null references users (id),
  name text not null,
  -- the first letters, to tell keys apart; the key itself is kept as a hash alone
  prefix text not null,
  hash text not null unique,
  scopes text[] not null,
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz,
  created_at timestamptz not null default clock_timestamp()
);

create index api_keys_user on api_keys (user_id, created_at);
