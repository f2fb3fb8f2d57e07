"""Columns that stand for matrices of spatial weights, and what they are called."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from citypanel.errors import DeclarationError
from citypanel.exhibits.heads import declared_labels
from citypanel.exhibits.labels import labels_of, term_label
from citypanel.result import ColumnResult, Record, Row


@dataclass(frozen=True)
class Series:
    """The answer of one declared column: its result columns (one a period for Moran's I) and its curve rows."""

    label: str
    record: Record
    columns: tuple[ColumnResult, ...]
    rows: tuple[Row, ...]


def series_of(records: Sequence[Record], curve: str, exhibit: Mapping[str, Any], language: str) -> list[Series]:
    """Return one series per declared column of the records, with the rows of `curve` that belong to it."""
    found = []
    for record in records:
        rows = record.curves.get(curve) or []
        numbers = list(dict.fromkeys(str(row["column"]) for row in rows if "column" in row)) or ["1"]
        texts = declared_labels(record, exhibit, language)
        for number in numbers:
            mine = tuple(row for row in rows if str(row.get("column", number)) == number)
            placed = [
                (column, text)
                for column, text in zip(record.columns, texts, strict=True)
                if len(numbers) == 1 or column.column.partition(".")[0] == number
            ]
            label = _label(record, number, next((text for _, text in placed if text), ""), exhibit, language)
            found.append(Series(label, record, tuple(column for column, _ in placed), mine))
    return found


def _label(record: Record, number: str, text: str, exhibit: Mapping[str, Any], language: str) -> str:
    """Return the declared label, else that of the analysis, else the name of the weights file."""
    if text:
        return text
    labels = labels_of(exhibit)
    declared = (exhibit.get("columns") or {}).get(record.analysis) or []
    index = int(number) - 1
    if index < len(declared) and declared[index]:
        return str(declared[index].get(language, ""))
    if record.analysis in labels:
        return term_label(str(record.analysis), labels, language)
    return matrix_label(record.columns[0], exhibit, language) if record.columns else ""


def column_labels(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> list[str]:
    """Return for each column of records with one result column per matrix what its matrix is called."""
    return [
        text
        or (_label(record, "1", "", exhibit, language) if len(record.columns) == 1 else "")
        or matrix_label(column, exhibit, language)
        for record in records
        for column, text in zip(record.columns, declared_labels(record, exhibit, language), strict=True)
    ]


def matrix_label(column: ColumnResult, exhibit: Mapping[str, Any], language: str) -> str:
    """Return what a column's matrix is called: the label of its file's name, or that name."""
    file = column.vcov.get("weights_file")
    return term_label(PurePath(file).stem, labels_of(exhibit), language) if isinstance(file, str) else ""


def require(records: Sequence[Record], method: str, exhibit: Mapping[str, Any]) -> list[Record]:
    """Return the records of a method; raise `DeclarationError` if there is none."""
    chosen = [record for record in records if record.method == method and record.columns]
    if not chosen:
        place = f"study {exhibit.get('study')}, exhibit '{exhibit.get('exhibit')}'"
        found = ", ".join(f"{record.analysis} ({record.method})" for record in records) or "nothing"
        raise DeclarationError(f"{place}: it needs an analysis of method '{method}'; it was given {found}")
    return chosen
