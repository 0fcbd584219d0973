# SPDX-License-Identifier: Apache-2.0
"""The rows that all jobs move: the same for every system, made once, without chance."""
import csv
import datetime
import io
import itertools
import random
import sqlite3
import sys
import zipfile
from xml.sax.saxutils import escape

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


# As COLUMNS; the shop's own numbers are the table's affair.
CONTACTS = [
    ("number", "", "", "integer primary key"),
    ("email", "", "", "text not null unique"),
    ("name", "", "", "text not null"),
    ("city", "", "", "text not null"),
    ("changed", "", "", "text not null"),
]

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


def write_changed_csv(count, path):
    """The rows of write_csv, one in a hundred with another city."""
    text = io.StringIO()
    city = [column[0] for column in COLUMNS].index("city") - 1
    csv.writer(text, lineterminator="\n").writerows(
        (*row[:city], "Neuenburg" if number % 100 == 0 else row[city], *row[city + 1:])
        for number, row in enumerate(different_rows()))
    header = ",".join(column[0] for column in COLUMNS) + "\n"
    Repeated(count, ",", header).write(text.getvalue().splitlines(), path)


def contacts(count):
    """In no order that an index could profit from."""
    rows = list(different_rows())
    chance = random.Random(20261125)
    for number in chance.sample(range(count), count):
        row = rows[number % DIFFERENT]
        yield number, (f"{row[1].lower()}.{row[2].lower()}.{number}@example.com", f"{row[1]} {row[2]}", row[4], row[12])


def write_contacts_csv(count, path):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(column[0] for column in CONTACTS[1:])
        writer.writerows(contact for _, contact in contacts(count))


def write_contacts_sqlite(count, path):
    """The table `known`: every second contact, one in a hundred of them in another city."""
    connection = sqlite3.connect(path)
    connection.execute("create table known (email, name, city, changed)")
    connection.executemany("insert into known values (?, ?, ?, ?)", (
        (email, name, "Neuenburg" if number % 200 == 0 else city, changed)
        for number, (email, name, city, changed) in sorted(contacts(count)) if number % 2 == 0))
    connection.commit()
    connection.close()


def column_letters(number):
    return chr(ord("A") + number)


def days_since_1900(text):
    day, _, clock = text.partition(" ")
    whole = (datetime.date.fromisoformat(day) - datetime.date(1899, 12, 30)).days
    hours, minutes, seconds = (float(part) for part in clock.split(":")) if clock else (0, 0, 0)
    return repr(whole + (hours * 3600 + minutes * 60 + seconds) / 86400) if clock else str(whole)


SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
WORKBOOK_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    + "".join(f'<Override PartName="/xl/{part}.xml" ContentType="application/vnd.openxmlformats-officedocument.'
              f'spreadsheetml.{kind}+xml"/>' for part, kind in (
                  ("workbook", "sheet.main"), ("worksheets/sheet1", "worksheet"), ("styles", "styles"),
                  ("sharedStrings", "sharedStrings"))) + "</Types>",
    "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
    + "".join(f'<Relationship Id="rId{number}" Type="{RELATIONS}/{kind}" Target="{part}.xml"/>'
              for number, kind, part in ((1, "worksheet", "worksheets/sheet1"), (2, "styles", "styles"),
                                         (3, "sharedStrings", "sharedStrings")))
    + "</Relationships>",
    "xl/workbook.xml": f'<workbook xmlns="{SHEET}" xmlns:r="{RELATIONS}"><sheets>'
    '<sheet name="items" sheetId="1" r:id="rId1"/></sheets></workbook>',
    # Cells of style 1 are days, those of style 2 days with their time.
    "xl/styles.xml": f'<styleSheet xmlns="{SHEET}"><numFmts count="2">'
    '<numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/><numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts><fonts count="1"><font/></fonts>'
    '<fills count="1"><fill/></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="3"><xf/><xf numFmtId="164" applyNumberFormat="1"/><xf numFmtId="165" applyNumberFormat="1"/>'
    '</cellXfs></styleSheet>'}
NUMBERS = {"id", "quantity", "amount", "score"}


def write_xlsx(count, path):
    """As Excel lays it out: texts in a table of their own, numbers in their cells, days as numbers with a style."""
    texts = {}

    def cell(column, row, text):
        name, place = COLUMNS[column][0], f'r="{column_letters(column)}{row}"'
        if text is None:
            return ""
        if row > 1 and name in NUMBERS:
            return f"<c {place}><v>{float(text)!r}</v></c>".replace(".0</v>", "</v>")
        if row > 1 and name in ("born", "changed"):
            text = text.partition(".")[0]
            return f'<c {place} s="{1 if name == "born" else 2}"><v>{days_since_1900(text)}</v></c>'
        return f'<c {place} t="s"><v>{texts.setdefault(text, len(texts))}</v></c>'

    sheet = io.StringIO()
    sheet.write(f'<worksheet xmlns="{SHEET}"><sheetData>')
    names = tuple(column[0] for column in COLUMNS)
    rows = ((str(row), *cells) for row, cells in enumerate(different_rows(), 1))
    for row, cells in enumerate(itertools.islice(itertools.chain([names], rows), count + 1), 1):
        line = "".join(cell(column, row, text) for column, text in enumerate(cells))
        sheet.write(f'<row r="{row}">{line}</row>')
    sheet.write("</sheetData></worksheet>")
    shared = "".join(f"<si><t>{escape(text)}</t></si>" for text in texts)
    parts = {**WORKBOOK_PARTS, "xl/worksheets/sheet1.xml": sheet.getvalue(),
             "xl/sharedStrings.xml": f'<sst xmlns="{SHEET}" uniqueCount="{len(texts)}">{shared}</sst>'}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for part, content in parts.items():
            book.writestr(part, f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{content}')


# In a process of its own, so that its memory is not counted against what is measured later.
if __name__ == "__main__":
    write = {"tsv": write_tsv, "csv": write_csv, "changed": write_changed_csv, "sqlite": write_sqlite,
             "contacts": write_contacts_csv, "known": write_contacts_sqlite, "xlsx": write_xlsx}[sys.argv[1]]
    write(int(sys.argv[2]), sys.argv[3])
