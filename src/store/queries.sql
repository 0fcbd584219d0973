-- name: begin_execution
insert into executions (id, parent, task, mapping, kind, cause, state, started, process)
values (?1, ?2, ?3, ?4, ?5, ?6, 'running', ?7, ?8)

-- name: commit_execution
update executions set state = 'committing', waybill = ?2 where id = ?1 and state = 'running'

-- name: end_execution
update executions
set state = 'ended', outcome = ?2, ended = ?3, rows_read = ?4, message = ?5, waybill = ?6, cleaned = ?7
where id = ?1

-- name: execution
select id, parent, task, mapping, kind, cause, state, outcome, started, ended, rows_read, message, waybill
from executions where id = ?1

-- name: latest_execution
select id, parent, task, mapping, kind, cause, state, outcome, started, ended, rows_read, message, waybill
from executions where (?1 is null and parent is null) or mapping = ?1 or task = ?1
order by id desc limit 1

-- name: executions_like
select id from executions where id like ?1 || '%' order by id desc limit 2

-- name: history
select id, parent, task, mapping, kind, cause, state, outcome, started, ended, rows_read, message, waybill
from executions
where (?1 is null or mapping = ?1 or task = ?1)
order by id desc limit ?2

-- name: children
select id, parent, task, mapping, kind, cause, state, outcome, started, ended, rows_read, message, waybill
from executions where parent = ?1 order by id

-- name: unfinished
select id, parent, task, mapping, kind, cause, state, outcome, started, ended, rows_read, message, waybill
from executions where state <> 'ended' and kind in ('run', 'undo') and (mapping = ?1 or (mapping is null and task = ?1)) order by id

-- name: unfinished_tests
select id, parent, task, mapping, kind, cause, state, outcome, started, ended, rows_read, message, waybill
from executions where state <> 'ended' and kind = 'test' order by id

-- name: uncleaned
select id, parent, task, mapping, kind, cause, state, outcome, started, ended, rows_read, message, waybill
from executions
where mapping = ?1 and state = 'ended' and cleaned = 0 order by id

-- name: mark_cleaned
update executions set cleaned = 1 where id = ?1

-- name: put_file
insert into files (execution, place, name, state, bytes, rows, md5, sha256)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
on conflict (execution, place) do update
set name = excluded.name, state = excluded.state, bytes = excluded.bytes, rows = excluded.rows,
    md5 = excluded.md5, sha256 = excluded.sha256

-- name: drop_files
delete from files where execution = ?1

-- name: files
select name, state, bytes, rows, md5, sha256 from files where execution = ?1 order by place

-- name: add_reject
insert into rejects (execution, place, row, reason, field, value, message, key, file, line, raw)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)

-- name: drop_rejects
delete from rejects where execution = ?1

-- name: rejects
select row, reason, field, value, message, key, file, line, raw from rejects where execution = ?1 order by place

-- name: drop_source_files
delete from source_files where execution = ?1

-- name: put_source_file
insert into source_files (execution, place, mapping, name, bytes, modified, seen, sha256, header)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)

-- name: source_files
select name, bytes, modified, seen, sha256, header from source_files where execution = ?1 order by place

-- name: taken_by
select f.execution from source_files f join executions e on e.id = f.execution
where f.mapping = ?1 and f.sha256 = ?2 and e.outcome in ('succeeded', 'partial', 'empty')
order by f.execution desc limit 1

-- name: latest_source_file
select f.name, f.bytes, f.modified, f.seen, f.sha256, f.header
from source_files f join executions e on e.id = f.execution
where f.mapping = ?1 and f.name = ?2 and e.outcome in ('succeeded', 'partial', 'empty')
order by f.execution desc limit 1

-- name: stage_cursor
insert or replace into cursors (execution, mapping, subject, kind, value, low)
values (?1, ?2, ?3, ?4, ?5, ?6)

-- name: stage_cursor_rows
insert into cursor_rows (mapping, execution, place, rows) values (?1, ?2, ?3, ?4)

-- name: cursor_rows
select rows from cursor_rows
where mapping = ?1 and execution = (select execution from cursors where mapping = ?1 and counts = 1)
order by place

-- name: count_cursor
update cursors set counts = 1 where mapping = ?1 and execution = ?2

-- name: drop_earlier_cursors
delete from cursors where mapping = ?1 and execution <> ?2
  and exists (select 1 from cursors where mapping = ?1 and execution = ?2)

-- name: drop_cursor
delete from cursors where mapping = ?1 and execution = ?2 and counts = 0

-- name: cursor
select subject, kind, value, low from cursors where mapping = ?1 and counts = 1

-- name: stage_backfill
insert or replace into backfills (execution, mapping, command, done, of) values (?1, ?2, ?3, ?4, ?5)

-- name: count_backfill
update backfills set counts = 1 where mapping = ?1 and execution = ?2

-- name: drop_earlier_backfills
delete from backfills where mapping = ?1 and execution <> ?2
  and exists (select 1 from backfills where mapping = ?1 and execution = ?2)

-- name: drop_backfill
delete from backfills where mapping = ?1 and execution = ?2 and counts = 0

-- name: backfill
select command, done, of from backfills where mapping = ?1 and counts = 1

-- name: forget_backfill
delete from backfills where mapping = ?1

-- name: last_success
select started from executions
where mapping = ?1 and kind = 'run' and outcome in ('succeeded', 'partial', 'empty')
order by id desc limit 1

-- name: last_sequence
select last from sequences where mapping = ?1

-- name: set_sequence
insert into sequences (mapping, last) values (?1, ?2)
on conflict (mapping) do update set last = max(last, excluded.last)
