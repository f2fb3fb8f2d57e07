"""The ledger of a run as lines in a terminal."""

import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from citypanel.errors import InputError
from citypanel.ledger.ledger import SUMMARY
from citypanel.ledger.ledger_pages import statistic_name
from citypanel.ledger.messages import Language
from citypanel.ledger.reasons import chosen
from citypanel.ledger.verdicts import VERDICTS
from citypanel.ledger.wording_ledger import SIGNS, TEXTS, VERDICT_NAMES

Sheet = Mapping[str, Any]


def read_ledger(results: Path, study: str) -> list[Sheet]:
    """Read the ledger of a study that a run has written.

    Raises
    ------
    InputError
        There is none; the line says which studies have one and what makes it.
    """
    folder = results / study / "ledger"
    summary = folder / f"{SUMMARY}.json"
    if not summary.is_file():
        there = sorted(path.parent.parent.name for path in results.glob(f"*/ledger/{SUMMARY}.json"))
        known = f"; there are ledgers of {', '.join(there)}" if there else ""
        raise InputError(f"{summary}: not there{known}; make it: snakemake --cores 1 --config studies={study} ledgers")
    names = [sheet["name"] for sheet in json.loads(summary.read_text(encoding="utf-8"))["exhibits"]]
    return [json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in names]


def chosen_sheets(sheets: Sequence[Sheet], *, exhibit: str | None, verdict: str | None) -> list[Sheet]:
    """Return the sheets of one exhibit, or of all, with the cells of one verdict, or of all.

    Raises
    ------
    InputError
        There is no such exhibit or verdict; the line lists what there is.
    """
    names = [sheet["name"] for sheet in sheets]
    if exhibit is not None and exhibit not in names:
        raise InputError(f"--exhibit '{exhibit}' is none of the ledger; there are {', '.join(names)}")
    if verdict is not None and verdict not in VERDICTS:
        raise InputError(f"--verdict '{verdict}' is unknown; allowed: {', '.join(VERDICTS)}")
    return [
        {**sheet, "entries": [entry for entry in sheet["entries"] if verdict in (None, entry["verdict"])]}
        for sheet in sheets
        if exhibit in (None, sheet["name"])
    ]


def lines_of(sheets: Sequence[Sheet], language: Language) -> Iterator[str]:
    """Yield a heading and a line per cell for each table, then the counts of verdicts."""
    for sheet in sheets:
        if not sheet["entries"] and not sheet["problems"]:
            continue
        mark = f" [{chosen(TEXTS['simulated'], language)}]" if sheet["simulated"] else ""
        title = sheet["title"].get(language, "")
        yield f"{sheet['name']}: {title}{mark}" if sheet["exhibit"] else f"{sheet['published']}{mark}"
        yield from (f"  {problem[language]}" for problem in sheet["problems"])
        yield from _aligned([_fields(entry, language) for entry in sheet["entries"]])
        yield ""
    yield counts_line([entry for sheet in sheets for entry in sheet["entries"]], language)
    if any(sheet["simulated"] for sheet in sheets):
        yield chosen(TEXTS["notice"], language)


def counts_line(entries: Sequence[Mapping[str, Any]], language: Language) -> str:
    """Return how many cells have each verdict, and in how many the stars differ."""
    given = [entry["verdict"] for entry in entries]
    parts = [f"{given.count(name)} {chosen(VERDICT_NAMES[name], language)}" for name in VERDICTS if name in given]
    differ = sum(entry["stars_differ"] for entry in entries)
    parts += [f"{differ} {chosen(TEXTS['stars differ'], language).lower()}"] if differ else []
    between = {"en": ", ", "zh": "，"}[language]
    heading = f"{len(entries)} {chosen(TEXTS['cells'], language).lower()}{chosen(TEXTS['colon'], language)}"
    return f"{heading}{between.join(parts)}"


def _fields(entry: Mapping[str, Any], language: Language) -> list[str]:
    statistic = statistic_name(entry["statistic"], language)
    name = f"{entry['row']} {statistic}".strip()
    stars = [entry["printed_stars"] or 0, entry["our_stars"] or 0]
    ours = chosen(TEXTS[entry["ours"]], language) if entry["ours"] in ("yes", "no") else entry["ours"] or ""
    return [
        entry["column"],
        name,
        f"{entry['printed']}{'*' * stars[0]}",
        f"{SIGNS[entry['verdict']]} {ours}{'*' * stars[1]}".strip(),
        chosen(TEXTS["colon"], language).join(
            [chosen(VERDICT_NAMES[entry["verdict"]], language), entry["reason"][language]]
        ),
    ]


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield rows with their columns below one another; a Chinese character takes two places."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [f"{text}{' ' * (width - _width(text))}" for text, width in zip(row[:-1], widths, strict=False)]
        yield "  ".join(["", *cells, row[-1]]).rstrip()


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
