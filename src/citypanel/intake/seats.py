"""Where an organisation sits: from an address, from the place in its name, from the register of organisations.

What is ambiguous has no answer. The order inside a name: the place in brackets, a full place name (苏州市), the
place of a branch (苏州研究院), the place the name begins with. Names of known universities are taken out first, so
that 上海交通大学苏州研究院 is in Suzhou; provinces too, so that 陕西安康 does not hold 西安. A county or district
counts in an address, or where a name begins with it in full, if it stands for one prefecture: 海淀区, not 朝阳区.
"""

import re
from functools import cached_property, lru_cache

from citypanel.intake.names import clean_name
from citypanel.intake.patents_words import Words
from citypanel.intake.places import Gazetteer

# Words that are a place only with 市 behind them: they also name a province or districts of many cities.
AMBIGUOUS = ("吉林", "海南", "朝阳", "南海", "东方")
# Words that are a place in brackets but may be a brand or a plain word at the start of a name.
PLAIN_WORDS = ("德州", "白银", "来宾", "安康")
# The part of a name that told the place.
BRACKET, FULL, BRANCH, START = "bracket", "full", "branch", "start"

_NOT_A_PLACE_BEFORE = ("大理石", "中山装", "长安街", "延安路", "南京路", "北京路", "上海路")
_HEADS = re.compile(
    "^(中国科学院|中国农业科学院|中国医学科学院|中国林业科学研究院|国家电网|国网|中国石油|中国石化|中国电信|中国移动|中国联通|中国)"
)
_BRANCHES = (
    "分公司", "供电公司", "供电局", "分院", "研究院", "研究所", "分校", "校区", "研究中心", "技术转移中心",
)  # fmt: skip
_BRANCH = re.compile("[\u3400-\u9fff]{0,8}?(?:" + "|".join(_BRANCHES) + ")")
_BRACKETS = re.compile(r"\(([^()]*)\)")
_POSTCODE = re.compile(r"^\s*\d{6}\s*")
_COUNTY_ENDS = ("市", "县", "区", "旗")
_LONGEST = 12  # characters of a place name
_REMEMBERED = 100_000  # texts whose answer is kept


class Seats:
    """Finds prefectures in addresses and in names; recent answers are remembered by their text."""

    def __init__(self, places: Gazetteer) -> None:
        self.places = places
        rows = places.registers.organisations()
        self.register = {clean_name(n): int(c) for n, c in zip(rows["name"], rows["adcode"], strict=True)}
        self.in_name = lru_cache(_REMEMBERED)(self._find_in_name)
        self.from_address = lru_cache(_REMEMBERED)(self._find_in_address)

    def from_name(self, name: str) -> int | None:
        """Return the prefecture inside an organisation's name."""
        return self.in_name(name)[0]

    @cached_property
    def _full(self) -> dict[str, int]:
        """Full names (苏州市, 延边朝鲜族自治州), past ones too, and county-level customs areas with 市."""
        found = {name: code for name, code in self._spellings() if name.endswith(("市", "自治州", "盟", "地区"))}
        counties = {f"{name}市": code for name, code in self._counties().items()}
        return {**counties, **found}

    @cached_property
    def _short(self) -> dict[str, int]:
        """Short names that are unambiguous Chinese places (苏州, 昆山)."""
        found = {name: code for name, code in self._spellings() if name not in self._full}
        merged = {**self._counties(), **found}
        return {name: code for name, code in merged.items() if name not in AMBIGUOUS and len(name) >= 2}

    @cached_property
    def _full_words(self) -> Words:
        return Words(self._full)

    @cached_property
    def _short_words(self) -> Words:
        return Words(self._short)

    @cached_property
    def _organisation_words(self) -> Words:
        return Words(self.register)

    @cached_property
    def _districts(self) -> dict[str, frozenset[int]]:
        """Counties and districts in full, and those that have no prefecture as 0: every prefecture of the name."""
        found: dict[str, set[int]] = {}
        rows = self.places.registers.counties()
        for name, code in zip(rows["name"], rows["prefecture"].fillna(0), strict=True):
            found.setdefault(str(name), set()).add(int(code))
        return {name: frozenset(codes) for name, codes in found.items() if name not in self._full and len(name) >= 2}

    @cached_property
    def _district_stems(self) -> dict[str, frozenset[int]]:
        """Counties and districts without their last character, which changes when a county becomes a city."""
        found: dict[str, frozenset[int]] = {}
        for name, codes in self._districts.items():
            if len(name) > 2:
                found[name[:-1]] = found.get(name[:-1], frozenset()) | codes
        return found

    @cached_property
    def _province_codes(self) -> dict[str, int]:
        """Provinces as written, in full and short, to the first two digits of their codes."""
        rows = self.places.registers.cities()
        pairs = {str(n): int(c) // 10_000 for n, c in zip(rows["province"], rows["province_adcode"], strict=True)}
        end = "(省|市|壮族自治区|回族自治区|维吾尔自治区|自治区)$"
        return {**{re.sub(end, "", name): code for name, code in pairs.items()}, **pairs}

    @cached_property
    def _provinces(self) -> "re.Pattern[str]":
        cities = {"北京", "天津", "上海", "重庆", *(f"{name}市" for name in ("北京", "天津", "上海", "重庆"))}
        words = sorted(set(self._province_codes) - cities, key=lambda word: (-len(word), word))
        return re.compile("^(" + "|".join(words) + ")(?:省|自治区)?(?!市)")

    def _spellings(self) -> list[tuple[str, int]]:
        """Every Chinese spelling that stands for exactly one prefecture."""
        pairs = [(name, next(iter(codes))) for name, codes in self.places.names.items() if len(codes) == 1]
        return [(name, code) for name, code in pairs if re.fullmatch("[\u3400-\u9fff]+", name)]

    def _counties(self) -> dict[str, int]:
        names = self.places.area_names
        return {n: c for n, c in names.items() if c is not None and n not in self.places.names and len(n) == 2}

    def _find_in_address(self, text: str) -> int | None:
        """Return the prefecture of an address, a postcode in front allowed, or of a cell such as 江苏省苏州市."""
        plain = _POSTCODE.sub("", clean_name(text)).replace(" ", "")
        if not plain:
            return None
        if len(plain) <= _LONGEST:
            whole = self.places.candidates(plain)
            if len(whole) == 1:
                return next(iter(whole))
        found = self._provinces.match(plain)
        rest = plain[found.end() :] if found else plain
        for names in (self._full, self._short):
            code = self._leading(rest, names)
            if code is not None:
                return code
        return self._district(rest, self._province_codes[found[1]] if found else None)

    def _district(self, rest: str, province: int | None) -> int | None:
        """Return the one prefecture of the county or district a text begins with; inside its province, if known."""
        for names in (self._districts, self._district_stems):
            if names is self._district_stems and province is None:
                return None
            for length in range(min(_LONGEST, len(rest)), 1, -1):
                codes = names.get(rest[:length])
                if codes:
                    inside = [code for code in codes if province is None or code // 10_000 in (0, province)]
                    return inside[0] or None if len(inside) == 1 else None
        return None

    def _find_in_name(self, name: str) -> tuple[int | None, str]:
        """Return the prefecture inside an organisation's name, and the part of the name that told it."""
        plain = name
        if "(" in name:
            for inside in _BRACKETS.findall(name):
                found = self._bracketed(inside)
                if found is not None:
                    return found, BRACKET
            plain = _BRACKETS.sub("", name)
        known = self._organisation_words.longest(plain)
        if known:
            plain = plain.replace(known, "")
        plain = self._provinces.sub("", _HEADS.sub("", plain))
        for part, find in ((FULL, self._named_in_full), (BRANCH, self._branch), (START, self._start)):
            found = find(plain)
            if found is not None:
                return found, part
        return None, ""

    def _bracketed(self, inside: str) -> int | None:
        rest = self._provinces.sub("", inside)
        for names in (self._full, self._short):
            if rest in names:
                return names[rest]
        found = self._leading(rest, self._full)
        return found if found is not None else self._one_district(rest)

    def _named_in_full(self, plain: str) -> int | None:
        found = {name for _, name in self._full_words.spots(plain)}
        if not found:
            return self._one_district(plain)
        codes = {self._full[name] for name in found if not any(name in longer for longer in found if longer != name)}
        return next(iter(codes)) if len(codes) == 1 else None

    def _one_district(self, plain: str) -> int | None:
        """Return the prefecture of a county or district in full that a name begins with, if it is one only."""
        for length in range(min(_LONGEST, len(plain)), 2, -1):
            if plain[length - 1] in _COUNTY_ENDS and (codes := self._districts.get(plain[:length])):
                return next(iter(codes)) or None if len(codes) == 1 else None
        return None

    def _branch(self, plain: str) -> int | None:
        """Return the last place that a word of a branch follows, not at the start of the name."""
        if not plain.endswith(_BRANCHES):
            return None
        spots = list(self._short_words.spots(plain))
        ends = {(at + len(name)): min(a for a, n in spots if a + len(n) == at + len(name)) for at, name in spots}
        found = [
            (at, self._short[name])
            for at, name in spots
            # 鞍山 that is the end of 马鞍山 is no place of its own.
            if at > 0 and ends[at + len(name)] == at and "\u3400" <= plain[at - 1] <= "\u9fff"
            if _BRANCH.fullmatch(plain, at + len(name))
        ]
        return max(found)[1] if found else None

    def _start(self, plain: str) -> int | None:
        return None if plain.startswith(PLAIN_WORDS) else self._leading(plain, self._short)

    @staticmethod
    def _leading(plain: str, names: dict[str, int]) -> int | None:
        """Return the place a text begins with, the longest name first."""
        if plain.startswith(_NOT_A_PLACE_BEFORE):
            return None
        lengths = range(min(_LONGEST, len(plain)), 1, -1)
        return next((names[plain[:n]] for n in lengths if plain[:n] in names), None)
