"""A copy of the project in which snakemake runs on the tiny preset."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
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


@cache
def offline() -> tuple[str, ...]:
    """Return what stands before a command to take its network away; empty where that takes rights."""
    alone = ("unshare", "--net")
    try:
        return alone if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode == 0 else ()
    except OSError:
        return ()


@dataclass(frozen=True)
class Checkout:
    """A copy of the project and the ways to run it."""

    root: Path

    def snakemake(
        self, *arguments: str, cores: int = 2, before: tuple[str, ...] = (), env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run snakemake on the tiny preset, without a network where that can be had."""
        command = [*offline(), *before, sys.executable, "-m", "snakemake", "--cores", str(cores), *arguments]
        joined = [] if "--config" in arguments else ["--config"]
        return subprocess.run(
            [*command, *joined, "sample={preset: tiny}"],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(self.root / "src"), **(env or {})},
            capture_output=True,
            text=True,
            timeout=1800,
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
    target.mkdir(exist_ok=True)
    for name in CARRIED:
        source = PROJECT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy2(source, target / name)
    return Checkout(target)


def result_hashes(root: Path) -> dict[str, str]:
    """Return the hash of every result below a checkout; logs and benchmarks hold times."""
    found = {}
    for path in sorted((root / "results").rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_file() and not name.startswith(("results/logs/", "results/benchmarks/")):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found
