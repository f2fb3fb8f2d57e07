"""Where an organisation sits: from an address, from the place in its name, from the register of organisations.

What is ambiguous has no answer. The order inside a name: the place in brackets, a full place name (苏州市), the
place of a branch (苏州研究院), the place the name begins with. Names of known universities are taken out first, so
that 上海交通大学苏州研究院 is in Suzhou; provinces too, so that 陕西安康 does not hold 西安.
"""

import re
from functools import cache, cached_property

from citypanel.intake.names import clean_name
from citypanel.intake.places import Gazetteer

# Words that are a place only with 市 behind them: they also name a province or districts of many cities.
AMBIGUOUS = ("吉林", "海南", "朝阳", "南海", "东方")
# Words that are a place in brackets but may be a brand or a plain word at the start of a name.
PLAIN_WORDS = ("德州", "白银", "来宾", "安康")
_NOT_A_PLACE_BEFORE = ("大理石", "中山装", "长安街", "延安路", "南京路", "北京路", "上海路")
_HEADS = re.compile(
    "^(中国科学院|中国农业科学院|中国医学科学院|中国林业科学研究院|国家电网|国网|中国石油|中国石化|中国电信|中国移动|中国联通|中国)"
)
_BRANCH = "[\u3400-\u9fff]{0,8}?(?:分公司|供电公司|供电局|分院|研究院|研究所|分校|校区|研究中心|技术转移中心)"
_POSTCODE = re.compile(r"^\s*\d{6}\s*")


class Seats:
    """Finds prefectures in addresses and in names; every answer is cached by its text."""

    def __init__(self, places: Gazetteer) -> None:
        self.places = places
        rows = places.registers.organisations()
        self.register = {clean_name(n): int(c) for n, c in zip(rows["name"], rows["adcode"], strict=True)}
        self.from_name = cache(self._find_in_name)
        self.from_address = cache(self._find_in_address)

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
    def _provinces(self) -> "re.Pattern[str]":
        names = {str(name) for name in self.places.registers.cities()["province"]}
        short = {re.sub("(省|市|壮族自治区|回族自治区|维吾尔自治区|自治区)$", "", name) for name in names}
        cities = {"北京", "天津", "上海", "重庆", *(f"{name}市" for name in ("北京", "天津", "上海", "重庆"))}
        words = sorted((names | short) - cities, key=lambda word: (-len(word), word))
        return re.compile("^(?:" + "|".join(words) + ")(?:省|自治区)?(?!市)")

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
        whole = self.places.candidates(plain)
        if len(whole) == 1:
            return next(iter(whole))
        rest = self._provinces.sub("", plain)
        found = self._leading(rest, self._full)
        return found if found is not None else self._leading(rest, self._short)

    def _find_in_name(self, name: str) -> int | None:
        """Return the prefecture inside an organisation's name."""
        for inside in re.findall(r"\(([^()]*)\)", name):
            found = self._bracketed(inside)
            if found is not None:
                return found
        plain = re.sub(r"\([^()]*\)", "", name)
        for known in sorted((n for n in self.register if n in plain), key=len, reverse=True)[:1]:
            plain = plain.replace(known, "")
        plain = self._provinces.sub("", _HEADS.sub("", plain))
        for find in (self._named_in_full, self._branch):
            found = find(plain)
            if found is not None:
                return found
        return None if plain.startswith(PLAIN_WORDS) else self._leading(plain, self._short)

    def _bracketed(self, inside: str) -> int | None:
        rest = self._provinces.sub("", inside)
        for names in (self._full, self._short):
            if rest in names:
                return names[rest]
        return self._leading(rest, self._full)

    def _named_in_full(self, plain: str) -> int | None:
        found = [name for name in self._full if name in plain]
        codes = {self._full[name] for name in found if not any(name in longer for longer in found if longer != name)}
        return next(iter(codes)) if len(codes) == 1 else None

    def _branch(self, plain: str) -> int | None:
        """Return the last place that a word of a branch follows, not at the start of the name."""
        found = [
            (at.start(), code)
            for name, code in self._short.items()
            if name in plain
            for at in re.finditer(f"(?<=[\u3400-\u9fff]){name}{_BRANCH}$", plain)
            if not self._in_longer(plain, name, at.start())
        ]
        return max(found)[1] if found else None

    def _in_longer(self, plain: str, name: str, start: int) -> bool:
        """Tell whether the name at `start` is the end of a longer place: 鞍山 inside 马鞍山."""
        return any(
            plain[:start].endswith(longer.removesuffix(name))
            for longer in self._short
            if longer != name and longer.endswith(name)
        )

    @staticmethod
    def _leading(plain: str, names: dict[str, int]) -> int | None:
        """Return the place a text begins with, the longest name first."""
        if plain.startswith(_NOT_A_PLACE_BEFORE):
            return None
        return next((names[plain[:n]] for n in range(min(12, len(plain)), 1, -1) if plain[:n] in names), None)
