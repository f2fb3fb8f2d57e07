"""City yearbooks: three header rows, 全市 beside 市辖区, and the cells that give the panel's controls."""

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
Row = dict[str, float]
MISPRINT = ("毫州市", 341600, 2013)  # 亳州市 with the wrong character, as one yearbook has it


def write_yearbooks(folder: Path, others: int, seed: int) -> dict[str, dict[str, int]]:
    """Write one workbook per volume; `others` cities of the rest of China stand beside the 41.

    Returns, per file, how many rows, cells with 0 for missing, cells with blanks and odd names it holds.
    """
    truth = {}
    for first, last in VOLUMES:
        press = Press(np.random.default_rng([seed, 21, first]))
        path = folder / f"city_yearbook_{first}_{last}.xlsx"
        write_workbook(path, "地级市", [*_headers(), *_rows(range(first, last + 1), others, press)])
        truth[f"yearbook/{path.name}"] = press.counts
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
    return [codes, labels, units]


def _rows(years: range, others: int, press: "Press") -> Iterator[list[Cell]]:
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


class Press:
    """Prints the rows of one volume and counts what it gets wrong."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.counts = {"rows": 0, "zero_for_missing": 0, "cells_with_blanks": 0, "odd_names": 0}

    def line(self, place: tuple[str, int], year: int, cells: Row, missing: float) -> list[Cell]:
        """Return a city's row; a share `missing` of its cells is printed as 0."""
        self.counts["rows"] += 1
        row: list[Cell] = [place[0], year, place[1]]
        for key, _, _, decimals in INDICATORS:
            row.append(self._cell(round(cells[key], decimals), missing))
            share = 1.0 if key in {"secondary", "tertiary", "wage", "roads"} else self.rng.uniform(0.3, 0.95)
            row.append(self._cell(round(cells[key] * share, min(decimals, 2)), 0.05))
        return row

    def _cell(self, value: float, missing: float) -> Cell:
        """Return the cell as a number, 0 for a missing one, now and then text with blanks in it."""
        if self.rng.random() < missing:
            self.counts["zero_for_missing"] += 1
            return 0
        if self.rng.random() < 0.01:
            self.counts["cells_with_blanks"] += 1
            whole, _, rest = repr(value).partition(".")
            spaced = f"{int(whole):,}".replace(",", " ")
            return f" {spaced}.{rest} " if rest.strip("0") else f" {spaced} "
        return int(value) if float(value).is_integer() else value
