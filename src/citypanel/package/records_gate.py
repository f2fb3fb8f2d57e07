"""Which result records may leave once variables of the panel do not: cells shown, extremes, totals that add up."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd

from citypanel.arrays import Mask, Vector
from citypanel.columns import evaluate, matching_rows, numeric_column
from citypanel.declare.expression import Name, Shift
from citypanel.declare.formula import Factor, Term, parse_formula, parse_terms
from citypanel.package.cells_gate import PanelGate
from citypanel.package.disclosure import Bools, given_back
from citypanel.package.reads import KEYS, moved, rows_reading, steps_of_term
from citypanel.package.refusals import Refusal, refusal

ORDER_STATISTICS = ("min", "p25", "median", "p75", "max")
UNITS = ("unit", "city", "adcode")
_SAME = 1e-12  # relative; two numbers that agree so far are one

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Total:
    """Published totals, shape (totals, rows of the panel), of the unknown that `of` names: a variable or a term."""

    of: str
    cells: Mask
    rows: Bools


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
    Two estimations whose rows differ by one such cell could give it back: each counts as if it told the total of
    its rows.
    """
    refusals: list[Refusal] = []
    for path, record in records.items():
        for name in sorted(_read(record) & set(panel.withheld)):
            refusals += (
                _shows_units(path, record, name)
                or _shows_extremes(path, record, name, panel)
                or _holds_cells(path, record, name, panel)
            )
    gone = {item.path for item in refusals}
    left = {path: record for path, record in records.items() if path not in gone}
    for name in panel.withheld:
        told = {path: list(_totals(record, name, panel)) for path, record in left.items()}
        refusals += _refused(told, name, panel.panel)
    return refusals


def _refused(told: Mapping[str, Sequence[Total]], name: str, panel: pd.DataFrame) -> Iterator[Refusal]:
    """Refuse the records whose totals, with those before them, give a cell back."""
    for of in dict.fromkeys(total.of for totals in told.values() for total in totals):
        asked = {path: [total for total in totals if total.of == of] for path, totals in told.items()}
        asked = {path: totals for path, totals in asked.items() if totals}
        cells = next(iter(asked.values()))[0].cells
        groups = [np.vstack([total.rows for total in totals]) for totals in asked.values()]
        for path, found in zip(asked, given_back(groups, cells), strict=True):
            if found.any():
                yield _of_cell(path, "totals", name, panel[found])


def _terms(record: Record) -> dict[str, tuple[Term, ...]]:
    """Return the terms of every formula of a record."""
    formulas = {column.get("formula") or record["formula"] for column in record["columns"]} | {record["formula"]}
    return {formula: _terms_of(formula) for formula in sorted(formulas)}


def _terms_of(formula: str) -> tuple[Term, ...]:
    if "~" not in formula:
        return parse_terms(formula)
    parsed = parse_formula(formula)
    effects = [term for name in parsed.effects for part in name for term in parse_terms(part)]
    return (parsed.outcome, *parsed.regressors, *parsed.endogenous, *parsed.instruments, *effects)


def _read(record: Record) -> set[str]:
    """Return the variables that a record's formulas read."""
    return {name for terms in _terms(record).values() for term in terms for name in term.names()}


def _lines(record: Record, name: str) -> Iterator[tuple[Term, list[Mapping[str, Any]]]]:
    """Yield the described terms that read a variable, each with its lines."""
    lines = record["curves"].get("describe", ())
    for term in {term.text: term for terms in _terms(record).values() for term in terms}.values():
        own = [line for line in lines if line["variable"] == term.text]
        if own and name in term.names():
            yield term, own


def _shows_units(path: str, record: Record, name: str) -> list[Refusal]:
    """Refuse a record whose curves have a line for each unit."""
    listed = any(unit in row for rows in record["curves"].values() for row in rows for unit in UNITS)
    return [refusal(path, "inside", variable=name)] if listed else []


def _shows_extremes(path: str, record: Record, name: str, panel: PanelGate) -> list[Refusal]:
    for term, lines in _lines(record, name):
        values = _values(term, panel.panel)
        cells = _cells(term, name, panel) & np.isfinite(values)
        given = [line.get(statistic) for line in lines for statistic in ORDER_STATISTICS]
        printed = [number for number in given if number is not None]
        hit = panel.panel[cells][_among(values[cells], printed)]
        if len(hit):
            return [_of_cell(path, "extreme", term.text, hit)]
    return []


def _holds_cells(path: str, record: Record, name: str, panel: PanelGate) -> list[Refusal]:
    """Refuse a record one of whose numbers is a cell to the last digit; whole numbers meet by chance."""
    values = numeric_column(panel.panel, name)
    cells = panel.withheld[name] & np.isfinite(values) & (values != np.floor(values))
    hit = panel.panel[cells][_among(values[cells], list(_numbers([record["columns"], record["curves"]])))]
    return [_of_cell(path, "holds", name, hit)] if len(hit) else []


def _of_cell(path: str, rule: str, name: str, hit: pd.DataFrame) -> Refusal:
    return refusal(path, rule, variable=name, city=int(hit["city"].iloc[0]), year=int(hit["year"].iloc[0]))


def _among(values: Vector, numbers: Iterable[float]) -> Mask:
    """Return which values are among the numbers."""
    known = np.unique(np.asarray(list(numbers), dtype=np.float64))
    if not known.size:
        return np.zeros(values.shape, dtype=np.bool_)
    at = np.searchsorted(known, values)
    near = [known[np.clip(at + step, 0, known.size - 1)] for step in (-1, 0)]
    found: Mask = reduce(np.logical_or, (np.isclose(values, other, rtol=_SAME, atol=0) for other in near))
    return found


def _numbers(node: Any) -> Iterator[float]:
    if isinstance(node, float):
        yield node
    elif isinstance(node, dict):
        for item in node.values():
            yield from _numbers(item)
    elif isinstance(node, (list, tuple)):
        for item in node:
            yield from _numbers(item)


def _values(term: Term, panel: pd.DataFrame) -> Vector:
    """Return a term on the rows of the panel; a factor counts as one."""
    values = np.ones(len(panel))
    for part in term.parts:
        if not isinstance(part, Factor):
            values *= evaluate(part, panel, *KEYS).to_numpy()
    return values


def _back(term: Term, name: str) -> set[int]:
    return {back for read, back in steps_of_term(term) if read == name}


def _cells(term: Term, name: str, panel: PanelGate) -> Mask:
    """Return the rows at which a term reads a cell of a variable that does not leave."""
    return rows_reading(panel.withheld[name], panel.panel, _back(term, name))


def _totals(record: Record, name: str, panel: PanelGate) -> Iterator[Total]:
    """Yield the totals that a record tells of a variable: means by group, and the rows of estimations."""
    for term, lines in _lines(record, name):
        yield _of_means(record, term, lines, name, panel)
    if "describe" not in record["curves"]:
        rows = [found for column in record["columns"] for found in _samples(record, column, name, panel.panel)]
        if rows:
            yield Total(name, panel.withheld[name], np.unique(np.array(rows), axis=0))


def _of_means(record: Record, term: Term, lines: list[Mapping[str, Any]], name: str, panel: PanelGate) -> Total:
    """Return the rows that each published mean of a term runs over.

    The means of a lag are means of the variable over other rows; those of a function of it are of an unknown of
    their own.
    """
    present = np.isfinite(_values(term, panel.panel))
    known: list[Mask] = []
    for column in record["columns"]:
        kept = matching_rows(panel.panel, column.get("where")) & present
        by = column["stats"].get("by")
        groups = [line["group"] for line in lines if "group" in line] if by else []
        parts = [kept & (panel.panel[by] == group).to_numpy(dtype=np.bool_) for group in groups] or [kept]
        # The record holds the mean of all groups together as a term.
        known += [*parts, reduce(np.logical_or, parts)]
    alone = len(term.parts) == 1 and isinstance(term.parts[0], (Name, Shift)) and len(_back(term, name)) == 1
    if not alone:
        return Total(term.text, _cells(term, name, panel), np.unique(np.array(known), axis=0))
    back = next(iter(_back(term, name)))
    rows = [moved(group, panel.panel, -back) for group in known]
    return Total(name, panel.withheld[name], np.unique(np.array(rows), axis=0))


def _samples(record: Record, column: Mapping[str, Any], name: str, panel: pd.DataFrame) -> Iterator[Mask]:
    """Yield the rows at which an estimation reads a variable, once for each lag of it."""
    terms = _terms(record)[column.get("formula") or record["formula"]]
    reading = {back for term in terms for back in _back(term, name)}
    if not reading:
        return
    kept = matching_rows(panel, column.get("where"))
    for term in terms:
        kept = kept & _present(term, panel)
    for back in sorted(reading):
        yield moved(kept, panel, -back)


def _present(term: Term, panel: pd.DataFrame) -> Mask:
    """Return the rows at which a term has a value; a column of names has one where it is not missing."""
    named = [part.name for part in term.parts if isinstance(part, (Factor, Name))]
    found: Mask = panel[named].notna().all(axis=1).to_numpy(dtype=np.bool_)
    if all(isinstance(part, (Factor, Name)) for part in term.parts):
        return found
    return found & np.isfinite(_values(term, panel))
