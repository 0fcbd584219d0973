-- The marks of one mapping: for each of its targets, the marks in the order of their keys' hashes, and
-- the order in which the rows of the last run arrived. Both as bytes (store/mark.h), many to a row.

create table targets (
  id integer primary key,
  connection text not null,
  object text not null,
  key text not null,              -- names of its fields, one a line
  key_print blob not null,        -- of what the keys are made of
  row_print blob not null,        -- of what the row hashes are made of
  complete_run integer not null,  -- the last run that read everything; 0 = none
  arrivals integer,               -- the list that is valid
  arrival_count integer not null default 0,
  generated_key text not null default '',  -- the column of which the marks know the values; '' = none
  unique (connection, object)
);

create table runs (
  id integer primary key,
  execution text not null unique,
  moment text not null            -- UTC, ISO 8601
);

create table chunks (
  id integer primary key,
  target integer not null,
  first blob not null,            -- hash of the first key in it
  last blob not null,
  marks integer not null,
  body blob not null
);
create unique index chunks_in_order on chunks (target, first);

create table arrivals (
  list integer not null,
  place integer not null,
  body blob not null,
  primary key (list, place)
) without rowid;

-- What a run found out, until its target has committed.
create table stages (
  id integer primary key autoincrement,  -- also of its list of arrivals
  execution text not null unique,
  connection text not null,
  object text not null,
  key text not null,
  key_print blob not null,
  row_print blob not null,
  run integer not null,
  complete integer not null,      -- the run read everything
  replaces integer not null,      -- no earlier mark is of any use
  arrival_list integer not null,  -- ArrivalList
  arrival_count integer not null default 0,
  next integer not null default 0, -- the chunk to be promoted next
  generated_key text not null default ''
);

create table staged_chunks (
  stage integer not null,
  place integer not null,
  body blob not null,
  primary key (stage, place)
) without rowid;
