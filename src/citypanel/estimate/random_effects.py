"""Between and random-effects regressions on one grouping, as `xtreg, be` and `xtreg, re`."""

from dataclasses import dataclass, replace

import numpy as np

from citypanel.arrays import Codes, Matrix, Vector
from citypanel.declare.methods import LinearOptions
from citypanel.errors import DeclarationError, EstimationError
from citypanel.estimate.design import INTERCEPT, Design
from citypanel.estimate.fit import Fit, fit
from citypanel.estimate.inference import chi2_tail
from citypanel.estimate.outcome import Estimate
from citypanel.estimate.regression import as_estimate, fit_warnings, neighbours_of
from citypanel.estimate.variance import Neighbours
from citypanel.result import Value


@dataclass(frozen=True)
class Components:
    """Variances of the idiosyncratic and the group error, and the share of its mean each row loses."""

    idiosyncratic: float
    group: float
    theta: Vector


def estimate_random(design: Design, options: LinearOptions) -> Estimate:
    """Estimate the between or the random-effects regression of a design.

    Raises
    ------
    DeclarationError
        The formula has not exactly one fixed effect and no panel unit stands in for it, or weights are given.
    EstimationError
        There are fewer groups than coefficients, or no variation within groups.
    """
    group = _group(design)
    if design.weights is not None:
        raise DeclarationError(f"estimator {options.estimator} does not take weights")
    plain = replace(design, effects=(), effect_names=())
    X, names = _with_intercept(design)
    if options.estimator == "between":
        fitted = _between(design, X, names, group, options.ssc)
        by_group = replace(plain, y=_group_means(design.y[:, None], group)[:, 0])
        return as_estimate(by_group, fitted, warnings=fit_warnings(by_group, fitted))
    fitted, stats = _random(design, X, names, group, options.ssc)
    return as_estimate(plain, fitted, warnings=fit_warnings(plain, fitted), stats=stats)


def _group(design: Design) -> Codes:
    if len(design.effects) == 1:
        return design.effects[0]
    if not design.effects and design.unit is not None:
        return design.unit
    raise DeclarationError(
        f"formula '{design.formula.text}': between and random take one grouping; write '| unit' with one effect"
    )


def _with_intercept(design: Design) -> tuple[Matrix, tuple[str, ...]]:
    if INTERCEPT in design.names:
        return design.X, design.names
    return np.column_stack([design.X, np.ones(design.n)]), (*design.names, INTERCEPT)


def _group_means(columns: Matrix, group: Codes) -> Matrix:
    sizes = np.bincount(group)
    return np.column_stack([np.bincount(group, column) / sizes for column in columns.T])


def _between(design: Design, X: Matrix, names: tuple[str, ...], group: Codes, ssc: str) -> Fit:
    convention = design.convention
    if convention.kind not in ("iid", "HC1", "HC2", "HC3"):
        raise DeclarationError("estimator between has one row per group; vcov must be iid, hetero, HC2 or HC3")
    means = _group_means(np.column_stack([design.y, X]), group)
    if len(means) <= X.shape[1]:
        raise EstimationError(f"{len(means)} groups cannot carry {X.shape[1]} coefficients between groups")
    return fit(means[:, 0], means[:, 1:], names, convention=convention, neighbours=Neighbours(), ssc=ssc)


def variance_components(y: Vector, X: Matrix, names: tuple[str, ...], group: Codes) -> Components:
    """Return the components of Swamy and Arora (1972) with the harmonic mean of group sizes, as `xtreg, re`."""
    within = fit(y, *_slopes(X, names), (group,))
    means = _group_means(np.column_stack([y, X]), group)
    if len(means) <= X.shape[1]:
        raise EstimationError(f"{len(means)} groups cannot carry {X.shape[1]} coefficients between groups")
    between = fit(means[:, 0], means[:, 1:], names)
    sizes = np.bincount(group)
    idiosyncratic = float(np.sum(within.residuals**2)) / (y.size - within.k)
    across = float(np.sum(between.residuals**2)) / (len(means) - between.k)
    harmonic = sizes.size / float(np.sum(1 / sizes))
    spread = max(0.0, across - idiosyncratic / harmonic)
    share = idiosyncratic / (sizes * spread + idiosyncratic) if idiosyncratic > 0 else np.zeros(sizes.size)
    return Components(idiosyncratic, spread, (1 - np.sqrt(share))[group])


def _random(design: Design, X: Matrix, names: tuple[str, ...], group: Codes, ssc: str) -> tuple[Fit, dict[str, Value]]:
    components = variance_components(design.y, X, names, group)
    columns = np.column_stack([design.y, X])
    quasi = columns - components.theta[:, None] * _group_means(columns, group)[group]
    fitted = fit(
        quasi[:, 0],
        quasi[:, 1:],
        names,
        convention=design.convention,
        neighbours=neighbours_of(design),
        ssc=ssc,
    )
    # Stata and plm refer random effects to the normal distribution.
    fitted = replace(fitted, variance=replace(fitted.variance, df=np.inf))
    stats: dict[str, Value] = {
        "sigma_e": float(np.sqrt(components.idiosyncratic)),
        "sigma_u": float(np.sqrt(components.group)),
        "theta_min": float(components.theta.min()),
        "theta_max": float(components.theta.max()),
    }
    fixed = fit(design.y, *_slopes(X, names), (group,))
    return fitted, {**stats, **_hausman(fixed, fit(quasi[:, 0], quasi[:, 1:], names))}


def _slopes(X: Matrix, names: tuple[str, ...]) -> tuple[Matrix, tuple[str, ...]]:
    at = [j for j, name in enumerate(names) if name != INTERCEPT]
    return X[:, at], tuple(names[j] for j in at)


def _hausman(fixed: Fit, random: Fit) -> dict[str, Value]:
    """Return Hausman's test of random against fixed effects, both with classical variances."""
    common = [name for name in fixed.names if name != INTERCEPT and name in random.names]
    at = [fixed.names.index(name) for name in common]
    there = [random.names.index(name) for name in common]
    gap = fixed.coefficients[at] - random.coefficients[there]
    difference = fixed.variance.matrix[np.ix_(at, at)] - random.variance.matrix[np.ix_(there, there)]
    if not common or np.linalg.matrix_rank(difference) < len(common):
        return {"hausman": None, "hausman_df": len(common), "hausman_p": None}
    chi2 = float(gap @ np.linalg.solve(difference, gap))
    # A negative value says that the difference of the variances is not positive definite: no test exists.
    exists = chi2 >= 0
    return {
        "hausman": chi2 if exists else None,
        "hausman_df": len(common),
        "hausman_p": chi2_tail(chi2, len(common)) if exists else None,
    }
