"""A plain second reading of the raw files, without citypanel: it must lead to the constructed panel."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from citypanel.sample.patents import joint_counts

# Half a dollar in the rounding of a basket of 2e8 US$ is 2.5e-9; what repair leaves is below that.
WHOLE_DOLLARS = 1e-8
NOT_A_DESTINATION = ["", "中国", "中华人民共和国", "国别不详", "国(地)别不详", "亚洲", "非洲", "拉丁美洲"]


@pytest.fixture(scope="module")
def panel(project: Path) -> pd.DataFrame:
    path = project / "src/citypanel/sample/data/yrd_cooperation_panel.csv"
    return pd.read_csv(path).set_index(["adcode", "year"])


@pytest.fixture(scope="module")
def truth(tiny: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((tiny / "truth.json").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def areas(project: Path) -> dict[str, str]:
    register = pd.read_csv(project / "registers/customs_areas.csv", dtype=str, keep_default_na=False)
    register = register[(register.valid_to == "") & (register.adcode != "")]
    return dict(zip(register.area, register.adcode, strict=True))


def _customs(path: Path) -> pd.DataFrame:
    rows = pd.read_csv(path, dtype=str, encoding="gb18030", keep_default_na=False)
    return rows.assign(year=int(path.stem[-4:]))


def _steps(rows: pd.DataFrame, areas: dict[str, str]) -> tuple[pd.DataFrame, dict[str, int]]:
    """Clean in the order of the attrition table; return what stays and how many rows each step drops."""
    dropped: dict[str, int] = {}

    def keep(step: str, mask: "pd.Series[bool]") -> None:
        nonlocal rows
        dropped[step] = int((~mask).sum())
        rows = rows[mask]

    keep("exports_only", rows["进口或出口"] == "出口")
    keep("duplicates", ~rows.duplicated())
    keep("key_fields", (rows["企业编码"] != "") & (rows["起运国或目的国"] != ""))
    keep("hs8_repaired", rows["税号编码"].str.fullmatch(r"\d{7,8}"))
    for name in ("金额", "数量"):
        number = pd.to_numeric(rows[name].str.replace(",", "").str.strip(), errors="coerce")
        rows = rows.assign(**{name: number})
    keep("positive", (rows["金额"] > 0) & (rows["数量"] > 0))
    keep("destination", ~rows["起运国或目的国"].isin(NOT_A_DESTINATION))
    code = rows["消费地或生产地"].str[:4]
    rows = rows.assign(adcode=code.map(areas).fillna(code.str[:2].map(areas)))
    keep("city_mapped", rows["adcode"].notna())
    return rows.assign(adcode=rows.adcode.astype(int), hs6=rows["税号编码"].str.zfill(8).str[:6]), dropped


@pytest.fixture(scope="module")
def cleaned(tiny: Path, areas: dict[str, str]) -> dict[str, tuple[pd.DataFrame, dict[str, int]]]:
    return {f"customs/{p.name}": _steps(_customs(p), areas) for p in sorted((tiny / "customs").glob("*.csv"))}


def test_each_cleaning_step_drops_exactly_the_rows_planted_for_it(
    cleaned: dict[str, tuple[pd.DataFrame, dict[str, int]]], truth: dict[str, Any]
) -> None:
    for name, (kept, dropped) in cleaned.items():
        planted = truth["files"][name]
        expected = dict.fromkeys(dropped, 0)
        for kind, step in truth["attrition_steps"].items():
            expected[step] += planted[kind]["rows"]
        assert dropped == expected, name
        stays = ("good", "outside_the_41_cities")
        assert len(kept) == sum(planted[kind]["rows"] for kind in stays)
        assert kept["金额"].sum() == sum(planted[kind]["value_usd"] for kind in stays)


def test_one_file_was_appended_in_part_twice(truth: dict[str, Any]) -> None:
    doubled = {name for name, planted in truth["files"].items() if planted.get("duplicate", {}).get("rows")}
    assert doubled == {"customs/customs_2014.csv"}


def test_the_dirt_that_changes_no_value_is_there(tiny: Path) -> None:
    rows = pd.concat([_customs(path) for path in sorted((tiny / "customs").glob("*.csv"))])
    assert (rows["税号编码"].str.len() == 7).any(), "lost leading zeros"
    assert rows["金额"].str.contains(",").any(), "thousands separators"
    assert rows["数量"].str.fullmatch(" [0-9]+ ").any(), "blanks around numbers"
    assert (rows["日期"].str.len() == 4).any(), "a year without months"
    assert rows["起运国或目的国"].isin(["中国香港"]).any(), "a second name of a destination"
    assert rows["消费地或生产地"].str.startswith("3223").any(), "Kunshan"
    odd = (tiny / "customs/customs_2011.csv").read_bytes().split(b"\r\n")[0]
    assert odd.endswith(b","), "a trailing empty column"


def _prody(world: pd.DataFrame, digits: int) -> "pd.Series[float]":
    found = {}
    for year, rows in world.groupby("year"):
        usable = rows.dropna(subset="gdp_per_head")
        usable = usable[usable.groupby("exporter").value.transform("sum") > 0]
        usable = usable.assign(k=usable.hs6.str[:digits])
        cells = usable.groupby(["exporter", "k"], as_index=False).agg(
            value=("value", "sum"), income=("gdp_per_head", "first")
        )
        share = cells.value / cells.groupby("exporter").value.transform("sum")
        prody = (share * cells.income).groupby(cells.k).sum() / share.groupby(cells.k).sum()
        found.update({(year, k): value for k, value in prody.items()})
    return pd.Series(found)


@pytest.mark.parametrize(("digits", "outcome"), [(2, "quality"), (6, "tcf")])
def test_expy_from_the_raw_rows_is_the_panels_outcome(
    digits: int,
    outcome: str,
    tiny: Path,
    panel: pd.DataFrame,
    cleaned: dict[str, tuple[pd.DataFrame, dict[str, int]]],
) -> None:
    path = tiny / "world_trade/world_trade_2011_2020.csv"
    world = pd.read_csv(path, dtype={"hs6": str}, encoding="utf-8-sig").assign(hs6=lambda w: w.hs6.str.zfill(6))
    assert world.gdp_per_head.isna().any()
    assert (world.value == 0).any()
    prody = _prody(world, digits)
    rows = pd.concat([kept for kept, _ in cleaned.values()])
    rows = rows.assign(k=list(zip(rows.year, rows.hs6.str[:digits], strict=True)))
    value = rows["金额"] * rows.k.map(prody)
    expy = value.groupby([rows.adcode, rows.year]).sum() / rows["金额"].groupby([rows.adcode, rows.year]).sum()
    deviation = np.log(expy.loc[panel.index]) - panel[outcome]
    assert len(deviation) == 410
    assert np.abs(deviation).max() < WHOLE_DOLLARS


def test_yearbook_cells_give_the_controls(tiny: Path, panel: pd.DataFrame, project: Path) -> None:
    books = []
    for path in sorted((tiny / "yearbook").glob("*.xlsx")):
        sheet = pd.read_excel(path, header=None, engine="openpyxl")
        assert sheet.iloc[1, 3] == "地区生产总值(全市)"
        assert sheet.iloc[2, 3] == "万元"
        books.append(sheet.iloc[3:].set_axis(sheet.iloc[0], axis=1))
    book = pd.concat(books).astype({"adcode": int, "year": int}).set_index(["adcode", "year"])
    cells = book.loc[panel.index].drop(columns="city").map(lambda v: float(str(v).replace(" ", "")))
    series = pd.read_csv(project / "registers/national_series.csv").query("series == 'usd_cny'")
    rate = cells.index.get_level_values("year").map(series.set_index("year").value)
    derived = {
        "gdp": np.log(cells.gdp_t),
        "open": cells.fdi_t * rate / cells.gdp_t,
        "fin": cells.loans_t / cells.deposits_t,
        "wage": np.log(cells.wage_t),
        "human": np.log(cells.students_t / cells.population_t),
        "stru": cells.tertiary_t / cells.secondary_t,
        "infor": 10 * cells.broadband_t / cells.population_t,
        "infra": cells.roads_t,
        "tech": (cells.science_t + cells.education_t) / cells.gdp_t,
    }
    for name, values in derived.items():
        # The panel carries eight decimals, so a tenth of its last digit is enough.
        assert np.abs(values - panel[name]).max() < 1e-9, name
    others = book.drop(panel.index)
    assert (others.filter(like="_t") == 0).any().any(), "missing written as 0"
    assert {"襄樊市", "毫州市"} <= set(book.city), "renamed and misprinted"


def _patents(folder: Path) -> pd.DataFrame:
    frames = []
    for path in sorted(folder.iterdir()):
        if path.suffix == ".xlsx":
            rows = pd.read_excel(path, dtype=str, engine="calamine").fillna("")
        else:
            marked = path.read_bytes().startswith(b"\xef\xbb\xbf")
            rows = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig" if marked else "gb18030")
        frames.append(rows.rename(columns=lambda name: name.replace("（", "(").replace("）", ")")))
    return pd.concat(frames, ignore_index=True)


def test_joint_inventions_counted_from_the_exports_are_those_of_the_truth(tiny: Path, truth: dict[str, Any]) -> None:
    rows = _patents(tiny / "patents")
    assert len(rows) == sum(f["rows"] for name, f in truth["files"].items() if name.startswith("patents/"))
    inventions = rows[(rows["公开国别"] == "中国") & rows["专利类型"].str.startswith("发明")].drop_duplicates("申请号")
    seats = truth["seats_of_applicants"]
    counts: Counter[tuple[str, str]] = Counter()
    for cell, day in zip(inventions["申请人"], inventions["申请日"], strict=True):
        names = [name.strip().replace("(", "（").replace(")", "）") for name in re.split("[;；|]", cell)]
        organisations = {name for name in names if name in seats}
        if len(organisations) >= 2:
            counts.update({(day[:4], str(seats[name])) for name in organisations})
    for year, cities in truth["joint_inventions"].items():
        assert {code: counts[year, code] for code in cities} == cities


def test_tiny_counts_are_the_panels_divided_by_twenty_and_rounded_up(
    truth: dict[str, Any], panel: pd.DataFrame
) -> None:
    for (code, year), count in panel.n_patents.items():
        assert truth["joint_inventions"][str(year)][str(code)] == -(-count // 20)


def test_undivided_counts_are_the_panels(panel: pd.DataFrame) -> None:
    for year in range(2011, 2021):
        assert pd.Series(joint_counts(year, 1)).equals(panel.n_patents.xs(year, level="year").astype(int))


def test_every_organisation_without_a_place_in_its_name_is_a_first_applicant_in_each_year_it_appears(
    tiny: Path, truth: dict[str, Any], project: Path
) -> None:
    rows = _patents(tiny / "patents")
    rows = rows[rows["专利类型"].str.startswith("发明")].assign(year=rows["申请日"].str[:4])
    first = set(zip(rows["第一申请人"], rows.year, strict=True))
    cities = pd.read_csv(project / "registers/cities.csv")
    short = cities.set_index("adcode").short_zh
    for cell, year in zip(rows["申请人"], rows.year, strict=True):
        for raw in re.split("[;；|]", cell):
            name = raw.strip().replace("(", "（").replace(")", "）")
            seat = truth["seats_of_applicants"].get(name)
            if seat is not None and short[seat] not in name:
                assert (name, year) in first, name


def test_check_digits_of_application_numbers_are_right(tiny: Path) -> None:
    # The worked example of the office's rule: weights 2..9, 2..5, remainder of 11.
    numbers = _patents(tiny / "patents")["申请号"]
    for number in numbers[numbers.str.startswith("CN")].drop_duplicates():
        digits, check = number[2:].split(".")
        total = sum(int(d) * w for d, w in zip(digits, [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5], strict=True))
        assert check == "0123456789X"[total % 11]
