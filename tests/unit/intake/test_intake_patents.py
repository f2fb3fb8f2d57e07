from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from citypanel.canonical import read_table
from citypanel.intake.accounting import Account, Outputs
from citypanel.intake.names import (
    application_key,
    clean_name,
    kind_of,
    patent_kind,
    publication_key,
    split_fields,
    split_names,
)
from citypanel.intake.patents import intake_patents
from citypanel.intake.patents_cells import _whole
from citypanel.intake.places import Gazetteer
from citypanel.intake.seats import Seats

HEADER = (
    "标题,公开(公告)号,申请号,申请日,专利类型,IPC主分类,申请人,标准化申请人,"
    "申请人数量,申请人类型,申请人地址,中国申请人地市"
)
GOOD = {
    "title": "一种装置",
    "published": "CN112000028A",
    "number": "CN201210000028.6",
    "date": "20120412",
    "kind": "发明申请",
    "ipc": "C08L23/06",
    "applicants": "恒微电力有限公司; 瑞思化工有限公司",
    "standard": "",
    "count": "2",
    "types": "企业; 企业",
    "address": "215000 江苏省苏州市昆山市建设路200号",
    "city": "苏州市",
}
SEATS = Seats(Gazetteer())


def line(**changes: str) -> list[str]:
    return [*{**GOOD, **changes}.values()]


def run(tmp_path: Path, *lines: list[str], header: str = HEADER) -> tuple[pd.DataFrame, pd.DataFrame, Account]:
    path = tmp_path / "p.csv"
    path.write_text("\n".join([header, *(",".join(cells) for cells in lines), ""]), encoding="utf-8")
    return read(tmp_path, path)


def read(tmp_path: Path, *paths: Path) -> tuple[pd.DataFrame, pd.DataFrame, Account]:
    out = Outputs.beside(tmp_path / "out" / "patents.parquet")
    account = intake_patents(paths, out, root=tmp_path)
    return read_table(out.table, "patents"), read_table(out.rejects, "rejects"), account


def applicants(patents: pd.DataFrame, at: int = 0) -> list[tuple[str, str, int | None, str]]:
    return [(a["name"], a["kind"], a["adcode"], a["resolved_by"]) for a in patents["applicants"].iloc[at]]


def changed(account: Account, reason: str) -> int:
    return int(account.attrition.set_index("reason")["changed"].get(reason, 0))


def test_a_row_becomes_one_application_with_its_applicants_in_order(tmp_path: Path) -> None:
    patents, rejects, _ = run(tmp_path, line())
    row = patents.iloc[0]
    assert (row["application_no"], str(row["date"]), row["kind"], row["ipc"]) == (
        "201210000028",
        "2012-04-12",
        "invention",
        "C08L23/06",
    )
    assert applicants(patents) == [
        ("恒微电力有限公司", "organisation", 320500, "city_field"),
        ("瑞思化工有限公司", "organisation", None, "unresolved"),
    ]
    assert rejects.empty


def test_application_and_grant_and_repeated_rows_are_one_application(tmp_path: Path) -> None:
    grant = line(published="CN112000028B", kind="发明授权", applicants="恒微电力有限公司", count="1")
    patents, _, account = run(tmp_path, grant, line(), line())
    assert patents["application_no"].tolist() == ["201210000028"]
    # The application, not the grant that stands first in the file.
    assert patents["source_row"].tolist() == [3]
    assert len(applicants(patents)) == 2
    files = account.files.iloc[0]
    assert (files["rows_read"], files["rows_kept"], files["rows_merged"]) == (3, 1, 2)
    assert changed(account, "applicants differ between rows of one application; the earliest are kept") == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"number": "", "published": ""}, "no application number"),
        (
            {"number": "PCT/CN2012/070001", "published": "WO2012100001A1"},
            "an international application (PCT), not a Chinese one",
        ),
        ({"date": ""}, "no application date"),
        ({"date": "2012-02-30"}, "no application date"),
        ({"number": "CN201270000028.6", "kind": ""}, "neither invention, utility model nor design"),
        ({"applicants": "; "}, "no applicant"),
        ({"applicants": "甲" * 500}, "an applicant's name of more than 300 characters"),
    ],
)
def test_a_row_that_is_no_application_is_refused_with_its_reason(
    tmp_path: Path, changes: dict[str, str], reason: str
) -> None:
    patents, rejects, account = run(tmp_path, line(), line(**changes))
    assert len(patents) == 1
    assert rejects[["source_row", "reason"]].to_numpy().tolist() == [[3, reason]]
    files = account.files.iloc[0]
    assert files["rows_read"] == files["rows_kept"] + files["rows_rejected"] + files["rows_merged"]


def test_a_partner_sits_where_it_is_first_applicant_within_three_years(tmp_path: Path) -> None:
    alone = {"applicants": "瑞思化工有限公司", "count": "1", "types": "企业", "address": "", "city": "杭州市"}
    near = line(number="CN201410000001.1", date="2014-05-01", **alone)
    far = line(number="CN200510000002.1", date="2005-05-01", **{**alone, "city": "宁波市"})
    patents, _, account = run(tmp_path, line(), near, far)
    assert applicants(patents, 1)[1] == ("瑞思化工有限公司", "organisation", 330100, "first_applicant")
    assert changed(account, "first_applicant") == 1


def test_a_tie_between_two_cities_is_not_decided(tmp_path: Path) -> None:
    alone = {"applicants": "瑞思化工有限公司", "count": "1", "types": "企业", "address": ""}
    one = line(number="CN201210000001.1", city="杭州市", **alone)
    two = line(number="CN201210000002.1", city="宁波市", **alone)
    patents, _, _ = run(tmp_path, line(), one, two)
    assert applicants(patents, 2)[1][2:] == (None, "unresolved")


def test_cities_are_aligned_by_position_only_if_their_number_is_that_of_the_applicants(tmp_path: Path) -> None:
    both, _, _ = run(tmp_path, line(city="苏州市; 无锡市"))
    assert [a[2] for a in applicants(both)] == [320500, 320200]
    declared_three, _, account = run(tmp_path, line(city="苏州市; 无锡市", count="3"))
    assert applicants(declared_three)[0][2:] == (320500, "address")
    assert applicants(declared_three)[1][2:] == (None, "unresolved")
    assert changed(account, "declared number of applicants is not the number of names") == 1


def test_standardised_names_are_used_where_they_match_in_number(tmp_path: Path) -> None:
    patents, _, _ = run(tmp_path, line(standard="[恒微电力]; [瑞思化工（芜湖）有限公司]"))
    assert [a[0] for a in applicants(patents)] == ["恒微电力", "瑞思化工(芜湖)有限公司"]
    assert applicants(patents)[1][2:] == (340200, "name")
    short, _, _ = run(tmp_path, line(standard="[恒微电力]"))
    assert applicants(short)[0][0] == "恒微电力有限公司"


def test_types_tell_persons_where_they_match_in_number_and_names_elsewhere(tmp_path: Path) -> None:
    patents, _, account = run(
        tmp_path,
        line(applicants="恒微电力有限公司; 林英", types="企业  个人"),
        line(number="CN201210000029.6", applicants="恒微电力有限公司; 林英; 某某大学", count="3", types="企业; 个人"),
    )
    assert [a[1] for a in applicants(patents)] == ["organisation", "person"]
    assert [a[1] for a in applicants(patents, 1)] == ["organisation", "person", "organisation"]
    assert changed(account, "types of applicants do not match in number; told by name") == 1


def test_a_name_repeated_inside_a_row_is_one_applicant(tmp_path: Path) -> None:
    patents, _, account = run(tmp_path, line(applicants="甲公司; 甲公司 ; 乙公司", count="3", types=""))
    assert [a[0] for a in applicants(patents)] == ["甲公司", "乙公司"]
    assert changed(account, "applicant repeated inside one row") == 1


def test_old_headers_workbooks_and_other_vendors_give_the_same_application(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["标题", "公开（公告） 号", "申请号", "申请日", "申请人", "主分类号"])
    sheet.append(["一种", "CN112000028A", "CN201210000028.6", "2012.04.12", "甲公司；乙大学", "C08L23/06"])
    book.save(tmp_path / "a.xlsx")
    (tmp_path / "b.csv").write_bytes(
        "专利公开号,专利名称,专利类型,申请人,专利申请号,申请日,主分类号\nCN112000028A,一种,发明,甲公司;乙大学,201210000028.6,2012/4/12,C08L23/06\n".encode(
            "gb18030"
        )
    )
    (tmp_path / "c.csv").write_text(
        "CN112000028A,一种,2012-04-12,2012-09-12,甲公司 | 乙大学,林英 | 王伟,授权\n", encoding="utf-8"
    )
    keys = []
    for name in ("a.xlsx", "b.csv", "c.csv"):
        patents, _, _ = read(tmp_path, tmp_path / name)
        assert [a[0] for a in applicants(patents)] == ["甲公司", "乙大学"]
        assert str(patents["date"].iloc[0]) == "2012-04-12"
        assert patents["kind"].tolist() == ["invention"]
        keys.append(patents["application_no"].iloc[0])
    # A dump without application numbers is keyed by the number that all its publications share.
    assert keys == ["201210000028", "201210000028", "CN112000028"]


@pytest.mark.parametrize(
    ("name", "adcode"),
    [
        ("中山大学", 440100),
        ("哈尔滨工业大学(威海)", 371000),
        ("哈尔滨工业大学", 230100),
        ("上海交通大学苏州研究院", 320500),
        ("鸿富锦精密工业(深圳)有限公司", 440300),
        ("南京工程大学(苏州)技术转移中心", 320500),
        ("中国(上海)自由贸易试验区某某贸易有限公司", 310000),
        ("江苏省电力公司苏州供电公司", 320500),
        ("上海勘测设计院苏州分公司", 320500),
        ("陕西安康水泥厂", None),
        ("安康医疗器械有限公司", None),
        ("某某(安康)医疗器械有限公司", 610900),
        ("济南阳光科技有限公司", 370100),
        ("昆山某某电子有限公司", 320500),
        ("襄樊某某汽车有限公司", 420600),
        ("思茅某某公司", 530800),
        ("朝阳区某某公司", None),
        ("鼓楼区某某公司", None),
        ("吉林化工学院", None),
        ("吉林市某某公司", 220200),
        ("北京某某(上海)有限公司", 310000),
        ("某某县农机厂", None),
        ("德州仪器公司", None),
        ("NORDWIND GMBH", None),
        ("宿州某某公司", 341300),
        ("苏州某某公司", 320500),
    ],
)
def test_the_seat_in_a_name_is_found_or_refused(name: str, adcode: int | None) -> None:
    register = SEATS.register.get(name)
    found = register if register is not None else SEATS.from_name(name)
    assert found == adcode


@pytest.mark.parametrize(
    ("address", "adcode"),
    [
        ("215000 江苏省苏州市昆山市建设路200号", 320500),
        ("215300 江苏省昆山市建设路1号", 320500),
        ("北京市海淀区", 110000),
        ("浙江省台州市", 331000),
        ("广东省广州市海珠区新港西路5号", 440100),
        ("133000 吉林省延边朝鲜族自治州延吉市", 222400),
        ("苏州", 320500),
        ("江苏", None),
        ("日本东京都", None),
        ("", None),
    ],
)
def test_the_seat_in_an_address_is_found_or_refused(address: str, adcode: int | None) -> None:
    assert SEATS.from_address(address) == adcode


def test_an_abolished_prefecture_hands_its_applicants_to_its_successor(tmp_path: Path) -> None:
    laiwu = {"applicants": "某某公司", "count": "1", "types": "企业", "address": "", "city": "莱芜市"}
    before = line(number="CN201810000001.1", date="2018-12-31", **laiwu)
    after = line(number="CN201910000001.1", date="2019-01-01", **laiwu)
    patents, _, _ = run(tmp_path, before, after)
    assert [applicants(patents, at)[0][2] for at in (0, 1)] == [371200, 370100]


def test_names_numbers_and_kinds_are_read_in_their_usual_spellings() -> None:
    assert clean_name(" [哈尔滨工业大学（威海）] ") == "哈尔滨工业大学(威海)"
    for cell in ("[甲公司]; [乙大学]", "甲公司；乙大学", "甲公司 | 乙大学", "甲公司;乙大学;"):
        assert split_names(cell) == ["甲公司", "乙大学"]
    assert split_fields("企业  个人", 2) == ["企业", "个人"]
    assert split_fields("企业; 个人", 3) == []
    persons = ("林英", "欧阳明月", "买买提·吐尔逊")
    organisations = ("某厂", "华为技术", "清华大学", "松下电器", "NORDWIND GMBH", "维斯塔精密株式会社")
    assert {kind_of(name) for name in persons} == {"person"}
    assert {kind_of(name) for name in organisations} == {"organisation"}
    assert kind_of("林英", "企业") == "organisation"
    keys = (
        "CN201010123456.7",
        "CN201010123456.X",
        "201010123456",
        "2010101234567",
        "ＣＮ２０１０１０１２３４５６．７",
        "98100001.6",
        "x",
    )
    assert [application_key(k) for k in keys] == [*["201010123456"] * 5, "98100001", ""]
    assert publication_key("CN110210173B") == publication_key("CN110210173A") == "CN110210173"
    kinds = [
        ("发明授权", "", ""),
        ("实用新型", "", ""),
        ("外观设计", "", ""),
        ("", "201220000001", ""),
        ("", "98300001", ""),
        ("", "", "CN209000001U"),
        ("", "", ""),
    ]
    assert [patent_kind(*k) for k in kinds] == ["invention", "utility", "design", "utility", "design", "utility", ""]


@pytest.mark.parametrize("count", ["99999999999999999999", "9" * 5000])
def test_a_declared_number_of_applicants_that_no_integer_holds_disagrees_with_the_names_and_is_counted(
    tmp_path, count
) -> None:
    patents, rejects, account = run(tmp_path, line(count=count))
    assert [a[0] for a in applicants(patents)] == ["恒微电力有限公司", "瑞思化工有限公司"]
    assert rejects.empty
    assert changed(account, "declared number of applicants is not the number of names") == 1


@pytest.mark.parametrize(
    ("text", "number"), [("3", 3), ("0012.0", 12), ("0" * 30, 0), ("9" * 20, None), ("9" * 5000, None)]
)
def test_a_place_in_a_list_has_at_most_nine_digits(text, number) -> None:
    assert _whole(text) == number
