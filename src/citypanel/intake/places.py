"""Places: a city's name, an administrative code or a customs area to a prefecture's code.

Ambiguity is refused, never guessed: a name that fits two prefectures has no answer.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

from citypanel.registers import Registers, fold

SUFFIXES = ("市", "地区", "盟", "自治州")
MUNICIPALITIES = (110000, 120000, 310000, 500000)
PROVINCE_SUFFIXES = ("壮族自治区", "回族自治区", "维吾尔自治区", "自治区", "省", "市")
CHINA = "CHN"
OPEN = 9999  # the last year of what has not ended
# What became of the prefecture of a place by the year that is asked for.
STANDS, ENDS_LATER, MERGED, DIVIDED = range(4)


@dataclass(frozen=True)
class Located:
    """Where a customs place lies at a date: the prefecture (None if there is none) and what became of it."""

    code: int | None
    fate: int = STANDS


@dataclass(frozen=True)
class _Tenure:
    """A prefecture that holds a customs area up to a year, after the one before it."""

    last: int
    code: int | None


class Gazetteer:
    """Looks places up in the registers of cities, their history and customs areas."""

    def __init__(self, registers: Registers | None = None) -> None:
        self.registers = registers or Registers()

    @cached_property
    def names(self) -> dict[str, frozenset[int]]:
        """Every spelling of a prefecture (folded): full, short and former names, pinyin, English."""
        found: dict[str, set[int]] = {}

        def add(name: str, code: int) -> None:
            if name:
                found.setdefault(fold(name), set()).add(int(code))

        for city in self.registers.cities().itertuples():
            for name in (city.name_zh, city.short_zh, city.pinyin, city.name_en):
                add(str(name), int(str(city.adcode)))
        for past in self.registers.city_history().itertuples():
            name = str(past.name_old)
            for spelling in (name, *_short(name)):
                # A name that is still a city's own (巢湖市 before its division) keeps its own code.
                if fold(spelling) not in found:
                    add(spelling, int(str(past.adcode)))
        return {name: frozenset(codes) for name, codes in found.items()}

    @cached_property
    def codes(self) -> dict[int, int]:
        """Every prefecture code that is or was, to the code of `cities.csv`."""
        own = {int(code): int(code) for code in self.registers.cities()["adcode"]}
        history = self.registers.city_history()
        recoded = history[history["kind"] == "recoded"]
        return {**dict(zip(recoded["adcode_old"], recoded["adcode"], strict=True)), **own}

    @cached_property
    def areas(self) -> dict[str, tuple[_Tenure, ...]]:
        """Customs areas (4 digits, or the 2 of a municipality) to their prefectures, in the order of time."""
        found: dict[str, list[_Tenure]] = {}
        for row in self.registers.customs_areas().itertuples():
            tenure = _Tenure(_number(row.valid_to) or OPEN, _number(row.adcode))
            found.setdefault(str(row.area), []).append(tenure)
        return {area: tuple(sorted(rows, key=lambda row: row.last)) for area, rows in found.items()}

    @cached_property
    def area_names(self) -> dict[str, int | None]:
        """Names of customs areas that are no prefecture (昆山, 义乌): folded name to prefecture."""
        rows = self.registers.customs_areas()
        pairs = zip(rows["place"], rows["area"], strict=True)
        return {fold(place): self.areas[str(area)][-1].code for place, area in pairs}

    @cached_property
    def provinces(self) -> dict[str, int]:
        """Provinces by name (江苏省, 江苏) and by the two or six digits of their code."""
        found: dict[str, int] = {}
        for name, code in self.registers.cities()[["province", "province_adcode"]].drop_duplicates().to_numpy():
            short = next((name.removesuffix(end) for end in PROVINCE_SUFFIXES if name.endswith(end)), name)
            found |= dict.fromkeys((fold(name), fold(short), str(code), str(code)[:2]), int(code))
        return found

    @cached_property
    def regions(self) -> dict[tuple[str, str], int]:
        """Regions of other countries: country and abbreviation or name, to their code in registers/regions.csv."""
        found: dict[tuple[str, str], int] = {}
        for row in self.registers.regions().itertuples():
            for name in (row.abbreviation, row.name):
                found[str(row.country), fold(name)] = int(str(row.code))
        return found

    def region(self, text: str, country: str = CHINA) -> int | None:
        """Return the code of a province (of China) or region (of another country), None if it is unknown."""
        plain = re.sub(r"\.0+$", "", fold(text))
        return self.provinces.get(plain) if country == CHINA else self.regions.get((country, plain))

    def city(self, name: str) -> int | None:
        """Return the prefecture a name stands for, None if there is none or more than one."""
        codes = self.candidates(name)
        return next(iter(codes)) if len(codes) == 1 else None

    def candidates(self, name: str) -> frozenset[int]:
        """Return every prefecture a name may stand for."""
        return self.names.get(fold(name), frozenset())

    def code(self, text: str) -> int | None:
        """Return the prefecture of an administrative code (as 320500, 320500.0 or 3205), None if unknown."""
        digits = re.sub(r"\.0+$", "", unicodedata.normalize("NFKC", text).strip())
        if not digits.isdigit():
            return None
        number = int(digits) * 100 if len(digits) == 4 else int(digits)
        return self.codes.get(number)

    def at(self, code: int, year: int) -> int:
        """Return the prefecture that holds a prefecture's seat in a year: 莱芜 is in 济南 from 2019 on."""
        last = self.ends.get(code)
        return code if last is None or year <= last[0] else last[1]

    @cached_property
    def ends(self) -> dict[int, tuple[int, int]]:
        """Abolished prefectures: last whole year, and the successor of the seat."""
        cities = self.registers.cities()
        ended = cities[cities["valid_to"].notna()]
        last = dict(zip(ended["adcode"].astype(int), ended["valid_to"].astype(int), strict=True))
        history = self.registers.city_history()
        merged = history[history["kind"].isin(["merged", "split"])]
        follow = dict(zip(merged["adcode_old"].astype(int), merged["adcode"].astype(int), strict=True))
        return {code: (year, follow[code]) for code, year in last.items() if code in follow}

    @cached_property
    def divided(self) -> frozenset[int]:
        """Abolished prefectures whose area went to several successors."""
        history = self.registers.city_history()
        return frozenset(int(code) for code in history.loc[history["kind"] == "split", "adcode_old"])

    def customs(self, text: str, year: int) -> Located | None:
        """Return where a customs place lies in a year, None if the registers do not know it.

        Parameters
        ----------
        text : str
            The digits of a place or of a firm's code, or the name of a place.
        year : int
            The area of an abolished prefecture lies in its successor afterwards. After a division it has no
            prefecture: the four digits do not tell which of the successors it is.
        """
        digits = re.sub(r"\.0+$", "", unicodedata.normalize("NFKC", text).strip())
        if not digits:
            return None
        if digits.isdigit():
            tenures = self.areas.get(digits[:4]) or (self.areas.get(digits[:2]) if len(digits) >= 4 else None)
            if not tenures:
                return None
            code = next((row.code for row in tenures if year <= row.last), tenures[-1].code)
        else:
            named = self.area_names.get(fold(digits))
            code = named if named is not None else self.city(digits)
        return None if code is None else self._as_of(code, year)

    def _as_of(self, code: int, year: int) -> Located:
        if code not in self.ends:
            return Located(code)
        last, successor = self.ends[code]
        if year <= last:
            return Located(code, ENDS_LATER)
        return Located(None, DIVIDED) if code in self.divided else Located(successor, MERGED)


def _number(value: object) -> int | None:
    text = str(value)
    return int(float(text)) if re.fullmatch(r"\d+(\.0)?", text) else None


def _short(name: str) -> tuple[str, ...]:
    return tuple(name.removesuffix(suffix) for suffix in SUFFIXES if name.endswith(suffix) and len(name) > 2)
