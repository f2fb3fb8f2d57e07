"""The workflow on the default preset: raw files to all exhibits, reruns, jobs, the way back from a cell, the package.

A copy of the checkout runs on two cores. Times are CPU seconds; for commands that work on one core that is what the
clock shows on a machine that does nothing else. Runs that use both cores may take twice as many CPU seconds as their
goal by the clock; the clock itself counts where nobody else computes.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import yaml
from measuring import ONE_THREAD, Measurement, Used, used

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from checkouts import PROJECT, Checkout, copy_checkout

PRESET = ("--config", "sample={preset: default}")
TARGETS = ("all", "tables", "figures", "total")
CELLS = (("table4", "5", "inno"), ("table2", "mean", "quality"), ("figure1", "mean", "quality,2011"))
STUDY = "yrd_cooperation"
# What a package needs besides what a run needs.
OF_A_PACKAGE = ("LICENSE", "CITATION.cff", "CHANGELOG.md", "Makefile", "pyproject.toml", "requirements.lock")
BUSY = 0.2  # cores that others keep busy from which on the clock says nothing
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

    def snakemake(self, *targets: str, study: str = "") -> Used:
        """Make targets, of all studies or of one."""
        config = [*PRESET, *([f"studies={study}"] if study else [])]
        command = [sys.executable, "-m", "snakemake", "--cores", "2", *targets, *config]
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
        said = (done.stdout + done.stderr).rpartition("Job stats:")[2]  # a dry run says it twice
        counts = re.findall(r"^(\w+) +(\d+)$", said, flags=re.MULTILINE)
        return sum(int(count) for rule, count in counts if rule not in TARGETS)


def cpu(what: str, took: Used, goal: float) -> Measurement:
    """Return the line of a command that works on one core."""
    return Measurement(what, took.cpu, "CPU-s", goal, note=f"{took.wall:.1f} s by the clock, {took.peak_mb:,.0f} MB")


def measure() -> Iterator[Measurement]:
    """Give every line of this group."""
    with tempfile.TemporaryDirectory(prefix="citypanel_benchmark_") as room:
        run = Run(whole_checkout(Path(room) / "checkout"))
        yield from both(f"tables of {STUDY} from raw files", 60.0, lambda: run.snakemake("tables", study=STUDY))
        shutil.rmtree(run.checkout.root / "results")
        yield from both("four studies from raw files to all exhibits", 240.0, run.snakemake)
        yield cpu("again, nothing changed", run.snakemake(), 8.0)
        yield from after_edits(run)
        yield most_jobs(run)
        yield from why(run)
        yield from package(run)
    by_ci = ".ci/run says what it took"
    yield Measurement("fresh clone to tables, with installation", None, "s", 360.0, note=by_ci)
    yield Measurement("make test", None, "s", 300.0, note=by_ci)


def whole_checkout(target: Path) -> Checkout:
    """Copy what a run and a package need."""
    checkout = copy_checkout(target)
    for name in OF_A_PACKAGE:
        shutil.copy2(PROJECT / name, target / name)
    for name in ("docs", "benchmarks"):
        shutil.copytree(PROJECT / name, target / name, ignore=shutil.ignore_patterns("__pycache__", "results"))
    return checkout


def both(what: str, goal: float, run: Callable[[], Used]) -> Iterator[Measurement]:
    """Give the lines of a run on two cores: CPU seconds, and the clock where nobody else computes."""
    others = psutil.cpu_percent(interval=3) / 100 * (os.cpu_count() or 1)
    took = run()
    yield Measurement(what, took.cpu, "CPU-s", 2 * goal, note=f"largest job {took.peak_mb:,.0f} MB")
    clock = took.wall if others < BUSY else None
    note = f"{took.wall:.0f} s; others kept {others:.1f} cores busy"
    yield Measurement(f"{what}, by the clock", clock, "s", goal, note=note)


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
