"""What each variable of a specification rests on: its declaration, its indicator, canonical tables and raw rows."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from citypanel.canonical import read_origin
from citypanel.declare.expression import names_in, parse_expression
from citypanel.errors import DeclarationError
from citypanel.package.formulas import FORMULAS, NETWORK, WHOLE_TABLE
from citypanel.package.lineage import Lineage
from citypanel.package.raw_rows import (
    RawRows,
    all_rows,
    export_rows,
    patent_rows,
    rows_of_years,
    shared,
    yearbook_rows,
)
from citypanel.receipts import Receipt

Document = dict[str, Any]


@dataclass(frozen=True)
class Traced:
    """A panel with the job that built it, and the cells of it that are asked about: `keys` has city and year."""

    lineage: Lineage
    panel: Receipt
    keys: pd.DataFrame

    @property
    def declared(self) -> Mapping[str, Any]:
        """The panel's variables as declared."""
        variables: Mapping[str, Any] = self.panel.params["declared"]["variables"]
        return variables

    def path(self, name: str) -> Path:
        """Return a file of the run."""
        return self.lineage.root / name

    def input(self, ending: str) -> str | None:
        """Return the input of the panel whose path ends so."""
        return next((path for path in self.panel.inputs if path.endswith(ending)), None)


def variables_behind(traced: Traced, names: Iterable[str]) -> list[Document]:
    """Return what the named variables rest on, those inside formulas included, each once."""
    seen: dict[str, Document] = {}

    def visit(name: str) -> None:
        if name in seen:
            return
        if name not in traced.declared:
            seen[name] = _yearbook(traced, name, name, traced.keys)
            return
        declared = traced.declared[name]
        seen[name] = _variable(traced, name, declared)
        if "formula" in declared:
            for inner in names_in(parse_expression(declared["formula"])):
                visit(inner)

    for name in names:
        visit(name)
    return list(seen.values())


def _variable(traced: Traced, name: str, declared: Mapping[str, Any]) -> Document:
    keys = traced.keys if declared.get("at") is None else traced.keys.assign(year=int(declared["at"]))
    shown = {key: declared[key] for key in ("transform", "at", "cut") if declared.get(key) not in (None, "none")}
    if "formula" in declared:
        return {"variable": name, "source": "formula", "formula": declared["formula"], **shown}
    source = declared["source"]
    if source == "yearbook":
        return {**_yearbook(traced, name, declared["column"], keys), **shown}
    if "variant" in declared:
        return {**_indicator(traced, name, declared, keys.drop_duplicates()), **shown}
    registers = [path for path in traced.panel.inputs if "registers/" in path or "policies/" in path]
    return {"variable": name, "source": source, "files": _hashed(traced, registers), **shown}


def _yearbook(traced: Traced, name: str, column: str, keys: pd.DataFrame) -> Document:
    path = traced.input("/city_year.parquet")
    rows = yearbook_rows(traced.path(path), keys.drop_duplicates(), [column]) if path else []
    if path is None or not rows:
        series = [item for item in traced.panel.inputs if item.endswith("national_series.csv")]
        return {"variable": name, "source": "national series", "column": column, "files": _hashed(traced, series)}
    return {"variable": name, "source": "yearbook", "column": column, "tables": [_table(traced, path, rows)]}


def _indicator(traced: Traced, name: str, declared: Mapping[str, Any], keys: pd.DataFrame) -> Document:
    source = str(declared["source"])
    path = traced.input(f"/{source}/{declared['variant']}.parquet") or ""
    job = traced.lineage.require(path)
    options = job.params["options"]
    column = str(declared.get("column") or source)
    tables = [
        _table(traced, table, _rows(traced, table, source, options, keys))
        for table in canonical_behind(traced.lineage, job)
    ]
    return {
        "variable": name,
        "source": source,
        "file": path,
        "sha256": job.outputs[path],
        "column": column,
        "options": {key: value for key, value in options.items() if not isinstance(value, dict)},
        "formula": FORMULAS.get(source, "docs/estimators.md and the docstring of citypanel.indicators." + source),
        "rule": job.rule,
        "code": job.code,
        "tables": tables,
    }


def canonical_behind(lineage: Lineage, job: Receipt) -> list[str]:
    """Return the canonical tables that a job reads, itself or through jobs that clean and add up their rows."""
    found: list[str] = []
    for path in job.inputs:
        before = lineage.wrote(path)
        if "/canonical/" in path:
            found.append(path)
        elif before is not None and "/intake/" not in path:
            found += canonical_behind(lineage, before)
    return list(dict.fromkeys(found))


def whole_files(lineage: Lineage, paths: Iterable[str]) -> list[Document]:
    """Return the raw files behind results, each whole: those that an intake read."""
    intakes = [job for job in lineage.upstream(paths) if "root" in job.params]
    roots = [(job, f"{str(job.params['root']).rstrip('/')}/") for job in intakes]
    found = {
        path.removeprefix(root): digest
        for job, root in roots
        for path, digest in job.inputs.items()
        if path.startswith(root)
    }
    return [{"file": file, "sha256": digest, "rows": None, "ranges": []} for file, digest in sorted(found.items())]


def pair_files(lineage: Lineage, path: str, cities: tuple[int, int], year: int) -> list[Document]:
    """Return the raw rows of the patents that two cities share in a year of a table of pairs."""
    job = lineage.require(path)
    keys = [
        pd.DataFrame({"city": [city] * window, "year": [year - back for back in range(window)]})
        for city in cities
        for window in [int(job.params.get("options", {}).get("window", 1))]
    ]
    tables = [table for table in canonical_behind(lineage, job) if table.endswith("/patents.parquet")]
    read = {file: digest for behind in lineage.upstream(tables) for file, digest in behind.inputs.items()}
    return [
        {**asdict(rows), "sha256": _raw_hash(read, rows.file)}
        for table in tables
        for rows in shared(*(patent_rows(lineage.root / table, key) for key in keys))
    ]


def _rows(traced: Traced, table: str, source: str, options: Mapping[str, Any], keys: pd.DataFrame) -> list[RawRows]:
    path, name = traced.path(table), Path(table).stem
    whole = source in WHOLE_TABLE
    if name == "patents":
        return all_rows(path) if whole else patent_rows(path, _with_window(keys, int(options.get("window", 1))))
    if name == "exports":
        if whole or options.get("reference", "world") != "world":
            return rows_of_years(path, keys["year"])
        return export_rows(path, keys, str(options.get("place", "producing")))
    if name == "world_trade":
        first, last = options.get("base_years") or (1900, 2200)
        yearly = options.get("prody") == "yearly"
        return rows_of_years(path, keys["year"] if yearly else range(int(first), int(last) + 1))
    if name == "city_year":
        return yearbook_rows(path, None if whole else keys, _named(options))
    return all_rows(path)


def _named(options: Mapping[str, Any]) -> list[str]:
    """Return every name that stands in the formulas among an indicator's options."""
    found: list[str] = []
    for value in options.values():
        for text in value if isinstance(value, (list, tuple)) else [value]:
            with suppress(DeclarationError):
                found += names_in(parse_expression(str(text)))
    return list(dict.fromkeys(found))


def _with_window(keys: pd.DataFrame, window: int) -> pd.DataFrame:
    """Return the keys with the years before that an indicator of several years counts, too."""
    return pd.concat([keys.assign(year=keys["year"] - back) for back in range(window)]).drop_duplicates()


def whole_table(document: Document) -> bool:
    """Return whether other cities or years enter each value of an indicator."""
    return document["source"] in WHOLE_TABLE or document.get("column") in NETWORK


def _table(traced: Traced, path: str, rows: list[RawRows]) -> Document:
    job = traced.lineage.require(path)
    origin = read_origin(traced.path(path))
    # A table is made by one job, or joined from parts that jobs before it read.
    read = {file: digest for behind in traced.lineage.upstream([path]) for file, digest in behind.inputs.items()}
    return {
        "table": path,
        "sha256": job.outputs[path],
        "rule": job.rule,
        "code": job.code,
        "licences": list(origin.licences),
        "simulated": origin.simulated,
        "rows": sum(item.rows for item in rows),
        "raw": [{**asdict(item), "sha256": _raw_hash(read, item.file)} for item in rows],
    }


def _raw_hash(read: Mapping[str, str], file: str) -> str | None:
    """Return the hash of a raw file as a job read it; a member of an archive has that of its archive."""
    parts = Path(file).parts
    for length in range(len(parts), 0, -1):
        ending = "/".join(parts[:length])
        for path, digest in read.items():
            if path == ending or path.endswith(f"/{ending}"):
                return digest
    return None


def _hashed(traced: Traced, paths: Iterable[str]) -> list[Document]:
    return [{"file": path, "sha256": traced.panel.inputs[path]} for path in paths]


def raw_files(variables: Iterable[Document]) -> Iterator[Document]:
    """Yield the raw files of all variables, each once, with the union of its rows."""
    joined: dict[str, Document] = {}
    for variable in variables:
        for table in variable.get("tables", ()):
            for item in table["raw"]:
                known = joined.setdefault(item["file"], {**item, "ranges": []})
                known["ranges"] = [*known["ranges"], *item["ranges"]]
    for item in joined.values():
        merged = _merged(item["ranges"])
        yield {**item, "ranges": merged, "rows": sum(end - start + 1 for start, end in merged)}


def _merged(given: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(given):
        if merged and start <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
