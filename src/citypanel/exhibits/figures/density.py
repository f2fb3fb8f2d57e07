"""Densities of a variable by group, and of placebo estimates."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from citypanel.density import kernel_density as smoothed
from citypanel.errors import DeclarationError, InputError
from citypanel.exhibits.decimals import rounded
from citypanel.exhibits.figures.canvas import Drawing, PlottedRow
from citypanel.exhibits.figures.common import (
    DASHES,
    RULE,
    by_group,
    chosen_names,
    is_simulated,
    marked,
    numbers,
    panels,
    place_of,
    spread,
    value_of,
)
from citypanel.exhibits.figures.series import grouped_rows
from citypanel.exhibits.labels import labels_of, term_label, text_of
from citypanel.exhibits.notes import notes
from citypanel.exhibits.words import say
from citypanel.result import Record, TermResult

_SHADES = ("#000000", "#5a5a5a", "#8c8c8c", "#b4b4b4")


def kernel_density(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> Drawing:
    """Draw the curve `density` (variable, group, x, density) of a record: a line for each group."""
    found = by_group(grouped_rows(records, "density", exhibit), "variable")
    names = chosen_names(list(found), exhibit)
    figure, axes = panels(len(names))
    labels = labels_of(exhibit)
    plotted: list[PlottedRow] = []
    for target, name in zip(axes, names, strict=True):
        groups = by_group(found[name], "group")
        shown = chosen_names(list(groups), exhibit, "groups") if exhibit.get("groups") else spread(list(groups))
        for position, group in enumerate(shown):
            rows = sorted(groups[group], key=lambda row: value_of(row, "x") or 0.0)
            target.plot(
                numbers(rows, "x"),
                numbers(rows, "density"),
                color=_SHADES[position % len(_SHADES)],
                linestyle=DASHES[position % len(DASHES)],
                linewidth=1.4,
                label=group,
            )
            plotted += rows
        target.set_ylim(bottom=0)
        target.set_xlabel(term_label(name, labels, language))
        target.set_ylabel(say("density", language))
        target.legend(loc="best", fontsize=9)
    marked(axes, language, simulated=is_simulated(records))
    told = notes([say("figure note density", language)], records, exhibit, language)
    return Drawing(figure, plotted, told, text_of(exhibit["title"], language))


def placebo(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> Drawing:
    """Draw the density of the placebo estimates and their p values, with a line at the true estimate."""
    record = next((record for record in records if record.method == "placebo" and record.curves.get("draws")), None)
    if record is None:
        raise DeclarationError(f"{place_of(exhibit)}: it needs an analysis of method 'placebo'")
    draws = [row for row in record.curves["draws"] if value_of(row, "estimate") is not None]
    values = np.array(numbers(draws, "estimate"), dtype=np.float64)
    if np.unique(values).size < 2:
        raise InputError(f"{place_of(exhibit)}: {values.size} placebo draws with an estimate are too few to draw")
    truth = record.columns[0].terms[0]
    figure, axes = panels(2, columns=1, size=(6.3, 2.3))
    grid, heights = smoothed(values)
    axes[0].plot(grid, heights, color="#000000", linewidth=1.3)
    axes[0].fill_between(grid, heights, color="#e6e6e6", linewidth=0)
    axes[0].set_ylim(bottom=0)
    axes[0].set_ylabel(say("density", language))
    levels = numbers(draws, "p")
    axes[1].plot(values, levels, linestyle="none", marker="o", markersize=2.6, color="#6e6e6e", markeredgewidth=0)
    axes[1].axhline(0.1, color=RULE, linewidth=0.8, linestyle=":")
    axes[1].set_ylim(-0.03, 1.03)
    axes[1].set_ylabel(say("p value", language))
    axes[1].set_xlabel(say("placebo estimates", language))
    _true_line(axes, truth, language)
    marked(axes, language, simulated=is_simulated(records))
    rows: list[PlottedRow] = [{"kind": "estimate", "draw": None, "estimate": truth.estimate, "p": truth.p}]
    rows += [{"kind": "draw", "draw": row.get("draw"), "estimate": row["estimate"], "p": row.get("p")} for row in draws]
    told = _placebo_note(record, truth, len(draws), language)
    return Drawing(figure, rows, notes([told], records, exhibit, language), text_of(exhibit["title"], language))


def _true_line(axes: Sequence[Axes], truth: TermResult, language: str) -> None:
    """Draw the true estimate through both panels, which share one range of estimates."""
    if truth.estimate is None:
        return
    ends = [edge for panel in axes for edge in panel.get_xlim()] + [truth.estimate]
    room = 0.03 * (max(ends) - min(ends))
    for panel in axes:
        panel.axvline(truth.estimate, color="#000000", linewidth=1.1, linestyle="--")
        panel.set_xlim(min(ends) - room, max(ends) + room)
    # Above the panels, for within them the estimate may lie on either side of the draws.
    figure = axes[0].get_figure()
    lines = axes[0].plot([], [], color="#000000", linewidth=1.1, linestyle="--", label=say("true estimate", language))
    if isinstance(figure, Figure):
        figure.legend(handles=lines, loc="outside upper left", fontsize=9)


def _placebo_note(record: Record, truth: TermResult, draws: int, language: str) -> str:
    exact = record.columns[0].stats.get("p_two_sided")
    told = say("figure note placebo", language, count=draws, estimate=_text(truth.estimate))
    if isinstance(exact, (int, float)):
        told += say("between", language) + say("figure note exact", language, p=rounded(float(exact), 3))
    return told


def _text(value: float | None) -> str:
    return "" if value is None else rounded(value, 4)
