"""How a yearbook prints its cells: three header rows, 全市 beside 市辖区, zeros for what is missing, blanks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from citypanel.sample.truth_tables import write_table
from citypanel.sample.workbook import Cell

WHOLE, DISTRICTS = "全市", "市辖区"


@dataclass(frozen=True)
class Indicator:
    """A column pair of a yearbook; a `level` is no amount, so the districts are no share of the whole city."""

    name: str
    label: str
    unit: str
    decimals: int
    level: bool = False


def headers(indicators: Sequence[Indicator]) -> list[list[Cell]]:
    """Return the three header rows: codes, labels, units."""
    codes: list[Cell] = ["city", "year", "adcode"]
    labels: list[Cell] = ["城市", "年份", "行政区划代码"]
    units: list[Cell] = [None, "年", None]
    for indicator in indicators:
        for suffix, scope in (("t", WHOLE), ("d", DISTRICTS)):
            codes.append(f"{indicator.name}_{suffix}")
            labels.append(f"{indicator.label}({scope})")
            units.append(indicator.unit)
    return [codes, labels, units]


class Press:
    """Prints the rows of one volume and counts what it gets wrong."""

    def __init__(self, rng: np.random.Generator, indicators: Sequence[Indicator]) -> None:
        self.rng = rng
        self.indicators = tuple(indicators)
        self.counts = {"rows": 0, "zero_for_missing": 0, "cells_with_blanks": 0, "odd_names": 0}

    def line(self, place: tuple[str, int], year: int, cells: Mapping[str, float], missing: float) -> list[Cell]:
        """Return a city's row; a share `missing` of its cells is printed as 0."""
        self.counts["rows"] += 1
        row: list[Cell] = [place[0], year, place[1]]
        for indicator in self.indicators:
            value, decimals = cells[indicator.name], indicator.decimals
            row.append(self._cell(round(value, decimals), missing))
            share = 1.0 if indicator.level else self.rng.uniform(0.3, 0.95)
            row.append(self._cell(round(value * share, min(decimals, 2)), 0.05))
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


def write_variables(path: Path, rows: Sequence[tuple[str, str, str, int]]) -> None:
    """Write the table that tells intake what labels of this yearbook mean."""
    write_table(path, ("label", "variable", "unit", "zero_is_missing"), rows)
