-- Programs outside that hear events on MQTT. types: event types, or the beginnings of such with a star ("order.*"), or "*".
create table listeners (
  id uuid primary key,
  name text not null,
  secret_hash text not null,
  types text[] not null,
  created_by text not null,
  created_at timestamptz not null default clock_timestamp(),
  removed_at timestamptz
);
