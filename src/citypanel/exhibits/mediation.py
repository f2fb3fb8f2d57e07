"""Mediation: effects on a mechanism, of it, through it, a column for each mechanism."""

from collections.abc import Mapping, Sequence
from typing import Any

from citypanel.errors import DeclarationError
from citypanel.exhibits.heads import joined_heads, label_heads, number_heads
from citypanel.exhibits.labels import labels_of, term_label, text_of
from citypanel.exhibits.notes import regression_notes
from citypanel.exhibits.regression_rows import effect_rows, statistic_rows, term_rows
from citypanel.exhibits.shown import Shown
from citypanel.exhibits.table import Row, Table, words
from citypanel.exhibits.words import say
from citypanel.result import ColumnResult, Record, TermResult
from citypanel.result import Row as CurveRow

_PARTS = ("total", "mediator", "direct")


def mediation_table(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> Table:
    """Set the mechanisms of one or several records side by side.

    Raises
    ------
    DeclarationError
        A record is not of method mediation.
    """
    shown = Shown(exhibit, language)
    for record in records:
        if record.method != "mediation":
            raise DeclarationError(
                f"{shown.place}: it needs analyses of method 'mediation'; {record.analysis} is of '{record.method}'"
            )
    # The direct regression stands for its mechanism: it carries sample, variance and the statistics of mediation.
    told = [record.with_columns([each for each in record.columns if _part(each) == "direct"]) for record in records]
    columns = [column for record in told for column in record.columns]
    labels = labels_of(exhibit)
    mechanisms = [term_label(str(column.stats["mediator"]), labels, language) for column in columns]
    outcomes = [term_label(column.outcome, labels, language) for column in columns]
    return Table(
        kind="mediation",
        language=language,
        title=text_of(exhibit.get("title"), language),
        stub="",
        heads=(
            *joined_heads(outcomes),
            *joined_heads(mechanisms),
            *label_heads(told, exhibit, language),
            number_heads(len(columns)),
        ),
        groups=(
            _effect_rows(records, columns, shown),
            effect_rows(columns, shown),
            statistic_rows(columns, Shown({**exhibit, "statistics": exhibit.get("statistics") or ("n",)}, language)),
        ),
        notes=regression_notes(
            told,
            shown,
            labels,
            omitted=False,
            more=tuple(say(f"mediation {key}", language) for key in ("note", "causal", "alike")),
        ),
        columns=tuple(str(position) for position in range(1, len(columns) + 1)),
        simulated=any(bool(record.sample.get("simulated")) for record in records),
    )


def _part(column: ColumnResult) -> str:
    return column.column.rpartition(".")[2]


def _number(column: ColumnResult) -> str:
    return column.column.rpartition(".")[0]


def _effect_rows(records: Sequence[Record], columns: Sequence[ColumnResult], shown: Shown) -> tuple[Row, ...]:
    """Return effects in the order in which they are read: total, its two links, what goes through and past them."""
    found = [effects for record in records for effects in _effects(record)]
    rows: list[Row] = []
    for name in ("total", "to mediator", "from mediator", "direct", "indirect", "share of total"):
        terms = [effects.get(name) for effects in found]
        rows += term_rows(name.replace(" ", "_"), say(name, shown.language), terms, columns, shown)
    intervals = [words(shown.statistic(_fieller(column), "estimate").text) for column in columns]
    return (*rows, Row(say("fieller", shown.language), tuple(intervals), "share_fieller", "ci"))


def _fieller(column: ColumnResult) -> list[object] | None:
    ends: list[object] = [column.stats.get(f"share_fieller_{end}") for end in ("low", "high")]
    return None if None in ends else ends


def _effects(record: Record) -> list[dict[str, TermResult]]:
    """Return the effects of each mechanism of a record, by name."""
    curve = record.curves.get("mediation") or []
    parts = {(_number(column), _part(column)): column for column in record.columns}
    numbers = list(dict.fromkeys(number for number, part in parts if part in _PARTS))
    found = []
    for number in numbers:
        direct = parts[number, "direct"]
        treatment, mediator = str(direct.stats["treatment"]), str(direct.stats["mediator"])
        rows = {str(row["effect"]): row for row in curve if str(row.get("column", number)) == number}
        found.append(
            {
                "total": parts[number, "total"].term(treatment),
                "to mediator": parts[number, "mediator"].term(treatment),
                "from mediator": direct.term(mediator),
                "direct": direct.term(treatment),
                "indirect": _of_curve(rows["indirect"]),
                **({"share of total": _of_curve(rows["share"])} if "share" in rows else {}),
            }
        )
    return found


def _of_curve(row: CurveRow) -> TermResult:
    values = [row.get(key) for key in ("estimate", "se", "statistic", "p", "ci_low", "ci_high")]
    return TermResult(str(row["effect"]), *(float(v) if isinstance(v, (int, float)) else None for v in values))
