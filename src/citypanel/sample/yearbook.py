"""City yearbooks: three header rows, 全市 beside 市辖区, and the cells that give the panel's controls."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from citypanel.sample.exports import YUAN_PER_USD
from citypanel.sample.printing import Indicator, Press, headers
from citypanel.sample.tables import rows_of, target_panel
from citypanel.sample.workbook import Cell, write_workbook

VOLUMES = ((2011, 2015), (2016, 2020))
INDICATORS = (
    Indicator("gdp", "地区生产总值", "万元", 4),
    Indicator("secondary", "第二产业占地区生产总值的比重", "%", 10, level=True),
    Indicator("tertiary", "第三产业占地区生产总值的比重", "%", 10, level=True),
    Indicator("population", "年末户籍人口", "万人", 8),
    Indicator("wage", "在岗职工平均工资", "元", 6, level=True),
    Indicator("fdi", "当年实际使用外资金额", "万美元", 6),
    Indicator("deposits", "年末金融机构人民币各项存款余额", "万元", 4),
    Indicator("loans", "年末金融机构人民币各项贷款余额", "万元", 4),
    Indicator("science", "科学技术支出", "万元", 4),
    Indicator("education", "教育支出", "万元", 4),
    Indicator("students", "普通本专科在校学生数", "人", 0),
    Indicator("broadband", "互联网宽带接入用户数", "万户", 8),
    Indicator("roads", "人均城市道路面积", "平方米", 8, level=True),
)
Row = dict[str, float]
MISPRINT = ("毫州市", 341600, 2013)  # 亳州市 with the wrong character, as one yearbook has it


def write_yearbooks(folder: Path, others: int, seed: int) -> dict[str, dict[str, int]]:
    """Write one workbook per volume; `others` cities of the rest of China stand beside the 41.

    Returns, per file, how many rows, cells with 0 for missing, cells with blanks and odd names it holds.
    """
    truth = {}
    for first, last in VOLUMES:
        press = Press(np.random.default_rng([seed, 21, first]), INDICATORS)
        path = folder / f"city_yearbook_{first}_{last}.xlsx"
        write_workbook(path, "地级市", [*headers(INDICATORS), *_rows(range(first, last + 1), others, press)])
        truth[f"yearbook/{path.name}"] = press.counts
    return truth


def _rows(years: range, others: int, press: Press) -> Iterator[list[Cell]]:
    panel = target_panel()
    names = dict(zip(panel.adcode.tolist(), panel.city, strict=True))
    elsewhere = rows_of("other_cities.csv")[:others]
    for year in years:
        for i, code in enumerate(panel.adcodes):
            target = {name: float(panel.of_year(year, name)[i]) for name in panel.columns}
            cells = controls(target, year, _population(code, year), press.rng)
            misprinted = code == MISPRINT[1] and year == MISPRINT[2]
            press.counts["odd_names"] += misprinted
            yield press.line((MISPRINT[0] if misprinted else names[code], code), year, cells, 0.0)
        for row in elsewhere:
            if row["until"] and year > int(row["until"]):
                continue
            old = bool(row["old_name"]) and year <= int(row["old_until"])
            press.counts["odd_names"] += old
            place = (row["old_name"], int(row["old_adcode"])) if old else (row["name"], int(row["adcode"]))
            yield press.line(place, year, _elsewhere(int(row["adcode"]), year, press.rng), 0.04)


def controls(target: Row, year: int, residents: float, rng: np.random.Generator) -> Row:
    """Return yearbook cells from which the declared formulas give the panel's controls.

    open = fdi x rate / gdp; fin = loans / deposits; human = ln(students / population); stru = tertiary /
    secondary; infor = 10 broadband / population; tech = (science + education) / gdp; gdp and wage are logs.
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
