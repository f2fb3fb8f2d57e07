"""Linear quantile regression solved exactly: interior point to the neighbourhood, simplex steps to the vertex."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import qr

from citypanel.arrays import Codes, Mask, Matrix, Vector
from citypanel.errors import EstimationError

INNER = 60  # interior-point iterations; 10 to 25 are usual
PIVOTS = 2000
WIDE = 60  # columns from which HiGHS with its sparse factors is faster than dense steps (50 times at 310)


@dataclass(frozen=True)
class QuantileFit:
    """A quantile regression.

    Attributes
    ----------
    coefficients : array, shape (k,)
    objective : float
        Sum of the check function at the solution; unique even where the solution is not.
    residual : array, shape (n,)
    """

    coefficients: Vector
    objective: float
    residual: Vector


def check_loss(residual: Vector, tau: float) -> float:
    """Return the sum of the check function."""
    return float(np.sum(residual * (tau - (residual < 0))))


def fit_quantile(y: Vector, X: Matrix, tau: float, weights: Vector | None = None) -> QuantileFit:
    """Fit the tau-quantile of y given X.

    Parameters
    ----------
    y : array, shape (n,)
    X : array, shape (n, k)
        Linearly independent columns.
    tau : float
        Strictly between 0 and 1.
    weights : array, shape (n,), optional
        Frequency weights.

    Raises
    ------
    EstimationError
        Fewer rows than columns.

    Notes
    -----
    Koenker and Bassett (1978); interior point of Portnoy and Koenker (1997), Statistical Science 12(4); the
    last steps are those of the simplex method of Barrodale and Roberts, so that k residuals are exactly zero.
    """
    n, k = X.shape
    if n < k or k == 0:
        raise EstimationError(
            f"a quantile regression needs at least {max(k, 1)} rows and a regressor; there are {n} rows"
        )
    scale = np.sqrt(np.mean(X**2, axis=0))
    size = float(np.std(y)) or 1.0
    w = np.ones(n) if weights is None else weights
    use = w > 0
    Z, v = (X / scale)[use] * w[use, None], (y / size)[use] * w[use]
    b = _by_highs(v, Z, tau) if k >= WIDE else _exact(v, Z, tau)
    coefficients = b * size / scale
    residual = y - X @ coefficients
    residual[np.abs(residual) < (1e-9 if k >= WIDE else 1e-11) * size] = 0.0
    return QuantileFit(coefficients, check_loss(residual * w, tau), residual)


def _exact(y: Vector, X: Matrix, tau: float) -> Vector:
    """Interior point, then simplex steps; where a tiny sample makes a system of theirs singular, HiGHS."""
    try:
        return _to_vertex(y, X, tau, _interior_point(y, X, tau))
    except np.linalg.LinAlgError:
        return _by_highs(y, X, tau)


def _interior_point(y: Vector, X: Matrix, tau: float) -> Vector:
    """Mehrotra's predictor and corrector on the dual: max y'a with X'a = (1 - tau) X'1 and 0 <= a <= 1."""
    n = y.size
    a: Vector = np.full(n, 1.0 - tau)
    s: Vector = 1.0 - a
    b: Vector = np.asarray(np.linalg.lstsq(X, y, rcond=None)[0], dtype=np.float64)
    r = y - X @ b
    r = np.where(np.abs(r) < 1e-3, r + np.where(r >= 0, 1e-3, -1e-3), r)
    spread = 0.1 * max(float(np.mean(np.abs(r))), 1e-3)
    w: Vector = np.maximum(r, 0.0) + spread
    z: Vector = np.maximum(-r, 0.0) + spread
    target = (1.0 - tau) * X.sum(axis=0)
    for _ in range(INNER):
        gap = float(a @ z + s @ w)
        if gap < 1e-10 * n:
            break
        b, a, s, w, z = _newton_step((y, X, target), (b, a, s, w, z), gap / n)
    return b


State = tuple[Vector, Vector, Vector, Vector, Vector]


def _newton_step(problem: tuple[Vector, Matrix, Vector], state: State, mean_gap: float) -> State:
    """One predictor-corrector step; z belongs to a >= 0 and w to a <= 1, y = X b - z + w at the optimum."""
    y, X, target = problem
    b, a, s, w, z = state
    theta = 1.0 / (z / a + w / s)
    dual_rest = y - X @ b + z - w
    primal_rest = target - X.T @ a
    gram = (X * theta[:, None]).T @ X + 1e-14 * np.eye(X.shape[1])

    def solve(cz: Vector, cw: Vector) -> State:
        h = dual_rest + (cz / a) - (cw / s)
        db: Vector = np.asarray(np.linalg.solve(gram, X.T @ (theta * h) - primal_rest), dtype=np.float64)
        da = theta * (h - X @ db)
        return db, da, -da, (cw + w * da) / s, (cz - z * da) / a

    db, da, ds, dw, dz = solve(-a * z, -s * w)
    primal, dual = min(_reach(a, da), _reach(s, ds)), min(_reach(w, dw), _reach(z, dz))
    ahead = float((a + primal * da) @ (z + dual * dz) + (s + primal * ds) @ (w + dual * dw)) / y.size
    centre = mean_gap * (ahead / mean_gap) ** 3 / 2.0
    db, da, ds, dw, dz = solve(centre - a * z - da * dz, centre - s * w - ds * dw)
    primal = min(1.0, 0.9995 * min(_reach(a, da), _reach(s, ds)))
    dual = min(1.0, 0.9995 * min(_reach(w, dw), _reach(z, dz)))
    return b + dual * db, a + primal * da, s + primal * ds, w + dual * dw, z + dual * dz


def _reach(value: Vector, move: Vector) -> float:
    down = move < 0
    return float(np.min(-value[down] / move[down])) if down.any() else 1e10


def _to_vertex(y: Vector, X: Matrix, tau: float, b: Vector) -> Vector:
    """Walk from a near solution to the exact one along edges of the polyhedron."""
    basis = _independent_rows(X, np.abs(y - X @ b))
    b = np.asarray(np.linalg.solve(X[basis], y[basis]), dtype=np.float64)
    best = check_loss(y - X @ b, tau)
    for _ in range(PIVOTS):
        move = _pivot(y, X, tau, basis, b)
        if move is None:
            return b
        basis, b = move
        loss = check_loss(y - X @ b, tau)
        if loss >= best:  # a degenerate corner: the optimum is reached up to rounding, or needs a full solver
            return b if loss <= best * (1 + 1e-13) and _is_optimal(y, X, tau, b) else _by_highs(y, X, tau)
        best = loss
    return _by_highs(y, X, tau)


def _independent_rows(X: Matrix, distance: Vector) -> Codes:
    """Return k linearly independent rows, the smallest distances first."""
    k = X.shape[1]
    order = np.argsort(distance, kind="stable")
    length = np.linalg.norm(X, axis=1)
    order = order[length[order] > 0]
    count = 2 * k
    while True:
        near = order[: min(count, order.size)]
        chosen = _leading_rows(X[near])
        if chosen.size == k:
            return np.asarray(near[chosen], dtype=np.intp)
        if count >= order.size:
            raise EstimationError("the regressors are collinear; leave one of them out")
        count *= 4


def _leading_rows(rows: Matrix) -> Codes:
    """Return the first rows that are independent of those before them (as many as there is rank)."""
    upper = np.linalg.qr((rows / np.linalg.norm(rows, axis=1)[:, None]).T, mode="r")
    k = rows.shape[1]
    if rows.shape[0] >= k and np.min(np.abs(np.diag(upper)[:k])) > 1e-7:
        return np.arange(k)
    _, triangle, order = qr((rows / np.linalg.norm(rows, axis=1)[:, None]).T, mode="economic", pivoting=True)
    rank = int(np.sum(np.abs(np.diag(triangle)) > 1e-9 * abs(triangle[0, 0])))
    return np.asarray(np.sort(order[:rank]), dtype=np.intp)


def _pivot(y: Vector, X: Matrix, tau: float, basis: Codes, b: Vector) -> tuple[Codes, Vector] | None:
    """Leave the basic row that violates optimality most; None at the optimum."""
    residual = y - X @ b
    inside = np.zeros(y.size, dtype=np.bool_)
    inside[basis] = True
    residual[inside] = 0.0
    inverse = np.linalg.inv(X[basis])
    pull = (tau - (residual < 0)) * ~inside
    multiplier = -(pull @ X) @ inverse
    excess = np.maximum(multiplier - tau, (tau - 1.0) - multiplier)
    worst = int(np.argmax(excess))
    if excess[worst] <= 1e-9:
        return None
    sign = 1.0 if multiplier[worst] > tau else -1.0
    direction = -sign * inverse[:, worst]
    along = X @ direction
    enters = _line_search(residual, along, tau, inside)
    if enters is None:
        return None
    new = basis.copy()
    new[worst] = enters
    return new, np.asarray(np.linalg.solve(X[new], y[new]), dtype=np.float64)


def _line_search(residual: Vector, along: Vector, tau: float, inside: Mask) -> int | None:
    """Return the row whose residual is zero at the minimum along the ray residual - t * along, t > 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        at = residual / along
    ahead = np.flatnonzero(~inside & (np.abs(along) > 1e-12) & (at >= 0) & np.isfinite(at))
    crossing = ahead[(residual[ahead] != 0) | (along[ahead] != 0)]
    if crossing.size == 0:
        return None
    order = crossing[np.argsort(at[crossing], kind="stable")]
    right = np.where(residual > 0, tau, np.where(residual < 0, tau - 1.0, np.where(along < 0, tau, tau - 1.0)))
    left_basis = np.where(along < 0, tau, tau - 1.0)
    slope = -float(np.sum(np.where(inside, left_basis, right) * along))
    total = slope + np.cumsum(np.abs(along[order]))
    passed = np.flatnonzero(total >= -1e-12)
    return int(order[passed[0]]) if passed.size else None


def _is_optimal(y: Vector, X: Matrix, tau: float, b: Vector) -> bool:
    """Whether zero lies in the subdifferential, zero residuals counted with every slope they allow."""
    from scipy.optimize import lsq_linear  # noqa: PLC0415 - only degenerate samples come here

    residual = y - X @ b
    zero = np.abs(residual) <= 1e-10 * max(float(np.abs(y).max()), 1.0)
    pull = ((tau - (residual < 0)) * ~zero) @ X
    answer = lsq_linear(X[zero].T, -pull, bounds=(tau - 1.0, tau))
    return bool(np.max(np.abs(answer.fun)) <= 1e-7 * max(float(np.abs(X).sum(axis=0).max()), 1.0))


def _by_highs(y: Vector, X: Matrix, tau: float) -> Vector:
    """Solve the dual programme with HiGHS; its multipliers are the coefficients."""
    from scipy.optimize import linprog  # noqa: PLC0415 - only wide and degenerate samples come here
    from scipy.sparse import csr_array  # noqa: PLC0415

    answer = linprog(-y, A_eq=csr_array(X.T), b_eq=(1.0 - tau) * X.sum(axis=0), bounds=(0.0, 1.0), method="highs")
    if answer.status != 0:
        raise EstimationError(f"the quantile regression did not solve: {answer.message}")
    solution: Vector = -np.asarray(answer.eqlin.marginals)
    return solution
