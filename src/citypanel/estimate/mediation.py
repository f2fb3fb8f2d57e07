"""Mechanisms: effect on the mediator, effect through it, and its share in the total, each with its own inference."""

from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import pandas as pd

from citypanel.arrays import Codes, Matrix, Vector
from citypanel.columns import numeric_column
from citypanel.declare.formula import bare_name
from citypanel.declare.methods import LinearOptions, MediationOptions
from citypanel.declare.specification import Specification
from citypanel.errors import DeclarationError, EstimationError
from citypanel.estimate.design import Design, build_design
from citypanel.estimate.fit import Fit, fit
from citypanel.estimate.inference import t_quantile, two_sided_p
from citypanel.estimate.outcome import Estimate
from citypanel.estimate.regression import as_estimate, fit_warnings, neighbours_of, without_singletons
from citypanel.result import ColumnResult, Row, Value
from citypanel.within import FixedEffects

LIMITS = (
    "the indirect effect and its share are causal only if nothing unobserved moves both mediator and outcome once "
    "treatment, controls and effects are held fixed (sequential ignorability), "
    "and treatment and mediator do not interact"
)
DEFAULT_SEED = 0


@dataclass(frozen=True)
class Paths:
    """The three coefficients of a simple mediation and their joint covariance.

    Attributes
    ----------
    to_mediator, from_mediator, total : float
        Treatment on mediator; mediator on outcome given treatment; treatment on outcome.
    covariance : array, shape (3, 3)
        In this order.
    df : float
    """

    to_mediator: float
    from_mediator: float
    total: float
    covariance: Matrix
    df: float

    @property
    def indirect(self) -> float:
        """The effect through the mediator."""
        return self.to_mediator * self.from_mediator


def estimate(data: pd.DataFrame, specification: Specification) -> Estimate:
    """Estimate total effect, effect on the mediator, and direct effect on one sample.

    Columns `total`, `mediator`, `direct`; curve `mediation` with the rows total, direct, indirect, share.

    Raises
    ------
    DeclarationError
        Treatment is not a regressor alone, the mediator is one already, or the variance has two clusters.
    EstimationError
        Treatment or mediator is absorbed.
    """
    options = cast("MediationOptions", specification.options)
    design, mediator, lost = _read(data, specification, options)
    fits = _three_fits(design, mediator, options)
    paths = _paths(design, mediator, options, fits)
    rows, stats = _effects(paths)
    stats |= {"treatment": options.treatment, "mediator": options.mediator}
    if options.bootstrap:
        seed = DEFAULT_SEED if specification.seed is None else specification.seed
        stats |= _bootstrap(design, mediator, options, seed)
    outcomes = {"total": design.outcome, "mediator": options.mediator, "direct": design.outcome}
    columns: list[ColumnResult] = []
    warnings = [*lost]
    for name, fitted in fits.items():
        answer = as_estimate(design, fitted, warnings=fit_warnings(design, fitted))
        extra: dict[str, Value] = stats if name == "direct" else {}
        column = answer.columns[0]
        columns.append(replace(column, column=name, outcome=outcomes[name], stats={**column.stats, **extra}))
        warnings += answer.warnings
    sample = answer.sample.assign(**{options.mediator: design.rows[options.mediator]})
    return Estimate(tuple(columns), sample, {"mediation": rows}, tuple(dict.fromkeys(warnings)))


def _read(
    data: pd.DataFrame, specification: Specification, options: MediationOptions
) -> tuple[Design, Vector, tuple[str, ...]]:
    design = build_design(data, specification)
    if design.endogenous_names:
        raise DeclarationError("method 'mediation' takes no instruments; write the formula without them")
    if design.convention.kind not in ("iid", "HC1", "cluster") or len(design.convention.by) > 1:
        raise DeclarationError("method 'mediation' takes vcov iid, hetero or cluster:COLUMN")
    names = [bare_name(term) for term in design.formula.regressors]
    if options.treatment not in names:
        raise DeclarationError(f"option treatment is '{options.treatment}', which is not a regressor of the formula")
    if options.mediator in names:
        raise DeclarationError(f"the mediator '{options.mediator}' is a regressor already; leave it out of the formula")
    known = np.isfinite(numeric_column(design.rows, options.mediator))
    if not known.any():
        raise EstimationError(f"the mediator '{options.mediator}' is missing in every row of the sample")
    gap = int(np.count_nonzero(~known))
    notes = (f"{gap} rows left out: {options.mediator} is missing",) if gap else ()
    design, lost = without_singletons(design.subset(known) if gap else design, LinearOptions())
    return design, numeric_column(design.rows, options.mediator), (*notes, *lost)


def _three_fits(design: Design, mediator: Vector, options: MediationOptions) -> dict[str, Fit]:
    with_mediator = np.column_stack([design.X, mediator])
    shapes = {
        "total": (design.y, design.X, design.names),
        "mediator": (mediator, design.X, design.names),
        "direct": (design.y, with_mediator, (*design.names, options.mediator)),
    }
    found = {
        name: fit(
            y,
            X,
            names,
            design.effects,
            convention=design.convention,
            neighbours=neighbours_of(design),
            weights=design.weights,
        )
        for name, (y, X, names) in shapes.items()
    }
    for name in (options.treatment, options.mediator):
        if name not in found["direct"].names:
            raise EstimationError(
                f"'{name}' is absorbed by the effects or collinear with the rest; no path can be told"
            )
    return found


def _paths(design: Design, mediator: Vector, options: MediationOptions, fits: dict[str, Fit]) -> Paths:
    """Join the three coefficients; their influence functions carry the factors of their own standard errors."""
    at = design.names.index(options.treatment)
    d, others = design.X[:, at], np.delete(design.X, at, axis=1)
    weights = np.ones(design.n) if design.weights is None else design.weights / design.weights.mean()
    parts = [
        (d, others, fits["mediator"], options.treatment),
        (mediator, design.X, fits["direct"], options.mediator),
        (d, others, fits["total"], options.treatment),
    ]
    convention = design.convention
    groups = design.codes(convention.by[0]) if convention.by else np.arange(design.n)
    effects = FixedEffects(design.effects, None if design.weights is None else weights)
    columns = [_influence(effects, weights, groups, part) for part in parts]
    sums = np.column_stack(columns)
    values = [fitted.coefficient(name) for _, _, fitted, name in parts]
    return Paths(values[0], values[1], values[2], sums.T @ sums, fits["direct"].variance.df)


def _influence(effects: FixedEffects, weights: Vector, groups: Codes, part: tuple[Vector, Matrix, Fit, str]) -> Vector:
    """Return one coefficient's influence summed in groups, scaled so that its variance is the fit's."""
    x, others, fitted, name = part
    within = effects.residuals(np.column_stack([x, others]))
    root = np.sqrt(weights)
    b = np.linalg.lstsq(within[:, 1:] * root[:, None], within[:, 0] * root, rcond=None)[0]
    rest = within[:, 0] - within[:, 1:] @ b
    sums: Vector = np.bincount(groups, weights * rest * fitted.residuals).astype(np.float64)
    length = float(np.sqrt(sums @ sums))
    se = float(fitted.variance.se[fitted.names.index(name)])
    return sums * (se / length) if length > 0 else sums


def _effects(paths: Paths) -> tuple[list[Row], dict[str, Value]]:
    a, b, c, V = paths.to_mediator, paths.from_mediator, paths.total, paths.covariance
    through = np.array([b, a, 0.0])
    rest = np.array([-b, -a, 1.0])
    rows = [
        _row("total", c, np.array([0.0, 0.0, 1.0]), paths),
        _row("direct", c - a * b, rest, paths),
        _row("indirect", a * b, through, paths),
    ]
    stats: dict[str, Value] = {"indirect": a * b, "indirect_se": rows[2]["se"], "limits": LIMITS}
    if c == 0:
        return rows, {**stats, "share": None}
    share = a * b / c
    rows.append(_row("share", share, (through - share * np.array([0.0, 0.0, 1.0])) / c, paths))
    low, high = fieller(a * b, c, _cross(through, V), t_quantile(0.975, paths.df))
    stats |= {"share": share, "share_se": rows[3]["se"], "share_fieller_low": low, "share_fieller_high": high}
    return rows, stats


def _cross(through: Vector, V: Matrix) -> Matrix:
    load = np.stack([through, np.array([0.0, 0.0, 1.0])])
    crossed: Matrix = load @ V @ load.T
    return crossed


def _row(effect: str, value: float, gradient: Vector, paths: Paths) -> Row:
    se = float(np.sqrt(max(float(gradient @ paths.covariance @ gradient), 0.0)))
    width = t_quantile(0.975, paths.df) * se
    t = value / se if se > 0 else None
    return {
        "effect": effect,
        "estimate": value,
        "se": se,
        "statistic": t,
        "p": None if t is None else two_sided_p(t, paths.df),
        "ci_low": value - width if se > 0 else None,
        "ci_high": value + width if se > 0 else None,
    }


def fieller(top: float, bottom: float, covariance: Matrix, width: float) -> tuple[float | None, float | None]:
    """Return the interval of top / bottom by Fieller (1954); None where it is unbounded.

    It is unbounded where the bottom is not told from zero: then no share can be stated.
    """
    square = bottom**2 - width**2 * float(covariance[1, 1])
    if square <= 0:
        return None, None
    middle = top * bottom - width**2 * float(covariance[0, 1])
    rest = middle**2 - square * (top**2 - width**2 * float(covariance[0, 0]))
    reach = float(np.sqrt(max(rest, 0.0)))
    return (middle - reach) / square, (middle + reach) / square


def _bootstrap(design: Design, mediator: Vector, options: MediationOptions, seed: int) -> dict[str, Value]:
    """Percentile intervals from whole clusters (else units, else rows) drawn with replacement."""
    rng = np.random.default_rng(seed)
    by = design.convention.by
    groups = design.codes(by[0]) if by else (np.arange(design.n) if design.unit is None else design.unit)
    count = int(groups.max()) + 1
    own = np.ones(design.n) if design.weights is None else design.weights
    found: list[tuple[float, float]] = []
    for _ in range(10 * options.bootstrap):
        times = np.bincount(rng.integers(0, count, count), minlength=count)[groups]
        drawn = times > 0
        part = replace(design.subset(drawn), weights=(own * times)[drawn])
        try:
            found.append(_products(part, mediator[drawn], options))
        except EstimationError:
            continue
        if len(found) == options.bootstrap:
            break
    else:
        raise EstimationError("most bootstrap samples cannot be estimated; treatment varies in too few clusters")
    indirect, share = np.array(found).T
    low, high = np.quantile(indirect, [0.025, 0.975])
    share_low, share_high = np.quantile(share, [0.025, 0.975])
    return {
        "bootstrap": options.bootstrap,
        "bootstrap_seed": seed,
        "indirect_boot_se": float(indirect.std(ddof=1)),
        "indirect_boot_low": float(low),
        "indirect_boot_high": float(high),
        "share_boot_low": float(share_low),
        "share_boot_high": float(share_high),
    }


def _products(design: Design, mediator: Vector, options: MediationOptions) -> tuple[float, float]:
    """Return indirect effect and share of one bootstrap sample; no variance is needed."""
    roots = np.sqrt(design.weights if design.weights is not None else np.ones(design.n))
    effects = FixedEffects(design.effects, roots**2)
    within = effects.residuals(np.column_stack([design.y, mediator, design.X])) * roots[:, None]
    y, m, X = within[:, 0], within[:, 1], within[:, 2:]
    at = design.names.index(options.treatment)
    both = np.linalg.lstsq(X, np.column_stack([y, m]), rcond=None)[0]
    full = np.linalg.lstsq(np.column_stack([X, m]), y, rcond=None)[0]
    total, first = float(both[at, 0]), float(both[at, 1])
    if total == 0:
        raise EstimationError("the total effect is zero in a bootstrap sample")
    indirect = first * float(full[-1])
    return indirect, indirect / total
