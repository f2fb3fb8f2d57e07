"""Two-way fixed effects as a weighted mean of 2x2 comparisons (Goodman-Bacon 2021)."""

from dataclasses import dataclass

import numpy as np

from citypanel.arrays import Mask, Matrix, Vector
from citypanel.errors import EstimationError
from citypanel.estimate.staggered import NEVER

ALWAYS = -np.inf

TREATED_UNTREATED = "Treated vs Untreated"
EARLIER_LATER = "Earlier vs Later Treated"
LATER_EARLIER = "Later vs Earlier Treated"
LATER_ALWAYS = "Later vs Always Treated"
BOTH_TREATED = "Both Treated"
WITHIN = "Within"


@dataclass(frozen=True)
class Comparison:
    """One 2x2 comparison. `control` is `NEVER` for untreated units and `ALWAYS` for always treated ones."""

    type: str
    cohort: float
    control: float
    estimate: float
    weight: float


def bacon_decomposition(y: Matrix, cohort: Vector, periods: Vector) -> list[Comparison]:
    """Decompose the two-way fixed-effects coefficient into all 2x2 comparisons with their exact weights.

    Parameters
    ----------
    y : array, shape (units, periods)
        Balanced panel.
    cohort : array, shape (units,)
        First treated period; `NEVER` where there is none.
    periods : array, shape (periods,)

    Returns
    -------
    list of Comparison
        Sorted by type, cohort and control. The weights sum to one and the weighted mean of the estimates is
        the coefficient of the regression of y on treatment with unit and period effects.

    Raises
    ------
    EstimationError
        Nobody's treatment changes within the sample.

    Notes
    -----
    Goodman-Bacon (2021), Journal of Econometrics 225(2), theorem 1. The cells' means by cohort and period are
    enough: each comparison is a difference of differences of them.
    """
    first = np.where(cohort <= periods[0], ALWAYS, cohort)
    cohorts, size = np.unique(first, return_counts=True)
    means = np.stack([y[first == value].mean(axis=0) for value in cohorts])
    cells = _Cells(cohorts, size.astype(np.float64), means, np.asarray(periods[None, :] >= cohorts[:, None]))
    found = [
        _compare(cells, k, j)
        for k in range(cohorts.size)
        for j in range(cohorts.size)
        if k != j and np.isfinite(cohorts[k])
    ]
    total = sum(item.weight for item in found)
    if total <= 0:
        raise EstimationError("no two cohorts can be compared: treatment never differs between units over time")
    scaled = [Comparison(c.type, c.cohort, c.control, c.estimate, c.weight / total) for c in found]
    return sorted(scaled, key=lambda c: (c.type, c.cohort, c.control))


@dataclass(frozen=True)
class _Cells:
    """Means and treatment by cohort and period."""

    cohorts: Vector
    size: Vector
    means: Matrix
    treated: Mask


def _compare(cells: _Cells, k: int, j: int) -> Comparison:
    """Compare cohort k, whose treatment begins, with cohort j, whose treatment does not change meanwhile."""
    means, treated = cells.means, cells.treated
    own, other = cells.cohorts[k], cells.cohorts[j]
    Dk, Dj = treated[k].mean(), treated[j].mean()
    if other in (NEVER, ALWAYS):
        window = np.ones(means.shape[1], dtype=np.bool_)
        factor = Dk * (1 - Dk)
        kind = TREATED_UNTREATED if other == NEVER else LATER_ALWAYS
    elif own < other:
        window = ~treated[j]
        factor = (Dk - Dj) * (1 - Dk)
        kind = EARLIER_LATER
    else:
        window = treated[j]
        factor = Dk * (Dj - Dk)
        kind = LATER_EARLIER
    gap = means[k] - means[j]
    after, before = window & treated[k], window & ~treated[k]
    estimate = gap[after].mean() - gap[before].mean()
    return Comparison(kind, float(own), float(other), float(estimate), float(cells.size[k] * cells.size[j] * factor))


def bacon_with_controls(y: Matrix, d: Matrix, cohort: Vector, periods: Vector) -> list[Comparison]:
    """Decompose a two-way coefficient with controls into a within part and all pairs of cohorts.

    Parameters
    ----------
    y : array, shape (units, periods)
    d : array, shape (units, periods)
        Treatment after projection on the controls and both effects (the residual of Frisch and Waugh).
    cohort : array, shape (units,)
    periods : array, shape (periods,)

    Returns
    -------
    list of Comparison
        The first row is the variation within cohorts that controls create; then every pair. Weights sum to
        one and the weighted mean is the coefficient.

    Notes
    -----
    Goodman-Bacon (2021), section 5.2. With cohort means a_kt of d and b_kt of y and sum_k n_k a_kt = 0 in
    every period, sum_k n_k a_k b_k = (1/N) sum_{k<l} n_k n_l (a_k - a_l)(b_k - b_l): the between part is a
    weighted mean of pair regressions. Controls make every pair use all periods, so there is one row per pair.
    """
    first = np.where(cohort <= periods[0], ALWAYS, cohort)
    cohorts, position, size = np.unique(first, return_inverse=True, return_counts=True)
    a = np.stack([d[first == value].mean(axis=0) for value in cohorts])
    b = np.stack([y[first == value].mean(axis=0) for value in cohorts])
    within = d - a[position]
    total = float(np.sum(d**2))
    share = float(np.sum(within**2)) / total
    beta_within = float(np.sum(within * y)) / float(np.sum(within**2)) if share > 1e-14 else 0.0
    pairs = [Comparison(WITHIN, float("nan"), float("nan"), beta_within, share)]
    for k in range(cohorts.size):
        for j in range(k + 1, cohorts.size):
            gap, outcome = a[k] - a[j], b[k] - b[j]
            square = float(gap @ gap)
            if square > 1e-14 * total:
                kind = TREATED_UNTREATED if cohorts[j] == NEVER else BOTH_TREATED
                weight = float(size[k] * size[j]) * square / (cohort.size * total)
                estimate = float(gap @ outcome) / square
                pairs.append(Comparison(kind, float(cohorts[k]), float(cohorts[j]), estimate, weight))
    return pairs
