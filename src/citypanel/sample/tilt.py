"""Exponential tilts that give a basket a wanted mean, and whole dollars that keep it."""

import numpy as np

from citypanel.arrays import Codes, Matrix, Vector
from citypanel.errors import EstimationError

STEPS = 200


def tilted_shares(base: Matrix, scores: Vector, targets: Vector, groups: Codes, group_shares: Matrix) -> Matrix:
    """Move each row of `base` as little as possible (in relative entropy) so that it has the wanted mean.

    Parameters
    ----------
    base : array, shape (places, items)
        Starting weights, zero where a place does not hold the item.
    scores : array, shape (items,)
        What is averaged, e.g. PRODY.
    targets : array, shape (places,)
        The wanted mean of `scores` under the shares, in the unit of `scores`.
    groups : array, shape (items,)
        The group of each item, 0, 1, ...
    group_shares : array, shape (places, groups)
        The share of each group, kept fixed; one group with share one for a plain tilt.

    Returns
    -------
    array, shape (places, items)
        share_ik = G_ig w_ik exp(l_i s_k) / sum_{m in g} w_im exp(l_i s_m), rows sum to one.

    Raises
    ------
    EstimationError
        A target lies outside the range of the scores that the place can reach.

    Notes
    -----
    l_i minimises the convex function sum_g G_ig ln sum_{k in g} w_ik exp(l_i s_k) - l_i target_i, found by
    Newton steps that are halved until it falls.
    """
    _require_reachable(base, scores, targets, groups, group_shares)
    unit = targets[:, None]
    centred = scores[None, :] / unit - 1
    spread = np.zeros(len(targets))
    value, slope, curvature, shares = _dual(base, centred, groups, group_shares, spread)
    for _ in range(STEPS):
        if np.abs(slope).max() < 1e-13:
            break
        step = -slope / curvature
        for _halving in range(60):
            trial = _dual(base, centred, groups, group_shares, spread + step)
            worse = trial[0] > value + 1e-15
            if not worse.any():
                break
            step = np.where(worse, step / 2, step)
        spread = spread + step
        value, slope, curvature, shares = trial
    return shares


def _dual(
    base: Matrix, centred: Matrix, groups: Codes, group_shares: Matrix, tilt: Vector
) -> tuple[Vector, Vector, Vector, Matrix]:
    """Return value, slope and curvature of the dual per place, and the shares it implies."""
    count = group_shares.shape[1]
    held = base > 0
    exponent = np.where(held, tilt[:, None] * centred, -np.inf)
    top = np.full(group_shares.shape, -np.inf)
    for group in range(count):
        top[:, group] = exponent[:, groups == group].max(axis=1, initial=-np.inf)
    top = np.where(np.isfinite(top), top, 0.0)
    weight = base * np.exp(exponent - top[:, groups])
    indicator = np.eye(count)[groups]
    mass = weight @ indicator
    safe = np.where(mass > 0, mass, 1.0)
    inside = weight / safe[:, groups]
    mean = (inside * centred) @ indicator
    square = (inside * centred**2) @ indicator
    value = (group_shares * (np.log(safe) + top)).sum(axis=1)
    slope = (group_shares * mean).sum(axis=1)
    curvature = (group_shares * (square - mean**2)).sum(axis=1)
    return value, slope, np.maximum(curvature, 1e-12), inside * group_shares[:, groups]


def _require_reachable(base: Matrix, scores: Vector, targets: Vector, groups: Codes, group_shares: Matrix) -> None:
    low, high = np.zeros(len(targets)), np.zeros(len(targets))
    for group in range(group_shares.shape[1]):
        mine = groups == group
        held, used = base[:, mine] > 0, group_shares[:, group] > 0
        lowest = np.where(held, scores[mine], np.inf).min(axis=1)
        highest = np.where(held, scores[mine], -np.inf).max(axis=1)
        low[used] += group_shares[used, group] * lowest[used]
        high[used] += group_shares[used, group] * highest[used]
    bad = np.flatnonzero((targets <= low) | (targets >= high))
    if bad.size:
        i = int(bad[0])
        raise EstimationError(
            f"sample: {bad.size} targets cannot be reached, first place {i}: {targets[i]:.6g} is not between "
            f"{low[i]:.6g} and {high[i]:.6g}; the products of the simulated world must span the targets"
        )


def whole_parts(total: int, shares: Vector, floor: int) -> Codes:
    """Split `total` whole dollars by `shares`; a positive share gets at least `floor`, the largest the rest.

    Raises EstimationError where `total` is too small for the floors.
    """
    parts = np.where(shares > 0, np.maximum(np.floor(shares * total), floor), 0).astype(np.int64)
    largest = int(np.argmax(parts))
    parts[largest] += total - int(parts.sum())
    if parts[largest] < floor:
        raise EstimationError(f"sample: US$ {total} are too few for {int((shares > 0).sum())} parts of {floor}")
    return parts


def repair(parts: Codes, scores: Vector, target: float, groups: Codes, floor: int) -> Codes:
    """Move whole dollars between items of one group until the mean score is as near the target as it can be.

    The mean is off by sum_k parts_k (s_k - target) after rounding; a dollar from item a to item b changes it
    by s_b - s_a, so pairs are used from the widest difference to the narrowest.
    """
    result = parts.copy()
    gap = float((result * (scores - target)).sum())
    for a, b, difference in _pairs(parts, scores, groups):
        move = round(gap / difference)
        source, sink = (a, b) if move > 0 else (b, a)
        move = min(abs(move), max(int(result[source]) - floor, 0))
        result[source] -= move
        result[sink] += move
        gap -= move * float(scores[source] - scores[sink])
    return result


def _pairs(parts: Codes, scores: Vector, groups: Codes) -> list[tuple[int, int, float]]:
    """Return pairs (a, b, s_a - s_b) of large items of one group, widest difference first."""
    order = [int(k) for k in np.argsort(-parts, kind="stable")[:24] if parts[k] > 0]
    pairs = [
        (a, b, float(scores[a] - scores[b]))
        for i, a in enumerate(order)
        for b in order[i + 1 :]
        if groups[a] == groups[b] and scores[a] != scores[b]
    ]
    return sorted(pairs, key=lambda pair: (-abs(pair[2]), pair[0], pair[1]))
