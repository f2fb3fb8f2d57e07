"""What a raw file is: container, encoding, delimiter, header row and layout. Nothing is changed."""

import codecs
import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from citypanel.errors import InputError
from citypanel.intake.layouts import Layout, Match, best_match, match_headless, read_layouts
from citypanel.intake.sheets import LOCK, sheet_tops
from citypanel.intake.tables import parquet_names, stata_encoding, stata_names
from citypanel.registers import Registers, fold

TEXT = (".csv", ".txt", ".tsv")
SHEETS = (".xlsx", ".xls")
STATA, PARQUET, ARCHIVES = (".dta",), (".parquet",), (".zip",)
SAMPLE = 1 << 18  # bytes looked at to tell the encoding
HEADER_ROWS = 5  # rows looked at to find the headers
FIRST_HIGH = 0x80  # bytes from here on are no ASCII
LONGEST_HEADER = 100_000  # characters of a line looked at
SHOWN = 12  # headers listed in a message

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_ACCESS = (
    "export each table as CSV first: `mdb-export -D '%Y%m%d' FILE TABLE > TABLE.csv` (mdbtools), or in Access "
    "External Data > Export > Text File, with field names, UTF-8; then give the CSV"
)
WAY_OUT = {
    ".mdb": _ACCESS,
    ".accdb": _ACCESS,
    ".rar": "unpack it, or pack its files as zip",
    ".7z": "unpack it, or pack its files as zip",
    ".gz": "unpack it, or pack its files as zip",
    ".sav": "save it as CSV or Stata file from SPSS",
    ".rds": "write it as CSV or Parquet from R",
}
RAW_TYPES = (*TEXT, *SHEETS, *STATA, *PARQUET, *ARCHIVES, *WAY_OUT)


@dataclass(frozen=True)
class RawFile:
    """A recognised raw file.

    `name` is how rows refer to it; `headers` are the cells of the header row as written; `header_rows` counts
    the rows before the data (0 for a file without headers); `columns` gives the position of each role. `sheet`
    is the sheet of a workbook that was recognised, `stamp` tells whether the file changed since, `twin` names an
    earlier file of the same bytes, and `blocks` limits how many blocks are read (0: all).
    """

    path: Path
    name: str
    container: str
    encoding: str
    delimiter: str
    headers: tuple[str, ...]
    header_rows: int
    layout: Layout
    columns: dict[str, int]
    top: tuple[tuple[str, ...], ...] = ()
    sheet: str = ""
    stamp: tuple[int, ...] = ()
    twin: str = ""
    blocks: int = 0

    @property
    def table(self) -> str:
        """The canonical table it feeds."""
        return self.layout.table

    def namesakes(self, at: int) -> list[int]:
        """Return the other columns whose header is the same but for case, width and blanks."""
        mine = fold(self.headers[at])
        return [other for other, header in enumerate(self.headers) if other != at and mine and fold(header) == mine]


class Recogniser:
    """Recognises raw files by the layout register."""

    def __init__(self, registers: Registers | None = None) -> None:
        self.layouts = read_layouts(registers or Registers())

    def recognise(self, path: Path, *, root: Path | None = None, called: str = "") -> RawFile:
        """Return what a file is; messages call it `called`, or by its place under `root`.

        Raises
        ------
        InputError
            The file is absent, empty, of an unknown container or of no known layout; the line names the file,
            the headers found and the nearest layout with the headers it misses.
        """
        bare = self.look(path, called or raw_name(Path(path), root))
        tops = sheet_tops(bare.path, bare.name, HEADER_ROWS) if bare.container == "xlsx" else {"": bare.top}
        if not any(cell for top in tops.values() for row in top for cell in row):
            told = f"{bare.name} is empty, or its first {HEADER_ROWS} rows are; the header row must be among them"
            raise InputError(told)
        faults = []
        for sheet, top in tops.items():
            found = self._matched(replace(bare, top=top, sheet=sheet))
            if isinstance(found, RawFile):
                return found
            faults.append(found)
        raise InputError(faults[0])

    def _matched(self, bare: RawFile) -> "RawFile | str":
        """Return the file with its layout, or why it has none."""
        if not bare.top:
            return f"{bare.name} has no header row"
        headless = match_headless(self.layouts, bare.top[0])
        if headless is not None:
            return self._with(bare, headless, ("",) * len(bare.top[0]), 0)
        headed = [layout for layout in self.layouts if "headless" not in layout.settings]
        matches = [(best_match([h for h in headed if _suits(h, at)], row), at) for at, row in enumerate(bare.top)]
        match, at = max(matches, key=lambda found: found[0].score)
        if match.missing:
            return _unknown(bare, match, bare.top[at])
        return self._with(bare, match, bare.top[at], int(match.layout.settings.get("headers", at + 1)))

    def look(self, path: Path, name: str) -> RawFile:
        """Return container, encoding and first rows of a file, without its layout."""
        path = Path(path)
        suffix = path.suffix.lower()
        if not path.is_file():
            raise InputError(f"{name} does not exist; a raw file is expected")
        if path.name.startswith(LOCK):
            raise InputError(f"{name} is a lock that Excel keeps while a workbook is open; close Excel and delete it")
        if path.stat().st_size == 0:
            raise InputError(f"{name} is empty; a raw file with at least a header row is expected")
        if suffix in WAY_OUT:
            raise InputError(f"{name}: {suffix} files cannot be read; {WAY_OUT[suffix]}")
        if suffix in ARCHIVES:
            raise InputError(f"{name} is a zip inside a zip; unpack the outer one")
        none = Layout("unknown", "", {}, ())
        bare = RawFile(path, name, "csv", "", ",", (), 1, none, {}, stamp=stamp(path))
        if suffix in SHEETS:
            return replace(bare, container="xlsx")
        if suffix in TEXT:
            encoding = detect_encoding(path)
            lines = _first_lines(path, encoding)
            delimiter = _delimiter(lines)
            top = tuple(tuple(row) for row in csv.reader(lines, delimiter=delimiter))
            return replace(bare, encoding=encoding, delimiter=delimiter, top=top)
        if suffix in STATA:
            encoding = stata_encoding(path, name)
            return replace(bare, container="dta", encoding=encoding, top=(stata_names(path, name, encoding),))
        if suffix in PARQUET:
            return replace(bare, container="parquet", top=(parquet_names(path, name),))
        allowed = ", ".join((*TEXT, *SHEETS, *STATA, *PARQUET, *ARCHIVES))
        raise InputError(f"{name}: files of type '{suffix or 'none'}' cannot be read; allowed: {allowed}")

    def _with(self, bare: RawFile, match: Match, headers: Sequence[str], rows: int) -> RawFile:
        return replace(bare, layout=match.layout, columns=match.columns, headers=tuple(headers), header_rows=rows)


def stamp(path: Path) -> tuple[int, ...]:
    """Return what changes when a file is written to or replaced: size, time of change, identity on disk."""
    found = path.stat()
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def detect_encoding(path: Path) -> str:
    """Return `utf-8`, `utf-16-le`, `utf-16-be`, `gb18030` (the superset of GBK) or `cp1252` (Western Europe).

    A file of plain ASCII is `utf-8`. Text that is valid in none is taken as the one that fails least; its bad
    lines are rejected when it is read.
    """
    with path.open("rb") as stream:
        start = stream.read(512)
        for mark, encoding in _BOMS:
            if start.startswith(mark):
                return encoding
        # Text of two-byte characters without a mark: every other byte of its ASCII part is zero.
        pairs = list(zip(start[::2], start[1::2], strict=False))
        if sum(one > 0 == other for one, other in pairs) > len(pairs) / 2:
            return "utf-16-le"
        if sum(one == 0 < other for one, other in pairs) > len(pairs) / 2:
            return "utf-16-be"
        stream.seek(0)
        while block := stream.read(SAMPLE):
            if block.isascii():
                continue
            block += stream.readline()
            return _likeliest(block)
    return "utf-8"


def _likeliest(block: bytes) -> str:
    faults = {encoding: _faults(block, encoding) for encoding in ("utf-8", "gb18030")}
    if not faults["utf-8"]:
        return "utf-8"
    # Chinese characters are pairs of high bytes; letters with accents stand alone among plain ones.
    high = np.pad(np.frombuffer(block, dtype=np.uint8) >= FIRST_HIGH, 1)
    alone = int((high[1:-1] & ~high[:-2] & ~high[2:]).sum())
    if alone > high.sum() / 2 and faults["utf-8"] > alone / 2:
        return "cp1252"
    return min(faults, key=lambda encoding: faults[encoding])


def bom_length(path: Path) -> int:
    """Return the bytes of the byte-order mark a file starts with."""
    with path.open("rb") as stream:
        start = stream.read(4)
    return next((len(mark) for mark, _ in _BOMS if start.startswith(mark)), 0)


def _faults(block: bytes, encoding: str) -> int:
    return block.decode(encoding, errors="replace").count("\ufffd")


def _suits(layout: Layout, at: int) -> bool:
    """Whether a layout's headers may stand in this row; with three header rows the labels are the second."""
    return at == 1 if layout.settings.get("headers") == "3" else True


def _first_lines(path: Path, encoding: str) -> list[str]:
    with path.open("rb") as stream:
        stream.seek(bom_length(path))
        text = stream.read(SAMPLE).decode(encoding, errors="replace")
    # Other marks that Python takes for line ends may stand inside a cell.
    lines = re.split(r"\r\n|\r|\n", text, maxsplit=HEADER_ROWS)[:HEADER_ROWS]
    return [line[:LONGEST_HEADER] for line in lines]


def _delimiter(lines: Sequence[str]) -> str:
    first = lines[0] if lines else ""
    # A bar separates names inside cells, so it separates columns only where nothing else does.
    return max(",\t;", key=first.count) if any(mark in first for mark in ",\t;") else "|"


def _unknown(bare: RawFile, match: Match, headers: Sequence[str]) -> str:
    found = [header.strip() for header in headers if header.strip()]
    if not found:
        return f"{bare.name}: the first {HEADER_ROWS} rows hold no headers; the header row must be among them"
    shown = ", ".join(found[:SHOWN]) + (f" and {len(found) - SHOWN} more" if len(found) > SHOWN else "")
    near = f"; the nearest is {match.layout.name}, which also needs {', '.join(match.missing_headers)}"
    near = near if len(match.missing) < len(match.layout.required) else ""
    return f"{bare.name}: no known layout has the headers {shown}{near}; add a layout to registers/layouts.csv"


def raw_name(path: Path, root: Path | None) -> str:
    """Return how rows refer to a file: its place under the raw folder, or its name."""
    if root is None:
        return path.name
    try:
        return path.resolve().relative_to(Path(root).resolve()).as_posix()
    except ValueError:
        return path.name
