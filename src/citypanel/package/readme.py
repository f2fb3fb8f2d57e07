"""The README of the package in the form of the social science data editors, every section filled from facts."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from citypanel.declare.config import PANELS
from citypanel.declare.sources import Source
from citypanel.declare.text import Text
from citypanel.errors import InputError
from citypanel.package.contents import Contents, raw_in_package
from citypanel.package.datapackage import LICENCES
from citypanel.package.datasets import Dataset, sources_used
from citypanel.package.exhibit_list import ExhibitFile, titles
from citypanel.package.metadata import Deposit
from citypanel.package.run import Run
from citypanel.package.software import Cost, Program, Seed, Software
from citypanel.templating import environment

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
    return {
        "say": say,
        "f": facts,
        "deposit": facts.deposit,
        "simulated": run.simulated,
        "package": run.config.package,
        "variant": facts.contents.variant,
        "studies": [
            {
                "name": name,
                "title": say(study.title),
                "paper": say(study.paper) if study.paper else "",
                "sample": study.sample,
            }
            for name, study in run.studies.items()
        ],
        "from_panels": raw_in_package(run) == PANELS,
        "preset": run.config.sample.preset,
        "seed": run.config.sample.seed,
        "real": [_source(source, files, language) for source, files in sources.items() if _is_raw(source)],
        "registers": [_source(source, files, language) for source, files in sources.items() if not _is_raw(source)],
        "stand_in": _stood_for(run, sources, language),
        "availability": availability(sources),
        "exhibits": _exhibits(facts, language),
        "declared_seeds": declared,
        "generators": [seed for seed in facts.seeds if seed.value is None],
        "data_licence": LICENCES[facts.deposit.data_licence],
        "code_licence": LICENCES[facts.deposit.code_licence],
        "refused": facts.contents.refusals,
    }


def _is_raw(source: Source) -> bool:
    return not source.feeds.startswith("registers/")


def _source(source: Source, files: Iterable[Dataset], language: str) -> dict[str, Any]:
    texts = {name: getattr(source.text(name), language) for name in ("title", "access", "cost", "delay")}
    listed = list(files)
    provided = sorted({getattr(row.provided, language) for row in listed})
    return {**source.model_dump(), **texts, "files": [row.file for row in listed], "provided": ", ".join(provided)}


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
            declared=f"{entries[0].declared_in}:{entries[0].declared_line}",
            outputs=tuple(
                entry.output for entry in entries if f"_{language}." in entry.output or entry.output.endswith(".csv")
            ),
            provided=any(entry.provided == "yes" for entry in entries),
        )
        for (study, name), entries in grouped.items()
    ]


def refuse_placeholders(text: str, place: str) -> None:
    """Raise where a text still holds what a form holds before it is filled in; the line names place and finding."""
    for number, line in enumerate(text.splitlines(), start=1):
        found = PLACEHOLDER.search(line)
        if found:
            raise InputError(
                f"{place}, line {number}: '{found[0]}' is a placeholder; give the fact where it comes from: "
                "config.yaml (package), study.yaml, CITATION.cff or registers/sources.csv"
            )
