"""Names of terms, effects and outcomes in the words of the study."""

import re
from collections.abc import Mapping
from typing import Any

from citypanel.exhibits.characters import printable
from citypanel.exhibits.words import NAMES, STATISTICS, chosen, say

_SHIFTED = re.compile(r"^(?P<kind>[LFD])(?P<lag>\d*)\.(?P<name>.+)$")
_INTERACTED = re.compile(r"(?<!:):(?!:)")  # a:b, but not the level of year::2012
_FUNCTION = re.compile(r"^(?P<function>log|log1p|ln|exp|sqrt)\((?P<name>[^()]+)\)$")
_WRITTEN = {
    "log": "ln({name})",
    "ln": "ln({name})",
    "log1p": "ln(1 + {name})",
    "exp": "exp({name})",
    "sqrt": "√{name}",
}

Labels = Mapping[str, Mapping[str, str]]


def text_of(text: Mapping[str, str] | str | None, language: str) -> str:
    """Return a declared text in one language, on one line; a bare text stands for both."""
    if text is None:
        return ""
    return printable(text if isinstance(text, str) else text.get(language, ""))


def labels_of(exhibit: Mapping[str, Any]) -> Labels:
    """Return the labels an exhibit was given."""
    return exhibit.get("labels") or {}


def term_label(term: str, labels: Labels, language: str) -> str:
    """Return what a reader calls a term: its label, or a label built from its parts, or the term itself."""
    if term in labels:
        return text_of(labels[term], language)
    if term in NAMES:
        return chosen(NAMES[term], language)
    return _built_label(term, labels, language)


def _built_label(term: str, labels: Labels, language: str) -> str:
    """Return a label of an interaction, a spatial or time lag or a function from the labels of its parts."""
    parts = _INTERACTED.split(term)
    if len(parts) > 1:
        return " × ".join(term_label(part, labels, language) for part in parts)
    name, level, value = term.partition("::")
    if level:
        return f"{term_label(name, labels, language)} = {value}"
    if term.startswith("W.") and len(term) > len("W."):
        return say("spatial lag", language, name=term_label(term[2:], labels, language))
    if shifted := _SHIFTED.match(term):
        name = term_label(shifted["name"], labels, language)
        kind = {"L": "lag", "F": "lead", "D": "change"}[shifted["kind"]]
        return say(kind, language, name=name, lag=shifted["lag"] or 1)
    if function := _FUNCTION.match(term):
        return _WRITTEN[function["function"]].format(name=term_label(function["name"], labels, language))
    return term


def effect_label(effect: str, labels: Labels, language: str) -> str:
    """Return the name of a fixed effect's row: the label `fe:city` as it stands, else built."""
    if f"fe:{effect}" in labels:
        return text_of(labels[f"fe:{effect}"], language)
    return say("fixed effects", language, name=joined_label(effect, labels, language))


def joined_label(effect: str, labels: Labels, language: str) -> str:
    """Return the name of a column or of several joined by `^`."""
    return " × ".join(term_label(part, labels, language) for part in effect.split("^"))


def statistic_label(statistic: str, labels: Labels, language: str) -> str:
    """Return the name of a statistic."""
    if statistic in labels:
        return text_of(labels[statistic], language)
    return chosen(STATISTICS[statistic], language) if statistic in STATISTICS else statistic
