"""Market segmentation by hand and by its invariances."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citypanel.declare.indicators import parse_indicator
from citypanel.errors import DeclarationError, InputError
from citypanel.indicators.integration import city_integration, segmentation

BEIJING, SHANGHAI, NANJING, SUZHOU = 110000, 310000, 320100, 320500
PRICES = ["price_grain", "price_fuels"]


def options(**given_options: object):
    return parse_indicator("integration", {"prices": PRICES, **given_options}, "test")


def everyone(count: int) -> np.ndarray:
    return np.ones((count, count), dtype=bool)


def test_segmentation_of_three_places_and_two_categories_by_hand() -> None:
    prices = np.array([[0.0, 0.0], [0.1, 0.0], [0.3, 0.2]])
    # |dQ| of the pairs 12, 13, 23: first category .1 .3 .2 (mean .2), second 0 .2 .2 (mean 4/30).
    first, second = np.array([0.1, 0.3, 0.2]) - 0.2, np.array([0, 0.2, 0.2]) - 0.4 / 3
    variance = (first - second) ** 2 / 2  # of two numbers, divisor one
    expected = [(variance[0] + variance[1]) / 2, (variance[0] + variance[2]) / 2, (variance[1] + variance[2]) / 2]
    assert segmentation(prices, everyone(3)) == pytest.approx(expected)


def test_only_partners_count() -> None:
    prices = np.array([[0.0, 0.0], [0.1, 0.0], [0.3, 0.2]])
    partners = np.zeros((3, 3), dtype=bool)
    partners[0, 1] = partners[1, 0] = partners[0, 2] = True
    first, second = np.array([0.1, 0.3]) - 0.2, np.array([0, 0.2]) - 0.1
    variance = (first - second) ** 2 / 2
    found = segmentation(prices, partners)
    assert found[:2] == pytest.approx([variance.mean(), variance[0]])
    assert np.isnan(found[2])


@given(st.integers(0, 10_000), st.floats(-0.5, 0.5))
def test_a_price_change_common_to_all_places_is_no_segmentation(seed: int, common: float) -> None:
    prices = np.random.default_rng(seed).normal(0, 0.05, (6, 4))
    moved = prices + np.array([common, 0.0, 0.0, -common])
    assert segmentation(moved, everyone(6)) == pytest.approx(segmentation(prices, everyone(6)), rel=1e-9)


@given(st.integers(0, 10_000), st.floats(0.1, 10))
def test_segmentation_grows_with_the_square_of_relative_prices(seed: int, factor: float) -> None:
    prices = np.random.default_rng(seed).normal(0, 0.05, (6, 4))
    expected = factor**2 * segmentation(prices, everyone(6))
    assert segmentation(factor * prices, everyone(6)) == pytest.approx(expected, rel=1e-9)


def indices(rows: dict[int, tuple[float, float]], year: int = 2010) -> dict[str, dict[tuple[int, int], float]]:
    return {
        name: {(code, year): values[at] for code, values in rows.items() if values[at]}
        for at, name in enumerate(PRICES)
    }


def test_indices_are_read_as_the_previous_year_is_100(city_year) -> None:  # type: ignore[no-untyped-def] # a writer
    rows = {SHANGHAI: (100, 100), NANJING: (110, 100), SUZHOU: (130, 120), BEIJING: (105, 0)}
    found = city_integration(city_year(indices(rows)), options()).set_index("adcode")
    logs = np.log(np.array([rows[code] for code in (SHANGHAI, NANJING, SUZHOU)]) / 100)
    expected = segmentation(logs, everyone(3))
    assert found.loc[[SHANGHAI, NANJING, SUZHOU], "segmentation"].tolist() == pytest.approx(expected)
    assert found.loc[NANJING, "integration"] == pytest.approx(expected[1] ** -0.5)
    assert BEIJING not in found.index
    assert {"reason": "city-years without all 2 categories", "rows": 1} in found.attrs["accounting"]


def test_partners_of_the_same_province_or_the_nearest(city_year) -> None:  # type: ignore[no-untyped-def] # a writer
    rows = {SHANGHAI: (100, 100), NANJING: (110, 100), SUZHOU: (130, 120), BEIJING: (105, 90)}
    table = city_year(indices(rows))
    province = city_integration(table, options(partners="province")).set_index("adcode").segmentation
    assert province[NANJING] == province[SUZHOU]
    assert np.isnan(province[BEIJING])
    nearest = city_integration(table, options(partners="nearest", nearest=1)).set_index("adcode").segmentation
    # Suzhou and Shanghai are each other's nearest, Nanjing's is Suzhou, Beijing's is Nanjing.
    assert nearest[SUZHOU] == pytest.approx(nearest[SHANGHAI])
    assert nearest[NANJING] != pytest.approx(nearest[SUZHOU])


def test_provincial_prices_give_all_cities_of_a_province_one_value(city_year) -> None:  # type: ignore[no-untyped-def]
    rows = {SHANGHAI: (100, 100), NANJING: (110, 100), SUZHOU: (110, 100), BEIJING: (105, 90)}
    found = city_integration(city_year(indices(rows)), options(level="province")).set_index("adcode").segmentation
    logs = np.log(np.array([(100, 100), (110, 100), (105, 90)]) / 100)
    assert found[[SHANGHAI, NANJING, BEIJING]].tolist() == pytest.approx(segmentation(logs, everyone(3)))
    assert found[SUZHOU] == found[NANJING]


def test_an_index_that_is_not_positive_is_refused(city_year) -> None:  # type: ignore[no-untyped-def] # a writer
    with pytest.raises(InputError, match="city 310000 in 2010 has an index that is not positive"):
        city_integration(city_year(indices({SHANGHAI: (-1, 100), NANJING: (100, 100)})), options())


def test_provinces_are_no_partners_of_provinces_in_themselves() -> None:
    with pytest.raises(DeclarationError, match="with level: province take all or nearest"):
        options(level="province", partners="province")
