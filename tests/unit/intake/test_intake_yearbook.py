from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from citypanel.canonical import read_table
from citypanel.errors import InputError
from citypanel.intake.accounting import Account, Outputs
from citypanel.intake.labels import Labels
from citypanel.intake.yearbook import intake_yearbook
from citypanel.registers import Registers

CODES = ["city", "year", "adcode", "gdp_t", "gdp_d", "fdi_t", "share"]
LABELS = [
    "城市",
    "年份",
    "行政区划代码",
    "地区生产总值(全市)",
    "地区生产总值(市辖区)",
    "当年实际使用外资金额(全市)",
    "第三产业增加值占比",
]
UNITS = [None, "年", None, "亿元", "亿元", "万美元", "%"]
Cells = Sequence[object]


def workbook(path: Path, *rows: Cells, headers: Sequence[Cells] = (CODES, LABELS, UNITS)) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (*headers, *rows):
        sheet.append(list(row))
    book.save(path)
    return path


def text(path: Path, *lines: str) -> Path:
    path.write_bytes(("\ufeff" + "\r\n".join(lines) + "\r\n").encode())
    return path


def run(tmp_path: Path, *files: Path, **options: Path) -> tuple[pd.DataFrame, pd.DataFrame, Account]:
    out = Outputs.beside(tmp_path / "out" / "city_year.parquet")
    account = intake_yearbook(files, out, root=tmp_path, **options)
    return read_table(out.table, "city_year"), read_table(out.rejects, "rejects"), account


def lost(account: Account, step: str) -> int:
    rows = account.attrition[account.attrition["name"] == step]
    return int((rows["rows_before"] - rows["rows_after"]).sum())


def cells(table: pd.DataFrame) -> dict[tuple[int, int, str], float]:
    return {(r.adcode, r.year, r.variable): r.value for r in table.itertuples()}  # type: ignore[misc]


def test_three_header_rows_give_whole_city_values_in_the_canonical_unit(tmp_path: Path) -> None:
    path = workbook(tmp_path / "y.xlsx", ["苏州市", 2011, 320500, 1.5, 1.0, 900, 41.25])
    table, rejects, account = run(tmp_path, path)
    assert cells(table) == {
        (320500, 2011, "gdp_wan"): 15000,  # printed in 亿元
        (320500, 2011, "fdi_usd_wan"): 900,
        (320500, 2011, "tertiary_share"): 41.25,
    }
    gdp = table[table["variable"] == "gdp_wan"].iloc[0]
    assert (gdp["unit"], gdp["source"], gdp["interpolated"]) == ("万元", "y.xlsx:地区生产总值(全市)", False)
    assert gdp["source_row"] == 4
    assert lost(account, "districts") == 1
    assert rejects.empty


def test_a_printed_zero_is_missing_where_the_register_says_so(tmp_path: Path) -> None:
    headers = [["city", "year", "a", "b"], ["城市", "年份", "实际使用外资", "专利授权数"], [None, None, "万美元", "件"]]
    path = workbook(tmp_path / "y.xlsx", ["苏州市", 2011, 0, 0], ["无锡市", 2011, " 0 ", 3], headers=headers)
    table, _, account = run(tmp_path, path)
    assert cells(table) == {(320500, 2011, "patents_granted"): 0, (320200, 2011, "patents_granted"): 3}
    assert lost(account, "zero_is_missing") == 2


def test_blanks_inside_numbers_are_removed_and_counted_and_words_are_refused(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "y.xlsx",
        ["苏州市", 2011, 320500, " 1 234.5 ", None, "无", "--"],
        ["无锡市", 2011, 320200, "1,234", "", "", 40],
    )
    table, rejects, account = run(tmp_path, path)
    assert cells(table)[320500, 2011, "gdp_wan"] == 12_345_000
    assert cells(table)[320200, 2011, "gdp_wan"] == 12_340_000
    changed = account.attrition.query("reason == 'blanks or separators inside a number'")["changed"]
    assert changed.tolist() == [2]
    assert rejects[["source_row", "reason", "text"]].to_numpy().tolist() == [[4, "'fdi_usd_wan' is no number", "无"]]
    assert lost(account, "empty_cells") == 2


@pytest.mark.parametrize(
    ("name", "adcode"),
    [("襄樊市", 420600), ("襄阳", 420600), ("思茅市", 530800), ("普洱市", 530800), ("毫州市", 341600), ("临夏", 622900),
     ("临夏回族自治州", 622900), ("莱芜市", 371200), ("那曲地区", 540600), ("巢湖市", 341400), ("Xi'an", 610100)],
)  # fmt: skip
def test_old_names_misprints_and_two_names_of_one_place_are_found(tmp_path: Path, name: str, adcode: int) -> None:
    path = workbook(tmp_path / "y.xlsx", [name, 2009, None, 1, 1, 1, 1])
    table, _, _ = run(tmp_path, path)
    assert set(table["adcode"]) == {adcode}


def test_ambiguous_unknown_and_contradicting_places_are_refused_with_what_to_do(tmp_path: Path) -> None:
    path = text(
        tmp_path / "p.csv",
        "city,adcode,year,gdp_wan",
        "Suzhou,,2011,1",
        "Suzhou,320500,2011,2",
        "Nowhere,,2011,3",
        "苏州市,341300,2011,4",
        ",542400,2011,5",
        ",999999,2011,6",
        "苏州市,320500,x,7",
    )
    table, rejects, account = run(tmp_path, path)
    assert cells(table) == {(320500, 2011, "gdp_wan"): 2, (540600, 2011, "gdp_wan"): 5}
    reasons = dict(zip(rejects["source_row"], rejects["reason"], strict=True))
    assert "320500, 341300" in reasons[2]
    assert "give a table name,adcode" in reasons[2]
    assert reasons[4] == "a name that is no prefecture of the register"
    assert "disagree" in reasons[5]
    assert reasons[7] == "a code that is no prefecture"
    assert reasons[8] == "no year in the row"
    files = account.files.iloc[0]
    assert (files["rows_read"], files["rows_kept"], files["rows_rejected"]) == (7, 2, 5)


def test_a_wide_file_is_named_by_itself_and_its_cities_by_the_users_key(tmp_path: Path) -> None:
    wide = text(tmp_path / "FDI.csv", "city,2003,2004", "Suzhou, 10 ,0", "Suzhou2,2,3", "Nantong,4,5")
    key = text(tmp_path / "city_key.csv", "name,adcode", "Suzhou,320500", "Suzhou2,341300")
    variables = text(tmp_path / "labels.csv", "label,variable,unit,zero_is_missing", "FDI,fdi_usd_per_head,美元,1")
    expected = {
        (320500, 2003, "fdi_usd_per_head"): 10,
        (320600, 2003, "fdi_usd_per_head"): 4,
        (320600, 2004, "fdi_usd_per_head"): 5,
        (341300, 2003, "fdi_usd_per_head"): 2,
        (341300, 2004, "fdi_usd_per_head"): 3,
    }
    beside, _, _ = run(tmp_path, wide, key, variables)
    given, _, _ = run(tmp_path, wide, city_key=key, variables=variables)
    assert cells(beside) == cells(given) == expected
    alone, rejects, _ = run(tmp_path, wide, variables=variables)
    assert set(alone["adcode"]) == {320600}
    assert rejects["source_row"].tolist() == [2, 3]


def test_a_long_table_is_read_by_label_and_unit(tmp_path: Path) -> None:
    path = text(
        tmp_path / "l.csv",
        "年份,省份,地区,地区编码,指标,数值",
        "2011,江苏省,苏州市,320500,地区生产总值(万元),5",
        "2011,江苏省,苏州市,320500,地区生产总值(万元),6",
        "2011,江苏省,苏州市,320500,地区生产总值,7",
        "2011,江苏省,苏州市,320500,气温(度),8",
    )
    table, _, account = run(tmp_path, path)
    assert cells(table) == {(320500, 2011, "gdp_wan"): 5}
    assert lost(account, "first_value") == 1
    assert lost(account, "unknown_labels") == 2


def test_labels_need_a_unit_and_units_of_the_same_kind() -> None:
    labels = Labels(Registers())
    assert labels.find("货物出口总额", "万美元").variable == "exports_usd_wan"
    assert labels.find("货物出口总额", "亿元").variable == "exports_wan"
    assert labels.find("货物出口总额", "亿元").factor == 10_000
    assert labels.find("年末户籍人口（人）").factor == 1e-4
    assert labels.find("地区生产总值").variable == ""
    assert labels.find("地区生产总值", "人").variable == ""
    assert labels.find("gdp_wan").variable == "gdp_wan"
    assert labels.find("地区生产总值_市辖区", "万元").scope == "市辖区"
    assert labels.find("人民币对美元年平均汇率", "元/美元").national


def test_files_without_one_known_cell_are_one_clear_line(tmp_path: Path) -> None:
    wide = text(tmp_path / "green.csv", "city,2003,2004", "Nantong,4,5")
    with pytest.raises(InputError, match=r"green\.csv.*label,variable,unit"):
        run(tmp_path, wide)
    bad = text(tmp_path / "key.csv", "name,adcode", "Suzhou,32xx")
    with pytest.raises(InputError, match="row 2: found adcode '32xx'"):
        run(tmp_path, wide, city_key=bad)


def test_cells_read_are_cells_kept_plus_cells_lost_by_reason(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "y.xlsx", ["苏州市", 2011, 320500, 1.5, 1, 0, "x"], ["无锡市", 2011, 320200, 1, None, 2, 3]
    )
    table, _, account = run(tmp_path, path)
    steps = account.attrition[account.attrition["step"] >= 2]
    assert steps["rows_before"].iloc[0] == 8
    assert len(table) == 8 - int((steps["rows_before"] - steps["rows_after"]).sum())
