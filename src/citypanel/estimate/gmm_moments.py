"""Stacked moments of dynamic panels: weights, one and two steps, robust and corrected variances."""

from dataclasses import dataclass

import numpy as np

from citypanel.arrays import Codes, Mask, Matrix, Vector
from citypanel.errors import EstimationError
from citypanel.estimate.gmm_instruments import InstrumentSet
from citypanel.estimate.gmm_panel import Cube, Transform, transform_matrix

# A column whose share of variation that the others do not explain is below this counts as their combination;
# double precision leaves about 1e-15 times the condition of the moments.
RANK_TOLERANCE = 1e-11


@dataclass(frozen=True)
class Stack:
    """The stacked system: `rows` x units of outcome, regressors and instruments; zero outside the sample.

    The first `periods` rows are the transformed equations, the following ones, if any, the levels.
    `clusters` are codes of the units' clusters; `transform` and `h` say what the one-step weight assumes.
    """

    y: Cube
    X: Cube
    sample: Mask
    instruments: InstrumentSet
    periods: int
    clusters: Codes
    transform: Transform
    h: int

    @property
    def has_levels(self) -> bool:
        """Whether there are level equations."""
        return bool(self.y.shape[0] > self.periods)

    def residuals(self, beta: Vector) -> Cube:
        """Return y - X beta, shape (rows, units)."""
        return self.y - self.X @ beta

    def crossed(self, values: Cube) -> Matrix:
        """Return Z'V summed over rows and units; `values` is (rows, units) or (rows, units, columns)."""
        wide = values if values.ndim == 3 else values[:, :, None]
        total = np.zeros((self.instruments.count, wide.shape[2]))
        for block, now in zip(self.instruments.blocks, wide, strict=True):
            total[block.columns] += block.entries.T @ now
        return total if values.ndim == 3 else total[:, 0]

    def scores(self, residuals: Cube) -> Matrix:
        """Return Z_i'e_i of every unit, shape (units, instruments)."""
        scores = np.zeros((residuals.shape[1], self.instruments.count))
        for block, now in zip(self.instruments.blocks, residuals, strict=True):
            scores[:, block.columns] += block.entries * now[:, None]
        return scores

    def projected(self, weights: Vector) -> Cube:
        """Return Z_i a of every unit and row, shape (rows, units)."""
        rows = [block.entries @ weights[block.columns] for block in self.instruments.blocks]
        return np.stack(rows)

    def by_cluster(self, values: Matrix) -> Matrix:
        """Sum the rows of units over clusters, shape (clusters, columns)."""
        total = np.zeros((int(self.clusters.max()) + 1, values.shape[1]))
        np.add.at(total, self.clusters, values)
        return total


def one_step_weight(h: int, transform: Transform, periods: int, *, levels: bool) -> Matrix:
    """Return H, the covariance of the stacked errors that the one-step weight assumes, up to scale.

    With M the transforming matrix of a full unit: h=1 is the identity; h=2 is MM' and the identity without
    covariances between equations; h=3 has them, (M; I)(M; I)'. Roodman (2009), Stata Journal 9(1), section 2.
    """
    size = periods * (2 if levels else 1)
    if h == 1:
        return np.eye(size)
    matrix = transform_matrix(periods, transform)
    stacked = np.vstack([matrix, np.eye(periods)]) if levels else matrix
    weight = stacked @ stacked.T
    if h == 2 and levels:
        weight[:periods, periods:] = weight[periods:, :periods] = 0.0
    # M M' is diagonal for orthogonal deviations but for rounding, which would only cost time.
    weight[np.abs(weight) < 1e-14] = 0.0
    return weight


def weighted_cross(instruments: InstrumentSet, weight: Matrix) -> Matrix:
    """Return the sum over units of Z_i' H Z_i."""
    total = np.zeros((instruments.count, instruments.count))
    blocks = instruments.blocks
    for i, j in zip(*np.nonzero(np.triu(weight)), strict=True):
        a, b = blocks[i], blocks[j]
        if a.columns.size == 0 or b.columns.size == 0:
            continue
        part = weight[i, j] * (a.entries.T @ b.entries)
        total[np.ix_(a.columns, b.columns)] += part
        if i != j:
            total[np.ix_(b.columns, a.columns)] += part.T
    return total


@dataclass(frozen=True)
class Inverse:
    """A symmetric (generalised) inverse; `kept` marks the rows that are not combinations of others."""

    matrix: Matrix
    kept: Mask

    @property
    def rank(self) -> int:
        """Rows kept."""
        return int(self.kept.sum())


def symmetric_inverse(matrix: Matrix) -> Inverse:
    """Invert a positive semidefinite matrix; where it is singular, leave out rows until it is not.

    The rows left out are zero in the answer. Rows enter by the largest remaining pivot, as in Stata's
    `invsym()`, so that a singular two-step weight gives the numbers of xtabond2 and not those of a
    Moore-Penrose inverse.
    """
    size = matrix.shape[0]
    kept = np.ones(size, dtype=np.bool_) if _well_conditioned(matrix) else _pivoted(matrix)
    inverse = np.zeros((size, size))
    part = matrix[np.ix_(kept, kept)]
    scale = 1.0 / np.sqrt(np.diag(part))
    lower = np.linalg.inv(np.linalg.cholesky(part * np.outer(scale, scale)))
    inverse[np.ix_(kept, kept)] = (lower.T @ lower) * np.outer(scale, scale)
    return Inverse(inverse, kept)


def _well_conditioned(matrix: Matrix) -> bool:
    diagonal = np.diag(matrix)
    if np.any(diagonal <= 0):
        return False
    scale = 1.0 / np.sqrt(diagonal)
    try:
        lower = np.linalg.cholesky(matrix * np.outer(scale, scale))
    except np.linalg.LinAlgError:
        return False
    return bool(np.min(np.diag(lower)) ** 2 > RANK_TOLERANCE)


def _pivoted(matrix: Matrix) -> Mask:
    """Return the rows that a Cholesky decomposition with diagonal pivoting keeps."""
    rest = matrix.copy()
    floor = RANK_TOLERANCE * np.diag(matrix)
    open_rows = np.ones(matrix.shape[0], dtype=np.bool_)
    kept = np.zeros(matrix.shape[0], dtype=np.bool_)
    while True:
        pivots = np.diag(rest).copy()
        open_rows &= pivots > floor
        if not open_rows.any():
            return kept
        row = int(np.argmax(np.where(open_rows, pivots, -np.inf)))
        kept[row], open_rows[row] = True, False
        rest -= np.outer(rest[:, row], rest[row] / rest[row, row])


@dataclass(frozen=True)
class Fit:
    """One and two steps on one stack, all that variances and tests need.

    Weights are not scaled by the error variance; `sigma2` holds it by step, divided by `equations`, the
    transformed rows. `bread` is (X'Z A Z'X)^-1 by step, `S` the covariance of the moments at the one-step
    residuals. With too few clusters for a second step, all of that step is nan.
    """

    ZX: Matrix
    Zy: Vector
    weights: tuple[Inverse, Inverse]
    S: Matrix
    beta: tuple[Vector, Vector]
    bread: tuple[Matrix, Matrix]
    residuals: tuple[Cube, Cube]
    scores: Matrix
    sigma2: tuple[float, float]
    equations: int

    @property
    def has_second_step(self) -> bool:
        """Whether the clusters are many enough for a two-step weight that identifies the coefficients."""
        return bool(np.isfinite(self.beta[1]).all())

    def moments(self, step: int) -> Vector:
        """Return Z'e of a step (0 or 1)."""
        return self.Zy - self.ZX @ self.beta[step]

    def influence(self, step: int) -> Matrix:
        """Return (X'Z A Z'X)^-1 X'Z A, which maps moments to coefficients."""
        return self.bread[step] @ self.ZX.T @ self.weights[step].matrix


def fit_moments(stack: Stack) -> Fit:
    """Estimate by one and by two steps.

    Raises
    ------
    EstimationError
        The instruments do not identify the coefficients.
    """
    crossed = stack.crossed(np.concatenate([stack.X, stack.y[:, :, None]], axis=2))
    ZX, Zy = crossed[:, :-1], crossed[:, -1]
    H = one_step_weight(stack.h, stack.transform, stack.periods, levels=stack.has_levels)
    first = symmetric_inverse(weighted_cross(stack.instruments, H))
    bread1, beta1, directions = _solved(ZX, Zy, first)
    if directions < ZX.shape[1]:
        raise EstimationError(
            f"the instruments do not identify the model: {first.rank} independent instruments give "
            f"{directions} directions for {ZX.shape[1]} coefficients; add instruments or leave regressors out"
        )
    e1 = stack.residuals(beta1)
    scores = stack.scores(e1)
    summed = stack.by_cluster(scores)
    S = summed.T @ summed
    second = symmetric_inverse(S)
    bread2, beta2, _ = _solved(ZX, Zy, second)
    e2 = stack.residuals(beta2)
    rows = slice(stack.periods, None) if stack.h == 1 and stack.has_levels else slice(stack.periods)
    equations = int(stack.sample[rows].sum())
    # The variance of a first difference is twice that of the error.
    divisor = equations * (2 if stack.transform == "fd" and stack.h > 1 else 1)
    return Fit(
        ZX, Zy, (first, second), S, (beta1, beta2), (bread1, bread2), (e1, e2), scores,
        (float((e1[rows] ** 2).sum()) / divisor, float((e2[rows] ** 2).sum()) / divisor), equations,
    )  # fmt: skip


def _solved(ZX: Matrix, Zy: Vector, weight: Inverse) -> tuple[Matrix, Vector, int]:
    """Return (X'Z A Z'X)^-1, the coefficients and the rank; nan where they are not identified."""
    inner = symmetric_inverse(ZX.T @ weight.matrix @ ZX)
    if inner.rank < ZX.shape[1]:
        return np.full_like(inner.matrix, np.nan), np.full(ZX.shape[1], np.nan), inner.rank
    return inner.matrix, inner.matrix @ (ZX.T @ (weight.matrix @ Zy)), inner.rank


def robust_covariance(fit: Fit) -> Matrix:
    """Return the covariance of the one-step estimate, robust to any pattern within clusters."""
    influence = fit.influence(0)
    return influence @ fit.S @ influence.T


def corrected_covariance(stack: Stack, fit: Fit) -> Matrix:
    """Return the two-step covariance with the finite-sample correction of Windmeijer.

    Notes
    -----
    V + D V + V D' + D V1 D', V1 the robust one-step covariance and column k of D
    V X'Z A2 (dS/db_k) A2 Z'e2. Windmeijer (2005), J. Econometrics 126(1), equation 3.3.
    """
    lagrange = fit.weights[1].matrix @ fit.moments(1)
    clusters = stack.clusters
    along = (stack.by_cluster(fit.scores) @ lagrange)[clusters]
    slopes = stack.crossed(stack.X * along[None, :, None])
    projected = (stack.projected(lagrange)[:, :, None] * stack.X).sum(axis=0)
    slopes += stack.by_cluster(fit.scores).T @ stack.by_cluster(projected)
    D = fit.influence(1) @ slopes
    V = fit.bread[1]
    corrected = V + D @ V + V @ D.T + D @ robust_covariance(fit) @ D.T
    return (corrected + corrected.T) / 2
