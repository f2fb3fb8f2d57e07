"""What `config.yaml` may say: which studies, in which languages, from which raw files."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from citypanel.declare.complaints import complaints
from citypanel.declare.intake import Intake
from citypanel.declare.package import PackageDeclaration
from citypanel.errors import DeclarationError

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
SAMPLE = "sample"
PANELS = "panels"  # no raw files: the panels in the results are taken as they are, as in a package without raw data


# A name becomes a folder of results: no separator, no dots.
StudyName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


def _listed(value: object) -> object:
    return value.split(",") if isinstance(value, str) else value


class SampleDeclaration(BaseModel):
    """The simulated raw files that are generated where no licensed ones are given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    preset: Literal["tiny", "default", "full"] = Field("default", description="size of the simulated raw files")
    seed: int = Field(20112020, ge=0, lt=2**32, description="seed of the simulation")


class ValidationDeclaration(BaseModel):
    """Panels with a known truth on which `snakemake validation` tries the studies' estimators."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    draws: int = Field(500, ge=2, le=100_000, description="panels of each design")
    block: int = Field(125, ge=1, le=100_000, description="panels that one job draws and estimates")
    seed: int = Field(20112020, ge=0, lt=2**32, description="seed of the panels")


class Jobs(BaseModel):
    """How customs records are shared out to jobs that run side by side; no result depends on it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    files_per_job: int | None = Field(
        None, ge=1, description="customs files that one job reads; default 1, and 10 of the small presets of the sample"
    )
    chapter_groups: int = Field(
        1, ge=1, le=97, description="groups of HS chapters that are cleaned side by side; about the number of cores"
    )


class Config(BaseModel):
    """The run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    studies: Annotated[tuple[StudyName, ...], BeforeValidator(_listed, json_schema_input_type=str | list[str])] = Field(
        min_length=1, description="folders of `studies_folder` to run"
    )
    studies_folder: str = Field("studies", description="where the studies are declared")
    languages: Annotated[
        tuple[Language, ...], BeforeValidator(_listed, json_schema_input_type=str | list[Language])
    ] = Field(LANGUAGES, min_length=1, description="languages of tables and figures")
    raw: str = Field(
        SAMPLE,
        description="`sample`; a folder with customs/, patents/, yearbook/, world_trade/ (any of them); or `panels`: "
        "no raw files, the panels that are there",
    )
    sample: SampleDeclaration = SampleDeclaration()
    validation: ValidationDeclaration = ValidationDeclaration()
    intake: Intake = Field(Intake(), description="rules of reading raw files")
    jobs: Jobs = Field(Jobs(), description="how customs records are shared out to jobs")
    package: PackageDeclaration = Field(PackageDeclaration(), description="the replication package")
    pathvars: dict[str, str] = Field({}, description="other places for results, logs and benchmarks")


def parse_config(document: dict[str, Any], place: str = "config.yaml") -> Config:
    """Validate a configuration; raise `DeclarationError` naming the key, what was found and what is allowed."""
    try:
        return Config.model_validate(document)
    except ValidationError as error:
        raise DeclarationError(complaints(error, Config, place)[0]) from None


def study_folder(config: Config, study: str, root: Path) -> Path:
    """Return the folder of a study; raise if it is not there, naming the studies there are."""
    folder = root / config.studies_folder / study
    if not (folder / "study.yaml").is_file():
        there = sorted(path.parent.name for path in (root / config.studies_folder).glob("*/study.yaml"))
        known = ", ".join(there) or "none"
        raise DeclarationError(f"config.yaml, key 'studies': '{study}' has no study.yaml; declared studies: {known}")
    return folder
