"""PRODY, EXPY, RCA, fitness and scaling under changes that must not matter."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from citypanel.indicators.complexity import fitness, presence, rca
from citypanel.indicators.demand import standardised
from citypanel.indicators.prody import expy_with_coverage, prody, prody_without

STEADY = settings(max_examples=50, deadline=None)  # no deadline: the machine may be busy
values = st.one_of(st.just(0.0), st.floats(0.01, 1e6))
trades = hnp.arrays(float, st.tuples(st.integers(2, 7), st.integers(1, 6)), elements=values)


def incomes(trade: np.ndarray, seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    income = draw.lognormal(9, 1, len(trade))
    income[draw.random(len(trade)) < 0.2] = np.nan
    return income


@STEADY
@given(trades, st.integers(0, 99))
def test_prody_is_a_mean_of_incomes_and_expy_a_mean_of_prody(trade: np.ndarray, seed: int) -> None:
    income = incomes(trade, seed)
    level = prody(trade, income)
    known = level[np.isfinite(level)]
    if known.size:
        assert np.nanmin(income) * (1 - 1e-12) <= known.min() <= known.max() <= np.nanmax(income) * (1 + 1e-12)
    baskets, coverage = expy_with_coverage(trade, level)
    inside = baskets[np.isfinite(baskets)]
    assert np.all((inside >= known.min(initial=np.inf) * (1 - 1e-12)) if inside.size else True)
    assert np.all((coverage[np.isfinite(coverage)] >= 0) & (coverage[np.isfinite(coverage)] <= 1 + 1e-12))


@STEADY
@given(trades, st.integers(0, 99), st.sampled_from(["normalised", "raw"]))
def test_the_size_of_economies_and_the_currency_do_not_matter(trade: np.ndarray, seed: int, weights: str) -> None:
    income = incomes(trade, seed)
    one = prody(trade, income, weights)
    assert prody(trade * 6.5, income, weights) == pytest.approx(one, rel=1e-9, nan_ok=True)
    assert prody(trade, income * 7, weights) == pytest.approx(one * 7, rel=1e-9, nan_ok=True)
    if weights == "normalised":
        sizes = np.random.default_rng(seed).lognormal(0, 1, (len(trade), 1))
        assert prody(trade * sizes, income) == pytest.approx(one, rel=1e-9, nan_ok=True)


@STEADY
@given(trades, st.integers(0, 99))
def test_leaving_an_economy_out_is_the_same_as_not_having_it(trade: np.ndarray, seed: int) -> None:
    income = incomes(trade, seed)
    expected = prody(np.delete(trade, 0, axis=0), np.delete(income, 0))
    assert prody_without(trade, income, 0) == pytest.approx(expected, nan_ok=True)


@STEADY
@given(trades)
def test_world_shares_average_rca_to_one(trade: np.ndarray) -> None:
    trade = trade[trade.sum(axis=1) > 0][:, trade.sum(axis=0) > 0]
    if trade.size == 0 or not (trade.sum(axis=1) > 0).all():
        return
    shares = trade.sum(axis=1) / trade.sum()
    assert (shares[:, None] * rca(trade)).sum(axis=0) == pytest.approx(1.0, rel=1e-9)


@STEADY
@given(hnp.arrays(bool, st.tuples(st.integers(2, 6), st.integers(2, 6))), st.integers(0, 99))
def test_fitness_does_not_depend_on_the_order_of_economies(present: np.ndarray, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(present))
    one, two = fitness(present), fitness(present[order])
    if one.settled and two.settled:
        assert two.fitness == pytest.approx(one.fitness[order], abs=1e-9, nan_ok=True)


@STEADY
@given(hnp.arrays(float, st.integers(1, 30), elements=st.floats(-1e3, 1e3)), st.integers(0, 99))
def test_scaled_quality_lies_between_zero_and_one_and_keeps_the_order(quality: np.ndarray, seed: int) -> None:
    cell = np.random.default_rng(seed).integers(0, 3, len(quality))
    found = standardised(quality, cell)
    for code in range(3):
        inside = found[cell == code]
        if inside.size and np.isfinite(inside).all():
            assert inside.min() == 0
            assert inside.max() == 1
            assert np.all(np.diff(inside[np.argsort(quality[cell == code])]) >= 0)


@STEADY
@given(trades)
def test_presence_does_not_depend_on_the_unit_of_trade(trade: np.ndarray) -> None:
    # Powers of two leave every ratio as it is, so that no RCA crosses the threshold by rounding.
    assert np.array_equal(presence(rca(trade)), presence(rca(trade * 4)))
