-- How far ranges were read that are read chunk by chunk; like cursors, they count with their execution.

create table backfills (
  execution text not null,        -- that read the last chunk
  mapping text not null,
  counts integer not null default 0,  -- its rows have arrived
  command text not null,          -- what is read, and in which chunks
  done integer not null,          -- chunks
  of integer not null,            -- chunks in all
  primary key (mapping, execution)
) without rowid;
