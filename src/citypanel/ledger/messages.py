"""Findings in words, English and Chinese: the line a referee can paste."""

import math
from typing import Any, Literal

from citypanel.ledger.findings import Finding
from citypanel.ledger.interval import Interval, shown
from citypanel.ledger.wording_conditions import CONDITIONS, MISSING
from citypanel.ledger.wording_counts import COUNTS
from citypanel.ledger.wording_designs import DESIGNS
from citypanel.ledger.wording_tables import TABLES

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
# key -> explanation (en, zh), what to check (en, zh)
WORDS: dict[str, tuple[str, str, str, str]] = {**TABLES, **COUNTS, **DESIGNS}
VERDICT_WORDS: dict[str, tuple[str, str]] = {
    "consistent": ("consistent", "一致"),
    "inconsistent": ("inconsistent", "不一致"),
    "only if": ("only if", "仅当"),
    "warning": ("warning", "警示"),
    "not checkable": ("not checkable", "无法检验"),
}
_MANY = 6


def verdict_word(finding: Finding, language: Language) -> str:
    """Return the verdict in words; `only if` with its convention."""
    en = language == "en"
    word = VERDICT_WORDS[finding.verdict][0 if en else 1]
    if not finding.condition:
        return word
    condition = CONDITIONS[finding.condition][0 if en else 1].format(**dict(finding.values))
    return f"{word} {condition}" if en else f"{word}{condition}"


def sentence(finding: Finding, language: Language) -> str:
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


def remedy(finding: Finding, language: Language) -> str:
    """Return what was found and what to do, without the rule and its numbers: for lines that cannot be read."""
    return ("; " if language == "en" else "；").join(_words(finding, language))


def _words(finding: Finding, language: Language) -> tuple[str, str]:
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


def as_json(finding: Finding) -> dict[str, Any]:
    """Return a finding as JSON knows it; an end that is not finite is null."""
    ends = (finding.computed.lo, finding.computed.hi) if finding.computed else ()
    return {
        "rule": finding.rule,
        "verdict": finding.verdict,
        "condition": {lang: verdict_word(finding, lang) for lang in LANGUAGES} if finding.condition else None,
        "study": finding.place.study,
        "table": finding.place.table,
        "column": finding.place.column,
        "row": finding.place.row,
        "printed": finding.printed,
        "computed": [end if math.isfinite(end) else None for end in ends] or None,
        "inputs": list(finding.inputs),
        "key": finding.message,
        "values": dict(finding.values),
        "infers": dict(finding.infers),
        "message": {lang: sentence(finding, lang) for lang in LANGUAGES},
    }
