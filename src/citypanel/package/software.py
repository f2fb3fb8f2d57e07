"""Software, seeds, programs, and what a run took, as facts: from the lock, the code, the rules and the benchmarks."""

import ast
import csv
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from citypanel.errors import InputError
from citypanel.package.lineage import Lineage
from citypanel.package.run import Run
from citypanel.receipts import Receipt

_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)(?:\s*;\s*([^\\]+?))?\s*\\?$", re.MULTILINE)
_SEED = re.compile(r"\bseed:\s*(\d+)")
_GENERATORS = {"default_rng", "Generator", "SeedSequence", "RandomState", "Philox", "PCG64"}
# The brackets of the data editors' template; a measured number would differ from run to run.
TIMES = ((600, "<10", "<10"), (3600, "10-60", "10-60"))
HOURS = ((8, "1-8"), (24, "8-24"), (72, "24-72"), (336, "72-336"))
MEMORY = (2, 4, 8, 16, 32, 64, 128)  # GB
STORAGE = (25, 250, 2_000, 25_000, 250_000)  # MB


@dataclass(frozen=True)
class Software:
    """Locked packages: `direct` are those that the project asks for, `count` is that of all."""

    python: str
    direct: tuple[tuple[str, str], ...]
    count: int


def locked(base: Path) -> Software:
    """Return the software of `pyproject.toml` and `requirements.lock`.

    Raises
    ------
    InputError
        A package that the project asks for is not in the lock.
    """
    project = tomllib.loads((base / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins: dict[str, str] = {}
    for name, version, marker in _PIN.findall((base / "requirements.lock").read_text(encoding="utf-8")):
        if name not in pins or "<" not in marker:
            pins[name] = version
    names = [re.split(r"[<>=!~\[; ]", text)[0] for text in project["dependencies"]]
    missing = [name for name in names if name not in pins]
    if missing:
        raise InputError(f"requirements.lock has no version of {missing[0]}, which pyproject.toml asks for; make lock")
    return Software(project["requires-python"], tuple((name, pins[name]) for name in names), len(pins))


@dataclass(frozen=True)
class Seed:
    """Where chance enters: a declared seed, or a place in the code that makes a generator (no value)."""

    file: str
    line: int
    value: int | None


def seeds(base: Path, files: Iterable[str]) -> list[Seed]:
    """Return every seed that is declared and every generator that is made, by file and line."""
    found: list[Seed] = []
    for file in sorted(files):
        if file.endswith((".yaml", ".yml")):
            found += _declared_seeds(base / file, file)
        elif file.startswith("src/") and file.endswith(".py"):
            found += _generators(base / file, file)
    return found


def _declared_seeds(path: Path, file: str) -> Iterator[Seed]:
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        match = _SEED.search(text.partition("#")[0])
        if match:
            yield Seed(file, number, int(match[1]))


def _generators(path: Path, file: str) -> Iterator[Seed]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in _GENERATORS:
                yield Seed(file, node.lineno, None)


@dataclass(frozen=True)
class Program:
    """A rule that ran: its script, its rule file, what the rule file says of itself, and how many jobs it took."""

    rule: str
    script: str
    rules: str
    about: str
    jobs: int


def programs(run: Run) -> list[Program]:
    """Return the programs behind the results, in the order in which they first run."""
    rules = {path.relative_to(run.base).as_posix(): path for path in sorted((run.base / "rules").glob("*.smk"))}
    texts = {name: path.read_text(encoding="utf-8") for name, path in rules.items()}
    counts: dict[str, int] = {}
    for job in run.jobs():
        counts[job.script] = counts.get(job.script, 0) + 1
    return [
        Program(Path(script).stem, script, file, _docstring(texts.get(file, "")), jobs)
        for script, jobs in counts.items()
        for file in [next((name for name, text in texts.items() if f"../{script}" in text), "")]
    ]


def _docstring(text: str) -> str:
    found = re.match(r'"""(.*?)"""', text, flags=re.DOTALL)
    return " ".join(found[1].split()) if found else ""


@dataclass(frozen=True)
class Cost:
    """What a run took, in brackets: `minutes` or `hours` of all jobs one after another, memory, storage."""

    time_en: str
    time_zh: str
    memory_gb: int
    storage_mb: int
    jobs: int


def cost(lineage: Lineage, jobs: Iterable[Receipt], logs: str, benchmarks: str) -> Cost:
    """Return the measured cost of jobs, each number rounded up to its bracket.

    Raises
    ------
    InputError
        A job has no benchmark.
    """
    listed = list(jobs)
    seconds, peak = 0.0, 0.0
    for job in listed:
        path = lineage.root / benchmarks / Path(job.log).relative_to(logs).with_suffix(".tsv")
        if not path.is_file():
            raise InputError(f"{path}: rule {job.rule} left no benchmark; run snakemake again")
        with path.open(encoding="utf-8") as stream:
            row = next(csv.DictReader(stream, delimiter="\t"))
        seconds += float(row["s"])
        peak = max(peak, _number(row["max_rss"]))
    stored = sum((lineage.root / path).stat().st_size for job in listed for path in job.outputs)
    return Cost(*_time(seconds), _bracket(peak / 1024, MEMORY), _bracket(stored / 1e6, STORAGE), len(listed))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0  # a job shorter than the first measurement


def _bracket(value: float, limits: tuple[int, ...]) -> int:
    return next((limit for limit in limits if value < limit), limits[-1])


def _time(seconds: float) -> tuple[str, str]:
    for limit, english, chinese in TIMES:
        if seconds < limit:
            return f"{english} minutes", f"{chinese} 分钟"
    hours = next((text for limit, text in HOURS if seconds < limit * 3600), ">336")
    return f"{hours} hours", f"{hours} 小时"
