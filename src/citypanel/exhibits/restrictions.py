"""What restricts the rows of a column, in words: years it was asked for, and other conditions."""

from collections.abc import Mapping
from typing import Any

from citypanel.columns import Condition, parse_where
from citypanel.exhibits.labels import Labels, term_label
from citypanel.exhibits.stated import lowered
from citypanel.exhibits.words import say
from citypanel.result import ColumnResult

_SIGNS = {"==": "=", "!=": "≠", "<=": "≤", ">=": "≥"}
_BOUNDS = ("<", "<=", ">", ">=", "==")


def span_text(column: ColumnResult, exhibit: Mapping[str, Any], language: str) -> str:
    """Return first and last year of the rows used or, where the column carries none, of the study."""
    years = column.years or exhibit.get("years")
    if not years:
        return ""
    return say("one year" if years[0] == years[1] else "years", language, first=years[0], last=years[1])


def condition_text(column: ColumnResult, labels: Labels, language: str) -> str:
    """Return the conditions on rows that neither the years nor the heads of a split tell."""
    conditions = parse_where(column.where) if column.where else ()
    shown = [_said(each, labels, language) for each in conditions if not _told_elsewhere(each, column)]
    return say("rows where", language, where=say("comma", language).join(shown)) if shown else ""


def _told_elsewhere(condition: Condition, column: ColumnResult) -> bool:
    if condition.column == column.stats.get("split"):
        return True
    return condition.column == "year" and condition.operator in _BOUNDS and column.years is not None


def _said(condition: Condition, labels: Labels, language: str) -> str:
    name = lowered(term_label(condition.column, labels, language), language)
    sign = _SIGNS.get(condition.operator, condition.operator)
    return f"{name} {sign} {say('listing', language).join(condition.wanted)}"
