"""The record's warnings in the reader's language; one whose text is not known is quoted as it is."""

import re
from collections.abc import Mapping
from functools import cache

from citypanel.exhibits.labels import Labels, term_label
from citypanel.exhibits.stated import capitalised
from citypanel.exhibits.warning_texts import REASONS, ROUTINE, WARNINGS
from citypanel.exhibits.words import say

SINGLETONS = "(singletons)"
_PLACE = re.compile(r"\{(\w+)\}")
_KINDS = {"count": r"\d+(?:(?:, |、)\d+)*", "name": r"\S+"}


def warned(text: str, labels: Labels, language: str) -> str:
    """Return a warning as a sentence of the note: routine ones as they are, others opened by a word."""
    routine = translated(text, ROUTINE, labels, language)
    if routine:
        return capitalised(routine)
    opening = f"{say('warning', language)}{say('colon', language)}"
    known = translated(text, WARNINGS, labels, language)
    if known or language == "en":
        return f"{opening}{known or text}"
    return f"{opening}“{text}”"


def left_out(text: str) -> str:
    """Return the reason of a warning that counts rows left out; empty for other warnings.

    >>> left_out("28 rows left out: fdi is missing")
    'fdi is missing'
    """
    counted = re.match(r"^\d+ rows left out: (.+)$", text)
    return counted[1] if counted else ""


def known_warning(text: str) -> bool:
    """Return whether a warning has a Chinese text."""
    return any(_found(text, texts) for texts in (ROUTINE, WARNINGS))


def translated(text: str, texts: Mapping[str, str], labels: Labels, language: str) -> str:
    """Return a text in a language by the first of `texts` that it fits, with its places; empty if it fits none."""
    found = _found(text, texts)
    if not found:
        return ""
    template, places = found
    shown = {place: _shown(place, value, labels, language) for place, value in places.items()}
    return (template if language == "en" else texts[template]).format(**shown)


def _found(text: str, texts: Mapping[str, str]) -> tuple[str, dict[str, str]] | None:
    for template in texts:
        if match := _pattern(template).match(text):
            return template, match.groupdict()
    return None


@cache
def _pattern(template: str) -> re.Pattern[str]:
    """Return the expression of a text: every place a group, all else as it stands."""
    pieces = _PLACE.split(template)
    written = [
        f"(?P<{piece}>{_KINDS.get(piece, '.+?')})" if position % 2 else re.escape(piece)
        for position, piece in enumerate(pieces)
    ]
    return re.compile(f"^{''.join(written)}$")


def _shown(place: str, value: str, labels: Labels, language: str) -> str:
    if place in ("name", "other"):
        return term_label(value, labels, language)
    if place == "names":
        return say("listing", language).join(term_label(name.strip(), labels, language) for name in value.split(","))
    if place == "reason":
        return translated(value, REASONS, labels, language) or value
    return value
