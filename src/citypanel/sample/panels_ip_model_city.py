"""Panels of ip_model_city: effects that build up, none, or that grow with every year."""

from collections.abc import Mapping

import numpy as np

from citypanel.arrays import Matrix
from citypanel.sample.designs import NO_EFFECT
from citypanel.sample.drawn import DrawnPanel, effects_by_time, framed
from citypanel.sample.ip_model_city import YEARS, ModelCities, effect_path, model_cities
from citypanel.sample.two_way import fixed_effects_slope

LEVEL, SPREAD = 9.3, 0.5  # of ln EXPY, as the default sample's PRODY allows
# Years 0, 1, 2, ... since the start, over what the effect is once it has built up in `main`.
GROWING = tuple(0.5 + 0.25 * k for k in range(len(YEARS)))
LAST_EVENT_TIME = 5
CONTROLS = ("gdp_per_head", "fin", "human", "infra", "government", "open")


def draw(seed: int, design: str, weights: Mapping[str, Matrix]) -> DrawnPanel:
    """Draw a panel; there are no spatial designs."""
    del weights
    cities = model_cities(seed, LEVEL, SPREAD)
    factor = _factor(cities, design)
    effect = cities.effect * factor
    series = cities.values
    # A mechanism moves with the policy in the same proportion.
    mechanisms = {name: series[name] + own * (factor - 1) for name, own in cities.mechanism_effects.items()}
    treated = cities.treated
    columns = {
        "expy": cities.log_expy - cities.effect + effect,
        "did": treated.astype(float),
        "cohort": cities.cohort,
        "ever": (cities.cohort > 0).astype(float),
        **mechanisms,
        **{name: series[name] for name in CONTROLS},
        "innovative": cities.innovative.astype(float),
        "small": cities.small.astype(float),
        "key": cities.where.key.astype(float),
    }
    truth = {
        "att": float(effect[treated].mean()),
        "twfe": fixed_effects_slope(effect, columns["did"]),
        **effects_by_time(effect, cities.cohort, YEARS, LAST_EVENT_TIME),
        **{name: float((own * factor)[treated].mean()) for name, own in cities.mechanism_effects.items()},
    }
    return DrawnPanel(framed(cities.where.adcode, YEARS, columns), truth)


def _factor(cities: ModelCities, design: str) -> Matrix:
    """Return what the effect of each city and year is multiplied by."""
    if design == NO_EFFECT:
        return np.zeros_like(cities.effect)
    if design != "growing_effect":
        return np.ones_like(cities.effect)
    usual = effect_path(cities.cohort)
    factor: Matrix = effect_path(cities.cohort, GROWING) / np.where(usual > 0, usual, 1.0)
    return factor
