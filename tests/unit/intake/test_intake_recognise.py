from pathlib import Path

import openpyxl
import pytest

from citypanel.errors import InputError
from citypanel.intake.reading import read_blocks
from citypanel.intake.recognise import Recogniser, detect_encoding

RECOGNISER = Recogniser()
CUSTOMS = (
    "日期,进口或出口,税号编码,起运国或目的国,金额,数量,数量单位,企业编码,经营单位,消费地或生产地,贸易方式,企业性质"
)


def read(path: Path) -> tuple[list[list[str]], list[int], list[tuple[int, str]]]:
    cells: list[list[str]] = []
    rows: list[int] = []
    refused: list[tuple[int, str]] = []
    for block in read_blocks(RECOGNISER.recognise(path)):
        cells += [list(row) for row in zip(*(c.to_pylist() for c in block.table.columns), strict=True)]
        rows += block.rows.tolist()
        refused += [(item.row, item.reason) for item in block.refused]
    return cells, rows, refused


@pytest.mark.parametrize(
    ("layout", "headers"),
    [
        (
            "customs_2000_2001",
            "shipment_date,exp_imp,party_id,company,hs_id,country,value,quantity,shipment,CompanyType",
        ),
        (
            "customs_2002",
            "shipment_date,进出口_C,party_id,pname,hs_id,国家名称_C,value,quantity,贸易类型_C,companytype",
        ),
        ("customs_2003_2004", CUSTOMS),
        ("customs_2005", "shipment_date,exp_or_imp,hs_id,hs,value,quantity,party_id,company,city,CompanyType,country"),
        ("customs_2005_december", CUSTOMS.replace("税号编码", "HS编码")),
        ("customs_2006", "月度,进出口,商品代码,var18,金额,数量,企业代码,企业名称,企业类型,贸易方式"),
        ("customs_2007_2011", "_进口或出口,_企业编码,_经营单位,_税号编码,_起运国或目的国,_金额,_数量,_贸易方式"),
        ("customs_vendor_2000_2015", "party_id,hs_2,hs_4,hs_6,country,value,quantity,year"),
        ("patents_incopat", "标题,公开（公告）号,公开 (公告) 日,申请号,申请日,专利类型,IPC主分类,申请人,申请人数量"),
        ("patents_cnipa", "专利公开号,专利名称,专利类型,申请人,专利申请号,申请日,授权公布号,申请地址,主分类号"),
        ("yearbook_wide", "city,2003,2004,2005"),
        ("yearbook_long", "年份,省份,地区,地区编码,指标,数值"),
        ("panel_long", "year,city_code,gdp_wan"),
        ("world_trade", "exporter,year,hs6,value,gdp_per_head"),
    ],
)
def test_a_layout_is_recognised_by_its_headers(tmp_path: Path, layout: str, headers: str) -> None:
    path = tmp_path / "a_2005.csv"
    path.write_bytes((headers + "\n").encode("gb18030"))
    assert RECOGNISER.recognise(path).layout.name == layout


def test_header_spelling_width_blanks_and_marks_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes("\ufeff标题,公开（公告）号, 申请号 ,申请日,申请人\n".encode())
    raw = RECOGNISER.recognise(path)
    assert raw.layout.name == "patents_incopat"
    assert raw.columns["application_no"] == 2


def test_three_header_rows_of_a_workbook_are_told_from_one(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ["city", "year", "adcode", "x1"],
        ["城市", "年份", "行政区划代码", "地区生产总值(全市)"],
        ["", "年", "", "万元"],
    ):
        sheet.append(row)
    sheet.append(["苏州市", 2011, 320500, 1.5])
    path = tmp_path / "yearbook.xlsx"
    book.save(path)
    raw = RECOGNISER.recognise(path)
    assert (raw.layout.name, raw.header_rows) == ("yearbook_three_headers", 3)
    assert read(path)[:2] == ([["苏州市", "2011", "320500", "1.5"]], [4])


def test_an_unknown_header_names_the_file_the_headers_and_what_the_nearest_layout_lacks(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(CUSTOMS.replace("金额", "价值").replace("企业编码", "代码") + "\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        RECOGNISER.recognise(path)
    message = str(caught.value)
    assert "\n" not in message
    for word in ("odd.csv", "价值", "customs_2003_2004", "金额", "企业编码", "registers/layouts.csv"):
        assert word in message


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", b"", ["empty.csv", "is empty"]),
        ("blank.csv", b"\n\n", ["blank.csv", "is empty"]),
        ("old.mdb", b"x", ["old.mdb", "mdb-export"]),
        ("a.doc", b"x", ["a.doc", "'.doc'", "allowed"]),
        ("no.xlsx", b"not a workbook", ["no.xlsx", "workbook"]),
    ],
)
def test_a_file_that_cannot_be_read_is_one_clear_line(
    tmp_path: Path, name: str, content: bytes, words: list[str]
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        RECOGNISER.recognise(path)
    assert all(word in str(caught.value) for word in words)
    with pytest.raises(InputError, match="does not exist"):
        RECOGNISER.recognise(tmp_path / "absent.csv")


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("utf-8", "苏州,1"), ("gb18030", "苏州,1"), ("utf-8", "a,1"), ("gb18030", "a" * 400_000 + "亳州")],
)
def test_the_encoding_is_found_without_being_declared(tmp_path: Path, encoding: str, text: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode(encoding))
    assert detect_encoding(path) == encoding


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_every_encoding_gives_the_same_rows_and_row_numbers(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "w.csv"
    path.write_bytes("城市,2003,2004\r\n苏州市,1,2\r\n亳州市,3,4".encode(encoding))
    assert read(path) == ([["苏州市", "1", "2"], ["亳州市", "3", "4"]], [2, 3], [])


def test_a_trailing_empty_column_is_no_column(tmp_path: Path) -> None:
    path = tmp_path / "w.csv"
    path.write_text("city,2003,2004\nSuqian,1,2,\nWuxi,3,4,\n", encoding="utf-8")
    cells, rows, refused = read(path)
    assert [row[:3] for row in cells] == [["Suqian", "1", "2"], ["Wuxi", "3", "4"]]
    assert (rows, refused) == ([2, 3], [])


def test_one_bad_line_costs_only_itself_and_is_named(tmp_path: Path) -> None:
    good = "苏州市,1,2".encode("gb18030")
    lines = [
        "城市,2003,2004".encode("gb18030"),
        good,
        b"\xcb\xd5\xd6,1,2",  # a truncated character swallows the comma's place
        b'"never closed,1,2',
        good,
        b"a,1",
        b"",
        b'"two\nlines",1,2',
        b'5" pipe,1,2',
    ]
    path = tmp_path / "w.csv"
    path.write_bytes(b"\n".join(lines) + b"\n")
    cells, rows, refused = read(path)
    assert [row[0] for row in cells] == ["苏州市", "苏州市", "two\nlines", '5" pipe']
    assert rows == [2, 5, 8, 10]
    assert [row for row, _ in refused] == [3, 4, 6, 7]
    assert "never closes" in refused[1][1]
    assert refused[2][1] == "2 fields where the headers have 3"


def test_a_file_cut_in_the_middle_of_a_character_loses_that_line_only(tmp_path: Path) -> None:
    path = tmp_path / "w.csv"
    path.write_bytes("城市,2003,2004\n苏州市,1,2\n亳".encode("gb18030")[:-1])
    cells, _, refused = read(path)
    assert [row[0] for row in cells] == ["苏州市"]
    assert refused == [(3, "not valid GB18030")]


def test_rows_keep_their_numbers_across_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "w.csv"
    body = "".join(f'"city\n{i}",{i},{i}\n' if i % 7 == 0 else f"c{i},{i},{i}\n" for i in range(500))
    path.write_text("city,2003,2004\n" + body, encoding="utf-8")
    whole = read(path)
    monkeypatch.setattr("citypanel.intake.text_blocks.BLOCK", 64)
    assert read(path) == whole
    assert whole[0][14] == ["city\n14", "14", "14"]
    assert whole[1][:3] == [2, 4, 5]


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "w.csv"
    path.write_text("city,2003,2004\n" + "a,1,2\n" * 100, encoding="utf-8")
    monkeypatch.setattr("citypanel.intake.text_blocks.BLOCK", 64)
    blocks = read_blocks(RECOGNISER.recognise(path))
    next(blocks)
    with path.open("a", encoding="utf-8") as stream:
        stream.write("b,1,2\n")
    with pytest.raises(InputError, match="changed while it was read"):
        list(blocks)


def test_a_bad_line_sends_only_its_piece_through_the_slow_parser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "w.csv"
    lines = [f'"c\n{i}",{i},{i}' if i % 50 == 0 else "a,b" if i == 120 else f"c{i},{i},{i}" for i in range(300)]
    path.write_text("city,2003,2004\n" + "\n".join(lines) + '\nz,1,"open\n', encoding="utf-8")
    whole = read(path)
    monkeypatch.setattr("citypanel.intake.text_blocks.PIECE", 40)
    assert read(path) == whole
    assert len(whole[0]) == 299
    assert [reason for _, reason in whole[2]] == ["2 fields where the headers have 3", "a quote that never closes"]
