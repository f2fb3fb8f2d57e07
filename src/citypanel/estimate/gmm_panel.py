"""The panel of a dynamic model as cubes, period x unit, with first differences and orthogonal deviations."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from citypanel.arrays import Codes, Mask, Matrix
from citypanel.columns import existing_column, numeric_column
from citypanel.errors import InputError

Cube = npt.NDArray[np.float64]
Transform = Literal["fd", "fod"]
SPAN_LIMIT = 10_000  # periods; a longer calendar is a mistaken time column, not a short panel


@dataclass(frozen=True)
class Cells:
    """Where each row of the data lies in the period x unit grid.

    `units` are the keys of the columns of the grid in sorted order; `first` is the period of its first row.
    """

    units: pd.Index
    first: int
    periods: int
    unit_of: Codes
    period_of: Codes

    def cube(self, values: npt.NDArray[np.float64]) -> Cube:
        """Return the values of the rows as an array of shape (periods, units); empty cells are nan."""
        grid = np.full((self.periods, len(self.units)), np.nan)
        grid[self.period_of, self.unit_of] = values
        return grid

    @property
    def occupied(self) -> Mask:
        """Return which cells hold a row, shape (periods, units)."""
        grid = np.zeros((self.periods, len(self.units)), dtype=np.bool_)
        grid[self.period_of, self.unit_of] = True
        return grid

    @property
    def span(self) -> str:
        """Return a clause for messages: how long the panel is."""
        return f"the panel has {self.periods} periods ({self.first} to {self.year(self.periods - 1)})"

    def year(self, period: int) -> int:
        """Return the calendar period of a row of the grid."""
        return self.first + period


def panel_cells(frame: pd.DataFrame, unit: str, time: str) -> Cells:
    """Place the rows of a panel on a grid of periods and units.

    Raises
    ------
    InputError
        A key is missing, time is not in whole numbers, a unit has two rows in one period, or no two
        periods of the data are neighbours.
    """
    keys = existing_column(frame, unit)
    periods = numeric_column(frame, time)
    if len(frame) == 0:
        raise InputError("the data have no row")
    missing = np.isnan(periods) | keys.isna().to_numpy(dtype=np.bool_)
    if missing.any():
        row = int(np.flatnonzero(missing)[0]) + 1
        raise InputError(f"row {row} has no {unit} or no {time}; every row needs both panel keys")
    if np.any(periods != np.floor(periods)):
        raise InputError(f"time column '{time}' is not in whole numbers; lags need a calendar of periods")
    codes, units = pd.factorize(keys, sort=True)
    first = int(periods.min())
    span = int(periods.max()) - first + 1
    if span > SPAN_LIMIT:
        raise InputError(f"time column '{time}' spans {span} periods; at most {SPAN_LIMIT} are possible")
    cells = Cells(pd.Index(units), first, span, codes.astype(np.intp), (periods - first).astype(np.intp))
    _refuse_duplicates(cells, unit, time)
    _refuse_steps(cells, time)
    return cells


def _refuse_duplicates(cells: Cells, unit: str, time: str) -> None:
    counts = np.bincount(cells.unit_of * cells.periods + cells.period_of)
    twice = np.flatnonzero(counts > 1)
    if twice.size:
        who, when = cells.units[twice[0] // cells.periods], cells.year(int(twice[0] % cells.periods))
        raise InputError(
            f"{unit} {who} has {counts[twice[0]]} rows in {time} {when}, {twice.size} unit-periods in all "
            "have more than one; a dynamic panel has one row per unit and period"
        )


def _refuse_steps(cells: Cells, time: str) -> None:
    found = np.unique(cells.period_of)
    step = int(np.gcd.reduce(np.diff(found))) if found.size > 1 else 1
    if step > 1:
        years = ", ".join(str(cells.year(int(period))) for period in found[:4])
        raise InputError(
            f"time column '{time}' moves in steps of {step} ({years}, ...), so a lag of one period is always "
            f"missing; number the periods 1, 2, 3, ... in a column of their own"
        )


def units_with_gaps(cells: Cells) -> list[str]:
    """Return the units that have rows before and after a period without one."""
    occupied = cells.occupied
    before = np.logical_or.accumulate(occupied, axis=0)
    after = np.logical_or.accumulate(occupied[::-1], axis=0)[::-1]
    broken = np.flatnonzero(np.any(before & after & ~occupied, axis=0))
    return [str(unit) for unit in cells.units[broken]]


def first_differences(values: Cube) -> Cube:
    """Return x_t - x_{t-1} along the first axis; nan where either is missing."""
    changed = np.full_like(values, np.nan)
    changed[1:] = values[1:] - values[:-1]
    return changed


def forward_deviations(values: Cube, complete: Mask) -> Cube:
    """Return forward orthogonal deviations, each stored one period late.

    Parameters
    ----------
    values : array, shape (periods, units) or (periods, units, variables)
    complete : array, shape (periods, units)
        Cells whose value counts in the mean of the future.

    Returns
    -------
    array of the same shape: row t+1 holds sqrt(n / (n+1)) (x_t - mean of the n complete later values), nan
    where there is no later value. Stored at t+1, the deviation needs the same lags as a first difference.

    Notes
    -----
    Arellano and Bover (1995), J. Econometrics 68(1); the storing as in Roodman (2009), Stata Journal 9(1).
    """
    deviations = np.full_like(values, np.nan)
    wide = values if values.ndim == 3 else values[:, :, None]
    ahead = np.zeros(wide.shape[1:])
    counted = np.zeros(wide.shape[1])
    into = deviations if values.ndim == 3 else deviations[:, :, None]
    for period in range(wide.shape[0] - 1, -1, -1):
        known = counted > 0
        n = counted[known][:, None]
        if known.any():
            into[period + 1, known] = np.sqrt(n / (n + 1)) * (wide[period, known] - ahead[known] / n)
        now = complete[period]
        ahead[now] += wide[period, now]
        counted += now
    return deviations


def transformed(values: Cube, complete: Mask, transform: Transform) -> Cube:
    """Return first differences (`fd`) or forward orthogonal deviations (`fod`)."""
    return first_differences(values) if transform == "fd" else forward_deviations(values, complete)


def transform_matrix(periods: int, transform: Transform) -> Matrix:
    """Return the matrix that transforms a full unit: row t of the result is row t of M times the levels.

    Shape (periods, periods); the first row is zero, as no transformed equation belongs to the first period.
    """
    matrix = np.zeros((periods, periods))
    for period in range(1, periods):
        if transform == "fd":
            matrix[period, period - 1 : period + 1] = (-1.0, 1.0)
        else:
            ahead = periods - period
            matrix[period, period - 1] = 1.0
            matrix[period, period:] = -1.0 / ahead
            matrix[period] *= np.sqrt(ahead / (ahead + 1))
    return matrix


def joined(columns: Sequence[Cube]) -> Cube:
    """Stack cubes of one variable each to shape (periods, units, variables)."""
    return np.stack(columns, axis=2)
