-- What people did who may do more than customers: written down before it is done, with what came of it beside. Never changed otherwise.
create table audit_log (
  id uuid primary key,
  at timestamptz not null default clock_timestamp(),
  by_user uuid not null,
  by_email text not null,
  -- the API key it was done with; null: signed in
  by_key uuid,
  address text not null,
  -- the API's name for it: hosts.drain
  act text not null,
  -- what was asked, shortened, without secrets
  asked jsonb not null,
  correlation_id uuid not null,
  -- null: not known, the hub ended meanwhile; else ok or the code of the refusal
  outcome text,
  refusal text
);

create index audit_log_who on audit_log (by_email, id desc);
create index audit_log_act on audit_log (act, id desc);
