"""The facts that the documents of a package are filled from, and the document on licences."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from citypanel.declare.sources import Source
from citypanel.declare.text import Text
from citypanel.errors import InputError
from citypanel.package.archive import entries_of
from citypanel.package.cells import read_record
from citypanel.package.contents import Contents
from citypanel.package.cost import cost_of
from citypanel.package.datapackage import LICENCES
from citypanel.package.datasets import datasets, sources_used
from citypanel.package.exhibit_list import exhibit_files
from citypanel.package.metadata import Deposit, authors_of, citation, date_of
from citypanel.package.programs import programs
from citypanel.package.readme import Facts
from citypanel.package.run import Run
from citypanel.package.software import locked, seeds


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
    description = _description(run, contents)
    deposit = Deposit(
        title="; ".join(study.title.en for study in run.studies.values()),
        description=description.en,
        authors=run.config.package.authors or authors_of(code),
        date=date_of(code),
        version=str(code["version"]),
        data_licence=run.config.package.data_licence,
        code_licence=str(code["license"]),
        references=tuple(sorted({*references, own})),
    )
    files = [entry.path for entry in entries_of(folder)]
    return Facts(
        run=run,
        contents=contents,
        deposit=deposit,
        datasets=rows,
        exhibits=exhibit_files(run, contents.files),
        software=locked(run.base),
        python=_python(run),
        description_zh=description.zh,
        seeds=seeds(folder, files),
        programs=programs(run),
        cost=cost_of(run),
    )


def _description(run: Run, contents: Contents) -> Text:
    exhibits = sum(len(study.exhibits) for study in run.studies.values())
    studies = f"{len(run.studies)} {'study' if len(run.studies) == 1 else 'studies'}"
    data = ("simulated raw files", "模拟原始文件") if run.simulated else ("raw files", "原始文件")
    variant = {"public": "公开", "restricted": "受限"}[contents.variant]
    return Text(
        en=f"Code, data and results of {studies} with {exhibits} tables and figures, made from {data[0]} of patents, "
        f"customs and yearbooks by the workflow citypanel; {contents.variant} variant.",
        zh=f"{len(run.studies)} 项研究、{exhibits} 个表与图的代码、数据和结果，"
        f"由 citypanel 流程从专利、海关和年鉴的{data[1]}生成；{variant}版本。",
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
        "*facts*: a list of facts, no rights claimed. *licensed*: under a contract; such files are not shipped.",
        "",
        "facts：事实清单，作者不主张权利。licensed：受合同约束，不得转让，未随附。",
        "",
        "Software packages are not shipped; `requirements.lock` names them, and each comes with its own licence.",
        "",
        "软件包未随附；`requirements.lock` 列出名称与版本，各依其自身许可。",
        "",
    ]
    return "\n".join(lines)


def _sorted(items: Iterable[tuple[Source, Any]]) -> list[tuple[Source, Any]]:
    return sorted(items, key=lambda item: item[0].source)
