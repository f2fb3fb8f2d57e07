"""Tests of dynamic panels: serial correlation, overidentification, groups of instruments."""

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, ndtr

from citypanel.arrays import Mask, Matrix, Vector
from citypanel.estimate.gmm_instruments import LEVEL
from citypanel.estimate.gmm_moments import Fit, Stack, symmetric_inverse
from citypanel.estimate.gmm_panel import Cube, transform_matrix


@dataclass(frozen=True)
class Differenced:
    """Residuals and regressors of the equation in first differences, zero outside the sample."""

    residuals: Cube
    X: Cube


@dataclass(frozen=True)
class Estimated:
    """The estimate that is tested.

    `step` is 0 or 1; `iid` says whether its variance assumes iid errors, of variance `sigma2`;
    `covariance` is without the small-sample factor.
    """

    step: int
    iid: bool
    covariance: Matrix
    sigma2: float


def chi2_p(statistic: float, df: int) -> float | None:
    """Return the upper tail of chi2; None without degrees of freedom."""
    return float(chdtrc(df, max(statistic, 0.0))) if df > 0 else None


def ar_test(
    stack: Stack, fit: Fit, estimated: Estimated, changes: Differenced, order: int
) -> tuple[float, float] | None:
    """Return z and p of the test for serial correlation of an order in the differenced errors.

    None where no unit has residuals that far apart.

    Notes
    -----
    Arellano and Bond (1991), Review of Economic Studies 58(2), section 2.3; for iid one-step weights and for
    orthogonal deviations as in Roodman (2009), Stata Journal 9(1), section 3.5. Lags are of the calendar.
    """
    now = changes.residuals
    before = np.zeros_like(now)
    before[order:] = now[:-order] if order < now.shape[0] else now[:0]
    products = (now * before).sum(axis=0)
    if not products.any():
        return None
    if estimated.iid:
        own, crossed = _iid_parts(stack, before, estimated.sigma2)
    else:
        own = float((products**2).sum())
        crossed = stack.crossed(fit.residuals[estimated.step] * products[None, :])
    slope = np.einsum("tnk,tn->k", changes.X, before)
    influence = fit.influence(estimated.step)
    variance = own - 2.0 * slope @ influence @ crossed + slope @ estimated.covariance @ slope
    if variance <= 0:
        return None
    z = float(products.sum() / np.sqrt(variance))
    return z, float(2.0 * ndtr(-abs(z)))


def _iid_parts(stack: Stack, before: Cube, sigma2: float) -> tuple[float, Vector]:
    """Return variance of the products and their covariance with the moments when errors are iid."""
    periods = stack.periods
    inside = before * stack.sample[:periods]
    plain = stack.h == 1
    changes = np.eye(periods) if plain else transform_matrix(periods, "fd")
    moved = np.eye(periods) if plain else transform_matrix(periods, stack.transform)
    own = float((inside * (changes @ changes.T @ inside)).sum()) * sigma2
    carried = np.zeros_like(stack.y)
    carried[:periods] = (moved @ changes.T @ inside) * sigma2
    return own, stack.crossed(carried)


def sargan(fit: Fit) -> float:
    """Return the Sargan statistic of the one-step estimate, the error variance divided by N (xtabond2)."""
    moments = fit.moments(0)
    return float(moments @ fit.weights[0].matrix @ moments) / fit.sigma2[0]


def hansen(fit: Fit) -> float:
    """Return the Hansen J of the two-step estimate."""
    moments = fit.moments(1)
    return float(moments @ fit.weights[1].matrix @ moments)


@dataclass(frozen=True)
class GroupTest:
    """Difference-in-Hansen of a group of instruments: the test without the group, and the difference."""

    group: str
    statistic: float
    df: int
    difference: float
    difference_df: int


def group_tests(stack: Stack, fit: Fit) -> list[GroupTest]:
    """Test every group of instruments, and all lagged differences of the level equation together.

    A group is left out of the list when the rest does not identify the coefficients. The test without the
    group uses the full model's moment covariance, as xtabond2 does, so that differences are rarely negative.
    Roodman (2009), Oxford Bulletin 71(1), section 4.
    """
    if not fit.has_second_step:
        return []
    instruments = stack.instruments
    groups: list[tuple[str, Mask]] = []
    levels = instruments.lagged & (instruments.equation == LEVEL)
    if levels.any():
        groups.append(("gmm instruments of the level equation", levels))
    groups += [(label, instruments.group == number) for number, label in enumerate(instruments.labels)]
    found = [_without(fit, label, members) for label, members in groups]
    return [test for test in found if test is not None]


def _without(fit: Fit, label: str, members: Mask) -> GroupTest | None:
    independent = fit.weights[0].kept
    rest = ~members
    others, k = int((independent & rest).sum()), fit.ZX.shape[1]
    size = int(independent.sum()) - others
    if others < k or size == 0:
        return None
    ZX, Zy = fit.ZX[rest], fit.Zy[rest]
    weight = symmetric_inverse(fit.S[np.ix_(rest, rest)]).matrix
    inner = symmetric_inverse(ZX.T @ weight @ ZX)
    if inner.rank < k:
        return None
    moments = Zy - ZX @ (inner.matrix @ (ZX.T @ (weight @ Zy)))
    statistic = float(moments @ weight @ moments)
    return GroupTest(label, statistic, others - k, hansen(fit) - statistic, size)
