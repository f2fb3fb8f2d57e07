"""Exhibit -> program -> line -> output, told from the jobs of the run, so that it cannot drift from them."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import yaml

from citypanel.declare.text import Text
from citypanel.declare.variants import base_of
from citypanel.package.contents import FORMATS, in_format, packaged
from citypanel.package.programs import call_line
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
    analyses_lines: str
    estimated_by: str
    estimated_line: int
    provided: str


@dataclass(frozen=True)
class Lines:
    """Where a study's exhibits and analyses are declared, and where each program calls the library."""

    declared_in: str
    exhibits: Mapping[str, int]
    analyses: Mapping[str, int]
    calls: Mapping[str, int]


def exhibit_files(run: Run, shipped: Iterable[str]) -> list[ExhibitFile]:
    """Return every file of every exhibit in the formats of a package, in the order of declaration."""
    known = set(shipped)
    calls = {script: call_line(run.base / script) for script in {job.script for job in run.jobs()}}
    found: list[ExhibitFile] = []
    for name, study in run.studies.items():
        declared = run.base / run.config.studies_folder / name / "study.yaml"
        keys = key_lines(declared)
        lines = Lines(f"studies/{name}/study.yaml", keys.get("exhibits", {}), keys.get("analyses", {}), calls)
        jobs = {job.wildcards["exhibit"]: job for job in run.jobs_of(name) if "exhibit" in job.wildcards}
        for exhibit in study.exhibits:
            found += _of_job(run, name, jobs[exhibit], lines, known)
    return found


def _of_job(run: Run, name: str, job: Receipt, lines: Lines, known: set[str]) -> Iterable[ExhibitFile]:
    exhibit = job.wildcards["exhibit"]
    records = [path for path in job.inputs if "/estimates/" in path]
    analyses = list(dict.fromkeys(base_of(Path(record).stem) for record in records))
    # What shows no estimate shows what another job made, or the declarations themselves.
    shown = records or list(job.inputs)
    estimates = sorted({made.script for path in shown if (made := run.lineage.wrote(path))})
    for path in job.outputs:
        if Path(path).parts[-2] not in FORMATS or not in_format(run, path):
            continue
        output = packaged(run, path)
        yield ExhibitFile(
            exhibit=exhibit,
            program=job.script,
            line=lines.calls[job.script],
            output=output,
            study=name,
            declared_in=lines.declared_in,
            declared_line=lines.exhibits.get(exhibit, 0),
            analyses=" ".join(analyses),
            analyses_lines=" ".join(str(lines.analyses[item]) for item in analyses if item in lines.analyses),
            estimated_by=" ".join(estimates),
            estimated_line=lines.calls[estimates[0]] if estimates else 0,
            provided="yes" if output in known else "no",
        )


def key_lines(path: Path) -> dict[str, dict[str, int]]:
    """Return the line of each key in each section of a YAML file."""
    root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    return {
        str(section.value): {str(key.value): key.start_mark.line + 1 for key, _ in inside.value}
        for section, inside in (root.value if isinstance(root, yaml.MappingNode) else ())
        if isinstance(inside, yaml.MappingNode)
    }


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
