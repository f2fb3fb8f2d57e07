"""Simulated customs files of any size, connected as real records are.

Firms have Zipf sizes; each ships several products of its own chapter to several destinations over years, so firms,
products and destinations are linked by the same few large nodes. Independent draws would be balanced by chance and
would make every fixed-effects solver look fast.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from citypanel.arrays import Codes, Vector
from citypanel.registers import Registers

YEARS = range(2000, 2016)
PRODUCTS = 6_000
HEADER = "日期,进口或出口,税号编码,金额,数量,数量单位,企业编码,经营单位,消费地或生产地,企业性质,起运国或目的国,贸易方式"
REGIMES = ("一般贸易", "进料加工贸易", "来料加工装配贸易")
OWNERSHIPS = ("国有企业", "中外合作企业", "中外合资企业", "外商独资企业", "集体企业", "私营企业")
UNITS = ("千克", "台", "件", "米", "平方米")
WORDS = ("电子", "机械", "服装", "化工", "塑胶", "进出口贸易", "自由贸易试验区精密", "实业", "物流", "五金")
ROWS_PER_FIRM = 150
ROWS_PER_RELATION = 9.0
BLOCK = 500_000


@dataclass(frozen=True)
class World:
    """Firms, what they ship and to whom, and in which years; relations are rows of the last arrays."""

    hs8: pa.Array
    unit: Codes
    log_price: Vector
    countries: pa.Array
    areas: Codes
    names: pa.Array
    regime: Codes
    relation_firm: Codes
    relation_product: Codes
    relation_destination: Codes
    first: Codes
    last: Codes


def zipf(rng: np.random.Generator, items: int, size: int, power: float) -> Codes:
    """Draw positions 0 .. items - 1 with weights 1/(k + 1)^power."""
    weights = np.cumsum(1.0 / np.arange(1, items + 1) ** power)
    return np.searchsorted(weights / weights[-1], rng.random(size)).astype(np.int64)


def world(rows: int, seed: int = 1) -> World:
    """Draw the relations behind about `rows` records."""
    rng = np.random.default_rng(seed)
    registers = Registers()
    areas = registers.customs_areas()
    places = areas[(areas["area"].str.len() == 4) & areas["adcode"].notna()]["area"].astype(int).to_numpy()
    known = registers.countries()
    countries = known[(known["kind"] == "country") & (known["customs"] != "")]["name_zh"].tolist()
    firms = max(rows // ROWS_PER_FIRM, 50)
    chapter = np.sort(zipf(rng, 95, PRODUCTS, 0.7))
    chapters = [c for c in range(1, 98) if c not in (77, 93)]
    order = rng.permutation(len(chapters))
    heading = rng.integers(1, 99, PRODUCTS) * 100 + rng.integers(0, 99, PRODUCTS)
    hs8 = [
        f"{chapters[order[c]]:02d}{h:04d}{e}"
        for c, h, e in zip(chapter, heading, rng.choice(["00", "10"], PRODUCTS), strict=True)
    ]
    relations = int(rows / ROWS_PER_RELATION)
    firm = zipf(rng, firms, relations, 0.9)
    home = zipf(rng, PRODUCTS, firms, 0.5)
    spread = zipf(rng, 200, relations, 1.0) * rng.choice([-1, 1], relations)
    first = rng.integers(YEARS[0] - 3, YEARS[-1] + 1, relations)
    lasting = rng.geometric(0.22, relations)
    code = places[rng.integers(0, len(places), firms)]
    words = np.array(WORDS)[rng.integers(0, len(WORDS), firms)]
    return World(
        hs8=pa.array(hs8),
        unit=rng.integers(0, len(UNITS), PRODUCTS),
        log_price=rng.normal(2, 1.5, PRODUCTS),
        countries=pa.array(countries),
        areas=code,
        names=pa.array([f"第{k}{word}有限公司" for k, word in enumerate(words)]),
        regime=rng.choice(len(REGIMES), firms, p=[0.7, 0.2, 0.1]),
        relation_firm=firm,
        relation_product=(home[firm] + spread) % PRODUCTS,
        relation_destination=zipf(rng, len(countries), relations, 1.0),
        first=np.maximum(first, YEARS[0]),
        last=np.minimum(first + lasting, YEARS[-1]),
    )


def records(drawn: World, year: int, seed: int = 1) -> Iterator[pa.Table]:
    """Yield the records of a year as text columns, in the order of months."""
    rng = np.random.default_rng([seed, year])
    active = np.flatnonzero((drawn.first <= year) & (year <= drawn.last))
    of = rng.permutation(np.repeat(active, 1 + rng.poisson(1.3, active.size)))
    months = np.sort(rng.integers(1, 13, of.size))
    for start in range(0, of.size, BLOCK):
        yield _table(drawn, of[start : start + BLOCK], year * 100 + months[start : start + BLOCK], rng)


def _table(drawn: World, of: Codes, month: Codes, rng: np.random.Generator) -> pa.Table:
    firm, product, size = drawn.relation_firm[of], drawn.relation_product[of], of.size
    # The price has a part of the firm (quality and cost) and of the market; demand falls in it.
    talent = np.sin(firm * 12.9898) * 0.6
    price = drawn.log_price[product] + talent + rng.normal(0, 0.35, size)
    demand = 8 - 1.3 * (price - drawn.log_price[product]) + 0.8 * talent + rng.normal(0, 1.1, size)
    quantity = np.maximum(np.rint(np.exp(demand)), 1).astype(np.int64)
    value = np.maximum(np.rint(quantity * np.exp(price)), 1).astype(np.int64)
    quantity[rng.random(size) < 0.003] = 0
    imports = rng.random(size) < 0.02
    unit = np.where(rng.random(size) < 0.01, (drawn.unit[product] + 1) % len(UNITS), drawn.unit[product])
    country = pc.take(drawn.countries, pa.array(drawn.relation_destination[of]))
    lost = rng.random(size) < 0.002
    country = pc.if_else(pa.array(lost), "国别不详", country)
    area = drawn.areas[firm]
    ownership = firm % len(OWNERSHIPS)
    code = area * 1_000_000 + 900_000 + ownership * 100_000 + firm % 100_000
    # Beyond the 100,000 serials of a place customs uses letters; a longer number serves as well.
    code = code * 10 + firm // 100_000
    return pa.table(
        [
            pa.array(month), pc.if_else(pa.array(imports), "进口", "出口"),
            pc.take(drawn.hs8, pa.array(product)), pa.array(value), pa.array(quantity),
            pc.take(pa.array(UNITS), pa.array(unit)), pa.array(code), pc.take(drawn.names, pa.array(firm)),
            pa.array(area * 10 + 9), pc.take(pa.array(OWNERSHIPS), pa.array(ownership)), country,
            pc.take(pa.array(REGIMES), pa.array(drawn.regime[firm])),
        ],
        names=HEADER.split(","),
    )  # fmt: skip


def write_files(folder: Path, rows: int, seed: int = 1) -> list[Path]:
    """Write one GB18030 file a year with about `rows` rows in all; a fifth of a percent is copied at its end."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn, paths = world(rows, seed), []
    for year in YEARS:
        path = folder / f"customs_{year}.csv"
        with path.open("wb") as out:
            out.write(HEADER.encode("gb18030") + b"\r\n")
            block = b""
            for table in records(drawn, year, seed):
                parts = [column.cast(pa.string()) for column in table.columns]
                lines = pc.binary_join_element_wise(*parts, ",").to_pylist()
                block = ("\r\n".join(lines) + "\r\n").encode("gb18030")
                out.write(block)
            copies = block.split(b"\r\n")[:-1]
            out.write(b"".join(line + b"\r\n" for line in copies[: len(copies) // 500]))
        paths.append(path)
    return paths
