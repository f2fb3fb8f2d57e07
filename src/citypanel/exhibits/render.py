"""The two calls of the table rules: records to a table, a table to files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from citypanel.errors import DeclarationError, InputError
from citypanel.exhibits.attrition import attrition_table
from citypanel.exhibits.balance import balance_table
from citypanel.exhibits.csv_ import to_csv
from citypanel.exhibits.descriptives import correlations_table, descriptives_table
from citypanel.exhibits.files import write_bytes
from citypanel.exhibits.html import to_html
from citypanel.exhibits.latex import to_latex
from citypanel.exhibits.mediation import mediation_table
from citypanel.exhibits.moran import moran_table, spatial_lm_table
from citypanel.exhibits.regression import regression_table
from citypanel.exhibits.spatial import spatial_table
from citypanel.exhibits.table import Table
from citypanel.exhibits.validation import coverage_table, recovery_table, size_table
from citypanel.exhibits.variables import variables_table
from citypanel.exhibits.words import known_language
from citypanel.result import Record

FORMATS = ("tex", "csv", "docx", "xlsx", "html")
KINDS = {
    "regression": regression_table,
    "descriptives": descriptives_table,
    "correlations": correlations_table,
    "variables": variables_table,
    "moran": moran_table,
    "spatial_lm": spatial_lm_table,
    "spatial": spatial_table,
    "balance": balance_table,
    "attrition": attrition_table,
    "mediation": mediation_table,
    "coverage": coverage_table,
    "size": size_table,
    "recovery": recovery_table,
}
WITHOUT_RECORDS = ("variables",)


def render_table(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> Table:
    """Return the table that an exhibit declares.

    Parameters
    ----------
    records : the records of the exhibit's analyses, in its order (a `vif` record beside a `correlate` one).
    exhibit : kind, title, labels and the kind's own keys (`definitions` for the table of variables, which
        needs no record).
    language : `en` or `zh`.

    Raises
    ------
    DeclarationError
        The kind, the language, a term or a statistic is not known; the message names study, exhibit and key.
    InputError
        No record was given.
    """
    place = f"study {exhibit.get('study')}, exhibit '{exhibit.get('exhibit')}'"
    known_language(language)
    kind = str(exhibit.get("kind"))
    if kind not in KINDS:
        raise DeclarationError(f"{place}, key 'kind': '{kind}' is no table; allowed: {', '.join(KINDS)}")
    if not records and kind not in WITHOUT_RECORDS:
        raise InputError(f"{place}: no result record was given")
    return KINDS[kind](records, exhibit, language)


def write_table_files(table: Table, paths: Mapping[str, Path], *, label: str = "") -> None:
    """Write a table in the formats that are the keys of `paths`: tex, csv, docx, xlsx, html.

    All formats are rendered before the first is written. `label` is the LaTeX label.
    """
    contents = {path: _rendered(table, form, label) for form, path in paths.items()}
    for path, content in contents.items():
        write_bytes(Path(path), content)


def _rendered(table: Table, form: str, label: str) -> bytes:
    """Return a table in one format; the Office libraries are loaded only where they are needed."""
    if form == "tex":
        return to_latex(table, label).encode()
    if form == "csv":
        return to_csv(table).encode()
    if form == "html":
        return to_html(table).encode()
    if form == "xlsx":
        from citypanel.exhibits.excel import to_excel  # noqa: PLC0415 - openpyxl takes a third of a second

        return to_excel(table)
    if form == "docx":
        from citypanel.exhibits.word import to_word  # noqa: PLC0415 - so does docx

        return to_word(table)
    raise DeclarationError(f"format '{form}' is unknown; allowed: {', '.join(FORMATS)}")
