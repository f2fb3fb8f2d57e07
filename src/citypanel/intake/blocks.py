"""Rows of a raw file as they come: text or codes of text, row numbers, raw lines, and what was refused."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from citypanel.arrays import Codes, Mask

EMPTY = "an empty line"
SHOWN = 500  # characters of a refused line that are kept


@dataclass(frozen=True)
class Refused:
    """A line or row that did not reach the canonical table."""

    row: int
    reason: str
    text: str


@dataclass(frozen=True)
class Block:
    """Rows of one file: text columns `c0`, `c1`, ..., the number of each row (the first line is 1), its raw line.

    Lines are text, or bytes in `encoding` where that is given.
    """

    table: pa.Table
    rows: Codes
    lines: pa.Array
    refused: list[Refused] = field(default_factory=list)
    encoding: str = ""

    def texts(self, rows: Mask) -> pa.Array:
        """Return the lines of some rows as text, without their ends."""
        lines = self.lines.filter(pa.array(rows))
        if self.encoding:
            lines = pa.array([line.decode(self.encoding) for line in lines.to_pylist()], type=pa.string())
        return pc.utf8_rtrim(lines, "\r\n")


def coded_block(block: Block, plain: Collection[int]) -> Block:
    """Return a block with all columns but some as codes of their distinct texts."""
    columns = [column.combine_chunks() for column in block.table.columns]
    coded = [
        column if at in plain or pa.types.is_dictionary(column.type) else column.dictionary_encode()
        for at, column in enumerate(columns)
    ]
    return replace(block, table=pa.table(dict(zip(block.table.column_names, coded, strict=True))))


def text_table(cells: Sequence[Sequence[str]], width: int) -> pa.Table:
    """Return rows of cells as columns of text."""
    columns = list(zip(*cells, strict=True)) if cells else [()] * width
    return pa.table({f"c{i}": pa.array(column, type=pa.string()) for i, column in enumerate(columns)})
