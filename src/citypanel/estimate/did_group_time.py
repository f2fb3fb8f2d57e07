"""Group-time effects of Callaway and Sant'Anna (2021) with their influence functions."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from citypanel.arrays import Codes, Mask, Matrix, Vector
from citypanel.errors import EstimationError
from citypanel.estimate.inference import chi2_tail
from citypanel.estimate.propensity import fit_score
from citypanel.estimate.staggered import NEVER, Rectangle

Method = Literal["dr", "ipw", "reg"]
FEW = 10  # units of a cohort for each of its effects before treatment, below which their joint test is warned of
TRIM = 1 - 1e-6  # fitted scores are capped there, as in DRDID: a control with score one would weigh infinitely


@dataclass(frozen=True)
class GroupTime:
    """All att(g, t).

    Attributes
    ----------
    cohort, period, att, se : arrays, shape (m,)
        `se` is nan at the base period of a universal base.
    influence : array, shape (units, m)
        Sample influence functions; the variance of `att` is influence' influence / units**2.
    cohort_of_unit : array, shape (units,)
    weights : array, shape (units,)
    clusters : array of int, shape (units,)
    warnings : tuple of str
    """

    cohort: Vector
    period: Vector
    att: Vector
    se: Vector
    influence: Matrix
    cohort_of_unit: Vector
    weights: Vector
    clusters: Codes
    warnings: tuple[str, ...]


def group_time_effects(
    panel: Rectangle,
    *,
    est_method: Method = "dr",
    control_group: Literal["never", "notyet"] = "never",
    base_period: Literal["varying", "universal"] = "varying",
) -> GroupTime:
    """Estimate att(g, t) for every cohort and period.

    Parameters
    ----------
    panel : Rectangle
        Balanced, without units treated in the first period; covariates are read in the earlier of the two
        periods compared.
    est_method : {"dr", "ipw", "reg"}
        Doubly robust, weighting by the score, outcome regression.
    control_group : {"never", "notyet"}
    base_period : {"varying", "universal"}
        Before treatment: against the period before, or always against the last period before treatment.

    Raises
    ------
    EstimationError
        No control unit exists, or no comparison can be estimated.

    Notes
    -----
    Callaway and Sant'Anna (2021), Journal of Econometrics 225(2); the estimators of one comparison are those
    of Sant'Anna and Zhao (2020), Journal of Econometrics 219(1), sections 2 and 3.
    """
    never = panel.cohort == NEVER
    if control_group == "never" and not never.any():
        raise EstimationError(
            "no unit is never treated in the sample; use control_group=notyet (units not yet treated)"
        )
    cells: list[tuple[float, float, float]] = []
    columns: list[Vector] = []
    skipped: list[str] = []
    for cohort, base, at in _comparisons(panel, universal=base_period == "universal"):
        if base == at:
            cells.append((cohort, panel.periods[at], 0.0))
            columns.append(np.zeros(panel.cohort.size))
            continue
        control = _controls(panel, cohort, base, at, never_only=control_group == "never")
        treated = panel.cohort == cohort
        problem = _problem(treated, control, panel.X.shape[2])
        if problem:
            skipped.append(f"cohort {cohort:g} in {panel.periods[at]:g} is not estimated: {problem}")
            continue
        att, influence = _one_comparison(panel, treated, control, (base, at), est_method)
        cells.append((cohort, panel.periods[at], att))
        columns.append(influence)
    if not columns:
        raise EstimationError("no cohort can be compared with a control group in any period" + _first(skipped))
    return _collect(panel, cells, columns, tuple(skipped))


def _first(skipped: list[str]) -> str:
    return f": {skipped[0]}" if skipped else ""


def _comparisons(panel: Rectangle, *, universal: bool) -> Iterator[tuple[float, int, int]]:
    """Yield cohort, base period and period as positions."""
    periods = panel.periods
    for cohort in panel.treated_cohorts:
        last_before = int(np.searchsorted(periods, cohort)) - 1
        for at in range(0 if universal else 1, periods.size):
            yield cohort, (last_before if universal or at > last_before else at - 1), at


def _controls(panel: Rectangle, cohort: float, base: int, at: int, *, never_only: bool) -> Mask:
    if never_only:
        return np.asarray(panel.cohort == NEVER)
    later = panel.periods[max(base, at)]
    return np.asarray((panel.cohort > later) & (panel.cohort != cohort))


def _problem(treated: Mask, control: Mask, covariates: int) -> str:
    if not control.any():
        return "no unit is untreated then"
    if control.sum() <= covariates or (covariates and treated.sum() < 2):
        return f"{treated.sum()} treated and {control.sum()} control units are too few for {covariates} covariates"
    return ""


def _one_comparison(
    panel: Rectangle, treated: Mask, control: Mask, pair: tuple[int, int], method: Method
) -> tuple[float, Vector]:
    """Estimate one 2x2 comparison; return the effect and the influence function over all units."""
    base, at = pair
    used = treated | control
    change = panel.y[used, at] - panel.y[used, base]
    covariates = panel.X[used, min(base, at)]
    X = np.column_stack([np.ones(change.size), covariates])
    d = treated[used].astype(np.float64)
    w = panel.weights[used] / panel.weights[used].mean()
    if X.shape[1] == 1:
        att, psi = _difference_of_means(change, d, w)
    elif method == "reg":
        att, psi = outcome_regression(change, d, X, w)
    elif method == "ipw":
        att, psi = inverse_probability(change, d, X, w)
    else:
        att, psi = doubly_robust(change, d, X, w)
    influence = np.zeros(panel.cohort.size)
    influence[used] = psi * (panel.cohort.size / change.size)
    return att, influence


def _difference_of_means(change: Vector, d: Vector, w: Vector) -> tuple[float, Vector]:
    """All three estimators without covariates."""
    treat, cont = w * d, w * (1 - d)
    share_treat, share_cont = treat.mean(), cont.mean()
    mean_treat, mean_cont = (treat @ change) / treat.sum(), (cont @ change) / cont.sum()
    psi = treat * (change - mean_treat) / share_treat - cont * (change - mean_cont) / share_cont
    return float(mean_treat - mean_cont), psi


def _outcome_model(change: Vector, d: Vector, X: Matrix, w: Vector) -> tuple[Vector, Matrix]:
    """Regress the change of the controls on X; return fitted values and each unit's part in the coefficients."""
    own = w * (1 - d)
    gram = (X * own[:, None]).T @ X / d.size
    if np.linalg.cond(gram) > 1e14:
        raise EstimationError("the covariates are collinear among the control units; leave one of them out")
    inverse = np.linalg.inv(gram)
    b = inverse @ (X.T @ (own * change) / d.size)
    fitted = X @ b
    return fitted, (X * (own * (change - fitted))[:, None]) @ inverse


def _score_model(d: Vector, X: Matrix, w: Vector) -> tuple[Vector, Matrix]:
    """Fit the score; return fitted values and each unit's part in the coefficients."""
    score = fit_score(d, X, "logit", w)
    fitted = np.minimum(score.fitted, TRIM)
    inverse = np.linalg.inv(score.information / d.size)
    return fitted, (X * (w * (d - score.fitted))[:, None]) @ inverse


def outcome_regression(change: Vector, d: Vector, X: Matrix, w: Vector) -> tuple[float, Vector]:
    """Outcome regression: the controls' model of the change, averaged over the treated."""
    fitted, model = _outcome_model(change, d, X, w)
    treat = w * d
    share = treat.mean()
    observed, predicted = (treat @ change) / treat.sum(), (treat @ fitted) / treat.sum()
    gradient = (X * treat[:, None]).mean(axis=0)
    psi = (treat * (change - observed) - treat * (fitted - predicted) - model @ gradient) / share
    return float(observed - predicted), psi


def inverse_probability(change: Vector, d: Vector, X: Matrix, w: Vector) -> tuple[float, Vector]:
    """Weighting by the score with weights that sum to one (Hajek)."""
    p, model = _score_model(d, X, w)
    treat, cont = w * d, w * p * (1 - d) / (1 - p)
    share_treat, share_cont = treat.mean(), cont.mean()
    mean_treat, mean_cont = (treat @ change) / treat.sum(), (cont @ change) / cont.sum()
    gradient = (X * (cont * (change - mean_cont))[:, None]).mean(axis=0)
    psi_treat = treat * (change - mean_treat) / share_treat
    psi_cont = (cont * (change - mean_cont) + model @ gradient) / share_cont
    return float(mean_treat - mean_cont), psi_treat - psi_cont


def doubly_robust(change: Vector, d: Vector, X: Matrix, w: Vector) -> tuple[float, Vector]:
    """Doubly robust: consistent when the score or the outcome model is right."""
    fitted, outcome_part = _outcome_model(change, d, X, w)
    p, score_part = _score_model(d, X, w)
    rest = change - fitted
    treat, cont = w * d, w * p * (1 - d) / (1 - p)
    share_treat, share_cont = treat.mean(), cont.mean()
    mean_treat, mean_cont = (treat @ rest) / treat.sum(), (cont @ rest) / cont.sum()
    by_outcome_treat = (X * treat[:, None]).mean(axis=0)
    by_outcome_cont = (X * cont[:, None]).mean(axis=0)
    by_score = (X * (cont * (rest - mean_cont))[:, None]).mean(axis=0)
    psi_treat = (treat * (rest - mean_treat) - outcome_part @ by_outcome_treat) / share_treat
    psi_cont = (cont * (rest - mean_cont) + score_part @ by_score - outcome_part @ by_outcome_cont) / share_cont
    return float(mean_treat - mean_cont), psi_treat - psi_cont


def _collect(
    panel: Rectangle,
    cells: list[tuple[float, float, float]],
    columns: list[Vector],
    skipped: tuple[str, ...],
) -> GroupTime:
    table = np.array(cells)
    influence = np.column_stack(columns)
    spread = standard_errors(influence, panel.clusters)
    return GroupTime(
        cohort=table[:, 0],
        period=table[:, 1],
        att=table[:, 2],
        se=np.where(spread > 1e-14, spread, np.nan),
        influence=influence,
        cohort_of_unit=panel.cohort,
        weights=panel.weights,
        clusters=panel.clusters,
        warnings=panel.warnings + skipped,
    )


def influence_covariance(influence: Matrix, clusters: Codes) -> Matrix:
    """Return the covariance of estimates from their influence functions, summed within clusters.

    No small-sample factor: with one cluster per unit this is did's analytic standard error.
    """
    n = influence.shape[0]
    sums = np.zeros((int(clusters.max()) + 1, influence.shape[1]))
    np.add.at(sums, clusters, influence)
    product: Matrix = sums.T @ sums / n**2
    return product


def standard_errors(influence: Matrix, clusters: Codes) -> Vector:
    """Return the standard errors of the columns of `influence`."""
    return np.sqrt(np.diag(influence_covariance(influence, clusters)))


@dataclass(frozen=True)
class Pretrend:
    """The test that all effects before treatment are zero; no statistic where the data cannot give one."""

    wald: float | None
    p: float | None
    restrictions: int
    warnings: tuple[str, ...] = ()


def pretrend_wald(effects: GroupTime) -> Pretrend:
    """Test that all effects before treatment are zero.

    A cohort of n units tells n - 1 directions of its own effects apart. Where it has that many effects before
    treatment or more, the variance in some direction comes from the controls alone, and the test would reject
    whatever is true: no statistic then. Where it has fewer than `FEW` units for each, it still rejects too often,
    as Hotelling's statistic does when compared with chi-squared; the warning says so.
    """
    before = (effects.period < effects.cohort) & np.isfinite(effects.se)
    count = int(before.sum())
    if count == 0:
        return Pretrend(None, None, 0)
    units = {float(g): int((effects.cohort_of_unit == g).sum()) for g in np.unique(effects.cohort[before])}
    own = {cohort: int((before & (effects.cohort == cohort)).sum()) for cohort in units}
    worst = min(units, key=lambda cohort: units[cohort] / own[cohort])
    has = f"cohort {worst:g} has {units[worst]} units for {own[worst]} effects before treatment"
    if units[worst] - 1 < own[worst]:
        return Pretrend(None, None, count, (f"no joint test of the effects before treatment: {has}",))
    covariance = influence_covariance(effects.influence[:, before], effects.clusters)
    if np.linalg.matrix_rank(covariance, hermitian=True) < count:
        return Pretrend(None, None, count)
    att = effects.att[before]
    wald = float(att @ np.linalg.solve(covariance, att))
    few = f"the joint test of the effects before treatment rejects too often: {has}"
    return Pretrend(wald, chi2_tail(wald, count), count, (few,) if units[worst] < FEW * own[worst] else ())
