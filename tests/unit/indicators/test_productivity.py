"""Capital, Solow residuals and Malmquist indices against hand calculations, closed forms and direct programmes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from citypanel.declare.indicators import parse_indicator
from citypanel.errors import DeclarationError, InputError
from citypanel.indicators.frontier import largest_output, malmquist, spanning
from citypanel.indicators.productivity import capital_stock, city_productivity

SHANGHAI, NANJING, SUZHOU = 310000, 320100, 320500
YEARS = (2010, 2011, 2012)


def options(**given_options: object):
    return parse_indicator("productivity", given_options, "test")


def test_capital_is_the_perpetual_inventory_by_hand() -> None:
    # Investment grows by 10% a year: K of the first year is 10 / (0.1 + 0.1) = 50, and grows by 10% from then on.
    flows = pd.DataFrame([[10.0, 11.0, 12.1]], columns=YEARS)
    assert capital_stock(flows, 0.1).to_numpy() == pytest.approx(np.array([[50.0, 56.0, 62.5]]))
    # 0.9 * 50 + 11 = 56; 0.9 * 56 + 12.1 = 62.5.
    assert capital_stock(flows, 0.1, first_stock=0.1).to_numpy() == pytest.approx(np.array([[100.0, 101.0, 103.0]]))


def test_capital_is_missing_from_the_first_missing_investment_on() -> None:
    flows = pd.DataFrame([[10.0, np.nan, 12.1], [1.0, 1.0, 1.0]], columns=YEARS)
    stock = capital_stock(flows, 0.1)
    assert np.isnan(stock.to_numpy()[0, 1:]).all()
    assert stock.to_numpy()[1] == pytest.approx([10, 10, 10])


def cells(values: dict[int, list[float]]) -> dict[tuple[int, int], float]:
    return {(code, year): value for code, row in values.items() for year, value in zip(YEARS, row, strict=True)}


@pytest.fixture
def table(city_year):  # type: ignore[no-untyped-def] # a writer
    return city_year(
        {
            "gdp_wan": cells({SHANGHAI: [100, 120, 150], NANJING: [50, 50, 60], SUZHOU: [60, 70, 80]}),
            "employed_wan": cells({SHANGHAI: [10, 10, 11], NANJING: [8, 8, 8], SUZHOU: [9, 9, 10]}),
            "fixed_investment_wan": cells({SHANGHAI: [20, 24, 30], NANJING: [9, 11, 12], SUZHOU: [10, 14, 16]}),
            "wages_wan": cells({SHANGHAI: [40, 48, 60], NANJING: [30, 20, 36], SUZHOU: [30, 35, 40]}),
            "gdp_index": cells({SHANGHAI: [108, 110, 120], NANJING: [107, 100, 110], SUZHOU: [106, 110, 105]}),
            "price": cells({SHANGHAI: [103, 102, 105], NANJING: [103, 102, 105], SUZHOU: [103, 102, 105]}),
        }
    )


def test_the_solow_residual_by_hand(table) -> None:  # type: ignore[no-untyped-def]
    found = city_productivity(table, options(alpha=0.4, first_stock=0.2)).set_index(["adcode", "year"])
    capital = 0.904 * (20 / 0.2) + 24
    assert found.loc[(SHANGHAI, 2011)].capital == pytest.approx(capital)
    expected = np.log(120) - 0.4 * np.log(capital) - 0.6 * np.log(10)
    assert found.loc[(SHANGHAI, 2011)].tfp == pytest.approx(expected)


def test_the_cost_share_of_labour_is_the_mean_over_a_citys_years(table) -> None:  # type: ignore[no-untyped-def]
    found = city_productivity(table, options(labour_share="wages_wan / gdp_wan")).set_index(["adcode", "year"])
    row = found.loc[(NANJING, 2010)]
    share = (30 / 50 + 20 / 50 + 36 / 60) / 3
    assert row.tfp == pytest.approx(np.log(50) - (1 - share) * np.log(row.capital) - share * np.log(8))
    with pytest.raises(InputError, match="labour_share 'gdp_wan / wages_wan': found a mean of 2.5 in 310000"):
        city_productivity(table, options(labour_share="gdp_wan / wages_wan"))


def test_real_output_and_prices_of_investment_are_chained_from_the_first_year(table) -> None:  # type: ignore[no-untyped-def]
    chosen = options(output_index="gdp_index", investment_price="price", first_stock=0.2, alpha=0.5)
    row = city_productivity(table, chosen).set_index(["adcode", "year"]).loc[(SHANGHAI, 2012)]
    capital = (0.904 * 0.904 * 100) + 0.904 * 24 / 1.02 + 30 / (1.02 * 1.05)
    assert row.capital == pytest.approx(capital)
    assert row.tfp == pytest.approx(np.log(100 * 1.1 * 1.2) - 0.5 * np.log(capital) - 0.5 * np.log(11))


def random_panel(seed: int, years: int = 3, cities: int = 8) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    inputs = np.exp(rng.normal(0, 0.7, (years, cities, 2)))
    output = np.exp(0.5 * np.log(inputs).sum(axis=2) - np.abs(rng.normal(0, 0.3, (years, cities))))
    return inputs, output


def direct(x: np.ndarray, inputs: np.ndarray, output: np.ndarray) -> float:
    """Return the primal programme of Charnes, Cooper and Rhodes: the best mix of cities within the inputs."""
    solved = linprog(-output, A_ub=inputs.T, b_ub=x, bounds=(0, None), method="highs")
    return -float(solved.fun)


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_the_largest_output_is_that_of_the_primal_programme(seed: int) -> None:
    inputs, output = random_panel(seed, years=2, cities=30)
    found = largest_output(inputs[1], spanning(inputs[0], output[0]))
    expected = [direct(x, inputs[0], output[0]) for x in inputs[1]]
    assert found == pytest.approx(expected, rel=1e-7)


def test_with_one_input_efficiency_is_output_per_input_over_the_best() -> None:
    inputs, output = np.array([[1.0], [2.0], [4.0]]), np.array([1.0, 4.0, 2.0])
    assert output / largest_output(inputs, spanning(inputs, output)) == pytest.approx([0.5, 1.0, 0.25])


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_productivity_change_is_efficiency_change_times_technical_change(seed: int) -> None:
    found = malmquist(*random_panel(seed))
    assert found["change"] == pytest.approx(found["efficiency_change"] * found["technical_change"], rel=1e-9)
    assert (found["efficiency"] <= 1 + 1e-9).all()
    assert found["efficiency"].max(axis=1) == pytest.approx(np.ones(3), rel=1e-9)


def test_a_technology_that_only_scales_up_is_technical_change_alone() -> None:
    inputs, output = random_panel(5, years=1)
    found = malmquist(np.stack([inputs[0], inputs[0]]), np.stack([output[0], 1.1 * output[0]]))
    assert found["technical_change"] == pytest.approx(np.full((1, 8), 1.1), rel=1e-7)
    assert found["efficiency_change"] == pytest.approx(np.ones((1, 8)), rel=1e-7)


def test_one_city_that_catches_up_changes_its_efficiency_alone() -> None:
    inputs, output = random_panel(7, years=1)
    behind = int(np.argmin(malmquist(np.stack([inputs[0]] * 2), np.stack([output[0]] * 2))["efficiency"][0]))
    later = output[0].copy()
    later[behind] *= 1.02
    found = malmquist(np.stack([inputs[0]] * 2), np.stack([output[0], later]))
    assert found["efficiency_change"][0, behind] == pytest.approx(1.02, rel=1e-7)
    assert np.delete(found["change"][0], behind) == pytest.approx(np.ones(7), rel=1e-7)


@given(st.integers(0, 10_000), st.floats(1e-4, 1e6), st.floats(1e-4, 1e6))
@settings(max_examples=15, deadline=None)
def test_units_of_measurement_do_not_matter(seed: int, of_inputs: float, of_output: float) -> None:
    inputs, output = random_panel(seed, years=2)
    scaled = malmquist(inputs * np.array([of_inputs, 1.0]), output * of_output)
    assert scaled["change"] == pytest.approx(malmquist(inputs, output)["change"], rel=1e-6)


def test_malmquist_sums_logs_from_the_first_year_and_leaves_out_cities_with_gaps(city_year) -> None:  # type: ignore[no-untyped-def]
    output = {SHANGHAI: [100, 120, 150], NANJING: [50, 50, 60], SUZHOU: [60, 70, 80], 330100: [1, 1, 1]}
    labour = {SHANGHAI: [10, 10, 11], NANJING: [8, 8, 8], SUZHOU: [9, 9, 10], 330100: [1, 0, 1]}
    investment = {SHANGHAI: [20, 24, 30], NANJING: [9, 11, 12], SUZHOU: [10, 14, 16], 330100: [1, 1, 1]}
    values = {"gdp_wan": output, "employed_wan": labour, "fixed_investment_wan": investment}
    table = city_year({name: cells(given_values) for name, given_values in values.items()})
    found = city_productivity(table, options(method="malmquist")).set_index(["adcode", "year"])
    assert set(found.index.get_level_values("adcode")) == {SHANGHAI, NANJING, SUZHOU}
    shanghai = found.loc[SHANGHAI]
    assert shanghai.tfp.tolist() == pytest.approx([0, *np.cumsum(np.log(shanghai.change[1:]))])
    assert {"reason": "with productivity", "rows": 9} in found.attrs["accounting"]


@pytest.mark.parametrize(
    ("given_options", "message"),
    [
        ({"index": "change"}, "index: change belongs to method: malmquist"),
        ({"method": "malmquist", "alpha": 0.3}, "alpha and labour_share belong to method: solow"),
        ({"depreciation": 1.5}, "key 'depreciation' is 1.5"),
        ({"labour": "a b"}, "labour: formula 'a b'"),
    ],
)
def test_wrong_options_are_one_line(given_options: dict[str, object], message: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        options(**given_options)
    assert message in str(caught.value)
