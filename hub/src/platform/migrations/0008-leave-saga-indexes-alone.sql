--! breaking
-- Most steps of a saga leave its indexes alone, and its row on its page (docs/decisions/0022-sagas-many-at-a-time.md).
alter table sagas
  -- when the sweeper is to look at it: never later than its deadline, and often earlier, so that a later deadline moves nothing
  add column look_at timestamptz,
  -- how many it took; null: begun by an earlier release, its history says
  add column steps int;

update sagas set look_at = deadline_at where deadline_at is not null;

drop index sagas_due;
create index sagas_look on sagas (look_at) where look_at is not null;
-- Room on each page for what the next steps write.
alter table sagas set (fillfactor = 50);

-- Lists go by ids too: one index for both.
alter table sagas drop constraint sagas_pkey, add primary key (id, name);
drop index sagas_newest;

-- Written and read as it is, never searched.
alter table outbox alter column event type json;
