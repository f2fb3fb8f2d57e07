"""Effects and values of cities that the workflow makes of simulated raw files, beside what is true in their world."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from citypanel.arrays import Vector
from citypanel.columns import filter_rows
from citypanel.declare.complaints import closest
from citypanel.errors import DeclarationError
from citypanel.result import ColumnResult, Record, Row, library_versions


def recovered_effects(
    declared: Mapping[str, Any], records: Mapping[str, Record], panel: pd.DataFrame, truth: Path, cities: Path
) -> Record:
    """Compare a study's declared effects and values with the truth of its simulated world.

    Parameters
    ----------
    declared : mapping
        As `declare.validation.recovery_slice` returns it.
    records : mapping
        The records of the analyses that are named.
    panel : DataFrame
        The study's panel.
    truth : Path
        The world's truth.json.
    cities : Path
        The world's table of truth: adcode, year and columns.

    Returns
    -------
    Record
        Curve `effects`: name, n, truth, estimate, se, distance (in standard errors). Curve `cities`: name, n,
        correlation, slope of the panel's variable on the true one, and the largest deviation.

    Raises
    ------
    DeclarationError
        A column, term, place in truth.json or column of the table does not exist; the line names those there are.
    """
    study = declared["study"]
    known = json.loads(truth.read_text(encoding="utf-8"))
    effects = [
        _effect(key, effect, records[effect["analysis"]], known, f"study {study}, effect '{key}'")
        for key, effect in declared["effects"].items()
    ]
    return Record(
        method="recovery",
        formula="",
        columns=(),
        curves={"effects": effects, "cities": _cities(declared["cities"], panel, cities, study)},
        sample={"rows": len(panel), "simulated": True},
        versions=library_versions(),
        study=study,
        analysis="recovered_effects",
    )


def _effect(key: str, effect: Mapping[str, Any], record: Record, known: Any, place: str) -> Row:
    true = known
    for part in effect["truth"].split("/"):
        if not isinstance(true, dict) or part not in true:
            raise DeclarationError(f"{place}: truth '{effect['truth']}' is not in truth.json{closest(part, true)}")
        true = true[part]
    column = _column(record, effect["column"], place)
    try:
        found = column.term(effect["term"])
    except KeyError as missing:
        raise DeclarationError(f"{place}: term {missing.args[0]}") from None
    distance = None if found.se is None or found.estimate is None else (found.estimate - true) / found.se
    return {
        "name": key, "n": column.n, "truth": float(true), "estimate": found.estimate, "se": found.se,
        "distance": distance,
    }  # fmt: skip


def _column(record: Record, name: str, place: str) -> ColumnResult:
    for column in record.columns:
        if column.column == name:
            return column
    names = [column.column for column in record.columns]
    raise DeclarationError(f"{place}: column '{name}' is not in the record{closest(name, names)}")


def _cities(
    declared: Mapping[str, Mapping[str, str | None]], panel: pd.DataFrame, cities: Path, study: str
) -> list[Row]:
    if not declared:
        return []
    known = pd.read_csv(cities)
    rows: list[Row] = []
    for name, values in declared.items():
        column = str(values["column"])
        if column not in known:
            place = f"study {study}, key 'cities', variable '{name}'"
            raise DeclarationError(
                f"{place}: column '{column}' is not in {cities.name}{closest(column, known.columns)}"
            )
        left = filter_rows(panel, values["where"])[["city", "year", name]]
        right = known[["adcode", "year", column]].rename(columns={"adcode": "city"})
        pair = left.merge(right, on=["city", "year"], suffixes=("", "_")).iloc[:, 2:].dropna().astype(float)
        rows.append({"name": name, **_agreement(*pair.to_numpy().T)})
    return rows


def _agreement(estimate: Vector, truth: Vector) -> Row:
    deviation = truth - truth.mean()
    return {
        "n": int(truth.size),
        "correlation": float(np.corrcoef(truth, estimate)[0, 1]),
        "slope": float(deviation @ (estimate - estimate.mean()) / (deviation @ deviation)),
        "largest_deviation": float(np.abs(estimate - truth).max()),
    }
