"""`check-raw` says of a file of every layout what it is, of which years, how complete, and what is wrong."""

from pathlib import Path

import pandas as pd
import pytest

from citypanel.cli import main
from citypanel.intake.check import check_raw, completeness_lines

CUSTOMS = "日期,进口或出口,税号编码,金额,数量,企业编码,起运国或目的国"
FILES = {
    "customs_2000_2001": ("2000-01.csv", "shipment_date,exp_imp,party_id,hs_id,country,value,quantity",
                          "200001,0,3205940001,84713000,美国,5,1", "2000"),
    "customs_2002": ("2002-01.csv", "shipment_date,进出口_C,party_id,hs_id,国家名称_C,value,quantity",
                     "200201,出口,3205940001,84713000,美国,5,1", "2002"),
    "customs_2003_2004": ("data200301.csv", CUSTOMS, "200301,出口,84713000,5,1,3205940001,美国", "2003"),
    "customs_2005": ("200501.csv", "shipment_date,exp_or_imp,hs_id,value,quantity,party_id,country",
                     "200501,0,84713000,5,1,3205940001,美国", "2005"),
    "customs_2005_december": ("200512.csv", CUSTOMS.replace("税号编码", "HS编码"),
                              "200512,出口,84713000,5,1,3205940001,美国", "2005"),
    "customs_2006": ("200601.csv", "月度,进出口,企业代码,商品代码,var18,金额,数量",
                     "200601,出口,3205940001,84713000,美国,5,1", "2006"),
    "customs_2007_2011": ("tradedata_2007_1.csv", "_进口或出口,_企业编码,_税号编码,_起运国或目的国,_金额,_数量",
                          "0,3205940001,84713000,502,5,1", "2007"),
    "customs_vendor_2000_2015": ("custom_0015_exp.csv", "party_id,hs_6,country,value,quantity,year",
                                 "3205940001,847130,502,5,1,2014", "2014"),
    "customs_query": ("2017年出口.csv", "商品编码,贸易伙伴编码,注册地编码,第一数量,第一计量单位,美元",
                      "84713000,502,32,1,台,5", "2017"),
    "comexstat": ("EXP_2023.csv", "CO_ANO,CO_MES,CO_NCM,CO_PAIS,SG_UF_NCM,KG_LIQUIDO,VL_FOB",
                  "2023,1,12019000,160,SP,5,5", "2023"),
    "baci": ("BACI_HS92_Y2003_V1.csv", "t,i,j,k,v,q", "2003,156,842,850110,1,1", "2003"),
    "world_trade": ("world.csv", "exporter,year,hs6,value", "CHN,2003,850110,5", "2003"),
    "countries_comexstat": ("paises.csv", "id,text", "160,China", ""),
    "countries_baci": ("country_codes.csv", "country_code,country_name,country_iso3", "156,China,CHN", ""),
    "product_table": ("product_codes.csv", "code,description", "850110,motors", ""),
    "income": ("incomes.csv", "exporter,year,gdp_per_head", "CHN,2003,1288", ""),
    "income_world_bank": ("wb.csv", "Country Name,Country Code,Indicator Code,2003,2004",
                          "China,CHN,NY.GDP.PCAP.CD,1288,1508", ""),
}  # fmt: skip


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    return folder


def test_every_trade_layout_is_named_with_its_years_and_a_decoded_row(raw: Path) -> None:
    for name, header, row, _ in FILES.values():
        (raw / name).write_bytes(f"{header}\n{row}\n".encode("gb18030"))
    found = {item.file: item for item in check_raw(raw)}
    for layout, (name, header, row, years) in FILES.items():
        item = found[name]
        assert (item.layout, item.state, item.rows, item.years) == (layout, "ok", 1, years), item.lines()
        assert item.sample == " | ".join(row.split(",")[:8])
        assert item.encoding == ("utf-8" if (header + row).isascii() else "gb18030")


def test_months_that_are_missing_and_quantities_that_end_are_told_by_year(
    raw: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def line(month: int, quantity: str, value: int) -> str:
        return f"2013{month:02d},出口,84713000,{value},{quantity},3205940001,美国"

    first = [line(month, "1", month) for month in range(1, 7)]
    second = [line(8, "", 7), line(8, "0", 8), line(9, "2", 9), "201309,进口,84713000,1,,3205940001,美国"]
    for name, lines in (("a.csv", first), ("b.csv", second)):
        (raw / name).write_text("\n".join([CUSTOMS, *lines, ""]), encoding="utf-8")
    (raw / "custom_2014_exp.csv").write_text(
        "party_id,hs_6,country,value,year\n1,847130,502,5,2014\n", encoding="utf-8"
    )
    assert main(["check-raw", str(raw)]) == 0
    said = [line.strip() for line in capsys.readouterr().out.splitlines()]
    # By file, then together: imports are no exports, and an empty or zero quantity is none.
    assert "exports of 2013: 6 rows, quantity in 100.0%, months missing: 7, 8, 9, 10, 11, 12" in said
    assert "exports of 2013: 3 rows, quantity in 33.3%, months missing: 1, 2, 3, 4, 5, 6, 7, 10, 11, 12" in said
    assert "exports of 2014: 1 row, quantity in 0.0%, no months" in said
    together = said.index("all 3 files of exports together:")
    assert said[together + 1 : together + 3] == [
        "exports of 2013: 9 rows, quantity in 77.8%, months missing: 7, 10, 11, 12",
        "exports of 2014: 1 row, quantity in 0.0%, no months",
    ]


def test_a_year_with_all_months_says_so() -> None:
    table = pd.DataFrame({"year": [2003], "rows": [12], "with_quantity": [12], "months": [list(range(1, 13))]})
    finding = type("Finding", (), {"completeness": table})
    assert completeness_lines([finding]) == ["exports of 2003: 12 rows, quantity in 100.0%, all months"]  # type: ignore[list-item]


def test_an_unknown_header_names_the_nearest_layout_and_what_it_lacks(raw: Path) -> None:
    (raw / "odd.csv").write_text("商品编码,贸易伙伴编码,注册地编码,第一数量,人民币\n1,2,3,4,5\n", encoding="utf-8")
    said = check_raw(raw)[0].lines()
    assert said[0] == "odd.csv: not recognised"
    assert "the nearest is customs_query, which also needs 美元" in said[1]


def test_of_a_large_file_the_beginning_is_checked_and_said_to_be_that(
    raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [CUSTOMS, *(f"200301,出口,84713000,{n},{n % 2},3205940001,美国" for n in range(1, 400)), ""]
    (raw / "c.csv").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setattr("citypanel.intake.check.LARGEST_READ", 1000)
    monkeypatch.setattr("citypanel.intake.text_blocks.BLOCK", 2000)
    item = check_raw(raw)[0]
    assert item.first
    assert item.rows is not None
    assert 0 < item.rows < 100
    assert f"the first {item.rows} rows of a large file" in item.lines()[0]
    assert any("quantity is zero" in problem for problem in item.problems)
