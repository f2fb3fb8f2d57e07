"""A regression on plain arrays: projection on fixed effects, coefficients, variance, fit statistics."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from citypanel.arrays import Codes, Matrix, Vector
from citypanel.estimate.absorbed import absorbed_parameters, effect_leverage
from citypanel.estimate.convention import Convention
from citypanel.estimate.design import INTERCEPT
from citypanel.estimate.inference import wald_f
from citypanel.estimate.least_squares import LeastSquares, dropped_names, least_squares
from citypanel.estimate.variance import Neighbours, Variance, variance
from citypanel.result import Value
from citypanel.within import FixedEffects


@dataclass(frozen=True)
class Fit:
    """A fitted regression: coefficients with their variance, residuals, and what was left out.

    `names` are the columns kept, the intercept last. `k` counts every parameter, fixed effects included.
    """

    names: tuple[str, ...]
    coefficients: Vector
    variance: Variance
    residuals: Vector
    k: int
    dropped: tuple[str, ...]
    stats: dict[str, Value]

    def coefficient(self, name: str) -> float:
        """Return the coefficient of a column."""
        return float(self.coefficients[self.names.index(name)])


def fit(
    y: Vector,
    X: Matrix,
    names: Sequence[str],
    effects: Sequence[Codes] = (),
    *,
    convention: Convention | None = None,
    neighbours: Neighbours | None = None,
    weights: Vector | None = None,
    ssc: str = "reghdfe",
) -> Fit:
    """Fit y on X with fixed effects on plain arrays.

    Parameters
    ----------
    y : array, shape (rows,)
    X : array, shape (rows, columns)
        Regressors; a constant is named `Intercept`, or none is needed where there are fixed effects: the
        constant of reghdfe, at the means of the columns, is added.
    names : sequence of str
    effects : sequence of codes
    convention, neighbours
        The variance and who belongs together; default iid.
    weights : array, shape (rows,), optional
        Analytic weights, positive; scaled to a mean of one.
    ssc : {"reghdfe", "none"}

    Raises
    ------
    EstimationError
        No degree of freedom is left, a cluster key has one level, or the variance does not exist.
    """
    convention, neighbours = convention or Convention(), neighbours or Neighbours()
    roots = None if weights is None else np.sqrt(weights / weights.mean())
    # One row per column of the data underneath: sums then run along contiguous memory.
    columns = np.empty((1 + X.shape[1], y.size)).T
    columns[:, 0], columns[:, 1:] = y, X
    means = column_means(columns, roots)
    if effects:
        columns.T[...] -= means[:, None]
    centred = columns
    projected = FixedEffects(effects, None if roots is None else roots**2).residuals(centred)
    lengths = np.sqrt(np.sum(weighted(centred, roots) ** 2, axis=0))
    scaled = weighted(projected, roots)
    solution = _solved(scaled, lengths, names)
    absorbed = absorbed_parameters(effects)
    k = solution.kept.size + absorbed
    nested = solution.kept.size + absorbed_parameters(effects, neighbours.clusters)
    used = scaled[:, 1:]
    if solution.kept.size < used.shape[1]:
        used = used[:, solution.kept]
    if convention.kind in ("HC2", "HC3"):
        neighbours = replace(neighbours, leverage=_leverage(used, solution.bread, effects, weights))
    kept_names, dropped = tuple(names[j] for j in solution.kept), dropped_names(names, solution.kept)
    if effects:
        solution, used = with_constant(solution, used, means, roots)
        kept_names = (*kept_names, INTERCEPT)
    slopes = int(solution.kept.size)
    scores = (used, solution.residuals)
    counted = (k, nested)
    found = variance(convention, neighbours, solution.bread, scores, counted, ssc=ssc, slopes=slopes)
    outcome = Outcome(scaled[:, 0], weighted(centred, roots)[:, 0], roots, INTERCEPT in kept_names)
    stats = fit_statistics(outcome, solution.residuals, k, absorbed)
    if absorbed:
        stats["r2_adj_xtreg"] = _xtreg_adjusted(stats, y.size, nested if convention.kind == "cluster" else k)
    stats |= slopes_test(kept_names, solution.coefficients, found)
    residuals = solution.residuals if roots is None else solution.residuals / roots
    return Fit(kept_names, solution.coefficients, found, residuals, k, dropped, stats)


def _solved(scaled: Matrix, lengths: Vector, names: Sequence[str]) -> LeastSquares:
    """Solve with the constant first, so that of a constant and a column that equals it the constant stays."""
    if INTERCEPT not in names:
        return least_squares(scaled[:, 0], scaled[:, 1:], lengths[1:])
    at = list(names).index(INTERCEPT)
    order = np.array([at, *(j for j in range(len(names)) if j != at)], dtype=np.intp)
    solution = least_squares(scaled[:, 0], scaled[:, 1:][:, order], lengths[1:][order])
    kept = order[solution.kept]
    back = np.argsort(kept)
    return LeastSquares(kept[back], solution.coefficients[back], solution.residuals, solution.bread[np.ix_(back, back)])


def weighted(columns: Matrix, roots: Vector | None) -> Matrix:
    """Return columns times the roots of the weights."""
    return columns if roots is None else (columns.T * roots).T


def column_means(columns: Matrix, roots: Vector | None) -> Vector:
    """Return weighted means of columns."""
    if roots is None:
        return np.asarray(columns.mean(axis=0))
    return np.asarray(np.sum(columns * (roots**2)[:, None], axis=0) / np.sum(roots**2))


def with_constant(
    solution: LeastSquares, used: Matrix, means: Vector, roots: Vector | None
) -> tuple[LeastSquares, Matrix]:
    """Add the constant of reghdfe: projected columns plus their means, regressed with a constant.

    The slopes and their block of the bread stay, since the projected columns sum to zero.
    """
    n = used.shape[0]
    at = means[1:][solution.kept]
    constant = means[0] - np.sum(at * solution.coefficients)
    corner = solution.bread @ at
    size = at.size
    bread = np.empty((size + 1, size + 1))
    bread[:size, :size] = solution.bread
    bread[size, :size] = bread[:size, size] = -corner
    bread[size, size] = 1 / n + np.sum(at * corner)
    rows = np.empty((size + 1, n))
    rows[size] = 1.0 if roots is None else roots
    np.add(used.T, at[:, None] * (1.0 if roots is None else roots), out=rows[:size])
    coefficients = np.append(solution.coefficients, constant)
    return replace(solution, coefficients=coefficients, bread=bread), rows.T


def _leverage(X: Matrix, bread: Matrix, effects: Sequence[Codes], weights: Vector | None) -> Vector | None:
    own: Vector = np.sum((X @ bread) * X, axis=1)
    if not effects:
        return own
    absorbed = effect_leverage(effects, weights)
    return None if absorbed is None else own + absorbed


@dataclass(frozen=True)
class Outcome:
    """The outcome less its fixed effects, and as it was (centred), both times the roots of the weights."""

    projected: Vector
    raw: Vector
    roots: Vector | None
    has_constant: bool

    def total(self) -> float:
        """Return the variation about the mean, or about zero without a constant."""
        if not self.has_constant:
            return float(np.sum(self.raw**2))
        ones = np.ones(self.raw.size) if self.roots is None else self.roots
        return float(np.sum((self.raw - ones * (np.sum(ones * self.raw) / self.raw.size)) ** 2))


def fit_statistics(outcome: Outcome, residuals: Vector, k: int, absorbed: int) -> dict[str, Value]:
    """Return R2 overall, adjusted and within, root mean squared errors, degrees of freedom.

    `rmse` divides by n - k as Stata's, `rmse_n` by n as fixest's; `k` counts the fixed effects.
    """
    n = residuals.size
    left, df = float(np.sum(residuals**2)), n - k
    r2 = _explained(left, outcome.total())
    within = _explained(left, float(np.sum(outcome.projected**2))) if absorbed else None
    return {
        "r2": r2,
        "r2_adj": _adjusted(r2, n - 1 if outcome.has_constant else n, df),
        "r2_within": within,
        "r2_within_adj": _adjusted(within, n - absorbed, df) if absorbed else None,
        "rmse": float(np.sqrt(left / df)) if df > 0 else None,
        "rmse_n": float(np.sqrt(left / n)),
        "ssr": left,
        "df_resid": df,
        "k": k,
    }


def _xtreg_adjusted(stats: dict[str, Value], n: int, k: int) -> float | None:
    """Return e(r2_a) of `xtreg, fe`: the within R2 with the parameters that its variance counts."""
    within = stats["r2_within"]
    return _adjusted(within, n - 1, n - k) if isinstance(within, float) else None


def _explained(left: float, total: float) -> float | None:
    return 1 - left / total if total > 0 else None


def _adjusted(r2: float | None, df_total: int, df: int) -> float | None:
    return None if r2 is None or df <= 0 else 1 - (1 - r2) * df_total / df


def slopes_test(names: tuple[str, ...], coefficients: Vector, found: Variance) -> dict[str, Value]:
    """Return F of all coefficients but the constant."""
    slopes = np.array([j for j, name in enumerate(names) if name != INTERCEPT], dtype=np.intp)
    return wald_f(coefficients[slopes], found.matrix[np.ix_(slopes, slopes)], found.df)
