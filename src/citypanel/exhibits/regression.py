"""Regression tables: coefficients with a statistic beneath, fixed effects, fit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from citypanel.errors import DeclarationError
from citypanel.exhibits.labels import (
    effect_label,
    labels_of,
    statistic_label,
    term_label,
    text_of,
)
from citypanel.exhibits.notes import regression_notes
from citypanel.exhibits.stars import stars_of
from citypanel.exhibits.table import EMPTY, Cell, Head, Row, Table, number, words
from citypanel.exhibits.variance_notes import degrees_of_freedom
from citypanel.exhibits.words import say
from citypanel.result import ColumnResult, Record, TermResult

DIGITS = {"t": 2, "z": 2, "p": 3, "f": 1, "estimate": 3}
COUNTS = ("n", "units", "periods", "clusters")
DEFAULT_STATISTICS = ("n", "r2", "r2_adj")


@dataclass(frozen=True)
class Shown:
    """How numbers are shown: decimals, parentheses, stars, language."""

    exhibit: Mapping[str, Any]
    language: str

    def digits(self, what: str) -> int:
        """Return the decimals of a kind of number; `digits` is one number, or one per kind."""
        declared = self.exhibit.get("digits", DIGITS["estimate"])
        if isinstance(declared, Mapping):
            return int(declared.get(what, DIGITS.get(what, declared.get("estimate", DIGITS["estimate"]))))
        return DIGITS.get(what, int(declared)) if what != "estimate" else int(declared)

    @property
    def levels(self) -> tuple[float, ...]:
        """Return the star levels, the widest first."""
        return tuple(sorted(self.exhibit.get("stars", (0.1, 0.05, 0.01)), reverse=True))

    def parenthesis(self, column: ColumnResult) -> str:
        """Return what stands beneath a coefficient: se, t, z or p; `auto` is se where there is one."""
        asked = self.exhibit.get("parentheses", "auto")
        if asked == "auto":
            has_errors = any(term.se is not None for term in column.terms) or not column.terms
            asked = "se" if has_errors else "t"
        if asked == "t" and degrees_of_freedom(column) is None:
            return "z"
        return str(asked)


def regression_table(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> Table:
    """Set the columns of one or several records side by side.

    Raises
    ------
    DeclarationError
        A term of `keep`, `omit` or `order` or a statistic is in no column; the message lists what there is.
    """
    shown = Shown(exhibit, language)
    labels = labels_of(exhibit)
    columns = [column for record in records for column in record.columns]
    terms = _terms(columns, exhibit)
    groups = (
        tuple(row for term in terms for row in _coefficient_rows(term, columns, shown)),
        _effect_rows(columns, exhibit, language),
        _statistic_rows(columns, shown),
    )
    return Table(
        kind="regression",
        language=language,
        title=text_of(exhibit.get("title"), language),
        stub="",
        heads=(
            _outcome_heads(columns, exhibit, language),
            *_label_heads(records, exhibit, language),
            tuple(Head(f"({position})") for position in range(1, len(columns) + 1)),
        ),
        groups=tuple(group for group in groups if group),
        notes=regression_notes(records, shown, labels, omitted=_any_omitted(columns, terms)),
        columns=tuple(str(position) for position in range(1, len(columns) + 1)),
        simulated=any(bool(record.sample.get("simulated")) for record in records),
    )


def _terms(columns: Sequence[ColumnResult], exhibit: Mapping[str, Any]) -> list[str]:
    """Return the terms shown: those of the columns in order of appearance, the constant last."""
    found = list(dict.fromkeys(term.term for column in columns for term in column.terms))
    if "Intercept" in found:
        found = [*(term for term in found if term != "Intercept"), "Intercept"]
    for key in ("keep", "omit", "order"):
        for wanted in exhibit.get(key) or ():
            if wanted not in found:
                place = f"study {exhibit.get('study')}, exhibit '{exhibit.get('exhibit')}', key '{key}'"
                raise DeclarationError(f"{place}: '{wanted}' is no term of the columns; they have {', '.join(found)}")
    keep = list(exhibit.get("keep") or found)
    first = list(exhibit.get("order") or ())
    ordered = [*first, *(term for term in found if term not in first)]
    return [term for term in ordered if term in keep and term not in (exhibit.get("omit") or ())]


def _find(column: ColumnResult, name: str) -> TermResult | None:
    return next((term for term in column.terms if term.term == name), None)


def _coefficient_rows(name: str, columns: Sequence[ColumnResult], shown: Shown) -> tuple[Row, Row]:
    found = [_find(column, name) for column in columns]
    label = term_label(name, labels_of(shown.exhibit), shown.language)
    beneath = [shown.parenthesis(column) for column in columns]
    return (
        Row(label, tuple(_estimate(term, shown) for term in found), name, "estimate"),
        Row(
            "",
            tuple(_beneath(term, what, shown) for term, what in zip(found, beneath, strict=True)),
            name,
            "/".join(dict.fromkeys(beneath)),
        ),
    )


def _estimate(term: TermResult | None, shown: Shown) -> Cell:
    if term is None:
        return EMPTY
    if term.estimate is None:
        return words(say("omitted", shown.language))
    return number(term.estimate, shown.digits("estimate"), stars=stars_of(term.p, shown.levels))


def _beneath(term: TermResult | None, what: str, shown: Shown) -> Cell:
    if term is None or term.estimate is None:
        return EMPTY
    value = {"se": term.se, "p": term.p}.get(what, term.statistic)
    return number(value, shown.digits(what), parenthesised=True)


def _any_omitted(columns: Sequence[ColumnResult], terms: Sequence[str]) -> bool:
    return any(term.estimate is None for column in columns for term in column.terms if term.term in terms)


def _effect_rows(columns: Sequence[ColumnResult], exhibit: Mapping[str, Any], language: str) -> tuple[Row, ...]:
    effects = dict.fromkeys(effect for column in columns for effect in column.fixed_effects)
    return tuple(
        Row(
            effect_label(effect, labels_of(exhibit), language),
            tuple(words(say("yes" if effect in column.fixed_effects else "no", language)) for column in columns),
            f"fe:{effect}",
            "fixed_effect",
        )
        for effect in effects
    )


def _statistic_rows(columns: Sequence[ColumnResult], shown: Shown) -> tuple[Row, ...]:
    asked = tuple(shown.exhibit.get("statistics") or DEFAULT_STATISTICS)
    known = list(dict.fromkeys([*COUNTS, *(name for column in columns for name in column.stats)]))
    for name in asked:
        if name not in known:
            place = f"study {shown.exhibit.get('study')}, exhibit '{shown.exhibit.get('exhibit')}'"
            raise DeclarationError(
                f"{place}, key 'statistics': '{name}' is in no column; the columns have {', '.join(known)}"
            )
    return tuple(
        Row(
            statistic_label(name, labels_of(shown.exhibit), shown.language),
            tuple(_statistic(column, name, shown) for column in columns),
            name,
            name,
        )
        for name in asked
    )


def _statistic(column: ColumnResult, name: str, shown: Shown) -> Cell:
    value = getattr(column, name) if name in COUNTS else column.stats.get(name)
    if isinstance(value, bool):
        return words(say("yes" if value else "no", shown.language))
    if isinstance(value, int):
        return number(value, 0)
    if isinstance(value, float):
        return number(value, shown.digits("p" if name.endswith("_p") else name))
    if isinstance(value, (list, tuple)):
        parts = [number(part, shown.digits(name)).printed for part in value if isinstance(part, (int, float))]
        return words(f"[{', '.join(parts)}]") if parts else EMPTY
    return words("" if value is None else str(value))


def _outcome_heads(columns: Sequence[ColumnResult], exhibit: Mapping[str, Any], language: str) -> tuple[Head, ...]:
    """Return one head per run of columns with the same outcome."""
    labels = labels_of(exhibit)
    runs = groupby(columns, key=lambda column: column.outcome)
    return tuple(Head(term_label(outcome, labels, language), len(list(run))) for outcome, run in runs)


def _label_heads(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> tuple[tuple[Head, ...], ...]:
    """Return a line of declared column labels, neighbours joined, or no line if none is declared."""
    texts = [text for record in records for text in _declared_labels(record, exhibit, language)]
    if not any(texts):
        return ()
    heads: list[Head] = []
    for text in texts:
        if heads and text and heads[-1].text == text:
            heads[-1] = Head(text, heads[-1].span + 1)
        else:
            heads.append(Head(text))
    return (tuple(heads),)


def _declared_labels(record: Record, exhibit: Mapping[str, Any], language: str) -> list[str]:
    """Return the labels of a record's columns: declared for its analysis, else what the record carries.

    A method that answers one declared column by several (quantiles) names them `1.0.25`: the number before
    the point is the declared column.
    """
    declared = (exhibit.get("columns") or {}).get(record.analysis) or []
    labels = labels_of(exhibit)
    texts = []
    for column in record.columns:
        position = column.column.partition(".")[0]
        index = int(position) - 1 if position.isdigit() else -1
        if 0 <= index < len(declared) and declared[index]:
            texts.append(text_of(declared[index], language))
        else:
            texts.append(term_label(column.label, labels, language) if column.label else "")
    return texts
