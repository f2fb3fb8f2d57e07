"""Event-study plot: estimates by time to treatment with their intervals, the base period at zero."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from citypanel.errors import DeclarationError, InputError
from citypanel.exhibits.decimals import rounded, typographic
from citypanel.exhibits.descriptives import curve_of
from citypanel.exhibits.figures.canvas import GREYS, MARKERS, Drawing, canvas, mark_simulated
from citypanel.exhibits.figures.common import p_text
from citypanel.exhibits.heads import declared_labels
from citypanel.exhibits.labels import labels_of, term_label, text_of
from citypanel.exhibits.notes import notes
from citypanel.exhibits.stated import by_column
from citypanel.exhibits.variance_notes import variance_sentence
from citypanel.exhibits.words import say
from citypanel.result import ColumnResult, Record, Row

_TICKS = 16  # more periods than this and only some are named
_SHIFT = 0.16  # between series at the same event time


def event_study(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> Drawing:
    """Draw the curve `event_study` of a record: one series, or one per column."""
    curve = _inside(_curve(records, exhibit), exhibit)
    names = list(dict.fromkeys(str(row.get("column", "")) for row in curve))
    series = {name: _with_base([row for row in curve if str(row.get("column", "")) == name]) for name in names}
    figure, axes = canvas()
    axes.axhline(0, color="#808080", linewidth=0.8, zorder=1)
    for position, (name, rows) in enumerate(series.items()):
        shift = _SHIFT * (position - (len(series) - 1) / 2)
        _series(axes, rows, shift, position, _series_label(name, records, exhibit, language))
    if exhibit.get("uniform"):
        for position, rows in enumerate(series.values()):
            _bands(axes, rows, _SHIFT * (position - (len(series) - 1) / 2), exhibit)
    _axes(axes, [row for rows in series.values() for row in rows], records, exhibit, language)
    if len(series) > 1:
        axes.legend(loc="best", fontsize=9)
    if any(record.sample.get("simulated") for record in records):
        mark_simulated(axes, language)
    plotted = [row for rows in series.values() for row in rows]
    return Drawing(figure, plotted, _notes(records, exhibit, language, plotted), text_of(exhibit["title"], language))


def _curve(records: Sequence[Record], exhibit: Mapping[str, Any]) -> list[Row]:
    for record in records:
        if record.method == "did" and record.curves.get("event_study"):
            return record.curves["event_study"]
    curve = curve_of(records, "event_study", "event_study", exhibit)
    if not any(isinstance(row.get("estimate"), (int, float)) for row in curve):
        place = f"study {exhibit.get('study')}, exhibit '{exhibit.get('exhibit')}'"
        raise InputError(f"{place}: the event study has no estimate to draw")
    return curve


def _inside(curve: Sequence[Row], exhibit: Mapping[str, Any]) -> list[Row]:
    """Return the rows of the declared window of event times."""
    if not exhibit.get("window"):
        return list(curve)
    first, last = exhibit["window"]
    kept = [row for row in curve if first <= int(row["time"] or 0) <= last]
    if not kept:
        times = [int(row["time"] or 0) for row in curve]
        place = f"study {exhibit.get('study')}, exhibit '{exhibit.get('exhibit')}', key 'window'"
        raise DeclarationError(f"{place}: no event time from {first} to {last}; there are {min(times)} to {max(times)}")
    return kept


def _with_base(rows: Sequence[Row]) -> list[Row]:
    """Return the rows in order of time, with the one period that was left out as a zero without interval."""
    ordered = sorted(({**row, "base": _is_base(row)} for row in rows), key=lambda row: float(row["time"] or 0))
    times = [int(row["time"] or 0) for row in ordered]
    absent = sorted(set(range(times[0], 0)) - set(times)) if times else []
    if len(absent) == 1 and not any(row["base"] for row in ordered):
        empty: Row = dict.fromkeys(ordered[0])
        base = {**empty, "column": ordered[0].get("column"), "time": absent[0], "estimate": 0.0, "base": True}
        ordered.append({key: value for key, value in base.items() if key in ordered[0]})
        ordered.sort(key=lambda row: float(row["time"] or 0))
    return ordered


def _is_base(row: Row) -> bool:
    stated = row.get("base")
    return bool(stated) if stated is not None else row.get("estimate") == 0 and row.get("ci_low") in (None, 0)


def _number(row: Row, key: str) -> float | None:
    value = row.get(key)
    return float(value) if isinstance(value, (int, float)) else None


def _series(axes: Axes, rows: Sequence[Row], shift: float, position: int, label: str) -> None:
    colour, marker = GREYS[position % len(GREYS)], MARKERS[position % len(MARKERS)]
    for row in rows:
        time, estimate = _number(row, "time"), _number(row, "estimate")
        if time is None or estimate is None:
            continue
        low, high = _number(row, "ci_low"), _number(row, "ci_high")
        if low is not None and high is not None and not row["base"]:
            axes.plot(
                [time + shift] * 2,
                [low, high],
                color=colour,
                linewidth=1.2,
                marker="_",
                markersize=6,
                zorder=2,
            )
    shown = [row for row in rows if _number(row, "estimate") is not None]
    times = [float(row["time"] or 0) + shift for row in shown]
    estimates = [float(row["estimate"] or 0) for row in shown]
    axes.plot(times, estimates, color=colour, linewidth=0.8, linestyle="--", zorder=2)
    for hollow in (False, True):
        chosen = [(t, e) for t, e, row in zip(times, estimates, shown, strict=True) if bool(row["base"]) is hollow]
        if chosen:
            axes.plot(
                *zip(*chosen, strict=True),
                linestyle="none",
                marker=marker,
                markersize=5.5,
                color=colour,
                markerfacecolor="white" if hollow else colour,
                label=None if hollow else label,
                zorder=3,
            )


def _bands(axes: Axes, rows: Sequence[Row], shift: float, exhibit: Mapping[str, Any]) -> None:
    drawn = False
    for row in rows:
        low, high = _number(row, "band_low"), _number(row, "band_high")
        if low is not None and high is not None:
            drawn = True
            axes.plot(
                [float(row["time"] or 0) + shift] * 2,
                [low, high],
                color="#c8c8c8",
                linewidth=4,
                solid_capstyle="butt",
                zorder=1.5,
            )
    if not drawn:
        place = f"study {exhibit.get('study')}, exhibit '{exhibit.get('exhibit')}', key 'uniform'"
        raise DeclarationError(
            f"{place}: the record has no uniform band; allowed: false, or an estimator that gives it"
        )


def _series_label(name: str, records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> str:
    if not name:
        return ""
    for record in records:
        declared = (exhibit.get("columns") or {}).get(record.analysis) or []
        index = int(name) - 1 if name.isdigit() else -1
        if 0 <= index < len(declared) and declared[index]:
            return text_of(declared[index], language)
    return f"({name})"


def _axes(
    axes: Axes, rows: Sequence[Row], records: Sequence[Record], exhibit: Mapping[str, Any], language: str
) -> None:
    times = sorted({int(row["time"] or 0) for row in rows})
    axes.axvline(-0.5, color="#808080", linewidth=0.8, linestyle=":", zorder=1)
    axes.xaxis.set_major_locator(FixedLocator(times) if len(times) <= _TICKS else MaxNLocator(integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: typographic(f"{value:.0f}")))
    axes.set_xlabel(say("event time", language))
    outcomes = dict.fromkeys(column.outcome for record in records for column in record.columns)
    named = say("between", language).join(term_label(name, labels_of(exhibit), language) for name in outcomes)
    coefficient = say("coefficient", language)
    axes.set_ylabel(f"{coefficient}{say('colon', language)}{named}" if named else coefficient)


def _level(column: ColumnResult) -> float:
    level = column.vcov.get("level")
    return float(level) if isinstance(level, (int, float)) else 0.95


def _notes(
    records: Sequence[Record], exhibit: Mapping[str, Any], language: str, plotted: Sequence[Row]
) -> tuple[str, ...]:
    columns = [column for record in records for column in record.columns]
    levels = sorted({_level(column) for column in columns}) or [0.95]
    joined = "/".join(f"{100 * level:g}" for level in levels)
    points = say("figure note interval", language, level=joined)
    if exhibit.get("uniform"):
        points += say("comma", language) + say("figure note band", language)
    if any(row["base"] for row in plotted):
        points += say("between", language) + say("figure note base", language)
    labels = labels_of(exhibit)
    tests = _pretrends(records, exhibit, language)
    parts = [
        points,
        variance_sentence(columns, labels, language),
        tests,
    ]
    return notes(parts, records, exhibit, language)


def _pretrends(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> str:
    """Return the joint tests of the leads, by the names that the series have in the legend."""
    columns = [column for record in records for column in record.columns]
    tests = [_pretrend(column, language) for column in columns]
    names = [text for record in records for text in declared_labels(record, exhibit, language)]
    if len(columns) < 2 or not all(names):
        return by_column(tests, language)
    named = [f"{name}{say('colon', language)}{test}" for name, test in zip(names, tests, strict=True) if test]
    return say("between", language).join(named)


def _pretrend(column: ColumnResult, language: str) -> str:
    f, p = column.stats.get("pretrend_f"), column.stats.get("pretrend_p")
    if not isinstance(f, (int, float)) or not isinstance(p, (int, float)):
        return ""
    return say("pretrend", language, f=rounded(f, 2), p=p_text(p))
