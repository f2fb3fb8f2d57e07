"""Records by province, without firms, from a download of the query site to quality, sophistication and complexity."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from citypanel.canonical import read_table
from citypanel.declare.cleaning import NO_CLEANING
from citypanel.declare.indicators import QualityOptions, SophisticationOptions
from citypanel.indicators.commands import run_complexity, run_quality
from citypanel.indicators.quality import city_quality
from citypanel.indicators.sophistication import city_sophistication
from citypanel.intake.accounting import Outputs
from citypanel.intake.customs import intake_customs
from citypanel.intake.world_trade import intake_world_trade

HEADER = (
    "商品编码,商品名称,贸易伙伴编码,贸易伙伴名称,贸易方式编码,贸易方式名称,注册地编码,注册地名称,"
    "第一数量,第一计量单位,美元,"
)
PROVINCES = (320000, 330000, 370000, 440000)
PRODUCTS = ("85171200", "62034290", "94036010", "39269090")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Outputs:
    """Four provinces, four products, three partners: as the site writes them, with tabs, thousands and a last comma."""
    folder = tmp_path_factory.mktemp("query")
    rng = np.random.default_rng(5)
    lines = [HEADER]
    for province, name in (("32", "江苏省"), ("33", "浙江省"), ("37", "山东省"), ("44", "广东省")):
        for code in PRODUCTS:
            for partner in ("502", "116", "304"):
                quantity, price = int(rng.integers(100, 9000)), float(rng.uniform(1, 9))
                flow = f'{code}\t,货物,{partner},某国,10,一般贸易,{province},{name},"{quantity:,}",千克,'
                lines.append(f'{flow}"{quantity * price:,.0f}",')
    path = folder / "201701出口.csv"
    path.write_bytes("\r\n".join([*lines, ""]).encode("gb18030"))
    out = Outputs.beside(folder / "exports.parquet")
    wanted = Outputs(out.table, out.rejects, out.attrition, out.files, flows=folder / "exports.flows.parquet")
    intake_customs([path], wanted, root=folder)
    return wanted


def test_a_province_stands_for_the_firm_and_the_registered_place(made: Outputs) -> None:
    exports = read_table(made.table, "exports")
    assert len(exports) == 48
    assert sorted(set(exports["firm"])) == [str(code) for code in PROVINCES]
    assert (exports["firm"] == exports["city_registered"].astype(str)).all()
    assert exports["city_producing"].isna().all()
    assert set(exports["regime"]) == {"一般贸易"}
    assert read_table(made.rejects, "rejects").empty


@pytest.mark.parametrize(
    ("name", "month"), [("export-2025-11_p1.csv", None), ("export-2025-44.csv", None), ("202511出口.csv", 11)]
)
def test_the_number_behind_the_year_in_a_name_is_a_province(tmp_path: Path, name: str, month: int | None) -> None:
    path = tmp_path / name
    path.write_text(HEADER + "\n85171200,货物,502,美国,10,一般贸易,11,北京市,3,千克,50,\n", encoding="utf-8")
    out = Outputs.beside(tmp_path / "exports.parquet")
    intake_customs([path], out, root=tmp_path)
    row = read_table(out.table, "exports").iloc[0]
    assert (row["year"], None if pd.isna(row["month"]) else row["month"]) == (2025, month)


def test_quality_of_provinces_is_the_same_from_the_table_and_from_the_flows(made: Outputs, tmp_path: Path) -> None:
    options = QualityOptions(place="registered", level="hs8", sigma="5", cleaning=NO_CLEANING)
    table = city_quality(made.table, options)
    assert table["adcode"].tolist() == list(PROVINCES)
    assert set(table["year"]) == {2017}
    assert made.flows is not None
    places = pd.read_csv(run_quality(made.flows, tmp_path / "q", sigma="5")[1])
    assert places["place"].tolist() == list(PROVINCES)
    # One estimator streams over partitions, the other holds all rows: they agree to rounding.
    assert table["quality"].to_numpy() == pytest.approx(places["quality"].to_numpy(), rel=1e-9)
    assert table["quality"].between(0, 1).all()


def test_sophistication_of_provinces_is_the_weighted_prody(made: Outputs, tmp_path: Path) -> None:
    path = tmp_path / "w.csv"
    # Each product has one exporter, so its PRODY is that exporter's income.
    path.write_text(
        "exporter,year,hs6,value,gdp_per_head\nDEU,2017,851712,5,40\n"
        "CHN,2017,620342,5,10\nCHN,2017,940360,5,10\nCHN,2017,392690,5,10\n",
        encoding="utf-8",
    )
    world = Outputs.beside(tmp_path / "world_trade.parquet")
    intake_world_trade([path], world, root=tmp_path)
    found = city_sophistication(made.table, world.table, SophisticationOptions(level="hs6", place="registered"))
    exports = read_table(made.table, "exports")
    phones = exports["hs8"].eq("85171200") * exports["value_usd"]
    share = phones.groupby(exports["city_registered"]).sum() / exports.groupby("city_registered")["value_usd"].sum()
    assert found["adcode"].tolist() == list(PROVINCES)
    assert found["sophistication"].to_numpy() == pytest.approx((10 + 30 * share).to_numpy(), rel=1e-12)


def test_complexity_takes_provinces_as_exporters(made: Outputs, tmp_path: Path) -> None:
    assert made.flows is not None
    trade = pd.read_parquet(made.flows).rename(columns={"place": "exporter"})[["exporter", "product", "value"]]
    trade.to_parquet(tmp_path / "trade.parquet")
    eci = pd.read_csv(run_complexity(tmp_path / "trade.parquet", tmp_path / "c")[0])
    assert sorted(eci["exporter"]) == list(PROVINCES)
