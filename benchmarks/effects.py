"""Least squares and instruments on three near-nested effects with 5 million rows, badly connected.

Workers hardly leave their firm, firms hardly their region: each effect is almost a sum of another's levels, and few
rows tell them apart. `mobile`: those few go anywhere. `local`: they go to neighbours only, so that the graph of levels
is long and thin. Independent draws would be connected by chance and make every solver look fast. Goals are what R's
fixest takes on two cores: 63 s for least squares, 92 s for instruments.
"""

from collections.abc import Iterator

import numpy as np
from measuring import Measurement, Timed, timed

from citypanel.arrays import Codes, Vector
from citypanel.within import FixedEffects

GOALS = {"OLS": 63.0, "IV": 92.0}
DESIGNS = ("mobile", "local")
ROWS = 5_000_000
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


def estimate(effects: list[Codes], data: dict[str, Vector], kind: str) -> tuple[Timed, float]:
    """Return what one regression took, preparation included, and its coefficient."""
    found: list[float] = []

    def run() -> None:
        columns = np.column_stack([data[name] for name in ("yxz" if kind == "IV" else "yx")])
        y, x, *more = FixedEffects(effects).residuals(columns).T
        z = more[0] if more else x
        found.append(float(z @ y / (z @ x)))

    return timed(run, 1), found[0]


def measure() -> Iterator[Measurement]:
    """Give every line of this group."""
    for design in DESIGNS:
        effects = levels(ROWS, design)
        data = columns(effects)
        sizes = ", ".join(f"{int(codes.max()) + 1:,}" for codes in effects)
        for kind, goal in GOALS.items():
            took, beta = estimate(effects, data, kind)
            what = f"{kind}, {design} rows tell effects apart"
            note = f"levels {sizes}; estimate {beta:.4f} of {BETA}; the goal is what R's fixest took elsewhere"
            yield took.as_line(what, "s", goal=goal, note=note)
    yield Measurement("against fixest in the same run", None, "times", 1.0, at_least=True, note="R is not run here")
