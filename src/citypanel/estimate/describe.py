"""Descriptive tables: moments, correlations, variance inflation."""

from collections.abc import Sequence
from itertools import combinations_with_replacement
from typing import cast

import numpy as np
import pandas as pd

from citypanel.arrays import Matrix, Vector
from citypanel.columns import (
    evaluate,
    existing_column,
    matching_rows,
    numeric_column,
    order_percentile,
    winsorised,
)
from citypanel.declare.expression import Expression
from citypanel.declare.formula import Factor, Term, parse_terms
from citypanel.declare.methods import DescribeOptions, DescriptiveOptions
from citypanel.declare.specification import Specification
from citypanel.density import kernel_density
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
    if specification.method == "describe":
        return _describe(table, data, cast("DescribeOptions", specification.options))
    return {"correlate": _correlate, "vif": _vif}[specification.method](table)


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


def _describe(table: pd.DataFrame, data: pd.DataFrame, options: DescribeOptions) -> Estimate:
    """Give moments of all rows or, with `by`, of each group; the terms are the means of all rows."""
    rows: list[Row] = []
    densities: list[Row] = []
    warnings = []
    groups = _groups(table, data, options.by)
    for name in table.columns:
        for key, members in groups:
            values = _known(table.loc[members, name].to_numpy())
            rows.append({"variable": name, **key, **moments(values)})
            place = f"{name} in {options.by} {key['group']}" if key else str(name)
            if values.size == 0:
                warnings.append(f"{place} has no value")
            elif options.density and np.unique(values).size < 2:
                warnings.append(f"{place} has one value only and no density")
            elif options.density:
                points = zip(*(line.tolist() for line in kernel_density(values)), strict=True)
                densities += [{"variable": name, **key, "x": x, "density": height} for x, height in points]
    means = {name: _known(table[name].to_numpy()) for name in table.columns}
    terms = tuple(TermResult(str(name), float(v.mean()) if v.size else None) for name, v in means.items())
    curves = {"describe": rows, **({"density": densities} if options.density else {})}
    sample = table if options.by is None else table.assign(**{options.by: data.loc[table.index, options.by]})
    stats: dict[str, Value] = {} if options.by is None else {"by": options.by}
    return _answer(sample, terms, stats, curves, tuple(warnings))


def _groups(table: pd.DataFrame, data: pd.DataFrame, by: str | None) -> list[tuple[Row, pd.Index]]:
    """Return the key and the rows of each group in the order of its values; without `by` all rows without a key."""
    if by is None:
        return [({}, table.index)]
    column = existing_column(data, by)[table.index].dropna()
    return [({"group": _plain(value)}, column.index[column == value]) for value in sorted(column.unique().tolist())]


def _plain(value: float | str) -> float | str:
    """Return a whole number as such: a column with gaps holds years as floats."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def moments(values: Vector) -> Row:
    """Return count, mean, deviation (n - 1), its ratio to the mean, and order statistics by Stata's rule."""
    n = values.size
    mean = float(values.mean()) if n else None
    sd = float(values.std(ddof=1)) if n > 1 else None
    return {
        "n": n,
        "mean": mean,
        "sd": sd,
        "cv": sd / mean if sd is not None and mean else None,
        "min": float(values.min()) if n else None,
        "p25": order_percentile(values, 0.25) if n else None,
        "median": order_percentile(values, 0.5) if n else None,
        "p75": order_percentile(values, 0.75) if n else None,
        "max": float(values.max()) if n else None,
    }


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
