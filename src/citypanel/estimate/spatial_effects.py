"""Direct, indirect and total effects of spatial models, with delta-method and simulated standard errors.

S = (I - rho W)^-1 (b I + theta W); direct = tr(S)/N, total = sum(S)/N (LeSage and Pace 2009, section 2.7).
Traces come from tr(G), G = W (I - rho W)^-1; sums from a short Krylov basis started at the vector of ones.
"""

from dataclasses import dataclass

import numpy as np

from citypanel.arrays import Mask, Matrix, Vector
from citypanel.estimate.spatial_operator import WeightsMatrix
from citypanel.estimate.spatial_panel import SpatialLayout

KRYLOV = 150  # vectors at most; row-standardised weights stop after the first


@dataclass(frozen=True)
class SummedInverse:
    """1'(I - rho W)^-1 1 and 1'(I - rho W)^-1 W 1 for any rho, on a basis of Krylov's space of W and 1.

    With as many vectors as units the values are exact; with fewer the error falls geometrically (Arnoldi's
    full orthogonalisation method).
    """

    projected: Matrix
    size: int

    @classmethod
    def of(cls, matrix: WeightsMatrix) -> "SummedInverse":
        """Build the basis; it ends early where the space is exhausted."""
        size = matrix.shape[0]
        most = min(size, KRYLOV)
        basis = np.zeros((size, most))
        projected = np.zeros((most, most))
        basis[:, 0] = 1.0 / np.sqrt(size)
        for step in range(most):
            new = np.asarray(matrix @ basis[:, step])
            length = np.linalg.norm(new)
            for _ in range(2):
                part = basis[:, : step + 1].T @ new
                projected[: step + 1, step] += part
                new = new - basis[:, : step + 1] @ part
            rest = float(np.linalg.norm(new))
            if rest <= 1e-13 * length or step + 1 == most:
                return cls(projected[: step + 1, : step + 1], size)
            projected[step + 1, step] = rest
            basis[:, step + 1] = new / rest
        return cls(projected, size)

    def at(self, rhos: Vector) -> tuple[Vector, Vector, Vector, Vector]:
        """Return both sums and their derivatives in rho, each of shape (rhos,)."""
        steps = self.projected.shape[0]
        first = np.eye(steps)[:, :1]
        values = np.empty((4, rhos.size))
        at_once = max(1, 1_000_000 // steps**2)
        for start in range(0, rhos.size, at_once):
            some = slice(start, start + at_once)
            systems = np.eye(steps) - rhos[some, None, None] * self.projected
            inverse = np.linalg.solve(systems, np.broadcast_to(first, (*systems.shape[:2], 1)))
            lagged = self.projected @ inverse
            slope = np.linalg.solve(systems, lagged)
            values[:, some] = [
                inverse[:, 0, 0],
                lagged[:, 0, 0],
                slope[:, 0, 0],
                (self.projected @ slope)[:, 0, 0],
            ]
        scaled = self.size * values
        return scaled[0], scaled[1], scaled[2], scaled[3]


@dataclass(frozen=True)
class Multipliers:
    """What turns b and theta into effects at one rho or at many.

    direct = b own + theta neighbour, total = b all_own + theta all_neighbour, at each rho.
    """

    own: Vector
    neighbour: Vector
    all_own: Vector
    all_neighbour: Vector


def multipliers(layout: SpatialLayout, rhos: Vector) -> Multipliers:
    """Return the multipliers for each rho, averaged over all rows."""
    own, neighbour, all_own, all_neighbour = (np.zeros(rhos.size) for _ in range(4))
    for block in layout.blocks:
        share = block.periods / layout.n
        trace = block.operator.first_traces(rhos)
        sums = SummedInverse.of(block.operator.matrix).at(rhos)
        own += share * (block.operator.size + rhos * trace)
        neighbour += share * trace
        all_own += share * sums[0]
        all_neighbour += share * sums[1]
    return Multipliers(own, neighbour, all_own, all_neighbour)


def multiplier_slopes(layout: SpatialLayout, rho: float) -> Multipliers:
    """Return the derivatives of the multipliers in rho: d tr(G) = tr(G^2), d A^-1 = A^-1 W A^-1."""
    own, neighbour, all_own, all_neighbour = (np.zeros(1) for _ in range(4))
    for block in layout.blocks:
        share = block.periods / layout.n
        first, square = block.operator.simple_traces(rho)
        sums = SummedInverse.of(block.operator.matrix).at(np.array([rho]))
        own += share * (first + rho * square)
        neighbour += share * square
        all_own += share * sums[2]
        all_neighbour += share * sums[3]
    return Multipliers(own, neighbour, all_own, all_neighbour)


@dataclass(frozen=True)
class Effect:
    """One effect of one regressor.

    `mc_mean`, `mc_sd` run over all draws as xsmle's do; `mc_mean_stable`, `mc_sd_stable` leave out the
    `mc_unstable` draws whose rho is outside the stable range, where no effect exists.
    """

    term: str
    effect: str
    estimate: float
    se: float
    mc_mean: float
    mc_sd: float
    mc_mean_stable: float
    mc_sd_stable: float
    mc_unstable: int


EFFECTS = ("direct", "indirect", "total")


def lag_effects(
    layout: SpatialLayout,
    *,
    names: list[str],
    parameters: Vector,
    covariance: Matrix,
    places: list[tuple[int, int | None]],
    draws: Matrix,
) -> list[Effect]:
    """Return the effects of a model with a spatially lagged outcome.

    Parameters
    ----------
    parameters, covariance : arrays, shape (p,) and (p, p)
        Slopes first, rho last.
    places : list of pairs
        Where b and theta of each name stand among the parameters; theta is None without W x.
    draws : array, shape (draws, p)
        From the normal distribution of the estimates.
    """
    rho = float(parameters[-1])
    at = multipliers(layout, np.array([rho]))
    slope = multiplier_slopes(layout, rho)
    stable = (draws[:, -1] > layout.low) & (draws[:, -1] < layout.high)
    drawn = multipliers(layout, draws[:, -1])
    effects = []
    for name, (b_at, theta_at) in zip(names, places, strict=True):
        b, theta = parameters[b_at], 0.0 if theta_at is None else parameters[theta_at]
        point = _three(at, b, theta)[:, 0]
        gradient = np.zeros((3, parameters.size))
        gradient[:, b_at] = _three(at, 1.0, 0.0)[:, 0]
        if theta_at is not None:
            gradient[:, theta_at] = _three(at, 0.0, 1.0)[:, 0]
        gradient[:, -1] = _three(slope, b, theta)[:, 0]
        se = np.sqrt(np.einsum("ij,jk,ik->i", gradient, covariance, gradient))
        simulated = _three(drawn, draws[:, b_at], 0.0 if theta_at is None else draws[:, theta_at])
        effects += [
            Effect(name, effect, float(point[i]), float(se[i]), *_moments(simulated[i], stable))
            for i, effect in enumerate(EFFECTS)
        ]
    return effects


def _three(at: Multipliers, b: float | Vector, theta: float | Vector) -> Matrix:
    direct = b * at.own + theta * at.neighbour
    total = b * at.all_own + theta * at.all_neighbour
    return np.stack([direct, total - direct, total])


def _moments(simulated: Vector, stable: Mask) -> tuple[float, float, float, float, int]:
    """Return mean and standard deviation of all draws, the same of the stable ones, and how many are not."""
    kept = simulated[stable]
    mean = float(kept.mean()) if kept.size else float("nan")
    return (float(simulated.mean()), _sd(simulated), mean, _sd(kept), int(simulated.size - kept.size))


def _sd(values: Vector) -> float:
    return float(values.std(ddof=1)) if values.size > 1 else float("nan")


def draw_parameters(parameters: Vector, covariance: Matrix, draws: int, seed: int) -> Matrix:
    """Return draws from the normal distribution of the estimates, shape (draws, p).

    The factor of the covariance is Cholesky's of the correlations, so that draws do not depend on units.
    """
    size = np.sqrt(np.diag(covariance))
    factor = np.linalg.cholesky(covariance / np.outer(size, size))
    standard = np.random.default_rng(seed).standard_normal((draws, parameters.size))
    return np.asarray(parameters + (standard @ factor.T) * size)
