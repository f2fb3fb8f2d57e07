"""Customs transactions of one year as text: the Chinese headers of 2003-04, GB18030."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from citypanel.arrays import Codes, Mask
from citypanel.sample.exports import CityExports
from citypanel.sample.firms import OWNERSHIPS, Firms
from citypanel.sample.tables import Products, rows_of

HEADER = (
    "日期", "进口或出口", "税号编码", "金额", "数量", "数量单位", "企业编码", "经营单位", "消费地或生产地",
    "企业性质",     "起运国或目的国", "贸易方式", "运输方式", "中转国",
)  # fmt: skip
ENCODING = "gb18030"
SMALLEST_RECORD = 50  # US$
HS8_ENDINGS = ("00", "10", "90")
REGIMES = ("一般贸易", "进料加工贸易", "来料加工装配贸易")
TRANSPORTS = ("江海运输", "航空运输", "公路运输", "铁路运输", "邮件运输")
YEAR_WITHOUT_MONTHS = 2016
STRIDE = 1_000_003  # a prime above any pool of firm x destination pairs: the pairs of one product never repeat


@dataclass
class Records:
    """Columns of customs rows before they are text: positions in the lists of names, codes and numbers."""

    product: Codes
    ending: Codes
    value: Codes
    quantity: Codes
    firm: Codes
    area: Codes
    zone: Codes
    destination: Codes
    date: Codes
    regime: Codes
    transport: Codes
    transit: Codes

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.value)


@dataclass(frozen=True)
class Destinations:
    """Chinese names of destinations as customs writes them, now and then the other name in use."""

    names: tuple[str, ...]
    weights: Codes


def destinations() -> Destinations:
    """Return the destinations with their weights."""
    rows = rows_of("destinations.csv")
    return Destinations(tuple(row["name"] for row in rows), np.array([float(row["weight"]) for row in rows]))


@dataclass(frozen=True)
class Market:
    """Who sells what to whom."""

    firms: Firms
    goods: Products
    destinations: Destinations


def record_counts(exports: CityExports, rows: int) -> Codes:
    """Return how many records each product of each city is split into; they add up to about `rows`.

    Larger flows have more records, none so many that a record could fall below `SMALLEST_RECORD` US$.
    """
    dollars = exports.dollars.astype(float)
    size = np.where(dollars > 0, dollars**0.35, 0.0)
    held = int((dollars > 0).sum())
    spare = max(rows - held, 0)
    counts = np.where(dollars > 0, 1 + np.floor(spare * size / size.sum()), 0).astype(np.int64)
    most = exports.dollars // (SMALLEST_RECORD * 4)
    result: Codes = np.minimum(counts, np.maximum(most, np.where(dollars > 0, 1, 0)))
    return result


def draw_records(
    exports: CityExports,
    counts: Codes,
    cities: range,
    market: Market,
    rng: np.random.Generator,
) -> Records:
    """Split the dollars of some cities into records of firms and destinations; sums stay to the dollar."""
    firms, where = market.firms, market.destinations
    city, product = np.nonzero(counts[cities.start : cities.stop])
    city = city + cities.start
    repeat = counts[city, product]
    owner = np.repeat(np.arange(len(repeat)), repeat)
    rank = np.arange(len(owner)) - np.repeat(np.cumsum(repeat) - repeat, repeat)
    pool = firms.count[city] * len(where.names)
    pair = (rng.integers(0, pool)[owner] + rank * STRIDE) % pool[owner]
    firm = firms.start[city][owner] + pair % firms.count[city][owner]
    destination = pair // firms.count[city][owner]
    weight = where.weights[destination] * rng.gamma(1.5, 1.0, len(owner)) + 1e-3
    value = _split(exports.dollars[city, product], repeat, owner, weight)
    price = market.goods.price_usd[product[owner]] * np.exp(rng.normal(0, 0.4, len(owner)))
    month = rng.integers(1, 13, len(owner))
    date = np.full(len(owner), exports.year) if exports.year == YEAR_WITHOUT_MONTHS else exports.year * 100 + month
    return Records(
        product=product[owner],
        ending=rng.choice(len(HS8_ENDINGS), len(owner), p=[0.6, 0.2, 0.2]),
        value=value,
        quantity=np.maximum(np.rint(value / price), 1).astype(np.int64),
        firm=firm,
        area=firms.area[firm],
        zone=rng.choice([9, 2, 3, 5], len(owner), p=[0.7, 0.15, 0.1, 0.05]),
        destination=destination,
        date=date,
        regime=rng.choice(len(REGIMES), len(owner), p=[0.68, 0.24, 0.08]),
        transport=rng.choice(len(TRANSPORTS), len(owner), p=[0.72, 0.18, 0.06, 0.03, 0.01]),
        transit=np.where(rng.random(len(owner)) < 0.1, 4, destination),
    )


def _split(totals: Codes, repeat: Codes, owner: Codes, weight: "np.typing.NDArray[np.float64]") -> Codes:
    """Split whole-dollar totals by weights; no part is below the smallest record, the last has the rest."""
    ends = np.cumsum(repeat)
    running = np.cumsum(weight)
    before = np.concatenate([[0.0], running])[ends - repeat]
    share = (running - before[owner]) / (running[ends - 1] - before)[owner]
    smallest = np.minimum(SMALLEST_RECORD, totals // repeat)
    edges = np.floor((totals - smallest * repeat)[owner] * share).astype(np.int64)
    edges[ends - 1] = totals - smallest * repeat
    first = np.zeros(len(owner), dtype=bool)
    first[ends - repeat] = True
    lower = np.where(first, 0, np.concatenate([[0], edges[:-1]]))
    result: Codes = edges - lower + smallest[owner]
    return result


def text_columns(records: Records, market: Market) -> dict[str, "pa.Array"]:
    """Return the rows as text, one GB18030 binary array per header."""
    firms, goods = market.firms, market.goods
    hs8 = [code + ending for code in goods.hs6 for ending in HS8_ENDINGS]
    names = market.destinations.names
    ownership = [OWNERSHIPS[int(code)] for code in firms.ownership]
    return {
        "日期": digits(records.date),
        "进口或出口": chosen(("出口",), np.zeros(len(records), dtype=np.int64)),
        "税号编码": chosen(tuple(hs8), records.product * len(HS8_ENDINGS) + records.ending),
        "金额": digits(records.value),
        "数量": digits(records.quantity),
        "数量单位": chosen(goods.unit, records.product),
        "企业编码": digits(firms.code[records.firm]),
        "经营单位": chosen(firms.name, records.firm),
        "消费地或生产地": digits(records.area * 10 + records.zone),
        "企业性质": chosen(tuple(ownership), records.firm),
        "起运国或目的国": chosen(names, records.destination),
        "贸易方式": chosen(REGIMES, records.regime),
        "运输方式": chosen(TRANSPORTS, records.transport),
        "中转国": chosen(names, records.transit),
    }


def digits(values: Codes) -> "pa.Array":
    """Return whole numbers as text."""
    return pa.array(values).cast(pa.string()).cast(pa.binary())


def chosen(names: tuple[str, ...], index: Codes) -> "pa.Array":
    """Return names by position, encoded."""
    return pa.array([name.encode(ENCODING) for name in names], type=pa.binary()).take(pa.array(index))


def replaced(column: "pa.Array", where: Mask, texts: "pa.Array | bytes") -> "pa.Array":
    """Return the column with other text in some rows: one text for all, or one for each such row."""
    if isinstance(texts, bytes):
        texts = pa.array([texts] * int(where.sum()), type=pa.binary())
    return pc.replace_with_mask(column, pa.array(where), texts)


def lines(columns: dict[str, "pa.Array"], *, trailing: bool) -> "pa.Array":
    """Return the rows as CSV lines without their ends; `trailing` adds an empty last column."""
    parts = [columns[name] for name in HEADER]
    if trailing:
        parts.append(pa.array([b""] * len(parts[0]), type=pa.binary()))
    return pc.binary_join_element_wise(*parts, pa.scalar(b",", pa.binary()))


def header_line(*, trailing: bool) -> bytes:
    """Return the header line, encoded."""
    return ",".join([*HEADER, ""] if trailing else HEADER).encode(ENCODING) + b"\r\n"


def joined(rows: "pa.Array") -> bytes:
    """Return lines as one block of bytes, each ended as Windows programs do."""
    if not len(rows):
        return b""
    whole = pa.ListArray.from_arrays(pa.array([0, len(rows)], pa.int32()), rows)
    return bytes(pc.binary_join(whole, pa.scalar(b"\r\n", pa.binary()))[0].as_py()) + b"\r\n"
