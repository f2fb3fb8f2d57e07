"""Builds the package: files that may leave, code, documents filled from facts, checks, manifest, one archive."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml

from citypanel.declare.config import SAMPLE, study_folder
from citypanel.declare.package import code_files, study_files
from citypanel.declare.sources import REGISTERS
from citypanel.errors import InputError
from citypanel.package import checks as checking
from citypanel.package.archive import Entry, entries_of, write_files, write_manifest, write_zip
from citypanel.package.cells_gate import PanelGate
from citypanel.package.codebook import Field, Meanings, describe, disagreements
from citypanel.package.contents import Contents, contents_of, packaged, raw_in_package
from citypanel.package.cost import Took, took
from citypanel.package.datapackage import codebook_csv, datapackage, is_data, resources
from citypanel.package.exhibit_list import titles, to_csv
from citypanel.package.facts import code_citation, facts_of, licences_text
from citypanel.package.file_checks import file_checks
from citypanel.package.metadata import (
    CRATE,
    citation_cff,
    codecheck,
    ro_crate,
)
from citypanel.package.readme import FILES, readme, refuse_placeholders
from citypanel.package.rebuild import write_panel_csvs
from citypanel.package.refusals import to_csv as refusals_csv
from citypanel.package.run import Run
from citypanel.package.standard_checks import standard_checks

NOT_REBUILT = (
    "# Rebuild / 重建\n\nThis package has not been rebuilt yet: `citypanel package --rebuild`.\n\n"
    "本包尚未重建：`citypanel package --rebuild`。\n"
)


@dataclass(frozen=True)
class Built:
    """A package that was written: its files, its checks, what did not leave, and what the run took."""

    archive: Path
    entries: Sequence[Entry]
    checks: Sequence[checking.Check]
    contents: Contents
    took: Took


def build_package(run: Run, variant: str, archive: Path, *, rebuild: Mapping[str, str] | None = None) -> Built:
    """Build the package of a run.

    Parameters
    ----------
    run : Run
    variant : {"public", "restricted"}
    archive : Path
        The zip; written beside and then renamed.
    rebuild : mapping, optional
        The report of a rebuild: files of the package by name.

    Raises
    ------
    InputError
        A result is missing, stale or edited by hand; a source or a licence is not declared; a placeholder is left.
    """
    run.lineage.verify(run.targets())
    contents = contents_of(run, variant)
    with tempfile.TemporaryDirectory(prefix="citypanel-package") as room:
        folder = Path(room) / "package"
        _write_code(run, folder)
        _write_results(run, contents, folder)
        write_files(folder, {"REBUILD.md": NOT_REBUILT.encode()} if rebuild is None else _encoded(rebuild))
        found = _write_documents(run, contents, folder)
        entries = write_manifest(folder)
        write_zip(folder, archive)
    return Built(archive, entries, found, contents, took(run))


def _encoded(texts: Mapping[str, str]) -> dict[str, bytes]:
    return {name: text.encode() for name, text in texts.items()}


def _write_code(run: Run, folder: Path) -> None:
    """Copy the code, the studies of the package, and the configuration that was used."""
    files = {path.relative_to(run.base).as_posix(): path for path in code_files(run.base, "", ())}
    for name in run.studies:
        folder_of_study = study_folder(run.config, name, run.base)
        files |= {
            f"studies/{name}/{path.relative_to(folder_of_study).as_posix()}": path
            for path in study_files(folder_of_study)
        }
    for name in ("Snakefile", "LICENSE", "requirements.lock", "pyproject.toml"):
        if name not in files:
            raise InputError(f"{run.base / name} is missing; package from a complete checkout")
    write_files(folder, files)
    (folder / "config.yaml").write_text(config_text(run), encoding="utf-8")


def config_text(run: Run) -> str:
    """Return the configuration of the package: as it was used, with raw files where a replicator has them."""
    document = run.config.model_dump(mode="json", exclude={"pathvars"}, exclude_defaults=True)
    document["studies"] = list(run.studies)
    document["studies_folder"] = "studies"
    document["raw"] = raw_in_package(run)
    if document["raw"] == SAMPLE:
        document["sample"] = run.config.sample.model_dump(mode="json")
    head = "# What this package replicates, as it was run. What each key may hold: src/citypanel/declare/config.py\n"
    return head + yaml.safe_dump(document, allow_unicode=True, sort_keys=True, width=120)


def _write_results(run: Run, contents: Contents, folder: Path) -> None:
    """Copy what may leave; a panel loses the variables that may not, and stands beside itself as CSV."""
    write_files(folder, contents.files)
    for path, panel in contents.panels.items():
        target = folder / packaged(run, path)
        if panel.withheld:
            _write_reduced(panel, target)
    write_panel_csvs(folder)


def _write_reduced(panel: PanelGate, target: Path) -> None:
    table = pq.read_table(target)
    pq.write_table(table.drop_columns(list(panel.withheld)), target, compression="zstd")


def _write_documents(run: Run, contents: Contents, folder: Path) -> list[checking.Check]:
    """Write everything that is told about the package, the checks last."""
    facts = facts_of(run, contents, folder)
    texts = {name: readme(facts, language) for language, name in FILES.items()}
    texts["EXHIBITS.csv"] = to_csv(facts.exhibits)
    texts["REFUSALS.csv"] = refusals_csv(contents.refusals)
    texts["LICENSES.md"] = licences_text(facts)
    texts["CITATION.cff"] = citation_cff(facts.deposit, code_citation(run))
    texts["codecheck.yml"] = codecheck(
        facts.deposit, facts.exhibits, {key: text.en for key, text in titles(run).items()}
    )
    for name, text in texts.items():
        refuse_placeholders(text, name)
    write_files(folder, _encoded(texts))
    described = _describe(run, folder)
    listed = resources(folder, described)
    wrong = [
        f"{item['path']}: {line}" for item in listed for line in disagreements(folder / item["path"], item["schema"])
    ]
    deposit = facts.deposit
    codebook = {
        "CODEBOOK.csv": codebook_csv(described),
        "datapackage.json": datapackage(deposit.title, deposit.version, deposit.data_licence, listed),
    }
    write_files(folder, _encoded(codebook))
    found = [*standard_checks(facts, folder, described, wrong), *file_checks(folder, entries_of(folder))]
    found.sort(key=checking.rule_of)
    write_files(folder, _encoded({"CHECKS.md": checking.to_markdown(found), "CHECKS.csv": checking.to_csv(found)}))
    crate = ro_crate(facts.deposit, entries_of(folder), _shipped_jobs(run, folder))
    write_files(folder, {CRATE: crate.encode()})
    return found


def _describe(run: Run, folder: Path) -> dict[str, list[Field]]:
    meanings = Meanings(run.base / "registers", run.studies)
    paths = [entry.path for entry in entries_of(folder) if is_data(entry.path)]
    made = {packaged(run, path): job.script for job in run.jobs() for path in job.outputs}
    return {path: describe(folder / path, path, meanings, _source_of(run, path, made)) for path in paths}


def _source_of(run: Run, path: str, made: Mapping[str, str]) -> str:
    """Return where the columns of a data file come from: the job that made it, the paper, or whose data it is."""
    if path in made:
        return made[path]
    if path.startswith("data/"):
        return f"results/{Path(path).stem}/panel.parquet"
    if path.startswith("studies/"):
        return "the paper, as printed" if "/published/" in path else "declared by the study"
    given = {packaged(run, source): source for source in run.lineage.sources(run.targets())}
    if path.startswith("src/"):
        return "written for the simulated sample"
    sources = run.rights.behind(given.get(path, path)) if path.startswith((REGISTERS, "raw/")) else ()
    return "; ".join(source.title_en for source in sources) or "benchmarks/replication.py"


def _shipped_jobs(run: Run, folder: Path) -> list[dict[str, Any]]:
    """Return the jobs whose results are in the package, with those of their files that are."""
    known = {entry.path for entry in entries_of(folder)}
    jobs = []
    for number, job in enumerate(run.jobs(), start=1):
        outputs = [path for path in (packaged(run, item) for item in job.outputs) if path in known]
        inputs = [path for path in (packaged(run, item) for item in job.inputs) if path in known]
        if outputs:
            named = " ".join(job.wildcards.values())
            facts = {
                "id": f"#job-{number}",
                "name": f"{job.rule} {named}".strip(),
                "script": job.script,
            }
            jobs.append({**facts, "inputs": inputs, "outputs": outputs})
    return jobs


def summary(built: Built) -> list[str]:
    """Return what a user is told after a package was written."""
    size = sum(entry.bytes for entry in built.entries)
    bad = checking.failed(built.checks)
    lines = [f"{built.archive}: {len(built.entries)} files, {size / 1e6:.1f} MB unpacked, {built.contents.variant}"]
    lines.append(
        f"this run took {built.took.seconds / 60:.1f} minutes of jobs, the largest {built.took.peak_mb:.0f} MB"
    )
    lines += [f"withheld: {item.path} {item.part}: {item.reason_en}" for item in built.contents.refusals[:5]]
    if len(built.contents.refusals) > 5:
        lines.append(f"withheld: {len(built.contents.refusals) - 5} more, see REFUSALS.csv")
    lines += [f"check failed: {check.check}: {check.found_en}; {check.remedy_en}" for check in bad]
    lines.append(f"checks: {len(built.checks) - len(bad)} of {len(built.checks)} hold, see CHECKS.md")
    return lines
