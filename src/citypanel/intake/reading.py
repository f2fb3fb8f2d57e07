"""Raw rows as text, block by block, with the row numbers of the file; lines that are no rows are refused."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from citypanel.arrays import Codes
from citypanel.errors import InputError
from citypanel.intake.recognise import SAMPLE, RawFile, bom_length, stamp
from citypanel.intake.sheets import sheets
from citypanel.intake.tables import parquet_batches, stata_batches, stata_floats
from citypanel.registers import fold

BLOCK = 16 << 20  # bytes of text worked on at a time
PIECE = 1 << 16  # bytes re-read where the fast parser stumbles
LONGEST_RECORD = 100  # lines one quoted record may span
LONGEST_LINE = 64 << 20  # bytes: what is longer is no text table
LONG_CODES = ("firm", "hs8", "application_no")  # roles of codes that do not fit into four bytes
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
    _require_unchanged(raw)
    yield from islice(_READERS[raw.container](raw), raw.blocks or None)
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
            table = _table(cells, width)
            yield Block(table, np.array(numbers, dtype=np.intp) + before, _joined(table))
        elif numbers:
            reason = f"on sheet '{sheet}', whose headers are others"
            refused = [
                Refused(n + before, reason, ",".join(row)[:SHOWN]) for n, row in zip(numbers, cells, strict=True)
            ]
            yield Block(_table([], width), np.array([], dtype=np.intp), pa.array([], type=pa.string()), refused)
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


def _text_blocks(raw: RawFile) -> Iterator[Block]:
    width = _width(raw)
    row, rest, above = raw.header_rows + 1, b"", raw.header_rows
    with _opened(raw) as stream:
        for chunk in _line_ends(stream):
            data = rest + chunk
            while above and (end := _line_end(data)):
                data, above = data[end:], above - 1
            cut = 0 if above else data.rfind(b"\n") + 1
            if not cut:
                rest = _with_an_end(data, row, raw)
                continue
            block, used, leftover = _parse(data[:cut], row, raw, width, final=False)
            rest = leftover + data[cut:]
            row += used
            yield block
    if rest.strip() and not above:
        yield _parse(rest, row, raw, width, final=True)[0]


def _line_end(data: bytes) -> int:
    """Return where the first line ends, whichever mark ends it; 0 if more bytes are needed to tell."""
    found = re.search(rb"\r\n|\n|\r(?=.)", data, re.DOTALL)
    return found.end() if found else 0


def _line_ends(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the file in pieces; if only carriage returns end its lines, they become line feeds."""
    head = stream.read(SAMPLE)
    stream.seek(-len(head), io.SEEK_CUR)
    alone = b"\n" not in head
    while chunk := stream.read(BLOCK):
        yield chunk.replace(b"\r", b"\n") if alone else chunk


def _with_an_end(data: bytes, row: int, raw: RawFile) -> bytes:
    """Return text that waits for its line end, unless it has waited too long."""
    if len(data) > LONGEST_LINE:
        raise InputError(f"{raw.name}, row {row}: no line end within {len(data) >> 20} MB; a text table is expected")
    return data


def _opened(raw: RawFile) -> BinaryIO:
    """Open a text file behind its byte-order mark; UTF-16, which only small exports use, becomes UTF-8."""
    stream = raw.path.open("rb")
    stream.seek(bom_length(raw.path))
    if not raw.encoding.startswith("utf-16"):
        return stream
    with stream:
        text = stream.read().decode(raw.encoding, errors="replace").encode()
        # What could not be decoded stays undecodable, so that its line is refused.
        return io.BytesIO(text.replace("\ufffd".encode(), b"\xff"))


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
        table = None if _open_quote(text) or b"\0" in text else _read_csv(text, raw.delimiter, width)
    except (UnicodeDecodeError, pa.ArrowInvalid):
        table = None
    if table is not None and table.num_rows == (count := text.count(b"\n")):
        block = Block(table, np.arange(first, first + count, dtype=np.intp), _lines(text))
        return _without_empty_lines(block), count, b""
    if b"\r" in data:
        # A carriage return that stands alone ends a line as well.
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
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


def _without_empty_lines(block: Block) -> Block:
    """Refuse empty lines, which the fast parser takes for rows of empty cells."""
    short = np.flatnonzero(np.asarray(pc.less_equal(pc.binary_length(block.lines), len("\r\n")), dtype=np.bool_))
    empty = [int(at) for at in short if not block.lines[int(at)].as_py().strip()]
    if not empty:
        return block
    good = pa.array(np.isin(np.arange(len(block.rows)), empty, invert=True))
    refused = [Refused(int(block.rows[at]), EMPTY, "") for at in empty]
    return Block(block.table.filter(good), block.rows[np.asarray(good)], block.lines.filter(good), refused)


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
            piece = lines[at + used - 1].decode(_encoding(raw)).rstrip("\r")
        except UnicodeDecodeError:
            piece = ""
        # What cannot be read costs its own line; a quote that reaches it never closes.
        reason = _unreadable(lines[at + used - 1], piece, raw)
        if reason and (used == 1 or reason != EMPTY):
            return None, 1, reason if used == 1 else "a quote that never closes"
        text += ("\n" if used > 1 else "") + piece
        try:
            cells = next(csv.reader([text], delimiter=raw.delimiter, strict=True))
        except csv.Error:
            continue
        while len(cells) > width and not cells[-1].strip():
            cells.pop()
        if _named(raw) <= len(cells) < width:
            cells += [""] * (width - len(cells))
        if len(cells) == width:
            return cells, used, ""
        return None, 1, f"{len(cells)} fields where the headers have {width}"
    return None, 1, "a quote that never closes"


def _unreadable(line: bytes, text: str, raw: RawFile) -> str:
    """Return why a line cannot be read, empty if it can."""
    if b"\0" in line:
        return "a NUL byte"
    if not text and line.strip():
        return f"not valid {raw.encoding.upper()}"
    return "" if text.strip() else EMPTY


def _named(raw: RawFile) -> int:
    """Return up to which column there are headers: a trailing empty column may be there in some rows only."""
    return max((at for at, header in enumerate(raw.headers, start=1) if header.strip()), default=len(raw.headers))


def _table(cells: Sequence[Sequence[str]], width: int) -> pa.Table:
    columns = list(zip(*cells, strict=True)) if cells else [()] * width
    return pa.table({f"c{i}": pa.array(column, type=pa.string()) for i, column in enumerate(columns)})


_READERS: dict[str, Callable[[RawFile], Iterator[Block]]] = {
    "csv": _text_blocks,
    "xlsx": _sheet_blocks,
    "dta": _table_blocks,
    "parquet": _table_blocks,
}
