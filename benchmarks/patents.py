"""Patents from a raw GB18030 export to city-year cooperation, as their number grows.

The files are generated: organisations apply with Zipf frequencies, most patents alone, some with persons, a fifth of
the inventions stand twice (application and grant). Each stage runs in a process of its own, as in the workflow.
"""

import math
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from measuring import Measurement, Size, used

SIZES = (500_000, 2_000_000)
MEGA = 1e6
HERE = Path(__file__).parent
CITIES = (
    "苏州市", "无锡市", "南京市", "杭州市", "宁波市", "合肥市", "上海市", "北京市", "深圳市", "广州市",
    "武汉市", "成都市",
)  # fmt: skip
TRADES = ("电子科技", "精密机械", "新材料", "化工", "生物医药", "汽车零部件", "智能装备", "环保", "纺织", "光电")
SYLLABLES = "恒微瑞思华信中远东方金星天宏博亚泰和盛达康德利源鑫辉创联科技"
SURNAMES, GIVEN = "王李张刘陈杨黄赵吴周徐孙", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平"
HEADER = (
    "标题,公开(公告)号,公开(公告)日,申请号,申请日,专利类型,公开国别,IPC主分类,申请人,标准化申请人,第一申请人,"
    "申请人数量,申请人类型,申请人地址,中国申请人地市"
)
KINDS = (("发明申请", "A", 1), ("实用新型", "U", 2), ("外观设计", "S", 3))
BLOCK = 50_000
STAGES = {
    "intake": "from citypanel.intake.patents import intake_patents; intake_patents([raw], table)",
    "indicators": (
        "from citypanel.declare.indicators import CooperationOptions; "
        "from citypanel.indicators.cooperation import city_cooperation; "
        "city_cooperation(table, CooperationOptions()).to_parquet(f'{table}.cities')"
    ),
}
OPENING = "import sys; from pathlib import Path; raw, table = map(Path, sys.argv[1:]); "


@dataclass(frozen=True)
class Pool:
    """Organisations: names, and the city and address of each."""

    names: list[str]
    cities: list[str]
    addresses: list[str]


def organisations(count: int, rng: np.random.Generator) -> Pool:
    """Return organisations; two names in five hold their city, one in seven a bracketed one."""
    pool = Pool([], [], [])
    for number, (city, trade, form) in enumerate(rng.integers(0, [len(CITIES), len(TRADES), 35], size=(count, 3))):
        place, word, rest = CITIES[city], "", number
        for _ in range(4):
            rest, syllable = divmod(rest, len(SYLLABLES))
            word += SYLLABLES[syllable]
        begin = place[:-1] if form < 14 else ""
        end = f"（{place[:-1]}）" if form >= 30 else ""
        pool.names.append(f"{begin}{word}{TRADES[trade]}{end}有限公司")
        pool.cities.append(place)
        pool.addresses.append(f"{210000 + number % 9999} {place}{word}路{number % 900 + 1}号")
    return pool


def write_export(path: Path, patents: int, seed: int = 1) -> int:
    """Write an incoPat export with 1.5 applicants a patent; return its rows."""
    rng = np.random.default_rng(seed)
    pool = organisations(max(patents // 4, 1000), rng)
    rows = 0
    with path.open("w", encoding="gb18030", newline="") as sink:
        sink.write(HEADER + "\r\n")
        for first in range(0, patents, BLOCK):
            lines = list(_lines(first, min(BLOCK, patents - first), pool, rng))
            rows += len(lines)
            sink.write("".join(lines))
    return rows


def _lines(first: int, count: int, pool: Pool, rng: np.random.Generator) -> Iterator[str]:
    """Yield the rows of a block of patents, a grant right behind its application."""
    last = len(pool.names) - 1
    team = np.minimum(rng.zipf(1.25, size=(count, 4)) - 1 + rng.integers(0, 50, size=(count, 4)), last)
    size = rng.choice([1, 2, 3, 4], p=[0.62, 0.28, 0.08, 0.02], size=count)
    day = rng.integers(0, [11, 12, 28], size=(count, 3))
    luck = rng.random((count, 4))
    for at in range(count):
        members = list(dict.fromkeys(team[at, : size[at]].tolist()))
        texts, types = [pool.names[m] for m in members], ["企业"] * len(members)
        if luck[at, 0] < 0.06:
            texts.append(SURNAMES[at % 12] + GIVEN[at % 20] + GIVEN[at % 7])
            types.append("个人")
        kind, letter, digit = KINDS[0 if luck[at, 1] < 0.5 else 1 if luck[at, 1] < 0.9 else 2]
        year, rest, serial = 2010 + day[at, 0], f"{1 + day[at, 1]:02d}{1 + day[at, 2]:02d}", first + at
        cells = [
            f"一种{TRADES[serial % 10]}装置及方法{serial}", f"CN{digit}{serial:08d}{letter}", f"{year + 1}{rest}",
            f"CN{year}{digit}{serial:07d}.{serial % 10}", f"{year}{rest}", kind, "中国", f"H01L{serial % 50}/00",
            "; ".join(texts), "; ".join(f"[{t}]" for t in texts) if luck[at, 2] < 0.3 else "", texts[0],
            str(len(texts)), "; ".join(types), pool.addresses[members[0]],
            pool.cities[members[0]] if luck[at, 3] < 0.9 else "",
        ]  # fmt: skip
        yield ",".join(cells) + "\r\n"
        if digit == 1 and luck[at, 1] < 0.1:
            cells[1], cells[5] = f"CN{digit}{serial:08d}B", "发明授权"
            yield ",".join(cells) + "\r\n"


def sizes_of(patents: int) -> list[Size]:
    """Return what each stage took for so many patents."""
    with tempfile.TemporaryDirectory(prefix="citypanel_benchmark_") as room:
        raw, table = Path(room) / "incopat.csv", Path(room) / "patents.parquet"
        used(
            [sys.executable, "-c", OPENING + f"import patents; patents.write_export(raw, {patents})", raw, table],
            cwd=HERE,
        )
        raw_mb = raw.stat().st_size / MEGA
        took = {name: used([sys.executable, "-c", OPENING + code, raw, table]) for name, code in STAGES.items()}
        return [Size("patents", name, patents, one.cpu, one.peak_mb, raw_mb) for name, one in took.items()]


def measure() -> Iterator[Measurement | Size]:
    """Give every line of this group."""
    cpu: dict[int, float] = {}
    for patents in SIZES:
        found = sizes_of(patents)
        yield from found
        cpu[patents] = sum(one.cpu_seconds for one in found)
        title, large = f"{patents / MEGA:g} million patents", patents == SIZES[-1]
        each = ", ".join(f"{one.stage} {one.cpu_seconds:.1f}" for one in found)
        yield Measurement(
            f"{title}, raw export to indicators", cpu[patents], "CPU-s", 120.0 if large else None, note=each
        )
        peak = max(one.peak_mb for one in found)
        yield Measurement(f"{title}, largest stage", peak, "MB", 2000.0 if large else None)
    few, many = SIZES
    growth = math.log(cpu[many] / cpu[few]) / math.log(many / few)
    yield Measurement("growth of time", growth, "exponent", 1.1, note="the goal says linear; 1.1 leaves room for noise")
