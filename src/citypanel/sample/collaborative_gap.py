"""The simulated cities of collaborative_gap: joint applications, the gap to the mean income, and mechanisms.

The truth is a location-scale model of the gap, so that effects differ by quantile, and by four splits as the
study's abstract says. Each city stays on its side of the mean, and years move all gaps together, so that the gap
recomputed from GDP per head is the gap of the model.
"""

from dataclasses import dataclass

import numpy as np

from citypanel.arrays import Codes, Mask, Matrix, Vector
from citypanel.sample.prefectures import Prefectures, prefectures

STUDY = "collaborative_gap"
YEARS = tuple(range(2010, 2021))
FIRST_MEAN, LAST_MEAN = 0.306, 0.983  # joint applications per 10,000 residents, printed in the introduction
EFFECT = -0.05  # on the gap, of one joint application per 10,000 residents, at the mean of the noise
SCALE = (0.015, 0.06)  # spread of the noise: a constant, and what one joint application adds to it
# Factors of the effect where the split holds and where not.
SPLITS = {"inland_region": (1.25, 0.6), "inland": (1.15, 0.8), "tertiary": (1.2, 0.8), "agglomeration": (1.2, 0.85)}
# Effects of one joint application per 10,000 residents on what the study looks at; the flows of R&D have none.
MECHANISMS = {
    "capability": 0.30, "innovation_gap": -0.06, "tfp_solow": 0.05, "tfp_malmquist": 0.04, "ties": 0.20,
    "integration": 0.08, "specialisation": 0.03, "rd_staff_flow": 0.0, "rd_fund_flow": 0.0,
}  # fmt: skip
MECHANISM_NOISE = 0.08
NEAREST = 0.02  # no gap is smaller, so that its absolute value never folds over
ABOVE_FROM = 0.52  # standardised development from which a city is richer than the mean


@dataclass(frozen=True)
class GapCities:
    """Cities times years (`YEARS`); `joint` counts joint inventions, divided as the preset says."""

    where: Prefectures
    joint: Codes
    population: Matrix
    income: Matrix
    gap: Matrix
    slope: Vector
    splits: dict[str, Mask]
    values: dict[str, Matrix]

    @property
    def intensity(self) -> Matrix:
        """Return joint applications per 10,000 residents, as counted from the files."""
        result: Matrix = self.joint / self.population
        return result


def gap_cities(seed: int, divisor: int) -> GapCities:
    """Draw the cities."""
    where = prefectures(STUDY)
    rng = np.random.default_rng([seed, 61])
    count, years = len(where), len(YEARS)
    t = np.arange(years)[None, :]
    dev = rng.normal(0, 1, count) + 1.0 * where.key + 0.4 * where.coastal
    dev = ((dev - dev.mean()) / dev.std())[:, None]
    population = np.array(np.round(np.exp(rng.normal(5.85, 0.4, (count, 1)) + 0.004 * t), 6), dtype=np.float64)
    walk = np.cumsum(rng.normal(0, 0.10, (count, years)), axis=1) + rng.normal(0, 0.08, (count, years))
    share = np.exp(0.35 * dev + walk)
    wanted = share / share.mean(axis=0) * np.linspace(FIRST_MEAN, LAST_MEAN, years)
    joint = np.rint(wanted * population / divisor).astype(np.int64)
    intensity = joint * divisor / population
    stru = np.exp(-0.06 + 0.15 * dev + 0.03 * t + rng.normal(0, 0.03, (count, years)))
    splits = {
        "inland_region": np.isin(where.region, ["central", "west"]),
        "inland": ~where.coastal,
        "tertiary": stru[:, 0] > 1,
        "agglomeration": where.agglomeration,
    }
    factor = np.prod([np.where(splits[name], *sizes) for name, sizes in SPLITS.items()], axis=0)
    slope = EFFECT * factor
    above = dev[:, 0] > ABOVE_FROM
    # Those above are fewer, so that a small common move of all gaps moves the mean.
    lasting = np.where(above[:, None], 0.70, 0.69) + 0.06 * np.abs(dev) + rng.uniform(0, 0.20, (count, 1))
    gap = _drawn_gap(lasting + slope[:, None] * intensity - 0.004 * t, SCALE[0] + SCALE[1] * intensity, above, rng)
    level = 10.3 + 0.08 * t
    income = np.exp(level + np.where(above[:, None], gap, -gap))
    values = _values(dev, intensity, stru, rng)
    return GapCities(where, joint, population, income, gap, slope * divisor, splits, values)


def _drawn_gap(mean: Matrix, spread: Matrix, above: Mask, rng: np.random.Generator) -> Matrix:
    """Return gaps with noise, drawn anew in the rare case that one city would change its side of the mean."""
    while True:
        gap = _centred(mean + rng.normal(0, 1, mean.shape) * spread, above)
        if gap.min() > NEAREST:
            return gap


def _centred(gap: Matrix, above: Mask) -> Matrix:
    """Move each year's gaps together until the mean income lies where the gaps say."""
    sign = np.where(above, 1.0, -1.0)
    result = np.empty_like(gap)
    for t in range(gap.shape[1]):
        low, high = -gap[:, t].min(), 3.0
        for _ in range(80):
            middle = (low + high) / 2
            mean = np.exp(sign * (gap[:, t] + middle)).mean()
            low, high = (low, middle) if mean > 1 else (middle, high)
        result[:, t] = gap[:, t] + (low + high) / 2
    return result


def _values(dev: Matrix, intensity: Matrix, stru: Matrix, rng: np.random.Generator) -> dict[str, Matrix]:
    """Return controls and what the mechanisms' columns hold."""
    t = np.arange(len(YEARS))[None, :]

    def noise(size: float) -> Matrix:
        drawn: Matrix = rng.normal(0, size, intensity.shape)
        return drawn

    mechanisms = {
        name: 1.5 + 0.2 * dev + 0.02 * t + slope * intensity + noise(MECHANISM_NOISE)
        for name, slope in MECHANISMS.items()
    }
    return {
        "stru": stru,
        "area": np.exp(rng.normal(9.3, 0.6, dev.shape) + 0 * t),
        "human": 0.016 * np.exp(0.5 * dev + 0.02 * t + noise(0.04)),
        "fiscal": 0.17 * np.exp(-0.1 * dev + 0.02 * t + noise(0.04)),
        "fdi": 0.02 * np.exp(0.3 * dev - 0.01 * t + noise(0.10)),
        "infra": 12.0 * np.exp(0.15 * dev + 0.03 * t + noise(0.05)),
        "fin": np.exp(0.6 + 0.1 * dev + 0.03 * t + noise(0.03)),
        "urban": 1 / (1 + np.exp(-(0.1 + 0.4 * dev + 0.05 * t + noise(0.02)))),
        **mechanisms,
    }


def fixed_effects_slope(outcome: Matrix, regressor: Matrix) -> float:
    """Return the slope of a regression with city and year effects on a balanced panel."""
    x, y = (m - m.mean(axis=1, keepdims=True) - m.mean(axis=0) + m.mean() for m in (regressor, outcome))
    return float((x * y).sum() / (x * x).sum())
