"""The facts that the documents of a package are filled from, and the document on licences."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from citypanel.declare.sources import Source
from citypanel.errors import InputError
from citypanel.package.archive import entries_of
from citypanel.package.cells import read_record
from citypanel.package.contents import Contents
from citypanel.package.datapackage import LICENCES
from citypanel.package.datasets import datasets, sources_used
from citypanel.package.exhibit_list import exhibit_files
from citypanel.package.metadata import Deposit, authors_of, citation, date_of
from citypanel.package.readme import Facts
from citypanel.package.run import Run
from citypanel.package.software import cost, locked, programs, seeds


def facts_of(run: Run, contents: Contents, folder: Path) -> Facts:
    """Return the facts of a run; `folder` holds the code and the results of its package."""
    code = code_citation(run)
    rows = datasets(run, contents)
    sources = sources_used(rows)
    stand_ins = [source for source in run.rights.sources if run.simulated and not source.feeds.startswith("registers/")]
    papers = [study.paper.en for study in run.studies.values() if study.paper]
    references = {source.citation for source in (*sources, *stand_ins)} | set(papers)
    own = (
        f"{'; '.join(authors_of(code))} ({str(code['date-released'])[:4]}). {code['title']}, version {code['version']}."
    )
    deposit = Deposit(
        title="; ".join(study.title.en for study in run.studies.values()),
        description=_description(run, contents),
        authors=run.config.package.authors or authors_of(code),
        date=date_of(code),
        version=str(code["version"]),
        data_licence=run.config.package.data_licence,
        code_licence=str(code["license"]),
        references=tuple(sorted({*references, own})),
    )
    jobs = run.jobs()
    files = [entry.path for entry in entries_of(folder)]
    logs = f"{run.results}/logs"
    return Facts(
        run=run,
        contents=contents,
        deposit=deposit,
        datasets=rows,
        exhibits=exhibit_files(run, contents.files),
        software=locked(run.base),
        python=_python(run),
        seeds=seeds(folder, files),
        programs=programs(run),
        cost=cost(run.lineage, jobs, logs, f"{run.results}/benchmarks"),
    )


def _description(run: Run, contents: Contents) -> str:
    exhibits = sum(len(study.exhibits) for study in run.studies.values())
    studies = f"{len(run.studies)} {'study' if len(run.studies) == 1 else 'studies'}"
    data = "simulated raw files" if run.simulated else "raw patent, customs and yearbook files"
    return (
        f"Code, data and results of {studies} with {exhibits} tables and figures, made from {data} by the workflow "
        f"citypanel; {contents.variant} variant."
    )


def _python(run: Run) -> str:
    """Return the Python that estimated, as the records say."""
    records = [path for path in run.targets() if "/estimates/" in path]
    versions = sorted({str(read_record(run.root / path)["versions"]["python"]) for path in records})
    return ", ".join(versions)


def code_citation(run: Run) -> dict[str, Any]:
    """Return what the checkout's CITATION.cff says of the code."""
    path = run.base / "CITATION.cff"
    if not path.is_file():
        raise InputError(f"{path} is missing; it names the code that a package cites")
    return citation(path.read_text(encoding="utf-8"))


def licences_text(facts: Facts) -> str:
    """Return `LICENSES.md`: of the code, of derived data, of each source and register, of dependencies."""
    deposit = facts.deposit
    lines = [
        "# Licences / 许可",
        "",
        "| Part | Licence |",
        "|---|---|",
        f"| Code / 代码 | {LICENCES[deposit.code_licence][0]} ({deposit.code_licence}), file `LICENSE` |",
        f"| Derived data / 派生数据 | {LICENCES[deposit.data_licence][0]} ({deposit.data_licence}) |",
    ]
    for source, rows in _sorted(sources_used(facts.datasets).items()):
        where = f"`{source.feeds}`" if source.feeds.startswith("registers/") else f"{len(list(rows))} raw files"
        lines.append(f"| {source.title_en} / {source.title_zh} ({where}) | {source.licence} |")
    lines += [
        "",
        "Software packages are not shipped; `requirements.lock` names them, and each comes with its own licence.",
        "",
        "软件包未随附；`requirements.lock` 列出名称与版本，各依其自身许可。",
        "",
    ]
    return "\n".join(lines)


def _sorted(items: Iterable[tuple[Source, Any]]) -> list[tuple[Source, Any]]:
    return sorted(items, key=lambda item: item[0].source)
