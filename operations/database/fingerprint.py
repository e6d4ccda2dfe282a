"""Row counts and checksums of tables, computed where the rows are, the same on every server.

A table's checksum is the sum of a hash of each of its rows: it needs no order, so it can be taken in pieces, and two
tables with the same rows have the same one however they are stored. Everything that changes how a row is written as
text (dates, time zone, numbers, encoding) is fixed first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from psycopg import sql

from operations.database.catalog import Table
from operations.database.connection import Connection

BLOCKS = 8192  # 64 MiB a piece
RANGE_SCANS_SINCE = 14  # older servers read the whole table for each piece
EXACT_NUMBERS_SINCE = 12  # older servers write a floating-point number with other digits

_SETTINGS = {
    "datestyle": "ISO, YMD",
    "intervalstyle": "iso_8601",
    "timezone": "UTC",
    "bytea_output": "hex",
    "lc_monetary": "C",
    "xmloption": "content",
    "row_security": "off",  # rather an error than rows that a policy hides
    "statement_timeout": "0",
    "search_path": "pg_catalog",
}

# 60 bits of each row's hash: sums of any number of them are exact in numeric.
_PIECE = sql.SQL(
    "select count(*), coalesce(sum(('x' || substr(md5(convert_to(t::text, 'UTF8')), 1, 15))::bit(60)::bigint), 0) "
    "from only {table} t"
)


@dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """How many rows a table has, and the sum of their hashes, as decimal digits."""

    rows: int
    checksum: str


def prepare(connection: Connection, oldest_version: int) -> None:
    """Fix how values are written, for both servers of a comparison alike.   oldest_version: of the two."""
    digits = "3" if oldest_version >= EXACT_NUMBERS_SINCE else "0"
    for name, value in {**_SETTINGS, "extra_float_digits": digits}.items():
        connection.execute("select set_config(%s, %s, false)", (name, value))


def of_table(
    connection: Connection, table: Table, version: int, advance: Callable[[int], None] = lambda _: None
) -> Fingerprint:
    """Count and checksum of a table, in pieces of 64 MiB.   advance: told how many blocks are done."""
    query = _PIECE.format(table=table.identifier)
    if version < RANGE_SCANS_SINCE or table.blocks <= BLOCKS:
        rows, total = connection.execute(query).fetchall()[0]
        advance(table.blocks)
        return Fingerprint(rows=rows, checksum=str(total))
    rows, total, start = 0, 0, 0
    while start < table.blocks:
        end = start + BLOCKS
        # the last piece is open: the table may have grown since it was measured
        limit = sql.SQL(" and ctid < {}::tid").format(f"({end},0)") if end < table.blocks else sql.SQL("")
        piece = query + sql.SQL(" where ctid >= {}::tid").format(f"({start},0)") + limit
        found, part = connection.execute(piece).fetchall()[0]
        rows, total = rows + found, total + int(part)
        advance(min(end, table.blocks) - start)
        start = end
    return Fingerprint(rows=rows, checksum=str(total))
