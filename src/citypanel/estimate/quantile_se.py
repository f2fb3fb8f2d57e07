"""Covariance of quantile regression coefficients: iid, nid (Hendricks and Koenker), clustered."""

import numpy as np
from scipy.special import ndtri

from citypanel.arrays import Codes, Matrix, Vector
from citypanel.errors import EstimationError
from citypanel.estimate.quantile_lp import QuantileFit, fit_quantile

ZERO = np.sqrt(np.finfo(float).eps)


def normal_density(x: Vector) -> Vector:
    """Return the standard normal density."""
    return np.asarray(np.exp(-0.5 * np.square(x)) / np.sqrt(2 * np.pi), dtype=np.float64)


def hall_sheather(tau: float, n: int, level: float = 0.05) -> float:
    """Return the bandwidth of Hall and Sheather (1988), cut in half until tau +- h lies inside (0, 1)."""
    x = ndtri(tau)
    density = normal_density(x)
    shape = (1.5 * density**2) / (2 * x**2 + 1)
    h = float(n ** (-1 / 3) * ndtri(1 - level / 2) ** (2 / 3) * shape ** (1 / 3))
    while tau - h < 0 or tau + h > 1:
        h /= 2
    return h


def iid_covariance(fit: QuantileFit, X: Matrix, tau: float) -> Matrix:
    """Return the covariance for errors that are alike in all rows.

    Notes
    -----
    The sparsity is the slope of a median regression of the ordered residuals nearest to zero on their rank,
    Koenker (2005), section 3.4; the rule of quantreg's `se = "iid"`.
    """
    n, k = X.shape
    h = float(n ** (-1 / 3) * ndtri(0.975) ** (2 / 3))
    x = ndtri(tau)
    h *= float(((1.5 * normal_density(x) ** 2) / (2 * x**2 + 1)) ** (1 / 3))
    span = max(k + 1, int(np.ceil(n * h)))
    zeros = int(np.sum(np.abs(fit.residual) < ZERO))
    rank = np.arange(zeros, min(zeros + span + 1, n))
    nearest = fit.residual[np.argsort(np.abs(fit.residual), kind="stable")]
    ordered = np.sort(nearest[rank])
    steps = (rank + 1) / (n - k)
    if np.ptp(ordered) == 0 or ordered.size < 3:
        raise EstimationError("the residuals around the quantile do not vary; iid standard errors do not exist")
    sparsity = fit_quantile(ordered, np.column_stack([np.ones(steps.size), steps]), 0.5).coefficients[1]
    covariance: Matrix = sparsity**2 * tau * (1 - tau) * np.linalg.inv(X.T @ X)
    return covariance


def nid_covariance(y: Vector, X: Matrix, tau: float, weights: Vector | None = None) -> Matrix:
    """Return the covariance for errors that differ between rows; density from two neighbouring quantiles.

    Notes
    -----
    Hendricks and Koenker (1992), JASA 87(417); the rule of quantreg's `se = "nid"`. Where the two fits cross
    the density counts as zero, as there.
    """
    h = hall_sheather(tau, y.size)
    high = fit_quantile(y, X, tau + h, weights).coefficients
    low = fit_quantile(y, X, tau - h, weights).coefficients
    gap = X @ (high - low) - ZERO
    with np.errstate(divide="ignore"):
        density = np.maximum(0.0, 2 * h / gap)
    bread = _bread(X, density if weights is None else density * weights)
    rows = X if weights is None else X * weights[:, None]
    covariance: Matrix = tau * (1 - tau) * bread @ (rows.T @ rows) @ bread
    return covariance


def clustered_covariance(
    fit: QuantileFit, X: Matrix, tau: float, clusters: Codes, weights: Vector | None = None
) -> Matrix:
    """Return the covariance for errors that may be dependent within clusters.

    Notes
    -----
    Parente and Santos Silva (2016), Journal of Econometric Methods 5(1). The density is Powell's with a normal
    kernel and the bandwidth of quantreg's `se = "ker"`; the factor is G/(G-1).
    """
    density = kernel_density_at_zero(fit.residual, tau)
    bread = _bread(X, density if weights is None else density * weights)
    scores = X * (tau - (fit.residual < 0))[:, None]
    if weights is not None:
        scores = scores * weights[:, None]
    groups = int(clusters.max()) + 1
    sums = np.zeros((groups, X.shape[1]))
    np.add.at(sums, clusters, scores)
    covariance: Matrix = groups / (groups - 1) * bread @ (sums.T @ sums) @ bread
    return covariance


def kernel_density_at_zero(residual: Vector, tau: float) -> Vector:
    """Return each row's kernel weight at zero, whose mean is the density of the residual there."""
    h = hall_sheather(tau, residual.size)
    low, high = np.quantile(residual, [0.25, 0.75])
    scale = min(float(np.std(residual, ddof=1)), float(high - low) / 1.34)
    width = float(ndtri(tau + h) - ndtri(tau - h)) * scale
    if not width > 0:
        raise EstimationError("half of the residuals are equal; the density at the quantile cannot be estimated")
    return np.asarray(normal_density(residual / width) / width)


def _bread(X: Matrix, density: Vector) -> Matrix:
    gram = (X * density[:, None]).T @ X
    if np.linalg.matrix_rank(gram, hermitian=True) < gram.shape[0]:
        raise EstimationError("the density at this quantile is zero in too many rows; bootstrap the standard errors")
    return np.asarray(np.linalg.inv(gram), dtype=np.float64)
