"""Quantiles by the method of moments: location and scale with fixed effects (Machado and Santos Silva 2019)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from citypanel.arrays import Matrix, Vector
from citypanel.errors import EstimationError
from citypanel.estimate.quantile_se import normal_density
from citypanel.within import FixedEffects

RULE = "lower inverse of the empirical distribution: the smallest residual u with F(u) >= quantile"


@dataclass(frozen=True)
class LocationScale:
    """Location and scale models and the standardised residual.

    Attributes
    ----------
    location, scale : arrays, shape (k,)
        Slopes of both models.
    residual : array, shape (n,)
        Of the location model.
    fitted_scale : array, shape (n,)
        Effects and slopes; values that are not positive are counted in `negative`.
    negative : int
    """

    location: Vector
    scale: Vector
    residual: Vector
    fitted_scale: Vector
    standardised: Vector
    projected: Matrix
    bread: Matrix
    absorbed: FixedEffects
    weights: Vector
    negative: int


def fit_location_scale(y: Vector, X: Matrix, effects: FixedEffects, weights: Vector) -> LocationScale:
    """Fit both models by within regressions.

    Parameters
    ----------
    y : array, shape (n,)
    X : array, shape (n, k)
        Regressors, with their constant only where there are no effects.
    effects : FixedEffects
        Prepared with the same weights.
    weights : array, shape (n,)

    Raises
    ------
    EstimationError
        The location model fits perfectly, so there is no scale.
    """
    within = effects.residuals(np.column_stack([y, X]))
    projected = within[:, 1:]
    bread: Matrix = np.asarray(np.linalg.inv((projected * weights[:, None]).T @ projected), dtype=np.float64)
    location = bread @ (projected.T @ (weights * within[:, 0]))
    residual = within[:, 0] - projected @ location
    size = np.abs(residual)
    if size.max(initial=0.0) <= 1e-10 * max(float(np.abs(y).max(initial=0.0)), 1e-300):
        raise EstimationError("the regressors and effects fit the outcome perfectly; there are no quantiles around it")
    within_size = effects.residuals(size)
    slopes = bread @ (projected.T @ (weights * within_size))
    fitted = size - (within_size - projected @ slopes)
    with np.errstate(divide="ignore", invalid="ignore"):
        standardised = residual / fitted
    # A unit that the model fits exactly has scale zero and residual zero; it says nothing about the quantile.
    standardised = np.where(np.isfinite(standardised), standardised, 0.0)
    return LocationScale(
        location=location,
        scale=slopes,
        residual=residual,
        fitted_scale=fitted,
        standardised=standardised,
        projected=projected,
        bread=bread,
        absorbed=effects,
        weights=weights,
        negative=int(np.sum(fitted <= 0)),
    )


def residual_quantiles(fit: LocationScale, taus: Sequence[float]) -> Vector:
    """Return the quantiles of the standardised residual by `RULE`."""
    order = np.argsort(fit.standardised, kind="stable")
    share = np.cumsum(fit.weights[order]) / fit.weights.sum()
    at = [min(int(np.searchsorted(share, tau - 1e-12)), order.size - 1) for tau in taus]
    return fit.standardised[order[at]]


def influence(fit: LocationScale, tau: float, q: float) -> Matrix:
    """Return the influence of each row on the slopes at one quantile, shape (n, k); their sum has the variance.

    Notes
    -----
    Slopes are location + q scale. The scale regression's moment is V = 2 R (1{R >= 0} - P(R >= 0)) - sigma,
    the quantile's is (tau - 1{U <= q}) / f(q) less what errors in location and scale add at U = q (Machado
    and Santos Silva 2019, Journal of Econometrics 213(1), theorem 3; ours keeps the effects' part exactly).
    The density f is a normal kernel's with Silverman's bandwidth.
    """
    w = fit.weights
    positive = fit.residual >= 0
    share = float(w @ positive / w.sum())
    noise = 2 * fit.residual * (positive - share) - fit.fitted_scale
    on_location = (fit.projected * (w * fit.residual)[:, None]) @ fit.bread
    on_scale = (fit.projected * (w * noise)[:, None]) @ fit.bread
    safe = np.where(fit.fitted_scale > 0, fit.fitted_scale, np.inf)
    inverse = 1.0 / safe
    rest = fit.absorbed.residuals(inverse)
    spanned = inverse - rest + fit.projected @ (fit.bread @ (fit.projected.T @ (w * rest)))
    density = _density(fit.standardised, q)
    jump = (tau - (fit.standardised <= q)) / density
    on_quantile = w * (jump - spanned * (fit.residual + q * noise)) / w.sum()
    total: Matrix = on_location + q * on_scale + np.outer(on_quantile, fit.scale)
    return total


def _density(values: Vector, at: float) -> float:
    low, high = np.quantile(values, [0.25, 0.75])
    spread = min(float(np.std(values)), float(high - low) / 1.349) or float(np.std(values))
    width = 0.9 * spread * values.size ** (-0.2)
    if not width > 0:
        raise EstimationError("the standardised residual does not vary; its density cannot be estimated")
    return max(float(normal_density((values - at) / width).mean() / width), 1e-10)
