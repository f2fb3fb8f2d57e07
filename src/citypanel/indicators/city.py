"""One door to all city indicators: canonical tables and options in, `adcode, year` and values out."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from citypanel.declare.complaints import closest
from citypanel.declare.indicators import IndicatorOptions, SophisticationOptions
from citypanel.errors import InputError

log = logging.getLogger(__name__)

Tables = Mapping[str, Path]


def city_indicator(name: str, tables: Tables, options: IndicatorOptions) -> pd.DataFrame:
    """Compute an indicator of cities.

    Parameters
    ----------
    name : str
        One of the indicators below.
    tables : mapping
        Paths of the canonical tables that the indicator reads, by name.
    options : IndicatorOptions
        The indicator's own options.

    Returns
    -------
    DataFrame
        `adcode`, `year` and the value columns; `attrs["accounting"]` tells what was counted and left out, and
        each of its lines goes to the log.
    """
    if name not in INDICATORS:
        raise InputError(f"indicator '{name}' cannot be computed by city{closest(name, INDICATORS)}")
    values = INDICATORS[name](tables, options)
    for line in values.attrs.get("accounting", []):
        log.info("%s: %s", name, ", ".join(f"{key} {value}" for key, value in line.items() if value is not None))
    return values


def _sophistication(tables: Tables, options: Any) -> pd.DataFrame:
    from citypanel.indicators.sophistication import city_sophistication  # noqa: PLC0415  (one job, one indicator)

    incomes = None if options.reference == "world" else _incomes(tables, options)
    return city_sophistication(tables["exports"], tables["world_trade"], options, incomes)


def _incomes(tables: Tables, options: SophisticationOptions) -> pd.DataFrame:
    """Read the incomes of a city or province reference from the yearbook table."""
    path = tables["city_year"]
    rows = pd.read_parquet(path, columns=["adcode", "year", "variable", "value"])
    rows = rows[rows["variable"] == options.income]
    if options.reference == "province":
        rows = rows[rows["adcode"] % 10000 == 0]  # municipalities are provinces and prefectures at once
    if rows.empty:
        raise InputError(f"{path}: variable '{options.income}' has no rows of a {options.reference}")
    return rows.rename(columns={"value": "income"})[["adcode", "year", "income"]]


def _cooperation(tables: Tables, options: Any) -> pd.DataFrame:
    from citypanel.indicators.cooperation import city_cooperation  # noqa: PLC0415  (one job, one indicator)

    return city_cooperation(tables["patents"], options)


def _complexity(tables: Tables, options: Any) -> pd.DataFrame:
    from citypanel.indicators.complexity import city_complexity  # noqa: PLC0415  (one job, one indicator)

    return city_complexity(tables["exports"], options)


INDICATORS: dict[str, Callable[[Tables, Any], pd.DataFrame]] = {
    "sophistication": _sophistication,
    "cooperation": _cooperation,
    "complexity": _complexity,
}
