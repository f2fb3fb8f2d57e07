"""A printed cell: its line in the exhibit's CSV, and the place in a result record that holds the same number."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citypanel.declare.complaints import closest
from citypanel.errors import InputError

TABLE_FIELDS = ("row", "label", "column", "column_title", "statistic", "value", "printed")
Steps = tuple[str | int, ...]


@dataclass(frozen=True)
class Cell:
    """One number of an exhibit: `printed` as a reader sees it, `value` in full; `keys` name its line."""

    file: str
    line: int
    keys: tuple[str, ...]
    column: str
    statistic: str
    value: str
    printed: str


def find_cells(path: Path, name: str, column: str, row: str) -> list[Cell]:
    """Return the cells of an exhibit at a column and a row, each printed line one.

    Parameters
    ----------
    path : the exhibit's CSV.
    name : how the file is called in messages.
    column, row : of a table, its key, number, title or label; of a figure, a column of its CSV and the leading
        cells of a line, joined by commas, or its number.

    Raises
    ------
    InputError
        There is no such column or row; the line names those that are near or there.
    """
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        lines = list(reader)
        fields = tuple(reader.fieldnames or ())
    if all(field in fields for field in TABLE_FIELDS):
        return _table_cells(lines, name, column, row)
    return _figure_cells(lines, fields, name, column, row)


def _table_cells(lines: Sequence[dict[str, str]], name: str, column: str, row: str) -> list[Cell]:
    in_row = [line for line in lines if row in (line["row"], line["label"])]
    if not in_row:
        known = list(dict.fromkeys(line["row"] for line in lines))
        raise InputError(f"{name} has no row '{row}'{closest(row, known)}")
    found = [line for line in in_row if column in (line["column"], line["column_title"], f"({line['column']})")]
    if not found:
        known = list(dict.fromkeys(line["column"] for line in in_row if line["column"]))
        if not known:
            raise InputError(f"{name}: row '{row}' has no numbers")
        raise InputError(f"{name}, row '{row}' has no column '{column}'; columns: {', '.join(known)}")
    return [
        Cell(
            file=name,
            line=lines.index(line) + 2,
            keys=(line["row"], line["label"]),
            column=line["column"],
            statistic=line["statistic"],
            value=line["value"],
            printed=line["printed"],
        )
        for line in found
    ]


def _figure_cells(
    lines: Sequence[dict[str, str]], fields: Sequence[str], name: str, column: str, row: str
) -> list[Cell]:
    if column not in fields:
        raise InputError(f"{name} has no column '{column}'{closest(column, fields)}")
    found = [(at, line) for at, line in enumerate(lines) if row in _names(line, fields, at)]
    if len(found) != 1:
        shown = ", ".join(f"'{text}'" for text in _shortest([line for _, line in found] or lines, lines))
        what = f"{len(found)} lines" if found else "no line"
        number = f"its number, 1 to {len(lines)}"
        raise InputError(f"{name}: '{row}' fits {what}; name one by its leading cells, as {shown}, or by {number}")
    at, line = found[0]
    value = line[column]
    return [Cell(name, at + 2, tuple(line[field] for field in fields[:2]), column, column, value, value)]


def _shortest(wanted: Sequence[dict[str, str]], lines: Sequence[dict[str, str]]) -> list[str]:
    """Return the leading cells that name the first three lines, as many of them as no other line has."""
    cells = [tuple(line.values()) for line in lines]
    lengths = range(1, len(cells[0]) + 1) if cells else ()
    length = next((size for size in lengths if len({line[:size] for line in cells}) == len(cells)), 1)
    return [",".join(tuple(line.values())[:length]) for line in wanted[:3]]


def _names(line: dict[str, str], fields: Sequence[str], at: int) -> set[str]:
    texts = [line[field] for field in fields]
    return {str(at + 1), *(",".join(texts[:length]) for length in range(1, len(texts)))}


@dataclass(frozen=True)
class Place:
    """Where a record holds a number: which record, which of its columns (-1: a curve), and the way there.

    `n` counts the rows behind it where the line that holds it says so.
    """

    record: int
    column: int
    steps: Steps
    n: int | None = None

    @property
    def pointer(self) -> str:
        """The way as an RFC 6901 pointer."""
        return "".join(f"/{step}" for step in self.steps)


def find_place(cell: Cell, records: Sequence[dict[str, Any]]) -> Place | None:
    """Return where the records hold a cell's number; None for a text or a number that no record holds.

    The same double may stand in several places (an N, a zero): the one that shares most names with the cell counts.
    """
    try:
        number = float(cell.value)
    except ValueError:
        return None
    wanted = {*cell.keys, cell.column, cell.statistic, *cell.column.split(":"), *cell.statistic.split("/")}
    best, most = None, -1
    offset = 0
    for position, record in enumerate(records):
        for steps, names in _numbers(record, number):
            index = int(steps[1]) if steps[0] == "columns" else -1
            in_column = cell.column.isdigit() and index >= 0 and offset + index + 1 == int(cell.column)
            score = 4 * in_column + len(wanted & names)
            if score > most:
                best, most = Place(position, index, steps, _count(record, steps)), score
        offset += len(record["columns"])
    return best


def _count(record: dict[str, Any], steps: Steps) -> int | None:
    node: Any = record
    for step in steps[:-1]:
        node = node[step]
    return int(node["n"]) if isinstance(node, dict) and node.get("n") is not None else None


def _numbers(record: dict[str, Any], wanted: float) -> Iterator[tuple[Steps, set[str]]]:
    """Yield the way to every number of this value, with the names that stand along the way."""
    for part in ("columns", "curves"):
        yield from _walk(record.get(part), (part,), set(), wanted)


def _walk(node: Any, steps: Steps, names: set[str], wanted: float) -> Iterator[tuple[Steps, set[str]]]:
    if isinstance(node, bool) or node is None:
        return
    if isinstance(node, (int, float)):
        if float(node) == wanted:
            yield steps, names | {str(steps[-1])}
        return
    items: Iterable[tuple[str | int, Any]]
    if isinstance(node, dict):
        own = {str(value) for value in node.values() if isinstance(value, (str, int)) and not isinstance(value, bool)}
        names, items = names | own | {str(steps[-1])}, node.items()
    elif isinstance(node, list):
        items = enumerate(node)
    else:
        return
    for key, value in items:
        yield from _walk(value, (*steps, key), names, wanted)


def read_record(path: Path) -> dict[str, Any]:
    """Return a result record as it is stored."""
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document
