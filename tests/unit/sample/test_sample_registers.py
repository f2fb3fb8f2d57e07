"""The sample uses names and codes that the registers know: generated files must not need rows of their own."""

import csv
from pathlib import Path

import pytest

from citypanel.sample.customs import HEADER
from citypanel.sample.exports import YUAN_PER_USD
from citypanel.sample.incopat import HEADER as PATENT_HEADER
from citypanel.sample.tables import rows_of, target_panel
from citypanel.sample.yearbook import INDICATORS


@pytest.fixture(scope="module")
def register(project: Path):  # type: ignore[no-untyped-def] # a reader of one register
    def read(name: str) -> list[dict[str, str]]:
        with (project / "registers" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    return read


def test_customs_areas_lead_to_the_city_of_their_firms(register) -> None:  # type: ignore[no-untyped-def]
    areas = {row["area"]: row["adcode"] for row in register("customs_areas") if not row["valid_to"]}
    for row in rows_of("places.csv"):
        area = row["customs_area"]
        assert areas.get(area, areas.get(area[:2])) == row["adcode"], row


def test_customs_areas_are_not_always_administrative_codes() -> None:
    own = [row["customs_area"] == row["adcode"][:4] for row in rows_of("places.csv")]
    assert not all(own)


def test_destinations_and_economies_are_known(register) -> None:  # type: ignore[no-untyped-def]
    countries = register("countries")
    names = {name: row["kind"] for row in countries for name in (row["name_zh"], *row["aliases"].split("|")) if name}
    for row in rows_of("destinations.csv"):
        for name in filter(None, (row["name"], row["alternative"])):
            assert names[name] not in {"china", "continent", "unknown", "residual"}, name
    assert {names[n] for n in ("中国", "国别不详", "亚洲")} == {"china", "unknown", "continent"}
    assert {row["economy"] for row in rows_of("economies.csv")} <= {row["alpha3"] for row in countries}


def test_headers_stand_in_one_layout_each(register) -> None:  # type: ignore[no-untyped-def]
    layouts: dict[str, set[str]] = {}
    for row in register("layouts"):
        layouts.setdefault(row["layout"], set()).update(row["headers"].split("|"))
    assert set(HEADER) <= layouts["customs_2003_2004"]
    assert set(PATENT_HEADER) - {"公开(公告)日", "公开国别"} <= layouts["patents_incopat"]


def test_yearbook_labels_and_units_are_known(register) -> None:  # type: ignore[no-untyped-def]
    known = {(row["label"], row["unit"]) for row in register("yearbook_variables")}
    assert {(each.label, each.unit) for each in INDICATORS} <= known


def test_the_exchange_rate_is_the_registers(register) -> None:  # type: ignore[no-untyped-def]
    rates = {int(r["year"]): float(r["value"]) for r in register("national_series") if r["series"] == "usd_cny"}
    assert {year: rates[year] for year in YUAN_PER_USD} == YUAN_PER_USD


def test_the_panels_cities_are_the_41_of_the_register(register) -> None:  # type: ignore[no-untyped-def]
    delta = {int(row["adcode"]): row["name_zh"] for row in register("cities") if row["yrd41"] == "1"}
    panel = target_panel()
    assert dict(zip(panel.adcode.tolist(), panel.city, strict=True)) == delta
    assert len(panel.adcode) == 410


def test_other_cities_are_known_by_code_and_by_old_name(register) -> None:  # type: ignore[no-untyped-def]
    codes = {row["adcode"]: row["name_zh"] for row in register("cities")}
    old = {(row["adcode_old"], row["name_old"]) for row in register("city_history")}
    for row in rows_of("other_cities.csv"):
        assert codes[row["adcode"]] == row["name"]
        if row["old_name"]:
            assert (row["old_adcode"], row["old_name"]) in old
