"""The simulated cities of ip_model_city: export complexity, model cities, and three ways in which they work.

The truth is in ln EXPY: city and year effects, a model-city effect that is stronger in innovative, in small and
medium and in general cities, and in mechanisms: invention grants, the tertiary share, used foreign investment.
"""

from dataclasses import dataclass

import numpy as np

from citypanel.arrays import Codes, Mask, Matrix, Vector
from citypanel.sample.prefectures import Prefectures, prefectures

STUDY = "ip_model_city"
YEARS = tuple(range(2007, 2019))
LATER_BATCH = (2018, 14)  # declared and simulated: no open list of it was found
LATER_TERM = "2018-11"  # a notice of the fourth quarter, as none of the open lists is
# Other pilots, drawn: first years and how many cities join in each. They do nothing to exports in this world.
OTHER_PILOTS = {
    "smart_city": {2012: 37, 2013: 31, 2015: 24},
    "low_carbon": {2010: 30, 2012: 28, 2017: 40},
    "broadband": {2014: 37, 2015: 37, 2016: 36},
}
EFFECT = 0.03  # on ln EXPY, once built up, in a city for which all factors are one
BUILD_UP = (0.75, 1.0)
INNOVATIVE, SMALL, GENERAL = (1.5, 0.5), (1.4, 0.75), (1.3, 0.6)  # factors where it holds, and where not
MECHANISMS = {"inventions": 0.25, "upgrading": 0.08, "fdi": 0.006}  # effects on each, in its own unit
THROUGH = {"inventions": 0.02, "upgrading": 0.05, "fdi": 0.3}  # what one unit of each does to ln EXPY
SMALL_BELOW = 100.0  # 10k persons in the city proper, threshold of 2014
CONVERGENCE = 0.03  # share of the differences between cities that goes each year
NOISE = 0.018


@dataclass(frozen=True)
class ModelCities:
    """Cities times years (`YEARS`); `effect` is all that the policy does to ln EXPY.

    `cohort` and `other_pilots` hold the first year of each city, 0 for never.
    """

    where: Prefectures
    cohort: Codes
    innovative: Mask
    small: Mask
    log_expy: Matrix
    effect: Matrix
    mechanism_effects: dict[str, Matrix]
    values: dict[str, Matrix]
    other_pilots: dict[str, Codes]

    @property
    def treated(self) -> Mask:
        """Return whether a city is a model city yet, cities times years."""
        return np.asarray((self.cohort[:, None] > 0) & (np.array(YEARS) >= self.cohort[:, None]))


def model_cities(seed: int, level: float, spread: float) -> ModelCities:
    """Draw the cities; `level` and `spread` are the middle and the reach of ln EXPY that the world's PRODY allows."""
    where = prefectures(STUDY)
    rng = np.random.default_rng([seed, 51])
    count = len(where)
    real = where.ip_first_year > 0
    dev = rng.normal(0, 1, count) + 0.8 * where.key + 0.5 * real
    dev = (dev - dev.mean()) / dev.std()
    cohort = where.ip_first_year.copy()
    later = rng.permutation(np.flatnonzero(~real & ~where.key))[: LATER_BATCH[1]]
    cohort[later] = LATER_BATCH[0]
    innovative = rng.random(count) < 1 / (1 + np.exp(1.2 - 1.2 * dev))
    proper = np.exp(rng.normal(4.7, 0.6, count) + 0.35 * dev)
    small = proper < SMALL_BELOW
    factor = _factor(innovative, small, ~where.key)
    path = effect_path(cohort)
    mechanisms = {name: size * factor[:, None] * path for name, size in MECHANISMS.items()}
    values = _values(dev, proper, mechanisms, rng, seed)
    effect = EFFECT * factor[:, None] * path + sum(slope * mechanisms[name] for name, slope in THROUGH.items())
    own = sum(slope * (values[f"{name}_noise"]) for name, slope in THROUGH.items())
    # Treatment goes with the lasting part of the city effect only; the part that converges is as good as random.
    lasting, fading = 0.25 * spread * dev, rng.normal(0, 0.25 * spread, count)
    t = np.arange(len(YEARS))
    paths = lasting[:, None] + fading[:, None] * (1 - CONVERGENCE * t) + 0.012 * t
    noise = rng.normal(0, NOISE, (count, len(t)))
    log_expy = level + paths + own + effect + noise
    pilots = _other_pilots(dev, seed)
    return ModelCities(where, cohort, innovative, small, log_expy, effect, mechanisms, values, pilots)


def _other_pilots(dev: Vector, seed: int) -> dict[str, Codes]:
    """Draw the other pilots; developed cities are chosen more often, as model cities are."""
    rng = np.random.default_rng([seed, 58])
    found = {}
    for name, batches in OTHER_PILOTS.items():
        order = np.argsort(-(0.8 * dev + rng.gumbel(size=len(dev))))
        first = np.zeros(len(dev), dtype=np.int64)
        first[order[: sum(batches.values())]] = rng.permutation(np.repeat(list(batches), list(batches.values())))
        found[name] = first
    return found


def _factor(innovative: Mask, small: Mask, general: Mask) -> Vector:
    product: Vector = np.where(innovative, *INNOVATIVE) * np.where(small, *SMALL) * np.where(general, *GENERAL)
    return product


def effect_path(cohort: Codes, build_up: tuple[float, ...] = BUILD_UP) -> Matrix:
    """Return the share of the full effect by city and year: 0 before the start, then along `build_up`."""
    since = np.array(YEARS)[None, :] - cohort[:, None]
    built: Matrix = np.array(build_up)[np.clip(since, 0, len(build_up) - 1)]
    return np.where((cohort[:, None] > 0) & (since >= 0), built, 0.0)


def _moves(shape: tuple[int, int], seed: int) -> Matrix:
    """Return what moves a city's population from year to year, so that its density is no city and year effect."""
    return np.random.default_rng([seed, 59]).normal(0, 0.005, shape)


def _values(
    dev: Vector, proper: Vector, mechanisms: dict[str, Matrix], rng: np.random.Generator, seed: int
) -> dict[str, Matrix]:
    """Return controls and mechanisms, and the mechanisms' own noise, which enters ln EXPY too."""
    t = np.arange(len(YEARS))[None, :]
    d = dev[:, None]
    shape = (len(dev), len(YEARS))
    noise = {"inventions": 0.20, "upgrading": 0.06, "fdi": 0.004}
    own = {name: rng.normal(0, size, shape) for name, size in noise.items()}
    return {
        "gdp_per_head": np.exp(10.0 + 0.35 * d + 0.10 * t - 0.002 * t**2 + rng.normal(0, 0.02, shape)),
        "population": np.exp(rng.normal(5.9, 0.4, (len(dev), 1)) + 0.003 * t + _moves(shape, seed)),
        "proper": proper[:, None] * np.exp(0.015 * t),
        "area": np.exp(rng.normal(9.3, 0.6, (len(dev), 1)) + 0 * t),
        "fin": np.exp(0.5 + 0.1 * d + 0.03 * t + rng.normal(0, 0.03, shape)),
        "human": 0.016 * np.exp(0.5 * d + 0.02 * t + rng.normal(0, 0.04, shape)),
        "infra": 11.0 * np.exp(0.15 * d + 0.03 * t + rng.normal(0, 0.05, shape)),
        "government": 0.16 * np.exp(-0.1 * d + 0.02 * t + rng.normal(0, 0.04, shape)),
        "open": np.exp(-2.0 + 0.5 * d - 0.02 * t + rng.normal(0, 0.1, shape)),
        "inventions": 3.5 + 1.0 * d + 0.18 * t + own["inventions"] + mechanisms["inventions"],
        "upgrading": np.maximum(0.85 + 0.12 * d + 0.02 * t + own["upgrading"] + mechanisms["upgrading"], 0.2),
        "fdi": np.maximum(0.025 + 0.004 * d - 0.0005 * t + own["fdi"] + mechanisms["fdi"], 0.002),
        **{f"{name}_noise": values for name, values in own.items()},
    }
