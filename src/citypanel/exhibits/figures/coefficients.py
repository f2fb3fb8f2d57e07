"""A coefficient with its interval: against the quantile, or across the columns of analyses."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator

from citypanel.errors import DeclarationError
from citypanel.exhibits.characters import broken_lines
from citypanel.exhibits.figures.canvas import Drawing, PlottedRow
from citypanel.exhibits.figures.common import BAND, RULE, is_simulated, marked, numbers, panels, place_of, value_of
from citypanel.exhibits.heads import declared_labels
from citypanel.exhibits.labels import labels_of, term_label, text_of
from citypanel.exhibits.notes import notes
from citypanel.exhibits.variance_notes import variance_sentence
from citypanel.exhibits.words import say
from citypanel.result import ColumnResult, Record

_LABEL_WIDTH = 22


def coefficients(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> Drawing:
    """Draw one panel for each declared term."""
    terms = [str(name) for name in exhibit["terms"]]
    by_quantile = all(record.method == "quantile" for record in records)
    points = {name: _points(records, name, exhibit, language, by_quantile=by_quantile) for name in terms}
    deep = max(len(rows) for rows in points.values())
    size = (3.15, 2.7) if by_quantile else (6.3, 1.2 + 0.35 * deep)
    figure, axes = panels(len(terms), columns=2 if by_quantile else 1, size=size)
    labels = labels_of(exhibit)
    for target, name in zip(axes, terms, strict=True):
        draw = _by_quantile if by_quantile else _across
        draw(target, points[name], language)
        if len(terms) > 1:
            target.set_title(term_label(name, labels, language), loc="left", fontsize=10)
    marked(axes, language, simulated=is_simulated(records))
    columns = [column for record in records for column in record.columns]
    key = "figure note quantile" if by_quantile else "figure note interval"
    told = [say(key, language, level=_levels(columns)), variance_sentence(columns, labels, language)]
    rows = [row for name in terms for row in points[name]]
    return Drawing(figure, rows, notes(told, records, exhibit, language), text_of(exhibit["title"], language))


def _levels(columns: Sequence[ColumnResult]) -> str:
    given = [column.vcov.get("level") for column in columns]
    return "/".join(sorted({f"{100 * float(level) if isinstance(level, (int, float)) else 95:g}" for level in given}))


def _points(
    records: Sequence[Record], name: str, exhibit: Mapping[str, Any], language: str, *, by_quantile: bool
) -> list[PlottedRow]:
    rows: list[PlottedRow] = []
    for record in records:
        texts = declared_labels(record, exhibit, language)
        for column, text in zip(record.columns, texts, strict=True):
            for term in column.terms:
                if term.term == name and term.estimate is not None:
                    quantile = column.stats.get("quantile")
                    where = float(quantile) if by_quantile and isinstance(quantile, (int, float)) else None
                    rows.append(
                        {
                            "term": name,
                            "column": column.column,
                            "label": text or f"({column.column})",
                            "quantile": where,
                            "estimate": term.estimate,
                            "se": term.se,
                            "ci_low": term.ci_low,
                            "ci_high": term.ci_high,
                        }
                    )
    if not rows:
        found = dict.fromkeys(term.term for record in records for column in record.columns for term in column.terms)
        raise DeclarationError(
            f"{place_of(exhibit)}, key 'terms': '{name}' is in no column; they have {', '.join(found)}"
        )
    return rows


def _by_quantile(axes: Axes, rows: Sequence[PlottedRow], language: str) -> None:
    known = [row for row in rows if value_of(row, "quantile") is not None]
    at = [value_of(row, "quantile") or 0.0 for row in known]
    bands = [(x, value_of(row, "ci_low"), value_of(row, "ci_high")) for x, row in zip(at, known, strict=True)]
    drawn = [(x, low, high) for x, low, high in bands if low is not None and high is not None]
    if drawn:
        places, lows, highs = zip(*drawn, strict=True)
        axes.fill_between(places, lows, highs, color=BAND, linewidth=0)
    axes.plot(at, numbers(known, "estimate"), color="#000000", linewidth=1.2, marker="o", markersize=4.5)
    axes.axhline(0, color=RULE, linewidth=0.8)
    axes.set_xlabel(say("quantile axis", language))
    axes.set_ylabel(say("coefficient", language))


def _across(axes: Axes, rows: Sequence[PlottedRow], language: str) -> None:
    for position, row in enumerate(rows):
        low, high = value_of(row, "ci_low"), value_of(row, "ci_high")
        if low is not None and high is not None:
            axes.plot([low, high], [position] * 2, color="#000000", linewidth=1.2, marker="|", markersize=6)
        axes.plot(numbers([row], "estimate"), [position], color="#000000", marker="o", markersize=5.5)
    axes.axvline(0, color=RULE, linewidth=0.8)
    axes.yaxis.set_major_locator(FixedLocator(range(len(rows))))
    axes.set_yticklabels(["\n".join(broken_lines(str(row["label"]), _LABEL_WIDTH)) for row in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel(say("coefficient", language))
