"""Who is treated from when: the cohorts of a staggered adoption, and panels as rectangles units x periods."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from citypanel.arrays import Codes, Mask, Matrix, Vector
from citypanel.columns import existing_column, numeric_column
from citypanel.errors import EstimationError, InputError

NEVER = np.inf


@dataclass(frozen=True)
class Cohorts:
    """First treated period of each row's unit; `NEVER` where there is none within the sample.

    Attributes
    ----------
    of_row : array, shape (rows,)
    time : array, shape (rows,)
        Calendar period of each row, in whole numbers.
    warnings : tuple of str
        What a reader of the estimate must know about the cohorts.
    """

    of_row: Vector
    time: Vector
    warnings: tuple[str, ...]

    @property
    def event_time(self) -> Vector:
        """Periods since treatment began; -inf for the never treated."""
        return self.time - self.of_row

    @property
    def treated(self) -> Mask:
        """Whether a row is treated."""
        return self.time >= self.of_row


def read_cohorts(frame: pd.DataFrame, cohort: str, unit: str, time: str) -> Cohorts:
    """Read the first treated period of every unit.

    Parameters
    ----------
    frame : DataFrame
        The rows of the estimation sample.
    cohort, unit, time : str
        Columns. `cohort` is empty or 0 for units that are never treated and constant within a unit.

    Raises
    ------
    InputError
        Time is not in whole numbers, or a unit has two cohorts.
    EstimationError
        No unit is treated within the sample.

    Notes
    -----
    A cohort after the last period is untreated throughout the sample and counts as never treated, with a
    warning that names the cohorts and the number of units.
    """
    periods = numeric_column(frame, time)
    if np.any(np.isnan(periods)) or np.any(periods != np.floor(periods)):
        raise InputError(f"time column '{time}' must hold whole numbers; event time is counted in periods")
    raw = numeric_column(frame, cohort)
    first = np.where(np.isnan(raw) | (raw == 0) | np.isposinf(raw), NEVER, raw)
    _require_constant(frame, first, cohort, unit)
    first, late = _late_as_never(frame, first, periods, cohort, unit)
    if not np.any(np.isfinite(first)):
        raise EstimationError(
            f"column '{cohort}' gives no unit that is treated between {periods.min():g} and {periods.max():g}; "
            "at least one is needed"
        )
    if not np.any(periods >= first):
        raise EstimationError(f"column '{cohort}': no row is treated in the sample; nothing can be estimated")
    return Cohorts(first, periods, late)


def _require_constant(frame: pd.DataFrame, first: Vector, cohort: str, unit: str) -> None:
    codes = pd.factorize(existing_column(frame, unit))[0]
    low = np.full(codes.max() + 1, np.inf)
    high = np.full(codes.max() + 1, -np.inf)
    np.minimum.at(low, codes, first)
    np.maximum.at(high, codes, first)
    bad = np.flatnonzero(low[codes] != high[codes])
    if bad.size:
        row = bad[0]
        name = existing_column(frame, unit).iloc[row]
        raise InputError(
            f"column '{cohort}' changes within {unit} {name} ({low[codes[row]]:g} and {high[codes[row]]:g}); "
            "it must hold the first treated period in every row of a unit"
        )


def _late_as_never(
    frame: pd.DataFrame, first: Vector, periods: Vector, cohort: str, unit: str
) -> tuple[Vector, tuple[str, ...]]:
    late = np.isfinite(first) & (first > periods.max())
    if not late.any():
        return first, ()
    units = existing_column(frame, unit)[late].nunique()
    shown = ", ".join(f"{value:g}" for value in np.unique(first[late])[:5])
    text = (
        f"column '{cohort}': cohort {shown} begins after the last period {periods.max():g}; "
        f"its {units} units count as never treated"
    )
    return np.where(late, NEVER, first), (text,)


@dataclass(frozen=True)
class Rectangle:
    """A balanced panel: one row per unit, one column per period.

    Attributes
    ----------
    y : array, shape (units, periods)
    X : array, shape (units, periods, k)
        Covariates without constant; k may be 0.
    cohort : array, shape (units,)
        First treated period, `NEVER` where there is none.
    periods : array, shape (periods,)
    weights : array, shape (units,)
        Mean one.
    clusters : array of int, shape (units,)
    rows : array of int, shape (units, periods)
        Positions in the long table.
    warnings : tuple of str
    """

    y: Matrix
    X: Matrix
    cohort: Vector
    periods: Vector
    weights: Vector
    clusters: Codes
    rows: Codes
    warnings: tuple[str, ...] = ()

    @property
    def treated_cohorts(self) -> Vector:
        """Cohorts that are treated, in order."""
        return np.unique(self.cohort[np.isfinite(self.cohort)])


def rectangle_rows(unit_codes: Codes, time: Vector, unit: str) -> tuple[Codes, Vector, tuple[str, ...]]:
    """Return the row of each unit and period for the units that are seen in every period.

    Returns
    -------
    rows : array of int, shape (complete units, periods)
    periods : array, shape (periods,)
    warnings : tuple of str
        Says how many units were left out for a gap.

    Raises
    ------
    InputError
        A unit has two rows in one period.
    EstimationError
        No unit is complete.
    """
    periods, column = np.unique(time, return_inverse=True)
    units = int(unit_codes.max()) + 1
    table = np.full((units, periods.size), -1, dtype=np.intp)
    table[unit_codes, column] = np.arange(unit_codes.size)
    if np.count_nonzero(table >= 0) < unit_codes.size:
        raise InputError(f"a {unit} has two rows in one period; this estimator needs one row per period")
    complete = np.all(table >= 0, axis=1)
    if not complete.any():
        raise EstimationError(f"no {unit} is seen in all {periods.size} periods; this estimator needs a balanced panel")
    gaps = int(np.count_nonzero(~complete & np.any(table >= 0, axis=1)))
    text = f"{gaps} of {units} units are not seen in all {periods.size} periods and are left out"
    return table[complete], periods, (text,) if gaps else ()


def drop_always_treated(panel: Rectangle, *, why: str) -> Rectangle:
    """Return the panel without units that are treated from its first period on; they are counted in a warning."""
    keep = panel.cohort > panel.periods[0]
    if keep.all():
        return panel
    text = f"{np.count_nonzero(~keep)} units are treated from the first period on: {why}"
    rest = select_units(panel, keep, (text,))
    if not np.any(np.isfinite(rest.cohort)):
        raise EstimationError("every treated unit is treated from the first period on; no change can be compared")
    return rest


def select_units(panel: Rectangle, keep: Mask, warnings: tuple[str, ...] = ()) -> Rectangle:
    """Return the panel with the units of `keep` and further warnings."""
    return Rectangle(
        y=panel.y[keep],
        X=panel.X[keep],
        cohort=panel.cohort[keep],
        periods=panel.periods,
        weights=panel.weights[keep] / panel.weights[keep].mean(),
        clusters=panel.clusters[keep],
        rows=panel.rows[keep],
        warnings=panel.warnings + warnings,
    )
