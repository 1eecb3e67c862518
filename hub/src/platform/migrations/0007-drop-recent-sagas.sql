-- Nobody asks for sagas by when they last went on: lists go by ids. It was written anew with each step.
drop index sagas_recent;
