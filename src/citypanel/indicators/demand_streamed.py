"""The two estimators of quality on flows that stand on disk by year and chapter.

Both need few numbers of each partition. The effects of the pooled regression (Khandelwal, Schott and Wei 2013)
follow from how many flows each product has in each market (destination and year) and from the sums of demand by
product and by market. The regressions by product (Shi Bingzhan 2013) have effects that lie within a partition, so
their cross products add up over partitions.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

import numpy as np
from scipy import sparse

from citypanel.arrays import Codes, Mask, Matrix, Vector
from citypanel.errors import EstimationError
from citypanel.indicators.attrition import KEPT
from citypanel.indicators.partitions import Key, Partitions, Rows
from citypanel.within import within_projection

MARKETS = 1024  # room for destinations in a year
ALL_CHAPTERS = 100
TOLERANCE = 1e-14  # error of the fitted values, relative to the spread of demand
FLOOR = 1e-3  # of the tolerance: what is left then is rounding
FLAT = 1e-13  # curvature, against the sizes of the levels, of redundant levels
UNLINKED = 1e-11  # share of a market's flows below which nothing links it to the rest
WINDOW = 8
PASSES = 3
MAX_STEPS = 20_000
NOISE = 1e-10  # of the spread of log demand: residuals closer than this are one value, computed with rounding


class Estimator(Protocol):
    """Judges steps 17 and 18 and gives every flow its residual, in partitions of any order."""

    noise: float
    sigma: Vector

    def judge(self, key: Key, flows: Rows) -> tuple[Codes, Vector]:
        """Return the rule at which each flow leaves (or `KEPT`), and the residual of those that stay."""


def runs(*columns: Codes) -> Codes:
    """Return the positions where sorted columns change, the first among them."""
    changes = np.zeros(columns[0].size, dtype=bool)
    changes[:1] = True
    for column in columns:
        changes[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(changes)


def cell_codes(flows: Rows) -> tuple[Codes, Codes, Codes]:
    """Return each flow's cell of product and destination, and the product and destination of each cell."""
    starts = runs(flows["product"])
    own = np.zeros(flows.size, dtype=np.intp)
    own[starts[1:]] = 1
    width = int(flows["destination"].max(initial=0)) + 1
    dense = np.cumsum(own) * width + flows["destination"]
    occurs = np.zeros(starts.size * width, dtype=bool)
    occurs[dense] = True
    found = np.flatnonzero(occurs)
    number = np.cumsum(occurs) - 1
    return number[dense], flows["product"][starts][found // width], found % width


@dataclass
class Pooled:
    """ln q + sigma ln p on product and destination-year effects, pooled over products; sigma by product is given.

    Parameters
    ----------
    parts : Partitions
        Flows sorted by product within a partition.
    sigma : array, shape (products,)
        nan where the table has none.
    chapters : array of int, shape (products,)
        Sums are added up chapter by chapter, so that no share-out of the chapters to partitions changes a digit.
    """

    parts: Partitions
    sigma: Vector
    chapters: Codes
    noise: float = 0.0
    _product: Vector = field(init=False)
    _market: dict[int, Vector] = field(default_factory=dict)

    def __post_init__(self) -> None:
        sums = _Sums(len(self.sigma), self.chapters)
        for (year, _), whole in self.parts.each():
            flows = whole[self._usable(whole)]
            if flows.size:
                sums.add(year, flows, self._demand(flows))
        self._product = np.zeros(len(self.sigma))
        if sums.count:
            spread = sums.spread()
            self.noise = NOISE * float(np.sqrt(spread / sums.count))
            self._product, market = two_way_effects(*sums.normal_equations(), spread)
            self._market = sums.by_year(market)

    def _usable(self, flows: Rows) -> Mask:
        with np.errstate(invalid="ignore"):
            return np.asarray(self.sigma[flows["product"]] > 1)

    def _demand(self, flows: Rows) -> Vector:
        demand: Vector = log_quantity(flows) + self.sigma[flows["product"]] * flows["log_price"]
        return demand

    def judge(self, key: Key, flows: Rows) -> tuple[Codes, Vector]:
        """Return the rule at which each flow leaves (or `KEPT`), and the residual of those that stay."""
        sigma = self.sigma[flows["product"]]
        usable = self._usable(flows)
        rule = np.where(np.isnan(sigma), 1700, np.where(usable, KEPT, 1701))
        kept = flows[usable]
        if not kept.size:
            return rule, np.empty(0)
        effects = self._product[kept["product"]] + self._market[key[0]][kept["destination"]]
        return rule, self._demand(kept) - effects


class _Sums:
    """Counts of flows by product and market, sums of demand by product and by market."""

    def __init__(self, products: int, chapters: Codes) -> None:
        self.products, self.chapters, self.count = products, chapters, 0
        self.by_product = np.zeros(products)
        self.by_market: dict[int, Matrix] = {}
        self.squares: dict[int, Vector] = {}
        self.cells: list[tuple[int, Codes, Codes, Codes]] = []

    def add(self, year: int, flows: Rows, demand: Vector) -> None:
        """Add the flows of a partition; no other partition has the same chapters in the same year."""
        cell, product, destination = cell_codes(flows)
        kind = np.int32  # half the memory, as the cells of all years wait together
        self.cells.append((year, product.astype(kind), destination.astype(kind), np.bincount(cell).astype(kind)))
        self.by_product += np.bincount(flows["product"], demand, minlength=self.products)
        chapter = self.chapters[flows["product"]]
        sums = np.bincount(chapter * MARKETS + flows["destination"], demand, minlength=ALL_CHAPTERS * MARKETS)
        squares = np.bincount(chapter, demand * demand, minlength=ALL_CHAPTERS)
        empty = np.zeros((ALL_CHAPTERS, MARKETS)), np.zeros(ALL_CHAPTERS)
        self.by_market[year] = self.by_market.get(year, empty[0]) + sums.reshape(ALL_CHAPTERS, MARKETS)
        self.squares[year] = self.squares.get(year, empty[1]) + squares
        self.count += int(flows.size)

    def spread(self) -> float:
        """Return the sum of squares of demand around its mean."""
        squares = sum(float(np.sum(self.squares[year])) for year in sorted(self.squares))
        return max(squares - float(np.sum(self.by_product)) ** 2 / self.count, 0.0)

    def normal_equations(self) -> tuple[sparse.csr_matrix, Vector, Vector]:
        """Return the counts, shape (products, markets), and the sums by product and by market."""
        at = {year: MARKETS * k for k, year in enumerate(sorted(self.by_market))}
        product = np.concatenate([cells[1] for cells in self.cells])
        market = np.concatenate([cells[2] + np.int32(at[cells[0]]) for cells in self.cells])
        counts = np.concatenate([cells[3] for cells in self.cells])
        self.cells.clear()
        shape = (self.products, MARKETS * len(at))
        # Ordered as whole numbers of half the size: this is where the estimate needs most memory.
        ordered = sparse.csr_matrix(sparse.coo_matrix((counts, (product, market)), shape=shape))
        del product, market, counts
        table = _with_values(ordered, ordered.data.astype(np.float64))
        return table, self.by_product, np.concatenate([self.by_market[year].sum(axis=0) for year in at])

    def by_year(self, market: Vector) -> dict[int, Vector]:
        """Return the effects of each year's destinations."""
        years = sorted(self.by_market)
        return dict(zip(years, market.reshape(len(years), MARKETS), strict=True))


def two_way_effects(
    counts: sparse.csr_matrix, by_first: Vector, by_second: Vector, spread: float
) -> tuple[Vector, Vector]:
    """Solve y = a + b + e by least squares from counts and sums alone.

    Parameters
    ----------
    counts : sparse array, shape (first, second)
        Rows of the data with each pair of levels.
    by_first, by_second : array, shape (first,), (second,)
        Sums of y by level.
    spread : float
        Sum of squares of y around its mean, to which the error of the fitted values is compared.

    Returns
    -------
    tuple of arrays
        One solution a, b; a + b is the same for all of them. Levels without rows have 0.

    Raises
    ------
    EstimationError
        The conjugate gradients do not converge.

    Notes
    -----
    The first factor is eliminated; the second solves S b = s with S = D - N'N/n by conjugate gradients with the
    inverse diagonal of S before it. They stop as in `within`: the error's energy before a step exceeds the one
    after it by step * r'z (Hestenes and Stiefel), and what the last third of the steps has gained is compared with
    1e-28 of the spread. A second solution, of what the first has left, removes its rounding.
    """
    one, other = (np.asarray(counts.sum(axis=axis)).ravel() for axis in (1, 0))
    one[one == 0] = 1.0
    own = other - _with_values(counts, counts.data**2).T @ (1.0 / one)
    condition = np.where(own > UNLINKED * other, 1.0 / np.where(own > 0, own, 1.0), 0.0)

    labels = _components(counts)
    totals = np.maximum(np.bincount(labels, other), 1.0)

    def schur(vector: Vector) -> Vector:
        return np.asarray(other * vector - counts.T @ ((counts @ vector) / one))

    def conditioned(residual: Vector) -> Vector:
        # A constant in a connected component changes nothing; left in, it would hide the rest behind its rounding.
        level = condition * (residual - other * (np.bincount(labels, residual) / totals)[labels])
        return np.asarray(level - (np.bincount(labels, other * level) / totals)[labels])

    second = np.zeros(other.size)
    for _ in range(PASSES):
        first = (by_first - counts @ second) / one
        right = by_second - other * second - counts.T @ first
        change = _conjugate_gradients(schur, right, conditioned, other, spread)
        second += change
        if float(np.sum(other * change * change)) <= TOLERANCE**2 * spread:
            break
    return (by_first - counts @ second) / one, second


def _components(counts: sparse.csr_matrix) -> Codes:
    """Return the group of second levels that common first levels link each of them to."""
    labels: Codes = np.arange(counts.shape[1])
    before = labels - 1
    while (labels != before).any():
        before = labels.copy()
        for start, stop in pairwise(counts.indptr.tolist()):
            if stop > start:
                linked = counts.indices[start:stop]
                labels[linked] = labels[linked].min()
    return labels


def _with_values(table: sparse.csr_matrix, values: Vector) -> sparse.csr_matrix:
    """Return a table with other values in the same cells, whose places both share."""
    return sparse.csr_matrix((values, table.indices, table.indptr), shape=table.shape, copy=False)


def _conjugate_gradients(
    apply: Callable[[Vector], Vector],
    right: Vector,
    condition: Callable[[Vector], Vector],
    sizes: Vector,
    spread: float,
) -> Vector:
    solution, residual = np.zeros_like(right), right.copy()
    conditioned = condition(residual)
    direction, product = conditioned.copy(), float(np.sum(residual * conditioned))
    gains: list[float] = []
    for step in range(1, MAX_STEPS + 1):
        if product <= (TOLERANCE * FLOOR) ** 2 * spread:
            return solution
        image = apply(direction)
        curvature = float(np.sum(direction * image))
        if curvature <= FLAT * float(np.sum(sizes * direction * direction)):
            return solution  # along redundant levels, where a step is rounding
        length = product / curvature
        solution += length * direction
        residual -= length * image
        gains.append(length * product)
        window = max(WINDOW, step // 3)
        if step >= window and sum(gains[-window:]) <= TOLERANCE**2 * spread:
            return solution
        conditioned = condition(residual)
        following = float(np.sum(residual * conditioned))
        direction = conditioned + (following / product) * direction
        product = following
    raise EstimationError(
        f"quality: product and destination-year effects did not converge in {MAX_STEPS} steps; the products of some "
        "destinations are almost unconnected with all others"
    )


@dataclass
class ByProduct:
    """ln q = chi_ct - sigma_h ln p by two-stage least squares for each product; the instrument is the price elsewhere.

    Parameters
    ----------
    parts : Partitions
        Flows sorted by product, firm, place, destination within a partition.
    products : int
        How many products there are.
    least : int
        Products with fewer flows that have an instrument are not estimated.

    Notes
    -----
    sigma_h = - z'My / z'Mp with M the projection off destination-years, as in `demand.by_product_2sls`.
    """

    parts: Partitions
    products: int
    least: int
    noise: float = 0.0
    sigma: Vector = field(init=False)
    first_stage: Vector = field(init=False)
    flows: Codes = field(init=False)

    def __post_init__(self) -> None:
        sums = np.zeros((5, self.products))
        counts = np.zeros(self.products, dtype=np.int64)
        for _, q, p, z, product in self._projected():
            for row, values in enumerate((z * p, z * q, z * z, p * p, q * q)):
                sums[row] += np.bincount(product, values, minlength=self.products)
            counts += np.bincount(product, minlength=self.products)
        zp, zq, zz, pp, qq = sums
        varies = (zp**2 > 1e-24 * zz * pp) & (counts >= self.least)
        with np.errstate(invalid="ignore", divide="ignore"):
            self.sigma = np.where(varies, -zq / zp, np.nan)
            self.first_stage = np.where(varies, zp / zz, np.nan)
        self.flows = counts
        self.noise = NOISE * float(np.sqrt(np.sum(qq) / max(int(counts.sum()), 1)))

    def _projected(self) -> Iterator[tuple[Key, Vector, Vector, Vector, Codes]]:
        for key, whole in self.parts.each():
            flows, instrument = with_instrument(whole)
            if flows.size:
                q, p, z = projected(flows, instrument)
                yield key, q, p, z, flows["product"]

    def judge(self, key: Key, flows: Rows) -> tuple[Codes, Vector]:  # noqa: ARG002 - the other estimator needs it
        """Return the rule at which each flow leaves (or `KEPT`), and the residual of those that stay."""
        rule = np.full(flows.size, 1800)
        instrument = price_elsewhere_sorted(flows)
        has = np.isfinite(instrument)
        product = flows["product"][has]
        sigma, count = self.sigma[product], self.flows[product]
        with np.errstate(invalid="ignore"):
            own = np.where(sigma > 1, KEPT, 1803)
        own = np.where(np.isnan(sigma), 1802, own)
        rule[has] = np.where(count < self.least, 1801, own)
        used = flows[has]
        if not used.size:
            return rule, np.empty(0)
        q, p, _ = projected(used, instrument[has])
        return rule, (q + sigma * p)[rule[has] == KEPT]


def log_quantity(flows: Rows) -> Vector:
    """Return ln q of flows."""
    logs: Vector = np.log(flows["quantity"])
    return logs


def price_elsewhere_sorted(flows: Rows) -> Vector:
    """Return the mean log price of the same firm, place and product in all other destinations; nan without any."""
    starts = runs(flows["product"], flows["firm"], flows["place"])
    if not starts.size:
        return np.empty(0)
    counts = np.diff(np.append(starts, flows.size))
    total = np.repeat(np.add.reduceat(flows["log_price"], starts), counts)
    others = np.repeat(counts - 1, counts)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(others > 0, (total - flows["log_price"]) / others, np.nan)


def with_instrument(flows: Rows) -> tuple[Rows, Vector]:
    """Return the flows that have a price elsewhere, and that price."""
    instrument = price_elsewhere_sorted(flows)
    has = np.isfinite(instrument)
    return flows[has], instrument[has]


def projected(flows: Rows, instrument: Vector) -> tuple[Vector, Vector, Vector]:
    """Return ln q, ln p and the instrument less their means by product, destination and year."""
    columns = np.column_stack([log_quantity(flows), flows["log_price"], instrument])
    q, p, z = within_projection(columns, [cell_codes(flows)[0]]).T
    return q, p, z


def require_flows(count: int, read: int, reason: str) -> None:
    """Raise where no flow is left to estimate on."""
    if not count:
        taken = f"; the last left at the step '{reason}'" if reason else ""
        raise EstimationError(f"quality: no flow is left of {read} rows read{taken}")
