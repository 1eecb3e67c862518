-- Unlogged: after a crash everyone begins anew, and no call waits for the disk.
create unlogged table rate_limits (
  caller text not null,
  seconds int not null,
  -- the number of the window on the database's clock: epoch / seconds
  window_start bigint not null,
  calls int not null,
  primary key (caller, seconds)
) with (fillfactor = 50);
