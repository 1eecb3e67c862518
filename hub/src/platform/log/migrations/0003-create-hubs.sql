-- Who is at work on these databases, each renewed about once a second by itself.
create table hubs (
  id uuid primary key,
  -- of the process: one that is started again takes the place of the one before it
  incarnation uuid not null,
  broker text not null check (broker in ('own', 'shared')),
  seen_at timestamptz not null,
  -- how far its consumers are, for whoever asks another hub
  consumers jsonb not null default '[]'
);

-- Which hub has which part of the work, and until when unless it renews it. Each change of hands raises the token.
create table partitions (
  partition int primary key,
  hub_id uuid,
  token bigint not null default 0,
  expires_at timestamptz
);

insert into partitions (partition) select generate_series(0, 15);
