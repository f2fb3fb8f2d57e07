"""Names and places of cities, from the register whose file the exhibit was given."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citypanel.errors import InputError
from citypanel.exhibits.figures.common import place_of
from citypanel.exhibits.words import chosen, say
from citypanel.registers import Registers

_CODE = 6  # digits of a city code
# The first two digits of a city code (GB/T 2260).
PROVINCES: dict[str, tuple[str, str]] = {
    "11": ("Beijing", "北京"),
    "12": ("Tianjin", "天津"),
    "13": ("Hebei", "河北"),
    "14": ("Shanxi", "山西"),
    "15": ("Inner Mongolia", "内蒙古"),
    "21": ("Liaoning", "辽宁"),
    "22": ("Jilin", "吉林"),
    "23": ("Heilongjiang", "黑龙江"),
    "31": ("Shanghai", "上海"),
    "32": ("Jiangsu", "江苏"),
    "33": ("Zhejiang", "浙江"),
    "34": ("Anhui", "安徽"),
    "35": ("Fujian", "福建"),
    "36": ("Jiangxi", "江西"),
    "37": ("Shandong", "山东"),
    "41": ("Henan", "河南"),
    "42": ("Hubei", "湖北"),
    "43": ("Hunan", "湖南"),
    "44": ("Guangdong", "广东"),
    "45": ("Guangxi", "广西"),
    "46": ("Hainan", "海南"),
    "50": ("Chongqing", "重庆"),
    "51": ("Sichuan", "四川"),
    "52": ("Guizhou", "贵州"),
    "53": ("Yunnan", "云南"),
    "54": ("Tibet", "西藏"),
    "61": ("Shaanxi", "陕西"),
    "62": ("Gansu", "甘肃"),
    "63": ("Qinghai", "青海"),
    "64": ("Ningxia", "宁夏"),
    "65": ("Xinjiang", "新疆"),
}


@dataclass(frozen=True)
class City:
    """A city's name in one language, and its coordinates in degrees."""

    name: str
    lon: float
    lat: float


def files_of(exhibit: Mapping[str, Any], kind: str) -> list[Path]:
    """Return the files of a kind that the exhibit was given; raise `InputError` if there is none."""
    paths = [Path(path) for path in (exhibit.get("files") or {}).get(kind) or []]
    if not paths:
        raise InputError(f"{place_of(exhibit)}: no file of {kind} was given")
    return paths


def known_cities(exhibit: Mapping[str, Any], language: str) -> dict[str, City]:
    """Return the cities of the study's last year by code."""
    folder = files_of(exhibit, "cities")[0].parent
    years = exhibit.get("years") or ()
    rows = Registers(folder).cities(max(int(year) for year in years) if years else None)
    name = "name_en" if language == "en" else "short_zh"
    columns = [rows[key].tolist() for key in ("adcode", name, "lon", "lat")]
    listed = [(str(code), str(text), lon, lat) for code, text, lon, lat in zip(*columns, strict=True)]
    often = Counter(text for _, text, _, _ in listed)
    return {
        code: City(_told_apart(text, code, language) if often[text] > 1 else text, lon, lat)
        for code, text, lon, lat in listed
    }


def _told_apart(name: str, code: str, language: str) -> str:
    """Return a name that two cities share with the province behind it: Suzhou is in Jiangsu and in Anhui."""
    province = province_name(code, language)
    return f"{name}{say('open', language)}{province}{say('close', language)}" if province else name


def province_name(code: str, language: str) -> str:
    """Return the province of a city code, or nothing for a code of none."""
    found = PROVINCES.get(code[:2]) if len(code) == _CODE else None
    return chosen(found, language) if found else ""


def city_names(exhibit: Mapping[str, Any], language: str) -> dict[str, str]:
    """Return the names of the cities by code, none if the exhibit was given no register."""
    if not (exhibit.get("files") or {}).get("cities"):
        return {}
    return {code: city.name for code, city in known_cities(exhibit, language).items()}
