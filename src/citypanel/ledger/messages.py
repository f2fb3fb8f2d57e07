"""Findings in words, English and Chinese: the line a referee can paste."""

from typing import Literal, Protocol

from citypanel.ledger.interval import Interval, shown
from citypanel.ledger.wording_conditions import CONDITIONS, MISSING
from citypanel.ledger.wording_designs import DESIGNS
from citypanel.ledger.wording_tables import TABLES

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
# key -> explanation (en, zh), what to check (en, zh)
WORDS: dict[str, tuple[str, str, str, str]] = {**TABLES, **DESIGNS}
_VERDICTS = {
    "consistent": "一致",
    "inconsistent": "不一致",
    "only if": "仅当",
    "warning": "警示",
    "not checkable": "无法检验",
}
_MANY = 6


class Said(Protocol):
    """What a sentence needs of a finding."""

    @property
    def rule(self) -> str: ...
    @property
    def verdict(self) -> str: ...
    @property
    def place(self) -> object: ...
    @property
    def printed(self) -> str: ...
    @property
    def computed(self) -> Interval | None: ...
    @property
    def inputs(self) -> tuple[str, ...]: ...
    @property
    def message(self) -> str: ...
    @property
    def condition(self) -> str: ...
    @property
    def values(self) -> tuple[tuple[str, str], ...]: ...


def verdict_word(finding: Said, language: Language) -> str:
    """Return the verdict in words; `only if` with its convention."""
    en = language == "en"
    word = finding.verdict if en else _VERDICTS[finding.verdict]
    if not finding.condition:
        return word
    condition = CONDITIONS[finding.condition][0 if en else 1].format(**dict(finding.values))
    return f"{word} {condition}" if en else f"{word}{condition}"


def sentence(finding: Said, language: Language) -> str:
    """Return `<verdict> <rule> table/column/row: printed ..., computed [lo, hi] from ...; <why>; <what to check>`."""
    en = language == "en"
    explanation, check = _words(finding, language)
    head = f"{verdict_word(finding, language)} {finding.rule} {finding.place}"
    none = "nothing" if en else "无"
    printed = finding.printed or none
    computed = _interval(finding.computed) if finding.computed else none
    sources = _inputs(finding.inputs, language)
    if en:
        return f"{head}: printed {printed}, computed {computed} from {sources}; {explanation}; {check}"
    return f"{head}：印刷值 {printed}，由 {sources} 计算得 {computed}；{explanation}；{check}"


def _words(finding: Said, language: Language) -> tuple[str, str]:
    values = dict(finding.values)
    en = language == "en"
    if finding.message == "missing":
        what = MISSING[values["what"]][0 if en else 1]
        text = f"not printed or not stated: {what}" if en else f"文中未印出或未说明：{what}"
        return text, "add it to the cells or to claims.csv" if en else "请补入单元格或 claims.csv"
    words = WORDS[finding.message]
    explanation, check = (words[0], words[2]) if en else (words[1], words[3])
    return explanation.format(**values), check.format(**values)


def _interval(computed: Interval) -> str:
    if computed.lo == computed.hi:
        return f"[{shown(computed.lo)}, {shown(computed.lo)}]"
    return str(computed)


def _inputs(inputs: tuple[str, ...], language: Language) -> str:
    if not inputs:
        return "no input" if language == "en" else "（无）"
    listed = ", ".join(inputs[:_MANY])
    more = len(inputs) - _MANY
    if more > 0:
        listed += f" and {more} more" if language == "en" else f" 等另 {more} 项"
    return listed
