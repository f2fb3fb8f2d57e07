"""Where a printed number comes from: cell, record, specification, panel rows, indicators, raw files and rows."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from citypanel.canonical import read_frame, read_origin
from citypanel.columns import matching_rows, parse_where
from citypanel.declare.formula import Term, parse_formula, parse_terms
from citypanel.errors import DeclarationError, InputError
from citypanel.package.cells import Cell, Place, find_cells, find_place, read_record
from citypanel.package.lineage import Lineage, read_lineage
from citypanel.package.reads import steps_of_term
from citypanel.package.why_sources import (
    Document,
    Traced,
    pair_files,
    raw_files,
    variables_behind,
    whole_files,
    whole_table,
)
from citypanel.receipts import Receipt
from citypanel.result import plain

LANGUAGES = ("en", "zh")
PANEL_KEYS = ("city", "year", "province")
_ONE_BY_ONE = ("describe", "correlate")  # methods that treat each variable by itself
_SHOWN = ("method", "formula", "vcov", "where", "weights", "winsorise", "seed", "options")


def why(study: str, exhibit: str, column: str, row: str, *, root: Path, results: str = "results") -> Document:
    """Trace the numbers of an exhibit at a column and a row back to the raw files.

    Parameters
    ----------
    study, exhibit : as declared.
    column, row : as `cells.find_cells` takes them.
    root : Path
        The checkout in which snakemake ran.
    results : str
        Where the results lie, relative to `root`.

    Returns
    -------
    dict
        `cells`, each with value and place in its record; `record`, `specification`, `panel`, `variables`, `raw`,
        `jobs` (rule, script and code fingerprint of each step) and `licences`.

    Raises
    ------
    InputError
        No such study, exhibit, column or row; or a file on the way was changed after its job.
    """
    lineage = read_lineage(Path(results) / "logs", root)
    job, files = _exhibit(lineage, study, exhibit, results)
    cells, shown = _cells(files, column, row, root)
    records = [path for path in job.inputs if "/estimates/" in path and path.endswith(".json")]
    for path in (*files, *records):
        _unchanged(lineage, path)
    documents = [read_record(root / path) for path in records]
    places = [find_place(cell, documents) for cell in cells]
    found: Document = {
        "study": study,
        "exhibit": exhibit,
        "file": shown,
        "sha256": job.outputs[shown],
        "cells": [_cell(cell, place, records) for cell, place in zip(cells, places, strict=True)],
    }
    place = next((place for place in places if place is not None), None)
    estimate = lineage.require(records[place.record]) if place else None
    if place and estimate:
        found |= _estimated(lineage, estimate, records[place.record], documents[place.record], place, cells[0])
    else:
        found |= _shown(lineage, job, cells[0], root / shown)
    return {**found, "jobs": _jobs(lineage, shown), "licences": _licences(lineage, shown)}


def _exhibit(lineage: Lineage, study: str, exhibit: str, results: str) -> tuple[Receipt, list[str]]:
    """Return the job that rendered an exhibit, and its CSV in each language."""
    made = {
        (job.wildcards.get("study"), job.wildcards["exhibit"]): job
        for job in lineage.receipts
        if "exhibit" in job.wildcards
    }
    if (study, exhibit) not in made:
        known = sorted(name for owner, name in made if owner == study)
        studies = ", ".join(sorted({str(owner) for owner, _ in made})) or "none"
        what = f"study {study} has no exhibit '{exhibit}'; it has {', '.join(known)}"
        raise InputError(what if known else f"study '{study}' has no results in {results}; there are {studies}")
    job = made[study, exhibit]
    return job, [path for path in job.outputs if path.endswith(".csv")]


def _cells(files: list[str], column: str, row: str, root: Path) -> tuple[list[Cell], str]:
    """Return the cells and their file, in the first language whose labels fit."""
    fault: InputError | None = None
    for path in files:
        try:
            return find_cells(root / path, path, column, row), path
        except InputError as error:
            fault = fault or error
    raise fault or InputError("the exhibit has no CSV; ask for its numbers with csv among its formats")


def _unchanged(lineage: Lineage, path: str) -> None:
    job = lineage.require(path)
    if not (lineage.root / path).is_file() or lineage.hash_now(path) != job.outputs[path]:
        raise InputError(f"{path} was changed after rule {job.rule} wrote it; delete it and run snakemake again")


def _cell(cell: Cell, place: Place | None, records: list[str]) -> Document:
    held = {} if place is None else {"record": records[place.record], "pointer": place.pointer}
    value = float(cell.value) if place is not None else cell.value or None
    return {
        "line": cell.line,
        "row": cell.keys[0],
        "column": cell.column,
        "statistic": cell.statistic,
        "value": value,
        "printed": cell.printed,
        **held,
    }


def _estimated(  # noqa: PLR0917 - what was found so far
    lineage: Lineage, job: Receipt, path: str, record: Mapping[str, Any], place: Place, cell: Cell
) -> Document:
    """Return record, specification, panel and sources of a number that an estimate left."""
    position = max(place.column, 0)
    result = record["columns"][position]
    specification = _specification(job, result, position)
    panel_path = next(name for name in job.inputs if name.endswith("/panel.parquet"))
    _unchanged(lineage, panel_path)
    panel = read_frame(lineage.root / panel_path)
    terms = _terms(str(specification["formula"]))
    names = list(dict.fromkeys(name for term in terms for name in term.names()))
    others = [name for name in _named(specification, panel.columns) if name not in names]
    if specification["method"] in _ONE_BY_ONE:
        names = [name for name in names if name in (*cell.keys, cell.column)] or names
    count = int(result["n"] if place.n is None else place.n)
    used = _used_rows(panel, specification, names, count, (result["column"], *cell.keys))
    keys = _with_lags(used[["city", "year"]], terms)
    traced = Traced(lineage, lineage.require(panel_path), keys)
    variables = variables_behind(traced, [name for name in (*names, *others) if name not in PANEL_KEYS])
    return {
        "record": {"file": path, "sha256": job.outputs[path], "column": result["column"], "n": result["n"]},
        "specification": {**specification, "variance": result["vcov"], "sample": record["sample"]},
        "panel": _panel(traced, panel_path, used[list(dict.fromkeys(["city", "year", *names]))], count),
        "variables": [{**item, "whole_table": True} if whole_table(item) else item for item in variables],
        "weights": _weights(job, specification),
        "raw": list(raw_files(variables)),
    }


def _weights(job: Receipt, specification: Document) -> list[Document]:
    """Return the weights matrix that a specification names."""
    ending = f"/weights/{specification.get('options', {}).get('w')}.csv"
    return [{"file": name, "sha256": job.inputs[name]} for name in job.inputs if name.endswith(ending)]


def _named(specification: Document, columns: Iterable[str]) -> list[str]:
    """Return the columns that a specification names beside its formula: covariates, groups, conditions, weights."""
    known = set(columns)
    conditions = [item.column for item in parse_where(str(specification["where"]))] if "where" in specification else []
    named = [*conditions, *_texts([specification.get(key) for key in ("weights", "options")])]
    return [name for name in dict.fromkeys(named) if name in known]


def _texts(node: Any) -> Iterator[str]:
    """Yield every column that a text inside options may name, as terms of a formula or by itself."""
    if isinstance(node, str):
        with suppress(DeclarationError):
            yield from (name for term in parse_terms(node) for name in term.names())
    elif isinstance(node, (list, tuple)):
        for item in node:
            yield from _texts(item)
    elif isinstance(node, dict):
        yield from _texts(list(node.values()))


def _specification(job: Receipt, result: Mapping[str, Any], position: int) -> Document:
    """Return the declared column behind a column of the record."""
    columns = job.params["analysis"]["columns"]
    matching = [column for column in columns if column["formula"] == result.get("formula")]
    chosen = columns[position] if position < len(columns) else (matching or columns)[0]
    return {key: chosen[key] for key in _SHOWN if chosen.get(key) not in (None, [], {}, "")}


def _terms(formula: str) -> list[Term]:
    if "~" not in formula:
        return list(parse_terms(formula))
    parsed = parse_formula(formula)
    effects = [term for name in parsed.effects for part in name for term in parse_terms(part)]
    return [parsed.outcome, *parsed.regressors, *parsed.endogenous, *parsed.instruments, *effects]


def _used_rows(
    panel: pd.DataFrame, specification: Document, names: list[str], count: int, labels: tuple[str, ...]
) -> pd.DataFrame:
    """Return the panel's rows that meet the condition and miss no variable; one period where a label is one."""
    kept = matching_rows(panel, specification.get("where"))
    kept &= panel[names].notna().all(axis=1).to_numpy(dtype=np.bool_)
    rows = panel[kept]
    years = {text for text in labels if text.isdigit() and int(text) in set(rows["year"])}
    if count != len(rows) and len(years) == 1:
        return rows[rows["year"] == int(next(iter(years)))]
    return rows


def _with_lags(keys: pd.DataFrame, terms: list[Term]) -> pd.DataFrame:
    """Return the cells that are read: those of earlier and later years where a term is shifted."""
    backs = {0, *(back for term in terms for _, back in steps_of_term(term))}
    years = {step for back in backs for step in range(min(back, 0), max(back, 0) + 1)}
    return pd.concat([keys.assign(year=keys["year"] - back) for back in sorted(years)]).drop_duplicates()


def _panel(traced: Traced, path: str, used: pd.DataFrame, estimated: int) -> Document:
    cities, years = sorted(used["city"].unique()), sorted(used["year"].unique())
    return {
        "file": path,
        "sha256": traced.panel.outputs[path],
        "rows": len(used),
        "rows_estimated": estimated,
        "cities": [int(code) for code in cities],
        "years": [int(years[0]), int(years[-1])] if years else [],
        "rule": traced.panel.rule,
        "code": traced.panel.code,
        "values": plain(used),
    }


def _shown(lineage: Lineage, job: Receipt, cell: Cell, file: Path) -> Document:
    """Return what an exhibit shows that is no estimate: the files it reads, and the raw files behind them.

    A pair of cities leads to the patents of both; all else to whole files.
    """
    behind = [path for path in job.inputs if lineage.wrote(path)]
    pairs = [path for path in behind if path.endswith(".pairs.parquet")]
    row = _line(file, cell)
    if pairs and {"city_i", "city_j", "year"} <= set(row):
        raw = pair_files(lineage, pairs[0], (int(row["city_i"]), int(row["city_j"])), int(row["year"]))
    else:
        raw = whole_files(lineage, behind)
    return {"shows": [{"file": path, "sha256": job.inputs[path]} for path in behind], "raw": raw}


def _line(file: Path, cell: Cell) -> dict[str, str]:
    """Return the line of an exhibit's CSV that holds a cell."""
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))[cell.line - 2]


def _jobs(lineage: Lineage, path: str) -> list[Document]:
    """Return the jobs behind a file, sources first."""
    return [
        {"rule": job.rule, "script": job.script, "code": job.code, "wrote": next(iter(job.outputs))}
        for job in lineage.upstream([path])
    ]


def _licences(lineage: Lineage, path: str) -> list[str]:
    tables = [name for job in lineage.upstream([path]) for name in job.outputs if "/canonical/" in name]
    origins = [read_origin(lineage.root / name) for name in tables]
    return sorted({licence for origin in origins for licence in origin.licences})
