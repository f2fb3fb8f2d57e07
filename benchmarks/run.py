"""Every speed that issues 6 and 7 name, on one page: measured, budget, and other software in the same run.

Each group runs in a process of its own on one thread, so that its peak memory is its own. Times are CPU seconds, the
least of some runs: what the clock shows on a quiet machine, whoever else computes now. Results go to
benchmarks/results (not committed); benchmarks/baseline.json is what they are compared with, after division by a fixed
piece of numpy work timed in the same process, so that another machine's speed cancels.

    python benchmarks/run.py [--only GROUP] [--update] [--all]

`--update` makes this run the baseline. `--all` also runs the other scripts of this folder (customs, patents: minutes).
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypedDict

HERE = Path(__file__).resolve().parent
RESULTS, BASELINE = HERE / "results", HERE / "baseline.json"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
SLOWER = 2.0  # times the baseline at which a line is marked
OTHERS = ("patents.py", "customs.py")


class Measurement(TypedDict, total=False):
    """One line of the page; seconds, a budget in seconds, and other software's seconds where there are any."""

    name: str
    seconds: float
    goal: float
    peer: str
    peer_seconds: float
    peer_goal: float
    note: str


def calibration() -> float:
    """Return the least CPU seconds of a fixed mix of what estimators do: products, sorting, counting, Python."""
    import numpy as np  # noqa: PLC0415 - only the processes that measure need it

    rng = np.random.default_rng(0)
    square, long = rng.normal(size=(300, 300)), rng.normal(size=200_000)
    codes = rng.integers(0, 300, 200_000)

    def work() -> None:
        np.linalg.qr(square @ square)
        np.bincount(codes, long)
        np.sort(long)
        sum(i * i for i in range(50_000))

    return least(work, 7)


def least(run: Callable[[], object], repeats: int, *, warm: bool = True) -> float:
    """Return the least CPU seconds of some runs, after one that is not counted."""
    if warm:
        run()
    found = []
    for _ in range(repeats):
        start = time.process_time()
        run()
        found.append(time.process_time() - start)
    return min(found)


def linear_group() -> Iterator[Measurement]:
    """One regression, instruments and wild bootstrap on 300 cities x 12 years, ten regressors."""
    import linear  # noqa: PLC0415 - scripts of this folder

    data = linear.simulated()
    mine, other = linear.ours(data), linear.theirs(data)
    yield {
        "name": "linear, two-way, clustered, on arrays",
        "seconds": mine["fit"],
        "goal": 2e-3,
        "peer": "linearmodels PanelOLS",
        "peer_seconds": other["fit"],
    }
    yield {"name": "linear, formula and table read", "seconds": mine["estimate"]}
    yield {
        "name": "2SLS with first stage and all tests",
        "seconds": mine["instruments"],
        "peer": "linearmodels IV2SLS, dummies, no tests",
        "peer_seconds": other["instruments"],
    }
    yield {
        "name": f"wild cluster bootstrap, {linear.DRAWS} draws, per coefficient",
        "seconds": mine["wild"] / linear.REGRESSORS,
        "goal": 0.2,
        "note": f"300 clusters; all ten coefficients {mine['wild']:.3f} s",
    }
    heavy = linear.loaded()
    text = f"heavy libraries that a job of method linear loads: {', '.join(heavy) or 'none'}"
    yield {"name": "imports", "seconds": 0.0, "note": text, **({"goal": -1.0} if heavy else {})}


def did_group() -> Iterator[Measurement]:
    """Placebo, staggered adoption, matching and quantiles on 300 cities x 12 years."""
    import did  # noqa: PLC0415 - scripts of this folder

    from citypanel.declare.methods import parse_options  # noqa: PLC0415
    from citypanel.declare.specification import Specification  # noqa: PLC0415
    from citypanel.estimate.analysis import load_method  # noqa: PLC0415

    data = did.simulated()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loop = did.DRAWS * library_fit(data)
    for name, (method, formula, options) in did.RUNS.items():
        parsed = parse_options(method, options, "benchmark")
        given = Specification(method, formula, parsed, unit="city", time="year", vcov="cluster:city", seed=1)
        module = load_method(method)
        found: Measurement = {"name": name, "seconds": least(lambda m=module, g=given: m.estimate(data, g), 7)}  # type: ignore[misc]
        if name in did.GOALS:
            found["goal"] = did.GOALS[name] / 1e3
        if name == "placebo":
            found |= {"name": f"placebo, {did.DRAWS} draws with t", "peer": f"{did.DRAWS} fits of PanelOLS"}
            found |= {"peer_seconds": loop, "peer_goal": 80.0}
        yield found


def library_fit(data) -> float:  # noqa: ANN001 - a DataFrame; pandas is not loaded here
    """Return the CPU seconds of one PanelOLS fit on the panel of the placebo."""
    from linearmodels.panel import PanelOLS  # noqa: PLC0415 - a slow import

    panel = data.set_index(["city", "year"])
    regressors = panel[["did", *(f"x{k}" for k in range(9))]]

    def fit() -> object:
        model = PanelOLS(panel["y"], regressors, entity_effects=True, time_effects=True)
        return model.fit(cov_type="clustered", cluster_entity=True)

    return least(fit, 3)


def gmm_group() -> Iterator[Measurement]:
    """System GMM, two steps with Windmeijer's correction."""
    import gmm as script  # noqa: PLC0415 - scripts of this folder

    from citypanel.declare.methods import parse_options  # noqa: PLC0415
    from citypanel.declare.specification import Specification  # noqa: PLC0415
    from citypanel.estimate import gmm  # noqa: PLC0415

    options = {"gmm": "y:2:99;x:2:99", "system": True, "time_dummies": True}
    given = Specification("gmm", "y ~ L1.y + x", parse_options("gmm", options, "benchmark"), unit="unit", time="time")
    for units, goal in ((300, None), (3000, script.GOAL)):
        data = script.simulated(units, 10)
        found: Measurement = {"name": f"system GMM, two-step, N = {units:,}, T = 10"}
        found["seconds"] = least(lambda d=data: gmm.estimate(d, given), 3)  # type: ignore[misc]
        if goal is not None:
            found["goal"] = goal
            theirs = script.plm_seconds(data)
            found |= {"peer": "plm::pgmm", "peer_seconds": theirs, "peer_goal": 3.0} if theirs else {"note": NO_R}
        yield found


NO_R = "R with plm and splm is not installed: no peer in this run"


def spatial_group() -> Iterator[Measurement]:
    """SAR, SEM, SDM with effects and the LM tests at N = 300."""
    import numpy as np  # noqa: PLC0415
    import spatial  # noqa: PLC0415 - scripts of this folder

    from citypanel.panel.weights import inverse_distance, row_standardised  # noqa: PLC0415

    rng = np.random.default_rng(3)
    dense = row_standardised(inverse_distance(*(rng.uniform(size=(2, 300)) * [[30.0], [15.0]] + [[90.0], [22.0]])))
    yield from spatial_models("N = 300", dense, repeats=7, each=0.04)
    yield {"name": "splm", "seconds": 0.0, "note": spatial.splm(dense, 12)}


def large_group() -> Iterator[Measurement]:
    """SAR, SEM, SDM with effects and the LM tests at N = 3,000, dense and sparse weights."""
    import numpy as np  # noqa: PLC0415

    from citypanel.panel.weights import inverse_distance, nearest_neighbours, row_standardised  # noqa: PLC0415

    rng = np.random.default_rng(3)
    places = rng.uniform(size=(2, 3000)) * [[30.0], [15.0]] + [[90.0], [22.0]]
    for title, matrix in (
        ("N = 3,000, 8 neighbours", row_standardised(nearest_neighbours(*places, 8))),
        ("N = 3,000, inverse distance", row_standardised(inverse_distance(*places))),
    ):
        found = list(spatial_models(title, matrix, repeats=1))
        yield from found
        models = sum(item["seconds"] for item in found if "LM" not in item["name"])
        yield {"name": f"{title}: eigenvalues and three models", "seconds": models, "goal": 30.0}


def spatial_models(title: str, matrix, *, repeats: int, each: float | None = None) -> Iterator[Measurement]:  # noqa: ANN001 - dense or sparse
    """Give eigenvalues, the three models and the LM tests on one weights matrix, T = 12, three regressors."""
    import spatial  # noqa: PLC0415 - scripts of this folder

    from citypanel.estimate.spatial_compare import impacts  # noqa: PLC0415
    from citypanel.estimate.spatial_fit import Choices, fit_spatial  # noqa: PLC0415
    from citypanel.estimate.spatial_lm import lm_tests  # noqa: PLC0415
    from citypanel.estimate.spatial_panel import lay_out  # noqa: PLC0415

    y, x, unit, period = spatial.simulated(matrix.shape[0], 12, matrix)
    start = time.process_time()
    layout = lay_out(matrix, unit, period, row_standardise=True)
    yield {"name": f"{title}: eigenvalues or stable range", "seconds": time.process_time() - start}
    for model in ("sar", "sem", "sdm"):

        def run(model: str = model) -> None:
            spatial.forget(layout)
            impacts(fit_spatial(y, x, spatial.NAMES, layout, Choices(model)), 1000, 1)

        seconds = least(run, repeats, warm=repeats > 1)
        yield {"name": f"{title}: {model} with effects", "seconds": seconds, **({"goal": each} if each else {})}
    seconds = least(lambda: lm_tests(y, x, layout, "both"), repeats)
    yield {"name": f"{title}: four LM tests", "seconds": seconds, **({"goal": 0.02} if each else {})}


GROUPS: dict[str, Callable[[], Iterator[Measurement]]] = {
    "linear": linear_group,
    "did": did_group,
    "gmm": gmm_group,
    "spatial": spatial_group,
    "spatial_large": large_group,
}
MEMORY_GOALS = {"spatial_large": 3.0}  # GB


def measure(group: str) -> None:
    """Print the measurements of one group as JSON: what a child process does."""
    before = calibration()
    found = list(GROUPS[group]())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(json.dumps({"calibration": min(before, calibration()), "peak_gb": peak, "measurements": found}))


def collected(groups: list[str]) -> dict[str, dict[str, object]]:
    """Run each group in a process of its own."""
    found = {}
    for group in groups:
        print(f"measuring {group} ...", file=sys.stderr, flush=True)
        command = [sys.executable, str(Path(__file__).resolve()), "--measure", group]
        done = subprocess.run(command, env={**os.environ, **ONE_THREAD}, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"error: benchmark group {group} failed:\n{done.stderr[-2000:]}")
        found[group] = json.loads(done.stdout.splitlines()[-1])
    return found


def against(found: dict, baseline: dict, group: str, item: Measurement) -> float | None:
    """Return how many times the baseline's time this is, both in units of the calibration."""
    known = baseline.get(group, {})
    before = {line["name"]: line["seconds"] for line in known.get("measurements", [])}.get(item["name"])
    if not before or not item["seconds"]:
        return None
    return item["seconds"] / found[group]["calibration"] / (before / known["calibration"])


def page(found: dict, baseline: dict) -> tuple[str, int]:
    """Return the page in Markdown and how many goals are missed."""
    lines = [
        "# Speed",
        "",
        f"{platform.machine()}, Python {platform.python_version()}, one thread, least CPU time of some runs.",
        "",
    ]
    missed = 0
    for group, result in found.items():
        goal = MEMORY_GOALS.get(group)
        over = goal is not None and result["peak_gb"] > goal
        missed += over
        budget = f" (goal below {goal:g} GB, {'MISSED' if over else 'met'})" if goal else ""
        lines += [f"## {group}: peak memory {result['peak_gb']:.2f} GB{budget}", ""]
        lines += ["| what | measured | goal | | other software in this run | times | to baseline |"]
        lines += ["|---|---|---|---|---|---|---|"]
        for item in result["measurements"]:
            text, bad = row(item, against(found, baseline, group, item))
            lines.append(text)
            missed += bad
        lines.append("")
    lines.append("all goals met" if not missed else f"{missed} goals MISSED")
    return "\n".join(lines) + "\n", missed


def row(item: Measurement, ratio: float | None) -> tuple[str, bool]:
    """Return one line of the page, and whether a goal is missed in it."""
    goal, times = item.get("goal"), None
    late = goal is not None and item["seconds"] > goal
    if "peer_seconds" in item:
        times = item["peer_seconds"] / item["seconds"]
        late = late or times < item.get("peer_goal", 0.0)
    judged = goal is not None or "peer_goal" in item
    wanted = f" (goal {item['peer_goal']:g})" if "peer_goal" in item else ""
    cells = [
        item["name"],
        shown(item["seconds"]) if item["seconds"] else "",
        shown(goal) if goal and goal > 0 else "",
        ("MISSED" if late else "met") if judged else "",
        f"{item['peer']}: {shown(item['peer_seconds'])}" if "peer" in item else item.get("note", ""),
        f"{times:.0f}x{wanted}" if times else "",
        "" if ratio is None else f"{ratio:.2f}{' SLOWER' if ratio > SLOWER else ''}",
    ]
    return f"| {' | '.join(cells)} |", late


def shown(seconds: float) -> str:
    """Return seconds as a reader wants them."""
    return f"{1e3 * seconds:.3g} ms" if seconds < 1 else f"{seconds:.2f} s"


def main() -> int:
    """Measure, print and write the page; return 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=GROUPS, action="append", help="measure this group only")
    parser.add_argument("--update", action="store_true", help="make this run the baseline")
    parser.add_argument("--all", action="store_true", help="also run the scripts of other stages")
    parser.add_argument("--measure", choices=GROUPS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure)
        return 0
    found = collected(arguments.only or list(GROUPS))
    baseline = json.loads(BASELINE.read_text(encoding="utf-8")) if BASELINE.exists() else {}
    text, missed = page(found, baseline)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "speed.md").write_text(text, encoding="utf-8")
    (RESULTS / "speed.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if arguments.update:
        BASELINE.write_text(json.dumps({**baseline, **found}, indent=1) + "\n", encoding="utf-8")
    print(text)
    for script in OTHERS if arguments.all else ():
        if (HERE / script).exists():
            missed += subprocess.run([sys.executable, str(HERE / script)], check=False).returncode != 0
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
