"""City yearbook tables with three header rows, 全市 beside 市辖区, and the cells that give the panel's controls."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from citypanel.sample.exports import YUAN_PER_USD
from citypanel.sample.tables import rows_of, target_panel
from citypanel.sample.workbook import Cell, write_workbook

VOLUMES = ((2011, 2015), (2016, 2020))
WHOLE, DISTRICTS = "全市", "市辖区"
# label, unit, decimals; every indicator has a column for the whole city and one for its districts
INDICATORS: tuple[tuple[str, str, str, int], ...] = (
    ("gdp", "地区生产总值", "万元", 4),
    ("secondary", "第二产业占地区生产总值的比重", "%", 10),
    ("tertiary", "第三产业占地区生产总值的比重", "%", 10),
    ("population", "年末户籍人口", "万人", 8),
    ("wage", "在岗职工平均工资", "元", 6),
    ("fdi", "当年实际使用外资金额", "万美元", 6),
    ("deposits", "年末金融机构人民币各项存款余额", "万元", 4),
    ("loans", "年末金融机构人民币各项贷款余额", "万元", 4),
    ("science", "科学技术支出", "万元", 4),
    ("education", "教育支出", "万元", 4),
    ("students", "普通本专科在校学生数", "人", 0),
    ("broadband", "互联网宽带接入用户数", "万户", 8),
    ("roads", "人均城市道路面积", "平方米", 8),
)
RATE = ("usd_cny", "人民币对美元年平均汇率", "元/美元")
Row = dict[str, float]


def write_yearbooks(folder: Path, others: int, seed: int) -> dict[str, dict[str, int]]:
    """Write one workbook per volume; `others` cities of the rest of China stand beside the 41.

    Returns, per file, how many rows, cells with 0 for missing, cells with blanks and odd names it holds.
    """
    truth = {}
    for first, last in VOLUMES:
        rng = np.random.default_rng([seed, 21, first])
        counts = {"rows": 0, "zero_for_missing": 0, "cells_with_blanks": 0, "odd_names": 0}
        path = folder / f"city_yearbook_{first}_{last}.xlsx"
        rows = [*_headers(), *_rows(range(first, last + 1), others, rng, counts)]
        write_workbook(path, "地级市", rows)
        truth[f"yearbook/{path.name}"] = counts
    return truth


def _headers() -> list[list[Cell]]:
    codes: list[Cell] = ["city", "year", "adcode"]
    labels: list[Cell] = ["城市", "年份", "行政区划代码"]
    units: list[Cell] = [None, "年", None]
    for name, label, unit, _ in INDICATORS:
        for suffix, scope in (("t", WHOLE), ("d", DISTRICTS)):
            codes.append(f"{name}_{suffix}")
            labels.append(f"{label}({scope})")
            units.append(unit)
    return [[*codes, RATE[0]], [*labels, RATE[1]], [*units, RATE[2]]]


def _rows(
    years: range, others: int, rng: np.random.Generator, counts: dict[str, int]
) -> Iterator[list[Cell]]:
    panel = target_panel()
    elsewhere = rows_of("other_cities.csv")[:others]
    for year in years:
        for i, code in enumerate(panel.adcodes):
            cells = controls({k: float(panel.of_year(year, k)[i]) for k in panel.columns}, year, _population(code, year), rng)
            name = panel.city[int(np.flatnonzero(panel.adcode == code)[0])]
            yield _line(_spelt(name, code, year, counts), code, year, cells, rng, counts, missing=0.0)
        for row in elsewhere:
            if row["until"] and year > int(row["until"]):
                continue
            old = bool(row["old_name"]) and year <= int(row["old_until"])
            name, code = (row["old_name"], row["old_adcode"]) if old else (row["name"], row["adcode"])
            counts["odd_names"] += old
            yield _line(name, int(code), year, _elsewhere(int(code), year, rng), rng, counts, missing=0.04)


def _spelt(name: str, code: int, year: int, counts: dict[str, int]) -> str:
    """Return the city's name, misprinted in one year as one yearbook misprints it."""
    if code == 341600 and year == 2013:
        counts["odd_names"] += 1
        return "毫州市"
    return name


def controls(target: Row, year: int, residents: float, rng: np.random.Generator) -> Row:
    """Return yearbook cells from which the declared formulas give the panel's controls.

    open = fdi x rate / gdp; fin = loans / deposits; human = ln(students / population); stru = tertiary / secondary;
    infor = 10 broadband / population; tech = (science + education) / gdp; gdp and wage are logs of the cells.
    """
    gdp = round(float(np.exp(target["gdp"])), 4)
    deposits = round(gdp * rng.uniform(1.1, 2.4), 4)
    students = round(float(np.exp(target["human"])) * residents)
    population = round(students / float(np.exp(target["human"])), 8)
    primary = rng.uniform(1, 12)
    secondary = (100 - primary) / (1 + target["stru"])
    science = round(target["tech"] * gdp * rng.uniform(0.08, 0.3), 4)
    return {
        "gdp": gdp,
        "secondary": secondary,
        "tertiary": target["stru"] * secondary,
        "population": population,
        "wage": float(np.exp(target["wage"])),
        "fdi": target["open"] * gdp / YUAN_PER_USD[year],
        "deposits": deposits,
        "loans": target["fin"] * deposits,
        "science": science,
        "education": target["tech"] * gdp - science,
        "students": float(students),
        "broadband": target["infor"] * population / 10,
        "roads": target["infra"],
    }


def _population(code: int, year: int) -> float:
    """Return registered residents (10k persons): a size of the city's own, a little more each year."""
    return float(np.random.default_rng([code, 22]).uniform(150, 1400)) * 1.004 ** (year - 2011)


def _elsewhere(code: int, year: int, rng: np.random.Generator) -> Row:
    draw = {
        "gdp": rng.normal(16.5, 0.8), "wage": rng.normal(10.9, 0.2), "human": rng.normal(4.8, 0.6),
        "stru": rng.uniform(0.5, 1.8), "infor": rng.uniform(0.8, 4.5), "infra": rng.uniform(8, 30),
        "open": rng.uniform(0.002, 0.05), "fin": rng.uniform(0.5, 1.0), "tech": rng.uniform(0.02, 0.06),
    }  # fmt: skip
    return controls(draw, year, _population(code, year), rng)


def _line(
    name: str,
    code: int,
    year: int,
    cells: Row,
    rng: np.random.Generator,
    counts: dict[str, int],
    *,
    missing: float,
) -> list[Cell]:
    counts["rows"] += 1
    row: list[Cell] = [name, year, code]
    for key, _, _, decimals in INDICATORS:
        whole = round(cells[key], decimals)
        row.append(_cell(whole, rng, counts, missing=missing))
        share = 1.0 if key in {"secondary", "tertiary", "wage", "roads"} else rng.uniform(0.3, 0.95)
        row.append(_cell(round(cells[key] * share, min(decimals, 2)), rng, counts, missing=0.05))
    row.append(YUAN_PER_USD[year])
    return row


def _cell(value: float, rng: np.random.Generator, counts: dict[str, int], *, missing: float) -> Cell:
    """Return the cell as a number; 0 for a missing one; text with blanks around and inside now and then."""
    if rng.random() < missing:
        counts["zero_for_missing"] += 1
        return 0
    if rng.random() < 0.01:
        counts["cells_with_blanks"] += 1
        whole, _, rest = repr(value).partition(".")
        return f" {int(whole):,} ".replace(",", " ").rstrip() + (f".{rest} " if rest else " ")
    return int(value) if float(value).is_integer() else value
