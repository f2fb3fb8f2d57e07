"""Demand residuals, instruments and scaling on cases with a known answer."""

import numpy as np
import pytest

from citypanel.indicators.demand import (
    by_product_2sls,
    demand_residual,
    inside_shares,
    price_elsewhere,
    standardised,
)


def test_the_residual_is_what_dummies_leave() -> None:
    draw = np.random.default_rng(0)
    product, cell = draw.integers(0, 5, 200), draw.integers(0, 12, 200)
    q, p, sigma = draw.normal(size=200), draw.normal(size=200), np.array([2.0, 3, 4, 5, 6])[product]
    dummies = np.column_stack([np.eye(5)[product], np.eye(12)[cell]])
    y = q + sigma * p
    expected = y - dummies @ np.linalg.lstsq(dummies, y, rcond=None)[0]
    assert demand_residual(q, p, sigma, product, cell) == pytest.approx(expected, abs=1e-12)


def test_the_price_elsewhere_is_the_mean_of_the_other_destinations() -> None:
    price = np.array([1.0, 2.0, 6.0, 9.0])
    found = price_elsewhere(price, np.array([0, 0, 0, 1]), np.array([0, 1, 2, 0]))
    assert found == pytest.approx([4.0, 3.5, 1.5, np.nan], nan_ok=True)
    with pytest.raises(ValueError, match="must be collapsed"):
        price_elsewhere(price, np.array([0, 0, 0, 1]), np.array([0, 1, 1, 0]))


def test_a_known_sigma_is_found_where_price_and_demand_are_correlated() -> None:
    draw = np.random.default_rng(1)
    n = 60_000
    product, cell = np.arange(n) % 2, np.arange(n) % 40
    sigma = np.array([2.5, 6.0])[product]
    cost, quality = draw.normal(size=n), draw.normal(size=n)
    price = cost + 0.5 * quality
    quantity = quality - sigma * price + np.sin(cell)
    found = by_product_2sls(quantity, price, cost + 0.5 * draw.normal(size=n), product, cell)
    assert found.sigma == pytest.approx([2.5, 6.0], abs=0.05)
    assert found.flows.tolist() == [n // 2, n // 2]


def test_a_product_without_variation_inside_its_cells_is_not_identified() -> None:
    found = by_product_2sls(*np.arange(9.0).reshape(3, 3), np.zeros(3, dtype=int), np.arange(3))
    assert np.isnan(found.sigma).tolist() == [True]


def test_scaling_runs_from_zero_to_one_and_leaves_cells_of_one_value_out() -> None:
    found = standardised(np.array([1.0, 3.0, 2.0, 7.0, 5.0, 5.0]), np.array([0, 0, 0, 1, 2, 2]))
    assert found == pytest.approx([0, 1, 0.5, np.nan, np.nan, np.nan], nan_ok=True)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.1, 0.9), (0.25, 0.75)])
def test_trimming_uses_the_quantiles_of_each_cell(low: float, high: float) -> None:
    draw = np.random.default_rng(2)
    quality, cell = draw.normal(size=300), draw.integers(0, 4, 300)
    expected = np.zeros(300, dtype=bool)
    for code in range(4):
        inside = quality[cell == code]
        edges = np.quantile(inside, [low, high])
        expected[cell == code] = (inside >= edges[0]) & (inside <= edges[1])
    assert inside_shares(quality, cell, low, high).tolist() == expected.tolist()
