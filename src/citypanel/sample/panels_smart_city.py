"""Panels of smart_city: effects that build up, none, that grow; a lagged outcome; a treatment that is no accident."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from citypanel.arrays import Codes, Matrix
from citypanel.sample.designs import NO_EFFECT
from citypanel.sample.drawn import DrawnPanel, effects_by_time, framed
from citypanel.sample.smart_city import (
    BATCHES,
    CONTROLS,
    EFFECT,
    MICRO_YEARS,
    YEARS,
    SmartCities,
    chosen_cohorts,
    effect_path,
    smart_cities,
)
from citypanel.sample.two_way import fixed_effects_slope

SCALE = 0.92  # scaled quality per unit of ln quality, as in the default sample of smart_city
LEVEL = 0.29
SAMPLING = 0.02  # standard deviation of a city's measured quality around the true one
GROWING = tuple(0.5 + 0.25 * k for k in range(len(YEARS)))  # share of the effect by years since the start
PERSISTENCE, BURN_IN = 0.5, 15  # of the lagged outcome; years before the first
MOMENTUM, CHOSEN_FOR = 0.02, 0.9  # what unseen momentum adds to quality from 2012 on, and to the choice of a pilot
FLATNESS = {"endogenous": 1.2, "weak_instrument": 0.1}  # weight of ruggedness in the choice of a pilot
LAST_EVENT_TIME = 4


@dataclass(frozen=True)
class _Drawn:
    """Cities of one seed; `rng` draws what the design adds, the same stream whatever the design."""

    cities: SmartCities
    rng: np.random.Generator

    @property
    def base(self) -> Matrix:
        """Return quality without pilots and noise."""
        cities = self.cities
        result: Matrix = LEVEL + SCALE * (cities.log_quality() - cities.effect)
        return result

    def noise(self) -> Matrix:
        """Return what separates measured from true quality."""
        drawn: Matrix = self.rng.normal(0, SAMPLING, (len(self.cities.cohort), len(YEARS)))
        return drawn


def draw(seed: int, design: str, weights: Mapping[str, Matrix]) -> DrawnPanel:
    """Draw a panel; there are no spatial designs."""
    del weights
    drawn = _Drawn(smart_cities(seed), np.random.default_rng([seed, 71]))
    if design.startswith("dynamic"):
        return _dynamic(drawn, selected=design == "dynamic_selected")
    if design in FLATNESS:
        return _endogenous(drawn, FLATNESS[design])
    years = MICRO_YEARS if design == "recorded_years" else YEARS
    return _with_effect(drawn, _effect(drawn.cities, design), years)


def _effect(cities: SmartCities, design: str) -> Matrix:
    if design == NO_EFFECT:
        return np.zeros_like(cities.effect)
    if design == "growing_effect":
        return EFFECT * effect_path(cities.cohort, cities.developed, cities.open_city, GROWING)
    return cities.effect


def _with_effect(drawn: _Drawn, effect: Matrix, years: tuple[int, ...]) -> DrawnPanel:
    cities, n = drawn.cities, len(years)
    added = SCALE * effect[:, :n]
    quality = (drawn.base + drawn.noise())[:, :n] + added
    treated = cities.treated[:, :n]
    truth = {"att": float(added[treated].mean()), "twfe": fixed_effects_slope(added, treated.astype(float))}
    truth |= effects_by_time(added, cities.cohort, years, LAST_EVENT_TIME)
    # The mechanisms' columns are the cities' own in every design.
    truth |= {name: float(moved[:, :n][treated].mean()) for name, moved in cities.mechanism_effects.items()}
    return _panel(cities, cities.cohort, quality, years, truth | _slopes())


def _slopes() -> dict[str, float]:
    return {name: SCALE * slope for name, slope in CONTROLS.items()}


def _panel(
    cities: SmartCities, cohort: Codes, quality: Matrix, years: tuple[int, ...], truth: dict[str, float]
) -> DrawnPanel:
    n = len(years)
    values = cities.values
    columns = {name: series[:, :n] for name, series in values.items()} | {
        "quality": quality,
        "did": _treated(cohort)[:, :n],
        "cohort": cohort,
        "ever": (cohort > 0).astype(float),
        "developed": cities.developed.astype(float),
        "open_city": cities.open_city.astype(float),
        "ruggedness": cities.ruggedness,
        "batches": _begun(years),
    }
    return DrawnPanel(framed(cities.where.adcode, years, columns), truth)


def _begun(years: tuple[int, ...]) -> Matrix:
    """Return how many batches have begun, one row for all cities."""
    begun: Matrix = (np.array(years)[None, :] >= np.array(list(BATCHES))[:, None]).sum(axis=0, keepdims=True)
    return begun.astype(float)


def _treated(cohort: Codes) -> Matrix:
    begun: Matrix = ((cohort[:, None] > 0) & (np.array(YEARS) >= cohort[:, None])).astype(float)
    return begun


def _dynamic(drawn: _Drawn, *, selected: bool) -> DrawnPanel:
    """Let quality persist; pilots are the study's, or drawn without regard to the city's effect.

    The process has settled before the first year, controls as in that year, so that first differences do not go
    with the city's effect: what system GMM assumes of the lagged outcome. Pilots that are chosen among developed
    cities break the assumption, because the differences of `did` then do.
    """
    cities, rng = drawn.cities, drawn.rng
    cohort = cities.cohort if selected else rng.permutation(cities.cohort)
    did = _treated(cohort)
    effect = SCALE * EFFECT * (1 - PERSISTENCE)
    settled = (1 - PERSISTENCE) * drawn.base
    shocks = rng.normal(0, SAMPLING, (len(cohort), BURN_IN + len(YEARS)))
    level = drawn.base[:, 0]
    quality = np.empty_like(settled)
    for step in range(-BURN_IN, len(YEARS)):
        t = max(step, 0)
        level = PERSISTENCE * level + settled[:, t] + effect * did[:, t] * (step >= 0) + shocks[:, step + BURN_IN]
        quality[:, t] = level
    truth = {"persistence": PERSISTENCE, "did": effect}
    truth |= {name: (1 - PERSISTENCE) * slope for name, slope in _slopes().items()}
    return _panel(cities, cohort, quality, YEARS, truth)


def _endogenous(drawn: _Drawn, flatness: float) -> DrawnPanel:
    """Choose pilots for flat ground and for a momentum that lifts quality by itself from the first batch on.

    Every pilot has the same effect, so that the instrument's own weighting of effects is not in question.
    """
    cities, rng = drawn.cities, drawn.rng
    momentum = rng.normal(0, 1, len(cities.cohort))
    score = CHOSEN_FOR * momentum - flatness * (np.log(cities.ruggedness) + 0.5) + rng.normal(0, 1, len(momentum))
    cohort = chosen_cohorts(score, rng)
    did = _treated(cohort)
    begun = np.array(YEARS) >= min(BATCHES)
    effect = SCALE * EFFECT
    quality = drawn.base + drawn.noise() + effect * did + MOMENTUM * momentum[:, None] * begun
    return _panel(cities, cohort, quality, YEARS, {"did": effect} | _slopes())
