"""What the kinds of figures share: chosen rows, panels, positions in time, the name of a place in messages."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from citypanel.errors import DeclarationError
from citypanel.exhibits.decimals import rounded
from citypanel.exhibits.figures.canvas import mark_simulated
from citypanel.exhibits.words import say
from citypanel.result import Record, Row

DASHES = ("-", "--", ":", "-.")
BAND = "#d9d9d9"
RULE = "#808080"


def place_of(exhibit: Mapping[str, Any]) -> str:
    """Return what opens a message on an exhibit."""
    return f"study {exhibit.get('study')}, exhibit '{exhibit.get('exhibit')}'"


def value_of(row: Mapping[str, Any], key: str) -> float | None:
    """Return a number of a row, or None if it has none."""
    value = row.get(key)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def numbers(rows: Sequence[Mapping[str, Any]], key: str) -> list[float]:
    """Return a number of each row, nan where it has none: nothing is drawn there."""
    return [math.nan if (value := value_of(row, key)) is None else value for row in rows]


def chosen_names(found: Sequence[str], exhibit: Mapping[str, Any], key: str = "keep") -> list[str]:
    """Return the names that the exhibit declares under `key`, default all that are found."""
    asked = [str(name) for name in exhibit.get(key) or ()]
    for name in asked:
        if name not in found:
            known = ", ".join(found) or "none"
            raise DeclarationError(f"{place_of(exhibit)}, key '{key}': '{name}' is not in the record; it has {known}")
    return asked or list(found)


def spread(found: Sequence[str], count: int = 4) -> list[str]:
    """Return the first, the last and evenly spaced ones between, `count` in all."""
    if len(found) <= count:
        return list(found)
    return [found[round(step * (len(found) - 1) / (count - 1))] for step in range(count)]


def panels(count: int, *, columns: int = 2, size: tuple[float, float] = (3.15, 2.7)) -> tuple[Figure, list[Axes]]:
    """Return a figure of `count` panels, `columns` side by side; a single one has the size of a plain figure."""
    if count == 1:
        figure = Figure(figsize=(6.3, 3.9))
        return figure, [figure.add_subplot()]
    across = min(columns, count)
    down = -(-count // across)
    figure = Figure(figsize=(across * size[0], down * size[1]))
    return figure, [figure.add_subplot(down, across, position + 1) for position in range(count)]


def is_simulated(records: Sequence[Record]) -> bool:
    """Return whether a record is made from simulated data."""
    return any(bool(record.sample.get("simulated")) for record in records)


def marked(axes: Sequence[Axes], language: str, *, simulated: bool) -> None:
    """Write the mark of simulated data above the panels, where it meets no title."""
    if not simulated:
        return
    figure = axes[0].get_figure()
    if len(axes) == 1 or not isinstance(figure, Figure):
        mark_simulated(axes[0], language)
        return
    figure.suptitle(say("simulated", language), x=0.99, ha="right", fontsize=9, color="#404040")


def p_text(p: float) -> str:
    """Return `p = 0.012`, and `p < 0.001` where three decimals show nothing."""
    return "p < 0.001" if p < 0.001 else f"p = {rounded(p, 3)}"


def by_group(rows: Sequence[Row], key: str) -> dict[str, list[Row]]:
    """Return the rows by the text of a key, in order of appearance."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(str(row.get(key)), []).append(row)
    return found
