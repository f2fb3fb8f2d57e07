"""The audit of printed tables alone: 44 rules over the cells and claims of each study."""

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from citypanel.errors import InputError
from citypanel.ledger import (
    rules_cells,
    rules_constants,
    rules_counts,
    rules_designs,
    rules_fit,
    rules_moments,
    rules_spatial,
    rules_text,
)
from citypanel.ledger.claims import FIELDS as CLAIM_FIELDS
from citypanel.ledger.claims import Claim, Claims, of_study, read_claims
from citypanel.ledger.findings import Finding, Judge, Place
from citypanel.ledger.messages import sentence
from citypanel.ledger.own_tables import is_own, own_cells
from citypanel.ledger.printed import Cell, natural, read_cells, studies_of

Rule = Callable[[tuple[Cell, ...], Claims], list[Finding]]
# In the order of the rule book, by section.
RULES: dict[str, Rule] = {
    "stars": rules_cells.stars,
    "parentheses": rules_cells.parentheses,
    "triple": rules_cells.triple,
    "implied_se": rules_cells.implied_se,
    "duplicate": rules_cells.duplicate,
    "jump": rules_cells.jump,
    "adj_r2": rules_fit.adj_r2,
    "f_r2": rules_fit.f_r2,
    "one_regressor": rules_fit.one_regressor,
    "f_rank": rules_fit.f_rank,
    "r2_order": rules_fit.r2_order,
    "constant": rules_constants.constant,
    "dummy_moments": rules_constants.dummy_moments,
    "n_cells": rules_counts.n_cells,
    "n_split": rules_counts.n_split,
    "n_lag": rules_counts.n_lag,
    "n_columns": rules_counts.n_columns,
    "event_support": rules_counts.event_support,
    "placebo_count": rules_counts.placebo_count,
    "cohorts": rules_counts.cohorts,
    "moments": rules_moments.moments,
    "units": rules_moments.units,
    "r_stars": rules_moments.r_stars,
    "psd": rules_moments.psd,
    "vif": rules_moments.vif,
    "ols_from_moments": rules_moments.ols_from_moments,
    "lm_identity": rules_spatial.lm_identity,
    "effects_sum": rules_spatial.effects_sum,
    "effects_total": rules_spatial.effects_total,
    "effects_sign": rules_spatial.effects_sign,
    "sigma2_z": rules_spatial.sigma2_z,
    "moran_years": rules_spatial.moran_years,
    "test_ladder": rules_spatial.ladder_of_tests,
    "first_stage": rules_designs.first_stage,
    "iv_ratio": rules_designs.iv_ratio,
    "iv_design": rules_designs.iv_design,
    "gmm_tests": rules_designs.gmm_tests,
    "group_difference": rules_designs.group_difference,
    "treatment_window": rules_designs.treatment_window,
    "circular": rules_designs.circular,
    "text_level": rules_text.text_level,
    "variables_closed": rules_text.variables_closed,
    "labels": rules_text.captions,
    "claims": rules_text.stated_claims,
}
CLAIMS_FILE = "claims.csv"


def audit_cells(cells: Sequence[Cell], claims: Iterable[Claim] = ()) -> list[Finding]:
    """Apply every rule to the cells and claims of each study.

    A rule that meets nothing it knows answers once that it is not checkable; no kind of table raises.
    """
    given = tuple(claims)
    studies = studies_of(cells) or tuple(dict.fromkeys(claim.study for claim in given))
    found: list[Finding] = []
    for study in studies:
        mine = tuple(cell for cell in cells if cell.study == study)
        said = of_study(given, study)
        for key, rule in RULES.items():
            found.extend(_applied(key, rule, mine, said))
    return found


def _applied(key: str, rule: Rule, cells: tuple[Cell, ...], claims: Claims) -> list[Finding]:
    """Apply one rule; a fault of the rule is told in its line and costs the other rules nothing."""
    place = Place(cells[0].study if cells else next((claim.study for claim in claims), ""))
    try:
        return rule(cells, claims) or [Judge(key).missing(place, f"rule_{key}")]
    except (ArithmeticError, ValueError, LookupError, np.linalg.LinAlgError) as error:
        fault = Judge("reading")("not checkable", place, "fault", fault=f"{type(error).__name__}: {error}")
        return [replace(fault, rule=key)]


def read_folder(path: Path, claims: Path | None = None) -> tuple[tuple[Cell, ...], Claims, list[Finding]]:
    """Read printed cells and claims of a folder or of one CSV; lines that cannot be used are findings.

    Raises
    ------
    InputError
        The path does not exist, holds no CSV, or no cell and no claim can be used at all.
    """
    if not path.exists():
        raise InputError(f"{path}: there is no such file or folder")
    if claims is not None and not claims.is_file():
        raise InputError(f"{claims}: there is no such file")
    files = sorted(path.glob("*.csv"), key=lambda file: natural(file.name)) if path.is_dir() else [path]
    if not files:
        raise InputError(f"{path}: holds no CSV of printed cells; `citypanel audit --template {path}` writes one")
    beside = (path if path.is_dir() else path.parent) / CLAIMS_FILE
    if claims is None and beside.is_file():
        claims = beside
    problems: list[Finding] = []
    cells: dict[tuple[str, str, str, str, str], Cell] = {}
    for file in files:
        if file.name == CLAIMS_FILE or (claims is not None and file.resolve() == claims.resolve()):
            continue
        for cell in _of_file(file, problems):
            first = cells.setdefault((cell.study, cell.table, cell.column, cell.row, cell.statistic), cell)
            if first is not cell:
                problems.append(_twice(first, cell))
    said, unread = read_claims(claims) if claims is not None else (Claims(), [])
    if not cells and not said:
        lines = "; ".join(sentence(problem, "en") for problem in (problems + unread)[:1]) or "no rows"
        raise InputError(f"{path}: no printed cell can be used ({lines})")
    return tuple(cells.values()), said, problems + unread


def _of_file(file: Path, problems: list[Finding]) -> tuple[Cell, ...]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle)
            if is_own(reader.fieldnames or ()):
                return own_cells(file, [(reader.line_num, row) for row in reader])
    except (OSError, UnicodeDecodeError, csv.Error, ValueError):
        # the reader of printed cells tells what is wrong with the file
        pass
    cells, unread = read_cells(file)
    problems.extend(unread)
    return cells


def _twice(first: Cell, cell: Cell) -> Finding:
    found = f"{first.file} line {first.line}: {first.printed} there, {cell.printed} here"
    return Finding(
        "reading",
        "not checkable",
        cell.place,
        printed=cell.printed,
        message="reading.twice",
        values=(("file", cell.file), ("line", str(cell.line)), ("found", found)),
        inputs=(f"{cell.file}:{cell.line}",),
    )


def audit_folder(folder: Path, claims: Path | None = None) -> list[Finding]:
    """Audit a folder (or one CSV) of printed cells; `claims.csv` beside them is used where none is named."""
    cells, said, problems = read_folder(folder, claims)
    return problems + audit_cells(cells, said)


def conventions(findings: Iterable[Finding]) -> list[dict[str, str]]:
    """Return the conventions that rules inferred, as candidates for the ledger's convention search."""
    return [
        {
            "study": f.place.study,
            "table": f.place.table,
            "column": f.place.column,
            "row": f.place.row,
            "rule": f.rule,
            "convention": name,
            "value": value,
        }
        for f in findings
        for name, value in f.infers
    ]


__all__ = ["CLAIM_FIELDS", "RULES", "audit_cells", "audit_folder", "conventions", "read_folder"]
