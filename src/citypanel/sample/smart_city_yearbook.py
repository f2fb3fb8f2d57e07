"""Yearbooks of smart_city: the cells behind its controls, and the provincial series that stands in after 2016."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from citypanel.arrays import Matrix
from citypanel.sample.printing import Indicator, Press, headers, write_variables
from citypanel.sample.smart_city import YEARS, SmartCities
from citypanel.sample.truth_tables import write_table
from citypanel.sample.workbook import Cell, write_workbook

VOLUMES = ((2010, 2015), (2016, 2021))
INDICATORS = (
    Indicator("gdp", "地区生产总值", "万元", 4),
    Indicator("gdp_per_head", "人均地区生产总值", "元", 6, level=True),
    Indicator("population", "年末户籍人口", "万人", 8),
    Indicator("deposits", "年末金融机构人民币各项存款余额", "万元", 4),
    Indicator("loans", "年末金融机构人民币各项贷款余额", "万元", 4),
    Indicator("fdi", "当年实际使用外资金额", "万美元", 6),
    Indicator("exports", "货物出口总额", "万元", 4),
    Indicator("imports", "货物进口总额", "万元", 4),
    Indicator("urban", "常住人口城镇化率", "%", 8, level=True),
    Indicator("students", "普通本专科在校学生数", "人", 0),
    Indicator("roads", "人均城市道路面积", "平方米", 8, level=True),
    Indicator("tertiary", "第三产业占地区生产总值的比重", "%", 10, level=True),
    Indicator("tertiary_employment", "第三产业从业人员", "万人", 8),
    Indicator("market", "市场化指数", "指数", 8, level=True),
    Indicator("ruggedness", "地形起伏度", "指数", 4, level=True),
    Indicator("inventions", "发明专利授权数", "件", 0),
    Indicator("broadband", "互联网宽带接入用户", "万户", 8),
    Indicator("misallocation", "资源错配指数", "指数", 8, level=True),
)
# What the labels mean that no yearbook register knows: label, variable, unit, whether 0 is printed for missing.
VARIABLES = (
    ("第三产业从业人员", "tertiary_employment_wan", "万人", 1),
    ("市场化指数", "market_index", "指数", 1),
    ("地形起伏度", "ruggedness", "指数", 1),
    ("资源错配指数", "resource_misallocation", "指数", 0),
)


def write_smart_yearbooks(folder: Path, cities: SmartCities, seed: int) -> dict[str, dict[str, int]]:
    """Write one workbook per volume and the table of labels."""
    truth = {}
    for first, last in VOLUMES:
        press = Press(np.random.default_rng([seed, 47, first]), INDICATORS)
        path = folder / f"city_yearbook_{first}_{last}.xlsx"
        rows = _rows(cities, range(first, last + 1), press)
        write_workbook(path, "地级市", [*headers(INDICATORS), *rows])
        truth[f"yearbook/{path.name}"] = press.counts
    write_variables(folder / "variables.csv", VARIABLES)
    return truth


def write_province_quality(path: Path, cities: SmartCities, quality: Matrix) -> None:
    """Write the index of each province and year: mean true quality by population over its cities, scaled.

    Its scale makes tertiary share times index as large as true quality on average: the paper does not state the
    scale of the provincial series.
    """
    population, tertiary = cities.values["population"], cities.values["tertiary"] / 100
    provinces, at = np.unique(cities.where.province_adcode, return_inverse=True)
    weight = population * np.isfinite(quality)
    known = np.nan_to_num(quality) * weight
    mean = np.stack([known[at == p].sum(axis=0) / weight[at == p].sum(axis=0) for p in range(len(provinces))])
    index = mean * np.nanmean(quality) / (mean[at] * tertiary).mean()
    rows = (
        (int(code), year, repr(float(index[p, t]))) for p, code in enumerate(provinces) for t, year in enumerate(YEARS)
    )
    write_table(path, ("province", "year", "quality"), rows)


def _rows(cities: SmartCities, years: range, press: Press) -> Iterator[list[Cell]]:
    for year in years:
        t = YEARS.index(year)
        for i, code in enumerate(cities.where.adcode.tolist()):
            yield press.line((cities.where.name[i], code), year, _cells(cities, i, t, press.rng), 0.0)


def _cells(cities: SmartCities, i: int, t: int, rng: np.random.Generator) -> dict[str, float]:
    """Return cells from which the declared formulas give the controls.

    eco = ln(GDP per head); fin = (deposits + loans) / GDP; fdi = ln(used foreign capital); open = (exports +
    imports) / GDP; ia = tertiary employment / population; edu = students / population; mechanisms: invention
    grants / population in logs, 10 broadband / population, the index itself.
    """
    value = {name: float(matrix[i, t]) for name, matrix in cities.values.items()}
    population = round(value["population"], 8)
    per_head = round(float(np.exp(value["eco"])), 6)
    gdp = round(per_head * population, 4)
    deposits = gdp * value["fin"] * rng.uniform(0.52, 0.66)
    exports = gdp * value["open"] * rng.uniform(0.45, 0.7)
    return {
        "gdp": gdp,
        "gdp_per_head": per_head,
        "population": population,
        "deposits": deposits,
        "loans": gdp * value["fin"] - deposits,
        "fdi": float(np.exp(value["fdi"])),
        "exports": exports,
        "imports": gdp * value["open"] - exports,
        "urban": 100 * value["urban"],
        "students": value["edu"] * population * 1e4,
        "roads": value["infra"],
        "tertiary": value["tertiary"],
        "tertiary_employment": value["ia"] * population,
        "market": value["market"],
        "ruggedness": float(cities.ruggedness[i]),
        "inventions": max(round(float(np.exp(value["inventions"])) * population), 1),
        "broadband": value["informatisation"] * population / 10,
        "misallocation": value["misallocation"],
    }
