-- One app to many phones. Its items are installations: each of them is there from the beginning, its command once its turn has come.
create table install_batches (
  id uuid primary key,
  user_id uuid not null,
  app_id uuid not null references apps (id),
  package_name text not null,
  created_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz
);

create index install_batches_user on install_batches (user_id, created_at desc);

alter table installations add column batch_id uuid references install_batches (id);
create index installations_batch on installations (batch_id) where batch_id is not null;
