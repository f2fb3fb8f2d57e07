"""Two tables of a study's validation: estimators on drawn panels, and what comes back from simulated raw files."""

import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

from citypanel.exhibits.labels import text_of
from citypanel.exhibits.notes import notes
from citypanel.exhibits.table import EMPTY, Cell, Head, Row, Table, number, words
from citypanel.exhibits.validation_rows import UNEXPLAINED, Block, Shown, blocks_of, reasons_told
from citypanel.exhibits.words import say
from citypanel.result import Record

COVERAGE = ("truth", "bias", "sd", "mean_se", "coverage", "draws", "mark")
SIZE = ("size", "error", "draws", "mark")
DIGITS = 4


def coverage_table(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> Table:
    """Set one estimate per row, the designs apart: bias, spread, errors, coverage of the 95% interval."""
    return _table(COVERAGE, records, exhibit, language)


def size_table(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> Table:
    """Set one test per row, the designs apart: how often it rejects at 5% although its hypothesis holds."""
    return _table(SIZE, records, exhibit, language)


def _table(columns: tuple[str, ...], records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> Table:
    blocks = blocks_of(records, exhibit, language)
    return Table(
        kind="coverage" if columns is COVERAGE else "size",
        language=language,
        title=text_of(exhibit.get("title"), language),
        stub=say("estimator" if columns is COVERAGE else "test", language),
        heads=(tuple(Head(say(f"validation {name}", language)) for name in columns),),
        groups=tuple(_group(block, columns) for block in blocks),
        notes=notes(_told(records, blocks, exhibit, language), records, exhibit, language),
        columns=columns,
        simulated=True,
    )


def _group(block: Block, columns: tuple[str, ...]) -> tuple[Row, ...]:
    heading = Row(block.title, (EMPTY,) * len(columns), "design", "design")
    body = (
        Row(item.label, tuple(_cell(item, name) for name in columns), str(item.row["check"]), str(item.row["result"]))
        for item in block.rows
    )
    return (heading, *body)


def _cell(item: Shown, column: str) -> Cell:
    if column == "mark":
        return words(item.mark)
    if column in ("coverage", "size", "error"):
        return _percent(item.row["rate_se" if column == "error" else "rate"])
    return _number(item.row.get(column), 0 if column == "draws" else DIGITS)


def _number(value: object, digits: int) -> Cell:
    known = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number(value, digits) if known else EMPTY  # type: ignore[arg-type]


def _percent(rate: object) -> Cell:
    return number(100 * rate, 1) if isinstance(rate, float) else EMPTY


def _told(records: Sequence[Record], blocks: Sequence[Block], exhibit: Mapping[str, Any], language: str) -> list[str]:
    rows = [item.row for block in blocks for item in block.rows]
    draws = max((int(str(row["draws"])) for row in rows), default=1)
    error = 100 * math.sqrt(0.95 * 0.05 / draws)
    told = [say(f"{exhibit['kind']} note", language, draws=draws, error=f"{error:.1f}")]
    told += [say("validation mean note", language)] if exhibit["kind"] == "coverage" else []
    told += reasons_told(records, exhibit, language)
    if any(item.mark == UNEXPLAINED for block in blocks for item in block.rows):
        chance = 2 * NormalDist().cdf(-2 / error)
        told.append(say("validation unexplained", language, chance=f"{100 * chance:.0f}"))
    return told


def recovery_table(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> Table:
    """Set what is true in the simulated raw files beside what the workflow makes of them."""
    groups = tuple(
        group
        for group in (
            _recovered(records, "quality", exhibit, language),
            _recovered(records, "cities", exhibit, language),
            _effects(records, exhibit, language),
        )
        if group
    )
    columns = ("n", "correlation", "slope", "truth", "estimate", "se", "distance")
    return Table(
        kind="recovery",
        language=language,
        title=text_of(exhibit.get("title"), language),
        stub=say("recovered", language),
        heads=(tuple(Head(say(f"recovery {name}", language)) for name in columns),),
        groups=groups,
        notes=notes([say("recovery note", language)], records, exhibit, language),
        columns=columns,
        simulated=True,
    )


def _rows(records: Sequence[Record], curve: str) -> list[dict[str, Any]]:
    return [dict(row) for record in records for row in record.curves.get(curve, [])]


def _recovered(records: Sequence[Record], curve: str, exhibit: Mapping[str, Any], language: str) -> tuple[Row, ...]:
    """Return rows with a correlation and a slope of estimates on what is true."""
    found = _rows(records, curve)
    if not found:
        return ()
    heading = Row(say(f"recovery {curve}", language), (EMPTY,) * 7, curve, curve)
    body = [
        Row(
            _name(curve, str(row["name"]), exhibit, language),
            (_number(row["n"], 0), _number(row["correlation"], 3), _number(row["slope"], 3), *(EMPTY,) * 4),
            str(row["name"]),
            curve,
        )
        for row in found
    ]
    return (heading, *body)


def _name(curve: str, name: str, exhibit: Mapping[str, Any], language: str) -> str:
    if curve == "quality":
        return say(f"quality {name}", language)
    labels = exhibit.get("labels") or {}
    return text_of(labels[name], language) if name in labels else name


def _effects(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> tuple[Row, ...]:
    found = _rows(records, "effects")
    if not found:
        return ()
    heading = Row(say("recovery effects", language), (EMPTY,) * 7, "effects", "effects")
    body = [
        Row(
            text_of(exhibit["effects"][row["name"]]["label"], language),
            (
                _number(row["n"], 0), EMPTY, EMPTY, _number(row["truth"], DIGITS), _number(row["estimate"], DIGITS),
                _number(row["se"], DIGITS), _number(row["distance"], 2),
            ),
            str(row["name"]),
            "effect",
        )
        for row in found
    ]  # fmt: skip
    return (heading, *body)
