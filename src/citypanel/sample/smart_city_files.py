"""The raw folder of smart_city: customs files in five layouts up to 2016, yearbooks, pilots, and the truth."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from citypanel.arrays import Codes, Matrix
from citypanel.sample.customs_book import CustomsBook, Volume
from citypanel.sample.demand import ALWAYS_THERE, Flows, Lines, Market, blocks, draw_lines, flows, market, shipments
from citypanel.sample.policies import write_policy
from citypanel.sample.shipments import ATTRITION_STEPS, Trade, destination_names, exporters
from citypanel.sample.smart_city import (
    CONTROLS,
    EFFECT,
    MECHANISMS,
    MICRO_YEARS,
    STUDY,
    THROUGH,
    YEARS,
    SmartCities,
    smart_cities,
)
from citypanel.sample.smart_city_yearbook import write_province_quality, write_smart_yearbooks
from citypanel.sample.tables import products
from citypanel.sample.true_quality import TrueQuality
from citypanel.sample.truth_tables import FlowTruth, write_table

VOLUMES = (
    Volume(2010, ("tradedata_2010_1.dta", "tradedata_2010_2.dta"), "stata"),
    Volume(2011, ("tradedata_2011_1.dta", "tradedata_2011_2.dta"), "stata"),
    Volume(2012, ("customs_2012.csv",), "chinese"),
    Volume(2013, ("customs_2013.csv",), "chinese_trailing"),
    Volume(2014, ("customs_2014.csv",), "chinese", appended_again=True),
    Volume(2015, ("customs_2015.csv",), "english"),
    Volume(2016, ("customs_2016.csv",), "code_2006"),
)
YEAR_WITHOUT_MONTHS = 2016
UNITS = ("千克", "件", "个", "台", "双")  # goods counted in ships are no market with many flows
FIRMS_AT_A_TIME = 12_000


@dataclass(frozen=True)
class Size:
    """How large a preset is: firms in all, products, destinations; whether true quality of flows is written."""

    firms: int
    products: int
    destinations: int
    truth_of_flows: bool


SIZES = {
    "tiny": Size(900, 4, 8, truth_of_flows=True),
    "default": Size(11_000, 28, 16, truth_of_flows=True),
    "full": Size(230_000, 80, 30, truth_of_flows=False),
}


def write_smart_city(folder: Path, preset: str, seed: int, kinds: tuple[str, ...]) -> dict[str, Any]:
    """Write the raw files of these kinds and return what is true."""
    size = SIZES[preset]
    cities = smart_cities(seed)
    truth: dict[str, Any] = {"attrition_steps": ATTRITION_STEPS, "files": {}, **_stated(cities)}
    quality = _customs(folder, cities, size, seed, truth, write="customs" in kinds)
    if "yearbook" in kinds:
        truth["files"] |= write_smart_yearbooks(folder / "yearbook", cities, seed)
    if "policies" in kinds:
        pilots = dict(zip(cities.where.adcode.tolist(), cities.cohort.tolist(), strict=True))
        write_policy(folder / "policies" / "smart_city.csv", STUDY, cities.where, pilots)
    if "reference" in kinds:
        write_province_quality(folder / "reference" / "province_quality.csv", cities, _extended(cities, quality))
        known = ((code[:6], sigma) for code, sigma in truth["sigma"].items())
        write_table(folder / "reference" / "elasticities.csv", ("product_prefix", "sigma"), known)
    _write_cities(folder, cities, quality)
    return truth


def _stated(cities: SmartCities) -> dict[str, Any]:
    """Return the parameters of the cities' quality."""
    years = {str(c): int(y) for c, y in zip(cities.where.adcode, cities.cohort, strict=True) if y}
    micro = len(MICRO_YEARS)
    return {
        "effect_on_ln_quality_when_built_up": EFFECT,
        "controls_on_ln_quality": dict(CONTROLS),
        "mechanisms_on_ln_quality": dict(THROUGH),
        "mechanisms": {
            name: {
                "effect_when_built_up": MECHANISMS[name],
                f"att_to_{YEARS[-1]}": float(moved[cities.treated].mean()),
                f"att_to_{MICRO_YEARS[-1]}": float(moved[:, :micro][cities.treated[:, :micro]].mean()),
                "share_of_the_effect_on_quality": THROUGH[name] * MECHANISMS[name] / EFFECT,
            }
            for name, moved in cities.mechanism_effects.items()
        },
        "cohorts": years,
        "developed": cities.where.adcode[cities.developed].tolist(),
        "open": cities.where.adcode[cities.open_city].tolist(),
    }


def _customs(
    folder: Path, cities: SmartCities, size: Size, seed: int, truth: dict[str, Any], *, write: bool
) -> TrueQuality:
    """Draw all flows, write them if asked, and return true quality; the cities' exports are the same either way."""
    trade, firm_market = _trade(cities, size, seed)
    total = TrueQuality(len(cities.where), size.products, len(MICRO_YEARS))
    with ExitStack() as stack:
        book = flow_truth = None
        if write:
            book = stack.enter_context(CustomsBook(folder / "customs", VOLUMES, trade, (seed, 44)))
        if write and size.truth_of_flows:
            flow_truth = FlowTruth(folder / "truth_flows.parquet")
            stack.callback(flow_truth.close)
        for number, chosen in enumerate(blocks(trade.firms, FIRMS_AT_A_TIME)):
            rng = np.random.default_rng([seed, 43, number])
            lines = draw_lines(trade.firms, chosen, firm_market, rng)
            for t, year, found in _years(cities, lines, firm_market, trade, rng):
                total.add(t, trade.firms.city[lines.firm[found.line]], lines.product[found.line], found)
                if book is not None:
                    # Records are drawn from their own stream: writing must not change the world.
                    own = np.random.default_rng([seed, 45, number, year])
                    months = year != YEAR_WITHOUT_MONTHS
                    book.add(year, shipments(found, lines, trade.firms, year, own, months=months))
                if flow_truth is not None:
                    flow_truth.add(year, found, lines, trade)
    truth["files"] |= book.truth if book is not None else {}
    truth["sigma"] = dict(zip(trade.hs8, firm_market.sigma.tolist(), strict=True))
    truth["effects"] = _effects(cities, total)
    return total


def _trade(cities: SmartCities, size: Size, seed: int) -> tuple[Trade, Market]:
    goods = products()
    usable = [k for k in range(len(goods.hs6)) if goods.role[k] == "ordinary" and goods.unit[k] in UNITS]
    picked = [usable[i * len(usable) // size.products] for i in range(size.products)]
    names, numbers, _ = destination_names()
    weight = cities.values["population"][:, 0] ** 0.5 * np.exp(0.3 * (cities.values["eco"][:, 0] - 10.35))
    counts = np.maximum(ALWAYS_THERE, np.floor(size.firms * weight / weight.sum())).astype(np.int64)
    firms = exporters(counts, cities.where, np.random.default_rng([seed, 46]))
    trade = Trade(
        hs8=tuple(goods.hs6[k] + "00" for k in picked),
        unit=tuple(goods.unit[k] for k in picked),
        firms=firms,
        destination=names[: size.destinations],
        number=numbers[: size.destinations],
    )
    return trade, market(size.products, goods.price_usd[picked], size.destinations, MICRO_YEARS, seed)


def _years(
    cities: SmartCities, lines: Lines, firm_market: Market, trade: Trade, rng: np.random.Generator
) -> Iterator[tuple[int, int, Flows]]:
    common = cities.log_quality()
    city = trade.firms.city[lines.firm]
    for t, year in enumerate(MICRO_YEARS):
        yield t, year, flows(lines, firm_market, common[city, t], year, rng)


def _effects(cities: SmartCities, total: TrueQuality) -> dict[str, Any]:
    """Return the mean effect on scaled quality of pilots, to the last year with customs records."""
    years = len(MICRO_YEARS)
    added = total.of_shift(cities.effect[:, :years])
    treated = cities.treated[:, :years]

    def mean(group: Codes) -> float:
        return float(np.nanmean(added[group][treated[group]]))

    everyone = np.arange(len(cities.where))
    groups = {
        "developed": np.flatnonzero(cities.developed),
        "less_developed": np.flatnonzero(~cities.developed),
        "open": np.flatnonzero(cities.open_city),
        "less_open": np.flatnonzero(~cities.open_city),
    }
    since = np.array(MICRO_YEARS)[None, :] - cities.cohort[:, None]
    return {
        "att": mean(everyone),
        "by_group": {name: mean(rows) for name, rows in groups.items()},
        "by_event_time": {
            str(k): float(np.nanmean(added[treated & (since == k)])) for k in range(int(since[treated].max()) + 1)
        },
        "controls": {
            name: float(np.nanmean(total.of_shift(np.ones_like(added)))) * slope for name, slope in CONTROLS.items()
        },
    }


def _extended(cities: SmartCities, total: TrueQuality) -> Matrix:
    """Return true quality in all years: after the last customs records, the last one moved by what changes since."""
    measured = total.of_cities()
    years = len(MICRO_YEARS)
    slope = np.nanmean(total.of_shift(np.ones_like(measured)))
    log_quality = cities.log_quality()
    later = measured[:, -1:] + slope * (log_quality[:, years:] - log_quality[:, years - 1 : years])
    result: Matrix = np.concatenate([measured, later], axis=1)
    return result


def _write_cities(folder: Path, cities: SmartCities, total: TrueQuality) -> None:
    quality = _extended(cities, total)
    added = total.of_shift(cities.effect[:, : len(MICRO_YEARS)])
    rows = (
        (
            int(code), year, repr(float(quality[i, t])), repr(float(cities.effect[i, t])),
            repr(float(added[i, t])) if t < len(MICRO_YEARS) else "", int(cities.treated[i, t]), int(cities.cohort[i]),
        )
        for i, code in enumerate(cities.where.adcode)
        for t, year in enumerate(YEARS)
    )  # fmt: skip
    header = ("adcode", "year", "true_quality", "effect_on_ln_quality", "effect_on_quality", "treated", "cohort")
    write_table(folder / "truth_cities.csv", header, rows)
