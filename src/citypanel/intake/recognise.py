"""What a raw file is: container, encoding, delimiter, header row and layout. Nothing is changed."""

import codecs
import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from citypanel.errors import InputError
from citypanel.intake.layouts import Layout, Match, best_match, match_headless, read_layouts
from citypanel.intake.sheets import sheet_rows
from citypanel.intake.tables import parquet_names, stata_encoding, stata_names
from citypanel.registers import Registers

TEXT = (".csv", ".txt", ".tsv")
SHEETS = (".xlsx", ".xls")
STATA, PARQUET, ARCHIVES = (".dta",), (".parquet",), (".zip",)
SAMPLE = 1 << 18  # bytes looked at to tell the encoding
HEADER_ROWS = 5  # rows looked at to find the headers
SHOWN = 12  # headers listed in a message

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
WAY_OUT = {
    ".mdb": "export it first, as `mdb-export FILE.mdb TABLE > FILE.csv` (mdbtools), and give the CSV",
    ".accdb": "export it first, as `mdb-export FILE.accdb TABLE > FILE.csv` (mdbtools), and give the CSV",
    ".rar": "unpack it first",
    ".7z": "unpack it first",
}


@dataclass(frozen=True)
class RawFile:
    """A recognised raw file.

    `name` is how rows refer to it; `headers` are the cells of the header row as written; `header_rows` counts
    the rows before the data (0 for a file without headers); `columns` gives the position of each role.
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

    @property
    def table(self) -> str:
        """The canonical table it feeds."""
        return self.layout.table


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
        if not bare.top or not any(cell for row in bare.top for cell in row):
            raise InputError(f"{bare.name} is empty; a raw file with at least a header row is expected")
        headless = match_headless(self.layouts, bare.top[0])
        if headless is not None:
            return self._with(bare, headless, ("",) * len(bare.top[0]), 0)
        headed = [layout for layout in self.layouts if "headless" not in layout.settings]
        best: tuple[Match, int] | None = None
        for at, row in enumerate(bare.top):
            match = best_match([h for h in headed if _suits(h, at)], row)
            if best is None or match.score > best[0].score:
                best = (match, at)
        match, at = best if best is not None else (best_match(headed, bare.top[0]), 0)
        if match.missing:
            raise InputError(_unknown(bare, match, bare.top[at]))
        rows = int(match.layout.settings.get("headers", at + 1))
        return self._with(bare, match, bare.top[at], rows)

    def look(self, path: Path, name: str) -> RawFile:
        """Return container, encoding and first rows of a file, without its layout."""
        path = Path(path)
        suffix = path.suffix.lower()
        if not path.is_file():
            raise InputError(f"{name} does not exist; a raw file is expected")
        if path.stat().st_size == 0:
            raise InputError(f"{name} is empty; a raw file with at least a header row is expected")
        if suffix in WAY_OUT:
            raise InputError(f"{name}: {suffix} files cannot be read; {WAY_OUT[suffix]}")
        none = Layout("unknown", "", {}, ())
        bare = RawFile(path, name, "csv", "", ",", (), 1, none, {})
        if suffix in SHEETS:
            return replace(bare, container="xlsx", top=_sheet_top(path, name))
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


def detect_encoding(path: Path) -> str:
    """Return `utf-8`, `utf-16-le`, `utf-16-be` or `gb18030` (the superset of GBK).

    A file of plain ASCII is `utf-8`. Text that is neither valid UTF-8 nor valid GB18030 is taken as the one
    that fails least; its bad lines are rejected when it is read.
    """
    with path.open("rb") as stream:
        start = stream.read(4)
        for mark, encoding in _BOMS:
            if start.startswith(mark):
                return encoding
        stream.seek(0)
        while block := stream.read(SAMPLE):
            if block.isascii():
                continue
            block += stream.readline()
            return min(("utf-8", "gb18030"), key=lambda e: _faults(block, e))
    return "utf-8"


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
    return text.splitlines()[:HEADER_ROWS]


def _delimiter(lines: Sequence[str]) -> str:
    first = lines[0] if lines else ""
    # A bar separates names inside cells, so it separates columns only where nothing else does.
    return max(",\t;", key=first.count) if any(mark in first for mark in ",\t;") else "|"


def _sheet_top(path: Path, name: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(row) for _, row in zip(range(HEADER_ROWS), sheet_rows(path, name), strict=False))


def _unknown(bare: RawFile, match: Match, headers: Sequence[str]) -> str:
    found = [header.strip() for header in headers if header.strip()]
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
