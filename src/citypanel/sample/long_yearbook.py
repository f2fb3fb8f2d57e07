"""A yearbook as a long table: one row per city, year and indicator, GB18030, with zeros for what is missing."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from citypanel.arrays import Matrix
from citypanel.sample.prefectures import Prefectures

HEADER = ("年份", "省份", "地区", "地区编码", "指标", "数值", "单位")
ENCODING = "gb18030"
BLANKS = 0.01
MISPRINTS = {341600: "毫州市"}  # 亳州市 with the wrong character, as one yearbook has it


@dataclass(frozen=True)
class Series:
    """An indicator, cities x years; a share `missing` of its cells is printed as 0."""

    label: str
    unit: str
    values: Matrix
    decimals: int
    missing: float = 0.0


def write_long_yearbook(
    path: Path, where: Prefectures, years: Sequence[int], series: Sequence[Series], seed: int
) -> dict[str, int]:
    """Write the table, one indicator after the other, and count what it gets wrong."""
    rng = np.random.default_rng([seed, 57])
    counts = {"rows": 0, "zero_for_missing": 0, "cells_with_blanks": 0, "odd_names": 0}
    with path.open("w", encoding=ENCODING, newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(HEADER)
        for each in series:
            zero = rng.random(each.values.shape) < each.missing
            blank = rng.random(each.values.shape) < BLANKS
            for i, code in enumerate(where.adcode.tolist()):
                for t, year in enumerate(years):
                    odd = code in MISPRINTS and t == len(years) // 2
                    name = MISPRINTS[code] if odd else where.name[i]
                    cell = "0" if zero[i, t] else _printed(float(each.values[i, t]), each.decimals)
                    cell = f" {cell} " if blank[i, t] else cell
                    writer.writerow((year, where.province[i], name, code, each.label, cell, each.unit))
                    counts["odd_names"] += odd
            counts["rows"] += each.values.size
            counts["zero_for_missing"] += int(zero.sum())
            counts["cells_with_blanks"] += int(blank.sum())
    return counts


def _printed(value: float, decimals: int) -> str:
    return f"{value:.{decimals}f}"
