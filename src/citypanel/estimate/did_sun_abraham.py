"""Interaction-weighted effects of Sun and Abraham (2021)."""

from dataclasses import dataclass

import numpy as np

from citypanel.arrays import Mask, Matrix, Vector
from citypanel.errors import EstimationError
from citypanel.estimate.did_imputation import Averages, average_weights, level_weights
from citypanel.estimate.did_panel import Staggered
from citypanel.estimate.fit import Fit, fit
from citypanel.estimate.regression import neighbours_of
from citypanel.estimate.staggered import NEVER

BASE = -1


@dataclass(frozen=True)
class SunAbraham:
    """A saturated regression of cohort by event time, and its weighted means.

    `overall`, `by_time`, `by_cohort` are means of the cell effects with the covariance of the regression; the
    cells' weights count rows and are taken as known.
    """

    fitted: Fit
    overall: Averages
    by_time: Averages
    by_cohort: Averages
    cells: tuple[tuple[float, float, float, float], ...]
    rows: int
    units: int
    warnings: tuple[str, ...]


def sun_abraham(panel: Staggered) -> SunAbraham:
    """Estimate effects by cohort and event time against never-treated units and event time -1.

    Raises
    ------
    EstimationError
        No comparison group is left, or no effect after treatment is identified.

    Notes
    -----
    Sun and Abraham (2021), Journal of Econometrics 225(2). Without never-treated units the last cohort is the
    comparison group and its treated periods are left out, as in their section 4.1. Standard errors are those of
    fixest's `sunab`: the regression's, with weights taken as known.
    """
    keep, control, notes = _comparison(panel)
    cohort, event = panel.cohorts.of_row[keep], panel.cohorts.event_time[keep]
    compared = np.isfinite(cohort) & (cohort != control)
    seen = compared & (event != BASE)
    if not seen.any():
        raise EstimationError("no treated cohort is seen outside event time -1; there is nothing to estimate")
    levels, indicators = _indicators(cohort, event, seen)
    names = tuple(f"{g:g}:{e:g}" for g, e in levels)
    whole = bool(keep.all())
    effects = [codes if whole else np.unique(codes[keep], return_inverse=True)[1] for codes in (panel.unit, panel.time)]
    design = panel.design if whole else panel.design.subset(keep)
    weights = None if panel.design.weights is None else panel.weights[keep]
    fitted = fit(
        panel.design.y[keep],
        np.column_stack([indicators, panel.X[keep]]) if panel.names else indicators,
        (*names, *panel.names),
        effects,
        convention=design.convention,
        neighbours=neighbours_of(design),
        weights=weights,
    )
    return _averaged(panel, fitted, (levels, names, indicators), (cohort, event, keep), notes)


def _comparison(panel: Staggered) -> tuple[Mask, float, tuple[str, ...]]:
    """Return rows used, the comparison cohort, and warnings."""
    cohort, time = panel.cohorts.of_row, panel.cohorts.time
    always = cohort <= time.min()
    notes: tuple[str, ...] = ()
    if always.any():
        count = np.unique(panel.unit[always]).size
        notes = (f"{count} units are treated from the first period on: left out, they have no period before",)
    keep = ~always
    if np.any(cohort[keep] == NEVER):
        return keep, NEVER, notes
    if not keep.any() or np.unique(cohort[keep]).size < 2:
        raise EstimationError("no unit is never treated and no later cohort can stand in; there is no comparison group")
    last = float(cohort[keep].max())
    text = f"no unit is never treated: cohort {last:g} is the comparison group, periods from {last:g} on are left out"
    return keep & (time < last), last, (*notes, text)


def _indicators(cohort: Vector, event: Vector, seen: Mask) -> tuple[Matrix, Matrix]:
    """Return the cells (cohort, event time) of the rows `seen`, and one column for each."""
    groups, group = np.unique(cohort[seen], return_inverse=True)
    times, time = np.unique(event[seen], return_inverse=True)
    cells, place = np.unique(group * times.size + time, return_inverse=True)
    columns = np.zeros((cohort.size, cells.size))
    columns[np.flatnonzero(seen), place] = 1.0
    return np.column_stack([groups[cells // times.size], times[cells % times.size]]), columns


def _identified(
    fitted: Fit, levels: Matrix, names: tuple[str, ...], indicators: Matrix
) -> tuple[tuple[Matrix, Matrix], tuple[Vector, Matrix], tuple[str, ...]]:
    """Return the cells that have a coefficient, coefficients and covariance, and a warning that names the others."""
    known = [at for at, name in enumerate(names) if name in fitted.names]
    lost = [name for name in names if name not in fitted.names]
    text = (f"not identified, left out: cohort:event time {', '.join(lost)}",) if lost else ()
    place = np.array([fitted.names.index(names[at]) for at in known], dtype=np.intp)
    return (
        (levels[known], indicators[:, known]) if lost else (levels, np.asfortranarray(indicators)),
        (fitted.coefficients[place], fitted.variance.matrix[np.ix_(place, place)]),
        text,
    )


def _averaged(
    panel: Staggered,
    fitted: Fit,
    cells: tuple[Matrix, tuple[str, ...], Matrix],
    rows: tuple[Vector, Vector, Mask],
    notes: tuple[str, ...],
) -> SunAbraham:
    cohort, event, keep = rows
    (levels, member), (b, V), lost = _identified(fitted, *cells)
    seen = member.sum(axis=1) > 0
    treated = seen & (event >= 0)
    if not treated.any():
        raise EstimationError("no effect after treatment is identified")
    weights, units = panel.weights[keep], panel.unit[keep]
    time = panel.cohorts.time[keep]
    overall = average_weights(
        panel.options.aggregate, cohort=cohort, time=time, keep=treated, weights=weights, units=units
    )
    times, by_time = level_weights(event, seen, weights)
    groups, by_cohort = level_weights(cohort, treated, weights)

    def mean(keys: Vector, targets: Matrix) -> Averages:
        load = member.T @ targets
        return Averages(keys, load.T @ b, load.T @ V @ load)

    cell_se = np.sqrt(np.maximum(np.diag(V), 0.0))
    table = tuple((float(g), float(g + e), float(x), float(s)) for (g, e), x, s in zip(levels, b, cell_se, strict=True))
    return SunAbraham(
        fitted=fitted,
        overall=mean(np.zeros(1), overall[:, None]),
        by_time=mean(times, by_time),
        by_cohort=mean(groups, by_cohort),
        cells=table,
        rows=int(keep.sum()),
        units=int(np.unique(units).size),
        warnings=(*notes, *lost),
    )
