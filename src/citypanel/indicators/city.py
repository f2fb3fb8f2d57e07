"""One door to all city indicators: canonical tables and options in, `adcode, year` and values out."""

import logging
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import pandas as pd

from citypanel.canonical import read_table
from citypanel.declare.complaints import closest
from citypanel.declare.indicator_options import IndicatorOptions
from citypanel.errors import InputError
from citypanel.indicators.files import records
from citypanel.result import Record, library_versions

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


# What indicators without cleaning steps of their own leave out of the customs records, in their order.
_STEPS: dict[str, tuple[int | None, str]] = {
    "city unmapped": (20, "city_mapped"),
    "product without PRODY": (None, "prody"),
}


def attrition_record(values: pd.DataFrame, tables: Mapping[str, Path], *, simulated: bool) -> Record:
    """Return the account of the customs records behind an indicator, as a record with the curve `attrition`.

    Parameters
    ----------
    values : DataFrame
        As `city_indicator` returns it.
    tables : mapping
        Of the canonical tables; `attrition` is that of the intake.

    Returns
    -------
    Record
        The curve has the columns of the contract `attrition`: what is there before and after each rule.
    """
    lines = values.attrs.get("attrition")
    if lines is None:
        intake = read_table(tables["attrition"], "attrition")
        opening = intake[intake["step"] <= 6].astype(object)
        lines = [*records(opening.where(opening.notna(), None).to_dict("records")), *_left_out(values)]
    return Record(
        method="attrition",
        formula="",
        columns=(),
        curves={"attrition": lines},
        sample={"rows": lines[0]["rows_before"], "simulated": simulated},
        versions=library_versions(),
    )


def _left_out(values: pd.DataFrame) -> list[dict[str, object]]:
    """Return lines of what the indicator's own accounting leaves out, rows and US$."""
    told = {str(line["reason"]): line for line in values.attrs["accounting"]}
    rows, value = told["read"]["rows"], told["read"]["value"]
    lines = []
    for reason, (step, name) in _STEPS.items():
        if reason in told:
            before = {"rows_before": rows, "value_usd_before": value}
            rows, value = rows - told[reason]["rows"], value - told[reason]["value"]
            after = {"rows_after": rows, "value_usd_after": value}
            lines.append({"step": step, "name": name, "reason": reason, **before, **after, "changed": 0})
    return lines
