# SPDX-License-Identifier: Apache-2.0
"""What is measured against what, with the ratio that is promised."""
import dataclasses

from . import tables


@dataclasses.dataclass(frozen=True)
class Peer:
    name: str  # as people know it
    script: str  # in bench/peers
    target: float | None = None  # Rowhaul takes at most so many times the peer's time
    rounds: int | None = None  # a slow one takes part in so many only
    same: str = ""  # what is compared of the files that both make, before anything counts: see agreement.py
    reads: str = "items.csv"  # the file that a job with a table gives it


@dataclasses.dataclass(frozen=True)
class Job:
    name: str
    title: str
    peers: tuple
    needs: tuple  # of SERVERS in bench/run
    connection: str  # the target's
    file: str
    source: str = ""  # a database's connection; else one file is brought
    arguments: tuple = ()  # more for bench_file, or for bench_csv
    threads: int = 2  # DuckDB's
    cpus: str = ""  # the processors that both sides are held to, as taskset has them
    mapping: dict | None = None  # of a job that reads a file as a mapping does; its target is added
    table: tables.Table | None = None  # the target, in place of a file
    beside: dict | None = None  # a mapping `beside`, which a peer runs
    goes_on: bool = False  # each run knows what the one before it did
    expressions: bool = False  # bench_expression, which measures both sides itself

    def reads_only(self):
        return not self.file and not self.table


# Two of three rows meet the rule. Peers have the same in bench/peers/*_rule.
RULE_AND_FIELDS = {
    "source": {"connection": "data", "file": "items.csv", "again": True},
    "where": "city in ('Zürich', 'Genève', 'Bern', 'Winterthur', 'St. Gallen', 'Lugano', 'Chur') "
             "and cast(amount as decimal) >= 100000",
    "fields": ["id", "number", {"to": "name", "value": "trim(first_name || ' ' || last_name)"}, "email", "city", "note",
               "quantity", "amount", "rate", "score", "active", "born", "changed",
               {"to": "gross", "value": "round(cast(amount as decimal) * 1.081, 2)"}]}
WORKBOOK = {"source": {"connection": "data", "file": "items.xlsx", "again": True, "format": "xlsx"}}


def from_file(name):
    return {"source": {"connection": "data", "file": name, "again": True}}


NO_ROW = {**from_file("items.csv"), "where": "id = ''", "target": {"connection": "local", "file": "none.csv"}}

JOBS = [
    Job("postgres", "PostgreSQL → local CSV", (Peer("psql \\copy", "psql", 1.05),),
        ("postgres",), "local", "items.csv", "postgres"),
    Job("mariadb", "MariaDB → local CSV", (Peer("mariadb --batch --quick", "mariadb", 0.9),),
        ("mariadb",), "local", "items.csv", "mariadb"),
    Job("sqlite", "SQLite → local CSV", (Peer("sqlite3 -csv", "sqlite3", 0.5),),
        ("sqlite",), "local", "items.csv", "sqlite"),
    Job("sftp", "file → SFTP", (Peer("OpenSSH sftp", "sftp", 0.8), Peer("rclone", "rclone", 1.05)),
        ("ssh",), "ssh", "items.csv"),
    Job("sftp-digested", "file → SFTP, with digests", (Peer("rclone", "rclone"),),
        ("ssh",), "ssh", "items.csv", arguments=("digests",)),
    Job("sftp-delayed", "file → SFTP, 25 ms each way", (Peer("rclone", "rclone", 1.05),),
        ("ssh", "delay"), "delay", "items.csv"),
    Job("ftp", "file → FTP", (Peer("curl -T", "curl_ftp", 1.1), Peer("lftp", "lftp_ftp", 1.0)),
        ("ftp",), "ftp", "items.csv"),
    Job("ftps", "file → FTPS", (Peer("curl -T", "curl_ftps", 1.1), Peer("lftp", "lftp_ftps", 1.0)),
        ("ftps",), "ftps", "items.csv"),
    Job("ftp-digested", "file → FTP, with digests", (Peer("curl -T", "curl_ftp"),),
        ("ftp",), "ftp", "items.csv", arguments=("digests",)),
    Job("csv", "CSV → rows, one thread each", (Peer("DuckDB read_csv(all_varchar)", "duckdb_csv", 0.33),),
        ("duckdb",), "local", "", threads=1),
    Job("csv-two", "CSV → rows, two threads each", (Peer("DuckDB read_csv(all_varchar)", "duckdb_csv", 1.0),),
        ("duckdb",), "local", "", arguments=("ahead",)),
    Job("rule", "CSV → CSV, a rule and two computed fields",
        (Peer("DuckDB copy", "duckdb_rule", 0.5, same="rows"),
         Peer("Miller", "miller_rule", 0.1, rounds=1, same="rows_but_last_cell")),
        ("duckdb",), "local", "items.csv", mapping=RULE_AND_FIELDS),
    Job("rule-one", "the same, one processor each", (Peer("DuckDB copy", "duckdb_rule", 0.5, same="rows"),),
        ("duckdb",), "local", "items.csv", threads=1, cpus="0", mapping=RULE_AND_FIELDS),
    Job("xlsx", "Excel workbook of 200,000 rows → CSV", (Peer("xlsx2csv", "xlsx2csv", 0.2, same="rows"),),
        ("workbook",), "local", "items.csv", mapping=WORKBOOK),
    Job("expression", "expressions", (Peer("a prepared SQLite statement a row", "", 0.1),), (), "local", "",
        expressions=True),
    Job("bzip2", "file → bzip2", (Peer("pbzip2 -p2", "pbzip2", 1.05),), (), "local", "items.csv.bz2"),
    Job("gzip", "file → gzip", (Peer("pigz -p2", "pigz", 1.05),), (), "local", "items.csv.gz"),
    Job("zstd", "file → zstd", (Peer("zstd -T2", "zstd", 1.05),), (), "local", "items.csv.zst"),
    Job("whole", "PostgreSQL → CSV → zstd → SFTP",
        (Peer("psql | zstd -T2 | rclone rcat", "psql_zstd_rclone", 1.05),
         Peer("psql | zstd -T2 | curl -T -", "psql_zstd_curl", 1.05)),
        ("postgres", "ssh"), "ssh", "items.csv.zst", "postgres"),
    Job("to-postgres", "CSV → empty PostgreSQL table",
        (Peer("psql \\copy", "to_psql", 1.1, same="rows"), Peer("pgloader", "to_pgloader", rounds=1)),
        ("postgres",), "postgres", "", mapping=from_file("items.csv"), table=tables.POSTGRES),
    Job("to-mariadb", "CSV → empty MariaDB table", (Peer("load data local", "to_mariadb", 1.05, same="rows"),),
        ("mariadb",), "mariadb", "", mapping=from_file("items.csv"), table=tables.MARIADB),
    Job("to-sqlite", "CSV → empty SQLite table", (Peer("sqlite3 .import", "to_sqlite3", 0.8, same="rows"),),
        ("target",), "target", "", mapping=from_file("items.csv"), table=tables.SQLITE_ROWS),
    Job("upsert", "CSV → PostgreSQL, 1 % of the rows changed",
        (Peer("copy into a temporary table, insert … on conflict", "upsert_psql", 1.05),),
        ("postgres", "changed"), "postgres", "", mapping=from_file("changed.csv"), table=tables.POSTGRES_KNOWN),
    Job("mirror", "the same, absent records deleted",
        (Peer("the same, delete … where not exists", "mirror_psql", 1.05),),
        ("postgres", "changed"), "postgres", "", mapping=from_file("changed.csv"), table=tables.POSTGRES_MIRROR),
    Job("contacts", "CSV → SQLite, contacts by unique e-mail",
        (Peer(".import into a temporary table, insert … on conflict", "contacts_sqlite3", 0.8, same="rows", reads="contacts.csv"),),
        ("contacts",), "contacts", "", mapping=from_file("contacts.csv"), table=tables.SQLITE_CONTACTS),
    Job("changed", "PostgreSQL against marks, no row changed",
        (Peer("psql \\copy to /dev/null", "read_psql", 2.0),), ("postgres", "target"), "target", "",
        mapping={"source": {"connection": "postgres", "table": "items"}, "read": "changed"},
        table=tables.SQLITE_KEPT, goes_on=True),
    Job("changed-csv", "CSV against marks, no row changed",
        (Peer("Rowhaul, a rule that no row meets", "read_beside"),), ("target",), "target", "",
        mapping={**from_file("items.csv"), "read": "changed"}, table=tables.SQLITE_KEPT, goes_on=True, beside=NO_ROW),
    Job("postgres-postgres", "PostgreSQL → empty PostgreSQL table", (Peer("psql | psql", "psql_psql", 1.05, same="rows"),),
        ("postgres",), "postgres", "", "postgres", table=tables.POSTGRES),
]
