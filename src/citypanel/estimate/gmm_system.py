"""The stacked system of a dynamic model: transformed and level equations with their instruments."""

from dataclasses import dataclass

import numpy as np

from citypanel.arrays import Codes, Mask, Vector
from citypanel.errors import EstimationError
from citypanel.estimate.gmm_declared import Equation
from citypanel.estimate.gmm_instruments import InstrumentSet, LagSource, PlainSource, build_instruments
from citypanel.estimate.gmm_levels import INTERCEPT, Declared, Levels, read_values
from citypanel.estimate.gmm_moments import RANK_TOLERANCE, Stack
from citypanel.estimate.gmm_panel import Cube, Transform, first_differences, joined, transformed
from citypanel.estimate.gmm_tests import Differenced

TIME_DUMMIES = "time dummies"


@dataclass(frozen=True)
class System:
    """The stacked system; `kept` marks the regressors of `levels` that are not combinations of others.

    `main` marks the cells that count as observations: those of the level equations in system GMM, else of the
    transformed ones.
    """

    stack: Stack
    levels: Levels
    kept: Mask
    main: Mask
    warnings: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the regressors estimated."""
        return tuple(name for name, kept in zip(self.levels.names, self.kept, strict=True) if kept)

    def differenced(self, beta: Vector) -> Differenced:
        """Return residuals and regressors of the equation in first differences, which AR tests read."""
        stack, levels = self.stack, self.levels
        if stack.transform == "fd":
            rows = slice(stack.periods)
            return Differenced(stack.residuals(beta)[rows], stack.X[rows])
        pairs = np.zeros_like(levels.sample)
        pairs[1:] = levels.sample[1:] & levels.sample[:-1]
        y = np.where(pairs, first_differences(levels.y), 0.0)
        X = np.where(pairs[:, :, None], first_differences(levels.X[:, :, self.kept]), 0.0)
        return Differenced(y - X @ beta, X)


def build_system(levels: Levels, declared: Declared, clusters: Codes) -> System:
    """Stack transformed and level equations with their instruments.

    The level equations are there for system GMM and for the constant of difference GMM, which, as in Stata's
    xtabond, instruments only itself. `clusters` are codes of the units' clusters.

    Raises
    ------
    EstimationError
        No two periods can be differenced, a regressor never varies, a group of lags gives no instrument, or
        there are more instruments than equations in the sample.
    """
    options = declared.options
    complete, sources = _plain_sources(levels, declared)
    y, X = (transformed(cube, complete, options.transform) for cube in (levels.y, levels.X))
    inside, below = _sampled(levels, sources, y, X, options.transform)
    if not inside.any():
        raise EstimationError(
            f"formula '{declared.formula.text}': no unit has complete rows in two periods that can be "
            f"differenced; {levels.cells.span}"
        )
    stacked = options.system or declared.constant
    rows = np.vstack([inside, below]) if stacked else inside
    y = np.vstack([y, levels.y]) if stacked else y
    X = np.concatenate([X, levels.X]) if stacked else X
    X = np.where(rows[:, :, None], X, 0.0)
    lags = _lag_sources(levels, declared)
    instruments = build_instruments(lags, sources, rows, levels=options.system, constant=declared.constant)
    kept, warnings = _independent(X, levels.names)
    stack = Stack(
        y=np.where(rows, y, 0.0),
        X=X[:, :, kept],
        sample=rows,
        instruments=instruments,
        periods=levels.cells.periods,
        clusters=clusters,
        transform=options.transform,
        # Covariances with the level equation would let the constant of difference GMM move the slopes.
        h=options.h if options.system else min(options.h, 2),
    )
    warnings = (*levels.warnings, *warnings, *_checked_instruments(stack, lags))
    return System(stack, levels, kept, below if options.system else inside, warnings)


def _plain_sources(levels: Levels, declared: Declared) -> tuple[Mask, list[PlainSource]]:
    """Return the cells complete in regressors and `iv=` variables, and those variables with time dummies."""
    cubes: list[tuple[str, Cube, Equation]] = []
    system = declared.options.system
    for group in declared.plain:
        read = [read_values(variable.expression, levels, declared) for variable in group.variables]
        # In difference GMM the level equation is there for the constant alone.
        cubes.append((group.text, joined(read), group.equation if system else "diff"))
    if levels.dummies:
        chosen = [levels.names.index(name) for name in levels.dummies]
        # In a system the level equation alone: it identifies them, and Roodman (2009) does the same.
        cubes.append((TIME_DUMMIES, levels.X[:, :, chosen], "level" if system else "diff"))
    complete = levels.sample.copy()
    for _, cube, _ in cubes:
        complete &= np.isfinite(cube).all(axis=2)
    transform = declared.options.transform
    return complete, [
        PlainSource(text, cube, transformed(cube, complete, transform), equation) for text, cube, equation in cubes
    ]


def _lag_sources(levels: Levels, declared: Declared) -> list[LagSource]:
    return [
        LagSource(
            label=group.text,
            values=tuple(read_values(variable.expression, levels, declared) for variable in group.variables),
            first=group.first,
            last=group.last,
            collapse=group.collapse,
            equation=group.equation,
        )
        for group in declared.lags
    ]


def _sampled(levels: Levels, sources: list[PlainSource], y: Cube, X: Cube, transform: Transform) -> tuple[Mask, Mask]:
    """Return the cells of the transformed and of the level equations that are complete."""
    inside, below = levels.sample.copy(), levels.sample.copy()
    if transform == "fod":
        inside[1:], inside[0] = levels.sample[:-1], False
    inside &= np.isfinite(y) & np.isfinite(X).all(axis=2)
    for source in sources:
        if source.equation != "level":
            inside &= np.isfinite(source.transformed).all(axis=2)
        if source.equation != "diff":
            below &= np.isfinite(source.levels).all(axis=2)
    return inside, below


def _independent(X: Cube, names: tuple[str, ...]) -> tuple[Mask, tuple[str, ...]]:
    """Return the regressors that are not combinations of the constant and of those before them."""
    flat = X.reshape(-1, X.shape[2])
    moments = flat.T @ flat
    order = sorted(range(len(names)), key=lambda i: names[i] != INTERCEPT)
    kept = np.zeros(len(names), dtype=np.bool_)
    own, rest = np.diag(moments).copy(), moments.copy()
    warnings = []
    for column in order:
        pivot = rest[column, column]
        if own[column] > 0 and pivot > RANK_TOLERANCE * own[column]:
            kept[column] = True
            rest = rest - np.outer(rest[:, column], rest[column] / pivot)
        elif own[column] == 0:
            warnings.append(f"{names[column]} is left out: it does not vary over time within units")
        else:
            warnings.append(f"{names[column]} is left out: it is a combination of the other regressors")
    if not kept.any():
        raise EstimationError(f"no regressor varies over time within units: {', '.join(names)}")
    return kept, tuple(warnings)


def _checked_instruments(stack: Stack, lags: list[LagSource]) -> tuple[str, ...]:
    instruments: InstrumentSet = stack.instruments
    warnings = []
    lag_labels = {source.label for source in lags}
    for number, label in enumerate(instruments.labels):
        if (instruments.group == number).any():
            continue
        if label in lag_labels:
            raise EstimationError(f"option gmm, group '{label}': no row of the sample has a value that far back")
        warnings.append(f"option iv, group '{label}': it does not vary in its equation, so it instruments nothing")
    equations, k = int(stack.sample.sum()), stack.X.shape[2]
    if instruments.count < k:
        raise EstimationError(
            f"{instruments.count} instruments do not identify {k} coefficients; name more in gmm or iv"
        )
    if instruments.count > equations:
        raise EstimationError(
            f"{instruments.count} instruments for {equations} rows of the stacked equations; shorten the lag "
            "ranges (MAX) or add ':collapse'"
        )
    return tuple(warnings)
