"""The ledger as data: CSV and JSON of a table, of a study, and of all studies."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from citypanel import __version__
from citypanel.ledger.compare import Entry, Ledger, Sheet, count
from citypanel.ledger.matching import Said, Unmatched
from citypanel.ledger.messages import LANGUAGES, remedy
from citypanel.ledger.ours import Spot
from citypanel.ledger.reasons import chosen, reason, search_text
from citypanel.ledger.report import spreadsheet_safe
from citypanel.ledger.wording_ledger import VERDICT_NAMES

SCHEMA = 1
BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"  # so that spreadsheets read the Chinese


def entry_record(entry: Entry, sheet: Sheet) -> dict[str, Any]:
    """Return one cell as JSON knows it: printed, ours, verdict, arithmetic, search, reasons."""
    cell, comparison, search = entry.cell, entry.comparison, entry.search
    number = cell.number.value if cell.number else None
    return {
        "table": cell.table,
        "column": cell.column,
        "row": cell.row,
        "statistic": cell.statistic,
        "printed": cell.text,
        "printed_stars": cell.stars,
        "ours": comparison.text if comparison else entry.target.ours if isinstance(entry.target, Said) else None,
        "ours_full": number + comparison.difference if comparison and number is not None else None,
        "our_stars": entry.stars,
        "stars_differ": entry.stars_differ,
        "ours_at": str(entry.target) if isinstance(entry.target, Spot) else None,
        "unmatched": entry.target.what if isinstance(entry.target, Unmatched) else None,
        "verdict": entry.verdict,
        "same_digits": comparison.same if comparison else None,
        "difference": comparison.difference if comparison else None,
        "last_digits": comparison.digits if comparison else None,
        "printed_errors": comparison.errors if comparison else None,
        "printed_interval": list(comparison.printed_interval) if comparison and comparison.printed_interval else None,
        "our_interval": list(comparison.our_interval) if comparison and comparison.our_interval else None,
        "tried": search.tried if search else None,
        "different": len(search.different) if search else None,
        "expected_by_chance": search.expected if search else None,
        "hits": list(search.hits) if search else [],
        "simulated": sheet.origin.simulated,
        "reason": {language: reason(entry, sheet, language) for language in LANGUAGES},
        "search": {language: search_text(entry, language) for language in LANGUAGES},
        "file": cell.file,
        "line": cell.line,
    }


def sheet_record(sheet: Sheet, study: str) -> dict[str, Any]:
    """Return the ledger of a table as JSON knows it."""
    return {
        "schema": SCHEMA,
        "study": study,
        **sheet_summary(sheet),
        "entries": [entry_record(entry, sheet) for entry in sheet.entries],
        "conventions": [vars(convention) for convention in sheet.conventions],
        "candidates": [
            dict(zip(("column", "rule", "convention", "value"), given, strict=True)) for given in sheet.candidates
        ],
        "versions": {"citypanel": __version__},
    }


def sheet_summary(sheet: Sheet) -> dict[str, Any]:
    """Return what a summary says of a table."""
    return {
        "exhibit": sheet.exhibit,
        "name": sheet_name(sheet),
        "title": dict(sheet.title),
        "published": sheet.published,
        "simulated": sheet.origin.simulated,
        "calibrated": sheet.origin.calibrated,
        "sources": list(sheet.sources),
        "cells": len(sheet.entries),
        "counts": sheet.counts,
        "stars_differ": sum(entry.stars_differ for entry in sheet.entries),
        "may_be_chance": sum(entry.may_be_chance for entry in sheet.entries),
        "problems": [{language: remedy(problem, language) for language in LANGUAGES} for problem in sheet.problems],
    }


def study_record(ledger: Ledger) -> dict[str, Any]:
    """Return the summary of a study."""
    sheets = [sheet_summary(sheet) for sheet in ledger.sheets]
    return {
        "schema": SCHEMA,
        "study": ledger.study,
        "title": dict(ledger.title),
        "simulated": ledger.simulated,
        "cells": len(ledger.entries),
        "counts": count(ledger.entries),
        "stars_differ": sum(sheet["stars_differ"] for sheet in sheets),
        "exhibits": sheets,
        "versions": {"citypanel": __version__},
    }


def sheet_name(sheet: Sheet) -> str:
    """Return the name of a table's files: the exhibit's, else that of the printed file."""
    return sheet.exhibit or sheet.published.removesuffix(".csv")


def to_json(record: Mapping[str, Any]) -> str:
    """Return a record as JSON text."""
    return json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def sheet_csv(sheet: Sheet, study: str) -> str:
    """Return one line per printed cell."""
    records = [_flat(entry_record(entry, sheet)) for entry in sheet.entries]
    fields = ("study", "exhibit", *_flat(entry_record(sheet.entries[0], sheet))) if records else ("study", "exhibit")
    return _csv(fields, [(study, sheet_name(sheet), *record.values()) for record in records])


def _flat(record: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, dict):
            flat |= {f"{key}_{language}": text for language, text in value.items()}
        elif key.endswith("_interval"):
            low, high = value or (None, None)
            flat |= {f"{key}_low": low, f"{key}_high": high}
        else:
            flat[key] = "; ".join(f"{item}" for item in value) if isinstance(value, list) else value
    return flat


def summary_csv(records: Sequence[Mapping[str, Any]], names: Sequence[str]) -> str:
    """Return one line per table or study, a column per verdict.

    Parameters
    ----------
    records : summaries of tables, or of studies.
    names : keys that say which; they open the line.
    """
    verdicts = [chosen(VERDICT_NAMES[name], "en").replace(" ", "_").replace(",", "") for name in VERDICT_NAMES]
    lines = [
        (
            *(record[name] for name in names),
            record["simulated"],
            record["cells"],
            *record["counts"].values(),
            record["stars_differ"],
        )
        for record in records
    ]
    return _csv((*names, "simulated", "cells", *verdicts, "stars_differ"), lines)


def _csv(fields: Iterable[str], lines: Iterable[Sequence[Any]]) -> str:
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(fields)
    writer.writerows([[_plain(value) for value in line] for line in lines])
    return BYTE_ORDER_MARK + target.getvalue()


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value)
    return spreadsheet_safe(value) if isinstance(value, str) and not _is_number(value) else value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
