"""Where raw files are: the user's one folder, or for each study the simulated world that belongs to it.

Tables and indicators of one world are shared by the studies that read it and kept apart from those of another.
"""

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citypanel.declare.cleaning import WAYS
from citypanel.declare.config import PANELS, SAMPLE, Config
from citypanel.declare.expression import names_in, parse_expression
from citypanel.declare.slices import indicator_variants, panel_policies, study_cleanings
from citypanel.declare.study import WORLDS, Study
from citypanel.declare.variables import indicator_options
from citypanel.errors import DeclarationError

SMALL, TOGETHER = ("tiny", "default"), 10  # presets with small files, and how many of these a job reads
KEY_BYTES = 1_000_000  # the largest table of names and codes
OWN = "own"  # the world of the user's own files
PLACEHOLDER = "{raw}"  # in a path of a declaration: the raw folder of the study's world


def _none(world: str) -> Iterable[str]:  # noqa: ARG001 - the form of `simulated_columns`
    return ()


@dataclass(frozen=True)
class RawFolders:
    """The raw folders of a run, one for each world.

    Parameters
    ----------
    config : Config
    results : str
        Folder below which simulated raw files appear.
    simulated : callable
        The files, relative to its folder, that the sample writes for a world; they need not exist yet.
    simulated_columns : callable, optional
        The variables that a world's own table of yearbook labels adds to those of the register.
    """

    config: Config
    results: str
    simulated: Callable[[str], Iterable[str]]
    simulated_columns: Callable[[str], Iterable[str]] = _none

    @property
    def are_simulated(self) -> bool:
        """Whether the run is on the sample."""
        return self.config.raw == SAMPLE

    @property
    def are_read(self) -> bool:
        """Whether the run starts from raw files, and not from panels that are there."""
        return self.config.raw != PANELS

    def policies_of(self, name: str, study: Study) -> Iterable[str]:
        """Return the policies that a study may name beside the register's; without raw files those that it names."""
        return self.policies(self.world(name, study)) if self.are_read else panel_policies(study)

    def columns_of(self, name: str, study: Study) -> Iterable[str]:
        """Return the yearbook variables that a study may name beside the register's; without raw files its own."""
        return self.yearbook_columns(self.world(name, study)) if self.are_read else _named_columns(study)

    def world(self, name: str, study: Study) -> str:
        """Return the world that a study reads: its own, unless it declares another; a fifth study's is the first."""
        return self.simulated_world(name, study) if self.are_simulated else OWN

    @staticmethod
    def simulated_world(name: str, study: Study) -> str:
        """Return the simulated world that belongs to a study, whatever files the run reads."""
        return study.world or (name if name in WORLDS else WORLDS[0])

    def folder(self, world: str) -> str:
        """Return the raw folder of a world."""
        return self.config.raw if world == OWN else f"{self.results}/raw/{world}"

    def files(self, world: str, kind: str) -> list[str]:
        """Return the raw files of one kind, in order: those in the folder, or those the sample will write."""
        folder = self.folder(world)
        if world == OWN:
            return sorted(str(path) for path in Path(folder, kind).glob("*") if path.is_file())
        return [f"{folder}/{name}" for name in self.simulated(world) if name.startswith(f"{kind}/")]

    def policies(self, world: str) -> dict[str, str]:
        """Return the files with lists of treated units, by policy; each stands in for the register's list."""
        return {Path(path).stem: path for path in self.files(world, "policies") if path.endswith(".csv")}

    def batches(self, world: str, kind: str) -> dict[str, list[str]]:
        """Return the raw files of a kind as jobs share them, each batch by the name of its first file.

        A changed file redoes its batch, so a file has one of its own unless files are small.
        """
        small = self.are_simulated and self.config.sample.preset in SMALL
        size = self.config.jobs.files_per_job or (TOGETHER if small else 1)
        files = self.files(world, kind)
        return {Path(files[at]).name: files[at : at + size] for at in range(0, len(files), size)}

    def beside(self, world: str, kind: str, files: Iterable[str]) -> list[str]:
        """Return other files of a kind that are small, as the tables are that explain a source's own numbers."""
        if world != OWN:
            return []
        others = sorted(set(self.files(world, kind)) - set(files))
        return [path for path in others if Path(path).stat().st_size <= KEY_BYTES]

    def has(self, world: str, path: str) -> bool:
        """Whether a file is there, or will be when the sample is written."""
        folder = self.folder(world)
        return Path(path).is_file() or (world != OWN and path in {f"{folder}/{name}" for name in self.simulated(world)})

    def yearbook_columns(self, world: str) -> tuple[str, ...]:
        """Return the variables named by tables `label, variable, unit` beside the yearbook: the folder's own labels."""
        if world != OWN:
            return tuple(self.simulated_columns(world))
        tables = [path for path in self.files(world, "yearbook") if path.lower().endswith(".csv")]
        return tuple(dict.fromkeys(name for path in tables for name in _own_variables(Path(path))))


def _named_columns(study: Study) -> list[str]:
    columns = [str(getattr(variable, "column", "")) for variable in study.variables.values()]
    formulas = [str(getattr(variable, "formula", "")) for variable in study.variables.values()]
    return [*columns, *(name for text in formulas if text for name in names_in(parse_expression(text)))]


def _own_variables(path: Path) -> list[str]:
    # Names of variables are ASCII in every encoding of such files; the labels beside them are not read here.
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        rows = csv.DictReader(stream)
        if not {"label", "variable", "unit"} <= set(rows.fieldnames or ()):
            return []
        return [name for row in rows if (name := (row["variable"] or "").strip())]


def world_variants(raw: RawFolders, studies: Mapping[str, Study]) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Return the options of every indicator file that the studies need, by (world, indicator, variant)."""
    found = {}
    for name, study in studies.items():
        world = raw.world(name, study)
        for (indicator, variant), options in indicator_variants([study]).items():
            found[world, indicator, variant] = _placed(options, raw.folder(world))
    return dict(sorted(found.items()))


@dataclass(frozen=True)
class Cleanings:
    """The cleanings of customs records that studies need.

    `options` are what each does, by (world, cleaning); `behind` is the one behind a quality, by (world, variant).
    """

    options: dict[tuple[str, str], dict[str, Any]]
    behind: dict[tuple[str, str], str]


def world_cleanings(raw: RawFolders, studies: Mapping[str, Study]) -> Cleanings:
    """Return the cleanings that the studies need; two qualities that differ in later steps only share one."""
    options, behind = {}, {}
    for name, study in studies.items():
        world = raw.world(name, study)
        for variant, (cleaning, flows) in study_cleanings(study).items():
            options[world, cleaning] = _placed(flows, raw.folder(world))
            behind[world, variant] = cleaning
    return Cleanings(dict(sorted(options.items())), behind)


def require_files(raw: RawFolders, studies: Mapping[str, Study]) -> None:
    """Refuse a run whose studies name files that are not there: elasticities, conversion tables, deflators.

    Raises
    ------
    DeclarationError
        One line: study, variable, key, the file, and what it is.
    """
    for name, study in studies.items():
        world = raw.world(name, study)
        for variable, declared in study.variables.items():
            options = indicator_options(declared)
            for key, given in options.files.items() if options is not None else ():
                path = given.replace(PLACEHOLDER, raw.folder(world))
                if not raw.has(world, path):
                    raise DeclarationError(
                        f"study {name}, variable '{variable}', key '{key}': there is no file {path}; "
                        f"give {WAYS.get(key, 'a file that exists')}"
                    )


def _placed(value: Any, folder: str) -> Any:
    """Return options with the raw folder in place of its placeholder."""
    if isinstance(value, str):
        return value.replace(PLACEHOLDER, folder)
    if isinstance(value, dict):
        return {key: _placed(item, folder) for key, item in value.items()}
    return [_placed(item, folder) for item in value] if isinstance(value, list) else value
