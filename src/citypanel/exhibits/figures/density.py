"""Densities of a variable by group."""

from collections.abc import Mapping, Sequence
from typing import Any

from citypanel.exhibits.figures.canvas import Drawing, PlottedRow
from citypanel.exhibits.figures.common import (
    DASHES,
    by_group,
    chosen_names,
    is_simulated,
    marked,
    numbers,
    panels,
    spread,
    value_of,
)
from citypanel.exhibits.figures.series import grouped_rows
from citypanel.exhibits.labels import labels_of, term_label, text_of
from citypanel.exhibits.notes import notes
from citypanel.exhibits.words import say
from citypanel.result import Record

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
