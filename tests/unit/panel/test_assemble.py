from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from citypanel.canonical import Origin, write_frame, write_table
from citypanel.declare.variables import PolicyVariable
from citypanel.errors import InputError
from citypanel.panel.assemble import assemble_panel
from citypanel.panel.treatment import cohorts, counted_units, policy_column, treatment
from citypanel.registers import Registers

SHANGHAI, NANJING, WUXI = 310000, 320100, 320200


def sample(**cities: object) -> dict:
    chosen = {"cluster": None, "provinces": [], "adcodes": [SHANGHAI, NANJING], "exclude": [], **cities}
    return {"cities": chosen, "years": [2011, 2012], "base_year": None}


@pytest.fixture
def yearbook(tmp_path: Path) -> Path:
    cells = [
        (SHANGHAI, 2011, "gdp_wan", 100.0),
        (SHANGHAI, 2012, "gdp_wan", 110.0),
        (NANJING, 2011, "gdp_wan", 50.0),
        (SHANGHAI, 2011, "fdi_usd_wan", 2.0),
        (SHANGHAI, 2012, "fdi_usd_wan", 0.0),
    ]
    rows = pd.DataFrame(cells, columns=["adcode", "year", "variable", "value"])
    path = tmp_path / "city_year.parquet"
    rows = rows.assign(unit="", source="yearbook.xlsx", source_row=2, interpolated=False)
    write_table(rows, path, "city_year", origin=Origin())
    return path


@pytest.fixture
def joint(tmp_path: Path) -> Path:
    path = tmp_path / "cooperation" / "invention.parquet"
    values = {
        "adcode": [SHANGHAI, SHANGHAI],
        "year": [2011, 2012],
        "joint": [7, 9],
        "eigenvector": [1.0, 1.0],
    }
    write_frame(pd.DataFrame(values), path, origin=Origin(simulated=True))
    return path


def built(variables: dict, indicators: list[Path], tables: list[Path], **cities: object):
    declared = {"sample": sample(**cities), "variables": variables}
    return assemble_panel(declared, indicators, tables, Registers())


INNO = {"source": "cooperation", "variant": "invention", "column": "joint", "transform": "log1p"}
GDP = {"source": "yearbook", "column": "gdp_wan", "transform": "log"}


def test_rows_are_cities_times_years_in_order(yearbook: Path) -> None:
    panel = built({"gdp": GDP}, [], [yearbook]).panel
    assert panel[["city", "year"]].to_numpy().tolist() == [
        [SHANGHAI, 2011],
        [SHANGHAI, 2012],
        [NANJING, 2011],
        [NANJING, 2012],
    ]
    assert panel["province"].tolist() == [310000, 310000, 320000, 320000]
    assert panel["gdp"].tolist()[:3] == pytest.approx(np.log([100, 110, 50]))


def test_a_missing_cell_stays_missing_and_is_reported(yearbook: Path) -> None:
    result = built({"gdp": GDP}, [], [yearbook])
    assert np.isnan(result.panel["gdp"].iloc[3])
    assert result.report.loc[0, "missing"] == 1


def test_a_city_without_joint_patents_counts_zero_in_years_the_source_covers(joint: Path) -> None:
    result = built({"inno": INNO}, [joint], [])
    assert result.panel["inno"].tolist() == pytest.approx([np.log(8), np.log(10), 0, 0])
    assert result.report.loc[0, "filled_with_zero"] == 2


def test_a_centrality_is_not_filled_with_zero(joint: Path) -> None:
    variable = {**INNO, "column": "eigenvector", "transform": "none"}
    assert built({"c": variable}, [joint], []).panel["c"].isna().sum() == 2


def test_formulas_read_yearbook_national_series_and_other_variables_in_any_order(yearbook: Path) -> None:
    variables = {
        "twice": {"formula": "2 * open", "transform": "none"},
        "open": {"formula": "fdi_usd_wan * usd_cny / gdp_wan", "transform": "none"},
    }
    panel = built(variables, [], [yearbook]).panel
    rates = Registers().national_series().set_index(["series", "year"])["value"]
    assert panel["open"].iloc[0] == pytest.approx(2 * rates["usd_cny", 2011] / 100)
    assert panel["twice"].iloc[0] == pytest.approx(2 * panel["open"].iloc[0])


def test_a_logarithm_of_zero_is_missing_and_counted(yearbook: Path) -> None:
    variable = {"source": "yearbook", "column": "fdi_usd_wan", "transform": "log"}
    result = built({"fdi": variable}, [], [yearbook])
    assert np.isnan(result.panel["fdi"].iloc[1])
    assert result.report.loc[0, "undefined_by_transform"] == 1


def test_a_column_that_the_yearbook_lacks_is_named_with_what_is_there(yearbook: Path) -> None:
    variable = {"source": "yearbook", "column": "wage_yuan", "transform": "none"}
    with pytest.raises(InputError, match="variable 'wage': the yearbook files hold no 'wage_yuan'; they hold"):
        built({"wage": variable}, [], [yearbook])


def test_a_code_that_is_no_city_is_refused(yearbook: Path) -> None:
    with pytest.raises(InputError, match="999999 is no city of the register in 2012"):
        built({"gdp": GDP}, [], [yearbook], adcodes=[999999])


def test_cities_are_chosen_by_cluster_and_excluded_by_code(yearbook: Path) -> None:
    panel = built({"gdp": GDP}, [], [yearbook], cluster="yangtze_delta_41", adcodes=[], exclude=[SHANGHAI]).panel
    assert panel["city"].nunique() == 40


def test_treatment_forms() -> None:
    keys = pd.DataFrame({"city": [1, 1, 2, 2], "year": [2012, 2013, 2012, 2013]})
    first = pd.Series({1: 2013})
    assert treatment(keys, first, "treated").tolist() == [0, 1, 0, 0]
    assert treatment(keys, first, "cohort").tolist() == [2013, 2013, 0, 0]


def test_a_treatment_may_be_declared_to_end() -> None:
    keys = pd.DataFrame({"city": [1, 1, 1, 1, 2], "year": [2011, 2012, 2013, 2015, 2013]})
    first = pd.Series({1: 2013})
    assert treatment(keys, first, "ever", (2012, 2014)).tolist() == [0, 1, 1, 0, 0]
    assert treatment(keys, first, "treated", (2012, 2014)).tolist() == [0, 0, 1, 0, 0]


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ({"form": "cohort", "years": [2012, 2014]}, "years goes with form treated or ever"),
        ({"form": "ever", "years": [2014, 2012]}, "the first of years comes after the last"),
    ],
)
def test_years_of_a_treatment_that_make_no_sense_are_refused(keys: dict, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        PolicyVariable(source="policy", policy="p", label={"en": "a", "zh": "甲"}, **keys)


def test_a_county_treats_its_city_only_if_declared() -> None:
    rows = pd.DataFrame(
        {
            "adcode": [1, 1, 2],
            "unit": ["a", "b", "c"],
            "year": [2015, 2013, 2012],
            "counts_as_prefecture_treatment": [1, 0, 0],
        }
    )
    assert cohorts(counted_units(rows, units="prefecture"), delay="none").to_dict() == {1: 2015}
    assert cohorts(counted_units(rows, units="any"), delay="none").to_dict() == {1: 2013, 2: 2012}


def test_a_notice_of_the_fourth_quarter_treats_from_the_next_year_if_declared() -> None:
    rows = pd.DataFrame(
        {
            "adcode": [1, 2, 3],
            "unit": ["a", "b", "c"],
            "year": pd.array([2013, 2013, 2013], dtype="Int64"),
            "term_start": ["2013-09", "2013-10", "2013-12-01"],
        }
    )
    assert cohorts(rows, delay="none").to_dict() == {1: 2013, 2: 2013, 3: 2013}
    assert cohorts(rows, delay="fourth_quarter").to_dict() == {1: 2013, 2: 2014, 3: 2014}
    assert cohorts(rows, delay="year").to_dict() == {1: 2014, 2: 2014, 3: 2014}
    with pytest.raises(InputError, match=r"'b', column term_start: found ''; delay: fourth_quarter needs year and"):
        cohorts(rows.assign(term_start=["2013-09", "", ""]), delay="fourth_quarter")


def test_membership_needs_no_year_and_treatment_does() -> None:
    keys = pd.DataFrame({"city": [1, 1, 2, 2], "year": [2012, 2013, 2012, 2013]})
    rows = pd.DataFrame({"adcode": [1], "unit": ["a"], "year": [pd.NA], "counts_as_prefecture_treatment": [1]})
    declared = {"form": "ever", "units": "prefecture", "delay": "none"}
    assert policy_column(keys, rows, declared).tolist() == [1, 1, 0, 0]
    with pytest.raises(InputError, match="'a' has no year"):
        policy_column(keys, rows, {**declared, "form": "treated"})


def test_a_value_of_one_year_stands_in_every_year(yearbook: Path) -> None:
    panel = built({"gdp": {**GDP, "transform": "none", "at": 2011}}, [], [yearbook]).panel
    assert panel["gdp"].tolist() == [100, 100, 50, 50]


def test_a_cut_is_one_above_the_mean_of_the_rows_and_missing_where_the_value_is(yearbook: Path) -> None:
    above = {**GDP, "transform": "none", "cut": "mean"}  # the mean of 100, 110 and 50 is 86.7
    panel = built({"rich": above, "fixed": {**above, "at": 2011, "cut": 100.0}}, [], [yearbook]).panel
    assert panel["rich"].tolist()[:3] == [1, 1, 0]
    assert np.isnan(panel["rich"].iloc[3])
    assert panel["fixed"].tolist() == [0, 0, 0, 0]


def test_a_year_outside_the_sample_is_refused_with_its_years(yearbook: Path) -> None:
    with pytest.raises(InputError, match="variable 'gdp': at is 2009; the sample's years are 2011 to 2012"):
        built({"gdp": {**GDP, "at": 2009}}, [], [yearbook])


def city(**conditions: object) -> dict:
    none = {"column": None, "region": [], "level": [], "provinces": [], "cluster": []}
    return {"source": "city", "transform": "none", **none, **conditions}


def test_what_the_register_tells_about_cities_becomes_a_column() -> None:
    variables = {
        "municipality": city(level=["municipality"]),
        "east": city(region=["east"]),
        "jiangsu": city(provinces=[320000]),
        "delta": city(cluster=["yangtze_delta_26"]),
        "harbin": city(cluster=["harbin_changchun"]),
        "both": city(region=["east"], level=["municipality"]),
        "lon": city(column="lon"),
    }
    panel = built(variables, [], []).panel.drop_duplicates("city").set_index("city")
    assert panel.loc[SHANGHAI, ["municipality", "east", "jiangsu", "delta", "harbin", "both"]].tolist() == [
        1, 1, 0, 1, 0, 1,
    ]  # fmt: skip
    assert panel.loc[NANJING, ["municipality", "east", "jiangsu", "delta", "harbin", "both"]].tolist() == [
        0, 1, 1, 1, 0, 0,
    ]  # fmt: skip
    assert panel.loc[SHANGHAI, "lon"] == pytest.approx(121.5, abs=0.1)


def test_an_own_list_of_treated_units_stands_in_for_the_registers(tmp_path: Path) -> None:
    columns = Registers().table("policies").columns
    row = {"policy": "ip_model_city", "adcode": NANJING, "unit": "南京", "level": "prefecture", "year": 2012}
    own = pd.DataFrame([{**row, "counts_as_prefecture_treatment": 1}]).reindex(columns=columns)
    own.to_csv(tmp_path / "ip_model_city.csv", index=False)
    declared = {
        "source": "policy",
        "policy": "ip_model_city",
        "form": "treated",
        "units": "prefecture",
        "delay": "none",
    }
    panel = assemble_panel(
        {"sample": sample(), "variables": {"did": {**declared, "transform": "none"}}},
        [],
        [],
        Registers(policies=[tmp_path / "ip_model_city.csv"]),
    ).panel
    assert panel["did"].tolist() == [0, 0, 0, 1]
