--! breaking
-- A cursor for each partition of a consumer, so that several hubs share its work; the token is that of the hub that has the partition.
alter table cursors drop constraint cursors_pkey;

alter table cursors add column partition int not null default 0, add column token bigint not null default 0;

insert into cursors (consumer, partition, position)
  select c.consumer, others.n, c.position from cursors c cross join generate_series(1, 15) as others(n);

alter table cursors alter column partition drop default, add primary key (consumer, partition);
