"""Notes below a table, written from the record, so that a note cannot say what was not done."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from citypanel.exhibits.characters import printable
from citypanel.exhibits.labels import Labels, labels_of, term_label, text_of
from citypanel.exhibits.restrictions import condition_text, span_text
from citypanel.exhibits.stars import stars_legend
from citypanel.exhibits.stated import by_column
from citypanel.exhibits.variance_notes import variance_sentence, variances_text
from citypanel.exhibits.warned import SINGLETONS, left_out, warned
from citypanel.exhibits.words import say
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


def regression_notes(
    records: Sequence[Record], shown: Display, labels: Labels, *, omitted: bool, more: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return the sentences below a regression table, each complete with its stop; `more` comes before the sample."""
    language = shown.language
    columns = [column for record in records for column in record.columns]
    parts = [
        *_parentheses_and_variance(columns, shown, labels),
        stars_legend(shown.levels) if shown.levels else "",
        *more,
        _equality(columns, labels, language),
        sample_sentence(columns, shown.exhibit, language),
        by_column([condition_text(column, labels, language) for column in columns], language),
        by_column([_singletons(column, language) for column in columns], language),
        by_column([_f_terms(column, shown) for column in columns], language),
        say("omitted note", language).rstrip(".。") if omitted else "",
    ]
    return notes(parts, records, shown.exhibit, language)


def _f_terms(column: ColumnResult, shown: Display) -> str:
    """Return what F tests where a shown F tests more than the regressors."""
    printed = "f" in (shown.exhibit.get("statistics") or ())
    return say("f of all terms", shown.language) if printed and column.stats.get("f_terms") == "all" else ""


def notes(
    parts: Iterable[str], records: Sequence[Record], exhibit: Mapping[str, Any], language: str
) -> tuple[str, ...]:
    """Return sentences: the declared note, `inferred`, `parts`, the records' warnings, the mark of simulated data."""
    labels = labels_of(exhibit)
    warnings = _warnings(records, labels, language)
    sentences = [
        text_of(exhibit.get("note"), language),
        say("inferred", language) if exhibit.get("inferred") else "",
        *parts,
        *(text_of(caution, language) for caution in exhibit.get("cautions") or ()),
        *warnings,
        say("simulated note", language) if _is_simulated(records, exhibit) else "",
    ]
    return tuple(stopped(printable(sentence), language) for sentence in sentences if sentence)


def _warnings(records: Sequence[Record], labels: Labels, language: str) -> list[str]:
    """Return the records' warnings, each once; one that is not every column's names its columns.

    Counts of rows left out for one reason are one sentence, in the order of the columns where they differ.
    """
    counted = any(singletons_of(column) for record in records for column in record.columns)
    texts = dict.fromkeys(text for record in records for text in record.warnings)
    by_text = {
        text: [text in _warnings_of(column, record) for record in records for column in record.columns]
        for text in texts
        if not (counted and SINGLETONS in text)
    }
    told: dict[str, None] = {}
    for text, marks in by_text.items():
        reason = left_out(text)
        same = [other for other in by_text if reason and left_out(other) == reason]
        if len(same) > 1 and sum(map(sum, (by_text[other] for other in same))) <= len(marks):
            counts = ["0"] * len(marks)
            for other in same:
                counts = [other.split()[0] if mark else c for c, mark in zip(counts, by_text[other], strict=True)]
            shown = say("listing", language).join(counts)
            said = warned(text.replace(text.split()[0], shown, 1), labels, language)
            told[say("comma", language).join([said, say("in the order", language)])] = None
        else:
            said = warned(text, labels, language)
            told[by_column([said if mark else "" for mark in marks], language) or said] = None
    return list(told)


def _warnings_of(column: ColumnResult, record: Record) -> Sequence[str]:
    """Return a column's warnings; those of the record where it does not tell them by column."""
    return column.warnings if any(each.warnings for each in record.columns) else record.warnings


def _is_simulated(records: Sequence[Record], exhibit: Mapping[str, Any]) -> bool:
    """Return whether a record, or a file that the exhibit shows, is made from simulated data."""
    return bool(exhibit.get("simulated")) or any(bool(record.sample.get("simulated")) for record in records)


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


def _parentheses_and_variance(columns: Sequence[ColumnResult], shown: Display, labels: Labels) -> list[str]:
    """Return what stands in parentheses and how it was computed, as one sentence where that is possible."""
    language = shown.language
    beneath = _parentheses(columns, shown)
    together = variances_text(columns, labels, language)
    if together and beneath == say("in parentheses se", language):
        return [f"{beneath}{say('colon', language)}{together}"]
    return [beneath, variance_sentence(columns, labels, language)]


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


def sample_sentence(columns: Sequence[ColumnResult], exhibit: Mapping[str, Any], language: str) -> str:
    """Return years (of the columns or, where they carry none, of the study), units and periods by column."""
    spans = [span_text(column, exhibit, language) for column in columns]
    same = len(set(spans)) == 1 and bool(spans[0])
    sizes = [_size(column, "" if same else span, language) for column, span in zip(columns, spans, strict=True)]
    parts = [spans[0]] if same else []
    told = by_column(sizes, language, capital=False)
    if told:
        parts.append(told)
    joined = say("between" if len(set(sizes)) > 1 else "comma", language).join(parts)
    return f"{say('sample', language)}{say('colon', language)}{joined}" if joined else ""


def _size(column: ColumnResult, span: str, language: str) -> str:
    parts = [
        say("one period" if key == "periods" and value == 1 else key, language, count=value)
        for key, value in (("units", column.units), ("periods", column.periods))
        if value is not None
    ]
    return say("comma", language).join([span, *parts] if span else parts)


def _equality(columns: Sequence[ColumnResult], labels: Labels, language: str) -> str:
    terms = dict.fromkeys(str(column.stats["split_term"]) for column in columns if "split_term" in column.stats)
    named = say("listing", language).join(term_label(term, labels, language) for term in terms)
    if not terms:
        return ""
    return say("comma", language).join([say("equality note", language, term=named), say("equality rule", language)])


def _singletons(column: ColumnResult, language: str) -> str:
    count = singletons_of(column)
    return say("singletons", language, count=count) if count else ""


def singletons_of(column: ColumnResult) -> int:
    """Return how many rows were dropped because they were alone in a fixed effect."""
    count = column.stats.get("singletons")
    return int(count) if isinstance(count, (int, float)) else 0
