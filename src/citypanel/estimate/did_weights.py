"""Weights behind a two-way fixed-effects coefficient (de Chaisemartin and D'Haultfoeuille 2020)."""

from dataclasses import dataclass

import numpy as np

from citypanel.arrays import Codes, Vector
from citypanel.errors import EstimationError


@dataclass(frozen=True)
class TwowayWeights:
    """Weights of the treated cells, and how fragile their mean is.

    Attributes
    ----------
    weight : array, shape (rows,)
        Sums to one over treated rows, zero elsewhere.
    positive, negative : int
        Treated cells (unit by period) by the sign of their weight.
    sum_positive, sum_negative : float
    fragility : float or None
        Least standard deviation of cell effects with which the coefficient and a zero mean effect agree.
    fragility_all : float or None
        Least standard deviation with which all effects can have the opposite sign; None without negative weights.
    """

    weight: Vector
    positive: int
    negative: int
    sum_positive: float
    sum_negative: float
    fragility: float | None
    fragility_all: float | None


def twoway_weights(d: Vector, projected: Vector, mass: Vector, beta: float, cells: Codes) -> TwowayWeights:
    """Return the weights of the effects that the coefficient of `d` is made of.

    Parameters
    ----------
    d : array, shape (rows,)
        Treatment.
    projected : array, shape (rows,)
        Treatment net of effects and controls.
    mass : array, shape (rows,)
        Weights of the rows.
    beta : float
        The coefficient.
    cells : array of int, shape (rows,)
        Unit by period.

    Notes
    -----
    de Chaisemartin and D'Haultfoeuille (2020), American Economic Review 110(9), theorem 1 and corollary 1; the
    numbers of R's TwoWayFEWeights for type feTR.
    """
    total = float(np.sum(mass * d * projected))
    if not abs(total) > 0:
        raise EstimationError("treatment does not vary once effects and controls are taken out")
    row = mass * d * projected / total
    of_cell = np.bincount(cells, row).astype(np.float64)
    size = np.bincount(cells, mass * d).astype(np.float64)
    treated = size > 0
    weight, share = of_cell[treated], size[treated] / size.sum()
    positive, negative = weight > 0, weight < 0
    # The weighted standard deviation over cells has n - 1 below, as in both authors' packages.
    cells_used = max(int(treated.sum()), 2)
    spread = float(np.sqrt(np.sum(share * (weight / share - 1.0) ** 2) * cells_used / (cells_used - 1)))
    fragility = abs(beta) / spread if spread > 1e-12 else None
    return TwowayWeights(
        weight=row,
        positive=int(positive.sum()),
        negative=int(negative.sum()),
        sum_positive=float(weight[positive].sum()),
        sum_negative=float(weight[negative].sum()),
        fragility=fragility,
        fragility_all=_all_opposite(weight, share, beta) if negative.any() else None,
    )


def _all_opposite(weight: Vector, share: Vector, beta: float) -> float | None:
    """Corollary 1(ii): ratios in falling order, cut where the weights' tail sum first exceeds its ratio."""
    ratio = weight / share
    order = np.argsort(-ratio, kind="stable")
    w, p, r = weight[order], share[order], ratio[order]
    P, S, T = (np.cumsum(v[::-1])[::-1] for v in (p, w, p * r**2))
    cut = np.flatnonzero(r < -S / (1 - P))
    if cut.size == 0:
        return None
    s = int(cut[0])
    value = T[s] + S[s] ** 2 / (1 - P[s])
    return float(abs(beta) / np.sqrt(value)) if value > 0 else None
