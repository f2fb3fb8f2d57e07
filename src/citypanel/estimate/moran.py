"""Moran's I by period, with the local statistics and the scatter of its units on request."""

from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import pandas as pd
from scipy import stats

from citypanel.arrays import Vector
from citypanel.declare.methods import MoranOptions
from citypanel.declare.specification import Specification
from citypanel.errors import DeclarationError, EstimationError
from citypanel.estimate.local_moran import local_moran
from citypanel.estimate.outcome import Estimate
from citypanel.estimate.spatial_operator import WeightsMatrix
from citypanel.estimate.spatial_sample import SpatialSample, spatial_sample
from citypanel.estimate.spatial_weights import unit_key
from citypanel.result import ColumnResult, Row, TermResult

DEFAULT_SEED = 20240101  # of the permutations where none is given; stated in the record


@dataclass(frozen=True)
class Moran:
    """Moran's I of one period with its moments under the null of no spatial dependence."""

    value: float
    expectation: float
    sd: float
    z: float
    p: float


@dataclass(frozen=True)
class WeightSums:
    """S0 = sum w, S1 = sum (w_ij + w_ji)^2 / 2, S2 = sum (row sum + column sum)^2."""

    s0: float
    s1: float
    s2: float

    @classmethod
    def of(cls, matrix: WeightsMatrix) -> "WeightSums":
        """Sum the weights."""
        both = matrix + matrix.T
        squares = (both * both).sum()  # element by element, for arrays and sparse arrays alike
        rows, columns = np.asarray(matrix.sum(axis=1)).ravel(), np.asarray(matrix.sum(axis=0)).ravel()
        return cls(float(rows.sum()), 0.5 * float(squares), float(np.square(rows + columns).sum()))


def estimate(data: pd.DataFrame, specification: Specification) -> Estimate:
    """Return one column per period, called by the period, with the term `I`.

    Raises
    ------
    DeclarationError, InputError, EstimationError
        See `spatial_sample`; regressors in the formula are refused, a period without variation too.
    """
    options = cast("MoranOptions", specification.options)
    formula = specification.formula if "~" in specification.formula else f"{specification.formula} ~ 1"
    sample = spatial_sample(
        data,
        replace(specification, formula=formula),
        w=options.w,
        w_ids=options.w_ids,
        row_standardise=options.row_standardise,
    )
    if [name for name in sample.design.names if name != "Intercept"]:
        raise DeclarationError(f"formula '{specification.formula}': method 'moran' takes an outcome alone")
    seed = DEFAULT_SEED if specification.seed is None else specification.seed
    generator = np.random.default_rng(seed)
    columns, curves = [], {"moran": list[Row]()}
    if options.local:
        curves |= {"local_moran": [], "moran_scatter": []}
    for period, values, matrix, names in by_period(sample):
        found = _tested(period, values, matrix, options, generator)
        column = _column(period, found, len(names), options, seed)
        columns.append(replace(column, outcome=sample.design.outcome))
        curves["moran"].append(_row(period, found))
        if options.local:
            units = local_moran(values, matrix, fdr=options.fdr, alpha=options.alpha)
            curves["local_moran"] += [{"period": period, **row} for row in units.rows(names)]
            curves["moran_scatter"] += [{"period": period, **row} for row in units.scatter(names)]
    return Estimate(tuple(columns), sample.read_rows, curves, sample.warnings)


def by_period(sample: SpatialSample) -> list[tuple[str, Vector, WeightsMatrix, list[str]]]:
    """Return period, values, weights and unit names of each period, in the order of the periods."""
    found: dict[int, tuple[str, Vector, WeightsMatrix, list[str]]] = {}
    for block in sample.layout.blocks:
        for column in range(block.periods):
            rows = block.rows[:, column]
            period = int(sample.layout.periods[rows[0]])
            names = [unit_key(sample.units[unit]) for unit in sample.layout.units[rows]]
            label = unit_key(sample.periods[period])
            found[period] = (label, sample.design.y[rows], block.operator.matrix, names)
    return [found[period] for period in sorted(found)]


def _tested(
    period: str, values: Vector, matrix: WeightsMatrix, options: MoranOptions, generator: np.random.Generator
) -> Moran:
    try:
        if options.assumption == "permutation":
            return moran_permutation(values, matrix, options.permutations, generator, side=options.side)
        return moran(values, matrix, assumption=options.assumption, side=options.side)
    except EstimationError as error:
        raise EstimationError(f"moran, period {period}: {error}") from None


def moran(values: Vector, matrix: WeightsMatrix, *, assumption: str = "randomisation", side: str = "greater") -> Moran:
    """Return Moran's I and its test by the normal approximation.

    Parameters
    ----------
    values : array, shape (units,)
    matrix : array or sparse array, shape (units, units)
    assumption : {"randomisation", "normal"}
        Moments over all orders of the values, or over normal values.
    side : {"greater", "two", "less"}

    Raises
    ------
    EstimationError
        Fewer than four units, or values without variation.

    Notes
    -----
    Cliff and Ord (1981), Spatial Processes, equations 1.37 to 1.39.
    """
    z = _centred(values)
    n, sums = z.size, WeightSums.of(matrix)
    squares = float(z @ z)
    value = n / sums.s0 * float(z @ (matrix @ z)) / squares
    expectation = -1.0 / (n - 1)
    if assumption == "normal":
        second = (n**2 * sums.s1 - n * sums.s2 + 3.0 * sums.s0**2) / ((n**2 - 1.0) * sums.s0**2)
    else:
        kurtosis = n * float((z**4).sum()) / squares**2
        first = n * ((n**2 - 3.0 * n + 3.0) * sums.s1 - n * sums.s2 + 3.0 * sums.s0**2)
        less = kurtosis * ((n**2 - n) * sums.s1 - 2.0 * n * sums.s2 + 6.0 * sums.s0**2)
        second = (first - less) / ((n - 1.0) * (n - 2.0) * (n - 3.0) * sums.s0**2)
    variance = second - expectation**2
    if variance <= 0:
        raise EstimationError("the weights leave Moran's I no variance (all units are neighbours alike)")
    sd = float(np.sqrt(variance))
    score = (value - expectation) / sd
    return Moran(value, expectation, sd, score, _tail(score, side))


def _tail(z: float, side: str) -> float:
    if side == "two":
        return float(2.0 * stats.norm.sf(abs(z)))
    return float(stats.norm.sf(z) if side == "greater" else stats.norm.cdf(z))


def _centred(values: Vector) -> Vector:
    if values.size < 4:
        raise EstimationError(f"{values.size} units; Moran's I needs at least 4")
    z = values - values.mean()
    if float(np.abs(z).max()) <= 1e-12 * max(float(np.abs(values).max()), 1e-300):
        raise EstimationError("the outcome is the same in all units; Moran's I needs variation")
    return np.asarray(z)


def moran_permutation(
    values: Vector,
    matrix: WeightsMatrix,
    permutations: int,
    generator: np.random.Generator,
    *,
    side: str = "greater",
) -> Moran:
    """Return Moran's I with moments and p over random orders of the values.

    p = (1 + orders at least as extreme) / (1 + orders); two-sided is twice the smaller tail.
    """
    z = _centred(values)
    scale = z.size / WeightSums.of(matrix).s0 / float(z @ z)
    value = scale * float(z @ (matrix @ z))
    drawn = np.empty(permutations)
    for start in range(0, permutations, 500):
        count = min(500, permutations - start)
        orders = generator.permuted(np.broadcast_to(z, (count, z.size)), axis=1).T
        drawn[start : start + count] = scale * np.einsum("ij,ij->j", orders, np.asarray(matrix @ orders))
    slack = 1e-12 * max(1.0, abs(value))
    above = (1.0 + float((drawn >= value - slack).sum())) / (1.0 + permutations)
    below = (1.0 + float((drawn <= value + slack).sum())) / (1.0 + permutations)
    p = {"greater": above, "less": below, "two": min(1.0, 2.0 * min(above, below))}[side]
    sd = float(drawn.std(ddof=1)) if permutations > 1 else float("nan")
    expectation = float(drawn.mean())
    return Moran(value, expectation, sd, (value - expectation) / sd if sd > 0 else float("nan"), p)


def _row(period: str, found: Moran) -> Row:
    return {
        "period": period,
        "I": found.value,
        "expectation": found.expectation,
        "sd": found.sd,
        "z": found.z,
        "p": found.p,
    }


def _column(period: str, found: Moran, units: int, options: MoranOptions, seed: int) -> ColumnResult:
    permuted = options.assumption == "permutation"
    return ColumnResult(
        column=period,
        outcome="",
        n=units,
        units=units,
        periods=1,
        vcov={
            "type": options.assumption,
            "side": options.side,
            "weights": "row-standardised" if options.row_standardise else "raw",
            "permutations": options.permutations if permuted else None,
            "seed": seed if permuted else None,
        },
        terms=(TermResult("I", found.value, found.sd, found.z, found.p),),
        stats={"expectation": found.expectation, "sd": found.sd, "z": found.z, "p": found.p},
    )
