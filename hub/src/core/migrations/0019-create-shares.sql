-- Links by which somebody without an account may look at a phone for a while, as long as the lease goes on. The link itself is signed, and kept nowhere.
create table shares (
  id uuid primary key,
  user_id uuid not null,
  device_id uuid not null references devices (id),
  lease_id uuid not null references leases (id),
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  revoked_at timestamptz
);

create index shares_user on shares (user_id, created_at desc);

-- By which link it was opened; null: by whoever has the lease.
alter table sessions add column share_id uuid references shares (id);
create index sessions_open_share on sessions (share_id) where closed_at is null and share_id is not null;

-- Whether a link may be used still, or none was.
create function share_stands(share uuid) returns boolean language sql stable as $$
  select share is null or exists (select 1 from shares s join leases l on l.id = s.lease_id
    where s.id = share and s.revoked_at is null and s.expires_at > clock_timestamp() and upper_inf(l.period))
$$;
