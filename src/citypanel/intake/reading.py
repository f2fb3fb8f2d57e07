"""Raw rows as text, block by block, with the row numbers of the file; lines that are no rows are refused."""

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from citypanel.errors import InputError
from citypanel.intake.blocks import EMPTY, SHOWN, Block, Refused, coded_block, text_table
from citypanel.intake.recognise import RawFile, stamp
from citypanel.intake.sheets import sheets
from citypanel.intake.tables import parquet_batches, stata_batches, stata_floats
from citypanel.intake.text_blocks import text_blocks
from citypanel.registers import fold

__all__ = ["EMPTY", "Block", "Refused", "read_blocks"]

LONG_CODES = ("firm", "hs8", "application_no")  # roles of codes that do not fit into four bytes


def read_blocks(raw: RawFile, plain: Collection[int] | None = None) -> Iterator[Block]:
    """Yield the data rows of a raw file.

    Parameters
    ----------
    plain : collection of int, optional
        Where given, all columns but these come as codes of their distinct texts, which is several times faster
        for columns in which few texts stand behind many cells.

    Raises
    ------
    InputError
        The file cannot be opened as what it is, or changes while it is read.
    """
    _require_unchanged(raw)
    blocks = text_blocks(raw, plain) if raw.container == "csv" else _READERS[raw.container](raw)
    for block in islice(blocks, raw.blocks or None):
        yield block if plain is None else coded_block(block, plain)
    _require_unchanged(raw)


def _require_unchanged(raw: RawFile) -> None:
    if raw.path.is_file() and stamp(raw.path) == raw.stamp:
        return
    raise InputError(f"{raw.name} changed while it was read; run again when nothing writes to it any more")


def _sheet_blocks(raw: RawFile) -> Iterator[Block]:
    """Yield the rows of the sheets that have the headers of the recognised one; rows of other sheets are refused.

    Rows are numbered through all sheets that hold anything, in their order.
    """
    width, before = len(raw.headers), 0
    at = raw.top.index(raw.headers) if raw.headers in raw.top else 0
    for sheet, found in sheets(raw.path, raw.name):
        rows = list(found)
        mine = sheet == raw.sheet or _same_headers(rows[at] if 0 <= at < len(rows) else [], raw.headers)
        numbers = [n for n, row in enumerate(rows, start=1) if any(cell.strip() for cell in row)]
        numbers = [n for n in numbers if n > raw.header_rows or not mine]
        cells = [(rows[n - 1] + [""] * width)[:width] if mine else rows[n - 1] for n in numbers]
        if mine:
            table = text_table(cells, width)
            yield Block(table, np.array(numbers, dtype=np.intp) + before, _joined(table))
        elif numbers:
            reason = f"on sheet '{sheet}', whose headers are others"
            refused = [
                Refused(n + before, reason, ",".join(row)[:SHOWN]) for n, row in zip(numbers, cells, strict=True)
            ]
            yield Block(text_table([], width), np.array([], dtype=np.intp), pa.array([], type=pa.string()), refused)
        before += len(rows)


def _same_headers(row: Sequence[str], headers: Sequence[str]) -> bool:
    return [fold(cell) for cell in row if cell.strip()] == [fold(cell) for cell in headers if cell.strip()]


def _joined(table: pa.Table) -> pa.Array:
    """Return the text of rows that have no lines of their own: their cells, joined."""
    columns = [column.combine_chunks() for column in table.columns]
    return pc.binary_join_element_wise(*columns, ",") if columns else pa.array([], type=pa.string())


def _table_blocks(raw: RawFile) -> Iterator[Block]:
    """Yield the rows of a Stata or Parquet file; its first row is row 2, as if the names were row 1."""
    if raw.container == "dta":
        _refuse_floats(raw)
    batches = (
        stata_batches(raw.path, raw.name, raw.encoding)
        if raw.container == "dta"
        else ((table, {}) for table in parquet_batches(raw.path, raw.name))
    )
    first = 2
    for table, unreadable in batches:
        rows = np.arange(first, first + table.num_rows, dtype=np.intp)
        first += table.num_rows
        if not unreadable:
            yield Block(table, rows, _joined(table))
            continue
        reason = f"not valid {raw.encoding.upper()}"
        refused = [Refused(int(rows[at]), reason, text[:SHOWN]) for at, text in unreadable.items()]
        good = np.setdiff1d(np.arange(table.num_rows), list(unreadable))
        readable = table.take(pa.array(good))
        yield Block(readable, rows[good], _joined(readable), refused)


def _refuse_floats(raw: RawFile) -> None:
    """Refuse codes of more than seven digits that Stata has rounded to a float."""
    floats = stata_floats(raw.path)
    for role in LONG_CODES:
        if raw.columns.get(role) in floats:
            raise InputError(
                f"{raw.name}, column '{raw.headers[raw.columns[role]]}': stored as a float, which keeps 7 digits, so "
                "its codes are rounded; export it from the source again, as text or double"
            )


_READERS: dict[str, Callable[[RawFile], Iterator[Block]]] = {
    "xlsx": _sheet_blocks,
    "dta": _table_blocks,
    "parquet": _table_blocks,
}
