"""Wild cluster bootstrap of t statistics, every sign vector where there are few clusters."""

from dataclasses import dataclass

import numpy as np

from citypanel.arrays import Codes, Matrix, Vector
from citypanel.errors import DeclarationError, EstimationError
from citypanel.estimate.design import Design
from citypanel.estimate.fit import Fit
from citypanel.result import Value
from citypanel.within import FixedEffects

ENUMERATED = 4096  # sign vectors up to which all are used
TIE = 1e-10  # relative: the vector of ones is the sample itself, whose t must count as reached
BLOCK = 2048  # sign vectors at a time


@dataclass(frozen=True)
class WildBootstrap:
    """p-values of single coefficients being zero; `exact` when all sign vectors were used."""

    p: dict[str, float]
    draws: int
    exact: bool


def wild_cluster_bootstrap(
    y: Vector,
    X: Matrix,
    names: tuple[str, ...],
    cluster: Codes,
    *,
    effects: tuple[Codes, ...] = (),
    weights: Vector | None = None,
    draws: int = 999,
    seed: int = 0,
) -> WildBootstrap:
    """Return bootstrap p-values of each coefficient, the null imposed, Rademacher signs per cluster.

    Parameters
    ----------
    y : array, shape (rows,)
    X : array, shape (rows, columns)
        Independent columns.
    names : sequence of str
    cluster : codes
    effects : tuple of codes
    weights : array, shape (rows,), optional
    draws : int
        Used when there are too many clusters to take every sign vector.
    seed : int

    Raises
    ------
    EstimationError
        There is one cluster only.

    Notes
    -----
    Cameron, Gelbach and Miller (2008), restricted residuals. With x the column less everything else and u the
    residuals under the null, both the coefficient and the scores of a draw are linear in the signs v: a'v / d
    and B v, with B_hg the part of cluster g in the score of cluster h after the draw's own regression. So one
    projection of G columns serves all draws. Where 2^G <= 4096 every vector is used and p is exact; vector and
    mirror image have the same |t|, so half of them suffices. A random p is (1 + count) / (1 + draws).
    """
    groups = int(cluster.max()) + 1
    if groups < 2:
        raise EstimationError("the wild bootstrap needs two clusters at least")
    absorb = _Absorber(effects, weights)
    projected = absorb.project(absorb.scaled(np.column_stack([y, X])))
    basis = np.linalg.qr(projected[:, 1:])[0]
    signs, exact = _signs(groups, draws, seed)
    p = {}
    for j, name in enumerate(names):
        others = np.delete(projected[:, 1:], j, axis=1)
        x, u = _rest(projected[:, 1 + j], others), _rest(projected[:, 0], others)
        # One row per cluster's part, so that the projection runs along contiguous memory.
        spread = np.zeros((groups, u.size))
        spread[cluster, np.arange(u.size)] = u
        # M (v * u) for every cluster's part: fixed effects first, then the regressors.
        after = absorb.project(spread.T).T
        after -= (after @ basis) @ basis.T
        after *= x
        B: Matrix = np.stack([np.bincount(cluster, row, minlength=groups) for row in after], axis=1)
        a = np.bincount(cluster, x * u, minlength=groups).astype(np.float64)
        p[name] = _share_beyond(a, B, signs, exact=exact)
    return WildBootstrap(p, len(signs) * 2 if exact else draws, exact)


class _Absorber:
    """Residuals on the fixed effects of columns that are already times the roots of the weights."""

    def __init__(self, effects: tuple[Codes, ...], weights: Vector | None) -> None:
        self.roots = None if weights is None else np.sqrt(weights / weights.mean())
        self.effects = FixedEffects(effects, None if self.roots is None else self.roots**2)

    def scaled(self, columns: Matrix) -> Matrix:
        return columns if self.roots is None else columns * self.roots[:, None]

    def project(self, columns: Matrix) -> Matrix:
        if self.roots is None:
            return self.effects.residuals(columns)
        projected: Matrix = self.effects.residuals(columns / self.roots[:, None]) * self.roots[:, None]
        return projected


def _rest(column: Vector, others: Matrix) -> Vector:
    if not others.shape[1]:
        return column
    Q = np.linalg.qr(others)[0]
    once = column - Q @ (Q.T @ column)
    return np.asarray(once - Q @ (Q.T @ once))


def _signs(groups: int, draws: int, seed: int) -> tuple[Matrix, bool]:
    """Return sign vectors, one per row; when enumerated, those whose first sign is plus."""
    if groups <= 62 and 2**groups <= ENUMERATED:
        counts = np.arange(2 ** (groups - 1))
        bits = (counts[:, None] >> np.arange(groups)[None, :]) & 1
        return np.asarray(1.0 - 2.0 * bits, dtype=np.float64), True
    rng = np.random.default_rng(seed)
    return np.asarray(1.0 - 2.0 * rng.integers(0, 2, size=(draws, groups)), dtype=np.float64), False


def _share_beyond(a: Vector, B: Matrix, signs: Matrix, *, exact: bool) -> float:
    """Return the share of sign vectors whose |t| reaches that of the sample; factors of the variance cancel."""
    ones = np.ones((1, a.size))
    observed = _squared_t(a, B, ones)[0]
    reached = 0
    for start in range(0, len(signs), BLOCK):
        t2 = _squared_t(a, B, signs[start : start + BLOCK])
        reached += int(np.sum(t2 >= observed * (1 - TIE)))
    return reached / len(signs) if exact else (1 + reached) / (1 + len(signs))


def _squared_t(a: Vector, B: Matrix, signs: Matrix) -> Vector:
    scores = signs @ B.T
    spread = np.sum(scores * scores, axis=1)
    top = (signs @ a) ** 2
    squared: Vector = np.divide(top, spread, out=np.full(top.size, np.inf), where=spread > 0)
    return squared


def wild_statistics(design: Design, fitted: Fit, draws: int, seed: int | None) -> dict[str, Value]:
    """Return the record's entries of the wild bootstrap of a fit.

    Raises
    ------
    DeclarationError
        The variance is not clustered by one variable.
    """
    if design.convention.kind != "cluster" or len(design.convention.by) != 1:
        raise DeclarationError("wild_bootstrap needs a variance clustered by one variable, as vcov cluster:city")
    at = [list(design.names).index(name) for name in fitted.names if name in design.names]
    X, names = design.X[:, at], tuple(design.names[j] for j in at)
    used = 0 if seed is None else seed
    found = wild_cluster_bootstrap(
        design.y,
        X,
        names,
        design.codes(design.convention.by[0]),
        effects=design.effects,
        weights=design.weights,
        draws=draws,
        seed=used,
    )
    return {
        "wild_p": dict(found.p),
        "wild_draws": found.draws,
        "wild_exact": found.exact,
        "wild_weights": "rademacher",
        "wild_seed": None if found.exact else used,
    }
