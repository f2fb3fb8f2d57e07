"""Which job made a file from which others, told from the receipts of the run and checked against the files."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from citypanel.errors import InputError
from citypanel.receipts import Receipt, read_receipts, sha256

AGAIN = "run snakemake again"


@dataclass
class Lineage:
    """The jobs of a run, by what they wrote.

    Parameters
    ----------
    receipts : list of Receipt
    root : Path
        Folder in which snakemake ran; the paths of receipts are relative to it, or absolute.
    """

    receipts: list[Receipt]
    root: Path = Path()
    _known: dict[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Index the jobs by their outputs."""
        self._by_output = {path: receipt for receipt in self.receipts for path in receipt.outputs}

    def wrote(self, path: str) -> Receipt | None:
        """Return the job that wrote a file; None for a file that no job wrote: a source."""
        return self._by_output.get(path)

    def require(self, path: str) -> Receipt:
        """Return the job that wrote a file; raise where there is none."""
        found = self.wrote(path)
        if found is None:
            raise InputError(f"{path}: no job of the run wrote it; {AGAIN}, with --forcerun if need be")
        return found

    def upstream(self, paths: Iterable[str]) -> list[Receipt]:
        """Return every job behind the files, sources first."""
        ordered: dict[int, Receipt] = {}

        def visit(path: str) -> None:
            job = self.wrote(path)
            if job is None or id(job) in ordered:
                return
            for source in job.inputs:
                visit(source)
            ordered[id(job)] = job

        for path in paths:
            visit(path)
        return list(ordered.values())

    def sources(self, paths: Iterable[str]) -> dict[str, str]:
        """Return the files that no job wrote, behind the files given: path and hash as they were read."""
        jobs = self.upstream(paths)
        return {path: digest for job in jobs for path, digest in sorted(job.inputs.items()) if self.wrote(path) is None}

    def hash_now(self, path: str) -> str:
        """Return the hash of a file as it lies there now."""
        if path not in self._known:
            self._known[path] = sha256(self.root / path)
        return self._known[path]

    def verify(self, paths: Iterable[str]) -> None:
        """Check the files and everything behind them against the receipts.

        Raises
        ------
        InputError
            A file is missing, was changed by hand after its job, or is older than what it was made from; the line
            names the file and what to do.
        """
        wanted = list(paths)
        for path in wanted:
            self.require(path)
        for fault in self._faults(self.upstream(wanted)):
            raise InputError(fault)

    def _faults(self, jobs: Iterable[Receipt]) -> Iterator[str]:
        for job in jobs:
            first = next(iter(job.outputs), "")
            for path, digest in job.inputs.items():
                if not (self.root / path).is_file():
                    yield f"{path} is missing: rule {job.rule} read it for {first}; put it back, or {AGAIN}"
                elif self.hash_now(path) != digest and self.wrote(path) is None:
                    yield f"{first} is stale: {path} has changed since rule {job.rule} read it; {AGAIN}"
            for path, digest in job.outputs.items():
                if not (self.root / path).is_file():
                    yield f"{path} is missing: rule {job.rule} had written it; {AGAIN}"
                elif self.hash_now(path) != digest:
                    yield f"{path} was changed after rule {job.rule} wrote it; delete it and {AGAIN}"
            for path, digest in job.inputs.items():
                if self.hash_now(path) != digest:
                    yield f"{first} is stale: it was made from another {path}; {AGAIN}"


def read_lineage(logs: Path, root: Path = Path()) -> Lineage:
    """Return the lineage that the receipts below a folder of logs tell.

    Raises
    ------
    InputError
        There is no receipt: nothing has run.
    """
    receipts = read_receipts(root / logs)
    if not receipts:
        raise InputError(f"{root / logs} holds no receipt of a job: nothing has been run here; run snakemake first")
    return Lineage(receipts, root)
