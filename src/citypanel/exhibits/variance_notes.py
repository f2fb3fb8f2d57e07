"""The sentence on standard errors, from the variance conventions that the columns carry."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from citypanel.exhibits.labels import Labels, joined_label
from citypanel.exhibits.stated import by_column, lowered
from citypanel.exhibits.words import VARIANCES, chosen, say
from citypanel.result import ColumnResult


@dataclass(frozen=True)
class Part:
    """A fixed text with at most one place, and the number that fills it."""

    key: str
    filled: str = ""
    text: str = ""

    def said(self, filled: str, language: str) -> str:
        """Return the part with its place filled."""
        return self.text or say(self.key, language, count=filled, df=filled, lags=filled)


def variance_sentence(columns: Sequence[ColumnResult], labels: Labels, language: str) -> str:
    """Return how standard errors were computed; columns that differ only in counts share one text."""
    told = variances_text(columns, labels, language) or _by_kind(columns, labels, language)
    return f"{say('standard errors', language)}{say('colon', language)}{told}" if told else ""


def _by_kind(columns: Sequence[ColumnResult], labels: Labels, language: str) -> str:
    """Return one text for each kind of variance, with the columns it holds for."""
    kinds: dict[tuple[tuple[str, str], ...], list[int]] = {}
    for at, column in enumerate(columns):
        kinds.setdefault(tuple((part.key, part.text) for part in _parts(column, labels, language)), []).append(at)
    texts = [variance_text(column, labels, language) for column in columns]
    for places in kinds.values():
        together = variances_text([columns[at] for at in places], labels, language)
        for at in places:
            texts[at] = together or texts[at]
    return by_column(texts, language, capital=False)


def variance_text(column: ColumnResult, labels: Labels, language: str) -> str:
    """Return the variance convention of a column: type, clusters, correction, reference distribution."""
    return variances_text([column], labels, language)


def variances_text(columns: Sequence[ColumnResult], labels: Labels, language: str) -> str:
    """Return one text for all columns, counts that differ listed in their order; nothing if more differs."""
    all_parts = [_parts(column, labels, language) for column in columns]
    given = [parts for parts in all_parts if parts]
    if not given or (len(given) < len(columns) and len({tuple(parts) for parts in given}) > 1):
        return ""
    if len({tuple((part.key, part.text) for part in parts) for parts in given}) > 1:
        return ""
    listed = False
    texts = []
    for slot in zip(*given, strict=True):
        numbers = list(dict.fromkeys(part.filled for part in slot))
        if len(numbers) > 1 and any(not number.replace(".", "", 1).isdigit() for number in numbers):
            return ""
        listed = listed or len(numbers) > 1
        shown = numbers if len(numbers) == 1 else [part.filled for part in slot]
        texts.append(slot[0].said(say("listing", language).join(shown), language))
    order = [say("in the order", language)] if listed else []
    return say("comma", language).join([*texts, *order])


def _parts(column: ColumnResult, labels: Labels, language: str) -> list[Part]:
    kind = column.vcov.get("type")
    if kind is None or not column.terms:
        return []
    by = column.vcov.get("by")
    names = [by] if isinstance(by, str) else [str(name) for name in by] if isinstance(by, list) else []
    keys = [joined_label(name, labels, language) for name in names]
    joined = say("and", language).join(lowered(key, language) for key in keys)
    kind = str(column.vcov.get("hc") or kind)
    name = chosen(VARIANCES[kind], language).format(by=joined) if kind in VARIANCES else kind
    return [Part("kind", text=name), *_details(column, language)]


def _details(column: ColumnResult, language: str) -> list[Part]:
    details = []
    groups = column.vcov.get("groups")
    sizes = groups if isinstance(groups, list) and len(groups) > 1 else [column.clusters]
    if column.clusters is not None:
        details.append(Part("clusters", say("and", language).join(map(str, sizes))))
    lags = column.vcov.get("lags")
    if isinstance(lags, int):
        details.append(Part("lags", str(lags)))
    if isinstance(cutoff := column.vcov.get("cutoff_km"), (int, float)):
        told = say("cutoff", language, km=f"{cutoff:g}", kernel=column.vcov.get("kernel"))
        details.append(Part("cutoff", text=told))
    if column.vcov.get("correction") == "windmeijer":
        details.append(Part("windmeijer"))
    ssc = column.vcov.get("ssc")
    if isinstance(ssc, str):
        told = say("no ssc", language) if ssc == "none" else say("ssc", language, rule=ssc)
        details.append(Part("ssc", text=told))
    df = degrees_of_freedom(column)
    details.append(Part("df normal") if df is None else Part("df t", f"{df:g}"))
    return details


def degrees_of_freedom(column: ColumnResult) -> float | None:
    """Return the degrees of freedom of t, or None where the reference is the normal distribution."""
    df = column.vcov.get("df")
    return float(df) if isinstance(df, (int, float)) and math.isfinite(df) else None
