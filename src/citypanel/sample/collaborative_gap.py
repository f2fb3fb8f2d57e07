"""The simulated cities of collaborative_gap: joint applications, the gap to the mean income, and mechanisms.

The truth is a location-scale model of the gap, so that effects differ by quantile, and by four splits as the
study's abstract says. Each city stays on its side of the mean, and years move all gaps together, so that the gap
recomputed from GDP per head is the gap of the model.
"""

from dataclasses import dataclass

import numpy as np

from citypanel.arrays import Codes, Mask, Matrix, Vector
from citypanel.sample.collaborative_gap_mechanisms import Mechanisms, drawn_mechanisms
from citypanel.sample.prefectures import Prefectures, prefectures
from citypanel.sample.two_way import centred

STUDY = "collaborative_gap"
YEARS = tuple(range(2010, 2021))
FIRST_MEAN, LAST_MEAN = 0.306, 0.983  # joint applications per 10,000 residents, printed in the introduction
EFFECT = -0.05  # on the gap, of one joint application per 10,000 residents, at the mean of the noise
SCALE = (0.015, 0.06)  # spread of the noise: a constant, and what one joint application adds to it
# Factors of the effect where the split holds and where not.
SPLITS = {"inland_region": (1.25, 0.6), "inland": (1.15, 0.8), "tertiary": (1.4, 0.6), "agglomeration": (1.2, 0.85)}
NEAREST = 0.02  # no gap is smaller, so that its absolute value never folds over
ABOVE_FROM = 0.52  # standardised development from which a city is richer than the mean
BEFORE = (2008, 2009)  # years of patents before the sample, for the shares of an instrument


@dataclass(frozen=True)
class GapCities:
    """Cities times years (`YEARS`); `joint` counts joint inventions, divided as the preset says.

    `before` counts those of the years `BEFORE`. `noise` is that of log income; `mechanisms` are
    what the ingredients in the files lead to.
    """

    where: Prefectures
    joint: Codes
    before: Codes
    population: Matrix
    income: Matrix
    gap: Matrix
    noise: Matrix
    slope: Vector
    splits: dict[str, Mask]
    mechanisms: Mechanisms
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
    moved = np.cumsum(np.random.default_rng([seed, 66]).normal(0.004, 0.008, (count, years)), axis=1)
    population = np.array(np.round(np.exp(rng.normal(5.85, 0.4, (count, 1)) + moved), 6), dtype=np.float64)
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
    gap, noise = _drawn_gap(
        lasting + slope[:, None] * intensity - 0.004 * t, SCALE[0] + SCALE[1] * intensity, above, rng
    )
    level, sign = 10.3 + 0.08 * t, np.where(above[:, None], 1.0, -1.0)
    income = np.exp(level + sign * gap)
    values = _values(dev, income, stru, rng)
    log_gdp, own = np.log(income * population), np.random.default_rng([seed, 63])
    mechanisms = drawn_mechanisms(log_gdp, sign * noise, dev, intensity, own)
    before = _before(share[:, :1] / share[:, :1].mean(), population[:, :1] / divisor, np.random.default_rng([seed, 64]))
    return GapCities(
        where, joint, before, population, income, gap, sign * noise, slope * divisor, splits, mechanisms, values
    )


def _before(share: Matrix, population: Matrix, rng: np.random.Generator) -> Codes:
    """Return joint inventions of the years before the sample: the shares of its first year, less what walked since."""
    walk = rng.normal(0, 0.10, (len(share), len(BEFORE)))
    growth = (LAST_MEAN - FIRST_MEAN) / (len(YEARS) - 1)
    mean = FIRST_MEAN + growth * (np.array(BEFORE) - YEARS[0]) / 2
    return np.rint(share * np.exp(walk) * mean * population).astype(np.int64)


def _drawn_gap(mean: Matrix, spread: Matrix, above: Mask, rng: np.random.Generator) -> tuple[Matrix, Matrix]:
    """Return gaps and their noise, drawn anew in the rare case that one city would change its side of the mean."""
    while True:
        noise = rng.normal(0, 1, mean.shape) * spread
        gap = centred(mean + noise, above)
        if gap.min() > NEAREST:
            return gap, noise


def _values(dev: Matrix, income: Matrix, stru: Matrix, rng: np.random.Generator) -> dict[str, Matrix]:
    """Return the controls."""
    t = np.arange(len(YEARS))[None, :]

    def noise(size: float) -> Matrix:
        drawn: Matrix = rng.normal(0, size, income.shape)
        return drawn

    return {
        "stru": stru,
        "area": np.exp(rng.normal(9.3, 0.6, dev.shape) + 0 * t),
        "human": 0.016 * np.exp(0.5 * dev + 0.02 * t + noise(0.04)),
        "fiscal": 0.17 * np.exp(-0.1 * dev + 0.02 * t + noise(0.04)),
        "fdi": 0.02 * np.exp(0.3 * dev - 0.01 * t + noise(0.10)),
        "infra": 12.0 * np.exp(0.15 * dev + 0.03 * t + noise(0.05)),
        "fin": np.exp(0.6 + 0.1 * dev + 0.03 * t + noise(0.03)),
        "light": np.exp(0.9 * np.log(income) - 4 + rng.normal(0, 0.05, dev.shape) + noise(0.01)),
        "urban": 1 / (1 + np.exp(-(0.1 + 0.4 * dev + 0.05 * t + noise(0.02)))),
    }
