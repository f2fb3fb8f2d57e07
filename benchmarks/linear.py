"""Milliseconds of one regression, of instruments and of the wild cluster bootstrap on 300 cities x 12 years.

linearmodels runs the same regressions in the same process. A job of method `linear` must load nothing heavier than
numpy, scipy and pandas: a fresh interpreter says what it loaded.
"""

import subprocess
import sys
import warnings
from collections.abc import Iterator

import numpy as np
import pandas as pd
from measuring import Measurement, Timed, timed

from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Specification
from citypanel.estimate import linear
from citypanel.estimate.bootstrap import wild_cluster_bootstrap
from citypanel.estimate.convention import Convention
from citypanel.estimate.design import build_design
from citypanel.estimate.fit import fit
from citypanel.estimate.regression import neighbours_of

UNITS, PERIODS, REGRESSORS, DRAWS = 300, 12, 10, 999
NAMES = [f"x{k}" for k in range(REGRESSORS)]
EFFECTS = f"y ~ {' + '.join(NAMES)} | city + year"
HEAVY = ("statsmodels", "linearmodels", "matplotlib", "duckdb", "networkx", "openpyxl", "sklearn", "formulaic")


def simulated(units: int = UNITS, periods: int = PERIODS, seed: int = 1) -> pd.DataFrame:
    """Return a panel with ten regressors, two instruments and both effects."""
    rng = np.random.default_rng(seed)
    n = units * periods
    frame = pd.DataFrame(
        {"city": np.repeat(np.arange(units), periods), "year": np.tile(2005 + np.arange(periods), units)}
    )
    frame[[*NAMES, "z1", "z2"]] = rng.normal(size=(n, REGRESSORS + 2))
    common = rng.normal(size=n)
    frame["x0"] += frame["z1"] + 0.5 * frame["z2"] + common
    noise = rng.normal(size=units)[frame["city"]] + rng.normal(size=periods)[frame["year"] - 2005]
    return frame.assign(y=frame["x0"] + frame["x1"] + noise + common + rng.normal(size=n))


def ours(data: pd.DataFrame) -> dict[str, Timed]:
    """Return the seconds of our estimators; `fit` is without the reading of formula and table."""
    plain = Specification(
        "linear", EFFECTS, parse_options("linear", {}, "benchmark"), unit="city", time="year", vcov="cluster:city"
    )
    formula = f"y ~ {' + '.join(NAMES[1:])} | city + year | x0 ~ z1 + z2"
    instruments = Specification(
        "linear", formula, parse_options("linear", {}, "benchmark"), unit="city", time="year", vcov="cluster:city"
    )
    design = build_design(data, plain)
    neighbours, convention = neighbours_of(design), Convention("cluster", by=("city",))

    def once() -> object:
        return fit(design.y, design.X, design.names, design.effects, convention=convention, neighbours=neighbours)

    def wild() -> object:
        cluster = design.codes("city")
        return wild_cluster_bootstrap(
            design.y, design.X, design.names, cluster, effects=design.effects, draws=DRAWS, seed=1
        )

    return {
        "fit": timed(once, 60),
        "estimate": timed(lambda: linear.estimate(data, plain), 40),
        "instruments": timed(lambda: linear.estimate(data, instruments), 10),
        "wild": timed(wild, 3),
    }


def theirs(data: pd.DataFrame) -> dict[str, Timed]:
    """Return the seconds of linearmodels on the same panel; instruments with explicit dummies of the effects."""
    from linearmodels.iv import IV2SLS  # noqa: PLC0415 - a slow import, wanted for the comparison only
    from linearmodels.panel import PanelOLS  # noqa: PLC0415

    panel = data.set_index(["city", "year"])
    dummies = pd.get_dummies(data[["city", "year"]].astype(str), drop_first=True, dtype=float)
    exogenous = pd.concat([data[NAMES[1:]], dummies], axis=1).assign(one=1.0)

    def within() -> object:
        model = PanelOLS(panel["y"], panel[NAMES], entity_effects=True, time_effects=True)
        return model.fit(cov_type="clustered", cluster_entity=True)

    def instruments() -> object:
        model = IV2SLS(data["y"], exogenous, data[["x0"]], data[["z1", "z2"]])
        return model.fit(cov_type="clustered", clusters=data["city"])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {"fit": timed(within, 3), "instruments": timed(instruments, 1)}


def loaded() -> list[str]:
    """Return which heavy libraries a job of method `linear` has loaded once it has estimated: none, if all is well."""
    script = (
        "import sys, pandas as pd; from citypanel.estimate.analysis import estimate_analysis; "
        "from citypanel.declare.specification import Specification; "
        "from citypanel.declare.methods import parse_options; "
        "data = pd.DataFrame({'y': [1., 2, 4, 3, 5, 9], 'x': [1., 2, 3, 4, 5, 6], 'city': [1, 1, 2, 2, 3, 3]}); "
        "given = Specification('linear', 'y ~ x | city', parse_options('linear', {}, ''), vcov='cluster:city'); "
        "estimate_analysis(data, [given]).to_json(); "
        f"print(*[name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.split()


def measure() -> Iterator[Measurement]:
    """Give every line of this group."""
    data = simulated()
    mine, other = ours(data), theirs(data)
    yield mine["fit"].as_line("one fit, ten regressors, two-way effects, clustered, on arrays", goal=2.0)
    yield mine["estimate"].as_line("the same with formula and table read")
    yield Measurement(
        "one fit, against linearmodels PanelOLS", other["fit"].seconds / mine["fit"].seconds, "times",
        note=f"PanelOLS {1e3 * other['fit'].seconds:.0f} ms",
    )  # fmt: skip
    yield mine["instruments"].as_line("2SLS with first stage and all tests")
    yield Measurement(
        "2SLS, against linearmodels IV2SLS with dummies and no tests",
        other["instruments"].seconds / mine["instruments"].seconds, "times",
        note=f"IV2SLS {1e3 * other['instruments'].seconds:.0f} ms",
    )  # fmt: skip
    yield Timed(mine["wild"].seconds / REGRESSORS, mine["wild"].noise).as_line(
        f"wild cluster bootstrap, {DRAWS} draws, one coefficient", goal=200.0, note="of ten that are tested together"
    )
    heavy = loaded()
    yield Measurement(
        "libraries heavier than numpy, scipy and pandas that a job of method linear loads", len(heavy), "libraries",
        goal=0, note=", ".join(heavy),
    )  # fmt: skip
