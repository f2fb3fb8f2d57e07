"""A finished run as the package sees it: what was declared, what the jobs left, whose data are behind it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from citypanel.declare.complaints import complaints
from citypanel.declare.config import Config, parse_config, study_folder
from citypanel.declare.sources import read_sources
from citypanel.declare.study import Study
from citypanel.declare.yaml import read_yaml
from citypanel.errors import DeclarationError, InputError
from citypanel.package.lineage import Lineage, read_lineage
from citypanel.package.rights import Rights
from citypanel.receipts import Receipt

# What of a study's results a package holds. Our own checks (witness, validation) and bound papers are made again.
PARTS = ("tables", "figures", "estimates", "audit", "ledger", "weights", "panel.parquet", "panel_report.csv")


@dataclass(frozen=True)
class Run:
    """A run: `base` is the checkout, `root` the folder in which snakemake ran, `results` relative to it."""

    base: Path
    root: Path
    results: str
    config: Config
    studies: dict[str, Study]
    lineage: Lineage
    rights: Rights

    def jobs_of(self, study: str) -> list[Receipt]:
        """Return the jobs whose results belong to a study as it is declared now."""
        declared, prefix = self.studies[study], f"{self.results}/{study}/"
        return [
            job
            for job in self.lineage.receipts
            if any(path.removeprefix(prefix).split("/")[0] in PARTS for path in job.outputs if path.startswith(prefix))
            and job.wildcards.get("exhibit", "") in ("", *declared.exhibits)
            and job.wildcards.get("analysis", "") in ("", *declared.analyses)
            and job.wildcards.get("weights", "") in ("", *declared.weights)
        ]

    def targets(self) -> list[str]:
        """Return every result of the studies, in order."""
        return sorted(path for study in self.studies for job in self.jobs_of(study) for path in job.outputs)

    def jobs(self) -> list[Receipt]:
        """Return every job behind the results, sources first."""
        return self.lineage.upstream(self.targets())

    @property
    def simulated(self) -> bool:
        """Whether the results rest on simulated raw files."""
        return any(source.source == "sample" for path in self.targets() for source in self.rights.behind(path))


def load_run(config: Mapping[str, Any], base: Path, root: Path, results: str, studies: Iterable[str] = ()) -> Run:
    """Read declarations and receipts of a finished run.

    Parameters
    ----------
    config : mapping
        The configuration as it was used.
    base, root : Path
        The checkout, and the folder in which snakemake ran.
    results : str
        Folder of results, relative to `root`.
    studies : names, optional
        Those of the package; default all of the configuration.

    Raises
    ------
    DeclarationError, InputError
        One line: what is wrong with a declaration, or that a result has not been made.
    """
    parsed = parse_config(dict(config))
    chosen = tuple(studies) or parsed.studies
    declared = {name: _study(study_folder(parsed, name, base)) for name in chosen}
    lineage = read_lineage(Path(results) / "logs", root)
    own = [root / folder / "sources.csv" for folder in _raw_folders(lineage)]
    known = [row for path in [*own, base / "registers" / "sources.csv"] if path.is_file() for row in read_sources(path)]
    run = Run(base, root, results, parsed, declared, lineage, Rights(lineage, tuple(known)))
    for name, study in declared.items():
        _require_results(run, name, study)
    return run


def _study(folder: Path) -> Study:
    try:
        return Study.model_validate(read_yaml(folder / "study.yaml"))
    except ValidationError as error:
        raise DeclarationError(complaints(error, Study, f"study {folder.name}")[0]) from None


def _raw_folders(lineage: Lineage) -> list[str]:
    return sorted({str(job.params["root"]) for job in lineage.receipts if "root" in job.params})


def _require_results(run: Run, name: str, study: Study) -> None:
    made = {job.wildcards.get("exhibit") for job in run.jobs_of(name)}
    missing = [exhibit for exhibit in study.exhibits if exhibit not in made]
    if missing or not study.exhibits:
        what = f"exhibit '{missing[0]}' has not been made" if missing else "it declares no exhibit"
        raise InputError(f"study {name}: {what}; run snakemake first, the package holds what is there")
