"""The account of raw rows: what leaves at each step for which reason, and what is left after it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from citypanel.exhibits.attrition_texts import NOT_APPLIED, REASONS, STEPS
from citypanel.exhibits.descriptives import curve_of
from citypanel.exhibits.labels import text_of
from citypanel.exhibits.notes import notes
from citypanel.exhibits.table import EMPTY, Cell, Head, Row, Table, number, words
from citypanel.exhibits.warned import translated
from citypanel.exhibits.words import LANGUAGES, say
from citypanel.result import Record
from citypanel.result import Row as Line

LEFT = ("rows", "firms", "hs6", "destinations", "cities", "value_usd")
COLUMNS = ("rows_dropped", "value_usd_dropped", *LEFT)
FLOWS = "collapse"
_MILLION = 1e6
_DASH = "\N{EN DASH} "
# What is changed at a step, where it is not rows that are repaired.
_CHANGED = {"collapse": "changed by adding up", "coverage": "changed city-years"}


def attrition_table(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> Table:
    """Set one row per step, beneath it one per reason for which rows left or were repaired.

    A step whose rules are all switched off says so. Rows that leave and rows that are left add up to the rows read.
    """
    lines = curve_of(records, "attrition", "attrition", exhibit)
    digits = int(exhibit.get("digits", 1))
    steps = [list(found) for _, found in groupby(lines, key=lambda line: (line["step"], line["name"]))]
    # Lines that are no rows have no firm yet: the units are known from the first step that knows them.
    first = next((line for line in lines if line.get("firms_before") is not None), lines[0])
    body = [_read_row(lines[0], first, steps, digits, language)]
    told: set[str] = set()
    for found in steps:
        name = str(found[0]["name"])
        reasons = _reason_rows(found, digits, language) if exhibit.get("reasons", True) else []
        if name == "read":
            body += reasons
        else:
            body += _with_reasons(_step_row(found, digits, language, again=name in told), reasons, language)
        told.add(name)
    return Table(
        kind="attrition",
        language=language,
        title=text_of(exhibit.get("title"), language),
        stub=say("step", language),
        heads=(
            (Head(say("dropped", language), 2), Head(say("left after the step", language), len(LEFT))),
            tuple(Head(_head(name, language)) for name in COLUMNS),
        ),
        groups=(tuple(body),),
        notes=notes(_notes(steps, language), records, exhibit, language),
        columns=COLUMNS,
        simulated=any(bool(record.sample.get("simulated")) for record in records),
    )


def _head(column: str, language: str) -> str:
    return say(f"unit {column.removesuffix('_dropped')}", language)


def _read_row(opening: Line, first: Line, steps: list[list[Line]], digits: int, language: str) -> Row:
    """Return the first row: all rows read, less the lines of the files that are no rows."""
    refused = [line for found in steps for line in found if line["name"] == "read"]
    dropped = sum(_dropped(line, "rows") or 0 for line in refused)
    left = {unit: first.get(f"{unit}_before") for unit in LEFT}
    left["rows"] = refused[-1]["rows_after"] if refused else opening["rows_before"]
    cells = (number(dropped, 0) if refused else EMPTY, EMPTY, *(_amount(unit, left[unit], digits) for unit in LEFT))
    return Row(_step_label(0, "read", language), cells, "read", "attrition")


def _step_row(found: list[Line], digits: int, language: str, *, again: bool) -> Row:
    """Return the row of a step; one that comes again is the study's own, after that of the intake."""
    first, last = found[0], found[-1]
    off = all(str(line["reason"]).startswith(NOT_APPLIED) for line in found)
    dropped = [_difference(first, last, unit) for unit in ("rows", "value_usd")]
    start = (words(say("not applied", language)), EMPTY) if off else _drops(dropped, digits)
    left = tuple(_amount(unit, last.get(f"{unit}_after"), digits) for unit in LEFT)
    label = _step_label(first["step"], str(first["name"]), language)
    if again:
        label = f"{label}{say('open', language)}{say('of the study', language)}{say('close', language)}"
    return Row(label, (*start, *left), str(first["name"]), "attrition")


def _with_reasons(step: Row, reasons: list[Row], language: str) -> list[Row]:
    """Return a step and its reasons; a single reason that says all that the step says stands behind its name."""
    if len(reasons) != 1 or reasons[0].cells[0] != step.cells[0]:
        return [step, *reasons]
    reason = reasons[0].label.removeprefix(_DASH)
    return [replace(step, label=f"{step.label}{say('colon', language)}{reason}")]


def _reason_rows(found: list[Line], digits: int, language: str) -> list[Row]:
    """Return a row for each reason that took or changed rows."""
    rows = []
    for line in found:
        lost, changed = _dropped(line, "rows") or 0, int(str(line.get("changed") or 0))
        if not lost and not changed:
            continue
        label = reason_text(str(line["reason"]), language)
        if changed:
            label = say(_CHANGED.get(str(line["name"]), "changed"), language, reason=label, count=f"{changed:,}")
        cells = _drops([lost or None, _dropped(line, "value_usd") if lost else None], digits)
        blank = (EMPTY,) * len(LEFT)
        rows.append(Row(f"{_DASH}{label}", (*cells, *blank), f"{line['name']}: {line['reason']}", "reason"))
    return rows


def _drops(dropped: Sequence[float | None], digits: int) -> tuple[Cell, ...]:
    return _amount("rows", dropped[0], digits), _amount("value_usd", dropped[1], digits)


def _dropped(line: Line, unit: str) -> float | None:
    return _difference(line, line, unit)


def _difference(first: Line, last: Line, unit: str) -> float | None:
    before, after = first.get(f"{unit}_before"), last.get(f"{unit}_after")
    known = isinstance(before, (int, float)) and isinstance(after, (int, float))
    return before - after if known else None  # type: ignore[operator]


def _amount(unit: str, value: object, digits: int) -> Cell:
    if not isinstance(value, (int, float)):
        return EMPTY
    return number(value / _MILLION, digits) if unit == "value_usd" else number(int(value), 0)


def _step_label(step: object, name: str, language: str) -> str:
    """Return number and name of a step; what is none of the 22 has no number."""
    texts = STEPS.get(name)
    label = texts[LANGUAGES.index(language)] if texts else name
    return label if step is None else f"{step} {label}"


def reason_text(reason: str, language: str) -> str:
    """Return why rows leave in one language; a reason without a Chinese text is shown as it is."""
    plain = reason.removeprefix(NOT_APPLIED)
    return translated(plain, REASONS, {}, language) or plain


def _notes(steps: list[list[Line]], language: str) -> list[str]:
    flows = any(line["name"] == FLOWS for found in steps for line in found)
    parts = ["attrition note", "attrition value note", *(["attrition flows note"] if flows else [])]
    return [say(part, language) for part in parts]
