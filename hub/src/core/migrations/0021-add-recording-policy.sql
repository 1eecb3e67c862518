-- How many days films of screens are kept; 0: none are made.
alter table hosts add column recording_days double precision not null default 0;
-- null: as its host has it
alter table devices add column recording_days double precision check (recording_days between 0 and 3650);
