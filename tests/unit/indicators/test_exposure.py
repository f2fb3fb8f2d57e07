"""The shift-share instrument by hand: shares of base years, partners' growth without the city's own part."""

from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from citypanel.canonical import Origin, write_table
from citypanel.contracts import CONTRACTS
from citypanel.declare.indicators import parse_indicator
from citypanel.errors import DeclarationError, InputError
from citypanel.indicators.exposure import city_exposure, exposure

SUZHOU, WUXI, SHANGHAI = 320500, 320200, 310000


def test_growth_of_a_partner_leaves_out_what_is_shared_with_the_city() -> None:
    joint = pd.DataFrame(
        [("a", 1, 4), ("b", 1, 6), ("c", 1, 5), ("a", 2, 9), ("b", 2, 15), ("c", 2, 4)],
        columns=["place", "year", "joint"],
    )
    pairs = pd.DataFrame(
        [("a", "b", 1, 2), ("b", "c", 1, 1), ("a", "a", 1, 2), ("a", "b", 2, 3)],
        columns=["place_i", "place_j", "year", "full"],
    )
    found, without = exposure(joint, pairs, (1, 1))
    values = found.set_index(["place", "year"]).exposure
    assert values[("a", 2)] == pytest.approx(2 * (15 - 3) / (6 - 2))
    assert values[("b", 2)] == pytest.approx(2 * (9 - 3) / (4 - 2) + 1 * (4 - 0) / (5 - 1))
    assert values[("c", 2)] == pytest.approx(1 * (15 - 0) / (6 - 1))
    # In the base year everybody has what it had: the patents shared with partners.
    assert values[("b", 1)] == pytest.approx(3)
    assert without == 0


def test_a_partner_known_through_the_city_alone_has_no_growth_and_is_counted() -> None:
    joint = pd.DataFrame([("a", 1, 2), ("b", 1, 2), ("b", 2, 5)], columns=["place", "year", "joint"])
    pairs = pd.DataFrame([("a", "b", 1, 2)], columns=["place_i", "place_j", "year", "full"])
    found, without = exposure(joint, pairs, (1, 1))
    assert found.exposure.tolist() == [0, 0, 0, 0]
    assert without == 2


def test_weights_are_yearly_means_of_the_base_years() -> None:
    joint = pd.DataFrame([("a", 1, 3), ("b", 1, 2), ("b", 2, 4), ("b", 3, 9)], columns=["place", "year", "joint"])
    pairs = pd.DataFrame([("a", "b", 1, 1), ("a", "b", 2, 1)], columns=["place_i", "place_j", "year", "full"])
    found, _ = exposure(joint, pairs, (1, 2))
    # Shares 1 a year; b without a: (2 - 1 + 4 - 1) / 2 = 2 a year in the base, 9 in year 3.
    assert found.set_index(["place", "year"]).exposure[("a", 3)] == pytest.approx(4.5)


@pytest.fixture
def patents(tmp_path: Path) -> Path:
    teams = [(2008, (SUZHOU, WUXI)), (2008, (WUXI, SHANGHAI)), (2010, (WUXI, SHANGHAI)), (2010, (WUXI, SHANGHAI))]
    rows = [
        {
            "application_no": str(number),
            "date": date(year, 5, 1),
            "kind": "invention",
            "ipc": None,
            "applicants": [
                {"name": f"{code}", "kind": "organisation", "adcode": code, "resolved_by": "address"} for code in team
            ],
            "source_file": "p.csv",
            "source_row": 2,
        }
        for number, (year, team) in enumerate(teams)
    ]
    path = tmp_path / "patents.parquet"
    write_table(pa.Table.from_pylist(rows, schema=CONTRACTS["patents"].schema), path, "patents", origin=Origin())
    return path


def test_exposure_is_computed_from_the_patents_table(patents: Path) -> None:
    options = parse_indicator("exposure", {"base_years": [2008, 2009]}, "test")
    values = city_exposure(patents, options).set_index(["adcode", "year"]).exposure
    # Suzhou had half a patent a year with Wuxi, which had another half without it, and two in 2010.
    assert values[(SUZHOU, 2010)] == pytest.approx(0.5 * 2 / 0.5)


def test_without_base_years_the_first_year_of_the_table_holds_the_weights(patents: Path) -> None:
    values = city_exposure(patents, parse_indicator("exposure", {}, "test")).set_index(["adcode", "year"]).exposure
    assert values[(SUZHOU, 2010)] == pytest.approx(1 * 2 / 1)


def test_base_years_without_a_pair_are_refused(patents: Path) -> None:
    options = parse_indicator("exposure", {"base_years": [2005, 2007]}, "test")
    with pytest.raises(InputError, match="no joint patent of two cities; the table holds patents of 2008 to 2010"):
        city_exposure(patents, options)


def test_base_years_run_forward() -> None:
    with pytest.raises(DeclarationError, match="base_years runs from the first to the last year"):
        parse_indicator("exposure", {"base_years": [2009, 2008]}, "test")
