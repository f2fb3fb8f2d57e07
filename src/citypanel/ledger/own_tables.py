"""Tables that citypanel printed itself, as cells: the CSV beside each exhibit, read like a paper's table."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from citypanel.ledger.findings import Place
from citypanel.ledger.printed import Cell, make_cell

# The columns that tell such a CSV from a table of printed cells.
MARKS = ("column_title", "printed", "data")
_STATISTICS = {"estimate": "coef", "se": "se", "t": "t", "z": "z", "t/z": "t", "z/t": "t", "p": "p", "r": "pearson_r"}
_ROWS = {
    "n": "N",
    "r2": "R-squared",
    "r2_adj": "r2_a",
    "r2_within": "Within R-squared",
    "f": "F",
    "units": "Number of units",
    "clusters": "Number of clusters",
}


def is_own(header: Sequence[str]) -> bool:
    """Whether a header is that of an exhibit's CSV."""
    return set(MARKS) <= set(header)


def own_cells(path: Path, rows: Sequence[tuple[int, Mapping[str, str]]]) -> tuple[Cell, ...]:
    """Return the cells of an exhibit's CSV; rows that hold no cell of a known kind are left out."""
    study, table = path.resolve().parent.name, path.stem
    found = []
    for line, row in rows:
        said = row["statistic"].removeprefix("'")
        name, column, text = (row[field].removeprefix("'") for field in ("row", "column", "printed"))
        if said == "describe":
            statistic = "value"
        elif said == "fixed_effect":
            name, statistic = f"{name.removeprefix('fe:')} FE", "info"
        elif said in _STATISTICS:
            statistic = _STATISTICS[said]
        elif name in _ROWS:
            name, statistic = _ROWS[name], "stat"
        else:
            continue
        stars = row.get("stars") or ""
        bare = text.removesuffix(stars) if stars else text
        found.append(make_cell(Place(study, table, column, name), statistic, bare, stars, (path.name, line)))
    return tuple(found)
