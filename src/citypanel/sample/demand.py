"""Structural demand: ln q = destination-year - sigma ln p + (sigma - 1) ln quality, firm by firm.

Price and quality go together: what a firm adds to quality for one destination raises its price there, so least
squares understates sigma. Costs are shared by all destinations of a firm and product, so the price elsewhere is
an instrument. It is a valid one because what a firm or city adds to quality everywhere is paid once and does not
enter unit costs; were it to enter them, the price elsewhere would carry quality too.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from citypanel.arrays import Codes, Mask, Matrix, Vector
from citypanel.sample.shipments import Exporters, Shipments, whole

LOWEST_SIGMA, HIGHEST_SIGMA = 2.5, 6.0
TAILORED = 0.5  # (sigma - 1) times the mean of what a firm adds to quality for one destination
PASSED_ON = 1.0  # share of it that is passed into the price there
FIRM_QUALITY, COST, COST_STEP, PRICE_NOISE = 0.03, 0.16, 0.04, 0.03  # standard deviations
ONE_DESTINATION = 0.12  # share of firm-products without a price elsewhere
ALWAYS_THERE = 3  # firms of each city that export in every year
REGIME_BELOW = (68, 92)  # of 100 firms: ordinary trade, processing with imported, the rest with supplied materials
SHIPPED = 0.85  # share of a line's years in which it ships
OWN_TASTE = 0.05  # of a destination for one product, beside what it spends on all; pooled estimates call it quality
TWO_RECORDS = 0.2  # share of flows that stand in two customs records


@dataclass(frozen=True)
class Market:
    """Products with their elasticity and price level (US$), destination-year effects, and weights of destinations."""

    sigma: Vector
    price_usd: Vector
    destination_year: np.ndarray  # products x destinations x years
    destination_weight: Vector
    years: tuple[int, ...]


@dataclass(frozen=True)
class Lines:
    """What a firm sells to a destination: one row per firm, product and destination, over all years."""

    firm: Codes
    product: Codes
    destination: Codes
    cost: Matrix  # lines x years, the same for all destinations of a firm and product
    tailored: Vector  # an exponential draw that lasts
    ships: Mask  # lines x years
    firm_quality: Vector


@dataclass(frozen=True)
class Flows:
    """True flows of one year: position of the line, ln quality, and the price and quantity that customs saw."""

    line: Codes
    log_quality: Vector
    quantity: Codes
    value: Codes


def market(products: int, price_usd: Vector, destinations: int, years: tuple[int, ...], seed: int) -> Market:
    """Draw products and markets."""
    rng = np.random.default_rng([seed, 42])
    sigma = np.round(np.linspace(LOWEST_SIGMA, HIGHEST_SIGMA, products)[rng.permutation(products)], 3)
    size = rng.normal(0, 0.5, (1, destinations, 1))
    growth = 0.05 * np.arange(len(years)) + rng.normal(0, 0.1, (1, destinations, len(years)))
    own = rng.normal(0, OWN_TASTE, (products, destinations, len(years)))
    level = rng.normal(8.6, 0.4, (products, 1, 1))
    return Market(sigma, price_usd, level + size + growth + own, rng.gamma(4.0, 1.0, destinations), years)


def draw_lines(firms: Exporters, chosen: Codes, market: Market, rng: np.random.Generator) -> Lines:
    """Draw the lines of some firms: one or two products each, some destinations, entry and exit.

    The first firms of each city neither enter nor leave, so that no city is without exports in any year.
    """
    owner = np.repeat(chosen, rng.choice([1, 2], len(chosen), p=[0.6, 0.4]))
    product = rng.integers(len(market.sigma), size=len(owner))
    owner, product = np.unique(np.stack([owner, product]), axis=1)
    markets = len(market.destination_weight)
    many = np.minimum(rng.integers(2, 9, len(owner)), markets)
    wanted = np.where(rng.random(len(owner)) < ONE_DESTINATION, 1, many)
    # The largest of weights plus Gumbel noise are a sample without replacement by those weights.
    luck = np.log(market.destination_weight) + rng.gumbel(size=(len(owner), markets))
    order = np.argsort(-luck, axis=1)
    pair = np.repeat(np.arange(len(owner)), wanted)
    rank = np.arange(len(pair)) - np.repeat(np.cumsum(wanted) - wanted, wanted)
    count = len(market.years)
    cost = rng.normal(0, COST, (len(owner), 1)) + np.cumsum(rng.normal(0, COST_STEP, (len(owner), count)), axis=1)
    quality = dict(zip(chosen.tolist(), rng.normal(0, FIRM_QUALITY, len(chosen)).tolist(), strict=True))
    return Lines(
        firm=owner[pair],
        product=product[pair],
        destination=order[pair, rank],
        cost=cost[pair],
        tailored=rng.exponential(1.0, len(pair)),
        ships=_alive(owner, _oldest(firms)[owner], market.years, rng)[pair]
        & (rng.random((len(pair), count)) < SHIPPED),
        firm_quality=np.array([quality[f] for f in owner.tolist()])[pair],
    )


def _oldest(firms: Exporters) -> Mask:
    """Return which firms are among the first of their city; firms stand in order of city."""
    starts = np.searchsorted(firms.city, firms.city)
    return np.asarray(np.arange(len(firms.city)) - starts < ALWAYS_THERE)


def _alive(owner: Codes, always: Mask, years: tuple[int, ...], rng: np.random.Generator) -> Mask:
    """Return the years in which the firm of each pair exports: most enter before the first, some leave."""
    firms, at = np.unique(owner, return_inverse=True)
    entry = rng.integers(years[0] - 8, years[-1], len(firms))
    exit_ = entry + rng.geometric(0.07, len(firms)) + 2
    span = np.array(years)
    alive = (span >= entry[:, None]) & (span <= exit_[:, None])
    return np.asarray(alive[at] | always[:, None])


def flows(lines: Lines, market: Market, common: Vector, year: int, rng: np.random.Generator) -> Flows:
    """Return the flows of a year; `common` is what each line's city adds to ln quality."""
    t = market.years.index(year)
    mine = np.flatnonzero(lines.ships[:, t])
    product, sigma = lines.product[mine], market.sigma[lines.product[mine]]
    mean = TAILORED / (sigma - 1)
    # Around its mean: what all flows of a product share is its own effect, and no demand can tell it from quality.
    tailored = mean * (0.7 * lines.tailored[mine] + 0.3 * rng.exponential(1.0, len(mine)) - 1.0)
    log_quality = common[mine] + lines.firm_quality[mine] + tailored
    cost = lines.cost[mine, t] + PASSED_ON * tailored + rng.normal(0, PRICE_NOISE, len(mine))
    appeal = market.destination_year[product, lines.destination[mine], t]
    quantity = whole(np.exp(appeal - sigma * cost + (sigma - 1) * log_quality), least=20)
    value = whole(quantity * market.price_usd[product] * np.exp(cost), least=60)
    return Flows(mine, log_quality, quantity, value)


def shipments(
    found: Flows, lines: Lines, firms: Exporters, year: int, rng: np.random.Generator, *, months: bool
) -> Shipments:
    """Return customs records of flows: one each, or two with the same price."""
    twice = np.flatnonzero((rng.random(len(found.line)) < TWO_RECORDS) & (found.quantity >= 200))
    share = rng.uniform(0.3, 0.45, len(twice))  # never half: no record is another's copy
    quantity, value = found.quantity.copy(), found.value.copy()
    second_quantity = whole(quantity[twice] * share)
    second_value = whole(value[twice] * (second_quantity / quantity[twice]))
    quantity[twice] -= second_quantity
    value[twice] -= second_value
    at = np.concatenate([found.line, found.line[twice]])
    count = len(at)
    firm = lines.firm[at]
    first = rng.integers(1, 7, count)
    first[len(found.line) :] = rng.integers(7, 13, len(twice))
    zeros = np.zeros(count, dtype=np.int64)
    return Shipments(
        flag=zeros,
        code=lines.product[at],
        value=np.concatenate([value, second_value]),
        quantity=np.concatenate([quantity, second_quantity]),
        firm=firm,
        place=firms.place[firm],
        destination=lines.destination[at],
        date=year * 100 + first if months else zeros + year,
        regime=np.searchsorted(REGIME_BELOW, firms.code[firm] * 37 % 100, side="right"),
        other_unit=zeros,
    )


def blocks(firms: Exporters, size: int) -> Iterator[Codes]:
    """Yield runs of firms of whole cities, about `size` firms each."""
    edges = np.flatnonzero(np.concatenate([[True], firms.city[1:] != firms.city[:-1]]))
    start = 0
    for edge in [*edges[1:], len(firms.city)]:
        if edge - start >= size or edge == len(firms.city):
            yield np.arange(start, edge)
            start = int(edge)
