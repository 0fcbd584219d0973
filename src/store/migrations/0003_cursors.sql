-- How far runs have read, for mappings that read what is new.

create table cursors (
  execution text not null,        -- that read so far
  mapping text not null,
  counts integer not null default 0,  -- its rows have arrived
  subject text not null,          -- what the cursor belongs to: column, source, key, target
  kind text not null,             -- of the column
  value text not null,            -- empty = no row had one
  rows text not null,             -- those near the cursor that were delivered, by hash
  primary key (mapping, execution)
) without rowid;
