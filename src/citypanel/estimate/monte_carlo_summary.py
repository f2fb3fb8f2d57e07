"""Bias, coverage and size of estimators, counted over drawn panels."""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from citypanel.arrays import Mask
from citypanel.declare.complaints import closest
from citypanel.errors import DeclarationError
from citypanel.result import Record, Row, library_versions

LEVEL = 0.05  # of the tests; intervals are the estimators' own, of 95%
NEAR = 0.02  # a coverage from 93 to 97% and a size from 3 to 7% count as nominal
TOLERANCE = 1e-12  # an interval whose end is the truth holds it, whatever the last digit


def validation_record(
    found: pd.DataFrame, truth: Mapping[tuple[str, str], float], checks: Mapping[str, Any], *, seed: int
) -> Record:
    """Return the record of a study's Monte Carlo.

    Parameters
    ----------
    found : DataFrame
        What the checks found in every panel, as `monte_carlo.checked_draws` returns it.
    truth : mapping
        True values by design and name, as `monte_carlo.true_values` returns them.
    checks : mapping
        As `declare.validation.checks_slice` returns it.
    seed : int
        That the panels were drawn with.

    Returns
    -------
    Record
        Curve `validation`: a row for each check and result. `kind`, `design`, `method`, `draws` (panels with an
        answer), `failed`; for effects `truth`, `mean`, `bias`, `bias_se`, `sd`, `mean_se` (root of the mean squared
        error estimate), `rate` (coverage); for sets `rate` (coverage); for tests `rate` (share rejected at 5%).
        `rate_se` is its simulation error, `nominal` whether the rate lies within two points of what it should be.

    Raises
    ------
    DeclarationError
        A check names a truth that the design does not have.
    """
    rows = []
    for names, mine in found.groupby(["check", "kind", "result"], sort=False):
        key, kind, result = (str(name) for name in names)
        check = checks["checks"][key]
        true = _truth(truth, check, kind, result, f"study {checks['study']}, check '{key}'")
        rows.append(
            {
                "check": key, "design": check["design"], "method": check["method"], "kind": kind, "result": result,
                "draws": int(mine.loc[mine["failed"].isna(), "draw"].nunique()),
                "failed": int(mine["failed"].notna().sum()),
                **_counted(kind, mine[mine["failed"].isna()], true),
            }
        )  # fmt: skip
    return Record(
        method="validation",
        formula="",
        columns=(),
        seed=seed,
        warnings=_failures(found),
        curves={"validation": rows},
        sample={"rows": int(found["draw"].nunique()), "simulated": True},
        versions=library_versions(),
        study=checks["study"],
        analysis="validation",
    )


def _truth(
    truth: Mapping[tuple[str, str], float], check: Mapping[str, Any], kind: str, result: str, place: str
) -> float:
    if kind == "test":
        return math.nan
    name = check["truth" if kind == "effect" else "sets"][result]
    known = [other for design, other in truth if design == check["design"]]
    if name not in known:
        raise DeclarationError(
            f"{place}: truth '{name}' is not known in design '{check['design']}'{closest(name, known)}"
        )
    return truth[check["design"], name]


def _failures(found: pd.DataFrame) -> tuple[str, ...]:
    counts = found.dropna(subset=["failed"]).groupby(["check", "failed"])["draw"].nunique()
    rows = counts.reset_index().to_dict("records")
    return tuple(f"{row['check']}: {row['draw']} panels without an answer: {row['failed']}" for row in rows)


def _counted(kind: str, mine: pd.DataFrame, truth: float) -> Row:
    if kind == "test":
        known = mine.dropna(subset=["p"])
        return _rate(known, (known["p"] < LEVEL).to_numpy(), LEVEL)
    if kind == "set":
        inside = np.array([_holds(json.loads(text), truth) for text in mine["set"]], dtype=np.bool_)
        return {"truth": truth, **_rate(mine, inside, 1 - LEVEL)}
    estimates = mine["estimate"].dropna().to_numpy(dtype=np.float64)
    sd = float(estimates.std(ddof=1)) if estimates.size > 1 else None
    errors = mine["se"].dropna().to_numpy(dtype=np.float64)
    mean = float(estimates.mean()) if estimates.size else None
    known = mine.dropna(subset=["ci_low", "ci_high"])
    return {
        "truth": truth,
        "mean": mean,
        "bias": None if mean is None else mean - truth,
        "bias_se": None if sd is None else sd / math.sqrt(estimates.size),
        "sd": sd,
        "mean_se": float(np.sqrt((errors**2).mean())) if errors.size else None,
        **_rate(known, _inside(known, truth), 1 - LEVEL),
    }


def _inside(known: pd.DataFrame, truth: float) -> Mask:
    low, high = known["ci_low"].to_numpy(), known["ci_high"].to_numpy()
    slack = TOLERANCE * np.abs(high - low)
    return np.asarray((low - slack <= truth) & (truth <= high + slack))


def _holds(pieces: Any, truth: float) -> bool:
    """Return whether a confidence set holds the truth: `[low, high]`, an open end null, or a list of such pieces."""
    if pieces is None or not pieces:
        return False
    if isinstance(pieces[0], list):
        return any(_holds(piece, truth) for piece in pieces)
    low, high = (-math.inf if pieces[0] is None else pieces[0], math.inf if pieces[1] is None else pieces[1])
    return bool(low <= truth <= high)


def _rate(known: pd.DataFrame, hits: Mask, nominal: float) -> Row:
    """Return a share with its simulation error; several results of one panel (years) count as one mean."""
    by_draw = pd.Series(hits.astype(float)).groupby(known["draw"].to_numpy()).mean()
    if by_draw.empty:
        return {"rate": None, "rate_se": None, "nominal": None}
    rate = float(by_draw.mean())
    # Of a share of zero or one the sample says no error; the nominal rate's own is the least there can be.
    least = math.sqrt(nominal * (1 - nominal) / len(by_draw)) if rate in {0.0, 1.0} else 0.0
    error = float(by_draw.std(ddof=1)) / math.sqrt(len(by_draw)) if len(by_draw) > 1 else math.nan
    return {"rate": rate, "rate_se": max(error, least), "nominal": bool(abs(rate - nominal) <= NEAR + TOLERANCE)}
