"""Whose data are behind a file: sources by the files that no job wrote, carried along the jobs, checked on the way."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from citypanel.canonical import Origin, read_frame, read_origin
from citypanel.declare.expression import names_in, parse_expression
from citypanel.declare.sources import REGISTERS, SAMPLE, Source, source_of
from citypanel.errors import InputError
from citypanel.package.lineage import Lineage
from citypanel.receipts import Receipt

SIMULATION = "simulate_sample"
_YEARBOOK = ("/city_year.parquet", "registers/national_series.csv")
_OURS = ("templates/", "studies/", "src/", "scripts/")  # no data of others


@dataclass
class Rights:
    """The sources behind every file of a run.

    Parameters
    ----------
    lineage : Lineage
    sources : the user's own first, then the register's.
    """

    lineage: Lineage
    sources: tuple[Source, ...]
    _behind: dict[str, tuple[Source, ...]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Find the raw folders and the layouts of their files in the accounts of the intakes."""
        intakes = [job for job in self.lineage.receipts if "root" in job.params and "table" in job.params]
        self._roots = sorted({str(job.params["root"]).rstrip("/") for job in intakes}, key=len, reverse=True)
        self._layouts: dict[str, str] = {}
        for job in intakes:
            for path in (path for path in job.outputs if path.endswith("/files.parquet")):
                accounts = read_frame(self.lineage.root / path)
                for file, layout in zip(accounts["source_file"], accounts["layout"], strict=True):
                    self._layouts[f"{job.params['root']}/{file}"] = str(layout)

    def behind(self, path: str) -> tuple[Source, ...]:
        """Return the sources of a file, each once."""
        if path not in self._behind:
            job = self.lineage.wrote(path)
            found: Iterable[Source]
            if job is None:
                found = self._leaf(path)
            elif job.rule.startswith(SIMULATION):
                found = self._named(SAMPLE, path)
            else:
                found = (source for name in job.inputs for source in self.behind(name))
            self._behind[path] = tuple({source.source: source for source in found}.values())
        return self._behind[path]

    def _named(self, name: str, path: str) -> tuple[Source, ...]:
        found = next((source for source in self.sources if source.source == name), None)
        if found is None:
            raise InputError(f"{path}: registers/sources.csv has no source '{name}'")
        return (found,)

    def _leaf(self, path: str) -> tuple[Source, ...]:
        """Return the source of a file that no job wrote."""
        if path.startswith(_OURS):
            return ()
        if path.startswith(REGISTERS):
            found = source_of(path, "", self.sources)
            if found is None:
                raise InputError(
                    f"{path}: the register has no licence; add a row that feeds '{path}' to registers/sources.csv"
                )
            return (found,)
        root, folder = self.place(path)
        if root is None:
            raise InputError(f"{path}: it lies in no raw folder and no register, so nobody says what may be given on")
        layout = next((known for file, known in self._layouts.items() if file.startswith(path)), "")
        found = source_of(folder, layout, self.sources)
        if found is None:
            raise InputError(
                f"{path}: no source feeds '{folder}'; add a row to {root}/sources.csv in the columns of "
                "registers/sources.csv"
            )
        return (found,)

    def place(self, path: str) -> tuple[str | None, str]:
        """Return the raw folder that holds a file and the subfolder below it; None where it lies in none."""
        root = next((root for root in self._roots if path.startswith(f"{root}/")), None)
        return root, "" if root is None else Path(path).relative_to(root).parts[0]

    def of_variable(self, panel: Receipt, name: str) -> tuple[Source, ...]:
        """Return the sources behind a variable of a panel, those inside its formula included."""
        found = [source for path in files_of_variable(panel, name) for source in self.behind(path)]
        return tuple({source.source: source for source in found}.values())

    def verify_origins(self, jobs: Iterable[Receipt]) -> None:
        """Check that the origin stated in each Parquet file holds all of its inputs'.

        Raises
        ------
        InputError
            A table says less about its sources than what it was made from, or says nothing.
        """
        for job in jobs:
            given = [self._origin(path) for path in job.inputs if path.endswith(".parquet")]
            wanted = {licence for origin in given for licence in origin.licences}
            simulated = any(origin.simulated for origin in given)
            for path in job.outputs:
                if not path.endswith(".parquet") or job.rule.startswith(SIMULATION):
                    continue
                stated = self._origin(path)
                if not stated.licences or not wanted <= set(stated.licences) or (simulated and not stated.simulated):
                    lost = ", ".join(sorted(wanted - set(stated.licences))) or "all"
                    raise InputError(f"{path}: rule {job.rule} lost the origin of its rows ({lost}); it may not leave")

    def _origin(self, path: str) -> Origin:
        return read_origin(self.lineage.root / path)


def files_of_variable(panel: Receipt, name: str) -> list[str]:  # noqa: PLR0911 - a line a kind of variable
    """Return the inputs of a panel that a variable is made from."""
    variables = panel.params["declared"]["variables"]
    if name in ("city", "year", "province"):
        return _inputs(panel, "registers/cities.csv")
    declared = variables.get(name)
    if declared is None:
        return _inputs(panel, *_YEARBOOK)
    if "formula" in declared:
        parts = dict.fromkeys(names_in(parse_expression(declared["formula"])))
        # A formula may read the column of the yearbook that it is named after.
        return [
            path
            for part in parts
            for path in (_inputs(panel, *_YEARBOOK) if part == name else files_of_variable(panel, part))
        ]
    if "variant" in declared:
        return _inputs(panel, f"/{declared['source']}/{declared['variant']}.parquet")
    if declared["source"] == "yearbook":
        return _inputs(panel, *_YEARBOOK)
    if declared["source"] == "policy":
        own = _inputs(panel, f"policies/{declared['policy']}.csv")
        return own or _inputs(panel, "registers/policies.csv")
    return _inputs(panel, "registers/cities.csv", "registers/city_clusters.csv")


def _inputs(panel: Receipt, *endings: str) -> list[str]:
    return [path for path in panel.inputs if path.endswith(endings)]
