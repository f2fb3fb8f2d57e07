"""Firms behind a city and year, counted by hand."""

import pandas as pd
import pytest

from citypanel.canonical import Origin, write_table
from citypanel.indicators.contributors import contributors

COMMON = {
    "firm_name": None,
    "hs8": "84713000",
    "hs_revision": "2007",
    "destination": "USA",
    "month": None,
    "quantity": 10.0,
    "unit": "台",
    "ownership": None,
    "source_file": "a.csv",
}


@pytest.fixture
def exports(tmp_path):
    def row(firm, city, value, regime="一般贸易", registered=None):
        return {**COMMON, "firm": firm, "city_producing": city, "city_registered": registered or city, "year": 2011,
                "value_usd": value, "regime": regime}  # fmt: skip

    rows = [
        row("A", 320500, 600.0),
        row("A", 320500, 200.0, "进料加工贸易"),
        row("B", 320500, 150.0, "进料加工贸易"),
        row("C", 320500, 50.0),
        row("D", 330100, 900.0, registered=320500),
        row("E", None, 1.0),
    ]
    frame = pd.DataFrame(rows).assign(source_row=range(2, len(rows) + 2))
    write_table(frame, tmp_path / "exports.parquet", "exports", origin=Origin())
    return tmp_path / "exports.parquet"


OPEN = {"positive": True, "drop_chapters": [], "unit": "any", "price_trim": [0, 1], "min_value": 0, "min_quantity": 0}


def test_firms_and_the_share_of_the_two_largest_of_a_city(exports) -> None:
    counts, differences = contributors(exports, {("sophistication", "hs6"): {}}, largest=2)
    shown = counts.set_index("adcode")
    assert shown["firms"].to_dict() == {320500: 3, 330100: 1}
    # A 800 and B 150 of 1,000; the only firm of a city is all of it.
    assert shown["top_share"].to_dict() == pytest.approx({320500: 0.95, 330100: 1.0})
    assert shown["value_usd"].to_dict() == {320500: 1000.0, 330100: 900.0}
    assert differences.empty


def test_firms_of_a_cleaned_indicator_are_those_with_a_flow_that_passes(exports) -> None:
    everything = {"cleaning": OPEN}
    ordinary = {"cleaning": {**OPEN, "regimes": ["一般贸易"]}}
    counts, differences = contributors(exports, {("quality", "all"): everything, ("quality", "ordinary"): ordinary}, 1)
    shown = counts.set_index(["variant", "adcode"])["firms"].to_dict()
    assert shown == {("all", 320500): 3, ("all", 330100): 1, ("ordinary", 320500): 2, ("ordinary", 330100): 1}
    # B leaves and A keeps 600 of 800: the difference of the two published values is B's 150 and A's 200.
    (row,) = differences.to_dict("records")
    assert row.pop("top_share") == pytest.approx(200 / 350)
    assert row == {
        "indicator": "quality", "variant": "all", "other": "ordinary", "adcode": 320500, "year": 2011, "firms": 2,
    }  # fmt: skip


def test_the_city_is_that_of_the_indicator(exports) -> None:
    counts, _ = contributors(exports, {("complexity", "x"): {"place": "registered"}}, largest=2)
    assert counts.set_index("adcode")["firms"].to_dict() == {320500: 4}


def test_an_indicator_without_exports_counts_nothing(exports) -> None:
    counts, differences = contributors(exports, {}, largest=2)
    assert list(counts.columns) == ["indicator", "variant", "adcode", "year", "firms", "value_usd", "top_share"]
    assert counts.empty
    assert differences.empty
