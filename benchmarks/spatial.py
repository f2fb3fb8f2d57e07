"""SAR, SEM and SDM with effects, and the LM tests, at N = 300 and N = 3,000, T = 12.

Eigenvalues are timed on their own: they are taken once for all models of one weights matrix. Panels are
simulated; weights are inverse distance (dense) and 8 nearest neighbours (sparse). With R and splm installed
splm runs SAR and SEM on the same panel, else our seconds stand alone.

`python benchmarks/spatial.py` prints how often 95% intervals hold the truth in 1,000 simulated panels.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from measuring import Measurement, Timed, timed

from citypanel.estimate.spatial_compare import impacts
from citypanel.estimate.spatial_fit import Choices, fit_spatial
from citypanel.estimate.spatial_lm import lm_tests
from citypanel.estimate.spatial_operator import WeightsMatrix
from citypanel.estimate.spatial_panel import SpatialLayout, lay_out
from citypanel.panel.weights import inverse_distance, nearest_neighbours, row_standardised

NAMES = ["x1", "x2", "x3"]
PERIODS = 12
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


def forget(layout: SpatialLayout) -> None:
    """Drop what an operator keeps between fits, so that every run pays for its own."""
    for block in layout.blocks:
        block.operator._kept.clear()


def splm(matrix: np.ndarray, periods: int) -> float | None:
    """Return the seconds of SAR and SEM by splm together, None where R or splm is absent."""
    if shutil.which("Rscript") is None:
        return None
    y, x, unit, period = simulated(matrix.shape[0], periods, matrix)
    with tempfile.TemporaryDirectory() as folder:
        data, w = Path(folder, "data.csv"), Path(folder, "w.csv")
        table = np.column_stack([unit + 1, period + 1, y, x])
        np.savetxt(data, table, delimiter=",", header="unit,time,y,x1,x2,x3", comments="")
        np.savetxt(w, matrix, delimiter=",")
        done = subprocess.run(
            ["Rscript", "-e", SPLM.format(data=data, w=w)], capture_output=True, text=True, check=False
        )
    return sum(map(float, done.stdout.split())) if done.returncode == 0 else None


def against_splm(title: str, matrix: np.ndarray, ours: float, goal: float) -> Measurement:
    """Return how many times as long splm takes for SAR and SEM on the panel of `models`."""
    theirs = splm(matrix, PERIODS)
    return Measurement(
        f"{title}: SAR and SEM, against splm", theirs / ours if theirs else None, "times", goal=goal, at_least=True,
        note=f"splm {theirs:.2f} s" if theirs else "R with splm is not installed here",
    )  # fmt: skip


def models(title: str, matrix: WeightsMatrix, repeats: int, **goals: float) -> Iterator[tuple[str, Timed, Measurement]]:
    """Give eigenvalues, three models and LM tests of one matrix: a key, what it took, its line; goals in ms by key."""
    y, x, unit, period = simulated(matrix.shape[0], PERIODS, matrix)
    layouts: list[SpatialLayout] = []
    eigen = timed(lambda: layouts.append(lay_out(matrix, unit, period, row_standardise=True)), 1)
    yield "eigenvalues", eigen, eigen.as_line(f"{title}: eigenvalues or stable range")
    layout = layouts[0]
    for model in ("sar", "sem", "sdm"):

        def run(model: str = model) -> None:
            forget(layout)
            impacts(fit_spatial(y, x, NAMES, layout, Choices(model)), 1000, 1)

        took = timed(run, repeats)
        yield model, took, took.as_line(f"{title}: {model.upper()} with effects", goal=goals.get("each"))
    took = timed(lambda: lm_tests(y, x, layout, "both"), repeats)
    yield "lm", took, took.as_line(f"{title}: four LM tests", goal=goals.get("lm"))


def places(units: int) -> np.ndarray:
    """Return longitudes and latitudes of so many places."""
    return np.random.default_rng(3).uniform(size=(2, units)) * [[30.0], [15.0]] + [[90.0], [22.0]]


def measure() -> Iterator[Measurement]:
    """Give every line at N = 300."""
    title, dense = "N = 300", row_standardised(inverse_distance(*places(300)))
    found = list(models(title, dense, 7, each=40.0, lm=20.0))
    yield from (line for _, _, line in found)
    ours = sum(took.seconds for key, took, _ in found if key in ("sar", "sem"))
    yield against_splm(title, dense, ours, 20.0)


def measure_large() -> Iterator[Measurement]:
    """Give every line at N = 3,000, sparse and dense."""
    dense = row_standardised(inverse_distance(*places(3000)))
    for title, matrix in (
        ("N = 3,000, 8 neighbours", row_standardised(nearest_neighbours(*places(3000), 8))),
        ("N = 3,000, inverse distance", dense),
    ):
        found = list(models(title, matrix, 1))
        yield from (line for _, _, line in found)
        three = sum(took.seconds for key, took, _ in found if key != "lm")
        yield Timed(three, None).as_line(f"{title}: eigenvalues and three models", "s", goal=30.0)
    ours = sum(took.seconds for key, took, _ in found if key in ("sar", "sem"))
    yield against_splm(title, dense, ours, 9.0)


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


if __name__ == "__main__":
    coverage(1000)
