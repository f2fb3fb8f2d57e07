"""What every estimator of staggered adoption reads: rows, cohorts, controls, clusters."""

from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import pandas as pd

from citypanel.arrays import Codes, Matrix, Vector
from citypanel.declare.methods import DidOptions
from citypanel.declare.specification import Specification
from citypanel.errors import DeclarationError, EstimationError, InputError
from citypanel.estimate.convention import Convention
from citypanel.estimate.design import INTERCEPT, Design, build_design, require_panel
from citypanel.estimate.inference import t_quantile, terms_of
from citypanel.estimate.outcome import Estimate
from citypanel.estimate.regression import read_columns
from citypanel.estimate.staggered import Cohorts, Rectangle, read_cohorts, rectangle_rows
from citypanel.result import ColumnResult, Row, Value

REGRESSIONS = ("twfe", "bacon", "sun_abraham")
INFLUENCE = "influence functions, summed within clusters; no small-sample factor; normal distribution"


@dataclass(frozen=True)
class Staggered:
    """A specification of `did` read on the data.

    Attributes
    ----------
    design : Design
        Without effects: unit and period effects belong to every estimator here.
    X : array, shape (rows, k)
        Controls without constant.
    unit, time : arrays of int, shape (rows,)
    cohorts : Cohorts
    clusters : array of int, shape (rows,)
    by : str
        Name of the cluster column.
    weights : array, shape (rows,)
    """

    design: Design
    options: DidOptions
    X: Matrix
    names: tuple[str, ...]
    unit: Codes
    time: Codes
    unit_name: str
    time_name: str
    cohorts: Cohorts
    clusters: Codes
    by: str
    weights: Vector


def read_staggered(data: pd.DataFrame, specification: Specification) -> Staggered:
    """Read rows, cohorts and clusters.

    Raises
    ------
    DeclarationError
        No panel keys, effects other than unit and time, instruments, or a variance that is not clustered.
    """
    options = cast("DidOptions", specification.options)
    design = build_design(data, specification)
    unit, time = require_panel(design, "did")
    unit_name, time_name = cast("str", specification.unit), cast("str", specification.time)
    foreign = [name for name in design.effect_names if name not in (unit_name, time_name)]
    if foreign:
        raise DeclarationError(
            f"method 'did' has effects of {unit_name} and {time_name} by itself; '{foreign[0]}' cannot be added"
        )
    if design.endogenous_names:
        raise DeclarationError("method 'did' takes no instruments; write the formula without them")
    convention, clusters, by = _clusters(design, unit, specification, options.estimator)
    design = replace(design, convention=convention)
    shown = [at for at, name in enumerate(design.names) if name != INTERCEPT]
    weights = np.ones(design.n) if design.weights is None else design.weights / design.weights.mean()
    return Staggered(
        design=replace(design, effects=(), effect_names=()),
        options=options,
        X=design.X[:, shown],
        names=tuple(design.names[at] for at in shown),
        unit=unit,
        time=time,
        unit_name=unit_name,
        time_name=time_name,
        cohorts=read_cohorts(design.rows, options.cohort, unit_name, time_name),
        clusters=clusters,
        by=by,
        weights=weights,
    )


def _clusters(
    design: Design, unit: Codes, specification: Specification, estimator: str
) -> tuple[Convention, Codes, str]:
    """Return the variance asked for, default clustered by unit; only regressions offer others than one cluster."""
    convention, unit_name = design.convention, cast("str", specification.unit)
    if specification.vcov is None:
        return Convention("cluster", by=(unit_name,)), unit, unit_name
    one = convention.kind == "cluster" and len(convention.by) == 1
    if not one and estimator in REGRESSIONS:
        return convention, unit, unit_name
    if not one:
        raise DeclarationError(
            f"vcov is '{specification.vcov}'; estimator={estimator} takes cluster:COLUMN (default the unit)"
        )
    codes = design.codes(convention.by[0])
    if int(codes.max()) < 1:
        raise EstimationError(f"cluster key '{convention.by[0]}' has one level; clustered errors need two at least")
    return convention, codes, convention.by[0]


def as_rectangle(panel: Staggered) -> Rectangle:
    """Return the balanced panel of units that are seen in every period.

    Raises
    ------
    InputError
        Weights or clusters change within a unit.
    """
    rows, periods, notes = rectangle_rows(panel.unit, panel.cohorts.time, panel.unit_name)
    for values, name in ((panel.weights, "weights"), (panel.clusters, f"cluster '{panel.by}'")):
        if np.any(values[rows] != values[rows[:, :1]]):
            raise InputError(f"{name} must be constant within {panel.unit_name} for this estimator")
    first = rows[:, 0]
    return Rectangle(
        y=panel.design.y[rows],
        X=panel.X[rows],
        cohort=panel.cohorts.of_row[first],
        periods=periods,
        weights=panel.weights[first] / panel.weights[first].mean(),
        clusters=np.unique(panel.clusters[first], return_inverse=True)[1].astype(np.intp),
        rows=rows,
        warnings=notes,
    )


@dataclass(frozen=True)
class Effect:
    """An overall effect with what the record says beside it."""

    att: float
    se: float | None
    df: float = np.inf
    n: int | None = None
    units: int | None = None
    clusters: int | None = None
    rule: str = INFLUENCE
    record: dict[str, Value] | None = None


def as_answer(
    panel: Staggered,
    effect: Effect,
    *,
    stats: dict[str, Value],
    curves: dict[str, list[Row]],
    warnings: tuple[str, ...] = (),
) -> Estimate:
    """Return the column `att`, its curves and warnings."""
    se = np.array([np.nan if effect.se is None else effect.se])
    design, options = panel.design, panel.options
    column = ColumnResult(
        column="1",
        outcome=design.outcome,
        n=design.n if effect.n is None else effect.n,
        units=len(design.units) if effect.units is None else effect.units,
        periods=len(design.periods),
        clusters=effect.clusters,
        fixed_effects=(panel.unit_name, panel.time_name),
        vcov=effect.record
        or {"type": "cluster", "by": [panel.by], "ssc": "none", "df": effect.df, "rule": effect.rule},
        terms=terms_of(("att",), np.array([effect.att]), se, effect.df),
        stats={"estimator": options.estimator, "aggregate": options.aggregate, **stats},
    )
    read = dict.fromkeys([panel.unit_name, panel.time_name, options.cohort])
    sample = read_columns(design).assign(**{name: design.rows[name] for name in read})
    notes = tuple(dict.fromkeys((*design.warnings, *panel.cohorts.warnings, *warnings)))
    return Estimate((column,), sample, curves, notes)


def effect_rows(key: str, keys: Vector, estimates: Vector, se: Vector, df: float = np.inf) -> list[Row]:
    """Return the rows of a curve: key, estimate, se, ci_low, ci_high; whole keys as integers."""
    width = t_quantile(0.975, df)
    return [
        {
            key: int(k) if float(k).is_integer() else float(k),
            "estimate": float(b),
            "se": float(s) if np.isfinite(s) else None,
            "ci_low": float(b - width * s) if np.isfinite(s) else None,
            "ci_high": float(b + width * s) if np.isfinite(s) else None,
        }
        for k, b, s in zip(keys.tolist(), estimates.tolist(), se.tolist(), strict=True)
    ]
