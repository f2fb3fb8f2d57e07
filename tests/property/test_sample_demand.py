"""Whatever the seed: records add up to flows, no two records are alike, demand is the equation, scales are scales."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from citypanel.sample.collaborative_gap import gap_cities
from citypanel.sample.demand import draw_lines, flows, market, shipments
from citypanel.sample.prefectures import prefectures
from citypanel.sample.shipments import exporters
from citypanel.sample.smart_city import BATCHES, smart_cities
from citypanel.sample.true_quality import TrueQuality

SEEDS = st.integers(0, 2**31)
YEARS = (2010, 2011, 2012)


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_records_add_up_to_flows_and_none_is_anothers_copy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    where = prefectures("smart_city")
    firms = exporters(np.full(len(where), 3), where, rng)
    world = market(5, np.linspace(1, 20, 5), 9, YEARS, seed)
    lines = draw_lines(firms, np.arange(60), world, rng)
    found = flows(lines, world, np.zeros(len(lines.firm)), 2011, rng)
    records = shipments(found, lines, firms, 2011, rng, months=False)
    key = np.stack([records.firm, records.code, records.destination], axis=1)
    flow = np.stack([lines.firm, lines.product, lines.destination], axis=1)[found.line]
    assert len(np.unique(flow, axis=0)) == len(flow)
    order = {tuple(row): i for i, row in enumerate(flow.tolist())}
    at = np.array([order[tuple(row)] for row in key.tolist()])
    assert (np.bincount(at, records.value) == found.value).all()
    assert (np.bincount(at, records.quantity) == found.quantity).all()
    whole = np.column_stack([key, records.value, records.quantity])
    assert len(np.unique(whole, axis=0)) == len(whole)
    assert (records.value > 0).all()
    assert (records.quantity > 0).all()


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_more_quality_everywhere_sells_more_at_the_same_price(seed: int) -> None:
    where = prefectures("smart_city")
    firms = exporters(np.full(len(where), 3), where, np.random.default_rng(seed))
    world = market(4, np.ones(4), 6, YEARS, seed)
    lines = draw_lines(firms, np.arange(90), world, np.random.default_rng(seed))
    zero = np.zeros(len(lines.firm))
    plain = flows(lines, world, zero, 2010, np.random.default_rng(seed + 1))
    better = flows(lines, world, zero + 0.1, 2010, np.random.default_rng(seed + 1))
    sigma = world.sigma[lines.product[plain.line]]
    large = (plain.quantity > 2_000) & (plain.value > 2_000)
    grown = np.log(better.quantity / plain.quantity)[large]
    # d ln q / d ln quality = sigma - 1 at a given price; whole units of more than 2,000 round by 1/4,000.
    assert np.allclose(grown, 0.1 * (sigma - 1)[large], atol=1e-3)
    price = np.log(better.value / better.quantity) - np.log(plain.value / plain.quantity)
    assert np.abs(price[large]).max(initial=0) < 1e-3


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_true_quality_lies_between_0_and_1_and_a_city_of_the_best_flows_has_1(seed: int) -> None:
    rng = np.random.default_rng(seed)
    where = prefectures("smart_city")
    firms = exporters(np.full(len(where), 3), where, rng)
    world = market(3, np.ones(3), 5, YEARS, seed)
    lines = draw_lines(firms, np.arange(150), world, rng)
    total = TrueQuality(len(where), 3, 1)
    found = flows(lines, world, np.zeros(len(lines.firm)), 2012, rng)
    total.add(0, firms.city[lines.firm[found.line]], lines.product[found.line], found)
    quality = total.of_cities()[:50, 0]
    assert ((quality >= 0) & (quality <= 1)).all()


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_batches_have_their_sizes_and_nothing_happens_before_them(seed: int) -> None:
    cities = smart_cities(seed)
    years, counts = np.unique(cities.cohort[cities.cohort > 0], return_counts=True)
    assert dict(zip(years.tolist(), counts.tolist(), strict=True)) == BATCHES
    assert (cities.effect[~cities.treated] == 0).all()
    assert (cities.effect[cities.treated] > 0).all()


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS, divisor=st.sampled_from([1, 12, 60]))
def test_the_gap_recomputed_from_incomes_is_the_models(seed: int, divisor: int) -> None:
    cities = gap_cities(seed, divisor)
    again = np.abs(np.log(cities.income) - np.log(cities.income.mean(axis=0)))
    assert np.abs(again - cities.gap).max() < 1e-10
    assert cities.gap.min() > 0.02
