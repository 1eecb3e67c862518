create extension if not exists btree_gist;

create table users (
  id uuid primary key,
  email text not null unique,
  password_hash text not null,
  role text not null check (role in ('customer', 'operator', 'admin')),
  demo boolean not null default false,
  failed_logins int not null default 0,
  locked_until timestamptz,
  created_at timestamptz not null default clock_timestamp()
);

-- A refresh token is used once; its successor belongs to the same family, and using one twice ends the family.
create table refresh_tokens (
  hash text primary key,
  family uuid not null,
  user_id uuid not null references users (id),
  expires_at timestamptz not null,
  used_at timestamptz,
  revoked boolean not null default false
);

create index refresh_tokens_family on refresh_tokens (family);

create table enrollment_tokens (
  hash text primary key,
  name text,
  created_by uuid not null,
  expires_at timestamptz not null,
  used_by uuid
);

create table hosts (
  id uuid primary key,
  name text not null,
  secret_hash text not null,
  state text not null default 'enrolled' check (state in ('enrolled', 'connected', 'suspected', 'lost', 'removed')),
  providers jsonb not null default '[]',
  epoch uuid,
  agent_version text,
  last_seen_at timestamptz,
  created_at timestamptz not null default clock_timestamp()
);

create table devices (
  id uuid primary key,
  name text not null unique,
  host_id uuid not null references hosts (id),
  provider text not null,
  spec jsonb not null,
  labels jsonb not null default '{}',
  -- what it should be
  existence text not null default 'present' check (existence in ('present', 'absent')),
  power text not null check (power in ('running', 'stopped')),
  revision bigint not null default 1,
  token bigint not null default 0,
  -- what its host last said
  state text not null default 'creating',
  reason text,
  running boolean not null default false,
  -- nothing of a customer is on it
  clean boolean not null default true,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp()
);

create index devices_host on devices (host_id) where existence = 'present';

create table leases (
  id uuid primary key,
  device_id uuid not null references devices (id),
  user_id uuid not null,
  order_id uuid not null unique,
  token bigint not null,
  -- open-ended until it is released
  period tstzrange not null,
  expires_at timestamptz,
  ended_reason text,
  -- two leases of one device at the same instant can't be
  constraint leases_exclusive exclude using gist (device_id with =, period with &&)
);

create index leases_user on leases (user_id);
create index leases_open on leases (device_id) where upper_inf(period);

create table commands (
  id uuid primary key,
  host_id uuid not null,
  device_id uuid not null references devices (id),
  user_id uuid not null,
  type text not null,
  data jsonb not null,
  token bigint not null,
  correlation_id uuid not null,
  state text not null default 'pending' check (state in ('pending', 'completed', 'failed', 'timed_out')),
  code text,
  reason text,
  result jsonb,
  deadline_at timestamptz not null,
  created_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz
);

create index commands_pending on commands (host_id) where state = 'pending';
create index commands_deadline on commands (deadline_at) where state = 'pending';

create table apps (
  id uuid primary key,
  user_id uuid not null,
  sha256 text not null,
  bytes bigint not null,
  file_name text not null,
  package_name text not null,
  label text not null,
  version_name text not null,
  version_code bigint not null,
  removed boolean not null default false,
  created_at timestamptz not null default clock_timestamp(),
  unique (user_id, sha256)
);

-- An installation's id is the id of the command that installs it.
create table installations (
  id uuid primary key,
  app_id uuid not null references apps (id),
  device_id uuid not null references devices (id),
  user_id uuid not null,
  package_name text not null,
  state text not null default 'pending' check (state in ('pending', 'installed', 'failed', 'removed')),
  code text,
  reason text,
  created_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz
);

create index installations_device on installations (device_id, created_at desc);
