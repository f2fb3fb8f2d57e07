"""Between a design and a record: singletons, who belongs together, warnings, the column of a fit."""

from dataclasses import replace
from typing import cast

import numpy as np
import pandas as pd

from citypanel.arrays import Codes
from citypanel.columns import numeric_column
from citypanel.declare.methods import LinearOptions
from citypanel.errors import EstimationError
from citypanel.estimate.absorbed import singleton_rows
from citypanel.estimate.design import Design
from citypanel.estimate.fit import Fit
from citypanel.estimate.inference import terms_of
from citypanel.estimate.outcome import Estimate
from citypanel.estimate.variance import Neighbours
from citypanel.result import ColumnResult, Row, Value

PERFECT = 1e-20  # share of the variation left at which a fit counts as perfect


def without_singletons(design: Design, options: LinearOptions) -> tuple[Design, tuple[str, ...]]:
    """Return the design without rows that are alone in a fixed effect, and the warning that counts them."""
    if options.singletons == "keep" or not design.effects:
        return design, ()
    alone = singleton_rows(design.effects)
    count = int(alone.sum())
    if not count:
        return design, ()
    if count == design.n:
        raise EstimationError(
            f"formula '{design.formula.text}': every row is alone in a fixed effect; use coarser ones"
        )
    kept = replace(design.subset(~alone), dropped={**design.dropped, "alone in a fixed effect": count})
    return kept, (f"{count} rows left out: alone in a fixed effect (singletons)",)


def neighbours_of(design: Design) -> Neighbours:
    """Return the clusters, the calendar and the coordinates that the design's variance needs."""
    convention = design.convention
    clusters = tuple(design.codes(name) for name in convention.by) if convention.kind == "cluster" else ()
    coordinates = None
    if convention.kind == "conley":
        names = (convention.latitude, convention.longitude)
        coordinates = np.column_stack([numeric_column(design.rows, name) for name in names])
    return Neighbours(clusters, design.unit, calendar(design), coordinates)


def calendar(design: Design) -> Codes | None:
    """Return the periods as whole numbers where they are such, else their order."""
    if design.time is None or not design.periods:
        return design.time
    if all(isinstance(period, (int, float)) and float(period).is_integer() for period in design.periods):
        return np.array([int(cast("float", p)) for p in design.periods], dtype=np.intp)[design.time]
    return design.time


def fit_warnings(design: Design, fitted: Fit) -> tuple[str, ...]:
    """Return what a reader of the record must know: collinear columns, perfect fit, repaired variance."""
    found = list(fitted.variance.warnings)
    if fitted.dropped:
        found.append(f"left out as collinear: {', '.join(fitted.dropped)}")
    spread = float(np.sum((design.y - design.y.mean()) ** 2))
    if spread == 0:
        found.append(f"outcome {design.outcome} does not vary")
    elif cast("float", fitted.stats["ssr"]) <= PERFECT * spread:
        found.append("perfect fit: standard errors and statistics are rounding only")
    return tuple(found)


def as_estimate(
    design: Design,
    fitted: Fit,
    *,
    warnings: tuple[str, ...] = (),
    stats: dict[str, Value] | None = None,
    curves: dict[str, list[Row]] | None = None,
) -> Estimate:
    """Return the record's column of a fit, with whatever a method adds to its stats and curves."""
    units = len(design.units) or None
    if units is None and design.effects:
        units = int(design.effects[0].max()) + 1
    singletons = design.dropped.get("alone in a fixed effect", 0)
    column = ColumnResult(
        column="1",
        outcome=design.outcome,
        n=design.n,
        units=units,
        periods=len(design.periods) or None,
        clusters=fitted.variance.clusters,
        fixed_effects=design.effect_names,
        vcov=fitted.variance.record,
        terms=terms_of(fitted.names, fitted.coefficients, fitted.variance.se, fitted.variance.df),
        stats={**fitted.stats, "singletons": singletons, **(stats or {})},
    )
    return Estimate((column,), read_columns(design), curves or {}, (*design.warnings, *warnings))


def read_columns(design: Design) -> pd.DataFrame:
    """Return the rows used with the columns the estimation read, for the record's hash."""
    convention = design.convention
    by = [name for cluster in convention.by for name in cluster.split("^")]
    wanted = dict.fromkeys([*design.formula.names(), *by, convention.latitude, convention.longitude])
    return design.rows[[name for name in wanted if name in design.rows.columns]]
