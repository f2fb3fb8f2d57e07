"""Estimates under reassigned treatment: their density and p values, with a line at the true estimate."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from citypanel.density import kernel_density as smoothed
from citypanel.errors import DeclarationError, InputError
from citypanel.exhibits.decimals import rounded
from citypanel.exhibits.figures.canvas import Drawing, PlottedRow
from citypanel.exhibits.figures.common import RULE, is_simulated, marked, numbers, panels, place_of, value_of
from citypanel.exhibits.heads import declared_labels
from citypanel.exhibits.labels import text_of
from citypanel.exhibits.notes import notes
from citypanel.exhibits.words import say
from citypanel.result import ColumnResult, Record, Row, TermResult

_WIDTH, _HEIGHT = 6.3, 2.3


def placebo(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> Drawing:
    """Draw, side by side for each column of a placebo record, the density of its draws above their p values."""
    record = next((record for record in records if record.method == "placebo" and record.curves.get("draws")), None)
    if record is None:
        raise DeclarationError(f"{place_of(exhibit)}: it needs an analysis of method 'placebo'")
    count = len(record.columns)
    figure, axes = panels(2 * count, columns=count, size=(_WIDTH / count, _HEIGHT))
    titles = declared_labels(record, exhibit, language)
    rows: list[PlottedRow] = []
    told = []
    for position, (column, title) in enumerate(zip(record.columns, titles, strict=True)):
        name = title or f"({column.column})"
        draws = _draws(record, column, exhibit)
        _panels(axes[position], axes[count + position], draws, column.terms[0], language)
        if count > 1:
            axes[position].set_title(name, loc="left", fontsize=10)
        rows += _plotted(column, draws)
        note = _note(column, len(draws), language)
        told.append(f"{name}{say('colon', language)}{note}" if count > 1 else note)
    for left in (axes[0], axes[count]):
        left.set_ylabel(say("density" if left is axes[0] else "p value", language))
    _legend(axes[0], language)
    marked(axes, language, simulated=is_simulated(records))
    return Drawing(figure, rows, notes(told, records, exhibit, language), text_of(exhibit["title"], language))


def _draws(record: Record, column: ColumnResult, exhibit: Mapping[str, Any]) -> list[Row]:
    """Return the draws of one column that have an estimate."""
    own = [row for row in record.curves["draws"] if str(row.get("column", column.column)) == column.column]
    draws = [row for row in own if value_of(row, "estimate") is not None]
    if len({value_of(row, "estimate") for row in draws}) < 2:
        raise InputError(f"{place_of(exhibit)}: {len(draws)} placebo draws with an estimate are too few to draw")
    return draws


def _panels(above: Axes, below: Axes, draws: Sequence[Row], truth: TermResult, language: str) -> None:
    values = np.array(numbers(draws, "estimate"), dtype=np.float64)
    grid, heights = smoothed(values)
    above.plot(grid, heights, color="#000000", linewidth=1.3)
    above.fill_between(grid, heights, color="#e6e6e6", linewidth=0)
    above.set_ylim(bottom=0)
    below.plot(
        values, numbers(draws, "p"), linestyle="none", marker="o", markersize=2.6, color="#6e6e6e", markeredgewidth=0
    )
    below.axhline(0.1, color=RULE, linewidth=0.8, linestyle=":")
    below.set_ylim(-0.03, 1.03)
    below.set_xlabel(say("placebo estimates", language))
    if truth.estimate is not None:
        # Both panels share one range of estimates, and the true one lies in it.
        ends = [edge for panel in (above, below) for edge in panel.get_xlim()] + [truth.estimate]
        room = 0.03 * (max(ends) - min(ends))
        for panel in (above, below):
            panel.axvline(truth.estimate, color="#000000", linewidth=1.1, linestyle="--")
            panel.set_xlim(min(ends) - room, max(ends) + room)
            panel.locator_params(axis="x", nbins=5)


def _legend(axes: Axes, language: str) -> None:
    """Name the dashed line above the panels: within them the estimate may lie on either side of the draws."""
    figure = axes.get_figure()
    lines = axes.plot([], [], color="#000000", linewidth=1.1, linestyle="--", label=say("true estimate", language))
    if isinstance(figure, Figure):
        figure.legend(handles=lines, loc="outside upper left", fontsize=9)


def _plotted(column: ColumnResult, draws: Sequence[Row]) -> list[PlottedRow]:
    truth = column.terms[0]
    first: PlottedRow = {
        "column": column.column, "kind": "estimate", "draw": None, "estimate": truth.estimate, "p": truth.p
    }  # fmt: skip
    return [
        first,
        *(
            {
                "column": column.column,
                "kind": "draw",
                "draw": row.get("draw"),
                "estimate": row["estimate"],
                "p": row.get("p"),
            }
            for row in draws
        ),
    ]


def _note(column: ColumnResult, draws: int, language: str) -> str:
    estimate = column.terms[0].estimate
    shown = "" if estimate is None else rounded(estimate, 4)
    told = say("figure note placebo", language, count=draws, estimate=shown)
    exact = column.stats.get("p_two_sided")
    if isinstance(exact, (int, float)):
        told += say("between", language) + say("figure note exact", language, p=rounded(float(exact), 3))
    return told
