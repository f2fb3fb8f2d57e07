"""Reads a run's declarations: the configuration and its studies, validated and checked across keys."""

import csv
from collections.abc import Callable, Iterable
from pathlib import Path

from pydantic import ValidationError

from citypanel.declare.coherence import check_study
from citypanel.declare.complaints import closest, complaints
from citypanel.declare.config import Config, study_folder
from citypanel.declare.printed import check_published
from citypanel.declare.study import Study
from citypanel.declare.variables import CityVariable, PolicyVariable, YearbookVariable
from citypanel.declare.yaml import read_yaml
from citypanel.errors import DeclarationError, UnknownDataError
from citypanel.registers import Registers

Listed = Callable[[str, Study], Iterable[str]]  # what the raw folder of a study (name and declaration) lists


def _nothing(name: str, study: Study) -> Iterable[str]:  # noqa: ARG001 - the form of `Listed`
    return ()


def load_studies(
    config: Config,
    root: Path,
    registers: Registers,
    *,
    policies: Listed = _nothing,
    columns: Listed = _nothing,
    skipped: Callable[[UnknownDataError], None] | None = None,
) -> dict[str, Study]:
    """Read every study of the run; the first fault found is raised.

    With `skipped`, which is handed the fault, a study that names data nobody lists is left out instead: raw files of
    one's own need not serve every study.
    """
    found = {}
    for name in config.studies:
        try:
            found[name] = load_study(study_folder(config, name, root), registers, policies, columns)
        except UnknownDataError as fault:
            if skipped is None:
                raise
            skipped(fault)
    return found


def load_study(folder: Path, registers: Registers, policies: Listed = _nothing, columns: Listed = _nothing) -> Study:
    """Read and check `study.yaml` in a folder.

    Parameters
    ----------
    folder : Path
    registers : Registers
    policies, columns : callable
        Policies and yearbook variables that the raw folder of a study lists beside the registers.

    Raises
    ------
    DeclarationError
        One line: study, key, what was found, what is allowed.
    """
    name = folder.name
    document = read_yaml(folder / "study.yaml")
    try:
        study = Study.model_validate(document)
    except ValidationError as error:
        raise DeclarationError(complaints(error, Study, f"study {name}")[0]) from None
    sources = tuple(dict.fromkeys([*registers.yearbook_columns(), *columns(name, study)]))
    check_study(study, name, sources=sources)
    check_published(study, name, (folder / "published").glob("*.csv"))
    _check_registers(study, name, registers, sources, policies)
    return _with_listed_cities(study, folder)


def _check_registers(study: Study, name: str, registers: Registers, sources: Iterable[str], policies: Listed) -> None:
    """Check the names that only the registers know."""
    cluster = study.sample.cities.cluster
    if cluster is not None and cluster not in registers.clusters():
        place = f"study {name}, key 'sample.cities.cluster'"
        raise DeclarationError(f"{place}: '{cluster}' is unknown{closest(cluster, registers.clusters())}")
    for key, variable in study.variables.items():
        place = f"study {name}, variable '{key}'"
        if isinstance(variable, YearbookVariable) and variable.column not in sources:
            raise UnknownDataError(f"{place}: column '{variable.column}' is unknown{closest(variable.column, sources)}")
        if isinstance(variable, PolicyVariable):
            known = tuple(dict.fromkeys([*registers.policies(), *policies(name, study)]))
            _require_known(variable.policy, known, f"{place}: policy", UnknownDataError)
        if isinstance(variable, CityVariable):
            clusters = ("any", *registers.clusters())
            for what, given, allowed in (
                ("cluster", variable.cluster, clusters),
                ("region", variable.region, sorted(set(registers.table("cities")["region"]))),
                ("level", variable.level, sorted(set(registers.table("cities")["level"]))),
            ):
                for value in given:
                    _require_known(value, allowed, f"{place}: {what}")


def _require_known(
    value: str, known: Iterable[str], sentence: str, error: type[DeclarationError] = DeclarationError
) -> None:
    if value not in known:
        raise error(f"{sentence} '{value}' is unknown{closest(value, known)}")


def _with_listed_cities(study: Study, folder: Path) -> Study:
    """Return the study with the codes of `sample.cities.file` as its cities."""
    cities = study.sample.cities
    if not cities.file:
        return study
    path = folder / cities.file
    place = f"study {folder.name}, key 'sample.cities.file'"
    if cities.adcodes or not path.is_file():
        fault = "stands beside 'adcodes'; give one of them" if cities.adcodes else f"{path} does not exist"
        raise DeclarationError(f"{place}: {fault}")
    with path.open(encoding="utf-8-sig", newline="") as stream:
        listed = [row.get("adcode") or "" for row in csv.DictReader(stream)]
    wrong = [(line, code) for line, code in enumerate(listed, start=2) if not code.strip().isdecimal()]
    if wrong or not listed:
        found = f"row {wrong[0][0]}, column adcode: found '{wrong[0][1]}'" if wrong else "it has no row"
        raise DeclarationError(f"{place}: {path}, {found}; allowed: codes of six digits, one a row")
    known = cities.model_copy(update={"adcodes": tuple(int(code) for code in listed), "file": ""})
    return study.model_copy(update={"sample": study.sample.model_copy(update={"cities": known})})
