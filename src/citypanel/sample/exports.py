"""Whole-dollar exports by city, year and HS6 product that carry the panel's two outcomes."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from citypanel.arrays import Codes, Matrix, Vector
from citypanel.sample.tables import TargetPanel, target_panel
from citypanel.sample.tilt import repair, tilted_shares, whole_parts
from citypanel.sample.world import World

PRODUCT_FLOOR = 2_000  # US$; keeps every record well above the 50 US$ below which flows are often dropped
CHAPTER_FLOOR = 40_000
WIDE_CHAPTERS = ("07", "09", "90", "30")  # held by every city, so that every target lies inside its range
YUAN_PER_USD = {
    2011: 6.4588, 2012: 6.3125, 2013: 6.1932, 2014: 6.1428, 2015: 6.2284,
    2016: 6.6423, 2017: 6.7518, 2018: 6.6174, 2019: 6.8985, 2020: 6.8976,
}  # fmt: skip


@dataclass(frozen=True)
class CityExports:
    """Exports of one year: dollars[i, k], cities in order of adcode, all of the world's products."""

    year: int
    adcodes: tuple[int, ...]
    dollars: Codes


def city_exports(world: World, seed: int) -> Iterator[CityExports]:
    """Yield the exports of each year; ln EXPY at HS2 is the panel's `quality`, at HS6 its `tcf`."""
    panel = target_panel()
    rng = np.random.default_rng([seed, 12])
    chapters, products = _base_weights(world, len(panel.adcodes), rng)
    openness = np.exp(rng.uniform(np.log(0.06), np.log(0.5), len(panel.adcodes)))
    for year in world.years:
        totals = _totals(panel, year, openness, rng)
        noise = np.exp(rng.normal(0, 0.1, chapters.shape))
        yield _year_exports(world, year, totals, chapters * noise, products)


def _base_weights(world: World, cities: int, rng: np.random.Generator) -> tuple[Matrix, Matrix]:
    """Return starting weights of cities over chapters and over products; zero where nothing is exported."""
    goods = world.products
    codes, names = goods.chapter_codes, goods.chapters
    weight = np.zeros(len(names))
    np.maximum.at(weight, codes, goods.weight)
    chapters = weight * rng.gamma(2.0, 0.5, (cities, len(names)))
    few = len(names) <= 8
    absent = rng.random(chapters.shape) < 0.25
    absent[:, [name in WIDE_CHAPTERS or few for name in names]] = False
    chapters[absent] = 0
    products = rng.gamma(2.0, 0.5, (cities, len(goods.hs6))) + 0.05
    products[:, ~goods.is_role("ordinary")] = 0
    return chapters, products


def _totals(panel: TargetPanel, year: int, openness: Vector, rng: np.random.Generator) -> Codes:
    """Return the exports of each city in whole US$: a share of its GDP."""
    gdp_usd = np.exp(panel.of_year(year, "gdp")) * 1e4 / YUAN_PER_USD[year]
    noise = np.exp(rng.normal(0, 0.05, len(openness)))
    return np.maximum(gdp_usd * openness * noise, 2e8).astype(np.int64)


def _year_exports(world: World, year: int, totals: Codes, chapters: Matrix, products: Matrix) -> CityExports:
    panel = target_panel()
    codes = world.products.chapter_codes
    by_chapter = world.prody(year, codes)
    by_product = world.prody(year, np.arange(len(codes)))
    quality = np.exp(panel.of_year(year, "quality"))
    tcf = np.exp(panel.of_year(year, "tcf"))
    one_group = np.zeros(len(by_chapter), dtype=np.intp)
    shares = tilted_shares(chapters, by_chapter, quality, one_group, np.ones((len(totals), 1)))
    held = np.where(shares[:, codes] > 0, products, 0.0)
    inside = tilted_shares(held, by_product, tcf, codes, shares)
    dollars = np.zeros(inside.shape, dtype=np.int64)
    for i, total in enumerate(totals):
        parts = whole_parts(int(total), shares[i], CHAPTER_FLOOR)
        parts = repair(parts, by_chapter, float(quality[i]), one_group, CHAPTER_FLOOR)
        for chapter in np.flatnonzero(parts):
            mine = codes == chapter
            split = inside[i, mine] / inside[i, mine].sum()
            dollars[i, mine] = whole_parts(int(parts[chapter]), split, PRODUCT_FLOOR)
        dollars[i] = repair(dollars[i], by_product, float(tcf[i]), codes, PRODUCT_FLOOR)
    return CityExports(year, tuple(panel.adcodes), dollars)
