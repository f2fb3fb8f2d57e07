"""Event study: leads and lags around treatment, pre-trend test, pointwise and uniform bands, sensitivity."""

from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import pandas as pd

from citypanel.arrays import Mask, Matrix, Vector
from citypanel.declare.methods import EventStudyOptions, LinearOptions
from citypanel.declare.specification import Specification
from citypanel.errors import DeclarationError, EstimationError
from citypanel.estimate.design import Design, build_design, require_panel
from citypanel.estimate.fit import Fit, fit
from citypanel.estimate.inference import t_quantile, wald_f
from citypanel.estimate.outcome import Estimate
from citypanel.estimate.regression import as_estimate, fit_warnings, neighbours_of, without_singletons
from citypanel.estimate.staggered import Cohorts, read_cohorts
from citypanel.result import Row, Value

BAND_DRAWS = 20_000
DEFAULT_SEED = 0


@dataclass(frozen=True)
class Window:
    """Event times with a coefficient, and each row's place among them.

    Attributes
    ----------
    times : tuple of int
        Sorted; the base is not among them.
    indicators : array, shape (rows, times)
    inside : array of bool, shape (rows,)
        False for rows beyond the ends when these are not binned.
    missing : tuple of int
        Event times asked for at which nobody is seen.
    """

    times: tuple[int, ...]
    indicators: Matrix
    inside: Mask
    missing: tuple[int, ...]


def term_name(time: int) -> str:
    """Return the term of an event time: `t-4`, `t+0`."""
    return f"t{time:+d}"


def estimate(data: pd.DataFrame, specification: Specification) -> Estimate:
    """Estimate one event study.

    Raises
    ------
    DeclarationError
        Unit or time are not declared, or the base lies outside the window.
    EstimationError
        Nobody is treated, or nobody is seen at the base.
    """
    options = cast("EventStudyOptions", specification.options)
    _require_window(options)
    design = build_design(data, specification)
    require_panel(design, "event_study")
    _require_no_instruments(design)
    unit, time = cast("str", specification.unit), cast("str", specification.time)
    cohorts = read_cohorts(design.rows, options.cohort, unit, time)
    window = event_window(cohorts.event_time, options)
    design, notes = _with_indicators(design, window, cohorts)
    design, lost = without_singletons(design, LinearOptions())
    fitted = fit(
        design.y,
        design.X,
        design.names,
        design.effects,
        convention=design.convention,
        neighbours=neighbours_of(design),
        weights=design.weights,
    )
    path = _Path(fitted, window, options.base)
    stats, curves = path.report(options, DEFAULT_SEED if specification.seed is None else specification.seed)
    warnings = (*cohorts.warnings, *notes, *lost, *fit_warnings(design, fitted))
    answer = as_estimate(design, fitted, warnings=warnings, stats=stats, curves=curves)
    return replace(answer, sample=answer.sample.assign(**{options.cohort: design.rows[options.cohort]}))


def _require_window(options: EventStudyOptions) -> None:
    if not -options.leads <= options.base <= options.lags:
        raise DeclarationError(
            f"option base is {options.base}; it must lie between -{options.leads} (leads) and {options.lags} (lags)"
        )
    if options.sensitivity != "none" and options.base != -1:
        raise DeclarationError(f"option sensitivity needs base=-1, the period before treatment; base is {options.base}")


def _require_no_instruments(design: Design) -> None:
    if design.endogenous_names:
        raise DeclarationError("method 'event_study' takes no instruments; write the formula without them")


def event_window(event_time: Vector, options: EventStudyOptions) -> Window:
    """Place the rows in the window of event times.

    Parameters
    ----------
    event_time : array, shape (rows,)
        -inf for the never treated, who have no indicator.
    options : EventStudyOptions

    Raises
    ------
    EstimationError
        Nobody is seen at the base.
    """
    treated = np.isfinite(event_time)
    low, high = -options.leads, options.lags
    beyond = treated & ((event_time < low) | (event_time > high))
    # A never treated unit has no event time; clipping its -inf would put it in the first bin.
    placed = np.where(treated, np.clip(event_time, low, high) if options.bin_ends else event_time, np.nan)
    asked = [time for time in range(low, high + 1) if time != options.base]
    seen = [time for time in asked if np.any(placed == time)]
    if not np.any(placed == options.base):
        raise EstimationError(f"no treated unit is seen at the base, event time {options.base}; choose another base")
    if not seen:
        raise EstimationError("treated units are seen at the base only; there is no event time to estimate")
    indicators = (placed[:, None] == np.array(seen, dtype=np.float64)).astype(np.float64)
    inside: Mask = np.asarray(~beyond | options.bin_ends, dtype=np.bool_)
    return Window(tuple(seen), indicators, inside, tuple(time for time in asked if time not in seen))


def _with_indicators(design: Design, window: Window, cohorts: Cohorts) -> tuple[Design, tuple[str, ...]]:
    """Return the design with the event times before its regressors, without rows beyond an open window."""
    names = tuple(term_name(time) for time in window.times)
    clash = [name for name in names if name in design.names]
    if clash:
        raise DeclarationError(f"the regressor '{clash[0]}' has the name of an event time; rename the column")
    notes = []
    if window.missing:
        shown = ", ".join(term_name(time) for time in window.missing)
        notes.append(f"no treated unit is seen at {shown}: no coefficient there")
    if np.all(np.isfinite(cohorts.of_row)):
        notes.append("no unit is never treated: effects are compared between cohorts, and a common trend may hide")
    extended = replace(design, X=np.column_stack([window.indicators, design.X]), names=(*names, *design.names))
    beyond = int(np.count_nonzero(~window.inside))
    if beyond:
        notes.append(f"{beyond} rows of treated units left out: beyond the window (bin_ends=false)")
        extended = extended.subset(window.inside)
    return extended, tuple(notes)


@dataclass(frozen=True)
class _Path:
    """The coefficients by event time of a fitted event study."""

    fitted: Fit
    window: Window
    base: int

    @property
    def kept(self) -> list[tuple[int, int]]:
        """Event times and the positions of their coefficients."""
        names = self.fitted.names
        return [(time, names.index(term_name(time))) for time in self.window.times if term_name(time) in names]

    def report(self, options: EventStudyOptions, seed: int) -> tuple[dict[str, Value], dict[str, list[Row]]]:
        """Return the pre-trend test, the bands and the curves."""
        variance = self.fitted.variance
        before = np.array(
            [at for time, at in self.kept if time < min(self.base, 0) or (time < 0 and time != self.base)]
        )
        before = before.astype(np.intp)
        test = wald_f(self.fitted.coefficients[before], variance.matrix[np.ix_(before, before)], variance.df)
        at = np.array([place for _, place in self.kept], dtype=np.intp)
        reach = uniform_critical_value(variance.matrix[np.ix_(at, at)], variance.df, seed)
        stats: dict[str, Value] = {
            "pretrend_f": test["f"],
            "pretrend_p": test["f_p"],
            "pretrend_df1": test["f_df1"],
            "pretrend_df2": test["f_df2"],
            "sup_t": reach,
            "sup_t_draws": BAND_DRAWS,
            "sup_t_seed": seed,
        }
        curves = {"event_study": self._rows(reach)}
        if options.sensitivity != "none":
            more, rows = self._sensitivity(options)
            stats |= more
            curves["sensitivity"] = rows
        return stats, curves

    def _rows(self, reach: float | None) -> list[Row]:
        variance = self.fitted.variance
        width = t_quantile(0.975, variance.df)
        rows: list[Row] = [
            {**_row(time, float(self.fitted.coefficients[at]), float(variance.se[at]), width, reach), "base": False}
            for time, at in self.kept
        ]
        nothing: Row = dict.fromkeys(("se", "ci_low", "ci_high", "band_low", "band_high"))
        rows.append({"time": self.base, "estimate": 0.0, **nothing, "base": True})
        return sorted(rows, key=lambda row: cast("int", row["time"]))

    def _sensitivity(self, options: EventStudyOptions) -> tuple[dict[str, Value], list[Row]]:
        from citypanel.estimate.did_honest import EventPath, sensitivity_rows  # noqa: PLC0415 - where asked for

        times = [time for time, _ in self.kept]
        whole = [time for time in range(times[0], times[-1] + 1) if time != self.base]
        if times != whole:
            raise EstimationError("the sensitivity needs a coefficient at every event time of the window")
        at = np.array([place for _, place in self.kept], dtype=np.intp)
        matrix = self.fitted.variance.matrix[np.ix_(at, at)]
        path = EventPath(sum(time < self.base for time in times), self.fitted.coefficients[at], matrix)
        return sensitivity_rows(path, options.sensitivity, options.bounds, options.target)


def _row(time: int, estimate: float, se: float, width: float, reach: float | None) -> Row:
    band = None if reach is None else reach * se
    return {
        "time": time,
        "estimate": estimate,
        "se": se,
        "ci_low": estimate - width * se,
        "ci_high": estimate + width * se,
        "band_low": None if band is None else estimate - band,
        "band_high": None if band is None else estimate + band,
    }


def uniform_critical_value(matrix: Matrix, df: float, seed: int, level: float = 0.95) -> float | None:
    """Return the quantile of the largest |t| over all coefficients; None where a variance is zero.

    Notes
    -----
    Sup-t bands, Montiel Olea and Plagborg-Moller (2019), Journal of Applied Econometrics 34(1), by simulation of
    a multivariate t with the degrees of freedom of the pointwise intervals, so that one coefficient gives theirs.
    """
    scale = np.sqrt(np.maximum(np.diag(matrix), 0.0))
    if scale.size == 0 or np.any(scale <= 0) or not np.all(np.isfinite(matrix)):
        return None
    if scale.size == 1:
        return t_quantile(0.5 + level / 2, df)
    values, vectors = np.linalg.eigh(matrix / np.outer(scale, scale))
    # The signs of eigenvectors are arbitrary; fixing them keeps the draws the same on every machine.
    vectors = vectors * np.where(vectors[np.argmax(np.abs(vectors), axis=0), np.arange(values.size)] < 0, -1.0, 1.0)
    rng = np.random.default_rng(seed)
    draws = rng.standard_normal((BAND_DRAWS, values.size)) * np.sqrt(np.maximum(values, 0.0)) @ vectors.T
    if np.isfinite(df):
        draws /= np.sqrt(rng.chisquare(df, BAND_DRAWS) / df)[:, None]
    return float(np.quantile(np.abs(draws).max(axis=1), level))
