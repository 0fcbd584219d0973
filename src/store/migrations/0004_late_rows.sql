-- From where the next run looks at rows once more, which may be further back than the overlap.

alter table cursors add column low text not null default '';  -- empty = as the overlap says
