"""Places: a city's name, an administrative code or a customs area to a prefecture's code.

Ambiguity is refused, never guessed: a name that fits two prefectures has no answer.
"""

import re
import unicodedata
from functools import cached_property

from citypanel.registers import Registers, fold

SUFFIXES = ("市", "地区", "盟", "自治州")
MUNICIPALITIES = (110000, 120000, 310000, 500000)


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
    def areas(self) -> dict[str, int | None]:
        """Customs areas (4 digits, or the 2 of a municipality) to prefectures; None where there is none."""
        rows = self.registers.customs_areas()
        codes = rows["adcode"].astype(object).where(rows["adcode"].notna(), None)
        return {str(area): None if code is None else int(code) for area, code in zip(rows["area"], codes, strict=True)}

    @cached_property
    def area_names(self) -> dict[str, int | None]:
        """Names of customs areas that are no prefecture (昆山, 义乌): folded name to prefecture."""
        rows = self.registers.customs_areas()
        return {fold(place): self.areas[str(area)] for place, area in zip(rows["place"], rows["area"], strict=True)}

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

    def customs(self, text: str) -> int | None:
        """Return the prefecture of a customs place: the digits of a place or firm code, or a place name."""
        plain = unicodedata.normalize("NFKC", text).strip()
        digits = re.sub(r"\.0+$", "", plain)
        if not digits:
            return None
        if digits.isdigit():
            return self.areas.get(digits[:4], self.areas.get(digits[:2]) if len(digits) >= 4 else None)
        named = self.area_names.get(fold(plain))
        return named if named is not None else self.city(plain)


def _short(name: str) -> tuple[str, ...]:
    return tuple(name.removesuffix(suffix) for suffix in SUFFIXES if name.endswith(suffix) and len(name) > 2)
