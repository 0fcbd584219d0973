-- Files that runs took in, so that none is taken in twice; rejected rows as they stood there.

create table source_files (
  execution text not null references executions (id) on delete cascade,
  place integer not null,         -- order within the execution
  mapping text not null,
  name text not null,             -- below the connection's folder
  bytes integer not null,         -- as it lies there
  modified integer,               -- seconds since 1970, as the server says
  seen integer not null,          -- when reading began, by our clock
  sha256 text not null,
  header text not null,           -- what names its columns, for its rejects
  primary key (execution, place)
) without rowid;

create index source_files_by_digest on source_files (mapping, sha256);
create index source_files_by_name on source_files (mapping, name);

alter table rejects add column key text not null default '';
alter table rejects add column file text not null default '';
alter table rejects add column line integer not null default 0;
alter table rejects add column raw text not null default '';
