-- A copy of a phone's data on its host. It belongs to the customer whose lease it was taken under, and outlives that lease, the wipe and the phone.
-- Its id is the id of the command that takes it.
create table snapshots (
  id uuid primary key,
  user_id uuid not null,
  host_id uuid not null references hosts (id),
  provider text not null,
  device_id uuid not null references devices (id),
  name text not null,
  -- null until the host has said that it is there
  bytes bigint,
  delete_command_id uuid,
  created_at timestamptz not null default clock_timestamp()
);

create index snapshots_user on snapshots (user_id, created_at desc);
