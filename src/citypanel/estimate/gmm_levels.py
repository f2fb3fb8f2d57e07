"""A dynamic model in levels: what is declared, read from the panel on a grid of periods and units."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from citypanel.arrays import Mask, Vector
from citypanel.columns import evaluate, matching_rows, numeric_column, winsorised
from citypanel.declare.expression import Expression, Shift
from citypanel.declare.formula import Formula, Term
from citypanel.declare.methods import GmmOptions
from citypanel.declare.specification import Specification
from citypanel.errors import DeclarationError, EstimationError
from citypanel.estimate.gmm_declared import Instruments, LagInstruments, PlainInstruments, instrument_columns
from citypanel.estimate.gmm_panel import Cells, Cube, joined, panel_cells, units_with_gaps

INTERCEPT = "Intercept"
SHOWN = 5
_CALENDAR = "lags, differences and instruments follow the calendar"


@dataclass(frozen=True)
class Declared:
    """What is to be estimated, with the instruments that were declared or taken by default."""

    formula: Formula
    options: GmmOptions
    unit: str
    time: str
    lags: tuple[LagInstruments, ...]
    plain: tuple[PlainInstruments, ...]
    cluster: str

    @property
    def instruments(self) -> tuple[Instruments, ...]:
        """Return all groups of instruments."""
        return (*self.lags, *self.plain)

    @property
    def constant(self) -> bool:
        """Whether a constant is estimated."""
        given = self.options.constant
        return self.formula.intercept and self.options.system if given == "auto" else given == "true"


@dataclass(frozen=True)
class Levels:
    """Outcome, regressors and instruments in levels, shape (periods, units[, variables]).

    `sample` marks the cells that are asked for and complete in outcome and regressors.
    """

    cells: Cells
    rows: pd.DataFrame
    y: Cube
    X: Cube
    names: tuple[str, ...]
    dummies: tuple[str, ...]
    sample: Mask
    warnings: tuple[str, ...]


def read_levels(data: pd.DataFrame, specification: Specification, declared: Declared) -> Levels:
    """Put outcome and regressors on the grid of periods and units.

    Winsorising comes first and on all rows, then lags, then `where`; instruments may reach beyond the rows
    asked for, as lags do. Units without a complete row are left out, so the calendar is that of the others.

    Raises
    ------
    InputError
        The panel keys do not identify the rows, or a column is not numeric.
    EstimationError
        No row is complete, or a lag is longer than the panel.
    """
    rows = _winsorised(data, specification, declared)
    grid = _Grid.read(rows, specification, declared)
    warnings = grid.lost
    alone = ~np.any(grid.sample, axis=0)
    if alone.any():
        left = _listed([str(unit) for unit in grid.cells.units[np.flatnonzero(alone)]])
        warnings = (*warnings, f"{int(alone.sum())} units have no complete row and are left out: {left}")
        grid = _Grid.read(rows[~alone[grid.cells.unit_of]], specification, declared)
    gaps = units_with_gaps(grid.cells)
    if gaps:
        warnings = (
            *warnings,
            f"{len(gaps)} units have gaps in {declared.time} ({_listed(gaps)}); {_CALENDAR}",
        )
    return grid.levels(declared, warnings)


@dataclass(frozen=True)
class _Grid:
    """Outcome (first) and regressors as cubes, and the cells complete in all of them."""

    cells: Cells
    rows: pd.DataFrame
    cubes: tuple[Cube, ...]
    sample: Mask
    lost: tuple[str, ...]

    @classmethod
    def read(cls, rows: pd.DataFrame, specification: Specification, declared: Declared) -> "_Grid":
        formula = declared.formula
        cells = panel_cells(rows, declared.unit, declared.time)
        _refuse_long_lags(declared, cells)
        terms = [formula.outcome, *formula.regressors]
        cubes = tuple(cells.cube(_term_values(term, rows, declared)) for term in terms)
        sample = cells.cube(matching_rows(rows, specification.where).astype(np.float64)) == 1.0
        if not sample.any():
            raise EstimationError(f"condition '{specification.where}' leaves no row")
        lost = []
        for term, cube in zip(terms, cubes, strict=True):
            missing = int((sample & ~np.isfinite(cube)).sum())
            lost += [f"{missing} rows left out: {term.text} is missing or not defined"] if missing else []
            sample &= np.isfinite(cube)
        if not sample.any():
            raise EstimationError(f"formula '{formula.text}': no row is complete; {'; '.join(lost)}")
        return cls(cells, rows, cubes, sample, tuple(lost))

    def levels(self, declared: Declared, warnings: tuple[str, ...]) -> Levels:
        """Add time dummies and the constant to the regressors."""
        names = [term.text for term in declared.formula.regressors]
        X, dummies = list(self.cubes[1:]), []
        if declared.options.time_dummies:
            # The first period is the base: with unit effects or a constant only differences to it are known.
            base_known = declared.constant or not declared.options.system
            for period in np.flatnonzero(self.sample.any(axis=1))[1 if base_known else 0 :]:
                indicator = np.zeros(self.sample.shape)
                indicator[period] = 1.0
                dummies.append(f"{declared.time}::{self.cells.year(int(period))}")
                X.append(indicator)
        if declared.constant:
            names = [*names, *dummies, INTERCEPT]
            X.append(np.ones(self.sample.shape))
        else:
            names = [*names, *dummies]
        if not X:
            raise DeclarationError(f"formula '{declared.formula.text}': there is no regressor")
        return Levels(
            self.cells,
            self.rows,
            self.cubes[0],
            joined(X),
            tuple(names),
            tuple(dummies),
            self.sample,
            warnings,
        )


def _winsorised(data: pd.DataFrame, specification: Specification, declared: Declared) -> pd.DataFrame:
    if not specification.winsorise:
        return data
    read = dict.fromkeys([*declared.formula.names(), *instrument_columns(declared.instruments)])
    columns = [
        name for name in read if name not in (declared.unit, declared.time) and _varies(numeric_column(data, name))
    ]
    return winsorised(data, columns, specification.winsorise)


def _varies(values: Vector) -> bool:
    """Whether a column has more than two values; winsorising an indicator would only damage it."""
    return bool(np.unique(values[~np.isnan(values)]).size > 2)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def read_values(expression: Expression, levels: Levels, declared: Declared) -> Cube:
    """Evaluate an expression on the panel, shape (periods, units); nan where it is not defined."""
    return levels.cells.cube(_values(expression, levels.rows, declared))


def _values(expression: Expression, rows: pd.DataFrame, declared: Declared) -> Vector:
    return evaluate(expression, rows, declared.unit, declared.time).to_numpy(dtype=np.float64)


def _term_values(term: Term, rows: pd.DataFrame, declared: Declared) -> Vector:
    product = np.ones(len(rows))
    for part in term.parts:
        # Factors are refused when the declaration is read.
        product = product * _values(cast("Expression", part), rows, declared)
    return product


def _refuse_long_lags(declared: Declared, cells: Cells) -> None:
    terms = (declared.formula.outcome, *declared.formula.regressors)
    parts = [part for term in terms for part in term.parts]
    instruments = [v.expression for group in declared.instruments for v in group.variables]
    for expression in (*parts, *instruments):
        if isinstance(expression, Shift) and expression.periods >= cells.periods:
            written = f"{expression.kind}{expression.periods}.{expression.name}"
            raise EstimationError(f"'{written}' is longer than the panel: {cells.span}")
    for group in declared.lags:
        if group.first >= cells.periods:
            raise EstimationError(f"option gmm, group '{group.text}': MIN is longer than the panel: {cells.span}")
