"""Matching of treated with control rows on a score: kernel, radius, nearest neighbours."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse

from citypanel.arrays import Codes, Mask, Matrix, Vector
from citypanel.errors import EstimationError

Rule = Literal["kernel", "nearest", "radius"]
BLOCK = 2_000_000  # distances held at once

KERNELS: dict[str, Callable[[Matrix], Matrix]] = {
    "epanechnikov": lambda u: np.where(np.abs(u) < 1, 1 - u**2, 0.0),
    "normal": lambda u: np.exp(-0.5 * u**2),
    "biweight": lambda u: np.where(np.abs(u) < 1, (1 - u**2) ** 2, 0.0),
    "uniform": lambda u: np.where(np.abs(u) < 1, 1.0, 0.0),
    "tricube": lambda u: np.where(np.abs(u) < 1, (1 - np.abs(u) ** 3) ** 3, 0.0),
}


@dataclass(frozen=True)
class Matches:
    """Who is compared with whom.

    Attributes
    ----------
    treated : array of int, shape (matched treated,)
        Positions of the treated rows that have a match and lie on the support.
    control : array of int, shape (controls,)
        Positions of all control rows.
    shares : sparse array, shape (matched treated, controls)
        Rows sum to one.
    off_support, unmatched : int
        Treated rows left out because of the common support, and for want of a neighbour.
    """

    treated: Codes
    control: Codes
    shares: sparse.csr_array
    off_support: int
    unmatched: int

    def weights(self, rows: int) -> Vector:
        """Return how often each row counts: treated one, controls the sum of their shares."""
        weights = np.zeros(rows)
        weights[self.treated] = 1.0
        weights[self.control] = np.asarray(self.shares.sum(axis=0)).ravel()
        return weights


def common_support(score: Vector, treated: Mask) -> Mask:
    """Return which rows lie within the range of the controls' scores (the rule of psmatch2's `common`)."""
    control = score[~treated]
    inside: Mask = (score >= control.min()) & (score <= control.max()) | ~treated
    return inside


@dataclass(frozen=True)
class MatchRule:
    """How neighbours are found; defaults and names as in the options of `psm_did`."""

    match: Rule = "kernel"
    kernel: str = "epanechnikov"
    bandwidth: float = 0.06
    caliper: float | None = None
    neighbours: int = 1
    replace: bool = True
    order: Literal["data", "score"] = "data"
    ties: bool = True
    tie_tolerance: float = 1e-5
    support: bool = True


def find_matches(score: Vector, treated: Mask, rule: MatchRule) -> Matches:
    """Match every treated row.

    Parameters
    ----------
    score : array, shape (rows,)
    treated : array of bool, shape (rows,)
    rule : MatchRule

    Raises
    ------
    EstimationError
        No treated row lies on the support or finds a neighbour.

    Notes
    -----
    With `ties`, all controls whose squared distance, in standard deviations of the score, is within
    `tie_tolerance` of the nearest one's count alike (the rule of R's Matching). Without, the first in the
    order of the data is taken. A caliper is a distance of scores.
    """
    on_support = common_support(score, treated) if rule.support else np.ones(score.size, dtype=np.bool_)
    seekers = np.flatnonzero(treated & on_support)
    controls = np.flatnonzero(~treated)
    off = int(np.count_nonzero(treated)) - seekers.size
    if seekers.size == 0:
        raise EstimationError(
            "no treated row lies within the range of the controls' scores: the common support is empty"
        )
    if rule.match == "nearest" and not rule.replace:
        shares = _greedy(score[seekers], score[controls], rule)
    else:
        deviation = float(np.std(score, ddof=1)) or 1.0
        per_block = max(1, BLOCK // controls.size)
        starts = range(0, seekers.size, per_block)
        blocks = [_shares(score[seekers[s : s + per_block]], score[controls], rule, deviation) for s in starts]
        shares = sparse.csr_array(sparse.vstack(blocks, format="csr"))
    found = np.asarray(shares.sum(axis=1)).ravel() > 0
    if not found.any():
        raise EstimationError(_nobody(rule))
    return Matches(seekers[found], controls, sparse.csr_array(shares[found]), off, int((~found).sum()))


def _nobody(rule: MatchRule) -> str:
    width = f"bandwidth={rule.bandwidth:g}" if rule.match == "kernel" else f"caliper={rule.caliper:g}"
    return f"no treated row has a control within {width}; widen it or change the score's covariates"


def _shares(seekers: Vector, controls: Vector, rule: MatchRule, deviation: float) -> sparse.csr_array:
    distance = np.abs(seekers[:, None] - controls[None, :])
    if rule.match == "kernel":
        weight = KERNELS[rule.kernel](distance / rule.bandwidth)
    elif rule.match == "radius":
        weight = (distance <= (np.inf if rule.caliper is None else rule.caliper)).astype(np.float64)
    else:
        weight = _nearest(distance, rule, deviation)
    total = weight.sum(axis=1, keepdims=True)
    return sparse.csr_array(np.divide(weight, total, out=np.zeros_like(weight), where=total > 0))


def _nearest(distance: Matrix, rule: MatchRule, deviation: float) -> Matrix:
    wanted = min(rule.neighbours, distance.shape[1])
    if rule.ties:
        square = (distance / deviation) ** 2
        last = np.partition(square, wanted - 1, axis=1)[:, wanted - 1 : wanted]
        weight = (square <= last + rule.tie_tolerance).astype(np.float64)
    else:
        nearest = np.argsort(distance, axis=1, kind="stable")[:, :wanted]
        weight = np.zeros_like(distance)
        np.put_along_axis(weight, nearest, 1.0, axis=1)
    if rule.caliper is not None:
        weight[distance > rule.caliper] = 0.0
    return weight


def _greedy(seekers: Vector, controls: Vector, rule: MatchRule) -> sparse.csr_array:
    """Match without replacement, one treated row after the other; each takes its nearest free controls."""
    free = np.ones(controls.size, dtype=np.bool_)
    weight = sparse.lil_array((seekers.size, controls.size))
    first = np.arange(seekers.size) if rule.order == "data" else np.argsort(-seekers, kind="stable")
    limit = np.inf if rule.caliper is None else rule.caliper
    for row in first:
        distance = np.where(free, np.abs(controls - seekers[row]), np.inf)
        nearest = np.argsort(distance, kind="stable")[: rule.neighbours]
        taken = nearest[np.isfinite(distance[nearest]) & (distance[nearest] <= limit)]
        for control in taken:
            weight[row, control] = 1.0 / taken.size
        free[taken] = False
    return sparse.csr_array(weight)


@dataclass(frozen=True)
class TreatedEffect:
    """The mean effect on the treated, its standard error and the rule of that error."""

    att: float
    se: float
    rule: str


def effect_on_treated(y: Vector, matches: Matches, rule: MatchRule) -> TreatedEffect:
    """Compare the treated with their matches.

    Notes
    -----
    Nearest neighbours: Abadie and Imbens (2006), Econometrica 74(1), the population effect with one error
    variance, half the mean squared difference within pairs (as R's Matching). Kernel and radius: weights and
    score taken as known, one variance per group (as Stata's psmatch2).
    """
    observed = y[matches.treated]
    effects = observed - matches.shares @ y[matches.control]
    att = float(effects.mean())
    n = observed.size
    loads = np.asarray(matches.shares.sum(axis=0)).ravel()
    if rule.match == "nearest":
        pairs = matches.shares.tocoo()
        gap = observed[pairs.row] - y[matches.control][pairs.col] - att
        noise = 0.5 * float(pairs.data @ gap**2) / n
        squares = np.asarray(matches.shares.multiply(matches.shares).sum(axis=0)).ravel()
        variance = (float(np.sum((effects - att) ** 2)) + noise * float(np.sum(loads**2 - squares))) / n**2
        return TreatedEffect(att, float(np.sqrt(variance)), "Abadie-Imbens 2006, population effect, one variance")
    used = loads > 0
    if n < 2 or used.sum() < 2:
        return TreatedEffect(att, float("nan"), "too few matched rows")
    control = float(np.var(y[matches.control][used], ddof=1))
    variance = float(np.var(observed, ddof=1)) / n + control * float(np.sum(loads**2)) / n**2
    return TreatedEffect(att, float(np.sqrt(variance)), "weights and score taken as known (psmatch2)")
