"""Lagrange multiplier tests for a spatial lag and spatial errors, plain and robust, pooled or within."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd
from scipy import stats

from citypanel.arrays import Matrix, Vector
from citypanel.declare.methods import SpatialLmOptions
from citypanel.declare.specification import Specification
from citypanel.errors import DeclarationError, EstimationError
from citypanel.estimate.outcome import Estimate
from citypanel.estimate.spatial_fit import INTERCEPT
from citypanel.estimate.spatial_operator import WeightsMatrix
from citypanel.estimate.spatial_panel import Effects, SpatialLayout, independent_columns
from citypanel.estimate.spatial_sample import spatial_sample
from citypanel.result import ColumnResult, TermResult, Value


@dataclass(frozen=True)
class LmTests:
    """The four statistics, each chi-squared with one degree of freedom, and the regression behind them."""

    lm_lag: float
    lm_error: float
    rlm_lag: float
    rlm_error: float
    slopes: Vector
    covariance: Matrix
    residual: Vector
    kept: list[int]


def estimate(data: pd.DataFrame, specification: Specification) -> Estimate:
    """Test the residuals of a regression without spatial terms.

    Raises
    ------
    DeclarationError, InputError, EstimationError
        See `spatial_sample`; a vcov other than iid is refused, because the tests assume it.
    """
    options = cast("SpatialLmOptions", specification.options)
    sample = spatial_sample(
        data, specification, w=options.w, w_ids=options.w_ids, row_standardise=options.row_standardise
    )
    design = sample.design
    if design.convention.kind != "iid":
        raise DeclarationError(f"vcov is '{specification.vcov}'; the tests of method 'spatial_lm' assume iid errors")
    keep = [i for i, name in enumerate(design.names) if options.effects_fe == "none" or name != INTERCEPT]
    names = [design.names[place] for place in keep]
    tests = lm_tests(
        design.y,
        design.X[:, keep],
        sample.layout,
        options.effects_fe,
        after_lag=options.twoways_lag == "dummies",
    )
    warnings = list(sample.warnings)
    if dropped := [name for place, name in enumerate(names) if place not in tests.kept]:
        warnings.append(f"collinear regressors were left out: {', '.join(dropped)}")
    column = ColumnResult(
        column="1",
        outcome=design.outcome,
        n=design.n,
        units=sample.layout.n_units,
        periods=sample.layout.n_periods,
        fixed_effects=sample.effect_names(options.effects_fe),
        vcov=_convention(options),
        terms=_terms(tests, [names[place] for place in tests.kept]),
        stats=_statistics(tests),
    )
    return Estimate((column,), sample.read_rows, {}, tuple(warnings))


def _convention(options: SpatialLmOptions) -> dict[str, Value]:
    return {
        "type": "iid",
        "ssc": "none",
        "sigma2": "e'e / rows",
        "weights": "row-standardised" if options.row_standardise else "raw",
        "twoways_lag": "Q(Wy)" if options.twoways_lag == "dummies" else "W(Qy)",
    }


def _statistics(tests: LmTests) -> dict[str, Value]:
    found = {name: getattr(tests, name) for name in ("lm_lag", "lm_error", "rlm_lag", "rlm_error")}
    values: dict[str, Value] = dict(found)
    return values | {f"{name}_p": float(stats.chi2.sf(value, 1)) for name, value in found.items()}


def _terms(tests: LmTests, names: list[str]) -> tuple[TermResult, ...]:
    errors = np.sqrt(np.diag(tests.covariance))
    return tuple(
        TermResult(name, float(b), float(se), float(b / se), float(2.0 * stats.norm.sf(abs(b / se))))
        for name, b, se in zip(names, tests.slopes, errors, strict=True)
    )


def lm_tests(
    y: Vector, regressors: Matrix, layout: SpatialLayout, effects_fe: str, *, after_lag: bool = False
) -> LmTests:
    """Return the four tests of Anselin (1988) and Anselin, Bera, Florax and Yoon (1996) on a panel.

    Parameters
    ----------
    y, regressors : arrays, shape (rows,) and (rows, k)
    after_lag : bool
        Apply W to the raw columns and take effects out of the product, as a regression with dummies does;
        otherwise W is applied to what is left after effects.

    Raises
    ------
    EstimationError
        No residual is left.

    Notes
    -----
    sigma2 = e'e / rows, T1 = sum over periods of tr(W'W + WW), J = (W fitted)' M (W fitted) / sigma2 + T1
    (Elhorst 2014, section 3.2). The sum LM_error + RLM_lag equals LM_lag + RLM_error.
    """
    effects = Effects(layout, effects_fe)
    outcome = y.reshape(-1, 1)
    inside, target = effects(regressors), effects(outcome)[:, 0]
    kept, _ = independent_columns(inside, np.linalg.norm(regressors, axis=0), [""] * regressors.shape[1])
    inside = inside[:, kept]
    basis, upper = np.linalg.qr(inside)
    residual = target - basis @ (basis.T @ target)
    _require_residual(residual, target)
    sigma2 = float(residual @ residual) / layout.n
    base = y if after_lag else target
    lagged = layout.lag(np.column_stack([base, residual, base - residual]))
    lagged = effects(lagged) if after_lag else lagged
    of_outcome, of_residual, of_fitted = lagged.T
    trace = weights_trace(layout)
    rest = of_fitted - basis @ (basis.T @ of_fitted)
    spread = float(rest @ rest) / sigma2 + trace
    lag, error = float(residual @ of_outcome) / sigma2, float(residual @ of_residual) / sigma2
    inverse = np.linalg.inv(upper)
    free = layout.n - len(kept) - effects.absorbed
    return LmTests(
        *_four(lag, error, spread, trace),
        slopes=inverse @ (basis.T @ target),
        covariance=inverse @ inverse.T * float(residual @ residual) / free,
        residual=residual,
        kept=kept,
    )


def _require_residual(residual: Vector, target: Vector) -> None:
    if np.linalg.norm(residual) <= 1e-10 * max(float(np.linalg.norm(target)), 1e-300):
        raise EstimationError("spatial_lm: effects and regressors explain the outcome exactly")


def _four(lag: float, error: float, spread: float, trace: float) -> tuple[float, float, float, float]:
    """Return LM lag, LM error and both robust ones from the scores and their variances."""
    return (
        lag**2 / spread,
        error**2 / trace,
        (lag - error) ** 2 / (spread - trace),
        (error - trace / spread * lag) ** 2 / (trace * (1.0 - trace / spread)),
    )


def weights_trace(layout: SpatialLayout) -> float:
    """Return tr(W'W + WW) summed over periods."""
    return sum(block.periods * _trace(block.operator.matrix) for block in layout.blocks)


def _trace(matrix: WeightsMatrix) -> float:
    # Element by element, for arrays and sparse arrays alike.
    return float((matrix * matrix).sum() + (matrix * matrix.T).sum())
