# SPDX-License-Identifier: Apache-2.0
"""The rows that all jobs move: the same for every system, made once, without chance."""
import csv
import io
import random
import sqlite3
import sys

# name, PostgreSQL, MariaDB, SQLite
COLUMNS = [
    ("id", "bigint primary key", "bigint primary key", "integer primary key"),
    ("number", "text not null", "varchar(10) not null", "text not null"),
    ("first_name", "text not null", "varchar(40) not null", "text not null"),
    ("last_name", "text not null", "varchar(40) not null", "text not null"),
    ("email", "text", "varchar(80)", "text"),
    ("city", "text not null", "varchar(40) not null", "text not null"),
    ("note", "text", "varchar(200)", "text"),
    ("quantity", "integer", "integer", "integer"),
    ("amount", "numeric(12,2) not null", "decimal(12,2) not null", "text not null"),
    ("rate", "numeric(18,6)", "decimal(18,6)", "text"),
    ("score", "double precision not null", "double not null", "real not null"),
    ("active", "boolean not null", "boolean not null", "boolean not null"),
    ("born", "date", "date", "text"),
    ("changed", "timestamp(3) not null", "datetime(3) not null", "text not null"),
]

FIRST_NAMES = ["Jürg", "Zoë", "Anna", "Björn", "Käthe", "Luca", "Maria", "Noël", "Sören", "Chloé", "Max", "Eva"]
LAST_NAMES = ["Müller", "Schmid", "Größ", "Rossi", "Østergård", "Favre", "Keller", "D'Angelo", "Weiß", "Nuñez"]
CITIES = ["Zürich", "Genève", "Bern", "Köln", "St. Gallen", "Winterthur", "Lugano", "Chur", "Saint-Étienne"]
WORDS = ["Lieferung", "bis", "zur", "Rampe", "Süd", "bitte", "vorher", "anrufen,", "Rückgabe", "möglich", "Kühlware",
         '"dringend"', "frühestens", "Montag", "offen;", "Restmenge", "später", "Größe"]


# So many rows are different, then they come again under new ids: farther apart than any compressor looks back.
DIFFERENT = 200_000


def different_rows():
    """Tuples of text or None in the order of COLUMNS, without the id; a boolean is "1" or "0"."""
    chance = random.Random(20261122)
    notes = [" ".join(chance.choices(WORDS, k=1 + index % 3)) for index in range(4000)]
    days = [f"{year}-{month:02}-{day:02}" for year in range(1950, 2025) for month in range(1, 13)
            for day in range(1, 29)]
    for row in range(1, DIFFERENT + 1):
        fraction = chance.random()
        any_number = int(fraction * 1e9)
        yield (f"{row:08}", chance.choice(FIRST_NAMES), chance.choice(LAST_NAMES),
               None if any_number % 10 == 0 else f"k{any_number}@example.com", chance.choice(CITIES),
               None if any_number % 7 == 0 else notes[any_number % 4000],
               None if any_number % 13 == 0 else str(any_number % 5000),
               f"{any_number // 1000}.{any_number % 100:02}",
               None if any_number % 9 == 0 else f"{any_number % 9973}.{row % 1000000:06}",
               repr(fraction * 1000), str(any_number & 1),
               None if any_number % 11 == 0 else days[any_number % len(days)],
               f"{days[row % len(days)]} {row % 24:02}:{any_number % 60:02}:{row % 60:02}.{any_number % 1000:03}")


class Repeated:
    """Writes lines with their row's id before them, over and over until there are enough."""

    def __init__(self, count, separator, header=""):
        self.count, self.separator, self.header = count, separator, header

    def write(self, lines, path):
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(self.header)
            for start in range(0, self.count, DIFFERENT):
                part = lines[:self.count - start]
                file.write("".join([f"{row}{self.separator}{line}\n" for row, line in enumerate(part, start + 1)]))


def write_tsv(count, path):
    """What PostgreSQL's COPY and MariaDB's LOAD DATA both read."""
    Repeated(count, "\t").write(["\t".join(["\\N" if cell is None else cell for cell in row])
                                for row in different_rows()], path)


def write_csv(count, path):
    # No cell has a line break, so that each line is a row.
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(different_rows())
    header = ",".join(column[0] for column in COLUMNS) + "\n"
    Repeated(count, ",", header).write(text.getvalue().splitlines(), path)


def write_sqlite(count, path):
    connection = sqlite3.connect(path)
    connection.executescript("pragma journal_mode=off; pragma synchronous=off;")
    connection.execute(f"create table items ({', '.join(f'{c[0]} {c[3]}' for c in COLUMNS)})")
    connection.executemany(f"insert into items values ({','.join('?' * len(COLUMNS))})",
                           ((row, *cells) for row, cells in enumerate(different_rows(), 1) if row <= count))
    others = ", ".join(column[0] for column in COLUMNS[1:])
    for start in range(DIFFERENT, count, DIFFERENT):
        connection.execute(f"insert into items select id + ?1, {others} from items "
                           f"where id <= {DIFFERENT} and id + ?1 <= ?2", (start, count))
    connection.commit()
    connection.close()


# In a process of its own, so that its memory is not counted against what is measured later.
if __name__ == "__main__":
    {"tsv": write_tsv, "csv": write_csv, "sqlite": write_sqlite}[sys.argv[1]](int(sys.argv[2]), sys.argv[3])
