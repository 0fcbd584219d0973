-- Executions, the files they made, the rows they could not deliver.

create table executions (
  id text primary key,            -- sorts by time
  parent text,                    -- the task's execution, for a mapping that ran in a task
  task text,
  mapping text,
  kind text not null,             -- run, test
  cause text not null,            -- command, clock, person, file, API
  state text not null,            -- running, committing, ended
  outcome text,                   -- succeeded, partial, empty, failed, cancelled, interrupted
  started text not null,          -- UTC, ISO 8601
  ended text,
  process integer not null,       -- process id on this machine, for people
  rows_read integer not null default 0,
  message text,                   -- why it failed
  waybill text,                   -- JSON
  cleaned integer not null default 0  -- leftovers of an interrupted execution were removed
) without rowid;

create index executions_by_mapping on executions (mapping, id);
create index executions_by_task on executions (task, id);
create index executions_by_parent on executions (parent) where parent is not null;
create index executions_unfinished on executions (state) where state <> 'ended';

create table files (
  execution text not null references executions (id) on delete cascade,
  place integer not null,         -- order within the execution
  name text not null,             -- below the connection's folder
  state text not null,            -- pending, complete, published
  bytes integer,
  rows integer,
  md5 text,
  sha256 text,
  primary key (execution, place)
) without rowid;

create table rejects (
  execution text not null references executions (id) on delete cascade,
  place integer not null,         -- order within the execution
  row integer not null,           -- in the source, from 1
  reason text not null,
  field text not null,
  value text not null,
  message text not null,
  primary key (execution, place)
) without rowid;

-- The {sequence} of file names: the number of the last file that was published.
create table sequences (
  mapping text primary key,
  last integer not null
) without rowid;
