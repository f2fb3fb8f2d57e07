"""The workflow on the default preset: raw files to all exhibits, reruns, jobs, the way back from a cell, the package.

A copy of the checkout runs on two cores. Commands that work on one core are given in CPU seconds, which is what the
clock shows on a machine that does nothing else; the whole run by the clock, with the CPU seconds beside.
"""

import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from measuring import ONE_THREAD, Measurement, Used, used

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from checkouts import Checkout, copy_checkout

PRESET = ("--config", "sample={preset: default}")
TARGETS = ("all", "tables", "figures", "total")
CELLS = (("table4", "5", "inno"), ("table2", "mean", "quality"), ("figure1", "mean", "quality,2011"))
STUDY = "yrd_cooperation"
# What is edited, and by what: a robustness column, and the headline table, whose conventions the ledger searches.
EDITS = {
    "a robustness column": ("winsorise: [0.01, 0.99]", "winsorise: [0.02, 0.98]"),
    "the headline table": ("- quality ~ inno + ..controls | year", "- quality ~ inno | year"),
}


@dataclass(frozen=True)
class Run:
    """A checkout, and its commands."""

    checkout: Checkout

    @property
    def environment(self) -> dict[str, str]:
        """The checkout's own library."""
        return {"PYTHONPATH": str(self.checkout.root / "src")}

    def snakemake(self, *arguments: str) -> Used:
        """Run a target."""
        command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments, *PRESET]
        return used(command, cwd=self.checkout.root, env=self.environment)

    def citypanel(self, *arguments: str) -> Used:
        """Run a command."""
        return used([sys.executable, "-m", "citypanel", *arguments], cwd=self.checkout.root, env=self.environment)

    def jobs(self, study: str) -> int:
        """Count the jobs of one study alone."""
        command = [sys.executable, "-m", "snakemake", "--dry-run", "--forceall", *PRESET, f"studies={study}"]
        done = subprocess.run(
            command, cwd=self.checkout.root, env={**os.environ, **ONE_THREAD, **self.environment}, text=True,
            capture_output=True, check=True,
        )  # fmt: skip
        said = (done.stdout + done.stderr).partition("Job stats:")[2]
        counts = re.findall(r"^(\w+) +(\d+)$", said, flags=re.MULTILINE)
        return sum(int(count) for rule, count in counts if rule not in TARGETS)


def cpu(what: str, took: Used, goal: float) -> Measurement:
    """Return the line of a command that works on one core."""
    return Measurement(what, took.cpu, "CPU-s", goal, note=f"{took.wall:.1f} s by the clock, {took.peak_mb:,.0f} MB")


def measure() -> Iterator[Measurement]:
    """Give every line of this group."""
    with tempfile.TemporaryDirectory(prefix="citypanel_benchmark_") as room:
        run = Run(copy_checkout(Path(room) / "checkout"))
        load = os.getloadavg()[0]
        whole = run.snakemake()
        note = f"{whole.cpu:.0f} CPU-s; {load:.1f} other processes at its start; largest job {whole.peak_mb:,.0f} MB"
        yield Measurement("four studies, default preset, to all exhibits, two cores", whole.wall, "s", 240.0, note=note)
        yield Measurement("the same", whole.cpu, "CPU-s")
        yield cpu("again, nothing changed", run.snakemake(), 8.0)
        yield from after_edits(run)
        yield most_jobs(run)
        yield from why(run)
        yield from package(run)
    yield Measurement(
        "from a fresh clone to tables, with installation",
        None,
        "s",
        360.0,
        note="installs from an index: .ci/run does it",
    )
    yield Measurement("make test", None, "s", 300.0, note="the whole suite: .ci/run says what it took")


def after_edits(run: Run) -> Iterator[Measurement]:
    """Give what one changed specification takes."""
    for what, (old, new) in EDITS.items():
        with run.checkout.edited(f"studies/{STUDY}/study.yaml", old, new):
            yield cpu(f"one changed specification: {what}", run.snakemake(), 15.0)
        run.snakemake()


def most_jobs(run: Run) -> Measurement:
    """Give the jobs of the study that has most."""
    config = yaml.safe_load((run.checkout.root / "config.yaml").read_text(encoding="utf-8"))
    counts = {study: run.jobs(study) for study in config["studies"]}
    note = ", ".join(f"{study} {count}" for study, count in counts.items())
    return Measurement("jobs of the largest study", max(counts.values()), "jobs", 60, note=note)


def why(run: Run) -> Iterator[Measurement]:
    """Give the way back from a printed cell: the slowest of some."""
    took = {" ".join(cell): run.citypanel("why", STUDY, *cell) for cell in CELLS}
    slowest = max(took, key=lambda cell: took[cell].cpu)
    yield cpu(f"citypanel why, slowest of {len(CELLS)} cells ({slowest})", took[slowest], 3.0)


def package(run: Run) -> Iterator[Measurement]:
    """Give size and number of files of the replication package."""
    took = run.snakemake("package")
    path = run.checkout.root / "results" / "package" / "public.zip"
    with zipfile.ZipFile(path) as archive:
        files = [item for item in archive.infolist() if not item.is_dir()]
    unpacked = sum(item.file_size for item in files) / 1e6
    note = f"{path.stat().st_size / 1e6:.1f} MB as zip; built in {took.cpu:.0f} CPU-s"
    yield Measurement("replication package, unpacked", unpacked, "MB", 50.0, note=note)
    yield Measurement("replication package", len(files), "files", 1000)
