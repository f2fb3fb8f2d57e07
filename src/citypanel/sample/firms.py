"""Exporting firms of the simulated customs files: ten-digit codes, names, and where they register."""

from dataclasses import dataclass

import numpy as np

from citypanel.arrays import Codes
from citypanel.sample.tables import rows_of

BRANDS_1 = "华恒瑞东新金宏永泰康鼎盛天海明伟博锦润嘉荣兴凯科"
BRANDS_2 = "达源丰茂通利来宇晟辉诚和隆远德信驰昌升邦力特翔美"
INDUSTRIES = (
    "电子",
    "机械",
    "纺织",
    "服饰",
    "五金",
    "化工",
    "塑胶",
    "光电",
    "医药",
    "家具",
    "玩具",
    "食品",
    "汽配",
)
OWNERSHIPS = {
    1: "国有企业", 2: "中外合作企业", 3: "中外合资企业", 4: "外商独资企业", 5: "集体企业", 6: "私营企业",
}  # fmt: skip
OWNERSHIP_SHARES = (0.05, 0.03, 0.14, 0.28, 0.03, 0.47)
REGISTERED_ELSEWHERE = 0.08
INTERMEDIARIES = 0.12


@dataclass(frozen=True)
class Firms:
    """Pools of firms by producing city: firm f of city i stands at start[i] + f.

    `area` is the customs area of the place of production, not always that of registration.
    """

    start: Codes
    count: Codes
    code: Codes
    name: tuple[str, ...]
    ownership: Codes
    area: Codes


@dataclass(frozen=True)
class Area:
    """A customs area of a city: its four-digit code is not always the city's administrative code."""

    adcode: int
    city: str
    code: int
    place: str
    weight: float


def areas() -> list[Area]:
    """Return the customs areas of the 41 cities, in order of city."""
    return [
        Area(int(r["adcode"]), r["city"], int(r["customs_area"]), r["place"], float(r["weight"]))
        for r in rows_of("places.csv")
    ]


def draw_firms(counts: Codes, seed: int) -> Firms:
    """Draw `counts[i]` firms for each city, in order of adcode."""
    rng = np.random.default_rng([seed, 13])
    every = areas()
    cities = sorted({area.adcode for area in every})
    serial: dict[int, int] = {}
    code, name, ownership, produced = [], [], [], []
    for city, count in zip(cities, counts, strict=True):
        mine = [area for area in every if area.adcode == city]
        weights = np.array([area.weight for area in mine])
        for pick in rng.choice(len(mine), int(count), p=weights / weights.sum()):
            home = mine[int(pick)]
            seat = every[int(rng.integers(len(every)))] if rng.random() < REGISTERED_ELSEWHERE else home
            owner = int(rng.choice(list(OWNERSHIPS), p=OWNERSHIP_SHARES))
            prefix = (seat.code * 10 + int(rng.choice([9, 2, 3, 5], p=[0.7, 0.15, 0.1, 0.05]))) * 10 + owner
            serial[prefix] = serial.get(prefix, 0) + 1
            code.append(prefix * 10_000 + serial[prefix])
            name.append(_name(seat, rng))
            ownership.append(owner)
            produced.append(home.code)
    start = np.concatenate([[0], np.cumsum(counts)[:-1]])
    return Firms(start, counts, np.array(code), tuple(name), np.array(ownership), np.array(produced))


def _name(seat: Area, rng: np.random.Generator) -> str:
    place = seat.place or seat.city.removesuffix("市")
    brand = "".join((rng.choice(list(BRANDS_1)), rng.choice(list(BRANDS_2))))
    industry = INDUSTRIES[int(rng.integers(len(INDUSTRIES)))]
    style = rng.random()
    if style < INTERMEDIARIES:
        return f"{place}{brand}{('进出口', '对外贸易', '工贸')[int(rng.integers(3))]}有限公司"
    if style < INTERMEDIARIES + 0.05 and seat.adcode == 310000:
        return f"上海自由贸易试验区{brand}{industry}制造有限公司"
    if style < INTERMEDIARIES + 0.10:
        return f"{brand}{industry}（{place}）有限公司"
    return f"{place}{brand}{industry}有限公司"
