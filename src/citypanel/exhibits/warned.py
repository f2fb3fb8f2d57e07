"""The record's warnings in the reader's language: frequent ones are translated, others quoted as they are."""

import re

from citypanel.exhibits.labels import Labels, term_label
from citypanel.exhibits.words import say

_ROWS = re.compile(r"^(?P<count>\d+) rows left out: (?P<reason>.+)$")
_COLLINEAR = re.compile(r"^(?:left out as collinear|collinear regressors were left out): (?P<names>.+)$")
_MISSING = re.compile(r"^(?P<name>\S+) is missing(?P<undefined> or not defined)?$")
_REASONS = {
    "alone in a fixed effect (singletons)": "固定效应组内仅此一行（单例）",
    "a variable is missing": "有变量缺失",
    "a covariate of the score is missing": "倾向得分的协变量缺失",
}
SINGLETONS = "(singletons)"


def warned(text: str, labels: Labels, language: str) -> str:
    """Return a warning as a sentence of the note."""
    if found := _COLLINEAR.match(text):
        names = say("listing", language).join(
            term_label(name.strip(), labels, language) for name in found["names"].split(",")
        )
        return say("collinear", language, names=names)
    if found := _ROWS.match(text):
        return say("rows left out", language, count=found["count"], reason=_reason(found["reason"], labels, language))
    opening = f"{say('warning', language)}{say('colon', language)}"
    return f"{opening}{text}" if language == "en" else f"{opening}“{text}”"


def _reason(reason: str, labels: Labels, language: str) -> str:
    if found := _MISSING.match(reason):
        key = "undefined" if found["undefined"] else "missing"
        return say(key, language, name=term_label(found["name"], labels, language))
    return _REASONS.get(reason, reason) if language == "zh" else reason
