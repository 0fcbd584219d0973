# SPDX-License-Identifier: Apache-2.0
"""Tables as targets: what they are before a command is measured, and what rows they have after it."""
import dataclasses

from .rows import COLUMNS, CONTACTS


@dataclasses.dataclass(frozen=True)
class Table:
    name: str
    made: tuple = ()  # SQL: before the job
    reset: tuple = ()  # SQL: before each command, so that both sides find the same
    rows: str = ""  # SQL: what is compared once
    key: tuple = ()
    options: tuple = ()  # of the mapping, as pairs
    toggles: bool = False  # the peer undoes what Rowhaul did, and the other way round; nothing is compared


def definition(columns, kind):
    return ", ".join(f"{column[0]} {column[kind]}" for column in columns)


def empty(kind, *settle):
    """The table of all rows, anew."""
    return Table("taken", reset=("drop table if exists taken", f"create table taken ({definition(COLUMNS, kind)})",
                                 *settle), rows="select * from taken")


POSTGRES = empty(1, "checkpoint")
MARIADB = empty(2)
SQLITE = empty(3)
# The command line shell stores empty cells as empty texts.
SQLITE_ROWS = dataclasses.replace(
    SQLITE, rows="select " + ", ".join(f"nullif({column[0]}, '')" for column in COLUMNS) + " from taken")
# Both sides change one row in a hundred, Rowhaul there and its peer back.
POSTGRES_KNOWN = Table(
    "taken", made=("drop table if exists taken", f"create table taken ({definition(COLUMNS, 1)})",
                   "insert into taken select * from items"),
    reset=("vacuum analyze taken", "checkpoint"), key=("id",), toggles=True)
POSTGRES_MIRROR = dataclasses.replace(POSTGRES_KNOWN, options=(("absent", "delete"),))
SQLITE_KEPT = Table("kept", made=("drop table if exists kept", f"create table kept ({definition(COLUMNS, 3)})"),
                    key=("id",))
# Every second contact is known, and one in a hundred of these has moved.
SQLITE_CONTACTS = Table(
    "contacts", reset=("drop table if exists contacts", f"create table contacts ({definition(CONTACTS, 3)})",
                       "insert into contacts (email, name, city, changed) select email, name, city, changed from known "
                       "order by rowid"),
    rows="select email, name, city, changed from contacts", key=("email",))
