"""Formulas of yearbook variables by city and year, and series that a yearly index carries on."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from citypanel.arrays import Mask
from citypanel.canonical import read_table
from citypanel.columns import evaluate
from citypanel.declare.complaints import closest
from citypanel.declare.expression import names_in, parse_expression
from citypanel.errors import InputError

PROVINCE = 10_000  # a prefecture's code over this is its province's


def city_series(city_year: Path, formulas: Mapping[str, str]) -> pd.DataFrame:
    """Evaluate formulas on the yearbook table.

    Parameters
    ----------
    city_year : Path
        Canonical `city_year` (Parquet).
    formulas : mapping
        Formula by the name of its column; an empty formula has no column.

    Returns
    -------
    DataFrame
        `adcode`, `year` and the columns, in order of city and year; what is not defined is nan. Rows without any of
        the columns are left out.

    Raises
    ------
    InputError
        The table lacks a variable; the line names the option, its formula, and what is near.
    """
    parsed = {name: parse_expression(formula) for name, formula in formulas.items() if formula}
    wide = wide_yearbook(city_year, formulas)
    found = pd.DataFrame({name: evaluate(expression, wide) for name, expression in parsed.items()})
    table = pd.concat([wide[["adcode", "year"]], found], axis=1)
    return table[found.notna().any(axis=1)].reset_index(drop=True)


def wide_yearbook(city_year: Path, formulas: Mapping[str, str]) -> pd.DataFrame:
    """Return the yearbook table with a column for each variable, after a look whether formulas find theirs.

    Parameters
    ----------
    city_year : Path
        Canonical `city_year` (Parquet).
    formulas : mapping
        Formula by what is said of it when a variable is missing: the name of an option or column.

    Returns
    -------
    DataFrame
        `adcode`, `year` and the variables, in order of city and year; what is not in the table is nan.

    Raises
    ------
    InputError
        The table lacks a variable; the line names the option, its formula, and what is near.
    """
    rows = read_table(city_year, "city_year", ["adcode", "year", "variable", "value"])
    there = rows["variable"].astype(str).unique().tolist()
    for name, formula in formulas.items():
        for variable in names_in(parse_expression(formula)) if formula else ():
            if variable not in there:
                raise InputError(
                    f"{name} '{formula}': {city_year} has no variable '{variable}'{closest(variable, there)}"
                )
    known = rows.astype({"adcode": "int64", "year": "int64", "variable": str})
    return known.pivot(index=["adcode", "year"], columns="variable", values="value").sort_index().reset_index()


def carried_on(frame: pd.DataFrame, column: str, index: str) -> pd.Series:
    """Return a column in the prices of its first year: the first value, carried on by a yearly index.

    Parameters
    ----------
    frame : DataFrame
        `adcode`, `year`, the column, and the index with the previous year as 100.
    column, index : str

    Returns
    -------
    Series
        On the frame's index; nan from a city's first gap in the index on.
    """
    ordered = frame.sort_values(["adcode", "year"])
    first = ordered.groupby("adcode")["year"].transform("min") == ordered["year"]
    gap = ordered.groupby("adcode")["year"].diff().gt(1)
    growth = (ordered[index] / 100).mask(gap).mask(first, 1.0)
    # A missing factor makes everything after it missing: cumprod would step over it.
    broken = growth.isna().groupby(ordered["adcode"]).cummax()
    level = growth.groupby(ordered["adcode"]).cumprod().mask(broken)
    start = ordered.groupby("adcode")[column].transform(lambda values: values.iloc[0])
    return (start * level).reindex(frame.index)


def full_cities(frame: pd.DataFrame, columns: Sequence[str]) -> Mask:
    """Return the rows of cities whose columns are positive in every year of the frame."""
    positive = (frame[list(columns)] > 0).all(axis=1)
    years = frame["year"].nunique()
    whole = positive.groupby(frame["adcode"]).transform("sum") == years
    return np.asarray(whole, dtype=np.bool_)
