"""Metadata for machines: RO-Crate, CODECHECK, CITATION.cff. Nothing in them depends on the day."""

import datetime as dt
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from citypanel.errors import InputError
from citypanel.package.archive import Entry
from citypanel.package.datapackage import LICENCES
from citypanel.package.exhibit_list import ExhibitFile

CRATE = "ro-crate-metadata.json"
CODECHECK = "https://codecheck.org.uk/spec/config/1.0/"
_MEDIA = {
    ".csv": "text/csv",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".pdf": "application/pdf",
    ".py": "text/x-python",
    ".tex": "application/x-tex",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}


@dataclass(frozen=True)
class Deposit:
    """What the metadata says of the package as a whole."""

    title: str
    description: str
    authors: tuple[str, ...]
    date: str
    version: str
    data_licence: str
    code_licence: str
    references: tuple[str, ...]


def citation(base_text: str) -> dict[str, Any]:
    """Return what `CITATION.cff` of the code says."""
    document: dict[str, Any] = yaml.safe_load(base_text)
    return document


def authors_of(cff: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the authors of a citation file, people as Family, Given."""
    return tuple(
        str(author["name"]) if "name" in author else f"{author['family-names']}, {author['given-names']}"
        for author in cff["authors"]
    )


def date_of(cff: Mapping[str, Any]) -> str:
    """Return the day of the package: of SOURCE_DATE_EPOCH if it is set, else of the code's release.

    Raises
    ------
    InputError
        SOURCE_DATE_EPOCH is no number of seconds.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if not epoch:
        return str(cff["date-released"])
    try:
        return dt.datetime.fromtimestamp(int(epoch), tz=dt.UTC).date().isoformat()
    except ValueError:
        raise InputError(f"SOURCE_DATE_EPOCH is '{epoch}'; allowed: seconds since 1970, as 1760000000") from None


def citation_cff(deposit: Deposit, code: Mapping[str, Any]) -> str:
    """Return the package's own CITATION.cff, which refers to the code."""
    people = [_person(name) for name in deposit.authors]
    document = {
        "cff-version": "1.2.0",
        "message": "If you use this package, please cite it, the papers whose studies it holds, and the data sources.",
        "title": deposit.title,
        "type": "dataset",
        "version": deposit.version,
        "date-released": deposit.date,
        "license": sorted({deposit.code_licence, deposit.data_licence}),
        "authors": people,
        "references": [
            {
                "type": "software",
                "title": code["title"],
                "version": str(code["version"]),
                "license": code["license"],
                "authors": code["authors"],
            }
        ],
    }
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=120)


def _person(name: str) -> dict[str, str]:
    family, comma, given = name.partition(",")
    return {"family-names": family.strip(), "given-names": given.strip()} if comma else {"name": name}


def codecheck(deposit: Deposit, exhibits: Sequence[ExhibitFile], comments: Mapping[tuple[str, str], str]) -> str:
    """Return `codecheck.yml`: what a checker has to see again. Checker and report are the checker's to add."""
    document = {
        "version": CODECHECK,
        "source": "Made by `citypanel package` from the run that made these files",
        "paper": {
            "title": deposit.title,
            "authors": [{"name": name} for name in deposit.authors],
        },
        "manifest": [
            {"file": entry.output, "comment": f"{entry.study}, {entry.exhibit}: {comments[entry.study, entry.exhibit]}"}
            for entry in exhibits
            if entry.provided == "yes"
        ],
    }
    return "---\n" + yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=120)


def ro_crate(deposit: Deposit, entries: Sequence[Entry], jobs: Sequence[Mapping[str, Any]]) -> str:
    """Return `ro-crate-metadata.json`, RO-Crate 1.1.

    Parameters
    ----------
    entries : every file but the crate's own description and the manifest.
    jobs : `name`, `script`, `inputs` and `outputs` (paths in the package) of each job whose files are there.
    """
    code, data = LICENCES[deposit.code_licence], LICENCES[deposit.data_licence]
    people = [{"@id": f"#author-{number}"} for number, _ in enumerate(deposit.authors, start=1)]
    graph: list[dict[str, Any]] = [
        {
            "@id": CRATE,
            "@type": "CreativeWork",
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
            "about": {"@id": "./"},
        },
        {
            "@id": "./",
            "@type": "Dataset",
            "name": deposit.title,
            "description": deposit.description,
            "datePublished": deposit.date,
            "version": deposit.version,
            "license": {"@id": data[1]},
            "author": people,
            "citation": list(deposit.references),
            "hasPart": [{"@id": entry.path} for entry in entries],
            "mentions": [{"@id": job["id"]} for job in jobs],
        },
        _licence(data, "Licence of the data of this package."),
        _licence(code, "Licence of the code of this package."),
        *(
            {"@id": person["@id"], "@type": "Person" if "," in name else "Organization", "name": name}
            for person, name in zip(people, deposit.authors, strict=True)
        ),
        *(_file(entry, code[1]) for entry in entries),
        *(_action(job) for job in jobs),
    ]
    document = {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _licence(named: tuple[str, str], description: str) -> dict[str, Any]:
    return {"@id": named[1], "@type": "CreativeWork", "name": named[0], "description": description}


def _file(entry: Entry, code: str) -> dict[str, Any]:
    suffix = entry.path[entry.path.rfind(".") :] if "." in entry.path else ""
    is_code = entry.path.startswith(("src/", "scripts/", "rules/")) or entry.path == "Snakefile"
    return {
        "@id": entry.path,
        "@type": ["File", "SoftwareSourceCode"] if is_code else "File",
        "name": entry.path,
        "contentSize": str(entry.bytes),
        "sha256": entry.sha256,
        **({"encodingFormat": _MEDIA[suffix]} if suffix in _MEDIA else {}),
        **({"license": {"@id": code}} if is_code else {}),
    }


def _action(job: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "@id": job["id"],
        "@type": "CreateAction",
        "name": job["name"],
        "instrument": {"@id": job["script"]},
        "object": [{"@id": path} for path in job["inputs"]],
        "result": [{"@id": path} for path in job["outputs"]],
    }
