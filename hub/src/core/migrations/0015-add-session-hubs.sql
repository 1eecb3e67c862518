-- The hub whose relay a session goes through; null: none yet.
alter table sessions add column hub_id uuid;
