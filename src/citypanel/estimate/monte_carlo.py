"""Estimators on panels with a known truth: what each found in every panel, before anything is averaged."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from threadpoolctl import threadpool_limits

from citypanel.canonical import read_frame
from citypanel.declare.complaints import closest
from citypanel.declare.specification import Specification
from citypanel.declare.validation import check_specification
from citypanel.errors import DeclarationError, EstimationError
from citypanel.estimate.analysis import load_method
from citypanel.estimate.outcome import Estimate
from citypanel.progress import progress
from citypanel.result import Row

COLUMNS = ("check", "kind", "result", "draw", "estimate", "se", "ci_low", "ci_high", "p", "set", "failed")
FAILURES = (EstimationError, np.linalg.LinAlgError, FloatingPointError, ZeroDivisionError)


def checked_draws(panels: Path, checks: Mapping[str, Any], weights: Mapping[str, str]) -> pd.DataFrame:
    """Run a study's checks on every panel of a file.

    Parameters
    ----------
    panels : Path
        Panels with `design` and `draw`, one row group each, as the sample writes them.
    checks : mapping
        As `declare.validation.checks_slice` returns it.
    weights : mapping
        The file of each matrix of weights by name.

    Returns
    -------
    DataFrame
        `COLUMNS`: a row for each check, result asked for and draw. `kind` is effect, set or test; `set` holds a
        confidence set as JSON; `failed` says why an estimator gave no answer, all numbers are then missing.

    Raises
    ------
    DeclarationError
        A check asks for a result that its estimator does not give; the line names those there are.
    """
    asked = {
        key: (check, check_specification(check, f"study {checks['study']}, check '{key}'", weights))
        for key, check in checks["checks"].items()
    }
    methods = {specification.method: load_method(specification.method) for _, specification in asked.values()}
    found: list[Row] = []
    with threadpool_limits(limits=1):
        for design, draw, panel in progress(drawn_panels(panels), drawn_count(panels), "panels"):
            for key, (check, specification) in asked.items():
                if check["design"] == design and draw < (check["draws"] or math.inf):
                    place = f"study {checks['study']}, check '{key}'"
                    answers = _answers(panel, specification, methods, check, place)
                    found += [{"check": key, "draw": draw, **row} for row in answers]
    return pd.DataFrame(found, columns=list(COLUMNS))


def drawn_count(path: Path) -> int:
    """Return how many panels a file holds."""
    return int(pq.ParquetFile(path).num_row_groups)


def drawn_panels(path: Path) -> Iterator[tuple[str, int, pd.DataFrame]]:
    """Yield design, number and rows of each panel; columns that the design lacks are left out."""
    file = pq.ParquetFile(path)
    for group in range(file.num_row_groups):
        table = file.read_row_group(group)
        design, draw = table["design"][0].as_py(), table["draw"][0].as_py()
        given = [name for name in table.column_names if table[name].null_count < table.num_rows]
        yield design, draw, table.select(given).drop_columns(["design", "draw"]).to_pandas()


def _answers(
    panel: pd.DataFrame, specification: Specification, methods: Mapping[str, Any], check: Mapping[str, Any], place: str
) -> list[Row]:
    wanted = [("effect", name) for name in check["truth"]] + [("set", name) for name in check["sets"]]
    wanted += [("test", name) for name in check["tests"]]
    try:
        with np.errstate(all="ignore"):
            estimate = methods[specification.method].estimate(panel, specification)
    except FAILURES as failure:
        reason = str(failure).splitlines()[0] if str(failure) else type(failure).__name__
        return [{"kind": kind, "result": name, "failed": reason} for kind, name in wanted]
    results = named_results(estimate)
    rows = []
    for kind, name in wanted:
        fitting = [name] if name in results else [key for key in results if key.partition("[")[0] == name]
        if not fitting:
            raise DeclarationError(f"{place}: '{name}' is no result of the estimator{closest(name, results)}")
        rows += [{"kind": kind, "result": name, **results[key]} for key in fitting]
    return rows


def named_results(estimate: Estimate) -> dict[str, Row]:
    """Return all results of one estimation by name.

    Terms by their name, with the column in brackets where there are several columns; effects of the curve
    `impacts` as `TERM[direct]`; statistics that are p values or confidence sets by their name.
    """
    found: dict[str, Row] = {}
    several = len(estimate.columns) > 1
    for column in estimate.columns:
        mark = f"[{column.column}]" if several else ""
        for term in column.terms:
            found[f"{term.term}{mark}"] = {
                "estimate": term.estimate, "se": term.se, "ci_low": term.ci_low, "ci_high": term.ci_high, "p": term.p,
            }  # fmt: skip
        for name, value in column.stats.items():
            if name.endswith(("_p", "p_two_sided", "p_two_sided_t")):
                found[f"{name}{mark}"] = {"p": value if isinstance(value, float) else None}
            elif name.endswith("_ci"):
                found[f"{name}{mark}"] = {"set": json.dumps(value)}
    for row in estimate.curves.get("impacts", []):
        found[f"{row['term']}[{row['effect']}]"] = _with_normal_interval(row)
    return found


def _with_normal_interval(row: Row) -> Row:
    """Return an effect of a spatial model; its interval is the normal one, as its p value is."""
    estimate, se = row["estimate"], row["se"]
    known = isinstance(estimate, float) and isinstance(se, float)
    half = 1.959963984540054 * se if known else None  # type: ignore[operator]
    low, high = (estimate - half, estimate + half) if half is not None else (None, None)  # type: ignore[operator]
    return {"estimate": estimate, "se": se, "ci_low": low, "ci_high": high, "p": row.get("p")}


def found_in(paths: Sequence[Path]) -> pd.DataFrame:
    """Return what the checks found in all blocks of panels."""
    return pd.concat([read_frame(path) for path in paths], ignore_index=True)


def true_values(paths: Sequence[Path]) -> dict[tuple[str, str], float]:
    """Return the mean over panels of each true value, by design and name.

    Effects differ by city and cities are drawn anew with each panel, so the mean is what an interval should cover.
    """
    table = pd.concat([read_frame(path) for path in paths], ignore_index=True)
    means = table.groupby(["design", "name"], sort=True)["value"].mean().reset_index()
    return dict(zip(zip(means["design"], means["name"], strict=True), means["value"].tolist(), strict=True))
