"""Exhibit -> program -> line -> output, told from the jobs of the run, so that it cannot drift from them."""

import ast
import csv
import io
import re
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from citypanel.declare.text import Text
from citypanel.package.contents import FORMATS, in_format, packaged
from citypanel.package.run import Run
from citypanel.receipts import Receipt


@dataclass(frozen=True)
class ExhibitFile:
    """One output of an exhibit: who renders it, who estimates it, where both are declared; `provided` yes or no."""

    exhibit: str
    program: str
    line: int
    output: str
    study: str
    declared_in: str
    declared_line: int
    analyses: str
    estimated_by: str
    estimated_line: int
    provided: str


def exhibit_files(run: Run, shipped: Iterable[str]) -> list[ExhibitFile]:
    """Return every file of every exhibit in the formats of a package, in the order of declaration."""
    known = set(shipped)
    return [
        entry
        for name, study in run.studies.items()
        for exhibit in study.exhibits
        for job in run.jobs_of(name)
        if job.wildcards.get("exhibit") == exhibit
        for entry in _of_job(run, name, exhibit, job, known)
    ]


def _of_job(run: Run, name: str, exhibit: str, job: Receipt, known: set[str]) -> Iterable[ExhibitFile]:
    declared = f"{run.config.studies_folder}/{name}/study.yaml"
    script = job.script
    records = [path for path in job.inputs if "/estimates/" in path]
    estimates = sorted({made.script for path in records if (made := run.lineage.wrote(path))})
    for path in job.outputs:
        if Path(path).parts[-2] not in FORMATS or not in_format(run, path):
            continue
        output = packaged(run, path)
        yield ExhibitFile(
            exhibit=exhibit,
            program=script,
            line=call_line(run.base / script),
            output=output,
            study=name,
            declared_in=declared,
            declared_line=key_line(run.base / declared, exhibit, "exhibits"),
            analyses=" ".join(Path(record).stem for record in records),
            estimated_by=" ".join(estimates),
            estimated_line=call_line(run.base / estimates[0]) if estimates else 0,
            provided="yes" if output in known else "no",
        )


def call_line(script: Path) -> int:
    """Return the line of a script's one library call: the last call to a name that it imports from the library."""
    tree = ast.parse(script.read_text(encoding="utf-8"))
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("citypanel")
        for alias in node.names
        if (node.module or "").split(".")[1:2] not in (["canonical"], ["reporting"], ["result"], ["registers"])
    }
    calls = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in imported
    ]
    return min(calls, default=1)


def key_line(path: Path, key: str, section: str) -> int:
    """Return the line of a key in a section of a YAML file; 0 where it is not written so."""
    inside = False
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if re.match(r"\S", text):
            inside = text.startswith(f"{section}:")
        elif inside and re.match(rf"\s+{re.escape(key)}\s*:", text):
            return number
    return 0


def to_csv(entries: Iterable[ExhibitFile]) -> str:
    """Return `EXHIBITS.csv`."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow([field.name for field in fields(ExhibitFile)])
    writer.writerows(astuple(entry) for entry in entries)
    return target.getvalue()


def titles(run: Run) -> dict[tuple[str, str], Text]:
    """Return the titles of all exhibits by study and name."""
    return {
        (name, exhibit): declared.title
        for name, study in run.studies.items()
        for exhibit, declared in study.exhibits.items()
    }
