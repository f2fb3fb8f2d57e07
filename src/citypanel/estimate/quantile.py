"""Quantile regression on panels: pooled, Canay (2011), method of moments (Machado and Santos Silva 2019)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from citypanel.arrays import Codes, Mask, Matrix, Vector
from citypanel.declare.methods import QuantileOptions
from citypanel.declare.specification import Specification
from citypanel.errors import DeclarationError, EstimationError
from citypanel.estimate.design import INTERCEPT, Design, build_design
from citypanel.estimate.inference import terms_of
from citypanel.estimate.least_squares import independent_columns
from citypanel.estimate.mmqr import RULE, fit_location_scale, influence, residual_quantiles
from citypanel.estimate.outcome import Estimate
from citypanel.estimate.quantile_lp import check_loss, fit_quantile
from citypanel.estimate.quantile_se import clustered_covariance, iid_covariance, nid_covariance
from citypanel.result import ColumnResult, Row, Value
from citypanel.within import FixedEffects

MANY_EFFECTS = 30  # dummies above this number make a short panel's pooled quantiles unreliable


@dataclass(frozen=True)
class Problem:
    """What the three estimators work on.

    `X` has the reported regressors first, then dummies of the effects that are not taken out within;
    `absorbed` are the effects that are.
    """

    y: Vector
    X: Matrix
    names: tuple[str, ...]
    absorbed: tuple[Codes, ...]
    weights: Vector
    warnings: tuple[str, ...]

    @property
    def reported(self) -> int:
        """Number of coefficients that are shown."""
        return len(self.names)


def estimate(data: pd.DataFrame, specification: Specification) -> Estimate:
    """Estimate one specification; one column per quantile.

    Raises
    ------
    DeclarationError
        A quantile lies outside (0, 1), the variance type does not exist for quantiles, or Canay's estimator
        is asked for without unit effects.
    EstimationError
        The sample cannot answer.
    """
    options = specification.options
    assert isinstance(options, QuantileOptions)  # noqa: S101 - the declaration has paired method and options
    _require_quantiles(options.quantiles)
    design = build_design(data, specification)
    problem = _problem(design, options, specification.unit)
    fit = _ESTIMATORS[options.estimator]
    coefficients, objectives, notes = fit(problem, options.quantiles, problem.weights)
    groups, rule = _groups(design, options)
    spread = _Spread(design, problem, options, groups, rule)
    covariances, extra = spread.covariances(coefficients, fit, specification.seed)
    columns = [
        _column(design, problem, (tau, b, V), (objective, rule), notes)
        for tau, b, V, objective in zip(options.quantiles, coefficients, covariances, objectives, strict=True)
    ]
    warnings = (*design.warnings, *problem.warnings, *notes.get("warnings", ()), *extra)
    return Estimate(
        columns=tuple(columns),
        sample=design.rows,
        curves={"quantiles": _curve(columns)},
        warnings=warnings,
    )


def _require_quantiles(quantiles: tuple[float, ...]) -> None:
    bad = [tau for tau in quantiles if not 0 < tau < 1]
    if bad or not quantiles:
        found = f"{bad[0]:g}" if bad else "empty"
        raise DeclarationError(f"option quantiles is {found}; numbers strictly between 0 and 1 are needed")


def _problem(design: Design, options: QuantileOptions, unit: str | None) -> Problem:
    if design.endogenous_names:
        raise DeclarationError("method 'quantile' takes no instruments; write the formula without them")
    weights = np.ones(design.n) if design.weights is None else design.weights * (design.n / design.weights.sum())
    within, dummies = _divided_effects(design, options.estimator, unit)
    shown = design.X
    names = design.names
    constant = not within and INTERCEPT not in names
    blocks = [shown, np.ones((design.n, 1))] if constant or (within and options.estimator == "canay") else [shown]
    names = (*names, INTERCEPT) if len(blocks) == 2 else names
    blocks += [(codes[:, None] == np.arange(1, codes.max() + 1)).astype(np.float64) for codes in dummies]
    X = np.column_stack(blocks)
    keep, lost = _independent(X, names, FixedEffects(within, weights) if options.estimator == "mmqr" else None)
    warnings = tuple(f"{name} is collinear with the rest and left out" for name in lost)
    count = sum(int(codes.max()) for codes in dummies)
    if options.estimator == "pooled" and count > MANY_EFFECTS:
        text = f"{count} dummies of fixed effects are estimated with each quantile; in short panels this biases them"
        warnings = (*warnings, f"{text} (estimator=canay or mmqr takes unit effects out)")
    kept_names = tuple(name for at, name in enumerate(names) if keep[at])
    return Problem(design.y, X[:, keep], kept_names, within, weights, warnings)


def _divided_effects(design: Design, estimator: str, unit: str | None) -> tuple[tuple[Codes, ...], tuple[Codes, ...]]:
    """Return the effects that are taken out within and those that enter as dummies."""
    if estimator == "pooled":
        return (), design.effects
    if estimator == "mmqr":
        return design.effects, ()
    if not design.effects:
        raise DeclarationError("estimator=canay needs unit effects: write them in the formula, as '| city'")
    first = design.effect_names.index(unit) if unit in design.effect_names else 0
    rest = tuple(codes for at, codes in enumerate(design.effects) if at != first)
    return (design.effects[first],), rest


def _independent(X: Matrix, names: tuple[str, ...], effects: FixedEffects | None) -> tuple[Mask, list[str]]:
    """Return which columns are kept, and the names of shown ones that are not; the first of a set stays."""
    keep = np.zeros(X.shape[1], dtype=np.bool_)
    keep[independent_columns(X if effects is None else effects.residuals(X), np.linalg.norm(X, axis=0))] = True
    if not keep.any():
        raise EstimationError("no regressor is left: the fixed effects absorb them all")
    return keep, [name for at, name in enumerate(names) if not keep[at]]


# --- estimators: coefficients (quantiles x k), objectives, notes ---------------------------------------------

Fitted = tuple[Matrix, list[float | None], dict[str, tuple[str, ...]]]


def _pooled(problem: Problem, taus: tuple[float, ...], weights: Vector) -> Fitted:
    fits = [fit_quantile(problem.y, problem.X, tau, weights) for tau in taus]
    return np.stack([fit.coefficients for fit in fits]), [fit.objective for fit in fits], {}


def _canay(problem: Problem, taus: tuple[float, ...], weights: Vector) -> Fitted:
    """Two steps: unit effects by the within regression, mean zero over units, then pooled quantiles."""
    unit = problem.absorbed[0]
    effects = FixedEffects((unit,), weights + (weights == 0) * 1e-300)
    shown = [at for at, name in enumerate((*problem.names, *[""] * problem.X.shape[1])) if at < problem.X.shape[1]]
    slopes = [at for at in shown if at >= problem.reported or problem.names[at] != INTERCEPT]
    within = effects.residuals(np.column_stack([problem.y, problem.X[:, slopes]]))
    root = np.sqrt(weights)
    b = np.linalg.lstsq(within[:, 1:] * root[:, None], within[:, 0] * root, rcond=None)[0]
    rest = problem.y - problem.X[:, slopes] @ b
    mass = np.bincount(unit, weights)
    level = np.bincount(unit, weights * rest) / np.where(mass > 0, mass, 1.0)
    # A unit drawn twice by the bootstrap counts twice in the mean; each unit counts once in the sample itself.
    times = np.bincount(unit, weights) / np.maximum(np.bincount(unit), 1)
    level -= float(times @ level) / float(times.sum())
    y = problem.y - level[unit]
    fits = [fit_quantile(y, problem.X, tau, weights) for tau in taus]
    return np.stack([fit.coefficients for fit in fits]), [fit.objective for fit in fits], {}


def _mmqr(problem: Problem, taus: tuple[float, ...], weights: Vector) -> Fitted:
    use = weights > 0
    effects = FixedEffects([codes[use] for codes in problem.absorbed], weights[use])
    fit = fit_location_scale(problem.y[use], problem.X[use], effects, weights[use])
    q = residual_quantiles(fit, taus)
    coefficients = fit.location + np.outer(q, fit.scale)
    losses: list[float | None] = [
        check_loss((fit.residual - u * fit.fitted_scale) * weights[use], tau) for tau, u in zip(taus, q, strict=True)
    ]
    text = f"the fitted scale is not positive in {fit.negative} rows; quantiles may cross there"
    return coefficients, losses, {"warnings": (text,) if fit.negative else (), "rule": (RULE,)}


Estimator = Callable[[Problem, tuple[float, ...], Vector], Fitted]
_ESTIMATORS: dict[str, Estimator] = {"pooled": _pooled, "canay": _canay, "mmqr": _mmqr}


# --- errors --------------------------------------------------------------------------------------------------


def _groups(design: Design, options: QuantileOptions) -> tuple[Codes | None, dict[str, Value]]:
    """Return the clusters, or None for independent rows, and the rule as the record states it."""
    convention = design.convention
    if convention.kind not in ("iid", "HC1", "cluster") or len(convention.by) > 1:
        raise DeclarationError(
            "method 'quantile' takes vcov iid, hetero or cluster:COLUMN; other variances are not defined for it"
        )
    groups = design.codes(convention.by[0]) if convention.by else None
    if groups is not None and int(groups.max()) < 1:
        raise EstimationError(f"cluster '{convention.by[0]}' has one level only; at least two are needed")
    df = int(groups.max()) if groups is not None else design.n - design.X.shape[1]
    rule: dict[str, Value] = {
        "type": {"HC1": "hetero"}.get(convention.kind, convention.kind),
        "by": list(convention.by),
        "ssc": "none",
        "df": df,
    }
    if options.bootstrap:
        drawn = convention.by[0] if convention.by else ("the panel's units" if design.unit is not None else "rows")
        rule |= {"type": "bootstrap", "draws": options.bootstrap, "resampled": drawn}
    return groups, rule


@dataclass(frozen=True)
class _Spread:
    """Chooses and computes the covariance of the coefficients at each quantile."""

    design: Design
    problem: Problem
    options: QuantileOptions
    groups: Codes | None
    rule: dict[str, Value]

    def covariances(
        self, coefficients: Matrix, fit: Estimator, seed: int | None
    ) -> tuple[list[Matrix | None], tuple[str, ...]]:
        """Return a covariance per quantile (None where there is none) and warnings."""
        if self.options.bootstrap:
            return self._bootstrap(fit, seed), ()
        if self.options.estimator == "canay":
            text = "estimator=canay has no analytic standard error here; set option bootstrap (draws of whole units)"
            return [None] * len(coefficients), (text,)
        if self.options.estimator == "mmqr":
            return self._moments(), ()
        return [self._pooled(tau) for tau in self.options.quantiles], ()

    def _pooled(self, tau: float) -> Matrix:
        problem = self.problem
        weights = None if self.design.weights is None else problem.weights
        if self.groups is not None:
            self.rule["rule"] = "Parente and Santos Silva 2016; density: normal kernel, Hall-Sheather; G/(G-1)"
            fit = fit_quantile(problem.y, problem.X, tau, weights)
            return clustered_covariance(fit, problem.X, tau, self.groups, weights)
        if self.design.convention.kind == "iid" and weights is None:
            self.rule["rule"] = "Koenker and Bassett 1978; sparsity: Hall-Sheather bandwidth (quantreg iid)"
            return iid_covariance(fit_quantile(problem.y, problem.X, tau), problem.X, tau)
        # With weights rows differ in their density by construction, so iid falls back on this rule too.
        self.rule["type"] = "hetero"
        self.rule["rule"] = "Hendricks and Koenker 1992; Hall-Sheather bandwidth (quantreg nid)"
        return nid_covariance(problem.y, problem.X, tau, weights)

    def _moments(self) -> list[Matrix | None]:
        problem = self.problem
        effects = FixedEffects(problem.absorbed, problem.weights)
        fit = fit_location_scale(problem.y, problem.X, effects, problem.weights)
        groups = np.arange(problem.y.size) if self.groups is None else self.groups
        found: list[Matrix | None] = []
        for tau, q in zip(self.options.quantiles, residual_quantiles(fit, self.options.quantiles), strict=True):
            sums = np.zeros((int(groups.max()) + 1, problem.X.shape[1]))
            np.add.at(sums, groups, influence(fit, tau, float(q)))
            found.append(sums.T @ sums)
        self.rule["rule"] = "influence functions of location, scale and residual quantile; no small-sample factor"
        return found

    def _bootstrap(self, fit: Estimator, seed: int | None) -> list[Matrix | None]:
        """Draw whole clusters (else units, else rows) with replacement; a draw is a set of frequency weights."""
        rng = np.random.default_rng(0 if seed is None else seed)
        groups = self.groups
        if groups is None:
            groups = np.arange(self.design.n) if self.design.unit is None else self.design.unit
        count = int(groups.max()) + 1
        draws: list[Matrix] = []
        failed = 0
        while len(draws) < self.options.bootstrap:
            times = np.bincount(rng.integers(0, count, count), minlength=count).astype(np.float64)
            try:
                draws.append(fit(self.problem, self.options.quantiles, self.problem.weights * times[groups])[0])
            except (EstimationError, np.linalg.LinAlgError):
                failed += 1
                if failed > self.options.bootstrap:
                    raise EstimationError(
                        "most bootstrap samples cannot be estimated; a regressor varies in too few units"
                    ) from None
        self.rule["failed_draws"] = failed
        table = np.stack(draws)
        return [np.atleast_2d(np.cov(table[:, at], rowvar=False)) for at in range(table.shape[1])]


# --- the record ----------------------------------------------------------------------------------------------


def _column(
    design: Design,
    problem: Problem,
    solution: tuple[float, Vector, Matrix | None],
    objective: tuple[float | None, dict[str, Value]],
    notes: dict[str, tuple[str, ...]],
) -> ColumnResult:
    tau, b, V = solution
    loss, rule = objective
    stated = {**rule, **({"residual_quantile": notes["rule"][0]} if "rule" in notes else {})}
    df = int(rule["df"])  # type: ignore[arg-type]
    shown = problem.reported
    se = np.full(shown, np.nan) if V is None else np.sqrt(np.maximum(np.diag(V)[:shown], 0.0))
    return ColumnResult(
        column=f"{tau:g}",
        outcome=design.outcome,
        n=design.n,
        units=len(design.units) or None,
        periods=len(design.periods) or None,
        clusters=df + 1 if rule["by"] else None,
        fixed_effects=design.effect_names,
        vcov=stated,
        terms=terms_of(problem.names, b[:shown], se, df),
        stats={"objective": loss, "quantile": tau, "df_resid": design.n - problem.X.shape[1]},
    )


def _curve(columns: list[ColumnResult]) -> list[Row]:
    return [
        {
            "quantile": float(column.column),
            "term": term.term,
            "estimate": term.estimate,
            "se": term.se,
            "ci_low": term.ci_low,
            "ci_high": term.ci_high,
        }
        for column in columns
        for term in column.terms
    ]
