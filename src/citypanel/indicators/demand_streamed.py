"""The two estimators of quality on flows that stand on disk by year and chapter.

Both need few numbers of each partition. The pooled regression (Khandelwal, Schott and Wei 2013) depends on a flow
only through the sums of its product and destination-year, so its fixed effects are solved on these cells with
their counts as weights, which is exact. The regressions by product (Shi Bingzhan 2013) have effects that lie within
a partition, so their cross products add up over partitions.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from citypanel.arrays import Codes, Mask, Vector
from citypanel.errors import EstimationError
from citypanel.indicators.attrition import KEPT
from citypanel.indicators.partitions import Key, Partitions, Rows
from citypanel.within import within_projection

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
    """

    parts: Partitions
    sigma: Vector
    noise: float = 0.0
    _fitted: dict[Key, Vector] = field(default_factory=dict)

    def __post_init__(self) -> None:
        cells: dict[Key, tuple[Codes, Codes, Vector, Vector]] = {}
        squares = 0.0
        for key, whole in self.parts.each():
            flows = whole[self._usable(whole)]
            if flows.size:
                cell, product, destination = cell_codes(flows)
                demand = self._demand(flows)
                counts = np.bincount(cell).astype(np.float64)
                cells[key] = product, destination, counts, np.bincount(cell, demand) / counts
                squares += float(np.sum(demand * demand))
        if cells:
            self._solve(cells, squares)

    def _usable(self, flows: Rows) -> Mask:
        with np.errstate(invalid="ignore"):
            return np.asarray(self.sigma[flows["product"]] > 1)

    def _demand(self, flows: Rows) -> Vector:
        demand: Vector = log_quantity(flows) + self.sigma[flows["product"]] * flows["log_price"]
        return demand

    def _solve(self, cells: dict[Key, tuple[Codes, Codes, Vector, Vector]], squares: float) -> None:
        counts = np.concatenate([part[2] for part in cells.values()])
        mean = np.concatenate([part[3] for part in cells.values()])
        centre = float(np.sum(counts * mean) / counts.sum())
        self.noise = NOISE * float(np.sqrt(max(squares / counts.sum() - centre**2, 0.0)))
        product = np.unique(np.concatenate([part[0] for part in cells.values()]), return_inverse=True)[1]
        dated = np.concatenate([part[1] + 1_000_000 * key[0] for key, part in cells.items()])
        market = np.unique(dated, return_inverse=True)[1]
        fitted = mean - within_projection(mean, [product, market], counts)
        ends = np.cumsum([part[3].size for part in cells.values()])
        self._fitted = dict(zip(cells, np.split(fitted, ends[:-1]), strict=True))

    def judge(self, key: Key, flows: Rows) -> tuple[Codes, Vector]:
        """Return the rule at which each flow leaves (or `KEPT`), and the residual of those that stay."""
        sigma = self.sigma[flows["product"]]
        usable = self._usable(flows)
        rule = np.where(np.isnan(sigma), 1700, np.where(usable, KEPT, 1701))
        kept = flows[usable]
        if not kept.size:
            return rule, np.empty(0)
        return rule, self._demand(kept) - self._fitted[key][cell_codes(kept)[0]]


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
        sums = np.zeros((4, self.products))
        counts = np.zeros(self.products, dtype=np.int64)
        spread = 0.0
        for _, q, p, z, product in self._projected():
            for row, values in enumerate((z * p, z * q, z * z, p * p)):
                sums[row] += np.bincount(product, values, minlength=self.products)
            counts += np.bincount(product, minlength=self.products)
            spread += float(np.sum(q * q))
        zp, zq, zz, pp = sums
        varies = (zp**2 > 1e-24 * zz * pp) & (counts >= self.least)
        with np.errstate(invalid="ignore", divide="ignore"):
            self.sigma = np.where(varies, -zq / zp, np.nan)
            self.first_stage = np.where(varies, zp / zz, np.nan)
        self.flows = counts
        self.noise = NOISE * float(np.sqrt(spread / max(int(counts.sum()), 1)))

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
