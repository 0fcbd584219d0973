-- The rows near a cursor that were delivered, of which there may be many: pieces of about 1 MiB.

create table cursor_rows (
  mapping text not null,
  execution text not null,
  place integer not null,         -- order of the pieces
  rows text not null,             -- hash, count and cursor value, a line each, by rising hashes
  primary key (mapping, execution, place),
  foreign key (mapping, execution) references cursors (mapping, execution) on delete cascade
);

insert into cursor_rows (mapping, execution, place, rows)
select mapping, execution, 0, rows from cursors where rows <> '';

alter table cursors drop column rows;
