"""Every dependency of a run may be used and passed on together with an MIT project."""

import re
import tomllib
from importlib.metadata import distribution, requires
from pathlib import Path

PERMISSIVE = re.compile(
    r"\b(MIT|BSD|Apache|ISC|PSF|Python Software Foundation|Unlicense|HPND|Zlib|CC0|MPL|Mozilla|NCSA|Public Domain)\b",
    re.IGNORECASE,
)


def name_of(requirement: str) -> str:
    return re.split(r"[<>=!~\[; (]", requirement)[0].lower().replace("_", "-")


def needed(project: Path) -> set[str]:
    """Return the installed packages that a run needs, directly or through others."""
    declared = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    waiting, found = {name_of(text) for text in declared}, set()
    while waiting:
        name = waiting.pop()
        try:
            more = {name_of(text) for text in requires(name) or () if "extra ==" not in text}
        except ModuleNotFoundError:
            continue  # for another system or Python
        found.add(name)
        waiting |= more - found
    return found


def licence(name: str) -> str:
    """Return what a package says of its licence in its fields; else the first lines of its licence file."""
    about = distribution(name).metadata
    said = [about.get("License-Expression") or "", (about.get("License") or "")[:200]]
    said += [text for text in about.get_all("Classifier") or () if text.startswith("License")]
    files = [
        path for path in distribution(name).files or () if re.search(r"licen[cs]e|copying", path.name, re.IGNORECASE)
    ]
    if not any(part.strip() for part in said) and files:
        said.append(Path(str(files[0].locate())).read_text(encoding="utf-8", errors="replace")[:400])
    return " ".join(part for part in said if part)


def test_every_dependency_has_a_licence_that_fits(project: Path) -> None:
    names = needed(project)
    assert {"snakemake", "pandas", "numpy"} <= names
    odd = {name: licence(name)[:100] for name in names if not PERMISSIVE.search(licence(name))}
    assert odd == {}


def test_the_list_of_licences_in_the_documentation_is_complete(project: Path) -> None:
    listed = (project / "docs" / "licences.md").read_text(encoding="utf-8")
    cluster = re.findall(
        r"^([a-z0-9.-]+)==", (project / "envs" / "slurm.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert {name for name in needed(project) | set(cluster) if f"| {name} |" not in listed} == set()


def test_every_licence_in_the_documentation_fits(project: Path) -> None:
    rows = re.findall(
        r"^\| ([a-z0-9-]+) \| (.+) \|$", (project / "docs" / "licences.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    told = {name: text for name, text in rows if name != "package"}
    assert len(told) > 80
    assert {name: text for name, text in told.items() if not PERMISSIVE.search(text)} == {}
