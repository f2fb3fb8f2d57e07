"""Bad customs files: each fault is a counted reject with file and row, or one clear line; nothing is half-written."""

import os
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from citypanel.canonical import read_table
from citypanel.cli import main
from citypanel.declare.intake import CustomsRules
from citypanel.errors import InputError
from citypanel.intake import customs
from citypanel.intake.accounting import Account, Outputs
from citypanel.intake.check import check_raw
from citypanel.intake.customs import intake_customs
from citypanel.sample.stata import StataFile, Variable

HEADER = "日期,进口或出口,税号编码,金额,数量,数量单位,企业编码,消费地或生产地,起运国或目的国"


def line(number: int = 1, **changes: str) -> str:
    good = {
        "date": "200301", "flag": "出口", "hs8": "84713000", "value": str(1000 + number), "quantity": "10",
        "unit": "台", "firm": "3205940001", "place": "32059", "country": "美国",
    }  # fmt: skip
    return ",".join({**good, **changes}.values())


def content(*lines: str, end: str = "\n", encoding: str = "gb18030") -> bytes:
    return end.join([HEADER, *lines, ""]).encode(encoding)


def run(tmp_path: Path, *files: Path, rules: CustomsRules | None = None) -> tuple[pd.DataFrame, pd.DataFrame, Account]:
    out = Outputs.beside(tmp_path / "out" / "exports.parquet")
    account = intake_customs(files, out, root=tmp_path, rules=rules)
    for row in account.files.to_dict(orient="records"):
        assert row["rows_read"] == row["rows_kept"] + row["rows_rejected"] + row["rows_merged"], row
    return read_table(out.table, "exports"), read_table(out.rejects, "rejects"), account


def refusal(tmp_path: Path, *files: Path) -> str:
    """The one line that refuses files, of which nothing is written."""
    with pytest.raises(InputError) as caught:
        run(tmp_path, *files)
    assert "\n" not in str(caught.value)
    assert not [path for path in (tmp_path / "out").glob("**/*") if path.is_file()]
    return str(caught.value)


def changed(account: Account, reason: str) -> int:
    found = account.attrition[account.attrition["reason"].str.contains(reason, regex=False)]
    assert len(found) == 1
    return int(found["changed"].iloc[0])


def test_text_cut_inside_its_last_character_costs_that_row_only(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(content(line(1), line(2))[:-2])
    exports, rejects, _ = run(tmp_path, path)
    assert exports["value_usd"].tolist() == [1001]
    assert rejects[["source_file", "source_row", "reason"]].to_numpy().tolist() == [["c.csv", 3, "not valid GB18030"]]
    assert rejects["text"].str.startswith("200301,出口").all()


def test_a_quote_that_never_closes_costs_that_row_only(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(content(line(1), line(2, unit='"台'), line(3), line(4)))
    exports, rejects, _ = run(tmp_path, path)
    assert exports["value_usd"].tolist() == [1001, 1003, 1004]
    assert rejects[["source_row", "reason"]].to_numpy().tolist() == [[3, "a quote that never closes"]]


@pytest.mark.parametrize("code", ["1012100", "1012100.0", " 1012100 ", "\t1012100"])
def test_a_lost_leading_zero_of_the_commodity_is_restored_and_counted(tmp_path: Path, code: str) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(content(line(1, hs8=code), line(2)))
    exports, _, account = run(tmp_path, path)
    assert exports["hs8"].tolist() == ["01012100", "84713000"]
    assert changed(account, "leading zero restored") == 1


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"quantity": "-3"}, "quantity is negative"),
        ({"quantity": "三"}, "quantity is not a number"),
        ({"quantity": "1e999"}, "quantity is not a number"),
        ({"value": "-3"}, "value is zero or negative"),
        ({"country": "亚特兰蒂斯"}, "destination not in registers/countries.csv"),
        ({"country": "998"}, "destination not in registers/countries.csv"),
        ({"date": "20O3"}, "the date is no year or month"),
        ({"date": "3003"}, "the date is no year or month"),
        ({"date": " NA"}, "no year in row or file name"),
        ({"firm": "\0\0"}, "a NUL byte"),
    ],
)
def test_an_unreadable_cell_is_a_reject_with_file_row_and_reason(
    tmp_path: Path, fault: dict[str, str], reason: str
) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(content(line(1), line(2, **fault), line(3)))
    exports, rejects, _ = run(tmp_path, path)
    assert exports["value_usd"].tolist() == [1001, 1003]
    assert rejects[["source_file", "source_row", "reason"]].to_numpy().tolist() == [["c.csv", 3, reason]]


def test_an_unreadable_date_is_refused_even_where_the_file_name_says_the_year(tmp_path: Path) -> None:
    path = tmp_path / "data200301.csv"
    path.write_bytes(content(line(1, date="20O3"), line(2, date=""), line(3, date="1")))
    exports, rejects, _ = run(tmp_path, path)
    assert exports[["year", "month"]].to_numpy().tolist() == [[2003, 1], [2003, 1]]
    assert rejects["reason"].tolist() == ["the date is no year or month"]


def test_unknown_places_and_units_stay_and_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(content(line(1, place="99999"), line(2, unit="箩筐"), line(3, unit="035"), line(4, unit="")))
    exports, rejects, account = run(tmp_path, path)
    assert rejects.empty
    assert exports["city_producing"].isna().tolist() == [True, False, False, False]
    assert exports["unit"].fillna("").tolist() == ["台", "箩筐", "千克", ""]
    assert changed(account, "production place is in none") == 1
    assert changed(account, "unit of quantity not in") == 1


def test_a_file_given_twice_under_two_names_counts_once_and_says_so(tmp_path: Path) -> None:
    one, two = tmp_path / "a.csv", tmp_path / "b.csv"
    for path in (one, two):
        path.write_bytes(content(line(1), line(1), line(2)))
    rules = CustomsRules(drop_duplicates=False)  # even where duplicate rows are kept, a file counts once
    exports, rejects, account = run(tmp_path, one, two, rules=rules)
    assert len(exports) == 3
    assert rejects.empty
    counts = account.files.set_index("source_file")[["rows_read", "rows_kept", "rows_rejected", "rows_merged"]]
    assert counts.loc["b.csv"].tolist() == [3, 0, 0, 3]
    first = account.attrition.iloc[0]
    assert (first["reason"], first["rows_before"], first["rows_after"]) == (
        "the file holds the same bytes as another", 6, 3,
    )  # fmt: skip


def test_headers_without_rows_are_refused_alone_and_counted_beside_others(tmp_path: Path) -> None:
    bare, full = tmp_path / "bare.csv", tmp_path / "full.csv"
    bare.write_bytes(content())
    full.write_bytes(content(line()))
    assert refusal(tmp_path, bare) == "bare.csv: headers without rows; export the data again"
    _, _, account = run(tmp_path, bare, full)
    assert account.files.set_index("source_file")["rows_read"].to_dict() == {"bare.csv": 0, "full.csv": 1}


@pytest.mark.parametrize("header", [HEADER, HEADER + "\n", HEADER + "\r\n\r\n"])
def test_a_header_is_no_row_however_the_file_ends(tmp_path: Path, header: str) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(header.encode("gb18030"))
    assert "headers without rows" in refusal(tmp_path, path)


def test_an_empty_file_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.touch()
    assert refusal(tmp_path, path) == "c.csv is empty; a raw file with at least a header row is expected"


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(content(*(line(n) for n in range(100))))
    read = customs.RowReader.read

    def and_meddle(self: customs.RowReader, *given: object) -> object:
        # As a copy that is still running: another content of the same size, its old time of change put back.
        before = path.stat()
        path.write_bytes(path.read_bytes().replace(b"1001", b"1002"))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        return read(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(customs.RowReader, "read", and_meddle)
    assert refusal(tmp_path, path) == "c.csv changed while it was read; run again when nothing writes to it any more"


def test_a_file_that_is_replaced_between_recognition_and_reading_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, other = tmp_path / "c.csv", tmp_path / "other"
    path.write_bytes(content(line(1)))
    other.write_bytes(content(line(2)))
    require = customs.require_table
    monkeypatch.setattr(customs, "require_table", lambda *given: (other.replace(path), require(*given)))
    assert "changed while it was read" in refusal(tmp_path, path)


def test_a_folder_of_locks_of_excel_only_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "~$customs.xlsx").write_bytes(b"\x05owner")
    for command in (["check-raw", str(raw)], ["intake", str(raw), "--out", str(tmp_path / "out")]):
        assert main(command) == 2
        said = capsys.readouterr().err.strip()
        assert "holds only hidden files and locks of Excel (~$customs.xlsx)" in said
        assert "\n" not in said
    # A workflow that lists files names the lock itself.
    assert "close Excel and delete it" in refusal(tmp_path, raw / "~$customs.xlsx")


@pytest.mark.parametrize("ends", [("\n", "\r\n"), ("\r\n", "\n"), ("\r", "\n"), ("\r", "\r\n"), ("\r", "\r")])
def test_mixed_line_ends_lose_no_row_and_hide_no_duplicate(tmp_path: Path, ends: tuple[str, str]) -> None:
    path = tmp_path / "c.csv"
    body = [HEADER + ends[0], line(1) + ends[0], line(2) + ends[1], line(1) + ends[1], line(3) + ends[0]]
    path.write_bytes("".join(body).encode("gb18030"))
    exports, rejects, _ = run(tmp_path, path)
    assert exports["value_usd"].tolist() == [1001, 1002, 1003]
    assert exports["source_row"].tolist() == [2, 3, 5]
    assert rejects[["source_row", "text"]].to_numpy().tolist() == [[4, "row 2 of c.csv"]]


def test_a_file_that_ends_in_zeros_after_a_crash_keeps_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(content(line(1), line(2)) + b"\0" * 5000)
    exports, rejects, _ = run(tmp_path, path)
    assert len(exports) == 2
    assert rejects[["source_row", "reason"]].to_numpy().tolist() == [[4, "a NUL byte"]]
    assert len(rejects["text"].iloc[0]) == 500


def test_a_file_without_any_line_end_is_refused_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("citypanel.intake.text_blocks.BLOCK", 1 << 16)
    monkeypatch.setattr("citypanel.intake.text_blocks.LONGEST_LINE", 1 << 18)
    path = tmp_path / "c.csv"
    path.write_bytes(content(line(1)) + b"x" * (1 << 20))
    assert "c.csv, row 3: no line end within" in refusal(tmp_path, path)


def test_text_of_two_byte_characters_is_known_without_its_mark(tmp_path: Path) -> None:
    path = tmp_path / "custom_2013_exp.csv"
    text = "party_id,hs_6,country,value,quantity,year\n3205940001,847130,502,5,1,2013\n"
    path.write_bytes(text.encode("utf-16-le") + b"\0")
    exports, _, account = run(tmp_path, path)
    assert len(exports) == 1
    assert account.files["encoding"].tolist() == ["utf-16-le"]


def test_a_trailing_column_in_some_rows_only_loses_no_row(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    lines = [HEADER + ",", line(1) + ",", line(2), line(3) + ",,"]
    path.write_bytes(("\n".join(lines) + "\n").encode("gb18030"))
    exports, rejects, _ = run(tmp_path, path)
    assert exports["value_usd"].tolist() == [1001, 1002, 1003]
    assert rejects.empty


def stata(path: Path, kinds: dict[str, int], columns: dict[str, list[object]]) -> Path:
    with StataFile(path, [Variable(name, width) for name, width in kinds.items()]) as file:
        file.add({name: np.array(cells) for name, cells in columns.items()})
    return path


VENDOR = {"party_id": 10, "company": 8, "hs_6": 6, "country": 0, "value": 0, "quantity": 0, "year": 0}


def vendor(path: Path, names: list[bytes]) -> Path:
    many = len(names)
    return stata(path, VENDOR, {
        "party_id": [b"3205940001"] * many, "company": names, "hs_6": [b"847130"] * many, "country": [502.0] * many,
        "value": [float(n + 1) for n in range(many)], "quantity": [1.0] * many, "year": [2013.0] * many,
    })  # fmt: skip


def test_stata_text_that_is_no_chinese_costs_its_row_only(tmp_path: Path) -> None:
    names = ["苏州公司".encode("gb18030"), b"\xcb\xd5\xff\xff\xd6\xdd", "昆山公司".encode("gb18030")]
    exports, rejects, account = run(tmp_path, vendor(tmp_path / "custom_exp.dta", names))
    assert exports["firm_name"].tolist() == ["苏州公司", "昆山公司"]
    assert rejects[["source_row", "reason"]].to_numpy().tolist() == [[3, "not valid GB18030"]]
    assert account.files["encoding"].tolist() == ["gb18030"]


def test_stata_text_that_its_width_cuts_inside_a_character_keeps_its_row(tmp_path: Path) -> None:
    names = ["苏州公司".encode("gb18030")[:7], b"\xcb\xd5\xff\xff\xd6\xdd", b""]
    exports, rejects, _ = run(tmp_path, vendor(tmp_path / "custom_exp.dta", names))
    assert exports["firm_name"].fillna("").tolist() == ["苏州公", ""]
    assert rejects["source_row"].tolist() == [3]


def test_a_stata_file_that_ends_too_early_is_refused(tmp_path: Path) -> None:
    path = vendor(tmp_path / "custom_exp.dta", [b"a"] * 50)
    path.write_bytes(path.read_bytes()[:-200])
    assert "custom_exp.dta" in refusal(tmp_path, path)


def test_codes_that_stata_rounded_to_a_float_are_refused(tmp_path: Path) -> None:
    table = pd.DataFrame({
        "_进口或出口": [0.0], "_企业编码": np.array([3205940001], dtype=np.float32), "_税号编码": [84713000.0],
        "_起运国或目的国": [502.0], "_金额": [5.0], "_数量": [1.0],
    })  # fmt: skip
    path = tmp_path / "tradedata_2007_1.dta"
    table.to_stata(path, version=118, write_index=False)
    assert "column '_企业编码': stored as a float, which keeps 7 digits" in refusal(tmp_path, path)


def test_rows_on_other_sheets_are_read_if_their_headers_are_the_same_and_refused_if_not(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    notes = book.active
    assert notes is not None
    notes.append(["数据说明"])
    for number in (1, 2):
        sheet = book.create_sheet(f"第{number}部分")
        sheet.append(HEADER.split(","))
        sheet.append(line(number).split(","))
    path = tmp_path / "c.xlsx"
    book.save(path)
    exports, rejects, account = run(tmp_path, path)
    assert exports["value_usd"].tolist() == [1001, 1002]
    assert exports["source_row"].tolist() == [3, 5]
    assert rejects[["source_row", "text"]].to_numpy().tolist() == [[1, "数据说明"]]
    assert "sheet 'Sheet'" in rejects["reason"].iloc[0]
    assert account.files["rows_read"].tolist() == [3]


@pytest.mark.parametrize("suffix", [".mdb", ".accdb"])
@pytest.mark.parametrize("packed", [False, True])
def test_an_access_database_says_how_to_export_it(tmp_path: Path, suffix: str, *, packed: bool) -> None:
    path = tmp_path / f"2000-01{suffix}"
    path.write_bytes(b"\0\1\0\0Standard Jet DB")
    if packed:
        with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
            archive.write(path, path.name)
        path = tmp_path / "all.zip"
    said = refusal(tmp_path, path)
    for words in (f"2000-01{suffix}", "mdb-export -D '%Y%m%d' FILE TABLE > TABLE.csv", "Export > Text File"):
        assert words in said


def test_what_an_operating_system_leaves_in_a_folder_is_no_raw_file(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_bytes(content(line()))
    (tmp_path / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    _, _, account = run(tmp_path, tmp_path / ".DS_Store", tmp_path / "c.csv")
    assert account.files["source_file"].tolist() == ["c.csv"]
    with pytest.raises(InputError, match="no raw file is given"):
        run(tmp_path / "other", tmp_path / ".DS_Store")


def test_imports_that_only_the_file_name_tells_are_no_exports(tmp_path: Path) -> None:
    header = "party_id,hs_6,country,value,quantity,year\n"
    for name, value in (("custom_0015_exp.csv", 5), ("custom_0015_imp.csv", 7)):
        (tmp_path / name).write_text(f"{header}3205940001,847130,502,{value},1,2013\n", encoding="utf-8")
    exports, rejects, _ = run(tmp_path, *sorted(tmp_path.glob("*.csv")))
    assert exports["value_usd"].tolist() == [5]
    assert rejects[["source_file", "reason"]].to_numpy().tolist() == [["custom_0015_imp.csv", "import"]]


def test_exports_of_two_countries_are_not_mixed(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_bytes(content(line()))
    header = "CO_ANO,CO_MES,CO_NCM,CO_PAIS,SG_UF_NCM,KG_LIQUIDO,VL_FOB\n"
    (tmp_path / "EXP_2023.csv").write_text(header + "2023,1,12019000,160,SP,5,5\n", encoding="utf-8")
    said = refusal(tmp_path, tmp_path / "c.csv", tmp_path / "EXP_2023.csv")
    assert "BRA (EXP_2023.csv), CHN (c.csv)" in said
    said = refusal(tmp_path, tmp_path / "EXP_2023.csv")
    assert "put the source's country table beside it" in said


def test_check_raw_counts_what_intake_would_refuse(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "c.csv").write_bytes(content(line(1), line(2, quantity="-1"), line(3, unit='"台')) + b"\0\n")
    found = check_raw(raw)[0]
    assert found.rows == 4
    assert found.problems[:3] == (
        "1 row leaves at read: a NUL byte",
        "1 row leaves at read: a quote that never closes",
        "1 row leaves at positive: quantity is negative",
    )
