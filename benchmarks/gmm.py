"""Seconds of system GMM, two steps with Windmeijer, at N = 300 and N = 3,000, T = 10.

With R and plm installed, `plm::pgmm` runs on the same panel in the same call; else our seconds stand alone.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Specification
from citypanel.estimate import gmm

GOAL = 1.5
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


def fastest(run: Callable[[], object]) -> float:
    """Return the least wall time of a few runs."""
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


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


def main() -> int:
    """Print one line per size; return 1 when the goal is missed."""
    options = {"gmm": "y:2:99;x:2:99", "system": True, "time_dummies": True}
    given = Specification("gmm", "y ~ L1.y + x", parse_options("gmm", options, "benchmark"), unit="unit", time="time")
    ours = 0.0
    for units in (300, 3000):
        data = simulated(units, 10)
        ours = fastest(lambda data=data: gmm.estimate(data, given))  # type: ignore[misc]
        count = gmm.estimate(data, given).columns[0].stats["instruments"]
        theirs = plm_seconds(data)
        beside = f", plm::pgmm {theirs:.2f} s ({theirs / ours:.1f}x)" if theirs else ""
        print(f"system GMM, two steps, N = {units}, T = 10, {count} instruments: {ours:.3f} s{beside}")
    print(f"goal at N = 3000: {GOAL} s, {'met' if ours < GOAL else 'missed'}")
    return int(ours >= GOAL)


if __name__ == "__main__":
    sys.exit(main())
