"""The concentrated likelihood of spatial panel models and its maximum.

One model holds all: (I - rho W) y = X b + u, (I - lambda W) u = e. Without lambda it is the lag model (SAR,
and SDM with W X among the regressors), without rho the error model (SEM), with both SAC. The rows enter once,
as three small matrices of cross-products; what is left is a function of rho and lambda alone.

Sources: Anselin (1988), Spatial Econometrics, ch. 6 and 12; Elhorst (2014), Spatial Econometrics, ch. 3;
Lee and Yu (2010), J. Econometrics 154(2), for the transformed likelihood.
"""

from dataclasses import dataclass

import numpy as np
from scipy import linalg, optimize

from citypanel.arrays import Matrix, Vector
from citypanel.errors import EstimationError
from citypanel.estimate.spatial_operator import Traces
from citypanel.estimate.spatial_panel import SpatialLayout

GRID = 41  # points on which the maximum is first looked for; the likelihood may have more than one
COARSE = 13  # the same for two parameters, per side
EDGE = 1e-9  # share of the stable range kept off its ends


@dataclass(frozen=True)
class Determinants:
    """ln|I - rho W| summed over periods.

    `spent` periods are used up by the transformation of unit effects; `centred` drops the eigenvalue 1
    that the transformation of time effects removes.
    """

    layout: SpatialLayout
    spent: int = 0
    centred: bool = False

    def logs(self, rhos: Vector) -> Vector:
        """Return the sum of log-determinants for each rho."""
        total = np.zeros(rhos.size)
        for block in self.layout.blocks:
            logs = block.operator.log_determinants(rhos)
            total += (block.periods - self.spent) * (logs - np.log(1.0 - rhos) if self.centred else logs)
        return total

    def traces(self, rho: float) -> Traces:
        """Return the traces of G summed over periods; `gram` is already centred where it must be."""
        sums = np.zeros(3)
        for block in self.layout.blocks:
            found = block.operator.traces(rho)
            gram = found.centred_gram if self.centred else found.gram
            one = 1.0 / (1.0 - rho) if self.centred else 0.0
            sums += (block.periods - self.spent) * np.array([found.first - one, found.square - one**2, gram])
        return Traces(float(sums[0]), float(sums[1]), float(sums[2]), float(sums[2]))

    def simple_traces(self, rho: float) -> tuple[float, float]:
        """Return tr(G) and tr(G G) summed over periods."""
        first = square = 0.0
        for block in self.layout.blocks:
            found = block.operator.simple_traces(rho)
            one = 1.0 / (1.0 - rho) if self.centred else 0.0
            first += (block.periods - self.spent) * (found[0] - one)
            square += (block.periods - self.spent) * (found[1] - one**2)
        return first, square

    def cross(self, left: float, right: float) -> tuple[float, float]:
        """Return tr(G_l G_r) and tr(G_l'G_r) summed over periods."""
        square = gram = 0.0
        for block in self.layout.blocks:
            plain, full, centred = block.operator.cross_trace(left, right)
            one = 1.0 / ((1.0 - left) * (1.0 - right)) if self.centred else 0.0
            square += (block.periods - self.spent) * (plain - one)
            gram += (block.periods - self.spent) * (centred if self.centred else full)
        return square, gram


@dataclass(frozen=True)
class Problem:
    """What the likelihood needs.

    Columns of `now`, shape (rows, 2 + k), are y, W y and the regressors, effects taken out; `lagged` holds W
    times each of them. `n` is the number of free rows: rows less what a transformation used up.
    """

    now: Matrix
    lagged: Matrix
    n: int
    determinants: Determinants
    lag: bool
    error: bool


@dataclass(frozen=True)
class Maximum:
    """Estimates at the maximum; `rho` or `lam` is 0 where the model has none."""

    rho: float
    lam: float
    beta: Vector
    sigma2: float
    loglik: float
    at_boundary: bool


@dataclass(frozen=True)
class Concentrated:
    """The likelihood as a function of rho and lambda.

    y and W y enter as residuals on the regressors, and the regressors as an orthonormal basis: the same
    likelihood, without the digits that cross-products of raw columns lose.
    """

    problem: Problem
    plain: Matrix
    mixed: Matrix
    lagged: Matrix
    to_beta: Matrix
    start: Matrix

    @classmethod
    def of(cls, problem: Problem) -> "Concentrated":
        """Form the cross-products."""
        basis, upper = np.linalg.qr(problem.now[:, 2:])
        on_basis = basis.T @ problem.now[:, :2]
        back = linalg.solve_triangular(upper, np.eye(upper.shape[0]))
        change = np.zeros((problem.now.shape[1],) * 2)
        change[:2, :2] = np.eye(2)
        change[2:, :2] = -back @ on_basis
        change[2:, 2:] = back
        now = np.column_stack([problem.now[:, :2] - basis @ on_basis, basis])
        then = problem.lagged @ change
        mixed = now.T @ then
        return cls(problem, now.T @ now, mixed + mixed.T, then.T @ then, back, on_basis)

    def _residual(self, rho: float, lam: float) -> tuple[Vector, Matrix]:
        """Return q with residual = (B [y, Wy, X]) q, and the cross-products of B [y, Wy, X]."""
        crossed = self.plain - lam * self.mixed + lam**2 * self.lagged
        target = np.array([1.0, -rho])
        _, slopes, failed = linalg.lapack.dposv(crossed[2:, 2:], crossed[2:, :2] @ target)
        if failed:
            # Beside lambda = 1 a filtered intercept vanishes; the determinant rules that corner out.
            slopes = np.linalg.lstsq(crossed[2:, 2:], crossed[2:, :2] @ target, rcond=None)[0]
        return np.concatenate([target, -slopes]), crossed

    def squares(self, rho: float, lam: float) -> float:
        """Return the residual sum of squares at its smallest over the slopes."""
        q, crossed = self._residual(rho, lam)
        return float(q @ crossed @ q)

    def slope_of_squares(self, rho: float, lam: float) -> Vector:
        """Return the derivatives of `squares` in rho and lambda, by the envelope theorem."""
        q, crossed = self._residual(rho, lam)
        return np.array([-2.0 * (crossed[1] @ q), q @ (2.0 * lam * self.lagged - self.mixed) @ q])

    def loglik(self, rho: float, lam: float) -> float:
        """Return the log-likelihood with all its constants, at the best slopes and variance."""
        problem = self.problem
        squares = self.squares(rho, lam)
        if squares <= 0:
            raise EstimationError("the regressors explain the outcome without residual; nothing is left to fit")
        value = -0.5 * problem.n * (np.log(2.0 * np.pi) + 1.0 + np.log(squares / problem.n))
        value += problem.determinants.logs(np.array([rho]))[0] if problem.lag else 0.0
        value += problem.determinants.logs(np.array([lam]))[0] if problem.error else 0.0
        return float(value)

    def score(self, rho: float, lam: float) -> Vector:
        """Return the derivatives of `loglik` in rho and lambda."""
        problem = self.problem
        slope = -0.5 * problem.n * self.slope_of_squares(rho, lam) / self.squares(rho, lam)
        for place, value in self._used(rho, lam):
            slope[place] -= problem.determinants.simple_traces(value)[0]
        return slope

    def curvature(self, rho: float, lam: float) -> Matrix:
        """Return the second derivatives: traces exactly, squares by central differences of their slope."""
        step = 1e-5
        curved = np.empty((2, 2))
        for place, (d_rho, d_lam) in enumerate(((step, 0.0), (0.0, step))):
            ahead = self._log_slope(rho + d_rho, lam + d_lam)
            behind = self._log_slope(rho - d_rho, lam - d_lam)
            curved[place] = (ahead - behind) / (2.0 * step)
        for place, value in self._used(rho, lam):
            curved[place, place] -= self.problem.determinants.simple_traces(value)[1]
        return 0.5 * (curved + curved.T)

    def _used(self, rho: float, lam: float) -> list[tuple[int, float]]:
        return [*([(0, rho)] if self.problem.lag else []), *([(1, lam)] if self.problem.error else [])]

    def _log_slope(self, rho: float, lam: float) -> Vector:
        return np.asarray(-0.5 * self.problem.n * self.slope_of_squares(rho, lam) / self.squares(rho, lam))

    def slopes(self, rho: float, lam: float) -> Vector:
        """Return the slopes in the regressors' own units."""
        q, _ = self._residual(rho, lam)
        on_basis = self.start @ np.array([1.0, -rho]) - q[2:]
        return np.asarray(self.to_beta @ on_basis)


def maximise(problem: Problem) -> Maximum:
    """Find the maximum of the likelihood over the stable range.

    Raises
    ------
    EstimationError
        The regressors explain the outcome exactly, or are collinear.
    """
    concentrated = Concentrated.of(problem)
    layout = problem.determinants.layout
    margin = EDGE * (layout.high - layout.low)
    bounds = (layout.low + margin, layout.high - margin)
    free = [place for place, used in enumerate((problem.lag, problem.error)) if used]
    point = np.zeros(2)
    if len(free) == 1:
        point[free[0]] = _best_on_line(concentrated, free[0], bounds)
    elif free:
        point = _best_on_square(concentrated, bounds)
    if free:
        point = _polished(concentrated, point, free, bounds)
    rho, lam = float(point[0]), float(point[1])
    near = 1e-5 * (layout.high - layout.low)
    edge = any(min(point[i] - layout.low, layout.high - point[i]) < near for i in free)
    sigma2 = concentrated.squares(rho, lam) / problem.n
    return Maximum(rho, lam, concentrated.slopes(rho, lam), sigma2, concentrated.loglik(rho, lam), at_boundary=edge)


def _best_on_line(concentrated: Concentrated, place: int, bounds: tuple[float, float]) -> float:
    """Return the highest of a grid, refined by bounded Brent between its neighbours."""

    def loss(value: float) -> float:
        return -concentrated.loglik(*((value, 0.0) if place == 0 else (0.0, value)))

    grid = np.linspace(*bounds, GRID)
    heights = -0.5 * concentrated.problem.n * np.log(
        [concentrated.squares(*((g, 0.0) if place == 0 else (0.0, g))) for g in grid]
    ) + concentrated.problem.determinants.logs(grid)
    best = int(np.argmax(heights))
    around = (grid[max(best - 1, 0)], grid[min(best + 1, GRID - 1)])
    found = optimize.minimize_scalar(loss, bounds=around, method="bounded", options={"xatol": 1e-12})
    return float(found.x)


def _best_on_square(concentrated: Concentrated, bounds: tuple[float, float]) -> Vector:
    """Return the best of the local maxima that start from the three highest points of a coarse grid."""
    grid = np.linspace(*bounds, COARSE + 2)[1:-1]
    logs = concentrated.problem.determinants.logs(grid)
    heights = {
        (rho, lam): logs[i] + logs[j] - 0.5 * concentrated.problem.n * np.log(concentrated.squares(rho, lam))
        for i, rho in enumerate(grid)
        for j, lam in enumerate(grid)
    }
    starts = sorted(heights, key=lambda point: -heights[point])[:3]
    found = [
        optimize.minimize(
            lambda p: -concentrated.loglik(float(p[0]), float(p[1])),
            start,
            jac=lambda p: -concentrated.score(float(p[0]), float(p[1])),
            bounds=[bounds, bounds],
            method="L-BFGS-B",
        )
        for start in starts
    ]
    return np.asarray(min(found, key=lambda result: result.fun).x)


def _polished(concentrated: Concentrated, point: Vector, free: list[int], bounds: tuple[float, float]) -> Vector:
    """Return the point after Newton steps on the score: a maximum found by height is exact to 1e-8 only."""
    for _ in range(4):
        score = concentrated.score(*point)[free]
        curved = concentrated.curvature(*point)[np.ix_(free, free)]
        if np.any(np.linalg.eigvalsh(curved) >= 0):
            return point
        step = np.zeros(2)
        step[free] = np.linalg.solve(curved, -score)
        target = point + step
        outside = any(not bounds[0] < target[i] < bounds[1] for i in free)
        if outside or not 1e-13 < np.abs(step).max() < 1e-3:
            return point
        point = target
    return point
