"""Printed cells: the text as it stands in a paper, and the interval of numbers that it stands for."""

import csv
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from citypanel.errors import InputError
from citypanel.ledger.findings import Finding, Place
from citypanel.ledger.interval import Interval

FIELDS = ("study", "table", "column", "row", "statistic", "value", "stars")
_NEEDED = ("column", "row", "statistic", "value")
# Statistics whose value is a number; anything else is kept as text and never complained about.
NUMERIC = (
    "coef", "paren", "se", "t", "z", "p", "ci_low", "ci_high", "stat", "value",
    "pearson_r", "moran_I", "chi2", "effect",
)  # fmt: skip
TEXTUAL = ("info", "text", "note", "caption", "dep_var")
_NOTHING = {"", "-", "--", "---", ".", "na", "n.a.", "n/a", "nan", "/", "omitted"}
_DASHES = "\N{MINUS SIGN}\N{EN DASH}\N{EM DASH}\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{FIGURE DASH}"
_NUMBER = re.compile(r"([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?")
MOST_DECIMALS = 30  # before or after the point
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?")


@dataclass(frozen=True)
class Number:
    """A printed number: its value, its decimals, and all that rounds to it."""

    value: float
    decimals: int
    digits: int
    interval: Interval


@dataclass(frozen=True, eq=False)
class Cell:
    """One printed cell with its place in the paper and in the file; two cells are the same only if they are one."""

    study: str
    table: str
    column: str
    row: str
    statistic: str
    text: str
    stars: int | None = 0
    number: Number | None = None
    file: str = ""
    line: int = 0

    @property
    def place(self) -> Place:
        """Where the cell stands in the paper."""
        return Place(self.study, self.table, self.column, self.row)

    @property
    def printed(self) -> str:
        """The text with its stars."""
        return self.text + "*" * (self.stars or 0)

    @property
    def interval(self) -> Interval:
        """All numbers that print as this cell; the whole line if it holds no number."""
        return self.number.interval if self.number else Interval.line()

    @property
    def name(self) -> str:
        """The cell's name in a list of inputs."""
        return f"{self.table}/{self.column}/{self.row}:{self.statistic}"


def plain(text: str) -> str:
    """Return a printed number with plain digits and a plain minus, without brackets and spaces."""
    text = unicodedata.normalize("NFKC", text)
    for dash in _DASHES:
        text = text.replace(dash, "-")
    text = re.sub(r"\s+", "", text)
    if len(text) > 1 and text[0] + text[-1] in ("()", "[]", "{}"):
        text = text[1:-1]
    return text


def parse_number(text: str) -> Number | None:
    """Return the number a printed text stands for, or None where the cell says that there is none.

    Raises
    ------
    ValueError
        The text is neither a number nor a sign for "no value".

    Examples
    --------
    >>> parse_number(".030").interval
    Interval(lo=0.0295, hi=0.030500000000000003)
    """
    bare = plain(text)
    if bare.lower() in _NOTHING:
        return None
    percent = bare.endswith("%")
    bare = bare.removesuffix("%")
    if _THOUSANDS.fullmatch(bare):
        bare = bare.replace(",", "")
    found = _NUMBER.fullmatch(bare)
    if found is None or not (found[2] or found[3]):
        raise ValueError(f"'{text}' is no number")
    decimals = len(found[3] or "") - int(found[4] or 0) + (2 if percent else 0)
    if abs(decimals) > MOST_DECIMALS:
        raise ValueError(f"'{text}' has an exponent that no printed number has")
    value = float(bare) / (100 if percent else 1)
    half = 0.5 * 10.0**-decimals
    # A minus before zeros says on which side of zero the number was.
    upper = 0.0 if value == 0 and found[1] == "-" else value + half
    digits = len(((found[2] or "") + (found[3] or "")).lstrip("0"))
    return Number(value, decimals, digits, Interval(value - half, upper))


def make_cell(place: Place, statistic: str, text: str, stars: str = "", at: tuple[str, int] = ("", 0)) -> Cell:
    """Return the cell of one line; raise ValueError where a number or stars cannot be read."""
    bare = plain(text)
    if statistic in NUMERIC and "*" in bare and not stars:
        stars = "*" * bare.count("*")
        text = re.sub(r"\s*\*", "", text).strip()
    number = parse_number(text) if statistic in NUMERIC else None
    if stars.strip("*") or len(stars) > 4:
        raise ValueError(f"stars '{stars}' are not one of *, **, ***")
    return Cell(place.study, place.table, place.column, place.row, statistic, text, len(stars), number, *at)


def read_cells(path: Path) -> tuple[tuple[Cell, ...], list[Finding]]:
    """Read one CSV of printed cells.

    Returns
    -------
    tuple
        The cells that can be used, and one finding of rule `reading` per line that cannot: the rest is kept.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle)
            header = tuple(reader.fieldnames or ())
            rows = [(reader.line_num, row) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        return (), [_unread(path, 0, str(error), "unreadable")]
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    lacking = [name for name in FIELDS if name not in header]
    problems = [_unread(path, 1, ", ".join(lacking), "columns")] if lacking else []
    if set(lacking) & set(_NEEDED):
        return (), problems
    cells: dict[tuple[str, ...], Cell] = {}
    for line, row in rows:
        _take(path, line, row, cells, problems)
    return tuple(cells.values()), problems


def _take(
    path: Path, line: int, row: dict[str, str | None], cells: dict[tuple[str, ...], Cell], problems: list[Finding]
) -> None:
    if not any((value or "").strip() for value in row.values() if not isinstance(value, list)):
        return
    if None in row or any(row.get(name) is None for name in _NEEDED):
        problems.append(_unread(path, line, "", "ragged"))
        return
    study, table, column, name, statistic, text, stars = (_field(path, row, field) for field in FIELDS)
    key = (study, table, column, name, statistic)
    try:
        cell = make_cell(Place(study, table, column, name), statistic, text, stars, (path.name, line))
    except ValueError as error:
        problems.append(_unread(path, line, str(error), "number", Place(study, table, column, name)))
        return
    first = cells.setdefault(key, cell)
    if first is not cell:
        same = "the same" if first.printed == cell.printed else f"{first.printed} there, {cell.printed} here"
        problems.append(_unread(path, line, f"line {first.line}: {same}", "twice", cell.place))


def _field(path: Path, row: dict[str, str | None], name: str) -> str:
    value = row.get(name)
    if value is None:
        return {"study": path.resolve().parent.name, "table": path.stem}.get(name, "")
    return value.strip()


def _unread(path: Path, line: int, found: str, kind: str, place: Place | None = None) -> Finding:
    return Finding(
        "reading",
        "not checkable",
        place or Place("", path.name, "", ""),
        printed=found,
        message=f"reading.{kind}",
        values=(("file", path.name), ("line", str(line)), ("found", found)),
        inputs=(f"{path.name}:{line}",),
    )


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Return a sort key under which 10 comes after 9."""
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", text) if part)


def studies_of(cells: Sequence[Cell]) -> tuple[str, ...]:
    """Return the studies of some cells in order of appearance."""
    return tuple(dict.fromkeys(cell.study for cell in cells))
