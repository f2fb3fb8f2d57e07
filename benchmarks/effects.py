"""CPU seconds of least squares and instruments on three near-nested effects with 5 million rows, badly connected.

Workers hardly leave their firm, firms hardly their region: each effect is almost a sum of another's levels, and few
rows tell them apart. `mobile`: those few go anywhere. `local`: they go to neighbours only, so that the graph of levels
is long and thin. Independent draws would be connected by chance and make every solver look fast. Goals are what R's
fixest takes on two cores: 63 s for least squares, 92 s for instruments.
"""

import argparse
import resource
import subprocess
import sys
import time

import numpy as np

from citypanel.arrays import Codes, Vector
from citypanel.within import FixedEffects

GOALS = {"OLS": 63.0, "IV": 92.0}
DESIGNS = ("mobile", "local")
BETA = -1.3


def levels(rows: int, design: str) -> list[Codes]:
    """Return workers (5 rows each), their firms (50 rows) and regions (2,500 rows), by row."""
    rng = np.random.default_rng(1)
    workers, firms, regions = rows // 5, rows // 50, rows // 2500
    worker = np.repeat(np.arange(workers), 5)
    moves, elsewhere = rng.random(rows) < 0.05, rng.random(rows) < 0.02
    if design == "mobile":
        home = rng.integers(0, firms, workers)[worker]
        firm = np.where(moves, rng.integers(0, firms, rows), home)
        region = np.where(elsewhere, rng.integers(0, regions, rows), firm // 50)
    else:
        home = worker * firms // workers
        firm = np.where(moves, np.clip(home + rng.integers(-3, 4, rows), 0, firms - 1), home)
        region = np.where(elsewhere, firm // 50 + rng.integers(-1, 2, rows), firm // 50)
    return [np.unique(codes, return_inverse=True)[1].astype(np.intp) for codes in (worker, firm, region)]


def columns(effects: list[Codes]) -> dict[str, Vector]:
    """Return y = BETA x + effects + e, the endogenous x, and its instrument z."""
    rng = np.random.default_rng(2)
    rows = effects[0].size
    level = sum(rng.normal(size=int(codes.max()) + 1)[codes] for codes in effects)
    shock, cost = rng.normal(size=rows), rng.normal(size=rows)
    x = level + cost + 0.5 * shock
    return {"y": BETA * x + level + shock, "x": x, "z": cost + rng.normal(size=rows)}


def measure(rows: int, design: str) -> None:
    """Measure one design, preparation included."""
    effects = levels(rows, design)
    data = columns(effects)
    print(f"{design}: {rows:,} rows; levels {', '.join(f'{int(codes.max()) + 1:,}' for codes in effects)}")
    for kind, names in (("OLS", "yx"), ("IV", "yxz")):
        start = time.process_time()
        y, x, *more = FixedEffects(effects).residuals(np.column_stack([data[name] for name in names])).T
        z = more[0] if more else x
        seconds, estimate = time.process_time() - start, float(z @ y / (z @ x))
        print(f"  {kind:3} {seconds:6.1f} CPU-s (goal {GOALS[kind]:g}); estimate {estimate:.4f}", flush=True)
    print(f"  peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:,.0f} MB")


def main() -> None:
    """Measure each design in a process of its own, which has a peak of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--design", choices=DESIGNS)
    given = parser.parse_args()
    if given.design:
        measure(given.rows, given.design)
        return
    for design in DESIGNS:
        command = [sys.executable, __file__, "--rows", str(given.rows), "--design", design]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
