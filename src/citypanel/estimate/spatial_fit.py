"""One spatial panel model on arrays: from columns and a layout to estimates and their covariance."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from citypanel.arrays import Codes, Matrix, Vector
from citypanel.errors import DeclarationError, EstimationError
from citypanel.estimate.spatial_information import (
    Fitted,
    expected_information,
    fitted_columns,
    inverse_information,
    observed_information,
    robust_covariance,
)
from citypanel.estimate.spatial_likelihood import Determinants, Maximum, Problem, maximise
from citypanel.estimate.spatial_panel import Effects, SpatialLayout, independent_columns

LAGGED_OUTCOME = ("sar", "sdm", "sac")
LAGGED_ERROR = ("sem", "sdem", "sac")
LAGGED_REGRESSORS = ("sdm", "sdem")
INTERCEPT = "Intercept"


@dataclass(frozen=True)
class Choices:
    """What is fitted and by which convention; the names are those of the options."""

    model: str = "sar"
    effects_fe: str = "both"
    twoways_lag: str = "demeaned"
    leeyu: bool = False
    information: str = "expected"
    robust: bool = False
    clusters: Codes | None = None
    durbin: tuple[str, ...] = ()


@dataclass(frozen=True)
class SpatialFit:
    """A fitted model.

    `names` are the terms: regressors, `W.x`, then `rho`, `lambda`. `covariance` has one more row, sigma2.
    """

    choices: Choices
    names: list[str]
    own_names: list[str]
    dropped: list[str]
    columns: Matrix
    estimates: Vector
    covariance: Matrix
    problem: Problem
    maximum: Maximum
    fitted: Fitted
    layout: SpatialLayout
    lag_convention: str
    leeyu_convention: str

    @property
    def n_parameters(self) -> int:
        """Return how many parameters the criteria count: terms and sigma2, effects left out."""
        return len(self.names) + 1

    @property
    def slope_names(self) -> list[str]:
        """Return the regressors and `W.x`."""
        return self.names[: self.maximum.beta.size]

    def lag_place(self, name: str) -> int | None:
        """Return where `W.name` stands among the slopes; None where the model has no such lag."""
        lagged = self.slope_names[len(self.own_names) :]
        return len(self.own_names) + lagged.index(f"W.{name}") if f"W.{name}" in lagged else None

    @property
    def sigma2(self) -> float:
        """Return the error variance over the free rows."""
        return self.maximum.sigma2

    @property
    def loglik(self) -> float:
        """Return the log-likelihood with all constants."""
        return self.maximum.loglik


def fit_spatial(
    y: Vector, regressors: Matrix, names: Sequence[str], layout: SpatialLayout, choices: Choices
) -> SpatialFit:
    """Fit a spatial model by maximum likelihood.

    Parameters
    ----------
    y : array, shape (rows,)
    regressors : array, shape (rows, k)
        With a column called `Intercept` where one is meant; it goes when effects are taken out.
    names : sequence of str, length k

    Raises
    ------
    DeclarationError
        The options contradict each other or the panel.
    EstimationError
        No estimate exists on this sample.
    """
    _require_possible(layout, choices)
    after_lag, n, determinants = _transformation(layout, choices)
    columns = _regressors(regressors, list(names), layout, choices)
    effects = Effects(layout, choices.effects_fe)
    problem = Problem(
        *_now_and_lagged(y, columns.values, layout, effects, after_lag=after_lag),
        n=n,
        determinants=determinants,
        lag=choices.model in LAGGED_OUTCOME,
        error=choices.model in LAGGED_ERROR,
    )
    _require_residual(problem)
    problem, maximum = _corrected(problem, maximise(problem), choices)
    fitted = fitted_columns(problem, maximum, effects, after_lag=after_lag)
    spatial = [
        *([("rho", maximum.rho)] if problem.lag else []),
        *([("lambda", maximum.lam)] if problem.error else []),
    ]
    return SpatialFit(
        choices=choices,
        names=[*columns.labels, *(name for name, _ in spatial)],
        own_names=columns.labels[: columns.own],
        dropped=columns.dropped,
        columns=columns.values,
        estimates=np.concatenate([maximum.beta, [value for _, value in spatial]]),
        covariance=_covariance(problem, maximum, fitted, choices),
        problem=problem,
        maximum=maximum,
        fitted=fitted,
        layout=layout,
        lag_convention=_lag_convention(choices, after_lag=after_lag),
        leeyu_convention=_leeyu_convention(choices, determinants),
    )


def _spatial_parameters(problem: Problem, maximum: Maximum) -> list[tuple[str, float]]:
    rho = [("rho", maximum.rho)] if problem.lag else []
    return [*rho, ("lambda", maximum.lam)] if problem.error else rho


def restricted_loglik(fit: SpatialFit, model: str) -> float:
    """Return the log-likelihood of SAR or SEM on the rows and regressors of an SDM, without its `W.x`."""
    picked = [0, 1, *(2 + place for place in range(len(fit.own_names)))]
    problem = replace(
        fit.problem,
        now=fit.problem.now[:, picked],
        lagged=fit.problem.lagged[:, picked],
        lag=model in LAGGED_OUTCOME,
        error=model in LAGGED_ERROR,
    )
    return _corrected(problem, maximise(problem), fit.choices)[1].loglik


def _require_possible(layout: SpatialLayout, choices: Choices) -> None:
    """Refuse what has no likelihood on this panel."""
    kind, model = choices.effects_fe, choices.model
    if kind in ("unit", "both") and layout.n_periods < 2:
        raise DeclarationError(
            f"spatial: effects_fe={kind} needs two periods or more and the data have one; use effects_fe=none"
        )
    if choices.leeyu and kind == "none":
        raise DeclarationError("spatial: leeyu=true corrects for effects; use it with effects_fe=unit, time or both")
    if choices.leeyu and not layout.balanced:
        raise DeclarationError("spatial: leeyu=true needs a balanced panel; balance the sample or use leeyu=false")
    if _centres(choices) and choices.leeyu and not layout.row_stochastic:
        raise DeclarationError(
            f"spatial: leeyu=true with effects_fe={kind} needs weights whose rows sum to one; use row_standardise=true"
        )
    if not layout.balanced and kind in ("unit", "both"):
        if model in LAGGED_ERROR:
            raise DeclarationError(
                f"spatial: model={model} with effects_fe={kind} needs a balanced panel, because I - lambda W "
                "does not keep the effects; balance the sample or use effects_fe=time or none"
            )
        if choices.twoways_lag == "demeaned":
            raise DeclarationError(
                f"spatial: an unbalanced panel with effects_fe={kind} has no W(Qy); use twoways_lag=dummies "
                "or balance the sample"
            )
    filtered = choices.twoways_lag == "dummies" and model in LAGGED_ERROR and kind in ("time", "both")
    if filtered and not layout.row_stochastic:
        raise DeclarationError(
            f"spatial: model={model} with twoways_lag=dummies needs weights whose rows sum to one; "
            "use row_standardise=true or twoways_lag=demeaned"
        )


def _centres(choices: Choices) -> bool:
    """Whether Lee and Yu's transformation of time effects applies; for time effects alone it is a choice."""
    return choices.effects_fe == "both" or (choices.effects_fe == "time" and choices.twoways_lag == "dummies")


def _transformation(layout: SpatialLayout, choices: Choices) -> tuple[bool, int, Determinants]:
    """Return whether effects leave after W was applied, the free rows and the determinants."""
    after_lag = choices.twoways_lag == "dummies"
    units, periods = layout.n_units, layout.n_periods
    if not choices.leeyu or (choices.effects_fe == "time" and not after_lag):
        return after_lag, layout.n, Determinants(layout)
    if choices.effects_fe == "unit":
        return after_lag, units * (periods - 1), Determinants(layout, spent=1)
    if choices.effects_fe == "time":
        return True, (units - 1) * periods, Determinants(layout, centred=True)
    return True, (units - 1) * (periods - 1), Determinants(layout, spent=1, centred=True)


def _corrected(problem: Problem, maximum: Maximum, choices: Choices) -> tuple[Problem, Maximum]:
    """Apply Lee and Yu's N/(N-1) for time effects alone: sigma2 over (N-1)T rows, rho and slopes kept."""
    layout = problem.determinants.layout
    if not choices.leeyu or choices.effects_fe != "time" or problem.determinants.centred:
        return problem, maximum
    n = (layout.n_units - 1) * layout.n_periods
    sigma2 = maximum.sigma2 * problem.n / n
    per_row = 0.5 * (np.log(2.0 * np.pi) + 1.0)
    logs = maximum.loglik + problem.n * (per_row + 0.5 * np.log(maximum.sigma2))
    loglik = float(logs - n * (per_row + 0.5 * np.log(sigma2)))
    return replace(problem, n=n), replace(maximum, sigma2=sigma2, loglik=loglik)


def _lag_convention(choices: Choices, *, after_lag: bool) -> str:
    if choices.effects_fe == "none":
        return "no effects"
    return "Q(Wy)" if after_lag else "W(Qy)"


def _leeyu_convention(choices: Choices, determinants: Determinants) -> str:
    if not choices.leeyu:
        return "none"
    if determinants.centred and determinants.spent:
        return "transformed, (N-1)(T-1) rows"
    if determinants.centred:
        return "transformed, (N-1)T rows"
    return "transformed, N(T-1) rows" if determinants.spent else "sigma2 times N/(N-1)"


def _all_labels(names: Sequence[str], choices: Choices) -> list[str]:
    kept = [name for name in names if choices.effects_fe == "none" or name != INTERCEPT]
    return [*kept, *(f"W.{name}" for name in _lagged_names(names, choices))]


def _lagged_names(names: Sequence[str], choices: Choices) -> list[str]:
    if choices.model not in LAGGED_REGRESSORS:
        return []
    wanted = choices.durbin or tuple(name for name in names if name != INTERCEPT)
    for name in wanted:
        if name not in names:
            raise DeclarationError(f"spatial: durbin names '{name}'; the regressors are {', '.join(names)}")
    return list(wanted)


@dataclass(frozen=True)
class _Columns:
    """Regressors before effects are taken out: `own` as given, then `W x`; collinear ones gone."""

    values: Matrix
    labels: list[str]
    own: int
    dropped: list[str]


def _regressors(regressors: Matrix, names: list[str], layout: SpatialLayout, choices: Choices) -> _Columns:
    """Return the regressors, `W x` beside them for the Durbin models, formed before effects are taken out."""
    kept = [i for i, name in enumerate(names) if choices.effects_fe == "none" or name != INTERCEPT]
    lagged = [names.index(name) for name in _lagged_names(names, choices)]
    values, labels = regressors[:, kept], _all_labels(names, choices)
    if lagged:
        values = np.column_stack([values, layout.lag(regressors[:, lagged])])
    inside = Effects(layout, choices.effects_fe)(values)
    keep, dropped = independent_columns(inside, np.linalg.norm(values, axis=0), labels)
    if not keep:
        raise EstimationError("spatial: no regressor is left beside the effects; give one that varies")
    own = sum(place < len(kept) for place in keep)
    return _Columns(values[:, keep], [labels[place] for place in keep], own, dropped)


def _now_and_lagged(
    y: Vector, columns: Matrix, layout: SpatialLayout, effects: Effects, *, after_lag: bool
) -> tuple[Matrix, Matrix]:
    """Return [y, W y, X] and W times it, effects taken out before W is applied or after."""
    outcome = y.reshape(-1, 1)
    if after_lag:
        raw = np.column_stack([outcome, layout.lag(outcome), columns])
        return effects(raw), effects(layout.lag(raw))
    inside = effects(np.column_stack([outcome, columns]))
    now = np.column_stack([inside[:, :1], layout.lag(inside[:, :1]), inside[:, 1:]])
    return now, layout.lag(now)


def _require_residual(problem: Problem) -> None:
    """Refuse an outcome that effects and regressors explain: its likelihood has no maximum."""
    outcome, x = problem.now[:, 0], problem.now[:, 2:]
    basis, _ = np.linalg.qr(x)
    rest = outcome - basis @ (basis.T @ outcome)
    if np.linalg.norm(rest) <= 1e-10 * max(float(np.linalg.norm(outcome)), 1e-300):
        raise EstimationError("spatial: effects and regressors explain the outcome exactly; no residual is left")


def _covariance(problem: Problem, maximum: Maximum, fitted: Fitted, choices: Choices) -> Matrix:
    try:
        if choices.robust:
            return robust_covariance(problem, maximum, fitted, choices.clusters)
        if choices.information == "observed":
            return inverse_information(observed_information(problem, maximum, fitted))
        return inverse_information(expected_information(problem, maximum, fitted))
    except EstimationError:
        if not maximum.at_boundary:
            raise
        layout = problem.determinants.layout
        raise EstimationError(
            f"spatial: the likelihood rises to the end of the stable range ({layout.low:.6g}, {layout.high:.6g}), "
            "where no standard error exists; use other weights, effects or another model"
        ) from None
