"""Re-estimation from moments: correlations and standard deviations give pooled least squares, its R2 and the VIF."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from citypanel.arrays import Matrix, Vector
from citypanel.ledger.interval import Interval

SEED = 20250101
DRAWS = 20_000
_BLOCK = 2_000
# Draws do not reach the corner of a box of dozens of numbers; the first-order bound does, up to curvature.
_CURVATURE = 1.05


@dataclass(frozen=True)
class Box:
    """Inputs known to intervals: middle and half-width of each."""

    middle: Vector
    half: Vector

    @classmethod
    def of(cls, intervals: Sequence[Interval]) -> "Box":
        """Return the box of some intervals."""
        return cls(np.array([i.middle for i in intervals]), np.array([i.width / 2 for i in intervals]))


def propagate(function: Callable[[Matrix], Matrix], box: Box) -> list[Interval]:
    """Return intervals of functions of many rounded inputs.

    Parameters
    ----------
    function : maps inputs, shape (points, inputs), to outputs, shape (points, outputs)
    box : the inputs

    Returns
    -------
    list of Interval
        For each output the hull of the first-order bound, widened by one twentieth for curvature, of the corner
        that the gradient points to, and of 20,000 draws inside the box with a fixed seed. The whole line where
        the function does not exist (nan) at one of these points.
    """
    free = np.flatnonzero(box.half > 0)
    centre = function(box.middle[None, :])[0]
    steps = np.repeat(box.middle[None, :], 2 * free.size, axis=0)
    steps[np.arange(free.size), free] += box.half[free]
    steps[free.size + np.arange(free.size), free] -= box.half[free]
    moved = function(steps)
    slopes = (moved[: free.size] - moved[free.size :]) / 2
    bound = _CURVATURE * np.abs(slopes).sum(axis=0)
    low, high = centre - bound, centre + bound
    corners = np.repeat(box.middle[None, :], 2 * centre.size, axis=0)
    for output in range(centre.size):
        towards = np.sign(slopes[:, output]) * box.half[free]
        corners[output, free] += towards
        corners[centre.size + output, free] -= towards
    points = np.vstack([moved, function(corners), *_drawn(function, box, free)])
    low, high = np.minimum(low, points.min(axis=0)), np.maximum(high, points.max(axis=0))
    finite = np.isfinite(low) & np.isfinite(high)
    return [
        Interval(float(a), float(b)) if known else Interval.line()
        for a, b, known in zip(low, high, finite, strict=True)
    ]


def _drawn(function: Callable[[Matrix], Matrix], box: Box, free: np.ndarray) -> list[Matrix]:
    generator = np.random.default_rng(SEED)
    found = []
    for _ in range(DRAWS // _BLOCK):
        points = np.repeat(box.middle[None, :], _BLOCK, axis=0)
        points[:, free] += generator.uniform(-1, 1, (_BLOCK, free.size)) * box.half[free]
        found.append(function(points))
    return found


def unfold(pairs: Matrix, size: int) -> np.ndarray:
    """Return correlation matrices, shape (points, size, size), of stacked lower triangles (points, size(size-1)/2)."""
    matrices = np.zeros((pairs.shape[0], size, size))
    rows, columns = np.tril_indices(size, -1)
    matrices[:, rows, columns] = matrices[:, columns, rows] = pairs
    matrices[:, np.arange(size), np.arange(size)] = 1.0
    return matrices


def inverses(matrices: np.ndarray) -> np.ndarray:
    """Return the inverse of each correlation matrix; nan where a matrix is not positive definite."""
    try:
        found = np.linalg.inv(matrices)
    except np.linalg.LinAlgError:
        definite = np.linalg.eigvalsh(matrices)[:, 0] > 0
        found = np.full_like(matrices, np.nan)
        found[definite] = np.linalg.inv(matrices[definite])
    # a variance inflation factor below one betrays a negative eigenvalue
    impossible = (np.einsum("pii->pi", found) < 1 - 1e-9).any(axis=1)
    found[impossible] = np.nan
    return found


def inflation(pairs: Matrix, size: int) -> Matrix:
    """Return the variance inflation factors and, last, their mean, for stacked lower triangles of R_xx."""
    inverse = inverses(unfold(pairs, size))
    factors = np.einsum("pii->pi", inverse)
    return np.hstack([factors, factors.mean(axis=1, keepdims=True)])


def least_squares(inputs: Matrix, size: int, n: int) -> Matrix:
    """Return slopes, R2 and iid standard errors of pooled OLS from moments.

    Parameters
    ----------
    inputs : shape (points, pairs of outcome and regressors + 1 + regressors)
        Lower triangle of the correlations of (outcome, x_1 ... x_k), then the standard deviations in this order.
    size : number of regressors k
    n : rows

    Returns
    -------
    array, shape (points, 2k + 1)
        b = R_xx^-1 r_xy s_y/s_x; R2 = r'R_xx^-1 r; se_j = s_y/s_j sqrt((1 - R2) VIF_j/(N - k - 1)).
    """
    pairs = (size + 1) * size // 2
    full = unfold(inputs[:, :pairs], size + 1)
    deviations = inputs[:, pairs:]
    inverse = inverses(full[:, 1:, 1:])
    r = full[:, 1:, 0]
    standardised = np.einsum("pij,pj->pi", inverse, r)
    r2 = np.einsum("pi,pi->p", r, standardised)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = deviations[:, :1] / deviations[:, 1:]
        variance = np.clip(1 - r2, 0, None)[:, None] * np.einsum("pii->pi", inverse) / (n - size - 1)
        return np.hstack([standardised * scale, r2[:, None], scale * np.sqrt(variance)])


def largest_smallest_eigenvalue(middle: Matrix, half: Matrix) -> Interval:
    """Return bounds of the largest smallest eigenvalue that a correlation matrix can have within rounding.

    The upper bound holds for every matrix of the box: for any unit vector v, lambda_min <= v'Rv + |v|'H|v|. The
    lower bound is attained by a matrix found by moving each entry in the direction that raises the eigenvalue.
    """
    values, vectors = np.linalg.eigh(middle)
    upper = min(float(v @ middle @ v + np.abs(v) @ half @ np.abs(v)) for v in vectors.T)
    best, current = float(values[0]), middle
    for step in np.geomspace(1.0, 0.01, 60):
        values, vectors = np.linalg.eigh(current)
        best = max(best, float(values[0]))
        v = vectors[:, 0]
        direction = np.outer(v, v) / max(float(np.abs(np.outer(v, v)).max()), 1e-300)
        current = np.clip(current + step * half * direction, middle - half, middle + half)
    values = np.linalg.eigvalsh(current)
    best = max(best, float(values[0]))
    return Interval(best, max(best, upper))
