"""Spatial panel models by maximum likelihood: lag (SAR), error (SEM), Durbin (SDM, SDEM) and both (SAC)."""

from typing import cast

import numpy as np
import pandas as pd
from scipy import stats

from citypanel.arrays import Codes, Vector
from citypanel.declare.methods import SpatialOptions
from citypanel.declare.specification import Specification
from citypanel.errors import DeclarationError
from citypanel.estimate.outcome import Estimate
from citypanel.estimate.spatial_compare import impacts, likelihood_tests, r_squared
from citypanel.estimate.spatial_effects import Effect
from citypanel.estimate.spatial_fit import Choices, SpatialFit, fit_spatial
from citypanel.estimate.spatial_sample import SpatialSample, spatial_sample
from citypanel.result import ColumnResult, Row, TermResult, Value

DEFAULT_SEED = 20240101  # of the simulated effects where none is given; stated in the record


def estimate(data: pd.DataFrame, specification: Specification) -> Estimate:
    """Estimate one spatial model.

    Standard errors are those of the information matrix, expected or observed; `vcov` `hetero` or
    `cluster:UNIT` puts the observed information around the variance of the score.

    Raises
    ------
    DeclarationError, InputError, EstimationError
        See `spatial_sample` and `fit_spatial`.
    """
    options = cast("SpatialOptions", specification.options)
    sample = spatial_sample(
        data, specification, w=options.w, w_ids=options.w_ids, row_standardise=options.row_standardise
    )
    robust, clusters = _asked_variance(sample, specification)
    choices = _choices(options, robust=robust, clusters=clusters)
    design, layout = sample.design, sample.layout
    fit = fit_spatial(design.y, design.X, design.names, layout, choices)
    seed = DEFAULT_SEED if specification.seed is None else specification.seed
    effects = impacts(fit, options.mc_draws, seed)
    column = ColumnResult(
        column="1",
        outcome=design.outcome,
        n=design.n,
        units=layout.n_units,
        periods=layout.n_periods,
        clusters=None if clusters is None else layout.n_units,
        fixed_effects=sample.effect_names(options.effects_fe),
        vcov=_convention(fit, sample, options),
        terms=_terms(fit),
        stats=_statistics(fit, design.y, effects, seed),
    )
    curves = {"impacts": [_impact_row(effect, options.impacts) for effect in effects]} if effects else {}
    return Estimate((column,), sample.read_rows, curves, _warnings(fit, sample, effects))


def _choices(options: SpatialOptions, *, robust: bool, clusters: Codes | None) -> Choices:
    return Choices(
        model=options.model,
        effects_fe=options.effects_fe,
        twoways_lag=options.twoways_lag,
        leeyu=options.leeyu,
        information=options.information,
        robust=robust,
        clusters=clusters,
        durbin=options.durbin,
    )


def _asked_variance(sample: SpatialSample, specification: Specification) -> tuple[bool, Codes | None]:
    """Return whether the variance is a sandwich, and the units it clusters by."""
    convention = sample.design.convention
    if convention.kind == "iid":
        return False, None
    if convention.kind == "HC1":
        return True, None
    if convention.kind == "cluster" and convention.by == (specification.unit,):
        return True, sample.layout.units
    raise DeclarationError(
        f"vcov is '{specification.vcov}'; method 'spatial' takes iid, hetero or cluster:{specification.unit or 'UNIT'}"
    )


def _terms(fit: SpatialFit) -> tuple[TermResult, ...]:
    errors = np.sqrt(np.diag(fit.covariance))
    reach = float(stats.norm.ppf(0.975))
    return tuple(
        TermResult(name, float(b), float(se), float(b / se), _p(b / se), float(b - reach * se), float(b + reach * se))
        for name, b, se in zip(fit.names, fit.estimates, errors, strict=False)
    )


def _p(z: float) -> float:
    return float(2.0 * stats.norm.sf(abs(z)))


def _convention(fit: SpatialFit, sample: SpatialSample, options: SpatialOptions) -> dict[str, Value]:
    """Return all that must be known to compute the same numbers again."""
    convention = sample.design.convention
    kinds = {"iid": "iid", "HC1": "hetero", "cluster": "cluster"}
    spectra = sorted({block.operator.spectrum for block in sample.layout.blocks})
    return {
        "type": kinds[convention.kind],
        "by": list(convention.by),
        "ssc": "rows / free rows" if convention.kind == "HC1" and options.leeyu else "none",
        "df": None,
        "distribution": "normal",
        "information": "observed" if fit.choices.robust else options.information,
        "bread": "observed information" if fit.choices.robust else None,
        "covariance": "full: slopes, spatial parameters and sigma2 together",
        "model": options.model,
        "weights": "row-standardised" if sample.weights.row_standardised else "raw",
        "weights_file": options.w.replace("\\", "/").rsplit("/", 1)[-1],
        "rows_sum_to_one": sample.layout.row_stochastic,
        "eigenvalues": ", ".join(spectra),
        "stable_low": sample.layout.low,
        "stable_high": sample.layout.high,
        "twoways_lag": fit.lag_convention,
        "leeyu": fit.leeyu_convention,
        "sigma2_rows": fit.problem.n,
        "balanced": sample.layout.balanced,
        "impacts_se": options.impacts,
    }


def _statistics(fit: SpatialFit, y: Vector, effects: list[Effect], seed: int) -> dict[str, Value]:
    sigma2, se = fit.sigma2, float(np.sqrt(fit.covariance[-1, -1]))
    k, n = fit.n_parameters, fit.layout.n
    found: dict[str, Value] = {
        "sigma2": sigma2,
        "sigma2_se": se,
        "sigma2_z": sigma2 / se,
        "sigma2_p": _p(sigma2 / se),
        "loglik": fit.loglik,
        "aic": 2.0 * k - 2.0 * fit.loglik,
        "bic": k * float(np.log(n)) - 2.0 * fit.loglik,
        "k": k,
        **r_squared(fit, y),
        "stable_low": fit.layout.low,
        "stable_high": fit.layout.high,
        **likelihood_tests(fit),
    }
    if effects:
        found |= {"mc_unstable": effects[0].mc_unstable, "mc_seed": seed}
    return found


def _impact_row(effect: Effect, choice: str) -> Row:
    se = effect.se if choice == "delta" else effect.mc_sd_stable
    z = effect.estimate / se if se > 0 else float("nan")
    return {
        "term": effect.term,
        "effect": effect.effect,
        "estimate": effect.estimate,
        "se": se,
        "statistic": z,
        "p": _p(z),
        "mc_mean": effect.mc_mean,
        "mc_sd": effect.mc_sd,
        "mc_mean_stable": effect.mc_mean_stable,
        "mc_sd_stable": effect.mc_sd_stable,
        "mc_unstable": effect.mc_unstable,
    }


def _warnings(fit: SpatialFit, sample: SpatialSample, effects: list[Effect]) -> tuple[str, ...]:
    found = list(sample.warnings)
    if fit.dropped:
        found.append(f"collinear regressors were left out: {', '.join(fit.dropped)}")
    if fit.maximum.at_boundary:
        found.append(
            f"the spatial parameter stands at the end of the stable range ({fit.layout.low:.6g}, "
            f"{fit.layout.high:.6g}); its standard error and the effects mean nothing there"
        )
    if effects and effects[0].mc_unstable:
        found.append(
            f"{effects[0].mc_unstable} of the simulated draws lie outside the stable range "
            f"({fit.layout.low:.6g}, {fit.layout.high:.6g}); mc_mean and mc_sd hold them, "
            "mc_mean_stable and mc_sd_stable do not"
        )
    if fit.choices.robust and fit.choices.clusters is None:
        found.append("under heteroskedastic errors rho itself is consistent only where W is close to regular")
    return tuple(found)
