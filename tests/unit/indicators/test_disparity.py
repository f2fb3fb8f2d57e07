"""Gaps and inequality against hand calculations and known limits."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citypanel.declare.indicators import parse_indicator
from citypanel.errors import DeclarationError, InputError
from citypanel.indicators.disparity import city_disparity, deviation, dyadic, gini, theil, theil_parts

BEIJING, TIANJIN, SHANGHAI, NANJING, SUZHOU = 110000, 120000, 310000, 320100, 320500
incomes = st.lists(st.floats(0.1, 1e6), min_size=2, max_size=12).map(np.array)


def options(**given_options: object):
    return parse_indicator("disparity", given_options, "test")


@pytest.fixture
def table(city_year) -> Path:  # type: ignore[no-untyped-def] # a writer
    y = {(BEIJING, 2010): 8.0, (SHANGHAI, 2010): 4.0, (NANJING, 2010): 2.0, (SUZHOU, 2010): 2.0, (TIANJIN, 2011): 3.0}
    people = {(BEIJING, 2010): 1.0, (SHANGHAI, 2010): 1.0, (NANJING, 2010): 2.0, (SUZHOU, 2010): 4.0}
    return city_year({"gdp_per_head_yuan": y, "population_wan": {**people, (TIANJIN, 2011): 1.0}})


def test_the_four_gaps_by_hand(table: Path) -> None:
    found = city_disparity(table, options()).set_index(["adcode", "year"])
    beijing, nanjing = found.loc[(BEIJING, 2010)], found.loc[(NANJING, 2010)]
    # The mean of 8, 4, 2, 2 is 4.
    assert beijing.deviation == pytest.approx(np.log(2))
    assert nanjing.deviation == pytest.approx(np.log(2))
    # ln(4/4) is 0 exactly; a relative tolerance around 0 would allow nothing.
    assert found.loc[(SHANGHAI, 2010)].deviation == pytest.approx(0, abs=1e-15)
    assert nanjing.frontier == pytest.approx(np.log(4))
    assert nanjing.relative == pytest.approx(0.75)
    assert nanjing.dyadic == pytest.approx((np.log(4) + np.log(2) + 0) / 3)


def test_people_weigh_the_mean_theil_and_gini(table: Path) -> None:
    found = city_disparity(table, options(population="population_wan")).set_index(["adcode", "year"])
    # Total income 8 + 4 + 4 + 8 = 24 among 8 people: a mean of 3.
    assert found.loc[(BEIJING, 2010)].deviation == pytest.approx(np.log(8 / 3))
    by_hand = 8 / 24 * np.log(8 / 3) + 4 / 24 * np.log(4 / 3) + 12 / 24 * np.log(2 / 3)
    assert found.loc[(BEIJING, 2010)].theil == pytest.approx(by_hand)
    # Within provinces there is no inequality: Nanjing and Suzhou have the same income. Absolute, as the value is 0.
    assert found.loc[(BEIJING, 2010)].theil_within == pytest.approx(0, abs=1e-15)
    pairs = 2 * (1 * 1 * 4 + 1 * 6 * 6 + 1 * 6 * 2) / 64
    assert found.loc[(BEIJING, 2010)].gini == pytest.approx(pairs / (2 * 3))


def test_a_city_alone_among_those_compared_has_no_gap_and_is_counted(table: Path) -> None:
    found = city_disparity(table, options(within="province"))
    by_city = found.set_index(["adcode", "year"]).deviation
    assert np.isnan(by_city.loc[(BEIJING, 2010)])
    assert by_city.loc[(SUZHOU, 2010)] == 0
    assert {"reason": "alone among the cities compared", "rows": 3} in found.attrs["accounting"]


def test_agglomerations_compare_their_members_only(table: Path) -> None:
    delta = options(within="agglomeration", clusters=["yangtze_delta_26", "beijing_tianjin_hebei"])
    found = city_disparity(table, delta).set_index(["adcode", "year"]).deviation
    assert found.loc[(SHANGHAI, 2010)] == pytest.approx(np.log(4 / (8 / 3)))
    assert np.isnan(found.loc[(BEIJING, 2010)])


def test_a_city_of_two_agglomerations_counts_in_the_first(table: Path) -> None:
    wide = options(within="agglomeration", clusters=["yangtze_delta_41", "yangtze_delta_26"])
    first = options(within="agglomeration", clusters=["yangtze_delta_41"])
    expected = city_disparity(table, first).deviation.tolist()
    assert city_disparity(table, wide).deviation.tolist() == pytest.approx(expected, nan_ok=True)


def test_an_agglomeration_that_the_register_lacks_is_named(table: Path) -> None:
    with pytest.raises(InputError, match="city cluster 'delta' is unknown; allowed: yangtze_delta_41"):
        city_disparity(table, options(within="agglomeration", clusters=["delta"]))


def test_an_index_of_growth_carries_the_first_year_on(city_year) -> None:  # type: ignore[no-untyped-def] # a writer
    y = {(BEIJING, 2010): 8.0, (SHANGHAI, 2010): 4.0, (BEIJING, 2011): 99.0, (SHANGHAI, 2011): 1.0}
    growth = {(BEIJING, 2011): 110.0, (SHANGHAI, 2011): 105.0}
    table = city_year({"gdp_per_head_yuan": y, "gdp_index": growth})
    found = city_disparity(table, options(growth_index="gdp_index")).set_index(["adcode", "year"])
    assert found.loc[(SHANGHAI, 2011)].frontier == pytest.approx(np.log(8.8 / 4.2))


def test_incomes_that_are_not_positive_are_left_out_and_counted(city_year) -> None:  # type: ignore[no-untyped-def] # a writer
    table = city_year({"light": {(BEIJING, 2010): 0.0, (SHANGHAI, 2010): 4.0, (NANJING, 2010): 2.0}})
    found = city_disparity(table, options(income="light"))
    assert len(found) == 2
    assert {"reason": "income or people missing or not positive", "rows": 1} in found.attrs["accounting"]


def test_a_variable_that_the_table_lacks_is_named_with_what_is_near(table: Path) -> None:
    with pytest.raises(InputError, match="has no variable 'gdp_per_head'; did you mean 'gdp_per_head_yuan'"):
        city_disparity(table, options(income="gdp_per_head"))


@pytest.mark.parametrize(
    ("given_options", "message"),
    [
        ({"within": "agglomeration"}, "clusters and within: agglomeration need each other"),
        ({"clusters": "yangtze_delta_26"}, "clusters and within: agglomeration need each other"),
        ({"income": "gdp /"}, "income: formula 'gdp /'"),
        ({"form": "ratio"}, "allowed: 'deviation'"),
    ],
)
def test_wrong_options_are_one_line(given_options: dict[str, object], message: str) -> None:
    with pytest.raises(DeclarationError, match="test, ") as caught:
        options(**given_options)
    assert message in str(caught.value)


def test_only_the_frontier_carries_its_caution() -> None:
    assert options().caution is None
    assert "regression of ln y with the opposite sign" in options(form="frontier").caution.en
    assert "省份-年份" in options(form="frontier", within="province").caution.zh


@given(incomes, st.floats(0.01, 100))
def test_gaps_and_inequality_do_not_know_the_unit(y: np.ndarray, unit: float) -> None:
    people = np.arange(1.0, len(y) + 1)
    assert deviation(y * unit, people) == pytest.approx(deviation(y, people), abs=1e-9)
    assert dyadic(y * unit) == pytest.approx(dyadic(y), abs=1e-9)
    assert theil(y * unit, people) == pytest.approx(theil(y, people), abs=1e-9)
    assert gini(y * unit, people) == pytest.approx(gini(y, people), abs=1e-9)


@given(incomes)
def test_theil_is_the_sum_of_its_parts_and_lies_between_its_limits(y: np.ndarray) -> None:
    people = np.arange(1.0, len(y) + 1)
    whole = theil(y, people)
    between, within = theil_parts(y, people, np.arange(len(y)) % 3)
    assert between + within == pytest.approx(whole, abs=1e-9)
    assert -1e-12 <= whole <= np.log(people.sum() / people.min()) + 1e-12
    assert -1e-12 <= gini(y, people) < 1


def test_one_owner_among_many_is_the_limit_of_theil_and_gini() -> None:
    y, people = np.array([1.0] + [1e-12] * 9), np.ones(10)
    assert theil(y, people) == pytest.approx(np.log(10))
    assert gini(y, people) == pytest.approx(0.9)


@given(incomes)
def test_inequality_is_the_same_for_a_city_and_for_two_halves_of_it(y: np.ndarray) -> None:
    people = np.arange(1.0, len(y) + 1)
    halves = np.concatenate([[people[0] / 2, people[0] / 2], people[1:]])
    split = np.concatenate([[y[0], y[0]], y[1:]])
    assert theil(split, halves) == pytest.approx(theil(y, people), abs=1e-9)
    assert gini(split, halves) == pytest.approx(gini(y, people), abs=1e-9)
