"""The heads above the columns of a table: outcomes, declared labels, numbers."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from citypanel.exhibits.labels import labels_of, term_label, text_of
from citypanel.exhibits.table import Head
from citypanel.exhibits.words import say
from citypanel.result import ColumnResult, Record


def outcome_heads(columns: Sequence[ColumnResult], exhibit: Mapping[str, Any], language: str) -> tuple[Head, ...]:
    """Return one head per run of columns with the same outcome."""
    labels = labels_of(exhibit)
    runs = groupby(columns, key=lambda column: column.outcome)
    return tuple(Head(term_label(outcome, labels, language), len(list(run))) for outcome, run in runs)


def label_heads(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> tuple[tuple[Head, ...], ...]:
    """Return a line of declared column labels, neighbours joined, or no line if none is declared."""
    return joined_heads(text for record in records for text in declared_labels(record, exhibit, language))


def joined_heads(texts: Iterable[str]) -> tuple[tuple[Head, ...], ...]:
    """Return a line of heads with equal neighbours joined, or no line if all are empty."""
    listed = list(texts)
    if not any(listed):
        return ()
    heads: list[Head] = []
    for text in listed:
        if heads and text and heads[-1].text == text:
            heads[-1] = Head(text, heads[-1].span + 1)
        else:
            heads.append(Head(text))
    return (tuple(heads),)


def declared_labels(record: Record, exhibit: Mapping[str, Any], language: str) -> list[str]:
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
        quantile = column.stats.get("quantile")
        if record.method == "quantile" and isinstance(quantile, (int, float)):
            texts.append(say("quantile", language, quantile=f"{quantile:g}"))
        elif 0 <= index < len(declared) and declared[index]:
            texts.append(text_of(declared[index], language))
        else:
            texts.append(term_label(column.label, labels, language) if column.label else "")
    return texts


def number_heads(count: int) -> tuple[Head, ...]:
    """Return `(1)`, `(2)`, ..."""
    return tuple(Head(f"({position})") for position in range(1, count + 1))
