"""Revealed comparative advantage, economic complexity (ECI, PCI) and fitness.

Balassa (1965); Hidalgo and Hausmann (2009) in the eigenvector form of Hausmann et al. (2014); Tacchella,
Cristelli, Caldarelli, Gabrielli and Pietronero (2012).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from citypanel.arrays import Mask, Matrix, Vector
from citypanel.declare.indicators import ComplexityOptions
from citypanel.errors import InputError
from citypanel.indicators.files import records
from citypanel.indicators.flows import city_exports
from citypanel.indicators.spectrum import leading_eigenvector

TOGETHER = 1e-9  # a second eigenvalue this close to one: the economies fall apart into unconnected groups
SETTLED = 1e-12  # largest change of a fitness whose mean is one
SAME_RANKS = 500  # steps without a change of rank after which fitness counts as ordered
MAX_STEPS = 5000


class UnconnectedError(InputError):
    """The complexity index of economies that share no products, directly or through others."""


@dataclass(frozen=True)
class Complexity:
    """Indices of one period; economies and products without any presence have nan."""

    eci: Vector
    pci: Vector
    diversity: Vector
    ubiquity: Vector


@dataclass(frozen=True)
class Fitness:
    """Fitness of economies and complexity of products, each with mean one.

    `settled` is whether values stopped changing; if not, ranks did, and values near zero still shrink.
    """

    fitness: Vector
    complexity: Vector
    steps: int
    settled: bool


def rca(trade: Matrix) -> Matrix:
    """Revealed comparative advantage (x_ik / X_i) / (x_k / X), Balassa (1965).

    Parameters
    ----------
    trade : array, shape (economies, products)
        Export values of one period, 0 where there are none.

    Returns
    -------
    array, shape (economies, products)
        0 where an economy does not export a product, nan for economies or products without any exports.
    """
    totals = trade.sum(axis=1, keepdims=True)
    world = trade.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((trade / totals) / (world / world.sum()))


def presence(advantage: Matrix, threshold: float = 1.0) -> Mask:
    """Tell where an economy is competitive: RCA >= threshold (not >), nan is not."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.nan_to_num(advantage) >= threshold)


def complexity(present: Mask, pci_scale: str = "eci", ddof: int = 0) -> Complexity:
    """Economic and product complexity of one period.

    Parameters
    ----------
    present : array of bool, shape (economies, products)
    pci_scale : {"eci", "own"}
        `eci`: PCI takes the mean and standard deviation of ECI, so that an economy's ECI is the mean PCI of its
        products. `own`: PCI has mean 0 and standard deviation 1 over products.
    ddof : {0, 1}
        Of the standard deviations.

    Raises
    ------
    UnconnectedError
        The economies fall apart into groups without a common product; the second eigenvector then only tells
        which group an economy is in.

    Notes
    -----
    K is the eigenvector of the second largest eigenvalue of D^-1 M U^-1 M', D diversity and U ubiquity; its
    sign makes the correlation of ECI and diversity positive. ECI = (K - mean K) / sd K. PCI before scaling is Q
    with K = D^-1 M Q. Hausmann et al. (2014), The Atlas of Economic Complexity.
    """
    diversity, ubiquity = present.sum(axis=1).astype(float), present.sum(axis=0).astype(float)
    economies, products = diversity > 0, ubiquity > 0
    matrix = present[np.ix_(economies, products)].astype(float)
    depth, spread = diversity[economies], ubiquity[products]
    if len(depth) < 3:
        raise UnconnectedError(f"{len(depth)} economies have a comparative advantage; at least three are needed")
    half = matrix / np.sqrt(depth)[:, None]
    similar = np.einsum("ik,jk->ij", half / spread, half)
    first = np.sqrt(depth / depth.sum())
    start = np.random.default_rng(0).standard_normal(len(depth))
    value, vector = leading_eigenvector((similar + similar.T) / 2, start, first[None, :])
    if not value < 1 - TOGETHER:
        raise UnconnectedError("the economies fall apart into groups that share no product")
    k = vector / np.sqrt(depth)
    k = k * _sign(k, depth)
    q = np.einsum("ik,i->k", matrix, k) / spread / value
    centre, scale = k.mean(), k.std(ddof=ddof)
    own = (q.mean(), q.std(ddof=ddof))
    eci, pci = np.full(len(diversity), np.nan), np.full(len(ubiquity), np.nan)
    eci[economies] = (k - centre) / scale
    pci[products] = (q - centre) / scale if pci_scale == "eci" else (q - own[0]) / own[1]
    return Complexity(eci, pci, diversity, ubiquity)


def _sign(k: Vector, diversity: Vector) -> float:
    """Return the sign that makes the correlation with diversity positive; without any, the first value is."""
    together = float(np.sum((k - k.mean()) * (diversity - diversity.mean())))
    spread = float(np.std(k) * np.std(diversity)) * len(k)
    decides = together if abs(together) > 1e-9 * spread else float(k[0])
    return 1.0 if decides >= 0 else -1.0


def fitness(present: Mask) -> Fitness:
    """Fitness of economies and complexity of products by the nonlinear map of Tacchella et al. (2012).

    Parameters
    ----------
    present : array of bool, shape (economies, products)

    Returns
    -------
    Fitness
        nan for economies and products without any presence.

    Notes
    -----
    F_i = sum_k M_ik Q_k and Q_k = 1 / sum_i (M_ik / F_i), both from the values of the step before, divided by
    their means after each step, from ones. It stops when no fitness changes by more than SETTLED, or when no
    rank has changed for SAME_RANKS steps: values that fall to zero never settle, their ranks do.
    """
    economies, products = np.asarray(present.any(axis=1)), np.asarray(present.any(axis=0))
    matrix = present[np.ix_(economies, products)].astype(float)
    f, q = np.ones(matrix.shape[0]), np.ones(matrix.shape[1])
    ranks, same, steps, settled = np.argsort(f, kind="stable"), 0, 0, False
    while matrix.size and not settled and same < SAME_RANKS and steps < MAX_STEPS:
        with np.errstate(divide="ignore", over="ignore"):
            following = np.einsum("ik,k->i", matrix, q)
            worth = 1.0 / np.einsum("ik,i->k", matrix, 1.0 / f)
        following, q = following / following.mean(), worth / worth.mean()
        settled = bool(np.abs(following - f).max() <= SETTLED)
        order = np.argsort(following, kind="stable")
        same = same + 1 if np.array_equal(order, ranks) else 0
        f, ranks, steps = following, order, steps + 1
    full_f, full_q = np.full(len(economies), np.nan), np.full(len(products), np.nan)
    full_f[economies], full_q[products] = f, q
    return Fitness(full_f, full_q, steps, settled)


def city_complexity(exports: Path, options: ComplexityOptions) -> pd.DataFrame:
    """Complexity of cities, each year among the cities that export in it.

    Parameters
    ----------
    exports : Path
        Canonical `exports` (Parquet).
    options : ComplexityOptions
        Products, place, threshold and scaling.

    Returns
    -------
    DataFrame
        `adcode`, `year`, `eci`, `fitness`, `diversity`. `attrs["accounting"]` counts rows and US$ without a
        city, and tells for each year what could not be computed (then `eci` is missing) or did not settle.
    """
    flows = city_exports(exports, options.place, options.level)
    mapped = flows[flows["adcode"].notna()].astype({"adcode": "int64"})
    lost = flows[flows["adcode"].isna()]
    lines: list[dict[str, object]] = [
        {"reason": "read", "rows": flows["rows"].sum(), "value": flows["value"].sum()},
        {"reason": "city unmapped", "rows": lost["rows"].sum(), "value": lost["value"].sum()},
    ]
    tables = [pd.DataFrame(columns=["adcode", "year", "eci", "fitness", "diversity"])]
    for year in np.unique(mapped["year"].to_numpy()):
        trade, cities, _ = trade_matrix(mapped[mapped["year"] == year], "adcode")
        present = presence(rca(trade), options.threshold)
        tables.append(_city_year(present, cities, int(year), options, lines))
    table = pd.concat(tables[1:] or tables, ignore_index=True).sort_values(["adcode", "year"], ignore_index=True)
    table = table.astype({"adcode": "int32", "year": "int16", "diversity": "int32"})
    table.attrs["accounting"] = records(lines)
    return table


def of_cities(tables: Mapping[str, Path], options: ComplexityOptions) -> pd.DataFrame:
    """Compute the indicator from the canonical tables by name."""
    return city_complexity(tables["exports"], options)


def _city_year(
    present: Mask, cities: pd.Index, year: int, options: ComplexityOptions, lines: list[dict[str, object]]
) -> pd.DataFrame:
    found = fitness(present)
    if not found.settled:
        lines.append({"reason": "fitness ordered but not settled", "year": year, "steps": found.steps})
    try:
        eci = complexity(present, options.pci_scale, options.ddof).eci
    except UnconnectedError as fault:
        lines.append({"reason": f"no ECI: {fault}", "year": year})
        eci = np.full(len(cities), np.nan)
    values = {"eci": eci, "fitness": found.fitness, "diversity": present.sum(axis=1)}
    return pd.DataFrame({"adcode": cities, "year": year, **values})


def trade_matrix(rows: pd.DataFrame, who: str) -> tuple[Matrix, pd.Index, pd.Index]:
    """Spread rows of `who`, `product`, `value` into a matrix; economies and products come sorted."""
    at, economies = pd.factorize(rows[who], sort=True)
    of, products = pd.factorize(rows["product"], sort=True)
    trade = np.zeros((len(economies), len(products)))
    np.add.at(trade, (at, of), rows["value"].to_numpy())
    return trade, pd.Index(economies), pd.Index(products)
