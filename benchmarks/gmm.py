"""System GMM, two steps with Windmeijer, at N = 300 and N = 3,000, T = 10.

With R and plm installed, `plm::pgmm` runs on the same panel; else our seconds stand alone.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from measuring import Measurement, timed

from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Specification
from citypanel.estimate import gmm

REPEATS = 3
PLM = """
suppressMessages(library(plm)); d <- pdata.frame(read.csv("{data}"), index = c("unit", "time"))
run <- function() summary(pgmm(y ~ lag(y, 1) + x | lag(y, 2:99) + lag(x, 2:99), d, effect = "twoways",
                               model = "twosteps", transformation = "ld"), robust = TRUE)
cat(min(replicate({repeats}, system.time(run())[["elapsed"]])))
"""


def simulated(units: int, periods: int, seed: int = 1) -> pd.DataFrame:
    """Return a dynamic panel with unit and time effects and a predetermined regressor."""
    rng = np.random.default_rng(seed)
    effect = rng.normal(size=units)
    y, x = effect / 0.5, rng.normal(size=units)
    rows = []
    for period in range(-20, periods):
        shock = rng.normal(size=units)
        x = 0.6 * x + 0.3 * y + rng.normal(size=units)
        y = 0.5 * y + 0.3 * x + effect + 0.1 * period + shock
        if period >= 0:
            rows.append(pd.DataFrame({"unit": np.arange(units), "time": 2000 + period, "y": y, "x": x}))
    return pd.concat(rows, ignore_index=True)


def plm_seconds(data: pd.DataFrame) -> float | None:
    """Return the seconds of `plm::pgmm`, None where R or plm is absent."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "panel.csv"
        data.to_csv(path, index=False)
        script = PLM.format(data=path, repeats=1)
        done = subprocess.run(["Rscript", "-e", script], capture_output=True, text=True, check=False)
    return float(done.stdout.split()[-1]) if done.returncode == 0 and done.stdout.strip() else None


def measure() -> Iterator[Measurement]:
    """Give every line of this group."""
    options = {"gmm": "y:2:99;x:2:99", "system": True, "time_dummies": True}
    given = Specification("gmm", "y ~ L1.y + x", parse_options("gmm", options, "benchmark"), unit="unit", time="time")
    for units, goal in ((300, None), (3000, 1.5)):
        data = simulated(units, 10)
        ours = timed(lambda data=data: gmm.estimate(data, given), REPEATS)  # type: ignore[misc]
        note = f"{gmm.estimate(data, given).columns[0].stats['instruments']} instruments"
        what = f"system GMM, two steps, N = {units:,}, T = 10"
        yield ours.as_line(what, "s", goal=goal, note=note)
    theirs = plm_seconds(data)
    yield Measurement(
        "the same at N = 3,000, against plm::pgmm", theirs / ours.seconds if theirs else None, "times", goal=3.0,
        at_least=True, note=f"pgmm {theirs:.1f} s" if theirs else "R with plm is not installed here",
    )  # fmt: skip
