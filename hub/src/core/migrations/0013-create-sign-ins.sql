-- A sign-in is one family of refresh tokens: its id is the family's.
create table sign_ins (
  id uuid primary key,
  user_id uuid not null references users (id),
  address text not null,
  -- what the program called itself
  client text,
  created_at timestamptz not null default clock_timestamp(),
  last_used_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  ended_reason text check (ended_reason in ('signed out', 'ended', 'password changed', 'password reset', 'token used twice'))
);

insert into sign_ins (id, user_id, address, created_at, ended_at, ended_reason)
select family, user_id, 'unknown', min(expires_at) - interval '30 days',
  case when bool_or(revoked) then clock_timestamp() end, case when bool_or(revoked) then 'ended' end
from refresh_tokens group by family, user_id;

create index sign_ins_user on sign_ins (user_id) where ended_at is null;

-- Who began it, so that it ends with the sign-in or the key.
alter table sessions add column sign_in_id uuid;
alter table sessions add column api_key_id uuid;

-- Whether what somebody came with is good; null: a session of an earlier release, of which that is not known.
create function still_stands(sign_in uuid, api_key uuid) returns boolean language sql stable as $$
  select (sign_in is null or exists (select 1 from sign_ins where id = sign_in and ended_at is null))
    and (api_key is null or exists (select 1 from api_keys where id = api_key and revoked_at is null
      and coalesce(expires_at > clock_timestamp(), true)))
$$;
