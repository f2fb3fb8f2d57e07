"""Quantile columns by statsmodels (QuantReg, OLS) and linearmodels (PanelOLS)."""

from typing import Any, cast

import numpy as np
import pandas as pd

from citypanel.arrays import Codes, Matrix, Vector
from citypanel.declare.methods import QuantileOptions
from citypanel.declare.specification import Specification
from citypanel.estimate.design import INTERCEPT, Design, build_design
from citypanel.estimate.witness_testimony import Testimony, Unheard
from citypanel.result import ColumnResult

MOST_COLUMNS = 60  # QuantReg takes a pseudo-inverse of all columns in each of hundreds of iterations
RULES = "standard errors of quantiles follow rules that differ between packages in the first to third digit"


def quantile_testimony(
    panel: pd.DataFrame, specification: Specification, tau: float, column: ColumnResult
) -> Testimony:
    """Estimate one quantile by other software; errors are not compared, since their rules differ.

    Raises
    ------
    Unheard
        QuantReg would not end in reasonable time, or does not express the column.
    """
    import statsmodels  # noqa: PLC0415 - seconds to import

    options = cast("QuantileOptions", specification.options)
    design = build_design(panel, specification)
    kept = tuple(term.term for term in column.terms)
    weights = np.ones(design.n) if design.weights is None else design.weights / design.weights.mean()
    regressors = np.column_stack(
        [np.ones(design.n) if name == INTERCEPT else design.X[:, design.names.index(name)] for name in kept]
    )
    if options.estimator == "mmqr":
        b, how = _mmqr(design, regressors, weights, tau)
    elif options.estimator == "canay":
        b, how = _canay(design, specification.unit, regressors, tau)
    else:
        b, how = _quantreg(design.y, np.column_stack([regressors, *_dummies(design.effects)]), weights, tau)
    estimates = dict(zip(kept, b[: len(kept)].tolist(), strict=True))
    return Testimony(estimates, {}, design.n, f"statsmodels {statsmodels.__version__} QuantReg", how, RULES)


def _dummies(effects: tuple[Codes, ...]) -> list[Matrix]:
    return [(codes[:, None] == np.arange(1, int(codes.max()) + 1)) * 1.0 for codes in effects]


def _quantreg(y: Vector, X: Matrix, weights: Vector, tau: float) -> tuple[Vector, str]:
    """Return QuantReg's solution, moved to the vertex beside it.

    Its iterations replace residuals below 1e-6 by that number, so they stop near a vertex of the linear programme,
    not on it. The exact solution passes through as many rows as there are coefficients: those with the smallest
    residuals. It is taken where its objective is not above QuantReg's own.
    """
    from statsmodels.regression.quantile_regression import QuantReg  # noqa: PLC0415

    if X.shape[1] > MOST_COLUMNS:
        raise Unheard(f"{X.shape[1]} columns: QuantReg's iterations would take minutes")
    spread = float(np.std(y)) / 1e3  # residuals of about 1,000, against which 1e-6 is nothing
    size = np.maximum(np.abs(X).max(axis=0), 1e-300)
    # The check loss of w r is w times that of r: weights multiply both sides.
    left, right = weights * y / spread, weights[:, None] * X / size
    b = np.asarray(QuantReg(left, right).fit(q=tau, max_iter=20_000, p_tol=1e-9).params)
    rows = np.argsort(np.abs(left - right @ b), kind="stable")[: X.shape[1]]
    how = f"q={tau:g}, p_tol=1e-9"
    if np.linalg.cond(right[rows]) < 1e12:
        vertex = np.linalg.solve(right[rows], left[rows])
        if _loss(left - right @ vertex, tau) <= _loss(left - right @ b, tau) * (1 + 1e-12):
            return vertex * spread / size, f"{how}, at the vertex beside its last iteration"
    return b * spread / size, how


def _loss(residuals: Vector, tau: float) -> float:
    return float(np.sum(residuals * (tau - (residuals < 0))))


def _within(design: Design, effects: tuple[Codes, ...], columns: Matrix, y: Vector, weights: Vector) -> Any:
    """Return PanelOLS' fit; columns are numbered."""
    from linearmodels.panel import PanelOLS  # noqa: PLC0415

    if len(effects) > 2:
        raise Unheard("PanelOLS takes two effects at most")
    index = pd.MultiIndex.from_arrays([np.arange(design.n), np.zeros(design.n, dtype=int)])
    model = PanelOLS(
        pd.Series(y, index=index, name="y"),
        pd.DataFrame(columns, index=index),
        other_effects=pd.DataFrame(dict(enumerate(effects)), index=index),
        weights=pd.Series(weights, index=index, name="w"),
    )
    return model.fit()


def _mmqr(design: Design, X: Matrix, weights: Vector, tau: float) -> tuple[Vector, str]:
    """Location, scale, and the lower inverse of the distribution of the standardised residual."""
    if design.effects:
        location = _within(design, design.effects, X, design.y, weights)
        # `resids` are without the effects; `wresids` are those times the roots of the weights.
        residual = np.asarray(location.resids)
        scale = _within(design, design.effects, X, np.abs(residual), weights)
        fitted = np.abs(residual) - np.asarray(scale.resids)
        slopes, shifts = np.asarray(location.params), np.asarray(scale.params)
    else:
        import statsmodels.api as sm  # noqa: PLC0415

        first = sm.WLS(design.y, X, weights=weights).fit()
        residual = np.asarray(first.resid)
        second = sm.WLS(np.abs(residual), X, weights=weights).fit()
        fitted, slopes, shifts = np.asarray(second.fittedvalues), np.asarray(first.params), np.asarray(second.params)
    # A unit that the model fits exactly has residual and scale zero, here up to the ten digits of PanelOLS.
    exact = np.abs(residual) <= 1e-8 * float(np.std(design.y))
    standard = np.where(exact, 0.0, residual / np.where(exact, 1.0, fitted))
    q = np.quantile(standard, tau, method="inverted_cdf", weights=weights)
    return slopes + float(q) * shifts, "location and scale by PanelOLS or WLS, numpy quantile 'inverted_cdf'"


def _canay(design: Design, unit: str | None, X: Matrix, tau: float) -> tuple[Vector, str]:
    """Within slopes, unit effects of mean zero taken from the outcome, then QuantReg."""
    if design.weights is not None:
        raise Unheard("canay with weights is not repeated")
    at = design.effect_names.index(unit) if unit in design.effect_names else 0
    own, rest = design.effects[at], _dummies(tuple(e for j, e in enumerate(design.effects) if j != at))
    ones = np.ones(design.n)
    varying = np.column_stack([X[:, np.ptp(X, axis=0) > 0], *rest])
    slopes = np.asarray(_within(design, (own,), varying, design.y, ones).params)
    level = pd.Series(design.y - varying @ slopes).groupby(own).mean()
    y = design.y - (level - level.mean()).to_numpy()[own]
    b, how = _quantreg(y, np.column_stack([X, *rest]), ones, tau)
    return b, f"unit effects by PanelOLS; {how}"
