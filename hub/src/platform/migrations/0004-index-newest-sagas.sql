-- Lists of sagas go by their ids, which grow with time.
create index sagas_newest on sagas (id desc);
