# SPDX-License-Identifier: Apache-2.0
"""Whether two CSV files have the same rows, in whatever order: a tool that works on two threads may mix them."""
import hashlib


def rows(line):
    return line


def rows_but_last_cell(line):
    """The last is a computed decimal, which some compute as a binary float."""
    return line.rpartition(b",")[0]


KINDS = {"rows": rows, "rows_but_last_cell": rows_but_last_cell}


def digest(path, kind):
    """How many lines there are, and the sum of their digests."""
    part, count, total = KINDS[kind], 0, 0
    with open(path, "rb") as file:
        for line in file:
            count += 1
            total += int.from_bytes(hashlib.blake2b(part(line.rstrip(b"\r\n")), digest_size=8).digest(), "little")
    return count, total % 2**64
