"""Krugman's index by hand and at its limits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citypanel.declare.indicators import parse_indicator
from citypanel.errors import InputError
from citypanel.indicators.specialisation import city_specialisation, krugman, pairwise

SHANGHAI, NANJING, SUZHOU = 310000, 320100, 320500
SECTORS = ["employment_mining", "employment_finance"]


def options(**given_options: object):
    return parse_indicator("specialisation", {"sectors": SECTORS, **given_options}, "test")


def test_krugman_and_pairs_by_hand() -> None:
    employment = np.array([[30.0, 10.0], [10.0, 10.0], [0.0, 40.0]])
    # Shares of the first sector .75, .5, 0; of the whole .4. Two sectors count every difference twice.
    assert krugman(employment) == pytest.approx([0.7, 0.2, 0.8])
    assert pairwise(employment) == pytest.approx([(0.5 + 1.5) / 2, (0.5 + 1.0) / 2, (1.5 + 1.0) / 2])


@given(st.integers(0, 10_000), st.floats(0.01, 100))
def test_the_index_lies_between_0_and_2_and_knows_no_unit(seed: int, unit: float) -> None:
    employment = np.random.default_rng(seed).uniform(0.1, 5, (6, 4))
    found = krugman(employment)
    assert ((found >= 0) & (found < 2)).all()
    # The unit cancels in each share; the index is below 2, so only rounding is left.
    assert krugman(unit * employment) == pytest.approx(found, abs=1e-12)


def test_equal_structures_have_none_and_disjoint_ones_reach_two() -> None:
    assert krugman(np.array([[1.0, 2.0], [10.0, 20.0]])) == pytest.approx([0, 0])
    assert pairwise(np.array([[1.0, 0.0], [0.0, 20.0]])) == pytest.approx([2, 2])


def test_cities_without_all_sectors_are_left_out_and_counted(city_year) -> None:  # type: ignore[no-untyped-def]
    mining = {(SHANGHAI, 2010): 30.0, (NANJING, 2010): 10.0, (SUZHOU, 2010): 0.0}
    finance = {(SHANGHAI, 2010): 10.0, (NANJING, 2010): 10.0}
    found = city_specialisation(city_year(dict(zip(SECTORS, (mining, finance), strict=True))), options())
    assert found.adcode.tolist() == [SHANGHAI, NANJING]
    assert found.krugman.tolist() == pytest.approx(krugman(np.array([[30.0, 10.0], [10.0, 10.0]])))
    assert {"reason": "without all 2 sectors", "rows": 1} in found.attrs["accounting"]


def test_within_a_province_cities_are_compared_with_its_sum(city_year) -> None:  # type: ignore[no-untyped-def]
    mining = {(SHANGHAI, 2010): 30.0, (NANJING, 2010): 10.0, (SUZHOU, 2010): 0.0}
    finance = {(SHANGHAI, 2010): 10.0, (NANJING, 2010): 10.0, (SUZHOU, 2010): 40.0}
    table = city_year(dict(zip(SECTORS, (mining, finance), strict=True)))
    found = city_specialisation(table, options(within="province")).set_index("adcode")
    assert found.krugman[SHANGHAI] == 0
    assert found.krugman[[NANJING, SUZHOU]].tolist() == pytest.approx(krugman(np.array([[10.0, 10.0], [0.0, 40.0]])))


def test_negative_employment_is_refused(city_year) -> None:  # type: ignore[no-untyped-def]
    table = city_year({name: {(SHANGHAI, 2010): -1.0} for name in SECTORS})
    with pytest.raises(InputError, match="city 310000 in 2010 has negative employment"):
        city_specialisation(table, options())
