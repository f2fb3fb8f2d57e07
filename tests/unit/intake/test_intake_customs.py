from pathlib import Path

import pandas as pd
import pytest

from citypanel.canonical import Origin, read_origin, read_table
from citypanel.declare.intake import CustomsRules
from citypanel.errors import InputError
from citypanel.intake.accounting import Account, Outputs
from citypanel.intake.customs import intake_customs
from citypanel.intake.customs_fields import file_date, hs_code, hs_revision, number, year_month

HEADER = "日期,进口或出口,税号编码,金额,数量,数量单位,企业编码,经营单位,消费地或生产地,企业性质,起运国或目的国,贸易方式"
GOOD = {
    "date": "200301",
    "flag": "出口",
    "hs8": "62082100",
    "value": "1000",
    "quantity": "10",
    "unit": "件",
    "firm": "3205940001",
    "name": "苏州某公司",
    "place": "32059",
    "owner": "私营企业",
    "country": "美国",
    "regime": "一般贸易",
}


REIMPORT = "a re-import: the destination is the exporting country"
NO_CODE = "commodity code is not 8 digits (6 where the source has no more)"


def line(**changes: str) -> str:
    return ",".join({**GOOD, **changes}.values())


def write(path: Path, *lines: str, header: str = HEADER, encoding: str = "gb18030") -> Path:
    path.write_bytes("\n".join([header, *lines, ""]).encode(encoding))
    return path


def run(tmp_path: Path, *files: Path, rules: CustomsRules | None = None) -> tuple[pd.DataFrame, pd.DataFrame, Account]:
    out = Outputs.beside(tmp_path / "out" / "exports.parquet")
    account = intake_customs(files, out, root=tmp_path, rules=rules)
    return read_table(out.table, "exports"), read_table(out.rejects, "rejects"), account


def test_a_good_row_arrives_with_its_codes_as_text_and_its_two_cities(tmp_path: Path) -> None:
    path = write(
        tmp_path / "c.csv", line(hs8="1012100", country="德国", place="32223", firm="3222940001", value='"1,234.5"')
    )
    exports, rejects, account = run(tmp_path, path)
    row = exports.iloc[0]
    assert (row["hs8"], row["hs_revision"], row["destination"]) == ("01012100", "2002", "DEU")
    assert (row["year"], row["month"], row["value_usd"], row["quantity"]) == (2003, 1, 1234.5, 10)
    # 3222 is 宜兴, a county-level city in Wuxi: the first four digits are no administrative code.
    assert (row["city_registered"], row["city_producing"]) == (320200, 320200)
    assert (row["source_file"], row["source_row"]) == ("c.csv", 2)
    assert rejects.empty
    padded = account.attrition.query("reason == 'leading zero restored'")
    assert padded["changed"].tolist() == [1]


@pytest.mark.parametrize(
    ("changes", "step", "reason"),
    [
        ({"flag": "进口"}, "exports_only", "import"),
        ({"flag": "1"}, "exports_only", "import"),
        ({"flag": "转口"}, "exports_only", "export flag unknown"),
        ({"firm": "", "name": " "}, "key_fields", "neither firm code nor name"),
        ({"hs8": ""}, "key_fields", "no commodity code"),
        ({"country": ""}, "key_fields", "no destination"),
        ({"value": "NA"}, "key_fields", "no value"),
        ({"date": ""}, "key_fields", "no year in row or file name"),
        ({"date": "2003-13"}, "key_fields", "the date is no year or month"),
        ({"hs8": "8471XX00"}, "hs8_repaired", NO_CODE),
        ({"hs8": "620821"}, "hs8_repaired", NO_CODE),
        ({"value": "一千"}, "positive", "value is not a number"),
        ({"value": "inf"}, "positive", "value is not a number"),
        ({"value": "-5"}, "positive", "value is zero or negative"),
        ({"quantity": "many"}, "positive", "quantity is not a number"),
        ({"quantity": "-1"}, "positive", "quantity is negative"),
        ({"quantity": "0"}, "positive", "quantity is zero"),
        ({"quantity": " NA"}, "positive", "quantity is missing"),
        ({"country": "中国"}, "destination", REIMPORT),
        ({"country": "142"}, "destination", REIMPORT),
        ({"country": "国(地)别不详"}, "destination", "destination unknown by declaration"),
        ({"country": "701"}, "destination", "destination unknown by declaration"),
        ({"country": "亚洲"}, "destination", "a continent, not a country"),
        ({"country": "亚特兰蒂斯"}, "destination", "destination not in registers/countries.csv"),
    ],
)
def test_a_bad_row_leaves_at_one_step_with_file_row_and_reason(
    tmp_path: Path, changes: dict[str, str], step: str, reason: str
) -> None:
    path = write(tmp_path / "c.csv", line(), line(**changes))
    exports, rejects, account = run(tmp_path, path)
    assert len(exports) == 1
    assert rejects[["source_file", "source_row", "reason"]].to_numpy().tolist() == [["c.csv", 3, reason]]
    steps = account.attrition[account.attrition["rows_before"] > account.attrition["rows_after"]]
    assert steps[["name", "reason"]].to_numpy().tolist() == [[step, reason]]


@pytest.mark.parametrize(
    ("country", "alpha3"),
    [
        ("502", "USA"),
        ("502.0", "USA"),
        ("USA", "USA"),
        ("台澎金马关税区", "TWN"),
        ("341", "KAZ"),
        ("145", "KAZ"),
        ("阿联酋", "ARE"),
    ],
)
def test_destinations_are_read_by_name_number_and_code(tmp_path: Path, country: str, alpha3: str) -> None:
    exports, _, _ = run(tmp_path, write(tmp_path / "c.csv", line(country=country)))
    assert exports["destination"].tolist() == [alpha3]


@pytest.mark.parametrize(
    ("place", "city"),
    [
        ("32239", 320500),
        ("14089", 140900),
        ("31222", 310000),
        ("苏州", 320500),
        ("昆山", 320500),
        ("32909", None),
        ("99999", None),
        ("", None),
    ],
)
def test_production_places_are_customs_areas_and_the_unmapped_are_kept_and_counted(
    tmp_path: Path, place: str, city: int | None
) -> None:
    exports, _, account = run(tmp_path, write(tmp_path / "c.csv", line(place=place)))
    found = exports["city_producing"].iloc[0]
    assert (None if pd.isna(found) else found) == city
    unmapped = account.attrition.query("reason.str.startswith('production place')", engine="python")
    assert unmapped["changed"].tolist() == [int(city is None)]


def test_a_file_appended_twice_counts_once_and_names_the_earlier_row(tmp_path: Path) -> None:
    rows = [line(), line(value="2"), line(flag="进口")]
    one = write(tmp_path / "c1.csv", *rows, *rows)
    two = write(tmp_path / "c2.csv", line(value="2"))
    exports, rejects, account = run(tmp_path, one, two)
    assert exports["value_usd"].tolist() == [1000, 2]
    again = rejects[rejects["reason"] == "the same row stands earlier"]
    assert again["text"].tolist() == ["row 2 of c1.csv", "row 3 of c1.csv", "row 3 of c1.csv"]
    # Imports leave before duplicates are looked for.
    assert account.attrition.query("reason == 'import'")["rows_after"].tolist() == [5]


def test_rows_read_are_kept_plus_rejected_by_reason_for_every_file(tmp_path: Path) -> None:
    one = write(tmp_path / "c1.csv", line(), line(flag="进口"), "a,b", line(value="x"), line(), line(country="亚洲"))
    two = write(tmp_path / "c2.csv", line(value="3"), '"never closed,1')
    exports, rejects, account = run(tmp_path, one, two)
    files = account.files.set_index("source_file")
    assert files.loc["c1.csv", ["rows_read", "rows_kept", "rows_rejected"]].tolist() == [6, 1, 5]
    assert files.loc["c2.csv", ["rows_read", "rows_kept", "rows_rejected"]].tolist() == [2, 1, 1]
    assert exports.groupby("source_file").size().to_dict() == {"c1.csv": 1, "c2.csv": 1}
    assert rejects.groupby("source_file").size().to_dict() == {"c1.csv": 5, "c2.csv": 1}
    assert rejects.query("source_row == 4")["text"].tolist() == ["a,b"]


def test_attrition_counts_every_unit_before_and_after(tmp_path: Path) -> None:
    path = write(
        tmp_path / "c.csv",
        line(),
        line(firm="3205940002", hs8="84713000", country="142", value="500"),
        line(firm="3201940003", place="32019", country="日本", quantity="0", value="70"),
    )
    _, _, account = run(tmp_path, path)
    steps = account.attrition.set_index("reason")
    units = ["rows", "firms", "hs6", "destinations", "cities", "value_usd"]
    first = [steps.loc["import", f"{unit}_before"] for unit in units]
    assert first == [3, 3, 2, 3, 2, 1570]
    after = [steps.loc["quantity is zero", f"{unit}_after"] for unit in units]
    assert after == [2, 2, 2, 2, 1, 1500]
    last = [steps.loc[REIMPORT, f"{unit}_after"] for unit in units]
    assert last == [1, 1, 1, 1, 1, 1000]
    dropping = account.attrition[account.attrition["changed"] == 0].iloc[:-1]
    assert (dropping["rows_before"] >= dropping["rows_after"]).all()


def test_rules_may_keep_rows_without_a_quantity_duplicates_and_reimports(tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", line(quantity=""), line(quantity=""), line(country="中国"))
    rules = CustomsRules(require_quantity=False, drop_duplicates=False, keep_reimports=True)
    exports, rejects, _ = run(tmp_path, path, rules=rules)
    assert len(exports) == 3
    assert exports["quantity"].isna().tolist() == [True, True, False]
    assert rejects.empty


def test_an_annual_file_takes_the_year_from_its_name_and_has_no_month(tmp_path: Path) -> None:
    header = "_进口或出口,_企业编码,_税号编码,_起运国或目的国,_金额,_数量"
    path = write(tmp_path / "tradedata_2007_1.csv", "0,3205940001,1012100,502,10,1", header=header)
    exports, _, _ = run(tmp_path, path)
    assert exports[["year", "hs8", "destination", "hs_revision"]].iloc[0].tolist() == [2007, "01012100", "USA", "2007"]
    assert exports["month"].isna().all()
    nameless = write(tmp_path / "tradedata.csv", "0,3205940001,1012100,502,10,1", header=header)
    with pytest.raises(InputError, match=r"tradedata.csv: .*year"):
        run(tmp_path, nameless)


def test_nothing_is_written_when_a_file_is_refused(tmp_path: Path) -> None:
    good = write(tmp_path / "c.csv", line())
    odd = write(tmp_path / "odd.csv", "1", header="a,b,c")
    for wrong in (odd, tmp_path / "absent.csv"):
        with pytest.raises(InputError):
            run(tmp_path, good, wrong)
    assert not list((tmp_path / "out").glob("*")) if (tmp_path / "out").exists() else True
    other = write(tmp_path / "w.csv", "CHN,2003,010121,5", header="exporter,year,hs6,value")
    with pytest.raises(InputError, match="feeds 'world_trade'"):
        run(tmp_path, other)


def test_the_origin_says_licensed_or_simulated(tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", line())
    run(tmp_path, path)
    assert read_origin(tmp_path / "out" / "exports.parquet") == Origin(licences=("licensed",))
    simulated = Origin(simulated=True, licences=("simulated",))
    intake_customs([path], tmp_path / "out2.parquet", origin=simulated)
    for name in ("out2", "out2.rejects", "out2.attrition", "out2.files"):
        assert read_origin(tmp_path / f"{name}.parquet") == simulated


def test_the_same_files_give_the_same_bytes_whatever_the_block_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "c.csv", *(line(value=str(i % 50), firm=f"32059400{i % 7:02d}") for i in range(300)))
    intake_customs([path], tmp_path / "a.parquet", root=tmp_path)
    monkeypatch.setattr("citypanel.intake.text_blocks.BLOCK", 1000)
    intake_customs([path], tmp_path / "b.parquet", root=tmp_path)
    for kind in ("", ".rejects", ".attrition", ".files"):
        assert (tmp_path / f"a{kind}.parquet").read_bytes() == (tmp_path / f"b{kind}.parquet").read_bytes()


def test_cells_are_read_in_their_usual_spellings() -> None:
    assert [number(t) for t in ("1,234.5", " 12 345 ", "１２", "NA", "x")] == [1234.5, 12345, 12, None, None]
    assert [hs_code(t, 8) for t in ("1012100", "01012100.0", "８４７１３０００", "847130", "x")] == [
        "01012100", "01012100", "84713000", "", "",
    ]  # fmt: skip
    assert [hs_revision(y) for y in (2001, 2002, 2006, 2007, 2012, 2016, 2017, 2022)] == [
        "1996", "2002", "2002", "2007", "2012", "2012", "2017", "2022",
    ]  # fmt: skip
    dates = ("200301", "2003-01", "2003/1/5", "20030105", "2003年1月", "2003", "2003.0", "2003-13", "x")
    assert [year_month(t) for t in dates] == [
        (2003, 1), (2003, 1), (2003, 1), (2003, 1), (2003, 1), (2003, None), (2003, None), None, None,
    ]  # fmt: skip
    names = ("customs/data200301.csv", "tradedata_2007_1.csv", "custom_0015_exp.csv", "2005-12.csv", "x_2003_2005.csv")
    assert [file_date(name) for name in names] == [(2003, 1), (2007, None), None, (2005, 12), None]


def test_two_files_of_one_name_are_refused_instead_of_mixed_up(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder / "c.csv", line())
    with pytest.raises(InputError, match=r"two files are called c\.csv"):
        intake_customs([tmp_path / "a" / "c.csv", tmp_path / "b" / "c.csv"], tmp_path / "out.parquet")
