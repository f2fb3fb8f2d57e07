"""Regression tables: coefficients with a statistic beneath, fixed effects, fit, tests of instruments."""

from collections.abc import Mapping, Sequence
from typing import Any

from citypanel.exhibits.first_stage import critical_values, diagnostic_rows, stage_texts, with_first_stages
from citypanel.exhibits.heads import joined_heads, label_heads, number_heads, outcome_heads
from citypanel.exhibits.labels import labels_of, text_of
from citypanel.exhibits.notes import regression_notes
from citypanel.exhibits.regression_rows import any_omitted, coefficient_rows, effect_rows, shown_terms, statistic_rows
from citypanel.exhibits.shown import Shown
from citypanel.exhibits.table import Table
from citypanel.result import Record


def regression_table(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> Table:
    """Set the columns of one or several records side by side.

    Raises
    ------
    DeclarationError
        A term of `keep`, `omit` or `order` or a statistic is in no column; the message lists what there is.
    """
    shown = Shown(exhibit, language)
    staged = bool(exhibit.get("first_stage"))
    records = [with_first_stages(record) for record in records] if staged else records
    columns = [column for record in records for column in record.columns]
    terms = shown_terms(columns, shown)
    groups = (
        tuple(row for term in terms for row in coefficient_rows(term, columns, shown)),
        effect_rows(columns, shown),
        statistic_rows(columns, shown),
        diagnostic_rows(columns, shown),
    )
    omitted = any_omitted(columns, terms)
    return Table(
        kind="regression",
        language=language,
        title=text_of(exhibit.get("title"), language),
        stub="",
        heads=(
            outcome_heads(columns, exhibit, language),
            *label_heads(records, exhibit, language),
            *(joined_heads(stage_texts(columns, language)) if staged else ()),
            number_heads(len(columns)),
        ),
        groups=tuple(group for group in groups if group),
        notes=regression_notes(
            records, shown, labels_of(exhibit), omitted=omitted, more=(critical_values(columns, shown),)
        ),
        columns=tuple(str(position) for position in range(1, len(columns) + 1)),
        simulated=any(bool(record.sample.get("simulated")) for record in records),
    )
