"""Intervals of an effect under growing violations of parallel trends."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from citypanel.errors import DeclarationError
from citypanel.exhibits.decimals import rounded
from citypanel.exhibits.figures.canvas import Drawing, PlottedRow
from citypanel.exhibits.figures.common import RULE, is_simulated, marked, numbers, panels, place_of, value_of
from citypanel.exhibits.labels import text_of
from citypanel.exhibits.notes import notes
from citypanel.exhibits.words import say
from citypanel.result import ColumnResult, Record


def sensitivity(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> Drawing:
    """Draw the curve `sensitivity` of event studies: a panel for each column that has one."""
    found = [
        (column, rows)
        for record in records
        for column in record.columns
        if (rows := _rows(record, column)) and "sensitivity" in column.stats
    ]
    if not found:
        raise DeclarationError(
            f"{place_of(exhibit)}: it needs an analysis of method 'event_study' with option sensitivity"
        )
    figure, axes = panels(len(found))
    for target, (column, rows) in zip(axes, found, strict=True):
        _intervals(target, rows)
        kind = str(column.stats["sensitivity"])
        target.set_xlabel(say("sensitivity axis", language))
        if len(found) > 1:
            target.set_title(say(f"sensitivity {kind}", language), loc="left", fontsize=10)
    axes[0].set_ylabel(say("sensitivity effect", language))
    marked(axes, language, simulated=is_simulated(records))
    told = [
        say("figure note sensitivity", language, target=say(f"sensitivity target {_target(found[0][0])}", language)),
        say("between", language).join(_breakdown(column, language) for column, _ in found),
    ]
    plotted = [row for _, rows in found for row in rows]
    return Drawing(figure, plotted, notes(told, records, exhibit, language), text_of(exhibit["title"], language))


def _rows(record: Record, column: ColumnResult) -> list[PlottedRow]:
    curve = record.curves.get("sensitivity") or []
    own = [row for row in curve if str(row.get("column", column.column)) == column.column]
    return [{key: value for key, value in row.items() if key != "column"} for row in own]


def _intervals(axes: Axes, rows: Sequence[PlottedRow]) -> None:
    axes.axhline(0, color=RULE, linewidth=0.8, zorder=1)
    for row in rows:
        ends = numbers([row], "ci_low") + numbers([row], "ci_high")
        at = value_of(row, "m") or 0.0
        axes.plot([at, at], ends, color="#000000", linewidth=1.4, marker="_", markersize=8, zorder=2)
    axes.margins(x=0.08)


def _target(column: ColumnResult) -> str:
    return str(column.stats.get("sensitivity_target", "first"))


def _breakdown(column: ColumnResult, language: str) -> str:
    """Return the largest bound at which zero is left out, in words."""
    kind = say(f"sensitivity {column.stats['sensitivity']}", language)
    largest = column.stats.get("breakdown_m")
    if not isinstance(largest, (int, float)):
        return say("sensitivity no breakdown", language, kind=kind)
    digits = 2 if column.stats["sensitivity"] == "relative" else 4
    return say("sensitivity breakdown", language, kind=kind, m=rounded(float(largest), digits))
