"""PRODY and EXPY on an example small enough for paper."""

import numpy as np
import pytest

from citypanel.indicators.prody import (
    MissingProductError,
    expy,
    expy_with_coverage,
    prody,
    prody_without,
)

# Two economies: shares (1/4, 3/4) and (1/2, 1/2), incomes 10 and 40.
TRADE = np.array([[1.0, 3.0], [10.0, 10.0]])
INCOME = np.array([10.0, 40.0])


def test_prody_weighs_incomes_by_shares_of_shares() -> None:
    # (1/4 * 10 + 1/2 * 40) / (3/4) = 30 and (3/4 * 10 + 1/2 * 40) / (5/4) = 22
    assert prody(TRADE, INCOME) == pytest.approx([30.0, 22.0], rel=1e-14)


def test_raw_weights_are_comparative_advantages_that_are_not_divided_by_their_sum() -> None:
    # World shares 11/24 and 13/24; RCA of product 1: (1/4)/(11/24) = 6/11 and 12/11.
    by_hand = [6 / 11 * 10 + 12 / 11 * 40, 18 / 13 * 10 + 12 / 13 * 40]
    assert prody(TRADE, INCOME, "raw") == pytest.approx(by_hand, rel=1e-14)


def test_an_economy_without_income_is_removed_before_the_shares_are_formed() -> None:
    trade = np.vstack([TRADE, [5.0, 0.0], [0.0, 0.0]])
    for income in (np.nan, 0.0):
        assert prody(trade, np.array([10.0, 40.0, income, 7.0])) == pytest.approx([30.0, 22.0], rel=1e-14)


def test_a_product_that_only_an_economy_without_income_exports_has_no_prody() -> None:
    trade = np.column_stack([np.vstack([TRADE, [5.0, 0.0]]), [0.0, 0.0, 4.0]])
    assert np.isnan(prody(trade, np.array([10.0, 40.0, np.nan]))[2])


def test_leaving_the_own_economy_out_leaves_the_incomes_of_the_others() -> None:
    assert prody_without(TRADE, INCOME, 0) == pytest.approx([40.0, 40.0], rel=1e-14)
    assert prody_without(TRADE, INCOME, 1) == pytest.approx([10.0, 10.0], rel=1e-14)


def test_a_product_of_the_own_economy_alone_has_no_prody_without_it() -> None:
    trade = np.array([[1.0, 1.0], [2.0, 0.0]])
    assert np.isnan(prody_without(trade, INCOME, 0)[1])


def test_expy_is_the_share_weighted_mean() -> None:
    baskets = np.array([[1.0, 1.0], [0.0, 5.0], [0.0, 0.0]])
    assert expy(baskets, np.array([30.0, 22.0])) == pytest.approx([26.0, 22.0, np.nan], nan_ok=True)


def test_expy_refuses_exports_without_prody() -> None:
    with pytest.raises(MissingProductError, match="columns 1 "):
        expy(np.array([[1.0, 1.0]]), np.array([30.0, np.nan]))


def test_uncovered_products_lower_the_coverage_and_leave_the_shares_summing_to_one() -> None:
    level, coverage = expy_with_coverage(np.array([[1.0, 3.0, 4.0], [0.0, 0.0, 1.0]]), np.array([30.0, 22.0, np.nan]))
    assert level == pytest.approx([24.0, np.nan], nan_ok=True)
    assert coverage == pytest.approx([0.5, 0.0])
