"""Panels of yrd_cooperation: outcomes drawn on the constructed panel's regressors, with or without spatial dependence.

Regressors stay as they are, so that everything is as in the study but the outcome, whose truth is known.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from citypanel.arrays import Codes, Matrix
from citypanel.errors import InputError
from citypanel.sample.designs import NO_EFFECT
from citypanel.sample.drawn import DrawnPanel, framed
from citypanel.sample.tables import target_panel

EFFECT = 0.02  # of ln(1 + joint inventions)
NEIGHBOURS = 0.01  # of the neighbours' mean of it, in the Durbin design
DEPENDENCE = 0.3  # rho of lag and Durbin designs, lambda of the error design
LEVEL, CITY, TREND, NOISE = 12.9, 0.3, 0.05, 0.03
REGRESSOR = "inno"
NO_REGRESSORS = {"quality", "tcf", "n_patents"}


@dataclass(frozen=True)
class _Regressors:
    """What stays the same in every panel."""

    codes: Codes
    years: tuple[int, ...]
    columns: dict[str, Matrix]


def draw(seed: int, design: str, weights: Mapping[str, Matrix]) -> DrawnPanel:
    """Draw a panel; designs of one seed share city effects and noise."""
    known = _regressors()
    rng = np.random.default_rng([seed, 72])
    shape = (len(known.codes), len(known.years))
    effects = LEVEL + rng.normal(0, CITY, (shape[0], 1)) + TREND * np.arange(shape[1])
    noise = rng.normal(0, NOISE, shape)
    effect = 0.0 if design == NO_EFFECT else EFFECT
    mean = effects + effect * known.columns[REGRESSOR]
    model, _, name = design.partition(":")
    outcome, truth = mean + noise, {REGRESSOR: effect}
    if name:
        outcome, truth = _spatial(model, _checked(weights[name], shape[0]), mean, noise, known.columns[REGRESSOR])
    frame = framed(known.codes, known.years, {"quality": outcome, **known.columns})
    return DrawnPanel(frame.assign(province=frame["city"] // 10_000 * 10_000), truth)


def _regressors() -> _Regressors:
    panel = target_panel()
    years = tuple(panel.years)
    columns = {
        name: np.stack([panel.of_year(year, name) for year in years], axis=1)
        for name in panel.columns
        if name not in NO_REGRESSORS
    }
    return _Regressors(np.array(panel.adcodes), years, columns)


def _spatial(model: str, w: Matrix, mean: Matrix, noise: Matrix, regressor: Matrix) -> tuple[Matrix, dict[str, float]]:
    """Return the outcome of a lag, error or Durbin model and its parameters, with the effects of the regressor.

    Direct and total effects are means over cities of the own and of all partial derivatives (LeSage and Pace 2009).
    """
    inverse = np.linalg.inv(np.eye(len(w)) - DEPENDENCE * w)
    if model == "sem":
        return mean + inverse @ noise, {REGRESSOR: EFFECT, "lambda": DEPENDENCE}
    theta = NEIGHBOURS if model == "sdm" else 0.0
    outcome: Matrix = inverse @ (mean + theta * (w @ regressor) + noise)
    derivatives = inverse @ (EFFECT * np.eye(len(w)) + theta * w)
    direct, total = float(np.trace(derivatives)) / len(w), float(derivatives.sum()) / len(w)
    truth = {REGRESSOR: EFFECT, "rho": DEPENDENCE, "direct": direct, "indirect": total - direct, "total": total}
    return outcome, truth | ({"neighbours": theta} if theta else {})


def _checked(w: Matrix, cities: int) -> Matrix:
    if w.shape != (cities, cities):
        raise InputError(f"weights are {w.shape}; allowed: {(cities, cities)}, cities in order of adcode")
    return w
