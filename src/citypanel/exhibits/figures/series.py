"""A moment of variables by group: means by year, dispersion by year (sigma convergence)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from citypanel.errors import DeclarationError
from citypanel.exhibits.figures.canvas import GREYS, MARKERS, Drawing
from citypanel.exhibits.figures.common import (
    BAND,
    DASHES,
    by_group,
    chosen_names,
    is_simulated,
    marked,
    panels,
    place_of,
    value_of,
)
from citypanel.exhibits.labels import labels_of, statistic_label, term_label, text_of
from citypanel.exhibits.notes import notes
from citypanel.exhibits.words import say
from citypanel.result import Record, Row

_YEAR = re.compile(r"\byear\s*==\s*(\d+)")


def series(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> Drawing:
    """Draw the declared moment of each variable against its group.

    Read are the rows of the curve `describe` with a key `group`; without such a key each declared column of the
    analysis is a group, named by the year of its condition `year == Y`.
    """
    statistic = str(exhibit.get("statistic") or "mean")
    found = by_group(grouped_rows(records, "describe", exhibit), "variable")
    names = chosen_names(list(found), exhibit)
    together = not exhibit.get("panels", True)
    figure, axes = panels(1 if together else len(names))
    labels = labels_of(exhibit)
    for position, name in enumerate(names):
        target = axes[0 if together else position]
        _line(target, found[name], statistic, position if together else 0, term_label(name, labels, language))
        if exhibit.get("quartiles") and not together:
            _band(target, found[name])
        target.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        if not together:
            target.set_title(term_label(name, labels, language), loc="left", fontsize=10)
        target.set_ylabel(statistic_label(statistic, labels, language))
    if together and len(names) > 1:
        figure.legend(loc="outside lower center", ncols=2, fontsize=9)
    elif together:
        axes[0].set_ylabel(f"{term_label(names[0], labels, language)} ({statistic_label(statistic, labels, language)})")
    marked(axes, language, simulated=is_simulated(records))
    plotted = [row for name in names for row in found[name]]
    return Drawing(figure, plotted, _notes(records, exhibit, language, statistic), text_of(exhibit["title"], language))


def grouped_rows(records: Sequence[Record], curve: str, exhibit: Mapping[str, Any]) -> list[Row]:
    """Return the rows of a curve with a numeric key `group`, ordered by it."""
    rows: list[Row] = []
    for record in (record for record in records if record.method == "describe"):
        years = {column.column: _YEAR.search(column.where or "") for column in record.columns}
        for row in record.curves.get(curve) or []:
            year = years.get(str(row.get("column", "")))
            group = row.get("group", int(year[1]) if year else None)
            if group is not None:
                rows.append({"variable": row.get("variable"), "group": _plain(group), **row, "column": None})
    if not rows:
        raise DeclarationError(
            f"{place_of(exhibit)}: it needs an analysis of method 'describe' by group (option by: year) with curve "
            f"'{curve}', or with one column per year (where: year == 2011)"
        )
    cleaned = [{key: value for key, value in row.items() if key != "column"} for row in rows]
    return sorted(cleaned, key=lambda row: value_of(row, "group") or 0.0)


def _plain(group: object) -> int | float | str:
    text = str(group)
    return int(text) if text.lstrip("-").isdigit() else group if isinstance(group, (int, float)) else text


def _line(axes: Axes, rows: Sequence[Row], statistic: str, position: int, label: str) -> None:
    shown = [(row["group"], value) for row in rows if (value := value_of(row, statistic)) is not None]
    axes.plot(
        *zip(*shown, strict=True),
        color=GREYS[position % len(GREYS)],
        linestyle=DASHES[position // len(GREYS) % len(DASHES)],
        linewidth=1.2,
        marker=MARKERS[position % len(MARKERS)],
        markersize=4.5,
        label=label,
    )


def _band(axes: Axes, rows: Sequence[Row]) -> None:
    shown = [(row["group"], value_of(row, "p25"), value_of(row, "p75")) for row in rows]
    known = [(group, low, high) for group, low, high in shown if low is not None and high is not None]
    if known:
        groups, lows, highs = zip(*known, strict=True)
        axes.fill_between(groups, lows, highs, color=BAND, linewidth=0, zorder=0)


def _notes(records: Sequence[Record], exhibit: Mapping[str, Any], language: str, statistic: str) -> tuple[str, ...]:
    parts = [say("figure note series", language, statistic=statistic_label(statistic, {}, language))]
    if exhibit.get("quartiles") and exhibit.get("panels", True):
        parts.append(say("figure note quartiles", language))
    return notes([say("between", language).join(parts)], records, exhibit, language)
