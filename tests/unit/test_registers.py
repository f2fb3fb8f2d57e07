from pathlib import Path

import pytest

from citypanel.errors import InputError
from citypanel.registers import Registers, fold

REGISTERS = Registers()


def adcode_of_area(area: str) -> int | None:
    rows = REGISTERS.customs_areas().set_index("area")["adcode"]
    return None if rows.isna()[area] else int(rows[area])


def test_the_delta_has_its_41_cities_in_four_provinces() -> None:
    members = REGISTERS.cluster_members("yangtze_delta_41")
    cities = REGISTERS.cities()
    assert len(members) == 41
    assert {code // 10000 for code in members} == {31, 32, 33, 34}
    assert sorted(cities.loc[cities["yrd41"] == 1, "adcode"]) == members


def test_cities_are_valid_at_their_dates() -> None:
    assert 371200 in set(REGISTERS.cities(2018)["adcode"])  # 莱芜, abolished in January 2019
    assert 371200 not in set(REGISTERS.cities(2019)["adcode"])
    assert 341400 in set(REGISTERS.cities(2010)["adcode"])  # 巢湖, divided in August 2011
    assert 341400 not in set(REGISTERS.cities(2011)["adcode"])
    assert len(REGISTERS.cities(2020)["adcode"]) == len(set(REGISTERS.cities(2020)["adcode"]))


def test_every_code_that_another_register_uses_is_a_city() -> None:
    known = set(REGISTERS.cities()["adcode"])
    assert set(REGISTERS.city_history()["adcode"]) <= known
    assert set(REGISTERS.table("city_clusters")["adcode"].dropna()) <= known
    assert set(REGISTERS.customs_areas()["adcode"].dropna()) <= known
    assert set(REGISTERS.table("policies")["adcode"]) <= known
    assert known <= set(REGISTERS.customs_areas()["adcode"].dropna())


@pytest.mark.parametrize(
    ("area", "adcode"),
    [
        ("3222", 320200),
        ("3223", 320500),
        ("3226", 320500),
        ("1408", 140900),
        ("1410", 140700),
        ("1508", 150500),
        ("3290", None),
    ],
)
def test_customs_areas_are_not_administrative_codes(area: str, adcode: int | None) -> None:
    assert adcode_of_area(area) == adcode


def test_two_areas_never_share_a_code() -> None:
    assert not REGISTERS.customs_areas()["area"].duplicated().any()


def test_countries_have_one_number_each_and_one_meaning_per_name() -> None:
    countries = REGISTERS.countries()
    assert not countries.loc[countries["customs"] != "", "customs"].duplicated().any()
    by_number = countries[countries["customs"] != ""].set_index("customs")
    expected = {
        "110": "HKG",
        "116": "JPN",
        "303": "GBR",
        "344": "RUS",
        "502": "USA",
        "148": "TKM",
        "341": "KAZ",
        "145": "KAZ",
    }
    assert {number: by_number["alpha3"][number] for number in expected} == expected
    assert by_number["kind"]["142"] == "china"
    assert set(by_number["kind"][["701", "702", "999"]]) == {"unknown"}
    meaning: dict[str, str] = {}
    for row in countries.itertuples():
        for name in (row.name_zh, *str(row.aliases).split("|")):
            if name:
                assert meaning.setdefault(fold(name), str(row.alpha3)) == row.alpha3


def test_ip_model_cities_are_50_prefectures_and_14_parts_of_prefectures() -> None:
    rows = REGISTERS.policy("ip_model_city")
    assert rows["counts_as_prefecture_treatment"].value_counts().to_dict() == {1: 50, 0: 14}
    assert rows.groupby("year").size().to_dict() == {2012: 23, 2013: 18, 2015: 12, 2016: 11}


def test_innovative_cities_are_a_list_of_members_without_years() -> None:
    rows = REGISTERS.policy("innovative_city")
    # The consolidated list of 2016 holds the pilots of 2008-2013 and does not say which is of which year.
    assert rows["counts_as_prefecture_treatment"].value_counts().to_dict() == {1: 55, 0: 3}
    assert rows["year"].isna().all()


def test_names_that_a_study_may_take_include_yearbook_and_national_series() -> None:
    names = REGISTERS.yearbook_columns()
    assert {"gdp_wan", "fdi_usd_wan", "usd_cny"} <= set(names)
    assert len(names) == len(set(names))


def test_headers_are_compared_without_width_blanks_marks_and_case() -> None:
    assert fold("\ufeff公开（公告） 号") == fold("公开(公告)号")
    assert fold("CompanyType") == fold("companyType")


def test_an_unknown_cluster_or_policy_is_named_with_what_is_allowed() -> None:
    with pytest.raises(InputError, match=r"'yangtze'.*yangtze_delta_41"):
        REGISTERS.cluster_members("yangtze")
    with pytest.raises(InputError, match=r"'smart'.*ip_model_city"):
        REGISTERS.policy("smart")


def test_a_register_with_a_wrong_cell_or_column_is_named_with_its_row(tmp_path: Path) -> None:
    header = "cluster,cluster_zh,city,adcode\n"
    (tmp_path / "city_clusters.csv").write_text(header + "a,b,c,x1\n", encoding="utf-8")
    with pytest.raises(InputError, match="row 2, column 'adcode': found 'x1'"):
        Registers(tmp_path).clusters()
    (tmp_path / "city_clusters.csv").write_text("cluster,adcode\n", encoding="utf-8")
    with pytest.raises(InputError, match="column 'cluster"):
        Registers(tmp_path).clusters()
    with pytest.raises(InputError, match="does not exist"):
        Registers(tmp_path).cities()
