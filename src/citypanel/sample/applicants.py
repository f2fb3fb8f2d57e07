"""Organisations that apply for patents: pools by city, with the name traps of real files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from citypanel.sample.prefectures import Prefectures
from citypanel.sample.tables import rows_of, target_panel

T = TypeVar("T")
# First digits of postcodes by the first two digits of the administrative code.
POSTCODES = {
    11: "10", 12: "30", 13: "05", 14: "03", 15: "01", 21: "11", 22: "13", 23: "15", 31: "20", 32: "21", 33: "31",
    34: "23", 35: "35", 36: "33", 37: "25", 41: "45", 42: "43", 43: "41", 44: "51", 45: "53", 46: "57", 50: "40",
    51: "61", 52: "55", 53: "65", 54: "85", 61: "71", 62: "73", 63: "81", 64: "75", 65: "83",
}  # fmt: skip
# Characters that do not combine to the name of a county or city.
BRAND_FIRST = "恒瑞博锐凯科鼎弘毅卓智铭普诺赛"
BRAND_SECOND = "特尔迪思芯微拓宇纳维创腾菲洛"
INDUSTRIES = (
    "电子科技", "精密机械", "新材料", "生物医药", "汽车零部件", "光电",
    "环保设备", "自动化", "化工", "纺织科技", "软件", "电力设备",
)  # fmt: skip
ROADS = ("人民路", "科技大道", "创业路", "建设路", "工业园区星湖街", "经济开发区长江路")
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红"
# Seats of branches stand in Suzhou, though their names begin with another city.
BRANCHES = ("上海交通大学苏州研究院", "南京工程大学（苏州）技术转移中心")


AMBIGUOUS = (341000,)  # 黄山 is a city and a district: its name in a firm's name does not tell the place


class Draws:
    """Uniform draws one at a time from a numpy generator, buffered: a sample takes millions of them."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._buffer: list[float] = []

    def uniform(self) -> float:
        """Return a number in [0, 1)."""
        if not self._buffer:
            self._buffer = self._rng.random(65_536).tolist()
        return self._buffer.pop()

    def below(self, count: int) -> int:
        """Return a whole number from 0 to count - 1."""
        return int(self.uniform() * count)

    def one_of(self, options: Sequence[T]) -> T:
        """Return one of the options."""
        return options[self.below(len(options))]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return the items in random order."""
        return sorted(items, key=self._key())

    def _key(self) -> Callable[[T], float]:
        return lambda _: self.uniform()


@dataclass(frozen=True)
class Applicant:
    """One applicant; a person or a foreign firm has no `adcode`; `named` tells if the name holds the city."""

    name: str
    kind: str
    adcode: int | None
    address: str
    city: str
    named: bool


def city_pools(draws: Draws) -> dict[int, list[Applicant]]:
    """Return the organisations of each of the 41 cities, more where more is invented; names are unique."""
    panel = target_panel()
    provinces = {int(row["adcode"]): row["province"] for row in rows_of("places.csv")}
    counties = {int(row["adcode"]): row["place"] for row in rows_of("places.csv") if row["place"].endswith("山")}
    taken: set[str] = set()
    pools: dict[int, list[Applicant]] = {}
    for code in panel.adcodes:
        mine = panel.adcode == code
        city = panel.city[int(np.flatnonzero(mine)[0])]
        size = 5 + int(2.2 * np.sqrt(panel.columns["n_patents"][mine].sum()))
        pool: list[Applicant] = []
        for name, kind, named in _names(city, code, size, taken, draws):
            address = _address(provinces[code], city, counties.get(code, ""), draws)
            pool.append(Applicant(name, kind, code, address, city, named and code not in AMBIGUOUS))
        pools[code] = pool
    return pools


def pools_of(where: Prefectures, sizes: Sequence[int], draws: Draws) -> dict[int, list[Applicant]]:
    """Return organisations of any prefectures; names are unique."""
    taken: set[str] = set()
    pools: dict[int, list[Applicant]] = {}
    for i, code in enumerate(where.adcode.tolist()):
        city, province = where.name[i], where.province[i]
        post = POSTCODES[code // 10_000].ljust(6, "0")
        pool: list[Applicant] = []
        for name, kind, named in _names(city, 0, sizes[i], taken, draws):
            seat = f"{draws.one_of(ROADS)}{1 + draws.below(999)}号"
            place = "" if province == city else city
            tells = named and not where.ambiguous[i]
            pool.append(Applicant(name, kind, code, f"{post} {province}{place}{seat}", city, tells))
        pools[code] = pool
    return pools


def _names(city: str, code: int, size: int, taken: set[str], draws: Draws) -> list[tuple[str, str, bool]]:
    found: list[tuple[str, str, bool]] = []
    if code == 320500:
        found += [(name, "科研单位", False) for name in BRANCHES]
    while len(found) < size:
        name, kind, named = _name(city.removesuffix("市"), draws)
        if name not in taken:
            taken.add(name)
            found.append((name, kind, named))
    return found


def _name(short: str, draws: Draws) -> tuple[str, str, bool]:
    brand = draws.one_of(BRAND_FIRST) + draws.one_of(BRAND_SECOND)
    industry = draws.one_of(INDUSTRIES)
    style = draws.uniform()
    if style < 0.08:
        return f"{short}{industry}学院", "大专院校", True
    if style < 0.16:
        return f"{short}{brand}{industry}研究所", "科研单位", True
    if style < 0.30:
        return f"{brand}{industry}（{short}）有限公司", "企业", True
    if style < 0.45:
        return f"{brand}{industry}{draws.one_of(('股份', '集团'))}有限公司", "企业", False
    return f"{short}{brand}{industry}有限公司", "企业", True


def _address(province: str, city: str, county: str, draws: Draws) -> str:
    post = {"上海市": "200", "江苏省": "21", "浙江省": "31", "安徽省": "23"}[province].ljust(6, "0")
    place = "" if province == city else city
    if county and draws.uniform() < 0.25:
        place = f"{city}{county}市"
    return f"{post} {province}{place}{draws.one_of(ROADS)}{1 + draws.below(999)}号"


def partners_elsewhere() -> list[Applicant]:
    """Return organisations outside the 41 cities, among them the names that place parsers get wrong."""
    return [
        Applicant(r["name"], r["kind"], int(r["adcode"]), r["address"], _city_in(r["address"]), named=False)
        for r in rows_of("partners_elsewhere.csv")
    ]


def _city_in(address: str) -> str:
    text = address.split(" ", 1)[1]
    head = text.split("市", 1)[0]
    return head.rsplit("省", 1)[-1] + "市"


def person(draws: Draws) -> Applicant:
    """Return a natural person: a name of two or three characters."""
    given = "".join(draws.one_of(GIVEN) for _ in range(1 + draws.below(2)))
    return Applicant(draws.one_of(SURNAMES) + given, "个人", None, "", "", named=False)


FOREIGN = (
    Applicant("维斯塔精密株式会社", "企业", None, "日本东京都港区", "", named=False),
    Applicant("NORDWIND AUTOMATION GMBH", "企业", None, "德国慕尼黑", "", named=False),
)
