"""Panels of collaborative_gap: effects that differ by city and quantile, or by quantile alone."""

from collections.abc import Mapping
from statistics import NormalDist

import numpy as np

from citypanel.arrays import Matrix
from citypanel.sample.collaborative_gap import EFFECT, SCALE, SPLITS, YEARS, GapCities, gap_cities
from citypanel.sample.drawn import DrawnPanel, framed
from citypanel.sample.two_way import fixed_effects_slope

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
CONTROLS = ("stru", "human", "fiscal", "fdi", "infra", "fin", "urban")


def draw(seed: int, design: str, weights: Mapping[str, Matrix]) -> DrawnPanel:
    """Draw a panel; there are no spatial designs."""
    del weights
    cities = gap_cities(seed, 1)
    intensity = cities.intensity
    slope = np.full_like(cities.slope, EFFECT) if design == "one_slope" else cities.slope
    gap = cities.gap + (slope - cities.slope)[:, None] * intensity
    series = cities.values
    columns = {
        "gap": gap,
        "intensity": intensity,
        "shift_share": _shift_share(cities),
        **series,
        **cities.mechanisms.outcomes,
    } | {name: mark.astype(float) for name, mark in cities.splits.items()}
    moved = slope[:, None] * intensity
    controls = np.stack([series[name] for name in CONTROLS])
    mean = fixed_effects_slope(moved, intensity)
    # Noise times (constant + SCALE intensity): the slope at a quantile is the mean slope plus its share of the noise.
    quantiles = {f"q{tau:g}": mean + SCALE[1] * NormalDist().inv_cdf(tau) for tau in QUANTILES}
    truth = {"fixed_effects": _mean_slope(moved, intensity, controls), **quantiles} | {
        name: _mean_slope(each, intensity, controls) for name, each in cities.mechanisms.moved.items()
    }
    for name in SPLITS:
        for value, mark in (("1", cities.splits[name]), ("0", ~cities.splits[name])):
            truth[f"{name}={value}"] = _mean_slope(moved[mark], intensity[mark], controls[:, mark])
    return DrawnPanel(framed(cities.where.adcode, YEARS, columns), truth)


def _shift_share(cities: GapCities) -> Matrix:
    """Return joint inventions before the sample times the growth of those of all other cities, per 10,000 residents."""
    before = cities.before.sum(axis=1, keepdims=True)
    others = (cities.joint.sum(axis=0) - cities.joint) / (before.sum() - before)
    exposed: Matrix = before * others / cities.population
    return exposed


def _mean_slope(moved: Matrix, intensity: Matrix, controls: np.ndarray) -> float:
    """Return the mean of the cities' slopes that least squares with city and year effects and controls aims at.

    Which cities count how much depends on the controls, because slopes differ by city.
    """
    inside = [m - m.mean(axis=1, keepdims=True) - m.mean(axis=0) + m.mean() for m in (moved, intensity, *controls)]
    outcome, *regressors = (m.ravel() for m in inside)
    return float(np.linalg.lstsq(np.column_stack(regressors), outcome, rcond=None)[0][0])
