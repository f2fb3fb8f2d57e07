"""The constants of the simulated world: products, economies, places, and the constructed panel."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from citypanel.arrays import Codes, Vector
from citypanel.sample.presets import CONSTRUCTED_PANEL


def rows_of(name: str) -> list[dict[str, str]]:
    """Return the rows of one of the package's own tables as text."""
    return list(csv.DictReader(text_of(name).splitlines()))


def text_of(name: str) -> str:
    """Return one of the package's own files."""
    return files("citypanel.sample").joinpath("data", name).read_text(encoding="utf-8")


@dataclass(frozen=True)
class Products:
    """HS6 products: `role` frontier (made by rich economies), ordinary (what the cities export) or primary.

    `location` is the log distance of a product's typical exporter from the middle income of its tier.
    """

    hs6: tuple[str, ...]
    role: tuple[str, ...]
    location: Vector
    weight: Vector
    unit: tuple[str, ...]
    price_usd: Vector

    @property
    def chapters(self) -> tuple[str, ...]:
        """Return the HS2 chapters in order."""
        return tuple(sorted({code[:2] for code in self.hs6}))

    @property
    def chapter_codes(self) -> Codes:
        """Return the position in `chapters` of each product."""
        return np.array([self.chapters.index(code[:2]) for code in self.hs6], dtype=np.intp)

    def is_role(self, role: str) -> "np.typing.NDArray[np.bool_]":
        """Return which products have the role."""
        return np.array([r == role for r in self.role])


def products(chapters: tuple[str, ...] = (), per_chapter: int = 0) -> Products:
    """Return all products, or those of some chapters with the `per_chapter` most distant ordinary ones."""
    rows = [row for row in rows_of("products.csv") if not chapters or row["hs6"][:2] in chapters]
    if per_chapter:
        rows = _thinned(rows, per_chapter)
    return Products(
        hs6=tuple(row["hs6"] for row in rows),
        role=tuple(row["role"] for row in rows),
        location=np.array([float(row["location"]) for row in rows]),
        weight=np.array([float(row["weight"]) for row in rows]),
        unit=tuple(row["unit"] for row in rows),
        price_usd=np.array([float(row["price_usd"]) for row in rows]),
    )


def _thinned(rows: list[dict[str, str]], per_chapter: int) -> list[dict[str, str]]:
    kept: list[dict[str, str]] = []
    for chapter in sorted({row["hs6"][:2] for row in rows}):
        mine = [row for row in rows if row["hs6"][:2] == chapter]
        ordinary = sorted((r for r in mine if r["role"] == "ordinary"), key=lambda r: float(r["location"]))
        ends = ordinary[: per_chapter // 2] + ordinary[len(ordinary) - (per_chapter + 1) // 2 :]
        rest = [r for r in mine if r["role"] != "ordinary"][:1]
        kept += sorted(ends + rest, key=lambda r: r["hs6"])
    return kept


@dataclass(frozen=True)
class TargetPanel:
    """The constructed panel: one row per city and year, cities in order of adcode, years inside cities."""

    adcode: Codes
    city: tuple[str, ...]
    year: Codes
    columns: dict[str, Vector]

    @property
    def years(self) -> list[int]:
        """Return the years in order."""
        return sorted({int(year) for year in self.year})

    @property
    def adcodes(self) -> list[int]:
        """Return the cities in order."""
        return sorted({int(code) for code in self.adcode})

    def of_year(self, year: int, column: str) -> Vector:
        """Return one column in one year, cities in order of adcode."""
        mine = np.flatnonzero(self.year == year)
        return self.columns[column][mine[np.argsort(self.adcode[mine])]]


@cache
def target_panel() -> TargetPanel:
    """Read the constructed panel from which least squares returns the printed tables of yrd_cooperation."""
    rows = rows_of(CONSTRUCTED_PANEL)
    keys = ("adcode", "city", "year")
    return TargetPanel(
        adcode=np.array([int(row["adcode"]) for row in rows]),
        city=tuple(row["city"] for row in rows),
        year=np.array([int(row["year"]) for row in rows]),
        columns={k: np.array([float(row[k]) for row in rows]) for k in rows[0] if k not in keys},
    )
