"""Customs rows as whole numbers, clean and dirty: what every layout is written from.

A fault is a copy of a good row with one thing wrong, so that each leaves at exactly one step; their numbers go
to the truth file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np

from citypanel.arrays import Codes, Vector
from citypanel.errors import EstimationError
from citypanel.sample.firms import BRANDS_1, BRANDS_2, INDUSTRIES, OWNERSHIP_SHARES, OWNERSHIPS
from citypanel.sample.prefectures import Prefectures
from citypanel.sample.tables import rows_of

LARGEST_SERIAL = 9_999
ABSENT = -1  # a number, code or place that the row does not give
ENDINGS = ("00", "10", "90")
NO_CODES = ("8471XX00", "未知", "847130")
SPECIAL = {
    "中国": 142, "中华人民共和国": 142, "国别不详": 701, "国(地)别不详": 701, "亚洲": 100, "非洲": 200, "拉丁美洲": 400,
}  # fmt: skip
OTHER_UNITS = {"千克": "吨", "件": "千克", "个": "千克", "台": "千克", "双": "千克", "艘": "千克", "辆": "千克"}
# What a faulty copy says instead: a name that is no destination, or one of some numbers in a column.
_NAMED = {
    "reimport": ("中国", "中华人民共和国"),
    "destination_unknown": ("国别不详", "国(地)别不详"),
    "destination_continent": ("亚洲", "非洲", "拉丁美洲"),
}
_SAYS: dict[str, tuple[str, tuple[int, ...]]] = {
    "import": ("flag", (1,)),
    "firm_missing": ("firm", (ABSENT,)),
    "destination_missing": ("destination", (ABSENT,)),
    "quantity_zero": ("quantity", (0,)),
    "quantity_missing": ("quantity", (ABSENT,)),
    "value_zero": ("value", (0,)),
    "area_other_places": ("place", (32909, 33909, 44909, 51909)),
    "area_unknown": ("place", (99999, ABSENT)),
    "unit_other": ("other_unit", (1,)),
}


@dataclass(frozen=True)
class Shipments:
    """Customs rows: positions in the names of `Trade`, whole US$ and units, customs place of five digits, yyyymm.

    `flag` is 0 for an export and 1 for an import; `other_unit` is 1 where the quantity is in another unit.
    """

    flag: Codes
    code: Codes
    value: Codes
    quantity: Codes
    firm: Codes
    place: Codes
    destination: Codes
    date: Codes
    regime: Codes
    other_unit: Codes

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.value)

    def take(self, rows: Codes) -> "Shipments":
        """Return some rows, in their order."""
        return Shipments(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def joined(self, other: "Shipments") -> "Shipments":
        """Return these rows and then the other's."""
        pairs = {f.name: (getattr(self, f.name), getattr(other, f.name)) for f in fields(self)}
        return Shipments(**{name: np.concatenate(pair) for name, pair in pairs.items()})


@dataclass(frozen=True)
class Exporters:
    """Firms with their customs place of production; `name` holds one entry per firm."""

    code: Codes
    name: np.ndarray
    ownership: Codes
    place: Codes
    city: Codes


@dataclass(frozen=True)
class Trade:
    """The names behind the positions: HS8 codes, their units, firms, destinations with customs numbers."""

    hs8: tuple[str, ...]
    unit: tuple[str, ...]
    firms: Exporters
    destination: tuple[str, ...]
    number: tuple[int, ...]

    def bad_code(self, which: Codes) -> Codes:
        """Return positions of texts that are no commodity code."""
        return len(self.hs8) + which

    def special(self, name: str) -> int:
        """Return the position of a destination that is no destination."""
        return len(self.destination) + list(SPECIAL).index(name)


@dataclass(frozen=True)
class Fault:
    """One kind of bad row: the step of the attrition table that drops it, and its rate among good rows."""

    kind: str
    step: str
    rate: float


FAULTS = (
    Fault("import", "exports_only", 0.03),
    Fault("firm_missing", "key_fields", 0.0003),
    Fault("destination_missing", "key_fields", 0.0005),
    Fault("hs8_not_a_code", "hs8_repaired", 0.0003),
    Fault("quantity_zero", "positive", 0.0022),
    Fault("quantity_missing", "positive", 0.004),
    Fault("value_zero", "positive", 0.0008),
    Fault("reimport", "destination", 0.003),
    Fault("destination_unknown", "destination", 0.001),
    Fault("destination_continent", "destination", 0.0005),
    Fault("area_other_places", "city_mapped", 0.002),
    Fault("area_unknown", "city_mapped", 0.0005),
    Fault("unit_other", "none", 0.004),
)
ATTRITION_STEPS = {fault.kind: fault.step for fault in FAULTS} | {"duplicate": "duplicates"}
# A layout without firm names, flags, units or places of production cannot hold these faults.
NEEDS = {
    "import": "flag", "firm_missing": "firm_name", "area_other_places": "producing", "area_unknown": "producing",
    "unit_other": "unit",
}  # fmt: skip


def exporters(counts: Codes, where: Prefectures, rng: np.random.Generator) -> Exporters:
    """Draw `counts[i]` firms of city i; their ten-digit codes are theirs alone."""
    city = np.repeat(np.arange(len(where)), counts)
    total = len(city)
    ownership = rng.choice(list(OWNERSHIPS), total, p=OWNERSHIP_SHARES)
    zone = rng.choice([9, 2, 3, 5], total, p=[0.7, 0.15, 0.1, 0.05])
    prefix = (where.area[city] * 10 + zone) * 10 + ownership
    serials = _serials(prefix)
    if total and serials.max() > LARGEST_SERIAL:
        raise EstimationError(f"sample: a city has {serials.max()} firms of one kind; codes allow {LARGEST_SERIAL}")
    code = prefix * 10_000 + serials
    return Exporters(code, _names(city, where, rng), ownership, where.area[city] * 10 + zone, city)


def _serials(prefix: Codes) -> Codes:
    """Return serials from 1 among the firms that share the first six digits of their code."""
    order = np.argsort(prefix, kind="stable")
    ordered = prefix[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    sizes = np.diff(np.concatenate([starts, [len(ordered)]]))
    serials = np.empty(len(prefix), dtype=np.int64)
    serials[order] = np.arange(len(prefix)) - np.repeat(starts, sizes) + 1
    return serials


def _names(city: Codes, where: Prefectures, rng: np.random.Generator) -> np.ndarray:
    count = len(city)
    short = np.array([name.removesuffix("市") for name in where.name])[city]
    brand = np.char.add(
        np.array(list(BRANDS_1))[rng.integers(len(BRANDS_1), size=count)],
        np.array(list(BRANDS_2))[rng.integers(len(BRANDS_2), size=count)],
    )
    industry = np.array(INDUSTRIES)[rng.integers(len(INDUSTRIES), size=count)]
    trader = np.char.add(np.array(["进出口", "对外贸易", "工贸"])[rng.integers(3, size=count)], "有限公司")
    style = rng.random(count)
    plain = np.char.add(np.char.add(short, brand), np.char.add(industry, "有限公司"))
    bracketed = np.char.add(np.char.add(np.char.add(brand, industry), "（"), np.char.add(short, "）有限公司"))
    trading = np.char.add(np.char.add(short, brand), trader)
    return np.where(style < 0.12, trading, np.where(style < 0.22, bracketed, plain))


def destination_names() -> tuple[tuple[str, ...], tuple[int, ...], tuple[str, ...]]:
    """Return names, customs numbers and alpha-3 codes of the destinations."""
    rows = rows_of("destination_codes.csv")
    return tuple(r["name"] for r in rows), tuple(int(r["customs"]) for r in rows), tuple(r["alpha3"] for r in rows)


def with_faults(
    good: Shipments, trade: Trade, roles: frozenset[str], rng: np.random.Generator, without: tuple[str, ...] = ()
) -> tuple[Shipments, Codes]:
    """Return the rows with copies that have one thing wrong, and the kind of each row (0 good, then `FAULTS`).

    `roles` are the columns of the layout: a fault in a column that it lacks cannot happen. Every other kind
    happens at least once, except those left out.
    """
    rows, kinds = good, [np.zeros(len(good), dtype=np.int64)]
    for number, fault in enumerate(FAULTS, start=1):
        if fault.kind in without or NEEDS.get(fault.kind, "value") not in roles or not len(good):
            continue
        size = min(len(good), max(1, round(fault.rate * len(good))))
        copied = good.take(np.sort(rng.choice(len(good), size, replace=False)))
        rows = rows.joined(replace(copied, **_wrong(fault.kind, size, trade, rng)))
        kinds.append(np.full(size, number))
    return rows, np.concatenate(kinds)


def _wrong(kind: str, size: int, trade: Trade, rng: np.random.Generator) -> Mapping[str, Codes]:
    """Return the columns of a faulty copy."""

    def one_of(options: tuple[int, ...]) -> Codes:
        return np.array(options)[rng.integers(len(options), size=size)]

    if kind == "hs8_not_a_code":
        return {"code": trade.bad_code(rng.integers(len(NO_CODES), size=size))}
    if kind in _NAMED:
        return {"destination": one_of(tuple(trade.special(name) for name in _NAMED[kind]))}
    column, options = _SAYS[kind]
    return {column: one_of(options)}


def counted(rows: Shipments, kinds: Codes) -> dict[str, dict[str, int]]:
    """Return rows and US$ by kind."""
    names = ("good", *(fault.kind for fault in FAULTS))
    value = np.maximum(rows.value, 0)
    return {
        name: {"rows": int((kinds == k).sum()), "value_usd": int(value[kinds == k].sum())}
        for k, name in enumerate(names)
        if (kinds == k).any()
    }


def add_counts(total: dict[str, dict[str, int]], more: Mapping[str, Mapping[str, int]]) -> None:
    """Add counts by kind to a running total."""
    for kind, counts in more.items():
        mine = total.setdefault(kind, {"rows": 0, "value_usd": 0})
        for key, value in counts.items():
            mine[key] += value


def whole(values: Vector, least: int = 1) -> Codes:
    """Return whole numbers, not below the least."""
    result: Codes = np.maximum(np.rint(values), least).astype(np.int64)
    return result
