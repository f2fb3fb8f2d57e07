"""The raw folder of ip_model_city: customs of three kinds, world trade, a long yearbook, model cities, the truth."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from citypanel.arrays import Codes, Matrix, Vector
from citypanel.sample.customs_book import CustomsBook, Volume
from citypanel.sample.ip_model_city import (
    EFFECT,
    LATER_BATCH,
    LATER_TERM,
    MECHANISMS,
    OTHER_PILOTS,
    STUDY,
    YEARS,
    ModelCities,
    model_cities,
)
from citypanel.sample.ip_world import fixed_prody, ip_world, ordinary
from citypanel.sample.long_yearbook import Series, write_long_yearbook
from citypanel.sample.policies import write_model_cities, write_policy
from citypanel.sample.shipments import (
    ATTRITION_STEPS,
    Shipments,
    Trade,
    destination_names,
    exporters,
    whole,
)
from citypanel.sample.tilt import tilted_shares, whole_parts
from citypanel.sample.truth_tables import write_table
from citypanel.sample.world import World
from citypanel.sample.world_trade import write_world_trade

VOLUMES = (
    *(Volume(y, tuple(f"tradedata_{y}_{part}.dta" for part in (1, 2)), "stata") for y in range(2007, 2012)),
    *(Volume(y, (f"custom_{y}_exp.dta",), "vendor") for y in range(2012, 2016)),
    *(Volume(y, (f"customs_{y}.csv",), "chinese", appended_again=y == 2017) for y in range(2016, 2019)),
)
YEAR_OF_SHORT_CODES = 2009
INNOVATIVE_SINCE = 2007  # before any treatment
# Rows that no step of the intake takes out would be exports of the city that a firm is registered in.
STAYING_FAULTS = ("area_other_places", "area_unknown", "unit_other")
# Products that each city exports, firms of a city, and further records that a basket's product may have.
SIZES = {"tiny": (8, 6, 0.1), "default": (40, 25, 0.5), "full": (160, 400, 12.0)}
PER_CHAPTER = {"tiny": 1, "default": 0, "full": 0}  # products of each chapter; 0: all of them
SMALLEST = 400  # US$ of a product in a city's basket
REACH = 0.12  # ln EXPY of a typical city's spread, as a share of the range of ln PRODY


def write_ip_model_city(folder: Path, preset: str, seed: int, kinds: tuple[str, ...]) -> dict[str, Any]:
    """Write the raw files of these kinds and return what is true."""
    world = ip_world(YEARS, seed, PER_CHAPTER[preset])
    goods = ordinary(world.products)
    prody = fixed_prody(world)[goods]
    reach = float(np.log(prody).max() - np.log(prody).min())
    cities = model_cities(seed, float(np.log(np.median(prody))), REACH * reach)
    truth: dict[str, Any] = {"attrition_steps": ATTRITION_STEPS, "files": {}, **_stated(cities)}
    if "customs" in kinds:
        truth["files"] |= _write_customs(folder / "customs", _basket(cities, world, goods, preset, seed), seed)
    if "yearbook" in kinds:
        name = "yearbook/city_yearbook_2007_2018.csv"
        truth["files"][name] = write_long_yearbook(folder / name, cities.where, YEARS, _series(cities), seed)
    if "world_trade" in kinds:
        name = "world_trade/world_trade_2007_2018.csv"
        truth["files"][name] = write_world_trade(folder / name, world, YEAR_OF_SHORT_CODES)
    if "policies" in kinds:
        _write_policies(folder / "policies", cities)
    _write_cities(folder, cities)
    return truth


def _write_policies(folder: Path, cities: ModelCities) -> None:
    later = cities.where.adcode[cities.cohort == LATER_BATCH[0]].tolist()
    write_model_cities(folder / f"{STUDY}.csv", STUDY, cities.where, later, LATER_TERM)
    codes = cities.where.adcode.tolist()
    drawn = {"innovative_city": np.where(cities.innovative, INNOVATIVE_SINCE, 0), **cities.other_pilots}
    for policy, years in drawn.items():
        first_years = dict(zip(codes, years.tolist(), strict=True))
        write_policy(folder / f"{policy}.csv", policy, cities.where, first_years)


def _stated(cities: ModelCities) -> dict[str, Any]:
    treated = cities.treated
    groups = {
        "innovative": cities.innovative, "not_innovative": ~cities.innovative,
        "small": cities.small, "large": ~cities.small,
        "general": ~cities.where.key, "key": cities.where.key,
    }  # fmt: skip
    return {
        "effects": {
            "direct_on_ln_expy": EFFECT,
            "att": float(cities.effect[treated].mean()),
            "by_group": {name: float(cities.effect[g][treated[g]].mean()) for name, g in groups.items()},
            "other_pilots": dict.fromkeys(OTHER_PILOTS, 0.0),
            "mechanisms": {name: float(cities.mechanism_effects[name][treated].mean()) for name in MECHANISMS},
        },
        "cohorts": {str(c): int(y) for c, y in zip(cities.where.adcode, cities.cohort, strict=True) if y},
        "innovative": cities.where.adcode[cities.innovative].tolist(),
        "small": cities.where.adcode[cities.small].tolist(),
    }


@dataclass(frozen=True)
class _Basket:
    """What cities export: products with their PRODY and price, firms, how many further records a product has."""

    cities: ModelCities
    trade: Trade
    prody: Vector
    price: Vector
    held: int
    further: float


def _basket(cities: ModelCities, world: World, goods: Codes, preset: str, seed: int) -> _Basket:
    held, per_city, further = SIZES[preset]
    trade = _trade(cities, world, goods, per_city, seed)
    return _Basket(cities, trade, fixed_prody(world)[goods], world.products.price_usd[goods], held, further)


def _write_customs(folder: Path, basket: _Basket, seed: int) -> dict[str, dict[str, dict[str, int]]]:
    values, prody = basket.cities.values, basket.prody
    rng = np.random.default_rng([seed, 53])
    base = _baskets(len(basket.cities.where), prody, basket.held, rng)
    total = values["gdp_per_head"] * values["population"] * 1e4 * values["open"] / 7 / 200
    blocks = max(1, round(len(base) * basket.held * (1 + basket.further) / 250_000))
    with CustomsBook(folder, VOLUMES, basket.trade, (seed, 54), without=STAYING_FAULTS) as book:
        for t, year in enumerate(YEARS):
            noisy = base * np.exp(rng.normal(0, 0.1, base.shape))
            shares = _shares(noisy, prody, np.exp(basket.cities.log_expy[:, t]))
            for block in np.array_split(np.arange(len(base)), blocks):
                mine = np.random.default_rng([seed, 55, year, int(block[0])])
                parts = np.stack([whole_parts(int(total[i, t]), shares[i], SMALLEST) for i in block])
                book.add(year, _records(parts, block, basket, year, mine))
    return book.truth


def _baskets(cities: int, prody: Vector, held: int, rng: np.random.Generator) -> Matrix:
    """Return weights over products; each city holds products from the low and from the high end."""
    weights = rng.gamma(1.5, 1.0, (cities, len(prody))) + 0.05
    luck = rng.random(weights.shape)
    ranks = np.argsort(np.argsort(prody))
    luck[:, ranks < 4] += 1
    luck[:, ranks >= len(prody) - 4] += 1
    keep = np.argsort(np.argsort(-luck, axis=1), axis=1) < max(held, 8)
    result: Matrix = np.where(keep, weights, 0.0)
    return result


def _shares(base: Matrix, prody: Vector, targets: Vector) -> Matrix:
    return tilted_shares(base, prody, targets, np.zeros(len(prody), dtype=np.intp), np.ones((len(base), 1)))


def _trade(cities: ModelCities, world: World, goods: Codes, per_city: int, seed: int) -> Trade:
    names, numbers, _ = destination_names()
    counts = np.full(len(cities.where), per_city)
    return Trade(
        hs8=tuple(world.products.hs6[k] + "00" for k in goods),
        unit=tuple(world.products.unit[k] for k in goods),
        firms=exporters(counts, cities.where, np.random.default_rng([seed, 56])),
        destination=names,
        number=numbers,
    )


def _records(dollars: Codes, block: Codes, basket: _Basket, year: int, rng: np.random.Generator) -> Shipments:
    """Split the dollars of city and product into records of firms and destinations; the sums stay."""
    firms, price = basket.trade.firms, basket.price
    city, product = np.nonzero(dollars)
    value = dollars[city, product]
    many = np.minimum(1 + rng.poisson(basket.further, len(value)), np.maximum(value // SMALLEST, 1))
    owner = np.repeat(np.arange(len(value)), many)
    part = value[owner] // many[owner]
    first = np.concatenate([[0], np.cumsum(many)[:-1]])
    part[first] += value - part[first] * many
    per_city = len(firms.city) // (firms.city[-1] + 1)
    markets = len(destination_names()[0])
    # Records of one city and product never share firm and destination: they would be one flow, or copies.
    pairs = per_city * markets
    pair = (rng.integers(0, pairs, len(value))[owner] + (np.arange(len(owner)) - first[owner]) * 7919) % pairs
    firm = block[city[owner]] * per_city + pair // markets
    zeros = np.zeros(len(owner), dtype=np.int64)
    return Shipments(
        flag=zeros,
        code=product[owner],
        value=part,
        quantity=whole(part / (price[product[owner]] * np.exp(rng.normal(0, 0.4, len(owner))))),
        firm=firm,
        place=firms.place[firm],
        destination=pair % markets,
        date=year * 100 + rng.integers(1, 13, len(owner)),
        regime=rng.choice(3, len(owner), p=[0.68, 0.24, 0.08]),
        other_unit=zeros,
    )


def _series(cities: ModelCities) -> tuple[Series, ...]:
    """Return the yearbook's series; ln(1 + grants), tertiary over secondary and FDI over GDP are the mechanisms."""
    v = cities.values
    gdp = v["gdp_per_head"] * v["population"]
    secondary = 90 / (1 + v["upgrading"])
    return (
        Series("地区生产总值", "万元", gdp, 4),
        Series("人均地区生产总值", "元", v["gdp_per_head"], 4),
        Series("年末户籍人口", "万人", v["population"], 6),
        Series("市区人口", "万人", v["proper"], 6),
        Series("行政区域土地面积", "平方公里", v["area"], 4),
        Series("年末金融机构存款余额", "万元", 0.6 * gdp * v["fin"], 4),
        Series("年末金融机构贷款余额", "万元", 0.4 * gdp * v["fin"], 4),
        Series("普通高校在校学生", "人", v["human"] * v["population"] * 1e4, 0),
        Series("人均城市道路面积", "平方米", v["infra"], 6),
        Series("地方一般公共预算支出", "万元", v["government"] * gdp, 4),
        Series("货物出口总额", "万元", 0.6 * v["open"] * gdp, 4),
        Series("货物进口总额", "万元", 0.4 * v["open"] * gdp, 4),
        Series("第二产业增加值占比", "%", secondary, 10),
        Series("第三产业增加值占比", "%", secondary * v["upgrading"], 10),
        Series("实际使用外资(人民币)", "万元", v["fdi"] * gdp, 4, missing=0.02),
        Series("发明专利申请授权量", "件", np.expm1(np.maximum(v["inventions"], 0.0)), 0),
    )


def _write_cities(folder: Path, cities: ModelCities) -> None:
    rows = (
        (
            int(code), year, repr(float(cities.log_expy[i, t])), repr(float(cities.effect[i, t])),
            int(cities.treated[i, t]), int(cities.cohort[i]), int(cities.innovative[i]), int(cities.small[i]),
            int(cities.where.key[i]),
        )
        for i, code in enumerate(cities.where.adcode)
        for t, year in enumerate(YEARS)
    )  # fmt: skip
    header = (
        "adcode", "year", "true_ln_expy", "effect_on_ln_expy", "treated", "cohort", "innovative", "small", "key",
    )  # fmt: skip
    write_table(folder / "truth_cities.csv", header, rows)
