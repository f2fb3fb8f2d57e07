"""Questions referees ask of one coefficient: selection on what is not seen, differences between groups, chance."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from citypanel.arrays import Codes, Matrix, Vector
from citypanel.columns import existing_column
from citypanel.declare.methods import LinearOptions
from citypanel.errors import DeclarationError, EstimationError
from citypanel.estimate.design import INTERCEPT, Design
from citypanel.estimate.fit import Fit, fit
from citypanel.estimate.inference import two_sided_p, wald_f
from citypanel.estimate.regression import neighbours_of, without_singletons
from citypanel.result import Value
from citypanel.within import FixedEffects


@dataclass(frozen=True)
class Selection:
    """What Oster's delta is made of: short and long regression, spreads of outcome and treatment.

    `beta` and `r2` of the regressions without and with the controls; `outcome` and `treatment` are variances
    (fixed effects that stand in both regressions projected out), `left` the treatment's variance beside the
    controls.
    """

    beta_short: float
    r2_short: float
    beta_long: float
    r2_long: float
    outcome: float
    treatment: float
    left: float


def selection(y: Vector, x: Vector, controls: Matrix, effects: Sequence[Codes] = ()) -> Selection:
    """Return the pieces of Oster's delta for treatment x.

    Parameters
    ----------
    y, x : arrays, shape (rows,)
    controls : array, shape (rows, columns)
        Observed controls, without a constant.
    effects : sequence of codes
        Fixed effects that both regressions have; both R2 are within them.
    """
    everything = np.column_stack([y, x, controls])
    columns = FixedEffects(effects).residuals(everything) if effects else everything - everything.mean(axis=0)
    y, x, controls = columns[:, 0], columns[:, 1], columns[:, 2:]
    yy, xx = float(np.sum(y * y)), float(np.sum(x * x))
    if not yy > 0 or not xx > 0:
        raise EstimationError("Oster's delta needs an outcome and a treatment that vary")
    short = float(np.sum(x * y)) / xx
    fitted = controls @ np.linalg.lstsq(controls, np.column_stack([x, y]), rcond=None)[0]
    rest_x, rest_y = x - fitted[:, 0], y - fitted[:, 1]
    left = float(np.sum(rest_x * rest_x))
    if left <= 1e-12 * xx:
        raise EstimationError("Oster's delta needs a treatment that the controls do not determine")
    long = float(np.sum(rest_x * rest_y)) / left
    remaining = float(np.sum((rest_y - long * rest_x) ** 2))
    n = y.size
    return Selection(short, short**2 * xx / yy, long, 1 - remaining / yy, yy / n, xx / n, left / n)


def oster_delta(pieces: Selection, r2_max: float, beta: float = 0.0) -> float | None:
    """Return how strong selection on the unseen, relative to the controls, makes the effect equal `beta`.

    Parameters
    ----------
    pieces : Selection
    r2_max : float
        R2 of the regression on everything seen and unseen.
    beta : float
        The effect asked for; zero is the usual question.

    Returns
    -------
    delta, or None when no finite one exists.

    Notes
    -----
    Oster (2019), J. Business & Economic Statistics 37(2), proposition 3: the cubic in the bias is linear in
    delta.
    """
    moved = pieces.beta_long - beta
    gap = pieces.beta_short - pieces.beta_long
    sy, sx, t = pieces.outcome, pieces.treatment, pieces.left
    top = (
        moved * (pieces.r2_long - pieces.r2_short) * sy * t
        + moved * sx * t * gap**2
        + 2 * moved**2 * t * gap * sx
        + moved**3 * (t * sx - t**2)
    )
    room = (r2_max - pieces.r2_long) * sy
    bottom = room * gap * sx + moved * room * (sx - t) + moved**2 * t * gap * sx + moved**3 * (t * sx - t**2)
    return top / bottom if bottom != 0 and np.isfinite(top / bottom) else None


def oster_statistics(design: Design, treatment: str, r2_max: float | None = None) -> dict[str, Value]:
    """Return Oster's delta for one regressor of a design, all other regressors being the controls.

    `r2_max` defaults to 1.3 times the R2 of the long regression, at most one, as Oster recommends.
    """
    if treatment not in design.names:
        raise DeclarationError(f"oster is '{treatment}'; allowed: {', '.join(design.names)}")
    if design.weights is not None:
        raise DeclarationError("oster does not take weights")
    others = [j for j, name in enumerate(design.names) if name not in (treatment, INTERCEPT)]
    if not others:
        raise DeclarationError("oster needs controls beside the treatment")
    x = design.X[:, design.names.index(treatment)]
    pieces = selection(design.y, x, design.X[:, others], design.effects)
    limit = min(1.0, 1.3 * pieces.r2_long) if r2_max is None else r2_max
    return {"oster_delta": oster_delta(pieces, limit), "oster_r2_max": limit, "oster_r2_long": pieces.r2_long}


def interaction_test(design: Design, split: str, term: str, options: LinearOptions | None = None) -> dict[str, Value]:
    """Test whether the coefficient of one regressor differs between the two values of a column.

    Parameters
    ----------
    design : Design
        Of both groups together.
    split : str
        Column of `design.rows` with two values.
    term : str
    options : LinearOptions, optional

    Returns
    -------
    As `equality_test`, the groups in sorted order.
    """
    codes, levels = _two_groups(design, split)
    return equality_test(design, codes, [str(level) for level in levels], term, options or LinearOptions())


def equality_test(
    design: Design, groups: Codes, levels: Sequence[str], term: str, options: LinearOptions
) -> dict[str, Value]:
    """Test whether the coefficient of one regressor is the same in all groups of rows.

    Every regressor and every fixed effect may differ between the groups, so that each group's coefficient is
    that of its own sample; differences have the variance of one joint regression with the declared vcov.

    Parameters
    ----------
    design : Design
        Of all groups together.
    groups : codes
        The group of each row.
    levels : sequence of str
        What the groups are called.
    term : str
    options : LinearOptions
        Small-sample factors and singletons are those of the columns.

    Returns
    -------
    `groups`, `group_estimates`, Wald `equality_f` with `equality_df1`, `equality_df2` and `equality_p`; for two groups
    also `difference` (second less first), `difference_se`, `difference_p`.
    """
    if term not in design.names:
        raise DeclarationError(f"interaction term is '{term}'; allowed: {', '.join(design.names)}")
    own = [j for j, name in enumerate(design.names) if name != INTERCEPT]
    crossed = tuple(np.unique(effect * len(levels) + groups, return_inverse=True)[1] for effect in design.effects)
    others = [groups == number for number in range(1, len(levels))]
    X = np.column_stack([design.X[:, own], *(design.X[:, own] * member[:, None] for member in others)])
    names = [f"{number}:{design.names[j]}" for number in range(len(levels)) for j in own]
    joint = replace(design, X=X, names=tuple(names), effects=crossed or (groups,))
    joint, _ = without_singletons(joint, options)
    fitted = fit(
        joint.y,
        joint.X,
        joint.names,
        joint.effects,
        convention=joint.convention,
        neighbours=neighbours_of(joint),
        weights=joint.weights,
        ssc=options.ssc,
    )
    wanted = [f"{number}:{term}" for number in range(len(levels))]
    if not set(wanted) <= set(fitted.names):
        raise EstimationError(f"'{term}' does not vary in every group ({', '.join(levels)}): no difference to test")
    return _equality(fitted, [fitted.names.index(name) for name in wanted], levels)


def _equality(fitted: Fit, at: Sequence[int], levels: Sequence[str]) -> dict[str, Value]:
    """Return the test from a fit whose columns `at` are the first group's coefficient and the others' differences."""
    differences = np.asarray(at[1:])
    moved = fitted.coefficients[differences]
    tested = wald_f(moved, fitted.variance.matrix[np.ix_(differences, differences)], fitted.variance.df)
    first = float(fitted.coefficients[at[0]])
    found: dict[str, Value] = {
        "groups": list(levels),
        "group_estimates": [first, *(first + float(value) for value in moved)],
        "equality_f": tested["f"],
        "equality_df1": tested["f_df1"],
        "equality_df2": tested["f_df2"],
        "equality_p": tested["f_p"],
    }
    if len(levels) == 2:
        se = float(fitted.variance.se[at[1]])
        found |= {"difference": float(moved[0]), "difference_se": se}
        found |= {"difference_p": two_sided_p(float(moved[0]) / se, fitted.variance.df) if se > 0 else None}
    return found


def _two_groups(design: Design, split: str) -> tuple[Codes, list[object]]:
    column = existing_column(design.rows, split)
    levels = sorted(column.dropna().unique().tolist(), key=str)
    if len(levels) != 2 or column.isna().any():
        shown = ", ".join(str(level) for level in levels[:5])
        raise DeclarationError(f"split '{split}' must have two values and none missing; it has {shown or 'none'}")
    return (column == levels[1]).to_numpy(dtype=np.intp), levels


@dataclass(frozen=True)
class Randomisation:
    """The coefficients under random reassignment, and the exact p of the one observed."""

    estimate: float
    draws: Vector
    p: float


def randomisation_inference(
    y: Vector,
    treatment: Vector,
    controls: Matrix,
    groups: Codes,
    *,
    effects: Sequence[Codes] = (),
    draws: int = 999,
    seed: int = 0,
) -> Randomisation:
    """Reassign the treatment among groups and return how often the coefficient is as large.

    Parameters
    ----------
    y, treatment : arrays, shape (rows,)
    controls : array, shape (rows, columns)
    groups : codes
        What is assigned together (cities); a group takes over the whole path of another with as many rows, row
        by row in the order given.
    effects : sequence of codes
    draws, seed : int

    Notes
    -----
    Fisher (1935); p = (1 + count) / (1 + draws). The outcome is projected once; each draw costs one projection
    of its treatment, taken in batches.
    """
    absorb = FixedEffects(effects)
    fixed = np.column_stack([y, controls])
    projected = absorb.residuals(fixed) if effects else fixed - fixed.mean(axis=0)
    basis = np.linalg.qr(projected[:, 1:])[0] if projected.shape[1] > 1 else np.empty((y.size, 0))
    rest = projected[:, 0] - basis @ (basis.T @ projected[:, 0])
    rng = np.random.default_rng(seed)
    assigned = np.column_stack([treatment, *(treatment[_reassigned(groups, rng)] for _ in range(draws))])
    x = absorb.residuals(assigned) if effects else assigned - assigned.mean(axis=0)
    x -= basis @ (basis.T @ x)
    spread = np.sum(x * x, axis=0)
    if not spread[0] > 0:
        raise EstimationError("the treatment does not vary beside the controls and fixed effects")
    found = np.divide(rest @ x, spread, out=np.zeros(spread.size), where=spread > 1e-12 * spread[0])
    reached = int(np.sum(np.abs(found[1:]) >= abs(found[0]) * (1 - 1e-12)))
    return Randomisation(float(found[0]), found[1:], (1 + reached) / (1 + draws))


def _reassigned(groups: Codes, rng: np.random.Generator) -> Codes:
    """Return, per row, the row whose treatment it takes: groups of one size are shuffled among themselves."""
    order = np.argsort(groups, kind="stable")
    sizes = np.bincount(groups)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    taken = np.empty(groups.size, dtype=np.intp)
    for size in np.unique(sizes[sizes > 0]):
        members = np.flatnonzero(sizes == size)
        givers = rng.permutation(members)
        steps = np.arange(size)
        taken[order[starts[members][:, None] + steps]] = order[starts[givers][:, None] + steps]
    return taken


def robustness_statistics(design: Design, options: LinearOptions, seed: int | None) -> dict[str, Value]:
    """Return the record's entries of the options `oster`, `interaction` and `randomisation`."""
    slopes = [name for name in design.names if name != INTERCEPT]
    if not slopes:
        raise DeclarationError(f"formula '{design.formula.text}': there is no regressor to ask about")
    term = options.term or slopes[0]
    if term not in slopes:
        raise DeclarationError(f"term is '{term}'; allowed: {', '.join(slopes)}")
    stats: dict[str, Value] = {"term": term}
    if options.oster:
        stats |= oster_statistics(design, term, options.oster_r2_max)
    if options.interaction:
        stats |= interaction_test(design, options.interaction, term, options)
    if options.randomisation:
        stats |= _randomisation_statistics(design, term, options, 0 if seed is None else seed)
    return stats


def _randomisation_statistics(design: Design, term: str, options: LinearOptions, seed: int) -> dict[str, Value]:
    if design.weights is not None:
        raise DeclarationError("randomisation does not take weights")
    if options.randomise_by is not None:
        groups, by = design.codes(options.randomise_by), options.randomise_by
    elif design.unit is not None:
        groups, by = design.unit, "unit"
    else:
        groups, by = np.arange(design.n), "row"
    at = design.names.index(term)
    others = [j for j, name in enumerate(design.names) if j != at and name != INTERCEPT]
    found = randomisation_inference(
        design.y,
        design.X[:, at],
        design.X[:, others],
        groups,
        effects=design.effects,
        draws=options.randomisation,
        seed=seed,
    )
    return {
        "randomisation_p": found.p,
        "randomisation_draws": options.randomisation,
        "randomisation_by": by,
        "randomisation_seed": seed,
    }
