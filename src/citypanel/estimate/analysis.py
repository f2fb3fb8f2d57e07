"""From specifications to a record: finds the method's module, runs it column by column, joins the answers."""

from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from typing import Protocol, cast

import pandas as pd
from threadpoolctl import threadpool_limits

from citypanel.columns import matching_rows
from citypanel.declare.specification import Specification
from citypanel.errors import CitypanelError, DeclarationError, EstimationError
from citypanel.estimate.methods import METHODS
from citypanel.estimate.outcome import Estimate
from citypanel.estimate.variation import require_variation
from citypanel.result import ColumnResult, Record, Row, library_versions, sample_stamp


class Method(Protocol):
    """A module that estimates."""

    def estimate(self, data: pd.DataFrame, specification: Specification) -> Estimate:
        """Estimate one specification."""


def load_method(name: str) -> Method:
    """Import the module of a method."""
    try:
        return cast("Method", import_module(METHODS[name]))
    except ModuleNotFoundError as missing:
        if missing.name != METHODS[name]:
            raise
        raise EstimationError(f"method '{name}' is declared but not built in this version") from None


def estimate_analysis(
    data: pd.DataFrame,
    specifications: Sequence[Specification],
    *,
    study: str | None = None,
    analysis: str | None = None,
    simulated: bool = False,
    tolerant: bool = False,
) -> Record:
    """Estimate the columns of one analysis on one panel.

    Columns are numbered in the order of declaration; a method that answers with several columns
    (quantiles, periods) keeps its own names when it stands alone. With `tolerant` a column that cannot be
    estimated stays in its place without terms, and its message is a warning; else the message is raised.
    """
    first = specifications[0]
    methods = [load_method(item.method) for item in specifications]
    # Sums split over threads differ in the last digit; a record must be the same bytes on one core and on sixteen.
    # The libraries must be loaded by then: those that come later would keep their own number of threads.
    with threadpool_limits(limits=1):
        answers = [
            _answer(method, data, item, _place(study, analysis, number), tolerant=tolerant)
            for number, (method, item) in enumerate(zip(methods, specifications, strict=True), start=1)
        ]
    columns = [
        _placed(column, number, len(answers), specification)
        for number, (answer, specification) in enumerate(zip(answers, specifications, strict=True), start=1)
        for column in answer.columns
    ]
    curves: dict[str, list[Row]] = {}
    for number, answer in enumerate(answers, start=1):
        for name, rows in answer.curves.items():
            tagged = rows if len(answers) == 1 else [_tagged(row, str(number)) for row in rows]
            curves.setdefault(name, []).extend(tagged)
    return Record(
        method=first.method,
        formula=first.formula,
        columns=tuple(columns),
        seed=first.seed,
        warnings=tuple(dict.fromkeys(text for answer in answers for text in answer.warnings)),
        curves=curves,
        sample=sample_stamp([answer.sample for answer in answers], simulated=simulated),
        versions=library_versions(),
        study=study,
        analysis=analysis,
    )


def _tagged(row: Row, number: str) -> Row:
    """Return a row of a curve with the number of its column; a correlation's `column` is a variable."""
    return {"number" if "column" in row else "column": number, **row}


def _place(study: str | None, analysis: str | None, number: int) -> str:
    return f"study {study}, analysis '{analysis}', column {number}: " if study else ""


def _answer(
    method: Method, data: pd.DataFrame, specification: Specification, place: str, *, tolerant: bool
) -> Estimate:
    try:
        if place:
            require_variation(data, specification)
        answer = method.estimate(data, specification)
        years = _years(data, answer.sample, specification)
        told = tuple(dict.fromkeys(answer.warnings))
        return replace(answer, columns=tuple(replace(column, years=years, warnings=told) for column in answer.columns))
    except CitypanelError as error:
        if tolerant and isinstance(error, EstimationError | DeclarationError):
            nothing = ColumnResult(column="1", outcome="", n=0)
            return Estimate((nothing,), pd.DataFrame(), warnings=(f"{place}not estimated: {error}",))
        raise type(error)(f"{place}{error}") from None


def _years(data: pd.DataFrame, used: pd.DataFrame, specification: Specification) -> tuple[int, int] | None:
    """Return the first and last period of the rows used, if periods are whole numbers.

    Rows are told by the index; where a method gives rows of its own, the rows asked for stand in.
    """
    if specification.time is None or not pd.api.types.is_integer_dtype(data[specification.time]):
        return None
    told = data.index.is_unique and len(used) > 0 and used.index.isin(data.index).all()
    rows = data.index.isin(used.index) if told else matching_rows(data, specification.where)
    periods = data.loc[rows, specification.time]
    return (int(periods.min()), int(periods.max())) if len(periods) else None


def _placed(column: ColumnResult, number: int, columns: int, specification: Specification) -> ColumnResult:
    alone = columns == 1 and column.column
    name = column.column if alone else f"{number}.{column.column}" if column.column not in ("", "1") else str(number)
    return replace(
        column,
        column=name,
        formula=specification.formula,
        where=specification.where,
        label=specification.label or column.label,
    )
