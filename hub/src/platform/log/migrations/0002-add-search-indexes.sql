-- Times and ids grow with the log, so summaries of its pages find both, and cost an append next to nothing.
create index events_recorded on events using brin (recorded_at) with (autosummarize = on, pages_per_range = 16);
create index events_id on events using brin (id uuid_minmax_multi_ops) with (autosummarize = on, pages_per_range = 16);
