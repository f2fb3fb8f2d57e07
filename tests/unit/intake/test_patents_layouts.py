"""Every layout gives the same invention: headers, separators, containers, long tables."""

import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from citypanel.canonical import read_table
from citypanel.errors import InputError
from citypanel.intake.accounting import Account, Outputs
from citypanel.intake.folder import intake_folder
from citypanel.intake.patents import intake_patents

TITLE, NUMBER, KEY = "一种装置", "CN201210000028.6", "201210000028"
FIRST, SECOND = "恒微电力有限公司", "瑞思化工（芜湖）有限公司"
HERE, THERE = "江苏省苏州市某路1号", "安徽省芜湖市某路2号"


def read(folder: Path, *names: str) -> tuple[pd.DataFrame, Account]:
    out = Outputs.beside(folder / "out" / "patents.parquet")
    account = intake_patents([folder / name for name in names], out, root=folder)
    return read_table(out.table, "patents"), account


def text(path: Path, *lines: str, encoding: str = "utf-8") -> None:
    path.write_bytes("".join(f"{line}\n" for line in lines).encode(encoding))


def reasons(account: Account) -> dict[str, int]:
    steps = account.attrition
    lost = steps.rows_before - steps.rows_after
    return {reason: int(rows) for reason, rows in zip(steps.reason, lost, strict=True) if rows}


def changed(account: Account) -> dict[str, int]:
    steps = account.attrition
    return {reason: int(n) for reason, n in zip(steps.reason, steps.changed, strict=True) if n}


def places(patents: pd.DataFrame, at: int = 0) -> list[tuple[str, str, int | None]]:
    return [(a["name"], a["kind"], a["adcode"]) for a in patents.applicants.iloc[at]]


BOTH = [("恒微电力有限公司", "organisation", 320500), ("瑞思化工(芜湖)有限公司", "organisation", 340200)]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (
            "标题,公开（公告）号,申请号,申请日,专利类型,IPC主分类,申请人,申请人类型,申请人地址",
            f"{TITLE},CN102000028A,{NUMBER},20120412,发明申请,C08L23/06,{FIRST}; {SECOND},企业  企业,215000 {HERE}",
        ),
        (
            "标题 (中文),公开(公告)号,申请号,申请日,主分类号,申请人,标准化申请人,申请人国别代码,申请人地址",
            f"{TITLE},CN102000028A,{NUMBER},2012-04-12,C08L23/06,{FIRST}；{SECOND},[{FIRST}]; [{SECOND}],CN; CN,{HERE}",
        ),
        (
            "专利公开号,专利名称,专利类型,申请人,专利申请号,申请日,申请公布日,申请地址,主分类号,省份或国家代码",
            f"CN102000028A,{TITLE},发明专利,{FIRST};{SECOND},{NUMBER},2012.04.12,2012.10.10,{HERE},C08L23/06,江苏;32",
        ),
        (
            "公开(公告)号,标题,申请号,申请日,原始申请(专利权)人,原始申请(专利权)人地址,IPC主分类号",
            f"CN102000028A,{TITLE},{NUMBER},2012-04-12,{FIRST} | {SECOND},{HERE} | {THERE},C08L23/06",
        ),
        (
            "公开号,名称,申请日,申请号,申请人,主分类号,地址",
            f"CN102000028A,{TITLE},2012/4/12,{NUMBER},{FIRST} | {SECOND},C08L23/06,江苏省苏州市某路1号",
        ),
        (
            "appln_nr_epodoc,appln_filing_date,appln_auth,ipr_type,psn_name,psn_sector,person_address,ipc_class_symbol",
            "\n".join(
                f"CN201210000028,2012-04-12,CN,PI,{name},COMPANY,{address},C08L23/06"
                for name, address in ((FIRST, HERE), (SECOND, ""))
            ),
        ),
    ],
    ids=["incopat-new", "incopat-old", "cnipa", "patsnap", "patentics", "patstat"],
)
@pytest.mark.parametrize("container", ["csv", "gb18030", "xlsx", "parquet", "zip"])
def test_layouts_and_containers_give_the_same_invention(tmp_path: Path, header: str, row: str, container: str) -> None:
    rows = [line.split(",") for line in row.split("\n")]
    path = tmp_path / ("a.xlsx" if container == "xlsx" else "a.parquet" if container == "parquet" else "a.csv")
    if container == "xlsx":
        book = openpyxl.Workbook()
        for cells in [header.split(","), *rows]:
            book.active.append(cells)
        book.save(path)
    elif container == "parquet":
        pd.DataFrame(rows, columns=header.split(",")).to_parquet(path)
    else:
        text(path, header, *row.split("\n"), encoding="gb18030" if container == "gb18030" else "utf-8-sig")
    if container == "zip":
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.write(path, "part/a.csv")
        path = tmp_path / "a.zip"
    patents, _ = read(tmp_path, path.name)
    assert patents.application_no.tolist() == [KEY]
    assert (str(patents.date[0]), patents.kind[0], patents.ipc[0]) == ("2012-04-12", "invention", "C08L23/06")
    assert places(patents) == BOTH


def test_the_long_form_joins_applicants_addresses_and_classes_by_number(tmp_path: Path) -> None:
    text(
        tmp_path / "app.txt",
        "申请号,申请人,标准化申请人,第一申请人,申请人类型,申请人数量",
        f"{NUMBER},{FIRST},,{FIRST},企业,2",
        f"{NUMBER},{SECOND},,{FIRST},企业,2",
        f"{NUMBER},{SECOND},,{FIRST},企业,2",
    )
    text(
        tmp_path / "add.txt",
        "申请号,申请人国家/地区,申请人地址,申请人省市代码,中国申请人地市,中国申请人区县",
        f"{NUMBER},CN; CN,215000 江苏省苏州市某路1号,32; 34,苏州市; 合肥市,",
        "CN201910000001.1,CN,x,,苏州市,",
    )
    text(tmp_path / "ipc.txt", "申请号|IPC", f"{NUMBER}|C08L23/06; C08L23/08")
    patents, account = read(tmp_path, "app.txt", "add.txt", "ipc.txt")
    assert [a[2] for a in places(patents)] == [320500, 340100]
    assert (str(patents.date[0]), patents.ipc[0]) == ("2012-01-01", "C08L23/06")
    assert reasons(account) == {
        "an address or class of an application that no file lists": 1,
        "rows of one applicant each are one application": 1,
        "an applicant repeated, as for each technology field": 1,
        "addresses and classes joined to their application": 2,
    }
    assert changed(account)["no application date in the layout; the first day of the year of filing"] == 3
    files = account.files
    assert (files.rows_read == files.rows_kept + files.rows_rejected + files.rows_merged).all()


def test_one_city_for_two_applicants_is_the_first_ones(tmp_path: Path) -> None:
    text(tmp_path / "app.txt", "申请号,申请人", f"{NUMBER},{FIRST}; 瑞思化工有限公司")
    text(tmp_path / "add.txt", "申请号,申请人地址,中国申请人地市", f"{NUMBER},,无锡市")
    patents, _ = read(tmp_path, "app.txt", "add.txt")
    assert [a[2] for a in places(patents)] == [320200, None]


def test_patstat_rows_are_applicants_in_their_order_and_inventors_are_none(tmp_path: Path) -> None:
    head = "appln_nr,appln_filing_year,appln_auth,appln_kind,person_name,applt_seq_nr,techn_field_nr,person_ctry_code"
    text(
        tmp_path / "p.csv",
        head,
        f"{KEY},2012,CN,A,{SECOND},2,7,CN",
        f"{KEY},2012,CN,A,{SECOND},2,9,CN",
        f"{KEY},2012,CN,A,{FIRST},1,7,CN",
        f"{KEY},2012,CN,A,林英,0,7,CN",
        "201210000036,2012,JP,A,TOYOTA,1,7,JP",
    )
    patents, account = read(tmp_path, "p.csv")
    assert [a[0] for a in places(patents)] == ["恒微电力有限公司", "瑞思化工(芜湖)有限公司"]
    assert reasons(account) == {
        "an inventor, not an applicant": 1,
        "an application to another patent office": 1,
        "rows of one applicant each are one application": 1,
        "an applicant repeated, as for each technology field": 1,
    }


def test_publications_without_application_numbers_find_theirs_in_another_file(tmp_path: Path) -> None:
    text(tmp_path / "a.csv", f"CN102000028B,{TITLE},2012-04-12,2014-01-01,{FIRST} | 乙大学,林英,授权")
    text(tmp_path / "b.csv", "申请号,申请日,申请人,公开号", f"{NUMBER},20120412,{FIRST},CN102000028A")
    patents, account = read(tmp_path, "a.csv", "b.csv")
    assert patents.application_no.tolist() == [KEY]
    assert reasons(account) == {"application and grant of one patent": 1}


def test_a_folder_of_mixed_vendors_becomes_one_table(tmp_path: Path) -> None:
    raw = tmp_path / "raw" / "patents"
    raw.mkdir(parents=True)
    text(raw / "a.csv", "申请号,申请日,申请人", f"{NUMBER},20120412,{FIRST}")
    text(raw / "b.csv", "专利申请号,申请日,申请人", f"{KEY},2012.4.12,{FIRST}", "201310000001,2013年4月1日,乙大学")
    account = intake_folder(tmp_path / "raw", tmp_path / "out").accounts[0]
    assert account.rows == 2
    assert (tmp_path / "out" / "patents.coverage.parquet").is_file()


def test_an_unknown_header_names_the_nearest_layout(tmp_path: Path) -> None:
    text(tmp_path / "a.csv", "申请号,申请日,权利人", f"{NUMBER},20120412,{FIRST}")
    with pytest.raises(InputError, match="nearest is patents_incopat, which also needs 申请人"):
        read(tmp_path, "a.csv")
