"""Tables of spatial models: coefficients, spatial parameters, variance, direct, indirect and total effects."""

from collections.abc import Mapping, Sequence
from typing import Any

from citypanel.errors import DeclarationError
from citypanel.exhibits.heads import declared_labels, joined_heads, number_heads, outcome_heads
from citypanel.exhibits.labels import labels_of, statistic_label, term_label, text_of
from citypanel.exhibits.matrices import matrix_label, require
from citypanel.exhibits.notes import regression_notes
from citypanel.exhibits.regression_rows import (
    any_omitted,
    coefficient_rows,
    effect_rows,
    shown_terms,
    statistic_rows,
    term_rows,
)
from citypanel.exhibits.shown import Shown
from citypanel.exhibits.stated import by_column
from citypanel.exhibits.table import Row, Table, words
from citypanel.exhibits.words import say
from citypanel.result import ColumnResult, Record, TermResult
from citypanel.result import Row as CurveRow

PARAMETERS = ("rho", "lambda")
EFFECTS = ("direct", "indirect", "total")


def spatial_table(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> Table:
    """Set spatial models side by side.

    Raises
    ------
    DeclarationError
        No record is of method spatial; a term of `keep`, `omit`, `order`, `impacts` or a statistic is unknown.
    """
    shown = Shown({"parentheses": "t", "statistics": ("r2_within", "loglik", "n", "units"), **exhibit}, language)
    chosen = require(records, "spatial", exhibit)
    columns = [column for record in chosen for column in record.columns]
    terms = shown_terms(columns, shown, aside=PARAMETERS)
    parameters = [name for name in PARAMETERS if any(t.term == name for column in columns for t in column.terms)]
    groups = (
        tuple(row for term in terms for row in coefficient_rows(term, columns, shown)),
        (*(row for name in parameters for row in coefficient_rows(name, columns, shown)), *_sigma2(columns, shown)),
        _impact_rows(chosen, columns, terms, shown),
        statistic_rows(columns, shown),
        effect_rows(columns, shown),
    )
    labels = labels_of(exhibit)
    return Table(
        kind="spatial",
        language=language,
        title=text_of(exhibit.get("title"), language),
        stub="",
        heads=(
            outcome_heads(columns, exhibit, language),
            *joined_heads(_matrices(chosen, exhibit, language)),
            *joined_heads(str(column.vcov.get("model") or "").upper() for column in columns),
            number_heads(len(columns)),
        ),
        groups=tuple(group for group in groups if group),
        notes=regression_notes(
            records, shown, labels, omitted=any_omitted(columns, terms), more=(_conventions(columns, shown),)
        ),
        columns=tuple(str(position) for position in range(1, len(columns) + 1)),
        simulated=any(bool(record.sample.get("simulated")) for record in records),
    )


def _matrices(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> list[str]:
    """Return for each column its declared label, else the name of its matrix."""
    return [
        text or matrix_label(column, exhibit, language)
        for record in records
        for column, text in zip(record.columns, declared_labels(record, exhibit, language), strict=True)
    ]


def _sigma2(columns: Sequence[ColumnResult], shown: Shown) -> tuple[Row, ...]:
    """Return the rows of the error variance; its p value belongs to no hypothesis, so it gets no stars."""
    found = []
    for column in columns:
        values = [column.stats.get(name) for name in ("sigma2", "sigma2_se", "sigma2_z")]
        numbers = [float(value) if isinstance(value, (int, float)) else None for value in values]
        found.append(TermResult("sigma2", *numbers) if numbers[0] is not None else None)
    if not any(found):
        return ()
    return term_rows(
        "sigma2", statistic_label("sigma2", labels_of(shown.exhibit), shown.language), found, columns, shown
    )


def _impact_rows(
    records: Sequence[Record], columns: Sequence[ColumnResult], terms: Sequence[str], shown: Shown
) -> tuple[Row, ...]:
    """Return the rows of effects; a column without effects (an error model) shows a dash."""
    curves = [curve for record in records for curve in _curves(record)]
    names = list(dict.fromkeys(str(row["term"]) for curve in curves for row in curve))
    if not names:
        return ()
    asked = list(shown.exhibit.get("impacts") or [term for term in terms if term in names][:1] or names[:1])
    for name in asked:
        if name not in names:
            raise DeclarationError(
                f"{shown.place}, key 'impacts': '{name}' has no effects; the models have {', '.join(names)}"
            )
    rows: list[Row] = []
    for name in asked:
        for effect in EFFECTS:
            found = [_effect(curve, name, effect) for curve in curves]
            estimate, beneath = term_rows(
                f"{effect}:{name}", _label(effect, name, len(asked), shown), found, columns, shown
            )
            dash = tuple(
                words(say("none", shown.language)) if not curve else cell
                for cell, curve in zip(estimate.cells, curves, strict=True)
            )
            rows += [Row(estimate.label, dash, estimate.key, estimate.statistic), beneath]
    return tuple(rows)


def _curves(record: Record) -> list[list[CurveRow]]:
    rows = record.curves.get("impacts") or []
    return [
        [row for row in rows if str(row.get("column", column.column)) == column.column.partition(".")[0]]
        for column in record.columns
    ]


def _effect(curve: Sequence[CurveRow], name: str, effect: str) -> TermResult | None:
    row = next((row for row in curve if row["term"] == name and row["effect"] == effect), None)
    if row is None:
        return None
    values = [row.get(key) for key in ("estimate", "se", "statistic", "p")]
    return TermResult(effect, *(float(value) if isinstance(value, (int, float)) else None for value in values))


def _label(effect: str, name: str, shown_names: int, shown: Shown) -> str:
    label = say(effect, shown.language)
    if shown_names == 1:
        return label
    return say(
        "effect of", shown.language, effect=label, name=term_label(name, labels_of(shown.exhibit), shown.language)
    )


def _conventions(columns: Sequence[ColumnResult], shown: Shown) -> str:
    """Return the choices on which the literature differs, as the record states them."""
    language = shown.language
    told = by_column([_convention(column, language) for column in columns], language)
    ways = dict.fromkeys(
        say(f"impacts {column.vcov['impacts_se']}", language)
        for column in columns
        if column.vcov.get("model") != "sem" and column.vcov.get("impacts_se") in ("delta", "mc")
    )
    return say("between", language).join([told, *ways])


def _convention(column: ColumnResult, language: str) -> str:
    vcov = column.vcov
    standardised = vcov.get("weights") == "row-standardised"
    parts = [say("spatial maximum likelihood" if standardised else "spatial maximum likelihood raw", language)]
    if len(column.fixed_effects) > 1 and vcov.get("twoways_lag"):
        parts.append(say("spatial lag of", language, rule=vcov["twoways_lag"]))
    if vcov.get("leeyu") not in (None, "none", False):
        parts.append(say("lee yu", language))
    return say("comma", language).join(parts)
