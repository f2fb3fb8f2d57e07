"""Builds a study's panel: the declared cities times the declared years, one column per variable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from citypanel.canonical import read_frame, read_table
from citypanel.columns import evaluate
from citypanel.declare.expression import names_in, parse_expression
from citypanel.errors import InputError
from citypanel.panel.city_attributes import city_attribute
from citypanel.panel.sample import panel_cities
from citypanel.panel.treatment import policy_column
from citypanel.registers import Registers
from citypanel.reporting import log

# Counts that are zero, not missing, for a city without an entry in a year the source covers.
ZERO_WHEN_ABSENT = {
    "cooperation": ("joint", "joint_fractional", "intra", "inter", "partners", "strength", "patents"),
    "exposure": ("exposure",),
}
REPORTED = ("variable", "source", "rows", "missing", "filled_with_zero", "undefined_by_transform")


@dataclass(frozen=True)
class Built:
    """A panel (`city`, `year`, `province`, variables) and a report with one row per variable."""

    panel: pd.DataFrame
    report: pd.DataFrame


@dataclass(frozen=True)
class Sources:
    """What variables are taken from, aligned to the panel's rows on demand."""

    keys: pd.DataFrame
    indicators: Mapping[str, pd.DataFrame]
    yearbook: pd.DataFrame
    registers: Registers


def assemble_panel(
    declared: Mapping[str, Any],
    indicators: Sequence[Path],
    tables: Sequence[Path],
    registers: Registers,
) -> Built:
    """Build a panel.

    Parameters
    ----------
    declared : mapping
        `sample` and `variables`, as `declare.slices.panel_slice` returns them.
    indicators : paths
        Indicator files, `<indicator>/<variant>.parquet`.
    tables : paths
        The canonical table `city_year`, if a variable needs it.
    registers : Registers

    Raises
    ------
    InputError
        A file lacks what a variable needs; the line names variable, file and what is there.
    """
    keys = _keys(declared["sample"], registers)
    wide = _yearbook(tables, keys, registers)
    files = {f"{path.parent.name}/{path.stem}": read_frame(path) for path in indicators}
    sources = Sources(keys, files, wide, registers)
    columns: dict[str, pd.Series] = {}
    report = []
    for name in _in_order(declared["variables"]):
        variable = declared["variables"][name]
        raw, filled = _values(name, variable, sources, columns)
        columns[name] = _transformed(raw, variable["transform"])
        lost_by_transform = int(columns[name].isna().sum() - raw.isna().sum())
        columns[name] = _cut(_at(name, columns[name], variable.get("at"), keys), variable.get("cut"))
        missing = int(columns[name].isna().sum())
        report.append((name, _described(variable), len(raw), missing, filled, lost_by_transform))
        _tell(report[-1])
    panel = pd.concat([keys, pd.DataFrame({name: columns[name] for name in declared["variables"]})], axis=1)
    return Built(panel, pd.DataFrame(report, columns=list(REPORTED)))


def _keys(sample: Mapping[str, Any], registers: Registers) -> pd.DataFrame:
    first, last = sample["years"]
    cities = panel_cities(sample["cities"], sample["base_year"] or last, registers)
    keys = cities.merge(pd.DataFrame({"year": range(first, last + 1)}), how="cross")
    return keys[["city", "year", "province"]].reset_index(drop=True)


def _yearbook(tables: Sequence[Path], keys: pd.DataFrame, registers: Registers) -> pd.DataFrame:
    """Return yearbook variables and national series, one column each, aligned to the panel's rows."""
    series = registers.national_series().pivot_table(index="year", columns="series", values="value")
    wide = keys.merge(series, how="left", left_on="year", right_index=True)
    for path in tables:
        rows = read_table(path, "city_year", columns=["adcode", "year", "variable", "value"])
        cells = rows.pivot_table(index=["adcode", "year"], columns="variable", values="value")
        wide = wide.merge(cells, how="left", left_on=["city", "year"], right_index=True)
    return wide.reset_index(drop=True)


def _in_order(variables: Mapping[str, Any]) -> list[str]:
    """Return the variables so that a formula comes after what it reads."""
    ordered: list[str] = []

    def place(name: str) -> None:
        if name in ordered:
            return
        formula = variables[name].get("formula")
        for other in names_in(parse_expression(formula)) if formula else ():
            if other in variables and other != name:
                place(other)
        ordered.append(name)

    for name in variables:
        place(name)
    return ordered


def _values(
    name: str, variable: Mapping[str, Any], sources: Sources, known: Mapping[str, pd.Series]
) -> tuple[pd.Series, int]:
    """Return a variable before its transformation, and how many cells were filled with zero."""
    if "formula" in variable:
        return evaluate(parse_expression(variable["formula"]), _formula_frame(name, variable, sources, known)), 0
    if variable["source"] == "yearbook":
        return _yearbook_column(name, variable["column"], sources.yearbook), 0
    if variable["source"] == "policy":
        return policy_column(sources.keys, sources.registers.policy(variable["policy"]), variable), 0
    if variable["source"] == "city":
        return city_attribute(sources.keys["city"], variable, sources.registers), 0
    return _indicator_column(name, variable, sources)


def _formula_frame(
    name: str, variable: Mapping[str, Any], sources: Sources, known: Mapping[str, pd.Series]
) -> pd.DataFrame:
    read = dict.fromkeys(names_in(parse_expression(variable["formula"])))
    return pd.DataFrame(
        {key: known[key] if key in known else _yearbook_column(name, key, sources.yearbook) for key in read}
    )


def _yearbook_column(name: str, column: str, yearbook: pd.DataFrame) -> pd.Series:
    if column not in yearbook:
        there = ", ".join(str(key) for key in yearbook.columns[3:])
        raise InputError(f"variable '{name}': the yearbook files hold no '{column}'; they hold {there}")
    return yearbook[column]


def _indicator_column(name: str, variable: Mapping[str, Any], sources: Sources) -> tuple[pd.Series, int]:
    file = f"{variable['source']}/{variable['variant']}"
    frame = sources.indicators[file]
    column = variable["column"] or variable["source"]
    if column not in frame:
        raise InputError(f"variable '{name}': {file} has no column '{column}'; it has {', '.join(frame.columns)}")
    aligned = sources.keys.merge(
        frame[["adcode", "year", column]], how="left", left_on=["city", "year"], right_on=["adcode", "year"]
    )
    values = aligned[column].astype("float64")
    if column not in ZERO_WHEN_ABSENT.get(variable["source"], ()):
        return values, 0
    absent = values.isna() & aligned["year"].isin(frame["year"])
    return values.mask(absent, 0.0), int(absent.sum())


def _transformed(values: pd.Series, transform: str) -> pd.Series:
    if transform == "none":
        return values
    with np.errstate(divide="ignore", invalid="ignore"):
        changed: pd.Series = np.log(values) if transform == "log" else np.log1p(values)
    return changed.where(np.isfinite(changed))


def _at(name: str, values: pd.Series, year: int | None, keys: pd.DataFrame) -> pd.Series:
    """Return each city's value of one year in all its years."""
    if year is None:
        return values
    chosen = keys["year"] == year
    if not chosen.any():
        first, last = keys["year"].min(), keys["year"].max()
        raise InputError(f"variable '{name}': at is {year}; the sample's years are {first} to {last}")
    return keys["city"].map(pd.Series(values[chosen].to_numpy(), index=keys.loc[chosen, "city"]))


def _cut(values: pd.Series, cut: str | float | None) -> pd.Series:
    """Return 1 above the cut, 0 else, missing where the value is."""
    if cut is None:
        return values
    limit = float(values.agg(cut)) if isinstance(cut, str) else cut
    return (values > limit).astype("float64").where(values.notna())


def _described(variable: Mapping[str, Any]) -> str:
    fixed = [f"{key} {variable[key]}" for key in ("at", "cut", "years") if variable.get(key) is not None]
    if "formula" in variable:
        return " ".join([str(variable["formula"]), *fixed])
    detail = variable.get("variant") or variable.get("policy")
    parts = [variable["source"], detail, variable.get("column") or variable.get("form")]
    return " ".join(["/".join(str(part) for part in parts if part), *fixed])


def _tell(row: tuple[Any, ...]) -> None:
    name, source, rows, missing, filled, lost = row
    notes = [f"{missing} of {rows} missing"] if missing else []
    notes += [f"{filled} filled with zero"] if filled else []
    notes += [f"{lost} undefined after the transformation"] if lost else []
    log.info("%s from %s%s", name, source, f": {', '.join(notes)}" if notes else "")
