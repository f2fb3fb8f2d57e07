"""Reads a run's declarations: the configuration and its studies, validated and checked across keys."""

from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from citypanel.declare.coherence import check_study
from citypanel.declare.complaints import closest, complaints
from citypanel.declare.config import Config, study_folder
from citypanel.declare.study import Study
from citypanel.declare.variables import PolicyVariable, YearbookVariable
from citypanel.declare.yaml import read_yaml
from citypanel.errors import DeclarationError
from citypanel.registers import Registers


def load_studies(config: Config, root: Path, registers: Registers) -> dict[str, Study]:
    """Read every study of the run; the first fault found is raised."""
    return {name: load_study(study_folder(config, name, root), registers) for name in config.studies}


def load_study(folder: Path, registers: Registers) -> Study:
    """Read and check `study.yaml` in a folder.

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
    sources = registers.yearbook_columns()
    check_study(study, name, sources=sources)
    _check_registers(study, name, registers, sources)
    return study


def _check_registers(study: Study, name: str, registers: Registers, sources: Iterable[str]) -> None:
    """Check the names that only the registers know."""
    cluster = study.sample.cities.cluster
    if cluster is not None and cluster not in registers.clusters():
        place = f"study {name}, key 'sample.cities.cluster'"
        raise DeclarationError(f"{place}: '{cluster}' is unknown{closest(cluster, registers.clusters())}")
    for key, variable in study.variables.items():
        place = f"study {name}, variable '{key}'"
        if isinstance(variable, YearbookVariable) and variable.column not in sources:
            raise DeclarationError(f"{place}: column '{variable.column}' is unknown{closest(variable.column, sources)}")
        if isinstance(variable, PolicyVariable) and variable.policy not in registers.policies():
            known = registers.policies()
            raise DeclarationError(f"{place}: policy '{variable.policy}' is unknown{closest(variable.policy, known)}")
