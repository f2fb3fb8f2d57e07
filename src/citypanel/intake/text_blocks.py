"""Delimited text as rows: a fast parser for whole blocks, and a careful one for the pieces where it stumbles."""

import csv
import io
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from citypanel.errors import InputError
from citypanel.intake.blocks import EMPTY, SHOWN, Block, Refused, coded_block, text_table
from citypanel.intake.recognise import SAMPLE, RawFile, bom_length

BLOCK = 16 << 20  # bytes of text worked on at a time
PIECE = 1 << 16  # bytes re-read where the fast parser stumbles
LONGEST_RECORD = 100  # lines one quoted record may span
LONGEST_LINE = 64 << 20  # bytes: what is longer is no text table
_TRAILING = 0x30  # the least byte of GB18030 that may follow a first one; commas, tabs, quotes, line ends are below
_CODES = pa.dictionary(pa.int32(), pa.binary())


def text_blocks(raw: RawFile, plain: Collection[int] | None) -> Iterator[Block]:
    """Yield the rows of a text file; `plain` as in `read_blocks`."""
    parser = _Parser(raw, _width(raw), plain)
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
            block, used, leftover = parser.parse(data[:cut], row, final=False)
            rest = leftover + data[cut:]
            row += used
            yield block
    if rest.strip() and not above:
        yield parser.parse(rest, row, final=True)[0]


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


@dataclass(frozen=True)
class _Parser:
    """Parses the text of one file; `plain` as in `read_blocks`."""

    raw: RawFile
    width: int
    plain: Collection[int] | None

    def parse(self, data: bytes, first: int, *, final: bool) -> tuple[Block, int, bytes]:
        """Return the rows in `data`, the number of lines used, and bytes that belong to the next block.

        Where the fast parser stumbles, the block is cut into pieces, and only a piece with a fault is read by line.
        """
        if not data.endswith(b"\n"):
            data += b"\n"
        try:
            block = self._fast(data, first)
        except (UnicodeDecodeError, pa.ArrowInvalid):
            block = None
        if block is not None:
            return _without_empty_lines(block), len(block.rows), b""
        if b"\r" in data:
            # A carriage return that stands alone ends a line as well.
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if len(data) > 2 * PIECE:
            return self._pieces(data, first, final=final)
        return _parse_lines(data, first, self.raw, self.width, final=final)

    def _fast(self, data: bytes, first: int) -> Block | None:
        """Return the rows, or None where a line is not one row."""
        as_bytes = self.plain is not None and self._splits_as_bytes()
        text = data if as_bytes or data.isascii() else data.decode(_encoding(self.raw)).encode()
        if _open_quote(text) or b"\0" in text:
            return None
        table = self._split(text, as_bytes=as_bytes)
        lines = _lines(text, as_bytes=as_bytes)
        if table.num_rows != len(lines):
            return None
        rows = np.arange(first, first + len(lines), dtype=np.intp)
        return Block(table, rows, lines, encoding=self.raw.encoding if as_bytes else "")

    def _splits_as_bytes(self) -> bool:
        """Whether no byte of a longer character looks like the delimiter, a quote or the end of a line.

        Then only the distinct texts need decoding, not the file.
        """
        return self.raw.encoding in {"utf-8", "gb18030"} and ord(self.raw.delimiter) < _TRAILING

    def _split(self, text: bytes, *, as_bytes: bool) -> pa.Table:
        if not as_bytes:
            return _read_csv(text, self.raw.delimiter, [pa.string()] * self.width)
        kinds = [pa.binary() if at in (self.plain or ()) else _CODES for at in range(self.width)]
        table = _read_csv(text, self.raw.delimiter, kinds)
        columns = [_as_text(column.combine_chunks(), self.raw.encoding) for column in table.columns]
        return pa.table(dict(zip(table.column_names, columns, strict=True)))

    def _pieces(self, data: bytes, first: int, *, final: bool) -> tuple[Block, int, bytes]:
        """Read a block in pieces of whole lines."""
        found: list[Block] = []
        row, start, rest = first, 0, b""
        while start < len(data):
            end = data.find(b"\n", start + PIECE) + 1 or len(data)
            last = final and end == len(data)
            block, used, rest = self.parse(rest + data[start:end], row, final=last)
            found.append(_decoded(block if self.plain is None else coded_block(block, self.plain)))
            row, start = row + used, end
        whole = Block(
            pa.concat_tables([block.table for block in found]).unify_dictionaries(),
            np.concatenate([block.rows for block in found]),
            pa.concat_arrays([block.lines for block in found]),
            [item for block in found for item in block.refused],
        )
        return whole, row - first, rest


def _decoded(block: Block) -> Block:
    """Return a block whose lines are text."""
    if not block.encoding:
        return block
    lines = [line.decode(block.encoding) for line in block.lines.to_pylist()]
    return replace(block, lines=pa.array(lines, type=pa.string()), encoding="")


def _as_text(column: pa.Array, encoding: str) -> pa.Array:
    """Return bytes, or codes of distinct bytes, as text; a cell that is not valid is an error."""
    if pa.types.is_dictionary(column.type):
        return pa.DictionaryArray.from_arrays(column.indices, _as_text(column.dictionary, encoding))
    if encoding == "utf-8" or _is_ascii(column):
        return column.cast(pa.string())
    # No cell holds the end of a line: a line is a row here.
    whole = pa.ListArray.from_arrays(pa.array([0, len(column)], pa.int32()), column)
    joined = pc.binary_join(whole, b"\n")[0].as_py() + b"\n"
    return pc.ascii_rtrim(_lines(joined.decode(encoding).encode(), as_bytes=False), "\n")


def _is_ascii(column: pa.Array) -> bool:
    """Whether the bytes of all cells are ASCII, asked of the memory behind them."""
    cells = column.buffers()[2]
    return cells is None or cells.to_pybytes().isascii()


def _without_empty_lines(block: Block) -> Block:
    """Refuse empty lines, which the fast parser takes for rows of empty cells."""
    short = np.flatnonzero(pc.binary_length(block.lines).to_numpy() <= len("\r\n"))
    empty = [int(at) for at in short if not block.lines[int(at)].as_py().strip()]
    if not empty:
        return block
    good = pa.array(np.isin(np.arange(len(block.rows)), empty, invert=True))
    refused = [Refused(int(block.rows[at]), EMPTY, "") for at in empty]
    kept = block.rows[np.asarray(good)]
    return Block(block.table.filter(good), kept, block.lines.filter(good), refused, block.encoding)


def _open_quote(text: bytes) -> bool:
    """Whether the last line leaves a quote open, which the fast parser would close at the end of the block."""
    return text[text.rfind(b"\n", 0, -1) + 1 :].count(b'"') % 2 == 1


def _lines(text: bytes, *, as_bytes: bool) -> pa.Array:
    """Return the lines of a text as an array, newlines included, without copying them."""
    kind = pa.binary() if as_bytes else pa.string()
    ends = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == ord("\n")).astype(np.int32) + 1
    offsets = np.concatenate([np.zeros(1, dtype=np.int32), ends])
    return pa.Array.from_buffers(kind, len(ends), [None, pa.py_buffer(offsets), pa.py_buffer(text)])


def _read_csv(text: bytes, delimiter: str, kinds: Sequence[pa.DataType]) -> pa.Table:
    names = [f"c{i}" for i in range(len(kinds))]
    return pacsv.read_csv(
        io.BytesIO(text),
        read_options=pacsv.ReadOptions(column_names=names, block_size=max(len(text) + 1, 1024), use_threads=False),
        parse_options=pacsv.ParseOptions(delimiter=delimiter, ignore_empty_lines=False),
        convert_options=pacsv.ConvertOptions(
            column_types=dict(zip(names, kinds, strict=True)), strings_can_be_null=False
        ),
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
    return Block(text_table(cells, width), np.array(rows, dtype=np.intp), found_lines, refused), at, leftover


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
