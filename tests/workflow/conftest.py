"""A copy of the checkout in which snakemake runs, on the tiny preset, once for all tests of a worker."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
CARRIED = (
    "Snakefile",
    "config.yaml",
    "rules",
    "scripts",
    "src",
    "registers",
    "studies",
    "templates",
    "envs",
    "profiles",
    "report",
)


@dataclass(frozen=True)
class Checkout:
    """A copy of the project and the ways to run it."""

    root: Path

    def snakemake(self, *arguments: str, cores: int = 2) -> subprocess.CompletedProcess[str]:
        """Run snakemake on the tiny preset."""
        command = [sys.executable, "-m", "snakemake", "--cores", str(cores), *arguments]
        joined = [] if "--config" in arguments else ["--config"]
        return subprocess.run(
            [*command, *joined, "sample={preset: tiny}"],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(self.root / "src")},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    def jobs(self, *arguments: str) -> dict[str, int]:
        """Return what a dry run would do: jobs by rule, the target rules left out."""
        done = self.snakemake("--dry-run", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        text = done.stdout + done.stderr
        counted = re.findall(r"^(\w+) +(\d+)$", text.partition("Job stats:")[2], flags=re.MULTILINE)
        found = {rule: int(count) for rule, count in counted if rule not in ("total", "all", "tables", "figures")}
        assert found or "Nothing to be done" in text, text
        return found

    @contextmanager
    def edited(self, path: str, old: str, new: str) -> Iterator[None]:
        """Replace a text in a file, and put the file back as it was."""
        file = self.root / path
        before, times = file.read_text(encoding="utf-8"), file.stat()
        assert old in before, f"{path} does not hold {old!r}"
        file.write_text(before.replace(old, new, 1), encoding="utf-8")
        try:
            yield
        finally:
            file.write_text(before, encoding="utf-8")
            os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def copy_checkout(target: Path) -> Checkout:
    """Copy what a run needs."""
    for name in CARRIED:
        source = PROJECT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy2(source, target / name)
    return Checkout(target)


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Checkout]:
    """Return a maker of checkouts in which nothing has run."""
    return lambda: copy_checkout(tmp_path_factory.mktemp("fresh"))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which every target has been made."""
    checkout = copy_checkout(tmp_path_factory.mktemp("finished"))
    done = checkout.snakemake()
    assert done.returncode == 0, done.stdout + done.stderr
    return checkout
