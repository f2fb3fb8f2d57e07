"""Panels with a known truth at each study's own size, for Monte Carlo: the worlds without their raw files.

A panel takes some milliseconds, so bias, size and coverage of an estimator can be counted over hundreds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from citypanel.arrays import Codes, Mask, Matrix, Vector
from citypanel.errors import InputError
from citypanel.sample.collaborative_gap import YEARS as GAP_YEARS
from citypanel.sample.collaborative_gap import fixed_effects_slope, gap_cities
from citypanel.sample.ip_model_city import YEARS as IP_YEARS
from citypanel.sample.ip_model_city import model_cities
from citypanel.sample.presets import checked_study
from citypanel.sample.smart_city import CONTROLS, MICRO_YEARS, smart_cities
from citypanel.sample.tables import target_panel

if TYPE_CHECKING:
    import pandas as pd

SCALE = 0.92  # scaled quality per unit of ln quality, as in the default sample of smart_city
SAMPLING = 0.02  # standard deviation of a city's measured quality around the true one
INNO = {"quality": 0.02}  # effect of ln(1 + joint inventions) on the drawn outcome of yrd_cooperation
YRD_NOISE, YRD_RHO = 0.03, 0.3


@dataclass(frozen=True)
class DrawnPanel:
    """`frame` has city, year and the study's variables; `truth` the effects in this panel.

    Effects differ by city and cities are drawn anew, so what a clustered interval covers is the mean of `truth`
    over panels; around the truth of its own panel it is too wide.
    """

    frame: "pd.DataFrame"
    truth: dict[str, float]


def draw_panel(study: str, seed: int, w: Matrix | None = None) -> DrawnPanel:
    """Draw one panel of a study.

    Parameters
    ----------
    study
        One of `presets.STUDIES`.
    seed
        The same seed gives the same panel.
    w : array, shape (41, 41), optional
        Row-standardised weights, cities in order of adcode: the outcome of yrd_cooperation then follows a spatial
        lag model with `truth["rho"]`. Not used by the other studies.

    Raises
    ------
    InputError
        Unknown study.
    """
    if checked_study(study) == "yrd_cooperation":
        return _yrd_cooperation(seed, w)
    return _DRAWS[study](seed)


def _framed(
    codes: Codes, years: tuple[int, ...], columns: Mapping[str, Matrix | Vector | Codes | Mask]
) -> "pd.DataFrame":
    import pandas as pd  # noqa: PLC0415 - writing a sample needs no pandas

    shape = (len(codes), len(years))
    keys = {"city": np.repeat(codes, len(years)), "year": np.tile(years, len(codes))}
    wide = {name: np.broadcast_to(v if v.ndim == 2 else v[:, None], shape).ravel() for name, v in columns.items()}
    return pd.DataFrame(keys | wide)


def _smart_city(seed: int) -> DrawnPanel:
    cities = smart_cities(seed)
    rng = np.random.default_rng([seed, 71])
    n = len(MICRO_YEARS)
    controls = cities.values  # noqa: PD011 - a field, not a frame
    quality = 0.29 + SCALE * cities.log_quality()[:, :n]
    columns = {name: series[:, :n] for name, series in controls.items()} | {
        "quality": quality + rng.normal(0, SAMPLING, quality.shape),
        "did": cities.treated[:, :n].astype(float),
        "cohort": cities.cohort,
        "developed": cities.developed.astype(float),
        "open_city": cities.open_city.astype(float),
        "ruggedness": cities.ruggedness,
    }
    added = SCALE * cities.effect[:, :n]
    truth = {"att": float(added[cities.treated[:, :n]].mean())}
    truth |= {"twfe": fixed_effects_slope(added, columns["did"])}
    truth |= {name: SCALE * slope for name, slope in CONTROLS.items()}
    return DrawnPanel(_framed(cities.where.adcode, MICRO_YEARS, columns), truth)


def _ip_model_city(seed: int) -> DrawnPanel:
    cities = model_cities(seed, 9.3, 0.5)
    series = cities.values  # noqa: PD011 - a field, not a frame
    columns = {
        "expy": cities.log_expy,
        "did": cities.treated.astype(float),
        "cohort": cities.cohort,
        **{name: series[name] for name in cities.mechanism_effects},
        "innovative": cities.innovative.astype(float),
        "small": cities.small.astype(float),
        "key": cities.where.key.astype(float),
    }
    truth = {
        "att": float(cities.effect[cities.treated].mean()),
        "twfe": fixed_effects_slope(cities.effect, columns["did"]),
        **{name: float(e[cities.treated].mean()) for name, e in cities.mechanism_effects.items()},
    }
    return DrawnPanel(_framed(cities.where.adcode, IP_YEARS, columns), truth)


def _collaborative_gap(seed: int) -> DrawnPanel:
    cities = gap_cities(seed, 1)
    series = cities.values  # noqa: PD011 - a field, not a frame
    columns = {"gap": cities.gap, "intensity": cities.intensity, **series} | {
        name: mark.astype(float) for name, mark in cities.splits.items()
    }
    truth = {"fixed_effects": fixed_effects_slope(cities.slope[:, None] * cities.intensity, cities.intensity)}
    return DrawnPanel(_framed(cities.where.adcode, GAP_YEARS, columns), truth)


def _yrd_cooperation(seed: int, w: Matrix | None) -> DrawnPanel:
    """Draw outcomes on the constructed panel's regressors: city and year effects, inno, noise, or a spatial lag."""
    panel = target_panel()
    rng = np.random.default_rng([seed, 72])
    codes, years = np.array(panel.adcodes), tuple(panel.years)
    fixed = {
        name: np.stack([panel.of_year(year, name) for year in years], axis=1)
        for name in panel.columns
        if name not in {"quality", "tcf", "n_patents"}
    }
    shape = (len(codes), len(years))
    effects = 12.9 + rng.normal(0, 0.3, (len(codes), 1)) + 0.05 * np.arange(len(years))
    outcome: Matrix = effects + INNO["quality"] * fixed["inno"] + rng.normal(0, YRD_NOISE, shape)
    truth = {"inno": INNO["quality"]}
    if w is not None:
        if w.shape != (len(codes), len(codes)):
            raise InputError(f"weights are {w.shape}; allowed: {(len(codes), len(codes))}, cities in order of adcode")
        outcome = np.array(np.linalg.solve(np.eye(len(codes)) - YRD_RHO * w, outcome), dtype=np.float64)
        truth["rho"] = YRD_RHO
    return DrawnPanel(_framed(codes, years, {"quality": outcome, **fixed}), truth)


_DRAWS: dict[str, Callable[[int], DrawnPanel]] = {
    "smart_city": _smart_city,
    "ip_model_city": _ip_model_city,
    "collaborative_gap": _collaborative_gap,
}
