-- name: target
select id, connection, object, key, key_print, row_print, complete_run, arrivals, arrival_count, generated_key
from targets where connection = ?1 and object = ?2

-- name: doubt_target
update targets set row_print = ?2
where (connection, object) in (select connection, object from stages where execution = ?1)

-- name: doubt
update targets set row_print = ?3 where connection = ?1 and object = ?2

-- name: targets
select id, connection, object, key, key_print, row_print, complete_run, arrivals, arrival_count, generated_key
from targets order by connection, object

-- name: put_target
insert into targets (connection, object, key, key_print, row_print, complete_run, arrivals, arrival_count,
    generated_key)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
on conflict (connection, object) do update set key = excluded.key, key_print = excluded.key_print,
    row_print = excluded.row_print, complete_run = excluded.complete_run, arrivals = excluded.arrivals,
    arrival_count = excluded.arrival_count, generated_key = excluded.generated_key

-- name: add_run
insert into runs (execution, moment) values (?1, ?2)

-- name: run
select execution, moment from runs where id = ?1

-- name: chunk_at
select id, first, last, body from chunks where target = ?1 and first <= ?2 order by first desc limit 1

-- name: chunk_after
select id, first, last, body from chunks where target = ?1 and first > ?2 order by first limit 1

-- name: first_after
select first from chunks where target = ?1 and first > ?2 order by first limit 1

-- name: add_chunk
insert into chunks (target, first, last, marks, body) values (?1, ?2, ?3, ?4, ?5)

-- name: drop_chunk
delete from chunks where id = ?1

-- name: drop_chunks
delete from chunks where target = ?1

-- name: count_marks
select coalesce(sum(marks), 0) from chunks where target = ?1

-- name: arrivals
select body from arrivals where list = ?1 and place = ?2

-- name: add_arrivals
insert into arrivals (list, place, body) values (?1, ?2, ?3)

-- name: drop_arrivals
delete from arrivals where list = ?1

-- name: add_stage
insert into stages (execution, connection, object, key, key_print, row_print, run, complete, replaces, arrival_list,
    generated_key)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)

-- name: finish_stage
update stages set arrival_count = ?2 where id = ?1

-- name: stage
select id, connection, object, key, key_print, row_print, run, complete, replaces, arrival_list, arrival_count, next,
    generated_key
from stages where execution = ?1

-- name: stages
select execution from stages

-- name: begin_replacing
update stages set replaces = 0 where id = ?1

-- name: advance_stage
update stages set next = ?2 where id = ?1

-- name: drop_stage
delete from stages where id = ?1

-- name: add_staged_chunk
insert into staged_chunks (stage, place, body) values (?1, ?2, ?3)

-- name: staged_chunk
select body from staged_chunks where stage = ?1 and place = ?2

-- name: drop_staged_chunks
delete from staged_chunks where stage = ?1
