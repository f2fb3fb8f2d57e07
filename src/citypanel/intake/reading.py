"""Raw rows as text, block by block, with the row numbers of the file; lines that are no rows are refused."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from citypanel.arrays import Codes
from citypanel.errors import InputError
from citypanel.intake.recognise import RawFile, bom_length
from citypanel.intake.sheets import sheet_rows
from citypanel.intake.tables import parquet_batches, stata_batches

BLOCK = 16 << 20  # bytes of text worked on at a time
PIECE = 1 << 16  # bytes re-read where the fast parser stumbles
LONGEST_RECORD = 100  # lines one quoted record may span
SHOWN = 500  # characters of a refused line that are kept


@dataclass(frozen=True)
class Refused:
    """A line or row that did not reach the canonical table."""

    row: int
    reason: str
    text: str


@dataclass(frozen=True)
class Block:
    """Rows of one file: text columns `c0`, `c1`, ..., the number of each row (the first line is 1), its raw text."""

    table: pa.Table
    rows: Codes
    lines: pa.Array
    refused: list[Refused] = field(default_factory=list)


def read_blocks(raw: RawFile) -> Iterator[Block]:
    """Yield the data rows of a raw file.

    Raises
    ------
    InputError
        The file cannot be opened as what it is, or changes while it is read.
    """
    before = raw.path.stat()
    yield from _READERS[raw.container](raw)
    after = raw.path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise InputError(f"{raw.name} changed while it was read; run again when it is complete")


def _sheet_blocks(raw: RawFile) -> Iterator[Block]:
    width = len(raw.headers)
    cells: list[list[str]] = []
    rows: list[int] = []
    for row, found in enumerate(sheet_rows(raw.path, raw.name), start=1):
        if row <= raw.header_rows or not any(cell.strip() for cell in found):
            continue
        cells.append((found + [""] * width)[:width])
        rows.append(row)
    table = _table(cells, width)
    yield Block(table, np.array(rows, dtype=np.intp), _joined(table))


def _joined(table: pa.Table) -> pa.Array:
    """Return the text of rows that have no lines of their own: their cells, joined."""
    columns = [column.combine_chunks() for column in table.columns]
    return pc.binary_join_element_wise(*columns, ",") if columns else pa.array([], type=pa.string())


def _table_blocks(raw: RawFile) -> Iterator[Block]:
    """Yield the rows of a Stata or Parquet file; its first row is row 2, as if the names were row 1."""
    batches = (
        stata_batches(raw.path, raw.name, raw.encoding)
        if raw.container == "dta"
        else parquet_batches(raw.path, raw.name)
    )
    first = 2
    for table in batches:
        yield Block(table, np.arange(first, first + table.num_rows, dtype=np.intp), _joined(table))
        first += table.num_rows


def _text_blocks(raw: RawFile) -> Iterator[Block]:
    width = _width(raw)
    row, rest = raw.header_rows + 1, b""
    with _opened(raw) as stream:
        for _ in range(raw.header_rows):
            stream.readline()
        while chunk := stream.read(BLOCK):
            data = rest + chunk
            cut = data.rfind(b"\n") + 1
            if not cut:
                rest = data
                continue
            block, used, leftover = _parse(data[:cut], row, raw, width, final=False)
            rest = leftover + data[cut:]
            row += used
            yield block
    if rest.strip():
        yield _parse(rest, row, raw, width, final=True)[0]


def _opened(raw: RawFile) -> BinaryIO:
    """Open a text file behind its byte-order mark; UTF-16, which only small exports use, becomes UTF-8."""
    stream = raw.path.open("rb")
    stream.seek(bom_length(raw.path))
    if not raw.encoding.startswith("utf-16"):
        return stream
    with stream:
        return io.BytesIO(stream.read().decode(raw.encoding, errors="replace").encode())


def _encoding(raw: RawFile) -> str:
    return "utf-8" if raw.encoding.startswith("utf-16") else raw.encoding


def _width(raw: RawFile) -> int:
    """Return the number of columns: that of the headers, one more if every row ends with a delimiter."""
    width = len(raw.headers)
    first = raw.top[raw.header_rows] if len(raw.top) > raw.header_rows else ()
    return width + 1 if len(first) == width + 1 and not first[-1].strip() else width


def _parse(data: bytes, first: int, raw: RawFile, width: int, *, final: bool) -> tuple[Block, int, bytes]:
    """Return the rows in `data`, the number of lines used, and bytes that belong to the next block.

    Where the fast parser stumbles, the block is cut into pieces, and only a piece with a fault is read by line.
    """
    if not data.endswith(b"\n"):
        data += b"\n"
    try:
        text = data if data.isascii() else data.decode(_encoding(raw)).encode()
        table = None if _open_quote(text) else _read_csv(text, raw.delimiter, width)
    except (UnicodeDecodeError, pa.ArrowInvalid):
        table = None
    if table is not None and table.num_rows == (count := text.count(b"\n")):
        return Block(table, np.arange(first, first + count, dtype=np.intp), _lines(text)), count, b""
    if len(data) > 2 * PIECE:
        return _parse_pieces(data, first, raw, width, final=final)
    return _parse_lines(data, first, raw, width, final=final)


def _parse_pieces(data: bytes, first: int, raw: RawFile, width: int, *, final: bool) -> tuple[Block, int, bytes]:
    """Read a block in pieces of whole lines."""
    found: list[Block] = []
    row, start, rest = first, 0, b""
    while start < len(data):
        end = data.find(b"\n", start + PIECE) + 1 or len(data)
        last = final and end == len(data)
        block, used, rest = _parse(rest + data[start:end], row, raw, width, final=last)
        found.append(block)
        row, start = row + used, end
    whole = Block(
        pa.concat_tables([block.table for block in found]),
        np.concatenate([block.rows for block in found]),
        pa.concat_arrays([block.lines for block in found]),
        [item for block in found for item in block.refused],
    )
    return whole, row - first, rest


def _open_quote(text: bytes) -> bool:
    """Whether the last line leaves a quote open, which the fast parser would close at the end of the block."""
    return text[text.rfind(b"\n", 0, -1) + 1 :].count(b'"') % 2 == 1


def _lines(text: bytes) -> pa.Array:
    """Return the lines of a text as an array, newlines included, without copying them."""
    ends = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == ord("\n")).astype(np.int32) + 1
    offsets = np.concatenate([np.zeros(1, dtype=np.int32), ends])
    return pa.StringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(text))


def _read_csv(text: bytes, delimiter: str, width: int) -> pa.Table:
    names = [f"c{i}" for i in range(width)]
    return pacsv.read_csv(
        io.BytesIO(text),
        read_options=pacsv.ReadOptions(column_names=names, block_size=max(len(text) + 1, 1024), use_threads=False),
        parse_options=pacsv.ParseOptions(delimiter=delimiter, ignore_empty_lines=False),
        convert_options=pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
    )


def _parse_lines(data: bytes, first: int, raw: RawFile, width: int, *, final: bool) -> tuple[Block, int, bytes]:
    """Read line by line, so that one bad line costs only itself."""
    lines = data.split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    cells, rows, texts, refused = [], [], [], []
    at = 0
    while at < len(lines):
        found, used, reason = _record(lines, at, raw, width)
        if used == 0 and not final:
            break
        if found is not None:
            cells.append(found)
            rows.append(first + at)
            texts.append(b"\n".join(lines[at : at + used]).decode(_encoding(raw)) + "\n")
        elif reason:
            shown = lines[at].decode(_encoding(raw), errors="replace").rstrip("\r")
            refused.append(Refused(first + at, reason, shown[:SHOWN]))
        at += max(used, 1)
    leftover = b"\n".join(lines[at:]) + b"\n" if at < len(lines) else b""
    found_lines = pa.array(texts, type=pa.string())
    return Block(_table(cells, width), np.array(rows, dtype=np.intp), found_lines, refused), at, leftover


def _record(lines: Sequence[bytes], at: int, raw: RawFile, width: int) -> tuple[list[str] | None, int, str]:
    """Return the record that starts at a line, the lines it spans (0: needs more), and why there is none."""
    text = ""
    for used in range(1, LONGEST_RECORD + 1):
        if at + used > len(lines):
            return None, 0, "a quote that never closes"
        try:
            text += ("\n" if text else "") + lines[at + used - 1].decode(_encoding(raw)).rstrip("\r")
        except UnicodeDecodeError:
            reason = f"not valid {raw.encoding.upper()}" if used == 1 else "a quote that never closes"
            return None, 1, reason
        if not text.strip():
            return None, 1, "an empty line"
        try:
            cells = next(csv.reader([text], delimiter=raw.delimiter, strict=True))
        except csv.Error:
            continue
        while len(cells) > width and not cells[-1].strip():
            cells.pop()
        if len(cells) == width:
            return cells, used, ""
        return None, 1, f"{len(cells)} fields where the headers have {width}"
    return None, 1, "a quote that never closes"


def _table(cells: Sequence[Sequence[str]], width: int) -> pa.Table:
    columns = list(zip(*cells, strict=True)) if cells else [()] * width
    return pa.table({f"c{i}": pa.array(column, type=pa.string()) for i, column in enumerate(columns)})


_READERS: dict[str, Callable[[RawFile], Iterator[Block]]] = {
    "csv": _text_blocks,
    "xlsx": _sheet_blocks,
    "dta": _table_blocks,
    "parquet": _table_blocks,
}
