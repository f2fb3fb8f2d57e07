"""Placebo, staggered adoption, matching and quantiles on 300 cities x 12 years.

The placebo is set beside a loop of linearmodels fits in the same process; the other goals lie below what other packages
need on the same panel.
"""

import warnings
from collections.abc import Iterator

import numpy as np
import pandas as pd
from measuring import Measurement, Timed, timed

from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Specification
from citypanel.estimate.analysis import load_method

REPEATS = 7
DRAWS = 500
CONTROLS = " + ".join(f"x{k}" for k in range(9))
# Milliseconds: StatsPAI 1.40 needs 44, 18 and 71 for the first three.
GOALS = {
    "callaway_santanna": 40.0,
    "sun_abraham": 15.0,
    "bacon": 30.0,
    "placebo": 600.0,
}

EFFECTS = f"y ~ did + {CONTROLS} | city + year"
RUNS: dict[str, tuple[str, str, dict[str, object]]] = {
    "callaway_santanna": ("did", "y ~ 1", {"cohort": "cohort", "estimator": "callaway_santanna"}),
    "callaway_santanna, x": ("did", "y ~ x1", {"cohort": "cohort", "estimator": "callaway_santanna"}),
    "sun_abraham": ("did", "y ~ 1", {"cohort": "cohort", "estimator": "sun_abraham"}),
    "bacon": ("did", "y ~ 1", {"cohort": "cohort", "estimator": "bacon"}),
    "imputation": ("did", "y ~ 1", {"cohort": "cohort", "estimator": "imputation"}),
    "gardner": ("did", "y ~ 1", {"cohort": "cohort", "estimator": "gardner"}),
    "event_study": ("event_study", f"y ~ {CONTROLS} | city + year", {"cohort": "cohort"}),
    "placebo": ("placebo", EFFECTS, {"treatment": "did", "draws": DRAWS}),
    "psm_did": ("psm_did", EFFECTS, {"treated": "treated"}),
    "quantile, pooled": ("quantile", f"y ~ {CONTROLS}", {}),
    "quantile, mmqr": ("quantile", f"y ~ {CONTROLS} | city + year", {"estimator": "mmqr"}),
}


def simulated(units: int = 300, periods: int = 12, seed: int = 1) -> pd.DataFrame:
    """Return a panel with four cohorts, never treated units and nine controls."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"city": np.repeat(np.arange(units), periods), "year": np.tile(2005 + np.arange(periods), units)}
    )
    frame["cohort"] = rng.choice([0, 2009, 2011, 2013, 2014], units, p=[0.4, 0.15, 0.15, 0.15, 0.15])[frame["city"]]
    frame["treated"] = (frame["cohort"] > 0).astype(int)
    frame["did"] = ((frame["cohort"] > 0) & (frame["year"] >= frame["cohort"])).astype(float)
    for k in range(9):
        frame[f"x{k}"] = rng.normal(size=len(frame))
    noise = rng.normal(size=units)[frame["city"]] + rng.normal(size=len(frame))
    return frame.assign(y=0.3 * frame["did"] + frame["x0"] + noise)


def estimation(data: pd.DataFrame, method: str, formula: str, options: dict[str, object]) -> Timed:
    """Time one estimation, reading of the formula included."""
    parsed = parse_options(method, options, "benchmark")
    given = Specification(method, formula, parsed, unit="city", time="year", vcov="cluster:city", seed=1)
    module = load_method(method)
    return timed(lambda: module.estimate(data, given), REPEATS)


def library_fit(data: pd.DataFrame) -> float:
    """Return the CPU seconds of one PanelOLS fit on the panel of the placebo."""
    from linearmodels.panel import PanelOLS  # noqa: PLC0415 - a slow import, wanted for the comparison only

    panel = data.set_index(["city", "year"])
    regressors = panel[["did", *(f"x{k}" for k in range(9))]]

    def fit() -> object:
        model = PanelOLS(panel["y"], regressors, entity_effects=True, time_effects=True)
        return model.fit(cov_type="clustered", cluster_entity=True)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return timed(fit, 3).seconds


def measure() -> Iterator[Measurement]:
    """Give every line of this group."""
    data = simulated()
    found = {name: estimation(data, *given) for name, given in RUNS.items()}
    for name, one in found.items():
        what = f"placebo, {DRAWS} draws with t" if name == "placebo" else name.replace("_", " ")
        yield one.as_line(what, goal=GOALS.get(name))
    loop = DRAWS * library_fit(data)
    yield Measurement(
        f"placebo, against {DRAWS} fits of linearmodels PanelOLS", loop / found["placebo"].seconds, "times",
        goal=80.0, at_least=True, note=f"{DRAWS} times one fit: {loop:.1f} s",
    )  # fmt: skip
