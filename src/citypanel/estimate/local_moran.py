"""Local Moran's I: which units stand in clusters, and the points of Moran's scatter."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from citypanel.arrays import Vector
from citypanel.errors import EstimationError
from citypanel.estimate.spatial_operator import WeightsMatrix
from citypanel.result import Row


@dataclass(frozen=True)
class LocalMoran:
    """One value per unit. `value` is the deviation from the mean, `lag` the neighbours' weighted mean."""

    value: Vector
    lag: Vector
    local: Vector
    expectation: Vector
    sd: Vector
    z: Vector
    p: Vector
    p_adjusted: Vector
    quadrant: tuple[str, ...]
    significant: tuple[bool, ...]

    def rows(self, names: list[str]) -> list[Row]:
        """Return the statistics as rows of a table."""
        return [
            {
                "unit": name,
                "I": float(self.local[i]),
                "expectation": float(self.expectation[i]),
                "sd": float(self.sd[i]),
                "z": float(self.z[i]),
                "p": float(self.p[i]),
                "p_adjusted": float(self.p_adjusted[i]),
                "quadrant": self.quadrant[i],
                "significant": self.significant[i],
            }
            for i, name in enumerate(names)
        ]

    def scatter(self, names: list[str]) -> list[Row]:
        """Return the points of Moran's scatter in standard deviations of the value."""
        unit = float(self.value.std())
        return [
            {"unit": name, "value": float(z / unit), "lag": float(lag / unit), "quadrant": where}
            for name, z, lag, where in zip(names, self.value, self.lag, self.quadrant, strict=True)
        ]


def local_moran(values: Vector, matrix: WeightsMatrix, *, fdr: bool = False, alpha: float = 0.05) -> LocalMoran:
    """Return local Moran's I with moments given the unit's own value.

    Parameters
    ----------
    values, matrix : arrays, shape (units,) and (units, units)
    fdr : bool
        Judge by p-values adjusted for the number of units (Benjamini and Hochberg 1995).
    alpha : float
        Level of `significant`.

    Raises
    ------
    EstimationError
        Fewer than four units, or values without variation.

    Notes
    -----
    I_i = z_i sum_j w_ij z_j / m2 with m2 = sum z^2 / n (Anselin 1995). Moments are those over all orders of
    the other units' values (Sokal, Oden and Thomson 1998, appendix), p is two-sided and normal. Their sum is
    the global I times the sum of weights.
    """
    z, n = values - values.mean(), values.size
    if n < 4 or float(np.abs(z).max()) <= 1e-12 * max(float(np.abs(values).max()), 1e-300):
        raise EstimationError(f"local Moran needs at least 4 units that differ; found {n} units")
    m2 = float(z @ z) / n
    lag = np.asarray(matrix @ z)
    sums = np.asarray(matrix.sum(axis=1)).ravel()
    squares = np.asarray((matrix * matrix).sum(axis=1)).ravel()
    local = z * lag / m2
    expectation = -(z**2) * sums / ((n - 1) * m2)
    others = n / (n - 2.0) * (squares - sums**2 / (n - 1.0)) * (m2 - z**2 / (n - 1.0))
    sd = np.sqrt(np.maximum((z / m2) ** 2 * others, 0.0))
    score = np.divide(local - expectation, sd, out=np.full(n, np.nan), where=sd > 0)
    p = 2.0 * stats.norm.sf(np.abs(score))
    adjusted = benjamini_hochberg(p)
    quadrant = tuple(_quadrant(own, near) for own, near in zip(z, lag, strict=True))
    significant = tuple(bool(value <= alpha) for value in (adjusted if fdr else p))
    return LocalMoran(z, lag, local, expectation, sd, score, p, adjusted, quadrant, significant)


def _quadrant(own: float, near: float) -> str:
    return f"{'high' if own > 0 else 'low'}-{'high' if near > 0 else 'low'}"


def benjamini_hochberg(p: Vector) -> Vector:
    """Return p-values adjusted for the false discovery rate; nan stays nan and is not counted.

    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.04, 0.04]
    """
    adjusted = np.full(p.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    ranked = p[order] * order.size / np.arange(1, order.size + 1)
    adjusted[order] = np.minimum(np.minimum.accumulate(ranked[::-1])[::-1], 1.0)
    return adjusted
