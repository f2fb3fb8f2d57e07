"""Every customs layout in every container and encoding gives the same canonical rows."""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from citypanel.canonical import read_table
from citypanel.intake.accounting import Outputs
from citypanel.intake.customs import intake_customs
from citypanel.intake.recognise import Recogniser
from citypanel.sample.stata import StataFile, Variable

Rows = list[tuple[str, ...]]


@dataclass(frozen=True)
class Case:
    """A layout as it circulates: a file's name without its type, headers, rows as text, columns that hold numbers.

    `expected` is what a reader of the layout's documentation would say of the rows, by canonical column.
    """

    layout: str
    stem: str
    headers: tuple[str, ...]
    rows: Rows
    expected: dict[str, list[object]]
    numbers: tuple[str, ...] = ()
    beside: tuple[str, str] = ("", "")
    unnamed: str = ""


FIRM = ("3205940001", "3223940002")
SUZHOU = [320500, 320500]  # 3223 is 昆山, a county-level city of 苏州


def case(layout: str, stem: str, headers: str, rows: Rows, **more: object) -> Case:
    known = {
        "firm": list(FIRM), "hs8": ["01012100", "84713000"], "destination": ["USA", "JPN"],
        "value_usd": [1234.0, 50.5], "quantity": [1000.0, 2.0], "city_registered": SUZHOU,
    }  # fmt: skip
    expected = {**known, **more.pop("expected", {})}  # type: ignore[dict-item]
    return Case(layout, stem, tuple(headers.split(",")), rows, expected, **more)  # type: ignore[arg-type]


CASES = [
    case(
        "customs_2000_2001", "2000-01",
        "shipment_date,exp_imp,party_id,company,hs_id,country,value,quantity,shipment,CompanyType",
        [("20000115", "0", FIRM[0], "苏州某公司", "1012100", "美国", "1234", "1000", "一般贸易", "私营企业"),
         ("20000120", "0", FIRM[1], "昆山某公司", "84713000", "日本", "50.5", "2", "进料加工贸易", "外商独资企业"),
         ("20000120", "1", FIRM[1], "昆山某公司", "84713000", "日本", "50.5", "2", "进料加工贸易", "外商独资企业")],
        numbers=("shipment_date", "hs_id", "value", "quantity"),
        expected={"year": [2000, 2000], "month": [1, 1], "hs_revision": ["1996"] * 2,
                  "regime": ["一般贸易", "进料加工贸易"], "ownership": ["私营企业", "外商独资企业"]},
    ),
    case(
        "customs_2002", "2002-03",
        "shipment_date,进出口_C,party_id,pname,hs_id,国家名称_C,value,quantity,贸易类型_C,companytype",
        [("200203", "出口", FIRM[0], "苏州某公司", "01012100", "美国", "1234", "1000", "一般贸易", "私营企业"),
         ("200203", "出口", FIRM[1], "昆山某公司", "84713000", "日本", "50.5", "2", "一般贸易", "外商独资企业"),
         ("200203", "进口", FIRM[1], "昆山某公司", "84713000", "日本", "9", "2", "一般贸易", "外商独资企业")],
        expected={"year": [2002, 2002], "month": [3, 3], "hs_revision": ["2002"] * 2,
                  "firm_name": ["苏州某公司", "昆山某公司"]},
    ),
    case(
        "customs_2003_2004", "data200301",
        "日期,进口或出口,税号编码,金额,数量,数量单位,企业编码,经营单位,消费地或生产地,企业性质,起运国或目的国,贸易方式",
        [("200301", "出口", "01012100", "1234", "1000", "千克", FIRM[0], "苏州某公司", "32059", "私营",
          "美国", "一般贸易"),
         ("200301", "出口", "84713000", "50.5", "2", "台", FIRM[1], "昆山某公司", "32019", "私营",
          "日本", "一般贸易")],
        expected={"year": [2003, 2003], "month": [1, 1], "unit": ["千克", "台"], "city_producing": [320500, 320100]},
    ),
    case(
        "customs_2005", "200507",
        "shipment_date,exp_or_imp,hs_id,hs,value,quantity,valperunit,unit,party_id,company,city,companyType,CompanyType,"
        "country,port,shipment",
        [("200507", "0", "1012100", "马", "1234", "1000", "1.2", "千克", FIRM[0], "苏州某公司", "32059", "", "私营企业",
          "美国", "南京海关", "一般贸易"),
         ("200507", "0", "84713000", "电脑", "50.5", "2", "25", "035", FIRM[1], "昆山某公司", "32239", "集体企业", "",
          "日本", "南京海关", "一般贸易")],
        numbers=("hs_id", "value", "quantity", "city"),
        expected={"year": [2005, 2005], "month": [7, 7], "unit": ["千克", "千克"],
                  "ownership": ["私营企业", "集体企业"], "city_producing": [320500, 320500]},
    ),
    case(
        "customs_2005_december", "200512",
        "日期,进口或出口,HS编码,HS中文,金额,数量,价格,数量单位,企业编码,经营单位,起运国或目的国,贸易方式,企业性质",
        [("200512", "出口", "01012100", "马", "1234", "1000", "1.2", "千克", FIRM[0], "苏州某公司", "美国",
          "一般贸易", "私营"),
         ("200512", "出口", "84713000", "电脑", "50.5", "2", "25", "台", FIRM[1], "昆山某公司", "日本",
          "一般贸易", "私营")],
        expected={"year": [2005, 2005], "month": [12, 12]},
    ),
    case(
        "customs_2006", "200601",
        "月度,进出口,企业代码,企业名称,企业类型,商品代码,金额,数量,贸易方式,b,c,d,e,f,g,h,i,var18",
        [("200601", "出口", FIRM[0], "苏州某公司", "私营", "01012100", " 1234 ", "1000", "一般贸易", *"........",
          "美国"),
         ("1", "出口", FIRM[1], "昆山某公司", "私营", "84713000", "50.5", "2.0", "一般贸易", *"........", "日本")],
        expected={"year": [2006, 2006], "month": [1, 1]}, unnamed="var18",
    ),
    case(
        "customs_2007_2011", "tradedata_2007_1",
        "_进口或出口,_企业编码,_经营单位,_税号编码,_起运国或目的国,_金额,_数量,_贸易方式,_企业性质",
        [("0", FIRM[0], "苏州某公司", "1012100", "502", "1234", "1000", "一般贸易", "私营企业"),
         ("0", FIRM[1], "昆山某公司", "84713000", "116", "50.5", "2", "一般贸易", "私营企业"),
         ("1", FIRM[1], "昆山某公司", "84713000", "116", "50.5", "2", "一般贸易", "私营企业")],
        numbers=("_进口或出口", "_企业编码", "_税号编码", "_起运国或目的国", "_金额", "_数量"),
        expected={"year": [2007, 2007], "month": [None, None], "hs_revision": ["2007"] * 2},
    ),
    case(
        "customs_vendor_2000_2015", "custom_0015_exp",
        "party_id,hs_2,hs_4,hs_6,country,value,quantity,year",
        [(FIRM[0], "1", "101", "10121", "502", "1234", "1000", "2013"),
         (FIRM[1], "84", "8471", "847130", "116", "50.5", "2", "2001")],
        numbers=("hs_2", "hs_4", "hs_6", "country", "value", "quantity", "year"),
        expected={"hs8": ["010121", "847130"], "year": [2013, 2001], "hs_revision": ["2012", "1996"]},
    ),
    case(
        "customs_query", "2017年出口",
        "商品编码,商品名称,贸易伙伴编码,贸易伙伴名称,贸易方式编码,贸易方式名称,注册地编码,注册地名称,第一数量,第一计量单位,"
        "第二数量,第二计量单位,美元",
        [("01012100", "马", "502", "美国", "10", "一般贸易", "32", "江苏省", "1000", "千克", "0", "", "1234"),
         ("84713000", "电脑", "116", "日本", "10", "一般贸易", "44", "广东省", "2", "台", "0", "", "50.5")],
        numbers=("商品编码", "贸易伙伴编码", "注册地编码", "第一数量", "美元"),
        expected={"firm": ["320000", "440000"], "city_registered": [320000, 440000], "city_producing": [None, None],
                  "year": [2017, 2017], "unit": ["千克", "台"], "hs_revision": ["2017"] * 2},
    ),
    case(
        "comexstat", "EXP_2023",
        "CO_ANO,CO_MES,CO_NCM,CO_UNID,CO_PAIS,SG_UF_NCM,CO_VIA,CO_URF,QT_ESTAT,KG_LIQUIDO,VL_FOB",
        [("2023", "09", "01012100", "10", "063", "MA", "1", "717600", "7", "1000", "1234"),
         ("2023", "9", "84713000", "11", "160", "SP", "1", "717600", "1", "2", "50.5")],
        numbers=("CO_ANO", "CO_MES", "CO_NCM", "CO_PAIS", "QT_ESTAT", "KG_LIQUIDO", "VL_FOB"),
        beside=("PAIS.csv", '"CO_PAIS";"CO_PAIS_ISOA3";"NO_PAIS"\n"063";"ARG";"Argentina"\n160;;China\n72;;Áustria'),
        # China is a destination as any other here.
        expected={"firm": ["76210000", "76350000"], "city_registered": [None, None], "unit": ["千克", "千克"],
                  "city_producing": [76210000, 76350000], "destination": ["ARG", "CHN"], "month": [9, 9]},
    ),
]  # fmt: skip


def grouped(text: str) -> str:
    return f'"{float(text):,.1f}"' if text in {"1234", "1000"} else text


def as_text(encoding: str, *, thousands: bool = False, ends: str = "\n") -> Callable[[Case, Path], Path]:
    def write(case: Case, folder: Path) -> Path:
        headers = ["" if header == case.unnamed else header for header in case.headers]
        rows = [[grouped(cell) if thousands else cell for cell in row] for row in case.rows]
        tail = "," if thousands else ""
        lines = [",".join(row) + tail for row in ([headers] if not thousands else [list(case.headers)]) + rows]
        path = folder / f"{case.stem}.csv"
        path.write_bytes((ends.join(lines) + ends).encode(encoding))
        return path

    return write


def frame(case: Case) -> pd.DataFrame:
    """The rows with numbers where the layout has numbers."""
    table = pd.DataFrame(case.rows, columns=list(case.headers))
    return table.assign(**{name: pd.to_numeric(table[name]) for name in case.numbers})


def as_old_stata(case: Case, folder: Path) -> Path:
    """Stata 10: GBK bytes in text and in the names of variables, without a word about it."""
    table, path = frame(case), folder / f"{case.stem}.dta"
    text = {name: [cell.encode("gb18030") for cell in table[name]] for name in table if name not in case.numbers}
    widths = {name: max(map(len, cells)) or 1 for name, cells in text.items()}
    with StataFile(path, [Variable(name, widths.get(name, 0)) for name in table]) as file:
        numbers = {name: table[name].to_numpy(dtype=np.float64) for name in case.numbers}
        file.add({**numbers, **{name: np.array(cells) for name, cells in text.items()}})
    return path


def as_new_stata(case: Case, folder: Path) -> Path:
    path = folder / f"{case.stem}.dta"
    frame(case).to_stata(path, version=118, write_index=False)
    return path


def as_unfinished_stata(case: Case, folder: Path) -> Path:
    """Stata 14 or later over text that nobody translated: the release says UTF-8, the bytes are GBK."""
    table = frame(case)
    cells = {cell for name in table if name not in case.numbers for cell in table[name]}
    texts = {text for text in cells | set(case.headers) if not text.isascii()}
    path = as_new_stata(case, folder)
    content = path.read_bytes()
    for text in sorted(texts, key=len, reverse=True):
        content = content.replace(text.encode(), text.encode("gb18030").ljust(len(text.encode()), b"\0"))
    path.write_bytes(content)
    return path


def as_sheet(case: Case, folder: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in [case.headers, *frame(case).itertuples(index=False, name=None)]:
        sheet.append(list(row))
    path = folder / f"{case.stem}.xlsx"
    book.save(path)
    return path


def as_parquet(case: Case, folder: Path) -> Path:
    path = folder / f"{case.stem}.parquet"
    frame(case).to_parquet(path)
    return path


def zipped(write: Callable[[Case, Path], Path]) -> Callable[[Case, Path], Path]:
    def pack(case: Case, folder: Path) -> Path:
        inner = write(case, folder)
        path = folder / f"{case.stem}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(inner, f"数据/{inner.name}")
        inner.unlink()
        return path

    return pack


FORMATS: dict[str, Callable[[Case, Path], Path]] = {
    "utf8": as_text("utf-8"),
    "byte_order_mark": as_text("utf-8-sig"),
    "gb18030": as_text("gb18030"),
    "thousands_and_trailing_column": as_text("gb18030", thousands=True, ends="\r\n"),
    "utf16": as_text("utf-16"),
    "old_stata": as_old_stata,
    "new_stata": as_new_stata,
    "untranslated_stata": as_unfinished_stata,
    "sheet": as_sheet,
    "parquet": as_parquet,
    "zipped_text": zipped(as_text("gb18030")),
    "zipped_stata": zipped(as_old_stata),
    "zipped_sheet": zipped(as_sheet),
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.layout)
def test_every_layout_in_every_format_gives_the_same_rows(case: Case, form: str, tmp_path: Path) -> None:
    path = FORMATS[form](case, tmp_path)
    files = [path]
    if case.beside[0]:
        files.append(tmp_path / case.beside[0])
        files[1].write_text(case.beside[1], encoding="latin-1")
    out = Outputs.beside(tmp_path / "out" / "exports.parquet")
    account = intake_customs(files, out, root=tmp_path)
    assert account.files["layout"].tolist() == [case.layout]
    found = read_table(out.table, "exports")
    assert len(found) == 2
    for column, values in case.expected.items():
        assert [None if pd.isna(value) else value for value in found[column]] == values, column
    read, kept, rejected = account.files[["rows_read", "rows_kept", "rows_rejected"]].iloc[0]
    assert (read, kept, rejected) == (len(case.rows), 2, len(case.rows) - 2)


def test_each_layout_of_the_register_is_tried_here() -> None:
    known = {layout.name for layout in Recogniser().layouts if layout.table == "exports"}
    assert {case.layout for case in CASES} == known
