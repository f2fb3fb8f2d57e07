"""A template for the printed tables and claims of a new paper."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from citypanel.errors import InputError
from citypanel.ledger.claims import FIELDS as CLAIM_FIELDS
from citypanel.ledger.claims import KINDS
from citypanel.ledger.printed import FIELDS
from citypanel.ledger.report import write_text

# One small table of each kind; statistic says what a value is.
_CELLS = {
    "table1.csv": (
        ("1", "Obs", "quality", "value", "410", ""),
        ("1", "Mean", "quality", "value", "0.512", ""),
        ("1", "SD", "quality", "value", "0.101", ""),
        ("1", "Min", "quality", "value", "0.110", ""),
        ("1", "Max", "quality", "value", "0.893", ""),
    ),
    "table2.csv": (
        ("2", "quality", "quality", "pearson_r", "1", ""),
        ("2", "quality", "did", "pearson_r", "0.2101", "***"),
        ("2", "did", "did", "pearson_r", "1", ""),
    ),
    "table3.csv": (
        ("3", "(1)", "dep_var", "info", "quality", ""),
        ("3", "(1)", "did", "coef", "0.036", "***"),
        ("3", "(1)", "did", "paren", "7.04", ""),
        ("3", "(1)", "_cons", "coef", "0.258", "***"),
        ("3", "(1)", "_cons", "paren", "95.40", ""),
        ("3", "(1)", "Year FE", "info", "Yes", ""),
        ("3", "(1)", "City FE", "info", "Yes", ""),
        ("3", "(1)", "N", "stat", "410", ""),
        ("3", "(1)", "R-squared", "stat", "0.915", ""),
    ),
}
_STATISTICS = (
    "coef; paren (what stands in parentheses, if the note does not say), se, t, z, p, ci_low, ci_high; "
    "stat (N, R-squared, r2_a, F, AR(1) ...); info (Yes/No, dep_var); value (descriptive tables: "
    "column is the moment); "
    "pearson_r; moran_I; chi2 (tests); effect (Direct, Indirect, Total); text; note; caption"
)


def template_files(study: str) -> dict[str, str]:
    """Return name and text of each file: three small tables, and one line of each kind of claim."""
    files = {name: _table(FIELDS, [(study, *row) for row in rows]) for name, rows in _CELLS.items()}
    claims = [(study, f"# {kind}", "", "", "", "", said) for kind, said in KINDS.items()]
    files["claims.csv"] = _table(CLAIM_FIELDS, claims)
    files["README.md"] = (
        f"# Printed tables of {study}\n\nOne line per printed cell: {', '.join(FIELDS)}. Keep each number as printed "
        "(`.030`, a Unicode minus, an em dash for no value); stars go to `stars`.\n\n"
        f"Statistics: {_STATISTICS}.\n\nclaims.csv: what the text states, one line per statement, with the sentence's "
        "place; fill a line and remove its `#`.\n\nThen: `citypanel audit FOLDER`.\n"
    )
    return files


def _table(fields: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerows([fields, *rows])
    return target.getvalue()


def write_template(folder: Path) -> list[Path]:
    """Write the template into a folder; a file that exists is never overwritten.

    Raises
    ------
    InputError
        One of the files is there already, or the folder cannot be made.
    """
    files = template_files(folder.resolve().name)
    there = [name for name in files if (folder / name).exists()]
    if there:
        raise InputError(f"{folder}: {', '.join(there)} exist already; name another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made ({error.strerror})") from error
    return [write_text(folder / name, text) for name, text in files.items()]
