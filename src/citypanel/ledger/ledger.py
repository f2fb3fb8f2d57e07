"""The ledger's two jobs: compare a study and write its files; join the studies on one page."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from citypanel.errors import InputError
from citypanel.ledger.audit import CLAIMS_FILE
from citypanel.ledger.claims import Claims, read_claims
from citypanel.ledger.compare import Ledger, compare_study
from citypanel.ledger.ledger_files import (
    sheet_csv,
    sheet_name,
    sheet_record,
    study_record,
    summary_csv,
    to_json,
)
from citypanel.ledger.ledger_pages import (
    overview_html,
    overview_tex,
    sheet_html,
    sheet_tex,
    summary_html,
    summary_tex,
)
from citypanel.ledger.messages import LANGUAGES
from citypanel.ledger.printed import read_cells
from citypanel.ledger.report import write_text
from citypanel.result import Record

SUMMARY = "summary"


def study_ledger(
    declared: Mapping[str, Any],
    printed: Sequence[Path],
    records: Sequence[Path],
    variants: Sequence[Path],
    *,
    audit: Path,
    calibrated: Iterable[str],
) -> Ledger:
    """Read printed cells and records, and compare them.

    Parameters
    ----------
    declared : mapping
        As `declare.printed.ledger_slice` returns it.
    printed : paths
        The study's printed tables and claims.
    records, variants : paths
        Records of the exhibits' analyses, and of the variants of these analyses.
    audit : path
        The audit's JSON, for the conventions it inferred.
    calibrated : iterable of str
        Printed files that the sample was constructed from.
    """
    tables = {path.name: read_cells(path) for path in printed if path.name != CLAIMS_FILE}
    claims = next((read_claims(path)[0] for path in printed if path.name == CLAIMS_FILE), Claims())
    found = json.loads(audit.read_text(encoding="utf-8"))["findings"]
    return compare_study(
        declared,
        tables,
        claims,
        {path.stem: read_record(path) for path in records},
        variants={path.stem.partition("~")[0]: read_record(path) for path in variants},
        calibrated=calibrated,
        candidates=[
            {key: finding[key] for key in ("study", "table", "column", "row", "rule")} | {"convention": k, "value": v}
            for finding in found
            for k, v in finding["infers"].items()
        ],
    )


def read_record(path: Path) -> Record:
    """Read a result record."""
    return Record.from_json(path.read_text(encoding="utf-8"))


def write_ledger(ledger: Ledger, folder: Path) -> list[Path]:
    """Write the files of every table and the summary; equal ledgers give equal bytes.

    Returns
    -------
    list of Path
        NAME.csv, NAME.json, NAME_LANG.html and NAME_LANG.tex for each table, and for `summary`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    contents: dict[str, str] = {}
    for sheet in ledger.sheets:
        name = sheet_name(sheet)
        contents[f"{name}.csv"] = sheet_csv(sheet, ledger.study)
        contents[f"{name}.json"] = to_json(sheet_record(sheet, ledger.study))
        for language in LANGUAGES:
            contents[f"{name}_{language}.html"] = sheet_html(ledger, sheet, language)
            contents[f"{name}_{language}.tex"] = sheet_tex(ledger, sheet, language)
    summary = study_record(ledger)
    contents[f"{SUMMARY}.csv"] = summary_csv(summary["exhibits"], ("name", "published"))
    contents[f"{SUMMARY}.json"] = to_json(summary)
    for language in LANGUAGES:
        contents[f"{SUMMARY}_{language}.html"] = summary_html(ledger, language)
        contents[f"{SUMMARY}_{language}.tex"] = summary_tex(ledger, language)
    return [write_text(folder / name, text) for name, text in contents.items()]


def write_overview(summaries: Sequence[Path], outputs: Sequence[Path]) -> None:
    """Write one page for all studies from their summaries, in the formats and languages of the outputs."""
    studies = [json.loads(path.read_text(encoding="utf-8")) for path in summaries]
    contents = {"csv": summary_csv(studies, ("study",)), "json": to_json({"schema": 1, "studies": studies})}
    for path in outputs:
        form, language = path.suffix[1:], path.stem.rpartition("_")[2]
        pages = {
            "html": lambda one: overview_html(studies, one),
            "tex": lambda one: overview_tex(studies, one),
        }
        if form not in (*contents, *pages):
            raise InputError(f"{path}: format '{form}' is unknown; allowed: csv, json, html, tex")
        write_text(path, contents[form] if form in contents else pages[form](language))
