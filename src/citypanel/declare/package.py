"""What `config.yaml` may say about the replication package: who deposits, under which licence, what may leave."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from citypanel.declare.text import Text

DataLicence = Literal["CC-BY-4.0", "CC-BY-NC-4.0", "CC0-1.0", "ODbL-1.0"]
VARIANTS = ("public", "restricted")

# The code of a package: files of the checkout, by pattern. Tests and benchmarks of the library stay behind.
CODE = (
    "Snakefile", "Makefile", "pyproject.toml", "requirements.lock", "LICENSE", "CHANGELOG.md",
    "rules/*.smk", "scripts/*.py", "src/citypanel/**/*", "registers/*", "templates/**/*", "envs/*", "profiles/**/*",
    "report/*", "docs/*.md", "benchmarks/replication.csv",
)  # fmt: skip

_NONE_COLLECTED = Text(
    en="No survey was run and no experiment was made: the data are records of firms, patents and statistical offices.",
    zh="本研究未开展调查或实验：数据为企业海关记录、专利记录和统计机构的资料。",
)
_NO_PERSONS = Text(
    en="No approval was needed: no data on individual persons are analysed; applicants who are natural persons are "
    "not counted.",
    zh="无需伦理审批：未分析任何个人数据，自然人申请人不计入。",
)
_NOT_REGISTERED = Text(en="The research was not pre-registered.", zh="本研究未预先注册。")


class Statements(BaseModel):
    """What a data editor asks about the research itself; the defaults hold for studies of existing records."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    instruments: Text = Field(_NONE_COLLECTED, description="survey instruments and experiment instructions")
    ethics: Text = Field(_NO_PERSONS, description="ethics approval")
    preregistration: Text = Field(_NOT_REGISTERED, description="pre-registration of the research")


class Measured(BaseModel):
    """What a replication takes, as the authors measured it; without it, the README has the brackets of the run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    minutes: float = Field(gt=0, description="of all jobs one after another")
    memory_gb: float = Field(gt=0, description="of the largest job")
    machine: str = Field("", description="cores, memory and operating system, as a replicator needs to know them")


class PackageDeclaration(BaseModel):
    """The replication package."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    authors: tuple[str, ...] = Field((), description="who deposits, as Family, Given; default those of CITATION.cff")
    certify_access: bool = Field(
        False, description="the authors have legitimate access to the data and permission to use them"
    )
    certify_redistribution: bool = Field(
        False, description="the authors have documented permission to redistribute the data in the package"
    )
    data_licence: DataLicence = Field("CC-BY-4.0", description="licence of the derived data in the package")
    min_firms: int = Field(3, ge=2, description="a cell made from fewer firms does not leave")
    dominant_firms: int = Field(2, ge=1, le=5, description="N of the N-K rule: the largest firms of a cell")
    dominant_share: float = Field(
        0.85, gt=0, le=1, description="K of the N-K rule: the share of value above which they dominate it"
    )
    measured: Measured | None = Field(
        None, description="time and memory of a replication on your own data, so that no later run tells it otherwise"
    )
    statements: Statements = Statements()


def code_files(base: Path, studies_folder: str, studies: Iterable[str]) -> list[Path]:
    """Return the files of a checkout that a package holds: code, and the declarations of its studies."""
    listed = [path for pattern in CODE for path in base.glob(pattern) if path.is_file()]
    listed += [path for name in studies for path in study_files(base / studies_folder / name)]
    return sorted({path for path in listed if "__pycache__" not in path.parts})


def study_files(folder: Path) -> list[Path]:
    """Return the files of a study's folder."""
    return sorted(path for path in folder.rglob("*") if path.is_file())
