create index sagas_open on sagas (status, name) where status in ('running', 'needs_operator');
