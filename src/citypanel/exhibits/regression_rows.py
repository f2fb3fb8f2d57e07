"""The rows of regression tables: coefficients with what stands beneath, effects, statistics."""

from collections.abc import Sequence

from citypanel.errors import DeclarationError
from citypanel.exhibits.labels import effect_label, labels_of, statistic_label, term_label
from citypanel.exhibits.shown import Shown
from citypanel.exhibits.table import EMPTY, Row, words
from citypanel.exhibits.words import say
from citypanel.result import ColumnResult, TermResult

COUNTS = ("n", "units", "periods", "clusters")
DEFAULT_STATISTICS = ("n", "r2", "r2_adj")


def shown_terms(columns: Sequence[ColumnResult], shown: Shown, *, aside: Sequence[str] = ()) -> list[str]:
    """Return the terms shown: those of the columns in order of appearance, the constant last, without `aside`."""
    found = list(
        dict.fromkeys(
            term.term
            for column in columns
            for term in column.terms
            if term.term not in aside and not _is_dummy(term.term, column)
        )
    )
    if "Intercept" in found:
        found = [*(term for term in found if term != "Intercept"), "Intercept"]
    for key in ("keep", "omit", "order"):
        for wanted in shown.exhibit.get(key) or ():
            if wanted not in found:
                place = f"{shown.place}, key '{key}'"
                raise DeclarationError(f"{place}: '{wanted}' is no term of the columns; they have {', '.join(found)}")
    keep = list(shown.exhibit.get("keep") or found)
    first = list(shown.exhibit.get("order") or ())
    ordered = [*first, *(term for term in found if term not in first)]
    return [term for term in ordered if term in keep and term not in (shown.exhibit.get("omit") or ())]


def _is_dummy(term: str, column: ColumnResult) -> bool:
    """Return whether a term is a dummy of an effect that has a row of yes and no, as time dummies of GMM have."""
    name, _, level = term.partition("::")
    return bool(level) and ":" not in level and name in column.fixed_effects


def coefficient_rows(name: str, columns: Sequence[ColumnResult], shown: Shown) -> tuple[Row, Row]:
    """Return the two rows of a coefficient."""
    found = [next((term for term in column.terms if term.term == name), None) for column in columns]
    return term_rows(name, term_label(name, labels_of(shown.exhibit), shown.language), found, columns, shown)


def term_rows(
    name: str, label: str, found: Sequence[TermResult | None], columns: Sequence[ColumnResult], shown: Shown
) -> tuple[Row, Row]:
    """Return the rows of estimates and of what stands beneath them."""
    beneath = [shown.parenthesis(column) for column in columns]
    return (
        Row(label, tuple(shown.estimate(term) for term in found), name, "estimate"),
        Row(
            "",
            tuple(shown.beneath(term, what) for term, what in zip(found, beneath, strict=True)),
            name,
            "/".join(dict.fromkeys(beneath)),
        ),
    )


def any_omitted(columns: Sequence[ColumnResult], terms: Sequence[str]) -> bool:
    """Return whether a shown term has no estimate in a column that names it."""
    return any(term.estimate is None for column in columns for term in column.terms if term.term in terms)


def effect_rows(columns: Sequence[ColumnResult], shown: Shown) -> tuple[Row, ...]:
    """Return a row of yes and no for each fixed effect."""
    effects = dict.fromkeys(effect for column in columns for effect in column.fixed_effects)
    labels, language = labels_of(shown.exhibit), shown.language
    return tuple(
        Row(
            effect_label(effect, labels, language),
            tuple(words(say("yes" if effect in column.fixed_effects else "no", language)) for column in columns),
            f"fe:{effect}",
            "fixed_effect",
        )
        for effect in effects
    )


def statistic_rows(columns: Sequence[ColumnResult], shown: Shown) -> tuple[Row, ...]:
    """Return the rows of the declared statistics; raise `DeclarationError` for one that no column has."""
    asked = tuple(shown.exhibit.get("statistics") or DEFAULT_STATISTICS)
    # A split never stands without its test.
    if "equality_p" not in asked and any("equality_p" in column.stats for column in columns):
        asked = (*asked, "equality_p")
    known = list(dict.fromkeys([*COUNTS, *(name for column in columns for name in column.stats)]))
    for name in asked:
        if name not in known:
            raise DeclarationError(
                f"{shown.place}, key 'statistics': '{name}' is in no column; the columns have {', '.join(known)}"
            )
    return tuple(statistic_row(name, columns, shown) for name in asked)


def statistic_row(name: str, columns: Sequence[ColumnResult], shown: Shown) -> Row:
    """Return the row of one statistic; columns without it are left empty."""
    cells = []
    for column in columns:
        known = name in COUNTS or name in column.stats
        value = getattr(column, name) if name in COUNTS else column.stats.get(name)
        cells.append(shown.statistic(value, name) if known else EMPTY)
    return Row(statistic_label(name, labels_of(shown.exhibit), shown.language), tuple(cells), name, name)
