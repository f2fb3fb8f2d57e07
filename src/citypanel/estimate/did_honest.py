"""How large may violations of parallel trends be before an effect is gone (Rambachan and Roth 2023)."""

from collections.abc import Callable
from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.special import ndtri

from citypanel.arrays import Matrix, Vector
from citypanel.errors import EstimationError
from citypanel.result import Row, Value

LEVEL = 0.05
SQRT2 = sqrt(2.0)


@dataclass(frozen=True)
class EventPath:
    """Coefficients of an event study around its base period, in order of event time.

    Attributes
    ----------
    before : int
        Number of coefficients before the base; the one nearest to the base comes last among them.
    estimates : array, shape (before + after,)
    covariance : array, shape (before + after, before + after)
    """

    before: int
    estimates: Vector
    covariance: Matrix

    @property
    def after(self) -> int:
        """Number of coefficients after the base."""
        return self.estimates.size - self.before


@dataclass(frozen=True)
class Sensitivity:
    """A confidence interval under one bound."""

    m: float
    ci_low: float
    ci_high: float


def target_weights(path: EventPath, target: str) -> Vector:
    """Return the weights of the effects after the base: the `first` one, or their `average`."""
    weights = np.zeros(path.after)
    if target == "first":
        weights[0] = 1.0
    else:
        weights[:] = 1.0 / path.after
    return weights


def require_path(path: EventPath) -> None:
    """Refuse an event study without coefficients on both sides of its base."""
    if path.before < 1 or path.after < 1:
        raise EstimationError("the sensitivity needs at least one coefficient before and one after the base period")


def relative_magnitudes(path: EventPath, weights: Vector, bounds: tuple[float, ...]) -> list[Sensitivity]:
    """Bound the change of the violation after treatment by m times its largest change before.

    Parameters
    ----------
    path : EventPath
    weights : array, shape (after,)
        Of the effects in the target.
    bounds : tuple of float
        Values of m.

    Notes
    -----
    Restriction Delta^RM(m) of Rambachan and Roth (2023), Review of Economic Studies 90(5), section 2.4.1. If the
    largest change before is change s with a given sign, the identified set is an interval whose ends are linear
    in the coefficients; its interval takes half the level on each side. The union over s and signs is valid
    whichever s is the true one, as in their section 5.3. It needs no simulation, and it may be wider than
    their conditional hybrid, which also uses that s is the largest change.
    """
    require_path(path)
    level = np.zeros(path.estimates.size)
    level[path.before :] = weights
    reach = float(np.sum(np.abs(np.cumsum(weights[::-1]))))
    changes = _changes_before(path.before, path.estimates.size)
    found = []
    for m in bounds:
        lows, highs = [], []
        for change in (*changes, *(-changes)):
            low = level - m * reach * change
            high = level + m * reach * change
            lows.append(float(low @ path.estimates) - _reach(low, path.covariance))
            highs.append(float(high @ path.estimates) + _reach(high, path.covariance))
        found.append(Sensitivity(m, min(lows), max(highs)))
    return found


def sensitivity_rows(
    path: EventPath, restriction: str, bounds: tuple[float, ...], target: str
) -> tuple[dict[str, Value], list[Row]]:
    """Return the statistics and the curve of a sensitivity analysis.

    Without `bounds`: 0, 0.5 ... 2 for `relative`; 0, 0.25 ... 1 standard errors of the target for `smoothness`.
    `breakdown_m` is the largest bound at which the interval leaves out zero; None if it holds zero at once.
    """
    require_path(path)
    weights = target_weights(path, target)
    level = np.concatenate([np.zeros(path.before), weights])
    se = float(np.sqrt(level @ path.covariance @ level))
    if not se > 0:
        raise EstimationError("the effect has no standard error; its sensitivity cannot be shown")
    method = relative_magnitudes if restriction == "relative" else smoothness
    unit = 1.0 if restriction == "relative" else se
    asked = bounds or tuple(unit * step / 4 * (2 if restriction == "relative" else 1) for step in range(5))
    rows: list[Row] = [
        {"restriction": restriction, "m": item.m, "ci_low": item.ci_low, "ci_high": item.ci_high}
        for item in method(path, weights, tuple(sorted(asked)))
    ]

    def excludes_zero(m: float) -> bool:
        found = method(path, weights, (m,))[0]
        return found.ci_low > 0 or found.ci_high < 0

    stats: dict[str, Value] = {
        "sensitivity": restriction,
        "sensitivity_target": target,
        "breakdown_m": _breakdown(excludes_zero, unit),
    }
    return stats, rows


def _breakdown(excludes_zero: Callable[[float], bool], step: float) -> float | None:
    if not excludes_zero(0.0):
        return None
    low, high = 0.0, step
    for _ in range(30):
        if not excludes_zero(high):
            break
        low, high = high, 2 * high
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if excludes_zero(middle) else (low, middle)
    return low


def _changes_before(before: int, size: int) -> Matrix:
    """Return the period-to-period changes before the base, the last of them into the base itself (zero)."""
    changes = np.zeros((before, size))
    for at in range(before):
        changes[at, at] = -1.0
        if at + 1 < before:
            changes[at, at + 1] = 1.0
    return changes


def _reach(weights: Vector, covariance: Matrix) -> float:
    return float(ndtri(1 - LEVEL / 2) * np.sqrt(max(float(weights @ covariance @ weights), 0.0)))


def smoothness(path: EventPath, weights: Vector, bounds: tuple[float, ...]) -> list[Sensitivity]:
    """Bound the change of the violation's slope between consecutive periods by m.

    Notes
    -----
    Restriction Delta^SD(m), section 2.4.3, with the optimal fixed-length interval of section 5.1 (Donoho 1994):
    among affine estimators the one whose worst-case interval is shortest. m = 0 is a linear trend through the
    coefficients before the base.
    """
    require_path(path)
    slope, bends = _bends(path.before, path.after)
    found = []
    for m in bounds:
        v, half = _shortest(path, weights, (slope, bends), m)
        centre = float(v @ path.estimates)
        found.append(Sensitivity(m, centre - half, centre + half))
    return found


def _bends(before: int, after: int) -> tuple[Vector, Matrix]:
    """Write a violation as a slope and bends: delta = slope * s + bends @ w.

    The slope is that of the step into the base; each w is a second difference, the first one at the base.
    """
    size = before + after
    slope = np.concatenate([-np.arange(before, 0, -1.0), np.arange(1.0, after + 1)])
    bends = np.zeros((size, (before - 1) + after))
    for t in range(1, after + 1):  # delta_t gains (t - j) from the bend at period j, 0 <= j < t
        for j in range(t):
            bends[before + t - 1, j] = t - j
    for t in range(2, before + 1):  # delta_-t gains (t - j) from the bend at period -j, 1 <= j < t
        for j in range(1, t):
            bends[before - t, after + j - 1] = t - j
    return slope, bends


def folded_quantile(bias: float, level: float = LEVEL) -> float:
    """Return the 1 - level quantile of |N(bias, 1)|."""
    if bias > 8:  # the far tail is below 1e-20
        return bias + float(ndtri(1 - level))

    def excess(c: float) -> float:
        return _phi(c - bias) - _phi(-c - bias) - (1 - level)

    return float(brentq(excess, 0.0, bias + 10.0, xtol=1e-14))


def _phi(x: float) -> float:
    return 0.5 * erfc(-x / SQRT2)


def _shortest(path: EventPath, weights: Vector, shape: tuple[Vector, Matrix], m: float) -> tuple[Vector, float]:
    """Minimise the half-length over the weights of the coefficients before the base.

    The worst bias is m times the sum of the absolute loads on the bends. Those are free variables u with
    -u <= loads <= u, which makes a smooth convex problem of it.
    """
    slope, bends = shape
    b, sigma = path.before, path.covariance
    particular = np.concatenate([np.zeros(b), weights])
    particular[:b] = -slope[:b] * float(slope[b:] @ weights) / float(slope[:b] @ slope[:b])
    null = np.linalg.svd(slope[None, :b])[2][1:].T
    directions = np.vstack([null, np.zeros((path.after, null.shape[1]))])
    k = null.shape[1]
    gls = -np.linalg.solve(directions.T @ sigma @ directions, directions.T @ sigma @ particular) if k else np.zeros(0)
    at_gls = particular + directions @ gls
    if m == 0 or k == 0:
        return at_gls, _half(at_gls, sigma, m * float(np.abs(bends.T @ at_gls).sum()))[0]

    def value(z: Vector) -> tuple[float, Vector]:
        v = particular + directions @ z[:k]
        length, by_v, by_bias = _half(v, sigma, m * float(z[k:].sum()))
        return length, np.concatenate([directions.T @ by_v, np.full(z.size - k, m * by_bias)])

    loads = bends.T @ directions
    jacobian = np.block([[-loads, np.eye(bends.shape[1])], [loads, np.eye(bends.shape[1])]])
    offset = np.concatenate([-bends.T @ particular, bends.T @ particular])
    constraint = {"type": "ineq", "fun": lambda z: jacobian @ z + offset, "jac": lambda _: jacobian}
    begin = np.concatenate([gls, np.abs(bends.T @ at_gls) + 1e-3])
    settings = {"ftol": 1e-14, "maxiter": 1000}
    answer = minimize(value, begin, jac=True, method="SLSQP", constraints=[constraint], options=settings)
    v = particular + directions @ answer.x[:k]
    half = _half(v, sigma, m * float(np.abs(bends.T @ v).sum()))[0]
    if not np.isfinite(half) or half > float(answer.fun) * (1 + 1e-6) + 1e-12:
        raise EstimationError(f"the shortest interval under smoothness m={m:g} was not found")
    return v, half


def _half(v: Vector, sigma: Matrix, bias: float) -> tuple[float, Vector, float]:
    """Return the half-length of the interval and its derivatives by v (bias fixed) and by the bias."""
    spread = float(np.sqrt(v @ sigma @ v))
    ratio = bias / spread
    c = folded_quantile(ratio)
    near, far = np.exp(-0.5 * (c - ratio) ** 2), np.exp(-0.5 * (c + ratio) ** 2)
    rate = float((near - far) / (near + far))
    return spread * c, (sigma @ v) / spread * (c - ratio * rate), rate
