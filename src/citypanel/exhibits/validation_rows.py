"""What a study's validation shows, row by row: labels, numbers, and why a coverage or size is not the nominal one."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Any

from citypanel.exhibits.descriptives import curve_of
from citypanel.exhibits.labels import labels_of, term_label, text_of
from citypanel.exhibits.validation_words import TESTS
from citypanel.exhibits.words import WORDS, chosen, say
from citypanel.result import Record
from citypanel.result import Row as CurveRow

_BRACKET = re.compile(r"^(?P<term>.+)\[(?P<where>.+)\]$")
UNEXPLAINED = "!"


@dataclass(frozen=True)
class Shown:
    """One result of one check: its label, its numbers, and the mark of its reason."""

    label: str
    row: CurveRow
    mark: str


@dataclass(frozen=True)
class Block:
    """The results in one design."""

    title: str
    rows: tuple[Shown, ...]


def shown_rows(records: Sequence[Record], exhibit: Mapping[str, Any]) -> list[CurveRow]:
    """Return the rows of an exhibit: tests where its kind is `size`, else effects and confidence sets."""
    rows = curve_of(records, "validation", "validation", exhibit)
    return [row for row in rows if (row["kind"] == "test") == (exhibit["kind"] == "size")]


def blocks_of(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> list[Block]:
    """Return the results by design, in the order of declaration."""
    rows = shown_rows(records, exhibit)
    marks = reason_marks(rows, exhibit)
    effects = [str(row["check"]) for row in rows if row["kind"] == "effect"]
    found = []
    for design, title in exhibit["designs"].items():
        mine = [
            Shown(_label(row, effects, exhibit, language), row, marks.get(_reason(row, exhibit), ""))
            for row in rows
            if row["design"] == design
        ]
        shown = [item if item.mark or item.row["nominal"] is not False else _unexplained(item) for item in mine]
        if shown:
            found.append(Block(text_of(title, language), tuple(shown)))
    return found


def reason_marks(rows: Sequence[CurveRow], exhibit: Mapping[str, Any]) -> dict[str, str]:
    """Return a letter for each reason that a row needs, in the order of the rows."""
    needed = dict.fromkeys(_reason(row, exhibit) for row in rows)
    needed.pop("", None)
    return dict(zip(needed, ascii_lowercase, strict=False))


def _reason(row: CurveRow, exhibit: Mapping[str, Any]) -> str:
    """Return the reason of a row whose rate is not nominal; a reason explains, it does not excuse what needs none."""
    declared = exhibit["checks"][row["check"]]["size_reason" if row["kind"] == "test" else "reason"]
    return str(declared) if declared and row["nominal"] is False else ""


def _unexplained(item: Shown) -> Shown:
    return Shown(item.label, item.row, UNEXPLAINED)


def _label(row: CurveRow, effects: Sequence[str], exhibit: Mapping[str, Any], language: str) -> str:
    label = text_of(exhibit["checks"][row["check"]]["label"], language)
    if row["kind"] == "effect" and effects.count(str(row["check"])) == 1:
        return label
    return f"{label}{say('colon', language)}{_result_name(row, exhibit, language)}"


def _result_name(row: CurveRow, exhibit: Mapping[str, Any], language: str) -> str:
    name = str(row["result"])
    if row["kind"] != "effect":
        return chosen(TESTS[name], language) if name in TESTS else say("t test", language)
    bracket = _BRACKET.match(name)
    if name.startswith("L1."):
        return say("own lag", language)
    if bracket is None:
        return term_label(name, labels_of(exhibit), language)
    where = bracket["where"]
    return say(where, language) if where in WORDS else say("quantile", language, quantile=where)


def reasons_told(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> list[str]:
    """Return the reasons behind their letters."""
    marks = reason_marks(shown_rows(records, exhibit), exhibit)
    return [
        f"{mark}{say('colon', language)}{text_of(exhibit['reasons'][key], language)}" for key, mark in marks.items()
    ]
