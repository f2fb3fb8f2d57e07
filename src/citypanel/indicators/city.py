"""One door to all city indicators: canonical tables and options in, `adcode, year` and values out."""

import logging
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import pandas as pd

from citypanel.declare.complaints import closest
from citypanel.declare.indicator_options import IndicatorOptions
from citypanel.errors import InputError

log = logging.getLogger(__name__)

INDICATORS = (
    "sophistication", "cooperation", "complexity", "quality", "disparity", "productivity", "integration",
    "specialisation", "exposure",
)  # fmt: skip


def city_indicator(name: str, tables: Mapping[str, Path], options: IndicatorOptions) -> pd.DataFrame:
    """Compute an indicator of cities.

    Parameters
    ----------
    name : str
        One of `INDICATORS`, each a module with a function `of_cities`.
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
    # Loaded by name: an import statement would make every indicator's job depend on every indicator's code.
    values: pd.DataFrame = import_module(f"citypanel.indicators.{name}").of_cities(tables, options)
    for line in values.attrs.get("accounting", []):
        log.info("%s: %s", name, ", ".join(f"{key} {value}" for key, value in line.items() if value is not None))
    return values
