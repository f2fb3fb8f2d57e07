"""Places of customs records: two of each row, with the boundaries of its year or of a chosen base year."""

from pathlib import Path

import pandas as pd
import pytest

from citypanel.canonical import read_table
from citypanel.declare.intake import CustomsRules
from citypanel.intake.accounting import Account, Outputs
from citypanel.intake.customs import intake_customs
from citypanel.intake.places import DIVIDED, ENDS_LATER, MERGED, STANDS, Gazetteer, Located
from citypanel.registers import FOLDER, Registers

HEADER = "日期,进口或出口,税号编码,金额,数量,企业编码,消费地或生产地,起运国或目的国"
PLACES = Gazetteer()


def run(tmp_path: Path, *rows: str, rules: CustomsRules | None = None) -> tuple[pd.DataFrame, Account]:
    path = tmp_path / "c.csv"
    path.write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")
    out = Outputs.beside(tmp_path / "out" / "exports.parquet")
    account = intake_customs([path], out, root=tmp_path, rules=rules)
    return read_table(out.table, "exports"), account


def row(year: int, registered: str, producing: str, value: int = 5) -> str:
    return f"{year}06,出口,84713000,{value},1,{registered}940001,{producing}9,美国"


def noted(account: Account) -> dict[str, int]:
    found = account.attrition.query("name == 'city_mapped' and changed > 0")
    return dict(zip(found["reason"].str.split(":").str[0], found["changed"], strict=True))


def cities(exports: pd.DataFrame, column: str = "city_producing") -> list[int | None]:
    return [None if pd.isna(code) else int(code) for code in exports[column]]


# 莱芜 became two districts of 济南 in January 2019; 巢湖 was divided between three cities in August 2011.
@pytest.mark.parametrize(
    ("area", "year", "expected"),
    [
        ("3712", 2018, Located(371200, ENDS_LATER)),
        ("3712", 2019, Located(370100, MERGED)),
        ("3415", 2010, Located(341400, ENDS_LATER)),
        ("3415", 2011, Located(None, DIVIDED)),
        ("莱芜", 2019, Located(370100, MERGED)),
        ("3223", 2003, Located(320500, STANDS)),
        ("3122", 2003, Located(310000, STANDS)),
        ("3290", 2003, None),
        ("9999", 2003, None),
    ],
)
def test_a_customs_area_lies_in_the_prefecture_of_its_time(area: str, year: int, expected: Located | None) -> None:
    assert PLACES.customs(area, year) == expected


def test_an_area_that_changes_hands_is_two_rows_of_the_register(tmp_path: Path) -> None:
    for path in FOLDER.glob("*.csv"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with (tmp_path / "customs_areas.csv").open("a", encoding="utf-8") as stream:
        stream.write("9901,甲,320500,,2004,seen,\n9901,甲,320200,2005,,seen,\n")
    places = Gazetteer(Registers(tmp_path))
    assert [places.customs("9901", year) for year in (2003, 2004, 2005, 2020)] == [
        Located(320500), Located(320500), Located(320200), Located(320200),
    ]  # fmt: skip


def test_registered_and_producing_place_are_both_kept_and_each_unmapped_one_counted(tmp_path: Path) -> None:
    exports, account = run(
        tmp_path, row(2003, "3223", "3201"), row(2003, "3290", "3205", 6), row(2003, "3205", "9999", 7)
    )
    assert cities(exports, "city_registered") == [320500, None, 320500]
    assert cities(exports, "city_producing") == [320100, 320500, None]
    assert noted(account) == {
        "registered place is in none of the registers (customs_areas, cities, regions)": 1,
        "production place is in none of the registers (customs_areas, cities, regions)": 1,
    }


def test_by_default_a_place_has_the_boundaries_of_the_record_and_the_user_hears_of_it(tmp_path: Path) -> None:
    years = (2010, 2012, 2018, 2020)
    rows = [row(year, "3201", area, value=year) for year in years for area in ("3415", "3712", "3701")]
    exports, account = run(tmp_path, *rows)
    assert cities(exports) == [
        341400, 371200, 370100,  # 2010
        None, 371200, 370100,  # 2012: which part of 巢湖 is not known
        None, 371200, 370100,  # 2018
        None, 370100, 370100,  # 2020
    ]  # fmt: skip
    found = noted(account)
    assert found["place of a prefecture that was merged"] == 1
    assert found["place of a prefecture that was divided"] == 3
    assert found["place of a prefecture that ends later"] == 4
    told = account.attrition["reason"].str.contains("`base_year` of intake.customs", regex=False)
    assert told.sum() == 1


@pytest.mark.parametrize(
    ("base_year", "laiwu", "chaohu"), [(2010, 371200, 341400), (2018, 371200, None), (2020, 370100, None)]
)
def test_a_base_year_gives_every_year_the_same_boundaries(
    tmp_path: Path, base_year: int, laiwu: int, chaohu: int | None
) -> None:
    rows = [row(year, area, area, value=year) for year in (2005, 2015, 2020) for area in ("3712", "3415")]
    exports, account = run(tmp_path, *rows, rules=CustomsRules(base_year=base_year))
    assert cities(exports) == [laiwu, chaohu] * 3
    assert cities(exports, "city_registered") == [laiwu, chaohu] * 3
    found = noted(account)
    assert found.get("place of a prefecture that was merged", 0) == (3 if base_year == 2020 else 0)
    assert found.get("place of a prefecture that was divided", 0) == (0 if base_year == 2010 else 3)
    assert "place of a prefecture that ends later" not in found


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("32", 320000), ("320000", 320000), ("江苏省", 320000), ("江苏", 320000), ("内蒙古自治区", 150000),
        ("新疆", 650000), ("广西壮族自治区", 450000), ("上海市", 310000), ("44.0", 440000), ("境外", None), ("", None),
    ],
)  # fmt: skip
def test_a_province_is_known_by_code_and_name(text: str, code: int | None) -> None:
    assert PLACES.region(text) == code


@pytest.mark.parametrize(("text", "code"), [("SP", 76350000), ("São Paulo", 76350000), ("ND", None), ("32", None)])
def test_a_state_of_brazil_has_a_code_that_no_prefecture_has(text: str, code: int | None) -> None:
    assert PLACES.region(text, "BRA") == code
    assert code is None or code > 999_999


def test_every_province_of_the_register_of_cities_is_known() -> None:
    names = Registers().cities()[["province", "province_adcode"]].drop_duplicates()
    assert len(names) >= 31
    for name, code in names.itertuples(index=False):
        assert PLACES.region(name) == code
