"""Years without micro data: tertiary share times the province's quality, flagged."""

from pathlib import Path

import pandas as pd
import pytest

from citypanel.canonical import Origin, write_table
from citypanel.declare.indicators import QualityOptions, parse_indicator
from citypanel.errors import DeclarationError, InputError
from citypanel.indicators.quality_cities import imputed

CITIES = pd.DataFrame(
    {
        "adcode": [320500, 320500, 330100], "year": [2016, 2017, 2016],
        "quality": [0.5, 0.9, 0.4], "coverage": [0.9, 0.1, 0.8], "low_coverage": [False, True, False],
    }
)  # fmt: skip


@pytest.fixture
def yearbook(tmp_path: Path) -> Path:
    rows = [(320500, 2016, 50.0), (320500, 2017, 60.0), (330100, 2017, 40.0)]
    frame = pd.DataFrame(rows, columns=["adcode", "year", "value"])
    frame = frame.assign(variable="tertiary_share", unit="%", source="x", source_row=2, interpolated=False)
    write_table(frame, tmp_path / "city_year.parquet", "city_year", origin=Origin())
    return tmp_path / "city_year.parquet"


def test_later_years_are_share_times_province_and_flagged(yearbook: Path) -> None:
    provinces = pd.DataFrame({"adcode": [320000], "year": [2017], "quality": [0.5]})
    found, account = imputed(CITIES, provinces, QualityOptions(impute_after=2016), yearbook)
    table = found.set_index(["adcode", "year"])
    # Years up to 2016 are measured, and 2017 is made although some flows of 2017 are there.
    assert table["imputed"].to_dict() == {
        (320500, 2016): False, (320500, 2017): True, (330100, 2016): False, (330100, 2017): True,
    }  # fmt: skip
    assert table.loc[(320500, 2016), "quality"] == 0.5
    assert table.loc[(320500, 2017), "quality"] == pytest.approx(0.6 * 0.5)
    assert pd.isna(table.loc[(330100, 2017), "quality"])
    assert table["low_coverage"].tolist() == [False, True, False, True]
    assert {line["reason"]: line["rows"] for line in account} == {
        "city-years after 2016 imputed": 1, "not imputed: no share": 0, "not imputed: no provincial quality": 1,
    }  # fmt: skip


def test_a_city_that_the_panel_leaves_out_has_no_imputed_years(yearbook: Path) -> None:
    provinces = pd.DataFrame({"adcode": [320000, 330000], "year": [2017, 2017], "quality": [0.5, 0.5]})
    kept = CITIES[CITIES["adcode"] == 320500]
    whole, _ = imputed(kept, provinces, QualityOptions(impute_after=2016), yearbook)
    balanced = QualityOptions(impute_after=2016, cleaning={"balanced": True})
    part, account = imputed(kept, provinces, balanced, yearbook)
    assert set(whole["adcode"]) == {320500, 330100}
    assert set(part["adcode"]) == {320500}
    assert account[-1] == {"reason": "not imputed: the city is not in the panel (step 22)", "rows": 1, "value": None}


def test_provincial_quality_may_come_from_a_file(yearbook: Path, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("province,year,quality\n320000,2017,0.2\n330000,2017,0.3\n")
    options = QualityOptions(impute_after=2016, impute_province=str(tmp_path / "p.csv"))
    found, _ = imputed(CITIES, CITIES.iloc[:0], options, yearbook)
    assert found.set_index(["adcode", "year"])["quality"][(330100, 2017)] == pytest.approx(0.4 * 0.3)


def test_a_percentage_taken_for_a_share_and_an_unknown_variable_are_one_line(yearbook: Path) -> None:
    with pytest.raises(InputError, match="impute_share 'tertiary_share': found 50; allowed: 0 to 1"):
        imputed(CITIES, CITIES, QualityOptions(impute_after=2016, impute_share="tertiary_share"), yearbook)
    with pytest.raises(InputError, match="has no variable 'services'"):
        imputed(CITIES, CITIES, QualityOptions(impute_after=2016, impute_share="services"), yearbook)
    with pytest.raises(DeclarationError, match="value: imputed needs impute_after"):
        parse_indicator("quality", {"value": "imputed"}, "study s, variable 'q'")


def test_tables_with_imputed_quality_say_so() -> None:
    assert QualityOptions().caution is None
    caution = QualityOptions(impute_after=2016).caution
    assert "after 2016 is imputed" in caution.en
    assert "2016年之后" in caution.zh
