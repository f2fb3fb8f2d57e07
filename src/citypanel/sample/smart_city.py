"""The simulated cities of smart_city: development, controls, ruggedness, pilots and what they do to quality.

The truth is in logs of quality: a city's effect, three controls, and the pilot, whose effect builds up over two
years and is stronger in developed and in open cities, as the paper's Table 3 says. A part of it goes through the
mechanisms of the paper's abstract: innovation, informatisation, allocation of resources.
"""

from dataclasses import dataclass

import numpy as np

from citypanel.arrays import Codes, Mask, Matrix, Vector
from citypanel.sample.prefectures import Prefectures, prefectures

STUDY = "smart_city"
FIRST, LAST, LAST_MICRO = 2010, 2021, 2016
YEARS = tuple(range(FIRST, LAST + 1))
MICRO_YEARS = tuple(range(FIRST, LAST_MICRO + 1))
BATCHES = {2012: 37, 2013: 31, 2014: 24}  # 92 of 220 cities; the name lists of the three batches are not public
EFFECT = 0.036  # of a pilot on ln quality, once it has built up, in a typical city
BUILD_UP = (0.8, 1.0)  # share of the effect in the first year and from the second on
DEVELOPED, OPEN = (1.4, 0.6), (1.25, 0.75)  # factors in cities above and below the median
# The abstract's mechanisms, in their own units (log, per 10 residents, index), and what one unit does to ln quality.
MECHANISMS = {"inventions": 0.20, "informatisation": 0.40, "misallocation": -0.04}
THROUGH = {"inventions": 0.05, "informatisation": 0.015, "misallocation": -0.12}
MECHANISM_NOISE = {"inventions": 0.15, "informatisation": 0.30, "misallocation": 0.03}
CONTROLS = {"ia": 0.30, "edu": 0.60, "fdi": 0.006}  # effects on ln quality


@dataclass(frozen=True)
class SmartCities:
    """Cities times years (`YEARS`); `effect`, `controls_effect`, `mechanisms_own` are parts of ln quality.

    `effect` is all that the pilot does to ln quality, through mechanisms or not; `mechanism_effects` is what it does
    to them, and `mechanisms_own` what ln quality owes to movements of theirs that are not the pilot's. `cohort` is 0
    for a city that is never a pilot. Values are those the yearbook prints.
    """

    where: Prefectures
    cohort: Codes
    developed: Mask
    open_city: Mask
    city_effect: Vector
    ruggedness: Vector
    values: dict[str, Matrix]
    effect: Matrix
    controls_effect: Matrix
    mechanism_effects: dict[str, Matrix]
    mechanisms_own: Matrix

    @property
    def treated(self) -> Mask:
        """Return whether the pilot has begun, cities times years."""
        years = np.array(YEARS)
        return np.asarray((self.cohort[:, None] > 0) & (years >= self.cohort[:, None]))

    def log_quality(self) -> Matrix:
        """Return what all flows of a city and year share of ln quality."""
        total: Matrix = self.city_effect[:, None] + self.controls_effect + self.effect + self.mechanisms_own
        return total


def smart_cities(seed: int) -> SmartCities:
    """Draw the cities; the same for every preset."""
    where = prefectures(STUDY)
    rng = np.random.default_rng([seed, 41])
    count = len(where)
    east = np.array([region == "east" for region in where.region])
    dev = rng.normal(0, 1, count) + 0.7 * east + 0.9 * where.key
    dev = (dev - dev.mean()) / dev.std()
    rugged = np.exp(rng.normal(-0.5, 0.8, count) - 0.2 * where.coastal)
    trade = 0.5 * dev + 0.8 * rng.normal(0, 1, count)
    values = _values(dev, trade, rng)
    # Flat and developed cities are chosen more often; the city effects take the second up, not the first.
    score = 0.5 * dev - 0.9 * (np.log(rugged) + 0.5) + rng.normal(0, 1, count)
    cohort = chosen_cohorts(score, rng)
    developed = _upper_half(values["eco"][:, 0])
    open_city = _upper_half(values["open"][:, 0])
    path = effect_path(cohort, developed, open_city)
    moved = {name: size * path for name, size in MECHANISMS.items()}
    # Their own stream: a mechanism more changes nothing else.
    mechanisms, own = _mechanisms(dev, moved, np.random.default_rng([seed, 48]))
    return SmartCities(
        where=where,
        cohort=cohort,
        developed=developed,
        open_city=open_city,
        city_effect=0.02 * dev + rng.normal(0, 0.03, count),
        ruggedness=np.array(np.round(rugged, 4), dtype=np.float64),
        values=values | mechanisms,
        effect=EFFECT * path,
        controls_effect=sum((b * values[name] for name, b in CONTROLS.items()), np.zeros((count, len(YEARS)))),
        mechanism_effects=moved,
        mechanisms_own=own,
    )


def _upper_half(values: Vector) -> Mask:
    return np.asarray(values > np.median(values))


def chosen_cohorts(score: Vector, rng: np.random.Generator) -> Codes:
    """Return the batch of the cities with the highest scores, the batches in random order among them."""
    chosen = np.argsort(-score, kind="stable")[: sum(BATCHES.values())]
    cohort = np.zeros(len(score), dtype=np.int64)
    cohort[rng.permutation(chosen)] = np.repeat(list(BATCHES), list(BATCHES.values()))
    return cohort


def effect_path(cohort: Codes, developed: Mask, open_city: Mask, build_up: tuple[float, ...] = BUILD_UP) -> Matrix:
    """Return how much of the effect of a typical city a city has in each year; `build_up` runs from the start on."""
    since = np.array(YEARS)[None, :] - cohort[:, None]
    path = np.array(build_up)[np.clip(since, 0, len(build_up) - 1)]
    factor = np.where(developed, *DEVELOPED) * np.where(open_city, *OPEN)
    result: Matrix = np.where((cohort[:, None] > 0) & (since >= 0), factor[:, None] * path, 0.0)
    return result


def _mechanisms(dev: Vector, moved: dict[str, Matrix], rng: np.random.Generator) -> tuple[dict[str, Matrix], Matrix]:
    """Return the mechanisms, and what their own noise adds to ln quality; they grow alike in all cities."""
    d, t = dev[:, None], np.arange(len(YEARS))[None, :]
    noise = {name: rng.normal(0, size, (len(dev), len(YEARS))) for name, size in MECHANISM_NOISE.items()}
    paths: dict[str, Matrix] = {
        "inventions": 0.2 + 0.8 * d + 0.12 * t,
        "informatisation": 2.6 + 0.4 * d + 0.12 * t,
        "misallocation": 0.45 - 0.05 * d - 0.005 * t,
    }
    values = {name: path + noise[name] + moved[name] for name, path in paths.items()}
    own: Matrix = sum((slope * noise[name] for name, slope in THROUGH.items()), np.zeros_like(noise["inventions"]))
    return values, own


def _values(dev: Vector, trade: Vector, rng: np.random.Generator) -> dict[str, Matrix]:
    """Return the controls as the formulas of the declaration give them, smooth over time with shocks.

    Those with an effect grow alike in all cities: were they to grow faster in developed ones, whose pilots do more,
    two-way effects with one coefficient for all pilots would charge the difference to them.
    """
    t = np.arange(len(YEARS))[None, :]
    d, o = dev[:, None], trade[:, None]

    def shock(size: float) -> Matrix:
        steps = rng.normal(0, size, (len(dev), len(YEARS)))
        result: Matrix = 0.6 * np.cumsum(steps, axis=1) + steps
        return result

    eco = 10.35 + 0.35 * d + 0.075 * t - 0.001 * t**2 + shock(0.015)
    return {
        "eco": eco,
        "population": np.exp(rng.normal(5.85, 0.45, (len(dev), 1)) + 0.15 * d + 0.004 * t),
        "fin": np.exp(0.65 + 0.12 * d + 0.025 * t + shock(0.03)),
        "fdi": 10.0 + 0.9 * d + 0.4 * o + 0.03 * t + shock(0.15),
        "open": np.exp(-2.0 + 0.5 * o + 0.3 * d - 0.02 * t + shock(0.06)),
        "urban": 1 / (1 + np.exp(-(-0.05 + 0.45 * d + 0.05 * t + shock(0.015)))),
        "ia": 0.10 * (np.exp(0.25 * d) + 0.02 * t + shock(0.03)),
        "edu": 0.018 * np.maximum(np.exp(0.5 * d) + 0.02 * t + shock(0.04), 0.05),
        "infra": 12.0 * np.exp(0.15 * d + 0.03 * t + shock(0.05)),
        "market": 7.5 + 1.2 * d + 0.12 * t + shock(0.15),
        "tertiary": 100 / (1 + np.exp(-(-0.45 + 0.25 * d + 0.04 * t + shock(0.02)))),
    }
