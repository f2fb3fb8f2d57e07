"""Difference in differences with staggered adoption: one call, the estimator is an option."""

from collections.abc import Callable
from typing import cast

import numpy as np
import pandas as pd

from citypanel.arrays import Mask, Matrix, Vector
from citypanel.declare.methods import DidOptions
from citypanel.declare.specification import Specification
from citypanel.errors import DeclarationError, EstimationError
from citypanel.estimate.convention import Convention
from citypanel.estimate.did_aggregate import aggregate
from citypanel.estimate.did_bacon import ALWAYS, WITHIN, Comparison, bacon_decomposition, bacon_with_controls
from citypanel.estimate.did_efficient import efficient_effect
from citypanel.estimate.did_group_time import group_time_effects, pretrend_wald
from citypanel.estimate.did_imputation import (
    Averages,
    average_weights,
    imputed_averages,
    level_weights,
    two_stage_effects,
)
from citypanel.estimate.did_panel import Effect, Staggered, as_answer, as_rectangle, effect_rows, read_staggered
from citypanel.estimate.did_sun_abraham import sun_abraham
from citypanel.estimate.did_untreated import UntreatedModel, fit_untreated
from citypanel.estimate.did_weights import twoway_weights
from citypanel.estimate.fit import Fit, fit
from citypanel.estimate.outcome import Estimate
from citypanel.estimate.regression import neighbours_of
from citypanel.estimate.staggered import NEVER, drop_always_treated
from citypanel.estimate.variance import Neighbours
from citypanel.result import Row, Value
from citypanel.within import FixedEffects

CONSERVATIVE = "conservative (Borusyak, Jaravel and Spiess 2024, eq. 7-8), cohort by event time; normal distribution"
TWO_STAGE = "stacked moments of both stages (Gardner 2022), no small-sample factor; normal distribution"


def estimate(data: pd.DataFrame, specification: Specification) -> Estimate:
    """Estimate one specification by the estimator of its options.

    Raises
    ------
    DeclarationError
        Options and formula do not go together.
    EstimationError
        Nobody is treated, or there is nobody to compare with.
    """
    options = cast("DidOptions", specification.options)
    return _ESTIMATORS[options.estimator](read_staggered(data, specification))


# --- two-way effects -----------------------------------------------------------------------------------------


def _twoway_fit(panel: Staggered) -> tuple[Fit, Vector]:
    d = panel.cohorts.treated.astype(np.float64)
    fitted = fit(
        panel.design.y,
        np.column_stack([d, panel.X]),
        ("att", *panel.names),
        (panel.unit, panel.time),
        convention=panel.design.convention,
        neighbours=neighbours_of(panel.design),
        weights=panel.design.weights,
    )
    if "att" not in fitted.names:
        raise EstimationError(
            "treatment is absorbed by the unit and period effects; nobody's treatment differs over time"
        )
    return fitted, d


def _projected_treatment(panel: Staggered, d: Vector) -> Vector:
    """Return treatment net of both effects and the controls."""
    weights = None if panel.design.weights is None else panel.weights
    within = FixedEffects((panel.unit, panel.time), weights).residuals(np.column_stack([d, panel.X]))
    root = np.sqrt(panel.weights)[:, None]
    b = np.linalg.lstsq(within[:, 1:] * root, within[:, 0] * root[:, 0], rcond=None)[0]
    rest: Vector = within[:, 0] - within[:, 1:] @ b
    return rest


def _twfe(panel: Staggered) -> Estimate:
    fitted, d = _twoway_fit(panel)
    beta = fitted.coefficient("att")
    cells = panel.unit * len(panel.design.periods) + panel.time
    found = twoway_weights(d, _projected_treatment(panel, d), panel.weights, beta, cells)
    stats: dict[str, Value] = {
        **fitted.stats,
        "weights_positive": found.positive,
        "weights_negative": found.negative,
        "weights_sum_positive": found.sum_positive,
        "weights_sum_negative": found.sum_negative,
        "weights_fragility": found.fragility,
        "weights_fragility_all": found.fragility_all,
    }
    rows: list[Row] = [
        {"cohort": int(g), "period": int(t), "weight": float(found.weight[at].sum())}
        for g, t, at in _cohort_cells(panel)
    ]
    variance = fitted.variance
    at = fitted.names.index("att")
    effect = Effect(
        beta,
        float(variance.se[at]),
        variance.df,
        clusters=variance.clusters,
        record=variance.record,
    )
    return as_answer(panel, effect, stats=stats, curves={"weights": rows})


def _cohort_cells(panel: Staggered) -> list[tuple[float, float, Mask]]:
    cohort, time = panel.cohorts.of_row, panel.cohorts.time
    pairs = np.unique(np.column_stack([cohort, time])[panel.cohorts.treated], axis=0)
    return [(g, t, (cohort == g) & (time == t)) for g, t in pairs]


def _bacon(panel: Staggered) -> Estimate:
    if panel.design.weights is not None:
        raise DeclarationError("estimator=bacon is not defined for weights; leave weights out")
    rows = as_rectangle(panel)
    if rows.warnings:
        raise EstimationError(f"estimator=bacon needs a balanced panel: {rows.warnings[0]}")
    fitted, d = _twoway_fit(panel)
    if panel.names:
        projected = _projected_treatment(panel, d)
        found = bacon_with_controls(rows.y, projected[rows.rows], rows.cohort, rows.periods)
    else:
        found = bacon_decomposition(rows.y, rows.cohort, rows.periods)
    variance = fitted.variance
    effect = Effect(
        fitted.coefficient("att"),
        float(variance.se[fitted.names.index("att")]),
        variance.df,
        clusters=variance.clusters,
        record={**variance.record, "rule": "of the two-way coefficient"},
    )
    stats: dict[str, Value] = {**fitted.stats, "bacon_sum": float(sum(c.estimate * c.weight for c in found))}
    for kind in sorted({item.type for item in found}):
        same = [item for item in found if item.type == kind]
        key = kind.lower().replace(" ", "_")
        weight = sum(item.weight for item in same)
        stats[f"weight_{key}"] = weight
        stats[f"mean_{key}"] = sum(i.estimate * i.weight for i in same) / weight if weight else None
    first = float(rows.periods[0])
    return as_answer(panel, effect, stats=stats, curves={"bacon": [_bacon_row(item, first) for item in found]})


def _bacon_row(item: Comparison, first: float) -> Row:
    """Never-treated controls are coded 0, always-treated ones the first period."""
    codes = {NEVER: 0, ALWAYS: int(first)}
    within = item.type == WITHIN
    return {
        "type": item.type,
        "cohort": None if within else codes.get(item.cohort, _whole(item.cohort)),
        "control": None if within else codes.get(item.control, _whole(item.control)),
        "estimate": item.estimate,
        "weight": item.weight,
    }


def _whole(value: float) -> float | int | None:
    return int(value) if np.isfinite(value) and float(value).is_integer() else (value if np.isfinite(value) else None)


# --- group-time effects --------------------------------------------------------------------------------------


def _callaway_santanna(panel: Staggered) -> Estimate:
    options = panel.options
    rows = drop_always_treated(as_rectangle(panel), why="left out, they have no period before treatment")
    effects = group_time_effects(
        rows,
        est_method=options.est_method,
        control_group=options.control_group,
        base_period=options.base_period,
    )
    chosen = aggregate(effects, options.aggregate)
    dynamic = chosen if options.aggregate == "dynamic" else aggregate(effects, "dynamic")
    pretrend = pretrend_wald(effects)
    pairs = zip(effects.cohort, effects.period, effects.att, effects.se, strict=True)
    curves: dict[str, list[Row]] = {
        "group_time": [_cell_row(*cell) for cell in pairs],
        "event_study": effect_rows("time", dynamic.keys, dynamic.effects, dynamic.effects_se),
    }
    if options.aggregate in ("group", "calendar"):
        key = {"group": "cohort", "calendar": "period"}[options.aggregate]
        curves[options.aggregate] = effect_rows(key, chosen.keys, chosen.effects, chosen.effects_se)
    stats: dict[str, Value] = {
        "est_method": options.est_method,
        "control_group": options.control_group,
        "base_period": options.base_period,
        "pretrend_wald": pretrend.wald,
        "pretrend_p": pretrend.p,
        "pretrend_df": pretrend.restrictions,
    }
    groups = int(rows.clusters.max()) + 1
    effect = Effect(chosen.att, chosen.se, n=rows.y.size, units=len(rows.y), clusters=groups)
    return as_answer(panel, effect, stats=stats, curves=curves, warnings=effects.warnings + pretrend.warnings)


def _cell_row(cohort: float, period: float, att: float, se: float) -> Row:
    return {
        "cohort": _whole(float(cohort)),
        "period": _whole(float(period)),
        "estimate": float(att),
        "se": float(se) if np.isfinite(se) and se > 0 else None,
    }


def _sun_abraham(panel: Staggered) -> Estimate:
    found = sun_abraham(panel)
    df = found.fitted.variance.df
    curves: dict[str, list[Row]] = {
        "group_time": [_cell_row(*cell) for cell in found.cells],
        "event_study": effect_rows("time", found.by_time.keys, found.by_time.estimates, found.by_time.se, df),
        "group": effect_rows("cohort", found.by_cohort.keys, found.by_cohort.estimates, found.by_cohort.se, df),
    }
    effect = Effect(
        float(found.overall.estimates[0]),
        float(found.overall.se[0]),
        df,
        n=found.rows,
        units=found.units,
        clusters=found.fitted.variance.clusters,
        record={**found.fitted.variance.record, "rule": "cohort shares taken as known (as fixest's sunab)"},
    )
    return as_answer(panel, effect, stats=dict(found.fitted.stats), curves=curves, warnings=found.warnings)


def _efficient(panel: Staggered) -> Estimate:
    if panel.names or panel.design.weights is not None or panel.by != panel.unit_name:
        raise DeclarationError("estimator=efficient takes no controls, no weights and no cluster other than the unit")
    if panel.options.aggregate != "simple":
        raise DeclarationError("estimator=efficient offers aggregate=simple only")
    rows = drop_always_treated(as_rectangle(panel), why="left out, they have no period before treatment")
    found = efficient_effect(rows)
    stats: dict[str, Value] = {"beta": found.beta, "att_did": found.att_did, "se_did": found.se_did}
    rule = "Neyman (Roth and Sant'Anna 2023), conservative; normal distribution"
    effect = Effect(found.att, found.se, n=rows.y.size, units=len(rows.y), clusters=len(rows.y), rule=rule)
    return as_answer(panel, effect, stats=stats, curves={}, warnings=rows.warnings)


# --- imputation and two stages -------------------------------------------------------------------------------


def _untreated(panel: Staggered) -> tuple[UntreatedModel, Mask, tuple[str, ...]]:
    treated = panel.cohorts.treated
    model = fit_untreated(panel.design.y, panel.X, panel.unit, panel.time, untreated=~treated, weights=panel.weights)
    lost = int(np.count_nonzero(treated & ~model.imputed))
    text = f"{lost} treated rows cannot be predicted from untreated ones and are left out of the effects"
    return model, treated & model.imputed, (text,) if lost else ()


def _imputation(panel: Staggered) -> Estimate:
    model, known, notes = _untreated(panel)
    cohort, time, event = panel.cohorts.of_row, panel.cohorts.time, panel.cohorts.event_time
    cells = np.unique(np.column_stack([cohort, event]), axis=0, return_inverse=True)[1].ravel().astype(np.intp)
    overall = average_weights(
        panel.options.aggregate, cohort=cohort, time=time, keep=known, weights=panel.weights, units=panel.unit
    )
    times, by_time = level_weights(event, known, panel.weights)
    groups, by_cohort = level_weights(cohort, known, panel.weights)
    keys = np.concatenate([[0.0], times, groups])
    found = imputed_averages(model, np.column_stack([overall, by_time, by_cohort]), keys, cells, panel.clusters)
    before = _placebo_leads(panel)
    after = slice(1, 1 + times.size)
    curves = {
        "event_study": [
            *effect_rows("time", before.keys, before.estimates, before.se),
            *effect_rows("time", times, found.estimates[after], found.se[after]),
        ],
        "group": effect_rows("cohort", groups, found.estimates[1 + times.size :], found.se[1 + times.size :]),
    }
    effect = Effect(
        float(found.estimates[0]),
        float(found.se[0]),
        clusters=int(panel.clusters.max()) + 1,
        rule=CONSERVATIVE,
    )
    return as_answer(panel, effect, stats={"treated_rows": int(known.sum())}, curves=curves, warnings=notes)


def _placebo_leads(panel: Staggered) -> Averages:
    """Regress untreated rows on leads, all but the earliest, as Borusyak, Jaravel and Spiess test for pre-trends."""
    untreated = ~panel.cohorts.treated
    event = panel.cohorts.event_time
    leads = np.unique(event[untreated & np.isfinite(event)])[1:]
    none = Averages(np.zeros(0), np.zeros(0), np.zeros((0, 0)))
    if leads.size == 0:
        return none
    codes = [np.unique(c[untreated], return_inverse=True)[1] for c in (panel.unit, panel.time, panel.clusters)]
    names = tuple(f"lead{lead:g}" for lead in leads)
    X = np.column_stack([(event[untreated, None] == leads[None, :]).astype(np.float64), panel.X[untreated]])
    weights = None if panel.design.weights is None else panel.weights[untreated]
    fitted = fit(
        panel.design.y[untreated],
        X,
        (*names, *panel.names),
        codes[:2],
        convention=Convention("cluster", by=(panel.by,)),
        neighbours=Neighbours((codes[2],)),
        weights=weights,
    )
    kept = [(lead, fitted.names.index(name)) for lead, name in zip(leads, names, strict=True) if name in fitted.names]
    if not kept:
        return none
    at = np.array([place for _, place in kept], dtype=np.intp)
    keys = np.array([lead for lead, _ in kept])
    return Averages(keys, fitted.coefficients[at], fitted.variance.matrix[np.ix_(at, at)])


def _gardner(panel: Staggered) -> Estimate:
    if panel.options.aggregate not in ("simple", "dynamic"):
        raise DeclarationError("estimator=gardner offers aggregate=simple and aggregate=dynamic")
    model, known, notes = _untreated(panel)
    event = panel.cohorts.event_time
    static = two_stage_effects(model, known[:, None].astype(np.float64), np.zeros(1), panel.clusters)
    times = np.unique(event[np.isfinite(event) & model.imputed])
    dynamic = two_stage_effects(model, _event_dummies(event, times), times, panel.clusters)
    att, se = float(static.estimates[0]), float(static.se[0])
    if panel.options.aggregate == "dynamic":
        load = (times >= 0) / np.count_nonzero(times >= 0)
        att, se = float(load @ dynamic.estimates), float(np.sqrt(load @ dynamic.covariance @ load))
    curves = {"event_study": effect_rows("time", times, dynamic.estimates, dynamic.se)}
    effect = Effect(att, se, clusters=int(panel.clusters.max()) + 1, rule=TWO_STAGE)
    return as_answer(panel, effect, stats={"treated_rows": int(known.sum())}, curves=curves, warnings=notes)


def _event_dummies(event: Vector, times: Vector) -> Matrix:
    dummies: Matrix = (event[:, None] == times[None, :]).astype(np.float64)
    return dummies


_ESTIMATORS: dict[str, Callable[[Staggered], Estimate]] = {
    "twfe": _twfe,
    "bacon": _bacon,
    "callaway_santanna": _callaway_santanna,
    "sun_abraham": _sun_abraham,
    "imputation": _imputation,
    "gardner": _gardner,
    "efficient": _efficient,
}
