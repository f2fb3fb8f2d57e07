"""What is read off a fitted spatial model: effects, tests against nested models, shares explained."""

import numpy as np
from scipy import stats

from citypanel.arrays import Matrix, Vector
from citypanel.estimate.spatial_effects import Effect, draw_parameters, lag_effects
from citypanel.estimate.spatial_fit import (
    INTERCEPT,
    LAGGED_OUTCOME,
    LAGGED_REGRESSORS,
    SpatialFit,
    restricted_loglik,
)
from citypanel.estimate.spatial_panel import Effects


def impacts(fit: SpatialFit, draws: int, seed: int) -> list[Effect]:
    """Return direct, indirect and total effects of every regressor.

    The error model has none beyond its slopes.
    """
    if fit.choices.model not in (*LAGGED_OUTCOME, *LAGGED_REGRESSORS):
        return []
    k = len(fit.slope_names)
    places = [*range(k), *([k] if fit.problem.lag else [])]
    parameters = fit.estimates[places]
    covariance = fit.covariance[np.ix_(places, places)]
    drawn = draw_parameters(parameters, covariance, draws, seed)
    if not fit.problem.lag:
        parameters, drawn = np.append(parameters, 0.0), np.column_stack([drawn, np.zeros(draws)])
        covariance = np.pad(covariance, ((0, 1), (0, 1)))
    own = [name for name in fit.own_names if name != INTERCEPT]
    spots = [(fit.slope_names.index(name), fit.lag_place(name)) for name in own]
    return lag_effects(fit.layout, names=own, parameters=parameters, covariance=covariance, places=spots, draws=drawn)


def likelihood_tests(fit: SpatialFit) -> dict[str, float]:
    """Return LR and Wald tests of a Durbin model against SAR (theta = 0) and SEM (theta = -rho b).

    Wald uses the full covariance of the fit; LR compares maxima on the same rows. Degrees of freedom are the
    number of W x that could be kept.
    """
    if fit.choices.model != "sdm":
        return {}
    pairs = [(fit.slope_names.index(name), fit.lag_place(name)) for name in fit.own_names]
    own = np.array([b for b, theta in pairs if theta is not None], dtype=np.intp)
    lagged = np.array([theta for _, theta in pairs if theta is not None], dtype=np.intp)
    df = len(lagged)
    if df == 0:
        return {}
    k = len(fit.slope_names)
    covariance = fit.covariance[: k + 1, : k + 1]
    theta, beta, rho = fit.estimates[lagged], fit.estimates[own], fit.estimates[k]
    common = np.zeros((df, k + 1))
    common[np.arange(df), lagged] = 1.0
    factor = common.copy()
    factor[np.arange(df), own] += rho
    factor[:, k] = beta
    found = {
        "lr_vs_sar": max(0.0, 2.0 * (fit.loglik - restricted_loglik(fit, "sar"))),
        "lr_vs_sem": max(0.0, 2.0 * (fit.loglik - restricted_loglik(fit, "sem"))),
        "wald_vs_sar": _wald(theta, common, covariance),
        "wald_vs_sem": _wald(theta + rho * beta, factor, covariance),
    }
    values = {f"{name}_p": float(stats.chi2.sf(value, df)) for name, value in found.items()}
    return {**found, **values, "test_df": df}


def _wald(values: Vector, jacobian: Matrix, covariance: Matrix) -> float:
    return float(values @ np.linalg.solve(jacobian @ covariance @ jacobian.T, values))


def r_squared(fit: SpatialFit, y: Vector) -> dict[str, float]:
    """Return the shares explained.

    `r2` = 1 - e'e / sum (y - mean)^2 with effects explaining, `r2_within` = 1 - e'e / sum (Qy)^2 without,
    `r2_corr` the squared correlation of Qy and (I - rho W)^-1 of the fitted QX b (Elhorst 2014, section 3.4),
    `r2_corr_overall` that of y and (I - rho W)^-1 X b without effects, as xsmle prints.
    """
    e = fit.fitted.residual
    squares = float(e @ e)
    inside = fit.problem.now
    effects = Effects(fit.layout, fit.choices.effects_fe)
    within = effects(y[:, None])[:, 0]
    centred = within - within.mean()
    rho = fit.maximum.rho
    systematic = inside[:, 2:] @ fit.maximum.beta
    raw = fit.columns @ fit.maximum.beta
    return {
        "r2": 1.0 - squares / float(np.square(y - y.mean()).sum()),
        "r2_within": 1.0 - squares / float(centred @ centred),
        "r2_corr": _squared_correlation(within, _reduced(fit, systematic, rho)),
        "r2_corr_overall": _squared_correlation(y, _reduced(fit, raw, rho)),
    }


def _reduced(fit: SpatialFit, values: Vector, rho: float) -> Vector:
    """Return (I - rho W)^-1 values = values + rho G values."""
    if not fit.problem.lag:
        return values
    return np.asarray(values + rho * fit.layout.product(rho, values[:, None])[:, 0])


def _squared_correlation(left: Vector, right: Vector) -> float:
    left, right = left - left.mean(), right - right.mean()
    size = float(left @ left) * float(right @ right)
    return float(left @ right) ** 2 / size if size > 0 else float("nan")
