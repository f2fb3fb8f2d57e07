"""Placebo: treatment reassigned among units at random, all draws estimated in one Frisch-Waugh projection."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import cast

import numpy as np
import pandas as pd
from scipy.special import ndtr, stdtr

from citypanel.arrays import Codes, Matrix, Vector
from citypanel.declare.formula import bare_name
from citypanel.declare.methods import LinearOptions, PlaceboOptions
from citypanel.declare.specification import Specification
from citypanel.errors import DeclarationError, EstimationError
from citypanel.estimate.design import Design, build_design, require_panel
from citypanel.estimate.fit import Fit, fit
from citypanel.estimate.least_squares import independent_columns
from citypanel.estimate.outcome import Estimate
from citypanel.estimate.regression import as_estimate, fit_warnings, neighbours_of, without_singletons
from citypanel.result import Row, Value
from citypanel.within import FixedEffects

CELLS = 6_000_000  # rows times draws held at once
DEFAULT_SEED = 0


@dataclass(frozen=True)
class TreatmentPaths:
    """What is reassigned: one path per unit, in calendar time.

    Attributes
    ----------
    unit, time : arrays of int, shape (rows,)
    start : array, shape (units,) or None
        Position of the first treated period where treatment, once begun, stays; number of periods for never.
    paths : array, shape (units, periods) or None
        Any other treatment, on a balanced panel.
    periods : int
    """

    unit: Codes
    time: Codes
    start: Codes | None
    paths: Matrix | None
    periods: int

    @property
    def units(self) -> int:
        """Number of units."""
        return int(self.unit.max()) + 1

    def permuted(self, order: Codes) -> Matrix:
        """Give unit i the path of unit order[i, draw]; return treatment, shape (rows, draws)."""
        if self.start is not None:
            return self.from_starts(self.start[order])
        return cast("Matrix", self.paths)[order[self.unit], self.time[:, None]]

    def from_starts(self, start: Codes) -> Matrix:
        """Return treatment that begins at the given periods, shape (units, draws), as shape (rows, draws)."""
        return (self.time[:, None] >= start[self.unit]).astype(np.float64)


def read_paths(d: Vector, unit: Codes, time: Codes) -> TreatmentPaths:
    """Read the treatment path of each unit.

    Raises
    ------
    EstimationError
        Treatment does not vary, or it switches off again in a panel with gaps (a path cannot be moved then).
    """
    if np.ptp(d) == 0:
        raise EstimationError("treatment is the same in every row; there is nothing to reassign")
    units, periods = int(unit.max()) + 1, int(time.max()) + 1
    treated = d > 0
    start = np.full(units, periods, dtype=np.intp)
    np.minimum.at(start, unit[treated], time[treated])
    if np.all(np.isin(d, (0.0, 1.0))) and np.array_equal(treated, time >= start[unit]):
        return TreatmentPaths(unit, time, start, None, periods)
    if d.size != units * periods:
        raise EstimationError(
            "treatment switches off or has degrees, and the panel has gaps: paths cannot be moved between units"
        )
    paths = np.empty((units, periods))
    paths[unit, time] = d
    return TreatmentPaths(unit, time, None, paths, periods)


def random_treatments(
    paths: TreatmentPaths, draws: int, rng: np.random.Generator, *, keep_cohorts: bool
) -> Iterator[Matrix]:
    """Yield blocks of reassigned treatments, shape (rows, draws of the block).

    With `keep_cohorts` the units' paths are permuted, so that every cohort keeps its size. Without, as many
    units as are treated get a start drawn evenly from the periods in which treatment starts somewhere.
    """
    block = max(1, CELLS // paths.unit.size)
    for first in range(0, draws, block):
        size = min(block, draws - first)
        order = np.argsort(rng.random((size, paths.units)), axis=1, kind="stable").T
        if keep_cohorts:
            yield paths.permuted(order)
            continue
        if paths.start is None:
            raise EstimationError("keep_cohorts=false needs a treatment that stays once it has begun")
        begun = paths.start[paths.start < paths.periods]
        starts = np.full((paths.units, size), paths.periods, dtype=np.intp)
        starts[: begun.size] = np.unique(begun)[rng.integers(0, np.unique(begun).size, (begun.size, size))]
        yield paths.from_starts(np.take_along_axis(starts, order, axis=0))


@dataclass(frozen=True)
class Projection:
    """The regression without its treatment: what is left of any column after controls and effects."""

    effects: FixedEffects
    basis: Matrix
    weights: Vector | None

    def residuals(self, columns: Matrix) -> Matrix:
        """Return the columns net of effects and controls, times the root of the weights."""
        rest = self.effects.residuals(columns)
        if self.weights is not None:
            rest = rest * np.sqrt(self.weights)[:, None]
        rest -= self.basis @ (self.basis.T @ rest)
        return rest


def fit_projection(X: Matrix, effects: FixedEffects, weights: Vector | None) -> Projection:
    """Prepare the projection on controls (independent columns) and effects."""
    within = effects.residuals(X)
    if weights is not None:
        within = within * np.sqrt(weights)[:, None]
    within = within[:, independent_columns(within, np.linalg.norm(X, axis=0))]
    basis = np.linalg.qr(within)[0] if within.shape[1] else within
    return Projection(effects, basis, weights)


@dataclass(frozen=True)
class Meat:
    """Which sums of scores are squared: `groups` are codes with the sign of inclusion and exclusion.

    No groups is the iid variance; codes of every row alone are the heteroskedastic one.
    """

    groups: tuple[tuple[int, Codes], ...] = ()

    def of(self, scores: Matrix) -> Vector:
        """Return the signed sums of squares, shape (draws,)."""
        total = np.zeros(scores.shape[1])
        for sign, codes in self.groups:
            sums = scores if codes.size == 0 else _sums(scores, codes)
            total += sign * np.einsum("ij,ij->j", sums, sums)
        return total


def batched_fits(y: Vector, treatments: Matrix, meat: Meat) -> tuple[Vector, Vector]:
    """Regress y on each column alone, both already projected; return coefficients and raw variances.

    Parameters
    ----------
    y : array, shape (rows,)
    treatments : array, shape (rows, draws)
    meat : Meat

    Notes
    -----
    Variances carry no small-sample factor: it is the same for every draw. A draw whose treatment the controls
    and effects absorb has nan.
    """
    square = np.einsum("ij,ij->j", treatments, treatments)
    square = np.where(square > 1e-12 * treatments.shape[0], square, np.nan)
    b = (y @ treatments) / square
    if not meat.groups:
        return b, (y @ y - b**2 * square) / square
    scores = treatments * b
    np.subtract(y[:, None], scores, out=scores)
    scores *= treatments
    return b, np.maximum(meat.of(scores), 0.0) / square**2


def _sums(scores: Matrix, codes: Codes) -> Matrix:
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    ordered = scores if np.array_equal(order, np.arange(order.size)) else scores[order]
    return np.add.reduceat(ordered, starts, axis=0)


def meat_of(design: Design) -> Meat:
    """Return the sums that the declared variance squares.

    Raises
    ------
    DeclarationError
        The variance is none of iid, hetero, cluster.
    """
    kind = design.convention.kind
    if kind == "iid":
        return Meat()
    if kind == "HC1":
        return Meat(((1, np.empty(0, dtype=np.intp)),))
    if kind != "cluster":
        raise DeclarationError("method 'placebo' takes vcov iid, hetero or cluster:COLUMNS")
    by = design.convention.by
    chosen = [names for size in range(1, len(by) + 1) for names in combinations(by, size)]
    return Meat(tuple(((-1) ** (len(names) + 1), design.codes("^".join(names))) for names in chosen))


def estimate(data: pd.DataFrame, specification: Specification) -> Estimate:
    """Estimate the formula, then the same with treatment reassigned at random.

    Raises
    ------
    DeclarationError
        The treatment is not a regressor of the formula, or another regressor is made of it.
    EstimationError
        Treatment does not vary, or its paths cannot be moved between units.
    """
    options = cast("PlaceboOptions", specification.options)
    design = build_design(data, specification)
    unit, time = require_panel(design, "placebo")
    _require_treatment(design, options.treatment)
    design, lost = without_singletons(design, LinearOptions())
    unit, time = require_panel(design, "placebo")
    fitted = fit(
        design.y,
        design.X,
        design.names,
        design.effects,
        convention=design.convention,
        neighbours=neighbours_of(design),
        weights=design.weights,
    )
    if options.treatment not in fitted.names:
        raise EstimationError(
            f"the regressor '{options.treatment}' is absorbed by the effects or collinear with the rest"
        )
    seed = DEFAULT_SEED if specification.seed is None else specification.seed
    paths = read_paths(design.X[:, design.names.index(options.treatment)], unit, time)
    drawn = _draws(design, options, paths, np.random.default_rng(seed))
    stats, rows = _compared(fitted, options, drawn)
    stats |= {"draws": options.draws, "seed": seed}
    warnings = (*lost, *fit_warnings(design, fitted))
    return as_estimate(design, fitted, warnings=warnings, stats=stats, curves={"draws": rows})


def _require_treatment(design: Design, treatment: str) -> None:
    if design.endogenous_names:
        raise DeclarationError("method 'placebo' takes no instruments; write the formula without them")
    alone = [term.text for term in design.formula.regressors if bare_name(term) == treatment]
    if not alone:
        raise DeclarationError(
            f"option treatment is '{treatment}', which must stand alone among the regressors of '{design.formula.text}'"
        )
    others = [term.text for term in design.formula.regressors if term.text not in alone and treatment in term.names()]
    if others:
        raise DeclarationError(
            f"the regressor '{others[0]}' is made of the treatment '{treatment}'; it cannot stay fixed"
        )


def _draws(
    design: Design, options: PlaceboOptions, paths: TreatmentPaths, rng: np.random.Generator
) -> tuple[Vector, Vector]:
    """Return coefficients and raw variances, those of the true treatment first."""
    at = design.names.index(options.treatment)
    controls = np.delete(design.X, at, axis=1)
    weights = None if design.weights is None else design.weights / design.weights.mean()
    projection = fit_projection(controls, FixedEffects(design.effects, weights), weights)
    meat = meat_of(design)
    y = projection.residuals(design.y[:, None])[:, 0]
    found = [batched_fits(y, projection.residuals(design.X[:, [at]]), meat)]
    blocks = random_treatments(paths, options.draws, rng, keep_cohorts=options.keep_cohorts)
    found.extend(batched_fits(y, projection.residuals(treatments), meat) for treatments in blocks)
    return np.concatenate([b for b, _ in found]), np.concatenate([v for _, v in found])


def _compared(fitted: Fit, options: PlaceboOptions, drawn: tuple[Vector, Vector]) -> tuple[dict[str, Value], list[Row]]:
    """Return exact p-values and the rows of the draws."""
    at = fitted.names.index(options.treatment)
    own = float(fitted.coefficients[at])
    # One factor (degrees of freedom, clusters) turns every raw variance into the declared one.
    factor = float(fitted.variance.matrix[at, at]) / float(drawn[1][0]) if drawn[1][0] > 0 else float("nan")
    b, raw = drawn[0][1:], drawn[1][1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        t = b / np.sqrt(raw * factor)
    own_t = own / float(fitted.variance.se[at]) if fitted.variance.se[at] > 0 else float("nan")
    p = 2 * stdtr(fitted.variance.df, -np.abs(t)) if np.isfinite(fitted.variance.df) else 2 * ndtr(-np.abs(t))
    known = np.isfinite(b)
    # Equal draws count as extreme; rounding must not make one of them smaller than the estimate it repeats.
    extreme = int(np.count_nonzero(np.abs(b[known]) >= abs(own) * (1 - 1e-10)))
    extreme_t = int(np.count_nonzero(np.abs(t[known]) >= abs(own_t) * (1 - 1e-10)))
    count = int(known.sum())
    stats: dict[str, Value] = {
        "p_two_sided": (1 + extreme) / (1 + count),
        "p_two_sided_t": (1 + extreme_t) / (1 + count),
        "draws_mean": float(b[known].mean()) if count else None,
        "draws_sd": float(b[known].std(ddof=1)) if count > 1 else None,
        "draws_absorbed": int(b.size - count),
    }
    rows: list[Row] = [
        {"draw": number, "estimate": estimate, "statistic": statistic, "p": probability}
        for number, (estimate, statistic, probability) in enumerate(
            zip(b.tolist(), t.tolist(), np.asarray(p).tolist(), strict=True), start=1
        )
    ]
    return stats, rows
