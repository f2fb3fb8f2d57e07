"""The README of the package in the form of the social science data editors, every section filled from facts."""

import csv
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citypanel.declare.config import PANELS
from citypanel.declare.sources import Source
from citypanel.declare.text import Text
from citypanel.errors import InputError
from citypanel.package.contents import Contents, raw_in_package
from citypanel.package.cost import STORAGE, TIMES, Cost
from citypanel.package.datapackage import LICENCES
from citypanel.package.datasets import Dataset, sources_used
from citypanel.package.exhibit_list import ExhibitFile, titles
from citypanel.package.metadata import Deposit
from citypanel.package.programs import Program
from citypanel.package.run import Run
from citypanel.package.software import Seed, Software
from citypanel.templating import environment

# How far the facts on a source were checked, for each `standing` of the register.
KNOWN = {
    "seen": Text(en="read at the source", zh="已见原始资料"),
    "recalled": Text(
        en="as known to the authors of the code; check before a deposit", zh="仅据代码作者所知，存放前请核实"
    ),
    "own": Text(en="made by the authors of the code", zh="由代码作者制作"),
}
ROWS_ZH = {"seen": "已见", "recalled": "凭所知", "derived": "推算", "own": "自制"}
SEEDS_IN = {
    "sample": Text(en="the simulated raw files", zh="模拟原始文件"),
    "validation": Text(
        en="`snakemake validation`, no result of the studies", zh="`snakemake validation`，与研究结果无关"
    ),
    "analyses": Text(en="analysis {}", zh="分析 {}"),
    "code": Text(en="where an analysis declares none, and starting values", zh="分析未声明种子时，及初始值"),
    "checks": Text(en="`snakemake validation`, check {}", zh="`snakemake validation`，检验 {}"),
}
FILES = {"en": "README.md", "zh": "README.zh.md"}
# What a form that nobody filled in looks like.
PLACEHOLDER = re.compile(
    r"\b(TODO|FIXME|TBD|XXX+|CHANGEME)\b|\?\?\?|\{\{|\}\}|lorem ipsum|INSTRUCTIONS:"
    r"|[\[<](insert|your|name|email|journal|doi|title|date|author)\b[^\]>\n]*[\]>]|待补|待填|此处填写",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Facts:
    """Everything the README is filled from."""

    run: Run
    contents: Contents
    deposit: Deposit
    datasets: Sequence[Dataset]
    exhibits: Sequence[ExhibitFile]
    software: Software
    python: str
    description_zh: str
    seeds: Sequence[Seed]
    programs: Sequence[Program]
    cost: Cost


@dataclass(frozen=True)
class Exhibit:
    """An exhibit as the README lists it: one line for all its files."""

    study: str
    name: str
    title: str
    program: str
    line: int
    made_by: str
    declared: str
    outputs: tuple[str, ...]
    provided: bool


def readme(facts: Facts, language: str) -> str:
    """Return the README in one language.

    Raises
    ------
    InputError
        A placeholder is left; the line names the section.
    """
    template = environment(autoescape=False).get_template(f"package/readme_{language}.md.jinja")
    text = template.render(_context(facts, language))
    refuse_placeholders(text, FILES[language])
    return text


def _context(facts: Facts, language: str) -> dict[str, Any]:
    run = facts.run

    def say(text: Text) -> str:
        return str(getattr(text, language))

    declared = [seed for seed in facts.seeds if seed.value is not None]
    sources = sources_used(facts.datasets)
    raw = {source: files for source, files in sources.items() if _is_raw(source)}
    return {
        "say": say,
        "f": facts,
        "deposit": facts.deposit,
        "title_zh": "；".join(study.title.zh for study in run.studies.values()),
        "description_zh": facts.description_zh,
        "simulated": run.simulated,
        "package": run.config.package,
        "variant": facts.contents.variant,
        "studies": [_study(run, name, language) for name in run.studies],
        "from_panels": raw_in_package(run) == PANELS,
        "real": [_source(source, files, language) for source, files in raw.items()],
        "registers": [
            {**_source(source, files, language), "known": _known(run, source, language)}
            for source, files in sources.items()
            if source not in raw
        ],
        "stand_in": _stood_for(run, sources, language),
        "availability": availability(sources),
        "datasets": [_dataset(row, language) for row in facts.datasets],
        "exhibits": _exhibits(facts, language),
        "declared_seeds": [_seed(seed, language) for seed in declared],
        "generators": [seed for seed in facts.seeds if seed.value is None],
        "times": [text for _, text in TIMES],
        "storages": [text for _, text in STORAGE],
        "data_licence": LICENCES[facts.deposit.data_licence],
        "code_licence": LICENCES[facts.deposit.code_licence],
        "refused": facts.contents.refusals,
    }


def _study(run: Run, name: str, language: str) -> dict[str, Any]:
    study = run.studies[name]
    printed = [exhibit for exhibit, declared in study.exhibits.items() if getattr(declared, "published", None)]
    none = {"en": "none", "zh": "无"}[language]
    return {
        "name": name,
        "title": getattr(study.title, language),
        "paper": getattr(study.paper, language) if study.paper else "",
        "sample": study.sample,
        "printed": f"{printed[0]}-{printed[-1]} ({len(printed)})" if len(printed) > 1 else "".join(printed) or none,
    }


def _dataset(row: Dataset, language: str) -> dict[str, Any]:
    """Return a line of the dataset list; the registers behind what was made are one word."""
    raw = [getattr(source.text("title"), language) for source in row.sources if _is_raw(source)]
    looked_up = len(raw) < len(row.sources)
    registers = [{"en": "registers", "zh": "登记表"}[language]] if raw and looked_up else []
    own = raw or [getattr(source.text("title"), language) for source in row.sources]
    return {**vars(row), "origin": {"en": "; ", "zh": "；"}[language].join([*own, *registers])}


def _seed(seed: Seed, language: str) -> dict[str, Any]:
    """Return a seed with what it is for, told from the keys above it."""
    place, _, name = seed.use.partition(" ")
    use = getattr(SEEDS_IN[place], language).format(name) if place in SEEDS_IN else seed.use
    return {"value": seed.value, "file": seed.file, "line": seed.line, "use": use}


def _is_raw(source: Source) -> bool:
    return not source.feeds.startswith("registers/")


def _source(source: Source, files: Iterable[Dataset], language: str) -> dict[str, Any]:
    texts = {name: getattr(source.text(name), language) for name in ("title", "access", "cost", "delay")}
    listed = list(files)
    provided = sorted({getattr(row.provided, language) for row in listed})
    folder = os.path.commonpath([Path(row.file).parent for row in listed]) if listed else ""
    return {
        **source.model_dump(),
        **texts,
        "known": getattr(KNOWN[source.standing], language),
        "files": [row.file for row in listed],
        "folder": f"{folder}/",
        "provided": ", ".join(provided),
    }


def _known(run: Run, source: Source, language: str) -> str:
    """Return how far a register may be trusted: what its rows say, or what its source does."""
    with (run.base / source.feeds).open(encoding="utf-8-sig", newline="") as stream:
        rows = Counter(row.get("standing") or "" for row in csv.DictReader(stream))
    if set(rows) <= {""}:
        return str(getattr(KNOWN[source.standing], language))
    told = [(count, name if language == "en" else ROWS_ZH.get(name, name)) for name, count in sorted(rows.items())]
    if language == "en":
        return "rows: " + ", ".join(f"{count} {name}" for count, name in told)
    return "、".join(f"{name} {count} 行" for count, name in told)


def _stood_for(run: Run, sources: Mapping[Source, Sequence[Dataset]], language: str) -> list[dict[str, Any]]:
    """Return the sources that simulated files stand in for: those a replication with real data needs."""
    folders = {row.file.split("/")[-2] for source, rows in sources.items() for row in rows if source.source == "sample"}
    return [_source(source, (), language) for source in run.rights.sources if source.feeds in folders]


def availability(sources: Iterable[Source]) -> str:
    """Return whether `all`, `some` or `none` of the data can be made public."""
    given = [source.gives == "rows" for source in sources]
    return "all" if all(given) else "some" if any(given) else "none"


def _exhibits(facts: Facts, language: str) -> list[Exhibit]:
    known = titles(facts.run)
    grouped: dict[tuple[str, str], list[ExhibitFile]] = {}
    for entry in facts.exhibits:
        grouped.setdefault((entry.study, entry.exhibit), []).append(entry)
    return [
        Exhibit(
            study=study,
            name=name,
            title=str(getattr(known[study, name], language)),
            program=entries[0].program,
            line=entries[0].line,
            made_by=_made_by(entries[0], language),
            declared=" ".join([str(entries[0].declared_line), entries[0].analyses_lines]).strip(),
            outputs=tuple(
                entry.output for entry in entries if f"_{language}." in entry.output or entry.output.endswith(".csv")
            ),
            provided=any(entry.provided == "yes" for entry in entries),
        )
        for (study, name), entries in grouped.items()
    ]


def _made_by(entry: ExhibitFile, language: str) -> str:
    """Return the programs that computed what an exhibit shows, the first with its line."""
    if not entry.estimated_by:
        return {"en": "its declaration alone", "zh": "仅据声明"}[language]
    first, *others = [f"`{script}`" for script in entry.estimated_by.split()]
    line = {"en": f"{first}, line {entry.estimated_line}", "zh": f"{first} 第 {entry.estimated_line} 行"}[language]
    return ", ".join([line, *others])


def refuse_placeholders(text: str, place: str) -> None:
    """Raise where a text still holds what a form holds before it is filled in; the line names place and finding."""
    for number, line in enumerate(text.splitlines(), start=1):
        found = PLACEHOLDER.search(line)
        if found:
            raise InputError(
                f"{place}, line {number}: '{found[0]}' is a placeholder; give the fact where it comes from: "
                "config.yaml (package), study.yaml, CITATION.cff or registers/sources.csv"
            )
