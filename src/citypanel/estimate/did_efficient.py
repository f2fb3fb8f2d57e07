"""The efficient estimator for staggered rollouts of Roth and Sant'Anna (2023)."""

from dataclasses import dataclass

import numpy as np

from citypanel.arrays import Matrix, Vector
from citypanel.errors import EstimationError
from citypanel.estimate.staggered import Rectangle

MINIMUM = 2  # units a cohort needs for a variance


@dataclass(frozen=True)
class Efficient:
    """The efficient effect, its Neyman standard error, the coefficient on the pre-period difference."""

    att: float
    se: float
    beta: float
    att_did: float
    se_did: float


def efficient_effect(panel: Rectangle) -> Efficient:
    """Estimate the mean effect over treated cohort-periods, each weighted by its cohort's size.

    Parameters
    ----------
    panel : Rectangle
        Balanced, without units treated in the first period.

    Raises
    ------
    EstimationError
        A cohort has one unit, or nobody is untreated when somebody is treated.

    Notes
    -----
    Roth and Sant'Anna (2023), Journal of Political Economy Microeconomics 1(4). The effect compares each cohort
    with those not yet treated; beta times the same comparison in the last period before treatment is
    subtracted, and beta is the one with least variance (beta = 1 is Callaway and Sant'Anna's). It needs
    timing that is as good as random, not only parallel trends. The standard error is Neyman's, conservative
    where effects differ between units.
    """
    cohorts, size = np.unique(panel.cohort, return_counts=True)
    if size.min() < MINIMUM:
        lone = cohorts[int(size.argmin())]
        raise EstimationError(f"cohort {lone:g} has one unit; the efficient estimator needs two for its variance")
    after, before = _comparisons(panel, cohorts, size.astype(np.float64))
    means = np.stack([panel.y[panel.cohort == g].mean(axis=0) for g in cohorts])
    spreads = [np.cov(panel.y[panel.cohort == g], rowvar=False) / n for g, n in zip(cohorts, size, strict=True)]

    def cover(a: Matrix, b: Matrix) -> float:
        return float(sum(x @ S @ z for x, S, z in zip(a, spreads, b, strict=True)))

    base = cover(before, before)
    beta = cover(after, before) / base if base > 0 else 0.0
    level, shift = float(np.sum(after * means)), float(np.sum(before * means))

    def error(b: float) -> float:
        return float(np.sqrt(cover(after - b * before, after - b * before)))

    return Efficient(level - beta * shift, error(beta), beta, level - shift, error(1.0))


def _comparisons(panel: Rectangle, cohorts: Vector, size: Vector) -> tuple[Matrix, Matrix]:
    """Return how each cohort's mean in each period counts, after treatment and in the period before it."""
    last = cohorts[-1]
    cells = [
        (k, t)
        for k, g in enumerate(cohorts)
        for t, period in enumerate(panel.periods)
        if np.isfinite(g) and g <= period < last
    ]
    if not cells:
        raise EstimationError("nobody is untreated while somebody is treated; there is no comparison")
    after, before = np.zeros((2, cohorts.size, panel.periods.size))
    total = sum(size[k] for k, _ in cells)
    for k, t in cells:
        control = np.where(cohorts > panel.periods[t], size, 0.0)
        gap = -control / control.sum()
        gap[k] += 1.0
        at = int(np.searchsorted(panel.periods, cohorts[k])) - 1
        after[:, t] += size[k] / total * gap
        before[:, at] += size[k] / total * gap
    return after, before
