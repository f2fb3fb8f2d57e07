"""Ordinary least squares with any number of fixed effects; instruments and random effects start from here."""

from typing import cast

import pandas as pd

from citypanel.declare.methods import LinearOptions
from citypanel.declare.specification import Specification
from citypanel.errors import DeclarationError
from citypanel.estimate.design import Design, build_design
from citypanel.estimate.fit import Fit, fit
from citypanel.estimate.outcome import Estimate
from citypanel.estimate.regression import (
    as_estimate,
    fit_warnings,
    neighbours_of,
    read_columns,
    without_singletons,
)
from citypanel.result import Value

__all__ = ["as_estimate", "estimate", "fit_warnings", "neighbours_of", "read_columns", "without_singletons"]


def estimate(data: pd.DataFrame, specification: Specification) -> Estimate:
    """Estimate one linear regression: least squares, fixed effects, between, random, or instruments.

    Raises
    ------
    DeclarationError
        Options and formula do not go together.
    EstimationError
        The sample cannot answer; the message says why.
    """
    if specification.group is not None:
        from citypanel.estimate.split import estimate_group  # noqa: PLC0415 - loaded where used

        return estimate_group(data, specification, estimate)
    return _estimated(build_design(data, specification), specification)


def _estimated(design: Design, specification: Specification) -> Estimate:
    options = cast("LinearOptions", specification.options)
    plain = not design.endogenous_names and options.estimator not in ("between", "random")
    if not plain and (_asks_more(options) or options.f_terms == "all"):
        raise DeclarationError(
            f"formula '{design.formula.text}': f_terms=all, wild_bootstrap, oster, interaction, randomisation and "
            "convergence are for least squares only"
        )
    if design.endogenous_names:
        from citypanel.estimate.instruments import estimate_instruments  # noqa: PLC0415 - loaded where used

        return estimate_instruments(design, options)
    if options.estimator in ("2sls", "liml"):
        raise DeclarationError(
            f"formula '{design.formula.text}': estimator {options.estimator} needs 'endogenous ~ instruments'"
        )
    if options.estimator in ("between", "random"):
        from citypanel.estimate.random_effects import estimate_random  # noqa: PLC0415 - loaded where used

        return estimate_random(design, options)
    design, lost = without_singletons(design, options)
    fitted = fit(
        design.y,
        design.X,
        design.names,
        design.effects,
        convention=design.convention,
        neighbours=neighbours_of(design),
        weights=design.weights,
        ssc=options.ssc,
    )
    if options.constant == "base" and design.effects:
        from citypanel.estimate.constant import with_base_constant  # noqa: PLC0415 - loaded where used

        fitted = with_base_constant(design, fitted, ssc=options.ssc)
    stats = _asked(design, fitted, options, specification.seed)
    return as_estimate(design, fitted, warnings=(*lost, *fit_warnings(design, fitted)), stats=stats)


def _asks_more(options: LinearOptions) -> bool:
    asked = (options.wild_bootstrap, options.oster, options.interaction, options.randomisation, options.convergence)
    return any(bool(each) for each in asked)


def _asked(design: Design, fitted: Fit, options: LinearOptions, seed: int | None) -> dict[str, Value]:
    """Return the conventions beside fixed effects, and the entries of the options that ask more."""
    stats: dict[str, Value] = {"constant": options.constant, "f_terms": options.f_terms} if design.effects else {}
    if options.f_terms == "all" and design.effects:
        from citypanel.estimate.all_terms import f_of_all_terms  # noqa: PLC0415 - loaded where used

        stats |= f_of_all_terms(design, fitted, ssc=options.ssc)
    if options.wild_bootstrap:
        from citypanel.estimate.bootstrap import wild_statistics  # noqa: PLC0415 - loaded where used

        stats |= wild_statistics(design, fitted, options.wild_bootstrap, seed)
    if options.oster or options.interaction or options.randomisation:
        from citypanel.estimate.robustness import robustness_statistics  # noqa: PLC0415 - loaded where used

        stats |= robustness_statistics(design, options, seed)
    if options.convergence:
        from citypanel.estimate.convergence import convergence_statistics  # noqa: PLC0415 - loaded where used

        stats |= convergence_statistics(fitted, options)
    return stats
