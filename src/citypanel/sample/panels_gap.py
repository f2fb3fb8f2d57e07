"""Panels of collaborative_gap: effects that differ by city and quantile, or by quantile alone."""

from collections.abc import Mapping
from statistics import NormalDist

import numpy as np

from citypanel.arrays import Mask, Matrix
from citypanel.sample.collaborative_gap import EFFECT, MECHANISMS, SCALE, SPLITS, YEARS, fixed_effects_slope, gap_cities
from citypanel.sample.drawn import DrawnPanel, framed

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


def draw(seed: int, design: str, weights: Mapping[str, Matrix]) -> DrawnPanel:
    """Draw a panel; there are no spatial designs."""
    del weights
    cities = gap_cities(seed, 1)
    intensity = cities.intensity
    slope = np.full_like(cities.slope, EFFECT) if design == "one_slope" else cities.slope
    gap = cities.gap + (slope - cities.slope)[:, None] * intensity
    series = cities.values  # noqa: PD011 - a field, not a frame
    columns = {"gap": gap, "intensity": intensity, **series} | {
        name: mark.astype(float) for name, mark in cities.splits.items()
    }
    moved = slope[:, None] * intensity
    mean = fixed_effects_slope(moved, intensity)
    # Noise times (constant + SCALE intensity): the slope at a quantile is the mean slope plus its share of the noise.
    quantiles = {f"q{tau:g}": mean + SCALE[1] * NormalDist().inv_cdf(tau) for tau in QUANTILES}
    truth = {"fixed_effects": mean, **quantiles, **MECHANISMS}
    for name in SPLITS:
        mark = cities.splits[name]
        truth[f"{name}=1"] = _within(moved, intensity, mark)
        truth[f"{name}=0"] = _within(moved, intensity, ~mark)
    return DrawnPanel(framed(cities.where.adcode, YEARS, columns), truth)


def _within(outcome: Matrix, regressor: Matrix, mark: Mask) -> float:
    return fixed_effects_slope(outcome[mark], regressor[mark])
