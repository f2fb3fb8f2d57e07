"""City sophistication from canonical tables, on five exports that a reader can check."""

from pathlib import Path

import pandas as pd
import pytest

from citypanel.canonical import Origin, write_table
from citypanel.declare.indicators import SophisticationOptions
from citypanel.errors import InputError
from citypanel.indicators.city import city_indicator
from citypanel.indicators.prody import MissingProductError
from citypanel.indicators.sophistication import city_sophistication

SUZHOU, HANGZHOU = 320500, 330100


def flow(hs8: str, year: int, producing: int | None, registered: int | None, value: float) -> dict[str, object]:
    return {
        "firm": "3205910001", "firm_name": None, "hs8": hs8, "hs_revision": "2012", "destination": "USA",
        "year": year, "month": None, "city_registered": registered, "city_producing": producing,
        "value_usd": value, "quantity": 1.0, "unit": "千克", "regime": None, "ownership": None,
        "source_file": "a.csv", "source_row": 2,
    }  # fmt: skip


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    rows = [
        flow("01012100", 2012, SUZHOU, HANGZHOU, 30.0),
        flow("01012900", 2012, SUZHOU, HANGZHOU, 10.0),
        flow("85171200", 2012, SUZHOU, SUZHOU, 60.0),
        flow("85171200", 2013, HANGZHOU, None, 5.0),
        flow("99999900", 2013, HANGZHOU, HANGZHOU, 15.0),
        flow("85171200", 2013, None, SUZHOU, 7.0),
    ]
    write_table(pd.DataFrame(rows), tmp_path / "exports.parquet", "exports", origin=Origin())
    return tmp_path / "exports.parquet"


@pytest.fixture
def world(tmp_path: Path) -> Path:
    # HS2 shares: CHN 1/4 and 3/4, DEU 1/2 and 1/2, incomes 10 and 40; PRK has no income.
    rows = [
        ("CHN", "010121", 1.0, 10.0), ("CHN", "851712", 3.0, 10.0), ("DEU", "010121", 4.0, 40.0),
        ("DEU", "010129", 6.0, 40.0), ("DEU", "851712", 10.0, 40.0), ("PRK", "010121", 9.0, None),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["exporter", "hs", "value", "gdp_per_head"]).assign(year=2012)
    frame = frame.assign(source_file="w.csv", source_row=2)
    write_table(frame, tmp_path / "world.parquet", "world_trade", origin=Origin())
    return tmp_path / "world.parquet"


def test_city_years_hold_the_weighted_prody_and_its_coverage(exports: Path, world: Path) -> None:
    found = city_sophistication(exports, world, SophisticationOptions(level="hs2"))
    assert list(found.columns) == ["adcode", "year", "sophistication", "coverage"]
    # PRODY 30 and 22: Suzhou 0.4 * 30 + 0.6 * 22; Hangzhou 22 on a quarter of its exports.
    assert found.to_numpy().tolist() == [
        [SUZHOU, 2012, pytest.approx(25.2), 1.0],
        [HANGZHOU, 2013, pytest.approx(22.0), 0.25],
    ]


def test_every_row_and_dollar_is_accounted_for(exports: Path, world: Path) -> None:
    found = city_sophistication(exports, world, SophisticationOptions(level="hs2"))
    rows = {line["reason"]: (line["rows"], line["value"]) for line in found.attrs["accounting"]}
    assert rows["read"] == (6, 127.0)
    assert rows["city unmapped"] == (1, 7.0)
    assert rows["product without PRODY"] == (1, 15.0)
    assert rows["kept"] == (4, 105.0)
    assert rows["reference economies"] == (3, None)
    assert rows["reference economies without income"] == (1, None)


def test_the_registered_city_is_an_option(exports: Path, world: Path) -> None:
    options = SophisticationOptions(level="hs2", place="registered")
    found = city_sophistication(exports, world, options).set_index(["adcode", "year"])["sophistication"]
    assert found.loc[(HANGZHOU, 2012)] == pytest.approx(30.0)
    assert found.loc[(SUZHOU, 2013)] == pytest.approx(22.0)


def test_hs4_and_hs6_are_finer_products(exports: Path, world: Path) -> None:
    # At six digits 010129 is German alone, so its PRODY is the German income.
    found = city_sophistication(exports, world, SophisticationOptions(level="hs6"))
    live = (1 / 4 * 10 + 1 / 5 * 40) / (1 / 4 + 1 / 5)
    assert found["sophistication"].iloc[0] == pytest.approx(0.3 * live + 0.1 * 40 + 0.6 * 22)
    hs4 = city_sophistication(exports, world, SophisticationOptions(level="hs4"))
    assert hs4["sophistication"].iloc[0] == pytest.approx(25.2)


def test_leaving_the_home_economy_out_leaves_the_german_income(exports: Path, world: Path) -> None:
    found = city_sophistication(exports, world, SophisticationOptions(level="hs2", leave_own_out=True))
    assert found["sophistication"].to_numpy() == pytest.approx([40.0, 40.0])


def test_yearly_prody_leaves_years_without_world_trade_uncovered(exports: Path, world: Path) -> None:
    found = city_sophistication(exports, world, SophisticationOptions(level="hs2", prody="yearly"))
    assert found["coverage"].tolist() == [1.0, 0.0]
    assert found["sophistication"].isna().tolist() == [False, True]


def test_refusing_missing_products_names_them(exports: Path, world: Path) -> None:
    with pytest.raises(MissingProductError, match="products 99 are exported in 2013"):
        city_sophistication(exports, world, SophisticationOptions(level="hs2", missing_products="refuse"))


def test_cities_as_their_own_reference_need_incomes(exports: Path, world: Path) -> None:
    options = SophisticationOptions(level="hs2", reference="city")
    with pytest.raises(InputError, match="needs incomes by adcode and year"):
        city_sophistication(exports, world, options)
    incomes = pd.DataFrame({"adcode": [SUZHOU, HANGZHOU], "year": [2012, 2013], "income": [9.0, 6.0]})
    found = city_sophistication(exports, world, options, incomes)
    # Chapter 85: shares 0.6 and 0.25 of the two cities' baskets; chapters 01 and 99 belong to one city each.
    phones = (0.6 * 9 + 0.25 * 6) / 0.85
    assert found["sophistication"].to_numpy() == pytest.approx([0.4 * 9 + 0.6 * phones, 0.25 * phones + 0.75 * 6])


def test_a_province_is_the_sum_of_its_cities(exports: Path, world: Path) -> None:
    options = SophisticationOptions(level="hs2", reference="province", leave_own_out=True)
    incomes = pd.DataFrame({"adcode": [320000, 330000], "year": [2012, 2013], "income": [9.0, 6.0]})
    found = city_sophistication(exports, world, options, incomes)
    assert found["sophistication"].to_numpy() == pytest.approx([6.0, 9.0])
    assert found["coverage"].to_numpy() == pytest.approx([0.6, 0.25])


def test_base_years_outside_the_reference_are_refused(exports: Path, world: Path) -> None:
    with pytest.raises(InputError, match="base_years 1998-2000: the reference trade has 2012-2012"):
        city_sophistication(exports, world, SophisticationOptions(base_years=(1998, 2000)))


def test_leaving_out_a_home_that_does_not_export_is_refused(exports: Path, world: Path) -> None:
    with pytest.raises(InputError, match="home 'XXX' is not among the exporters"):
        city_sophistication(exports, world, SophisticationOptions(leave_own_out=True, home="XXX"))


def test_a_fixed_prody_uses_only_years_in_which_an_economy_has_trade_and_income(exports: Path, tmp_path: Path) -> None:
    rows = [
        ("CHN", "010121", 2012, 1.0, 10.0), ("CHN", "851712", 2012, 3.0, 10.0),
        ("CHN", "851712", 2013, 900.0, None),
        ("DEU", "010121", 2012, 5.0, 30.0), ("DEU", "851712", 2013, 5.0, 50.0),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["exporter", "hs", "year", "value", "gdp_per_head"])
    frame = frame.assign(source_file="w.csv", source_row=2)
    write_table(frame, tmp_path / "two.parquet", "world_trade", origin=Origin())
    found = city_sophistication(exports, tmp_path / "two.parquet", SophisticationOptions(level="hs2"))
    # Chinese 2013 stays out (no income); Germany's mean income is 40 with shares of one half.
    assert found["sophistication"].iloc[0] == pytest.approx(25.2)


@pytest.mark.parametrize(("reference", "incomes"), [("city", (9.0, 6.0)), ("province", (9.5, 6.0))])
def test_incomes_of_places_come_from_the_yearbook_table(
    reference: str, incomes: tuple[float, float], exports: Path, world: Path, tmp_path: Path
) -> None:
    values = [(SUZHOU, 2012, 90.0, 10.0), (320100, 2012, 100.0, 10.0), (HANGZHOU, 2013, 60.0, 10.0)]
    rows = [
        {"adcode": city, "year": year, "variable": name, "value": value}
        for city, year, gdp, people in values
        for name, value in (("gdp_wan", gdp), ("population_wan", people))
    ]
    rows.append({"adcode": 320200, "year": 2012, "variable": "gdp_wan", "value": 1e9})
    yearbook = pd.DataFrame(rows).assign(unit="", source="a.xlsx", source_row=2, interpolated=False)
    write_table(yearbook, tmp_path / "y.parquet", "city_year", origin=Origin())
    tables = {"exports": exports, "world_trade": world, "city_year": tmp_path / "y.parquet"}
    options = SophisticationOptions.model_validate({"level": "hs2", "reference": reference})
    suzhou, hangzhou = incomes
    # A province is richer by its second city; one whose population is unknown stays out of the totals.
    phones = (0.6 * suzhou + 0.25 * hangzhou) / 0.85
    expected = [0.4 * suzhou + 0.6 * phones, 0.25 * phones + 0.75 * hangzhou]
    assert city_indicator("sophistication", tables, options)["sophistication"].to_numpy() == pytest.approx(expected)
    wrong = SophisticationOptions(level="hs2", reference="city", income="wage")
    with pytest.raises(InputError, match="income 'wage': .* has no variable 'wage'"):
        city_indicator("sophistication", tables, wrong)
