"""Seconds of SAR, SEM and SDM with effects, of the LM tests, and peak memory, at N = 300 and N = 3,000.

Eigenvalues are timed on their own: they are taken once for all models of one weights matrix. Panels are
simulated; weights are inverse distance (dense) and 8 nearest neighbours (sparse). With R and splm installed
splm runs SAR and SEM on the same panel, else our seconds stand alone.

    python benchmarks/spatial.py [--large] [--coverage]
"""

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from citypanel.estimate.spatial_compare import impacts
from citypanel.estimate.spatial_fit import Choices, fit_spatial
from citypanel.estimate.spatial_lm import lm_tests
from citypanel.estimate.spatial_operator import WeightsMatrix
from citypanel.estimate.spatial_panel import SpatialLayout, lay_out
from citypanel.panel.weights import inverse_distance, nearest_neighbours, row_standardised

NAMES = ["x1", "x2", "x3"]
SPLM = """
suppressMessages(library(splm)); d <- read.csv("{data}"); w <- as.matrix(read.csv("{w}", header = FALSE))
lw <- spdep::mat2listw(w, style = "W")
f <- function(lag, e) spml(y ~ x1 + x2 + x3, d, index = c("unit", "time"), listw = lw, model = "within",
  effect = "twoways", lag = lag, spatial.error = e)
cat(min(replicate(3, system.time(f(TRUE, "none"))[["elapsed"]])), min(replicate(3,
  system.time(f(FALSE, "b"))[["elapsed"]])))
"""


def simulated(units: int, periods: int, matrix: WeightsMatrix, seed: int = 1) -> tuple[np.ndarray, ...]:
    """Return y, X, unit and period codes of a lag model with rho = .4 and unit effects, sorted by unit."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(units, periods, len(NAMES)))
    mean = x @ np.array([1.0, -0.5, 0.25]) + rng.normal(size=(units, 1)) + rng.normal(size=(units, periods))
    y = mean.copy()
    for _ in range(80):  # the fixed point of y = rho W y + mean; .4^80 is below rounding
        y = 0.4 * np.asarray(matrix @ y) + mean
    unit = np.repeat(np.arange(units), periods)
    return y.ravel(), x.reshape(-1, len(NAMES)), unit, np.tile(np.arange(periods), units)


def fastest(run: Callable[[], object], repeats: int) -> float:
    """Return the least wall time of a few runs."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def forget(layout: SpatialLayout) -> None:
    """Drop what an operator keeps between fits, so that every run pays for its own."""
    for block in layout.blocks:
        block.operator._kept.clear()


def timed(title: str, matrix: WeightsMatrix, periods: int, repeats: int) -> None:
    """Print the seconds of the three models with effects and of the LM tests."""
    y, x, unit, period = simulated(matrix.shape[0], periods, matrix)
    start = time.perf_counter()
    layout = lay_out(matrix, unit, period, row_standardise=True)
    print(f"{title}: eigenvalues or stable range {time.perf_counter() - start:.3f} s")
    for model in ("sar", "sem", "sdm"):

        def run(model: str = model) -> None:
            forget(layout)
            impacts(fit_spatial(y, x, NAMES, layout, Choices(model)), 1000, 1)

        print(f"  {model} with effects {1000 * fastest(run, repeats):10.1f} ms")
    print(f"  four LM tests    {1000 * fastest(lambda: lm_tests(y, x, layout, 'both'), repeats):10.1f} ms")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"  peak memory so far {peak:.2f} GB", flush=True)


def splm(matrix: np.ndarray, periods: int) -> str:
    """Return the seconds of splm on the panel of `timed`."""
    if shutil.which("Rscript") is None:
        return "R is not installed here: no peer"
    y, x, unit, period = simulated(matrix.shape[0], periods, matrix)
    with tempfile.TemporaryDirectory() as folder:
        data, w = Path(folder, "data.csv"), Path(folder, "w.csv")
        table = np.column_stack([unit + 1, period + 1, y, x])
        np.savetxt(data, table, delimiter=",", header="unit,time,y,x1,x2,x3", comments="")
        np.savetxt(w, matrix, delimiter=",")
        done = subprocess.run(
            ["Rscript", "-e", SPLM.format(data=data, w=w)], capture_output=True, text=True, check=False
        )
    return f"splm SAR, SEM: {done.stdout} s" if done.returncode == 0 else f"splm did not run: {done.stderr[-200:]}"


def coverage(draws: int, units: int = 60, periods: int = 8) -> None:
    """Print how often 95% intervals of rho, b, theta and the effects hold the truth (SDM, unit effects)."""
    rng = np.random.default_rng(7)
    places = rng.uniform(size=(units, 2)) * 5
    matrix = row_standardised(nearest_neighbours(places[:, 0], places[:, 1], 5))
    inverse = np.linalg.inv(np.eye(units) - 0.4 * matrix)
    unit, period = np.repeat(np.arange(units), periods), np.tile(np.arange(periods), units)
    layout = lay_out(matrix, unit, period, row_standardise=True)
    x = rng.normal(size=(units, periods))
    effect = rng.normal(size=(units, 1))
    wide = np.linalg.inv(np.eye(units) - 0.4 * matrix) @ (np.eye(units) + 0.5 * matrix)
    direct, total = np.trace(wide) / units, wide.sum() / units
    truth = np.array([1.0, 0.5, 0.4, direct, total - direct, total])
    inside = np.zeros(6)
    for _ in range(draws):
        y = inverse @ (x + 0.5 * matrix @ x + effect + rng.normal(size=(units, periods)))
        fit = fit_spatial(y.ravel(), x.reshape(-1, 1), ["x"], layout, Choices("sdm", effects_fe="unit", leeyu=True))
        effects = impacts(fit, 2, 1)
        estimates = np.concatenate([fit.estimates, [item.estimate for item in effects]])
        errors = np.concatenate([np.sqrt(np.diag(fit.covariance))[:3], [item.se for item in effects]])
        inside += np.abs(estimates - truth) <= 1.959964 * errors
    shares = inside / draws
    names = ("b", "theta", "rho", "direct", "indirect", "total")
    print(f"coverage of 95% intervals over {draws} panels of {units} x {periods}: ", end="")
    print(", ".join(f"{name} {share:.3f}" for name, share in zip(names, shares, strict=True)))


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--large", action="store_true", help="also N = 3,000")
    parser.add_argument("--coverage", action="store_true", help="also 1,000 simulated panels")
    arguments = parser.parse_args()
    rng = np.random.default_rng(3)
    small = rng.uniform(size=(2, 300)) * [[30.0], [15.0]] + [[90.0], [22.0]]
    dense = row_standardised(inverse_distance(*small))
    timed("N = 300, T = 12, inverse distance", dense, 12, 7)
    print(splm(dense, 12))
    if arguments.large:
        large = rng.uniform(size=(2, 3000)) * [[30.0], [15.0]] + [[90.0], [22.0]]
        timed("N = 3,000, T = 12, 8 neighbours", row_standardised(nearest_neighbours(*large, 8)), 12, 1)
        timed("N = 3,000, T = 12, inverse distance", row_standardised(inverse_distance(*large)), 12, 1)
    if arguments.coverage:
        coverage(1000)


if __name__ == "__main__":
    sys.exit(main())
