"""Aggregates of group-time effects: simple, by cohort, by calendar period, by time since treatment."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from citypanel.arrays import Mask, Matrix, Vector
from citypanel.errors import EstimationError
from citypanel.estimate.did_group_time import GroupTime, influence_covariance, standard_errors

Kind = Literal["simple", "group", "calendar", "dynamic"]


@dataclass(frozen=True)
class Aggregate:
    """An overall effect and, but for `simple`, the effects it is the mean of.

    Attributes
    ----------
    att, se : float
        Overall.
    keys : array, shape (m,)
        Cohorts, periods or event times.
    effects, effects_se : arrays, shape (m,)
    covariance : array, shape (m, m)
        Of the effects.
    """

    att: float
    se: float
    keys: Vector
    effects: Vector
    effects_se: Vector
    covariance: Matrix


def aggregate(effects: GroupTime, kind: Kind) -> Aggregate:
    """Aggregate att(g, t); effects are weighted by the size of their cohorts.

    Notes
    -----
    Callaway and Sant'Anna (2021), section 3. Cohort sizes are estimated, which the standard errors allow for
    (their appendix, "wif" in R's did). `group` means every period after treatment alike within a cohort.
    R's did 2.1.2 reports another overall standard error for `group` (.012415 on mpdta, ours .012446, as
    three Python ports): it looks the cohorts of the size weights up in the list of cells, not of cohorts.
    """
    post = effects.period >= effects.cohort
    if not post.any():
        raise EstimationError("no effect after treatment could be estimated")
    if kind == "simple":
        att, influence = _weighted(effects, post)
        empty = np.zeros(0)
        se = float(standard_errors(influence[:, None], effects.clusters)[0])
        return Aggregate(att, se, empty, empty, empty, np.zeros((0, 0)))
    if kind == "group":
        return _by_cohort(effects, post)
    if kind == "calendar":
        return _by_key(effects, effects.period, post, overall=lambda key: np.ones(key.size, dtype=np.bool_))
    event = effects.period - effects.cohort
    everywhere = np.ones(event.size, dtype=np.bool_)
    return _by_key(effects, event, everywhere, overall=lambda key: key >= 0)


def _shares(effects: GroupTime, cohorts: Vector) -> Vector:
    """Share of each cohort among all units, weighted."""
    total = effects.weights.sum()
    return np.array([effects.weights[effects.cohort_of_unit == c].sum() / total for c in cohorts])


def _share_influence(effects: GroupTime, cohorts: Vector, shares: Vector) -> Matrix:
    """Influence function of the normalised shares, shape (units, cohorts)."""
    member = effects.weights[:, None] * (effects.cohort_of_unit[:, None] == cohorts[None, :])
    centred = member - shares
    total = shares.sum()
    normalised: Matrix = centred / total - np.outer(centred.sum(axis=1), shares) / total**2
    return normalised


def _weighted(effects: GroupTime, keep: Mask) -> tuple[float, Vector]:
    """Mean of the kept effects by cohort size, with its influence function."""
    cohorts, att = effects.cohort[keep], effects.att[keep]
    shares = _shares(effects, cohorts)
    weights = shares / shares.sum()
    influence = effects.influence[:, keep] @ weights + _share_influence(effects, cohorts, shares) @ att
    return float(weights @ att), influence


def _by_key(effects: GroupTime, key: Vector, keep: Mask, *, overall: Callable[[Vector], Mask]) -> Aggregate:
    keys = np.unique(key[keep])
    parts = [_weighted(effects, keep & (key == value)) for value in keys]
    att = np.array([part[0] for part in parts])
    influence = np.column_stack([part[1] for part in parts])
    chosen = overall(keys)
    mean = influence[:, chosen].mean(axis=1)
    return _finish(effects, (float(att[chosen].mean()), mean), keys, att, influence)


def _by_cohort(effects: GroupTime, post: Mask) -> Aggregate:
    keys = np.unique(effects.cohort[post])
    chosen = [post & (effects.cohort == value) for value in keys]
    att = np.array([effects.att[keep].mean() for keep in chosen])
    influence = np.column_stack([effects.influence[:, keep].mean(axis=1) for keep in chosen])
    shares = _shares(effects, keys)
    weights = shares / shares.sum()
    mean = influence @ weights + _share_influence(effects, keys, shares) @ att
    return _finish(effects, (float(weights @ att), mean), keys, att, influence)


def _finish(
    effects: GroupTime, overall: tuple[float, Vector], keys: Vector, att: Vector, influence: Matrix
) -> Aggregate:
    covariance = influence_covariance(influence, effects.clusters)
    spread = np.sqrt(np.diag(covariance))
    se = float(standard_errors(overall[1][:, None], effects.clusters)[0])
    return Aggregate(overall[0], se, keys, att, np.where(spread > 1e-14, spread, np.nan), covariance)
