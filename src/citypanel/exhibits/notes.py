"""Notes below a table, written from the record, so that a note cannot say what was not done."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from citypanel.exhibits.characters import printable
from citypanel.exhibits.labels import Labels, joined_label, labels_of, text_of
from citypanel.exhibits.stars import stars_legend
from citypanel.exhibits.warned import SINGLETONS, warned
from citypanel.exhibits.words import VARIANCES, chosen, say
from citypanel.result import ColumnResult, Record


class Display(Protocol):
    """What a note has to know about the table above it."""

    @property
    def exhibit(self) -> Mapping[str, Any]:
        """The declaration."""

    @property
    def language(self) -> str:
        """`en` or `zh`."""

    @property
    def levels(self) -> tuple[float, ...]:
        """Star levels."""

    def parenthesis(self, column: ColumnResult) -> str:
        """Return se, t, z or p."""


def regression_notes(records: Sequence[Record], shown: Display, labels: Labels, *, omitted: bool) -> tuple[str, ...]:
    """Return the sentences below a regression table, each complete with its stop."""
    language = shown.language
    columns = [column for record in records for column in record.columns]
    parts = [
        *_parentheses_and_variance(columns, shown, labels),
        stars_legend(shown.levels) if shown.levels else "",
        _sample(records, columns, shown.exhibit, language),
        by_column([_where(column, language) for column in columns], language),
        by_column([_singletons(column, language) for column in columns], language),
        say("omitted note", language).rstrip(".。") if omitted else "",
    ]
    return notes(parts, records, shown.exhibit, language)


def notes(
    parts: Iterable[str], records: Sequence[Record], exhibit: Mapping[str, Any], language: str
) -> tuple[str, ...]:
    """Return sentences: the declared note, `parts`, the records' warnings, the mark of simulated data."""
    labels = labels_of(exhibit)
    counted = any(singletons_of(column) for record in records for column in record.columns)
    texts = dict.fromkeys(text for record in records for text in record.warnings)
    warnings = [warned(text, labels, language) for text in texts if not (counted and SINGLETONS in text)]
    sentences = [
        text_of(exhibit.get("note"), language),
        *parts,
        *warnings,
        say("simulated note", language) if any(record.sample.get("simulated") for record in records) else "",
    ]
    return tuple(stopped(printable(sentence), language) for sentence in sentences if sentence)


def stopped(sentence: str, language: str) -> str:
    """Return a sentence with its full stop."""
    return (
        sentence
        if sentence.rstrip().endswith((".", "。", "!", "?", "！", "？"))
        else (sentence.rstrip() + say("stop", language).strip())
    )


def joined_notes(sentences: Sequence[str], language: str) -> str:
    """Return the sentences as one paragraph, opened by "Notes:"."""
    between = " " if language == "en" else ""
    return f"{say('notes', language)}{between}{between.join(sentences)}"


def by_column(texts: Sequence[str], language: str, *, capital: bool = True) -> str:
    """Say once what holds for all columns, and by column numbers what differs."""
    distinct = [text for text in dict.fromkeys(texts) if text]
    if not distinct:
        return ""
    finish = _capitalised if capital else str
    if len(set(texts)) == 1:
        return finish(distinct[0])
    parts = []
    for text in distinct:
        positions = [position for position, other in enumerate(texts, start=1) if other == text]
        key = "column" if len(positions) == 1 else "columns"
        where = say(key, language, columns=ranges(positions))
        parts.append(f"{where}{say('colon', language)}{text}")
    return finish(say("between", language).join(parts))


def ranges(positions: Sequence[int]) -> str:
    """Return `(1)–(3), (5)` for 1, 2, 3, 5."""
    runs: list[list[int]] = []
    for position in positions:
        if runs and runs[-1][-1] == position - 1:
            runs[-1].append(position)
        else:
            runs.append([position])
    return ", ".join(f"({run[0]})" if len(run) == 1 else f"({run[0]})–({run[-1]})" for run in runs)


def _capitalised(text: str) -> str:
    """Return the text with a capital first letter, unless its first word is a symbol such as `t`."""
    first = text.split(" ", 1)[0]
    return text if len(first) == 1 else text[:1].upper() + text[1:]


def _parentheses_and_variance(columns: Sequence[ColumnResult], shown: Display, labels: Labels) -> list[str]:
    """Return what stands in parentheses and how it was computed, as one sentence where that is possible."""
    language = shown.language
    beneath = _parentheses(columns, shown)
    variances = [variance_text(column, labels, language) for column in columns]
    distinct = {text for text in variances if text}
    if beneath == say("in parentheses se", language) and len(distinct) == 1:
        return [f"{beneath}{say('colon', language)}{distinct.pop()}"]
    return [beneath, variance_sentence(variances, language)]


def variance_sentence(variances: Sequence[str], language: str) -> str:
    """Return how standard errors were computed, by column where columns differ."""
    told = by_column(variances, language, capital=False)
    return f"{say('standard errors', language)}{say('colon', language)}{told}" if told else ""


def _parentheses(columns: Sequence[ColumnResult], shown: Display) -> str:
    kinds = sorted({shown.parenthesis(column) for column in columns if column.terms})
    if kinds == ["t", "z"]:
        return say("in parentheses tz", shown.language)
    return by_column(
        [
            say(f"in parentheses {shown.parenthesis(column)}", shown.language) if column.terms else ""
            for column in columns
        ],
        shown.language,
    )


def variance_text(column: ColumnResult, labels: Labels, language: str) -> str:
    """Return the variance convention of a column: type, clusters, correction, reference distribution."""
    kind = column.vcov.get("type")
    if kind is None or not column.terms:
        return ""
    by = column.vcov.get("by")
    names = [by] if isinstance(by, str) else [str(name) for name in by] if isinstance(by, list) else []
    keys = [joined_label(name, labels, language) for name in names]
    joined = say("and", language).join(_lowered(key, language) for key in keys)
    kind = column.vcov.get("hc") or kind
    template = VARIANCES.get(str(kind))
    name = chosen(template, language).format(by=joined) if template else str(kind)
    return say("comma", language).join([name, *_variance_details(column, language)])


def _lowered(key: str, language: str) -> str:
    """Return `city` for `City` inside an English sentence; abbreviations stay as they are."""
    plain = key[1:].islower() or len(key) == 1
    return key[:1].lower() + key[1:] if language == "en" and plain else key


def _variance_details(column: ColumnResult, language: str) -> list[str]:
    details = []
    groups = column.vcov.get("groups")
    sizes = groups if isinstance(groups, list) and len(groups) > 1 else [column.clusters]
    if column.clusters is not None:
        details.append(say("clusters", language, count=say("and", language).join(map(str, sizes))))
    lags = column.vcov.get("lags")
    if isinstance(lags, int):
        details.append(say("lags", language, lags=lags))
    if isinstance(cutoff := column.vcov.get("cutoff_km"), (int, float)):
        details.append(say("cutoff", language, km=f"{cutoff:g}", kernel=column.vcov.get("kernel")))
    ssc = column.vcov.get("ssc")
    if isinstance(ssc, str):
        details.append(say("no ssc", language) if ssc == "none" else say("ssc", language, rule=ssc))
    df = degrees_of_freedom(column)
    details.append(say("df normal", language) if df is None else say("df t", language, df=f"{df:g}"))
    return details


def _sample(
    records: Sequence[Record], columns: Sequence[ColumnResult], exhibit: Mapping[str, Any], language: str
) -> str:
    """Return years of the records (or, where they carry none, of the study), units and periods by column."""
    given = [record.sample.get("years") for record in records]
    spans = [years for years in given if isinstance(years, list)] or (
        [exhibit["years"]] if exhibit.get("years") else []
    )
    parts = []
    if spans:
        first, last = min(int(span[0]) for span in spans), max(int(span[1]) for span in spans)
        parts.append(say("years", language, first=first, last=last))
    sizes = by_column([_size(column, language) for column in columns], language, capital=False)
    if sizes:
        parts.append(sizes)
    differ = len({_size(column, language) for column in columns}) > 1
    joined = say("between" if differ else "comma", language).join(parts)
    return f"{say('sample', language)}{say('colon', language)}{joined}" if joined else ""


def _size(column: ColumnResult, language: str) -> str:
    parts = [
        say(key, language, count=value)
        for key, value in (("units", column.units), ("periods", column.periods))
        if value is not None
    ]
    return say("comma", language).join(parts)


def _where(column: ColumnResult, language: str) -> str:
    return say("rows where", language, where=column.where) if column.where else ""


def _singletons(column: ColumnResult, language: str) -> str:
    count = singletons_of(column)
    return say("singletons", language, count=count) if count else ""


def singletons_of(column: ColumnResult) -> int:
    """Return how many rows were dropped because they were alone in a fixed effect."""
    count = column.stats.get("singletons")
    return int(count) if isinstance(count, (int, float)) else 0


def degrees_of_freedom(column: ColumnResult) -> float | None:
    """Return the degrees of freedom of t, or None where the reference is the normal distribution."""
    df = column.vcov.get("df")
    return float(df) if isinstance(df, (int, float)) and math.isfinite(df) else None
