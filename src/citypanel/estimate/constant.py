"""The constant beside fixed effects by the other convention: the level of the base categories."""

from dataclasses import replace
from typing import cast

import numpy as np

from citypanel.errors import EstimationError
from citypanel.estimate.absorbed import DENSE_CELLS, redundant_levels
from citypanel.estimate.design import INTERCEPT, Design
from citypanel.estimate.fit import Fit
from citypanel.estimate.regression import neighbours_of
from citypanel.estimate.variance import variance


def with_base_constant(design: Design, fitted: Fit, *, ssc: str) -> Fit:
    """Return the fit with the constant of a dummy-variable regression (areg by hand, LSDV).

    It is the level at the first category of every fixed effect, in sorted order. The mean identity of xtreg and
    reghdfe, which `fit` reports, differs from it by the mean of the dummies.

    Raises
    ------
    EstimationError
        There are too many categories for explicit dummies, or groups of categories without common rows, for
        which no base level exists.
    """
    if design.convention.kind in ("HC2", "HC3"):
        raise EstimationError("constant=base does not take HC2 or HC3; use constant=mean")
    levels = [int(codes.max()) + 1 for codes in design.effects]
    if design.n * sum(levels) > DENSE_CELLS:
        raise EstimationError("constant=base needs a dummy per category; there are too many, use constant=mean")
    if any(count > 1 for count in redundant_levels(design.effects)):
        raise EstimationError("constant=base does not exist: some categories share no rows; use constant=mean")
    roots = np.ones(design.n) if design.weights is None else np.sqrt(design.weights / design.weights.mean())
    at = [design.names.index(name) for name in fitted.names if name != INTERCEPT]
    dummies = [(codes[:, None] == np.arange(1, size)) * 1.0 for codes, size in zip(design.effects, levels, strict=True)]
    others = np.column_stack([design.X[:, at], *dummies]) * roots[:, None]
    basis = np.linalg.qr(others)[0]
    ones = roots - basis @ (basis.T @ roots)
    ones -= basis @ (basis.T @ ones)
    length = float(np.sum(ones * ones))
    absorbed = fitted.k - len(at)
    nested = cast("int", fitted.variance.record["k"]) if fitted.variance.clusters else len(at) + absorbed
    found = variance(
        design.convention,
        neighbours_of(design),
        np.array([[1 / length]]),
        (ones[:, None], fitted.residuals * roots),
        (fitted.k, nested),
        ssc=ssc,
    )
    coefficients, matrix = fitted.coefficients.copy(), fitted.variance.matrix.copy()
    coefficients[-1] = float(np.sum(ones * design.y * roots)) / length
    matrix[-1, :] = matrix[:, -1] = np.nan
    matrix[-1, -1] = found.matrix[0, 0]
    return replace(fitted, coefficients=coefficients, variance=replace(fitted.variance, matrix=matrix))
