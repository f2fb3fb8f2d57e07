"""Which result records may leave once variables of the panel do not: cells shown, extremes, means that add up."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from citypanel.columns import matching_rows
from citypanel.declare.formula import parse_formula, parse_terms
from citypanel.package.cells_gate import PanelGate
from citypanel.package.disclosure import Bools, acceptable
from citypanel.package.refusals import Refusal, refusal

ORDER_STATISTICS = ("min", "p25", "median", "p75", "max")
UNITS = ("unit", "city", "adcode")

Record = Mapping[str, Any]


def judge_records(records: Mapping[str, Record], panel: PanelGate) -> list[Refusal]:
    """Return why records may not leave.

    Parameters
    ----------
    records : mapping
        Result records by path, in the order in which they are taken: of two tables that together give a cell back,
        the later one is refused.
    panel : PanelGate

    Notes
    -----
    Coefficients are functions of all cells of variables that do not leave, none of which is at hand, so they may.
    """
    refusals: list[Refusal] = []
    for path, record in records.items():
        for name in sorted(_read(record) & set(panel.withheld)):
            refusals += _shows_cells(path, record, name) or _shows_extremes(path, record, name, panel)
    gone = {item.path for item in refusals}
    left = {path: record for path, record in records.items() if path not in gone}
    for name, cells in panel.withheld.items():
        totals = {path: _totals(record, name, panel.panel) for path, record in left.items()}
        asked = {path: rows for path, rows in totals.items() if len(rows)}
        for path, allowed in zip(asked, acceptable(list(asked.values()), cells), strict=True):
            if not allowed:
                refusals.append(_given_back(path, name, panel.panel[cells]))
    return refusals


def _read(record: Record) -> set[str]:
    """Return the variables that a record's formulas read."""
    formulas = {column.get("formula") or record["formula"] for column in record["columns"]} | {record["formula"]}
    found: set[str] = set()
    for formula in formulas:
        found |= set(parse_formula(formula).names() if "~" in formula else _names(formula))
    return found


def _names(terms: str) -> list[str]:
    return [name for term in parse_terms(terms) for name in term.names()]


def _shows_cells(path: str, record: Record, name: str) -> list[Refusal]:
    """Refuse a record whose curves have a line for each unit."""
    listed = any(unit in row for rows in record["curves"].values() for row in rows[:1] for unit in UNITS)
    return [refusal(path, "inside", variable=name)] if listed else []


def _shows_extremes(path: str, record: Record, name: str, panel: PanelGate) -> list[Refusal]:
    cells = panel.withheld[name]
    refused = panel.panel.loc[cells, ["city", "year", name]].dropna()
    for line in record["curves"].get("describe", ()):
        if line["variable"] != name:
            continue
        printed = [line[statistic] for statistic in ORDER_STATISTICS if line.get(statistic) is not None]
        hit = refused[np.isclose(refused[name].to_numpy()[:, None], printed, rtol=1e-12, atol=0).any(axis=1)]
        if len(hit):
            city, year = int(hit["city"].iloc[0]), int(hit["year"].iloc[0])
            return [refusal(path, "extreme", variable=name, city=city, year=year)]
    return []


def _totals(record: Record, name: str, panel: pd.DataFrame) -> Bools:
    """Return the rows that each published mean of a variable runs over, shape (means, rows)."""
    lines = [line for line in record["curves"].get("describe", ()) if line["variable"] == name]
    if not lines:
        return np.zeros((0, len(panel)), dtype=np.bool_)
    present = panel[name].notna().to_numpy(dtype=np.bool_)
    known = []
    for column in record["columns"]:
        kept = matching_rows(panel, column.get("where")) & present
        by = column["stats"].get("by")
        groups = [line["group"] for line in lines if "group" in line] if by else []
        known += [kept & (panel[by] == group).to_numpy(dtype=np.bool_) for group in groups] or [kept]
    return np.unique(np.array([*known, *_together(known)], dtype=np.bool_), axis=0)


def _together(groups: Sequence[Bools]) -> list[Bools]:
    """Return the rows of all groups of a column: the record holds their mean as a term."""
    return [np.logical_or.reduce(np.array(groups))] if groups else []


def _given_back(path: str, name: str, cells: pd.DataFrame) -> Refusal:
    city, year = int(cells["city"].iloc[0]), int(cells["year"].iloc[0])
    return refusal(path, "totals", variable=name, city=city, year=year)
