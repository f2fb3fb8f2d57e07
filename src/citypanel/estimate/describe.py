"""Descriptive tables: moments, correlations, variance inflation."""

from collections.abc import Sequence
from itertools import combinations_with_replacement
from typing import cast

import numpy as np
import pandas as pd

from citypanel.arrays import Matrix, Vector
from citypanel.columns import evaluate, matching_rows, numeric_column, order_percentile, winsorised
from citypanel.declare.expression import Expression
from citypanel.declare.formula import Factor, Term, parse_terms
from citypanel.declare.methods import DescriptiveOptions
from citypanel.declare.specification import Specification
from citypanel.errors import CitypanelError, DeclarationError, EstimationError
from citypanel.estimate.inference import two_sided_p
from citypanel.estimate.least_squares import independent_columns
from citypanel.estimate.outcome import Estimate
from citypanel.result import ColumnResult, Row, TermResult, Value


def estimate(data: pd.DataFrame, specification: Specification) -> Estimate:
    """Answer `describe`, `correlate` or `vif` for a list of terms.

    Raises
    ------
    DeclarationError
        A column does not exist, or a factor stands in the list.
    InputError
        A column is not numeric.
    EstimationError
        No row is left, or variables of `vif` are collinear.
    """
    try:
        table = _table(data, specification)
    except CitypanelError as error:
        if specification.formula in str(error):
            raise
        raise type(error)(f"terms '{specification.formula}': {error}") from None
    answer = {"describe": _describe, "correlate": _correlate, "vif": _vif}[specification.method]
    return answer(table)


def _table(data: pd.DataFrame, specification: Specification) -> pd.DataFrame:
    """Return one column per term on the rows asked for, winsorised before."""
    terms = parse_terms(specification.formula)
    for term in terms:
        if any(isinstance(part, Factor) for part in term.parts):
            raise DeclarationError(f"'{term.text}': a factor cannot be described; name its column instead")
    options = cast("DescriptiveOptions", specification.options)
    shares = options.winsorise or specification.winsorise
    read = tuple(dict.fromkeys(name for term in terms for name in term.names()))
    for name in read:
        numeric_column(data, name)
    if shares:
        varied = [name for name in read if np.unique(_known(numeric_column(data, name))).size > 2]
        data = winsorised(data, varied, shares)
    unit, time = specification.unit, specification.time
    columns = {term.text: _product(term, data, unit, time) for term in terms}
    table = pd.DataFrame(columns, index=data.index)[matching_rows(data, specification.where)]
    if table.empty:
        raise EstimationError(f"condition '{specification.where}' leaves no row")
    return table


def _known(values: Vector) -> Vector:
    return values[~np.isnan(values)]


def _product(term: Term, data: pd.DataFrame, unit: str | None, time: str | None) -> Vector:
    values = np.ones(len(data))
    for part in term.parts:
        values *= evaluate(cast("Expression", part), data, unit, time).to_numpy()
    return values


def _describe(table: pd.DataFrame) -> Estimate:
    rows: list[Row] = []
    for name in table.columns:
        values = _known(table[name].to_numpy())
        n = values.size
        quartiles = {f"p{share}": order_percentile(values, share / 100) for share in (25, 75)}
        rows.append(
            {
                "variable": name,
                "n": n,
                "mean": float(values.mean()) if n else None,
                "sd": float(values.std(ddof=1)) if n > 1 else None,
                "min": float(values.min()) if n else None,
                "p25": quartiles["p25"] if n else None,
                "median": order_percentile(values, 0.5) if n else None,
                "p75": quartiles["p75"] if n else None,
                "max": float(values.max()) if n else None,
            }
        )
    terms = tuple(TermResult(str(row["variable"]), cast("float | None", row["mean"])) for row in rows)
    empty = [str(row["variable"]) for row in rows if row["n"] == 0]
    warnings = tuple(f"{name} has no value" for name in empty)
    return _answer(table, terms, {}, {"describe": rows}, warnings)


def _correlate(table: pd.DataFrame) -> Estimate:
    """Correlate pairwise: each pair on the rows where both are known."""
    rows: list[Row] = []
    for first, second in combinations_with_replacement(table.columns, 2):
        both = table[[first, second]].dropna().to_numpy() if first != second else None
        known = _known(table[first].to_numpy()) if both is None else both
        r, p = (1.0, None) if both is None else pearson(both[:, 0], both[:, 1])
        rows.append({"row": second, "column": first, "r": r, "p": p, "n": len(known)})
    warnings = tuple(
        f"{row['row']} and {row['column']} have no correlation: one does not vary" for row in rows if row["r"] is None
    )
    return _answer(table, (), {}, {"correlation": rows}, warnings)


def pearson(x: Vector, y: Vector) -> tuple[float | None, float | None]:
    """Return Pearson's r and the two-sided p of its t; None where one of the two does not vary."""
    a, b = x - x.mean() if x.size else x, y - y.mean() if y.size else y
    scale = float(np.sqrt(np.sum(a * a) * np.sum(b * b)))
    if x.size < 2 or not scale > 0:
        return None, None
    r = float(np.clip(np.sum(a * b) / scale, -1, 1))
    if x.size < 3:
        return r, None
    left = 1 - r * r
    return r, 0.0 if left <= 0 else two_sided_p(r * np.sqrt((x.size - 2) / left), x.size - 2)


def _vif(table: pd.DataFrame) -> Estimate:
    complete = table.dropna()
    lost = len(table) - len(complete)
    if len(complete) <= complete.shape[1]:
        raise EstimationError(f"{len(complete)} complete rows are too few for {complete.shape[1]} variables")
    inflation = variance_inflation(complete.to_numpy(), list(complete.columns))
    terms = tuple(TermResult(name, value) for name, value in zip(complete.columns, inflation, strict=True))
    rows: list[Row] = [
        {"variable": name, "vif": value, "tolerance": 1 / value}
        for name, value in zip(complete.columns, inflation, strict=True)
    ]
    stats: dict[str, Value] = {"mean_vif": float(np.mean(inflation))}
    warnings = (f"{lost} rows left out: a variable is missing",) if lost else ()
    return _answer(complete, terms, stats, {"vif": rows}, warnings)


def variance_inflation(X: Matrix, names: Sequence[str]) -> list[float]:
    """Return VIF_j = 1 / (1 - R2_j) of each column on the others and a constant.

    Notes
    -----
    They are the diagonal of the inverse correlation matrix, Marquardt (1970), Technometrics 12.

    Raises
    ------
    EstimationError
        A column does not vary or is a combination of the others; it is named.
    """
    centred = X - X.mean(axis=0)
    lengths = np.sqrt(np.sum(X * X, axis=0))
    kept = independent_columns(centred, lengths)
    if kept.size < X.shape[1]:
        bad = ", ".join(name for j, name in enumerate(names) if j not in kept)
        raise EstimationError(f"vif does not exist: {bad} is constant or a combination of the other variables")
    triangle = np.asarray(np.linalg.qr(centred / np.sqrt(np.sum(centred**2, axis=0)), mode="r"))
    inverse = np.linalg.inv(triangle)
    return [float(value) for value in np.sum(inverse * inverse, axis=1)]


def _answer(
    table: pd.DataFrame,
    terms: tuple[TermResult, ...],
    stats: dict[str, Value],
    curves: dict[str, list[Row]],
    warnings: tuple[str, ...] = (),
) -> Estimate:
    column = ColumnResult(column="1", outcome="", n=len(table), terms=terms, stats=stats)
    return Estimate((column,), table, curves, warnings)
