"""What a replication takes: time, memory and storage in the brackets of the data editors' template.

Measured times differ from run to run, and a package of the same code and inputs must not. So the brackets are those
of figures that stand still: what the authors declare, or what `benchmarks/replication.csv` holds for the sample. Only
where there is neither do they come from the run itself.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from citypanel.declare.text import Text
from citypanel.errors import InputError
from citypanel.package.run import Run

MEASURED = "benchmarks/replication.csv"
COLUMNS = ("preset", "study", "jobs", "seconds", "peak_mb", "machine")
# The template's brackets: seconds, MB.
TIMES = (
    (600, Text(en="<10 minutes", zh="不足 10 分钟")),
    (3_600, Text(en="10-60 minutes", zh="10–60 分钟")),
    (8 * 3_600, Text(en="1-8 hours", zh="1–8 小时")),
    (24 * 3_600, Text(en="8-24 hours", zh="8–24 小时")),
    (72 * 3_600, Text(en="1-3 days", zh="1–3 天")),
    (14 * 86_400, Text(en="3-14 days", zh="3–14 天")),
    (float("inf"), Text(en="> 14 days", zh="超过 14 天")),
)
STORAGE = (
    (25, Text(en="< 25 MBytes", zh="不足 25 MB")),
    (250, Text(en="25 MB - 250 MB", zh="25 MB – 250 MB")),
    (2_000, Text(en="250 MB - 2 GB", zh="250 MB – 2 GB")),
    (25_000, Text(en="2 GB - 25 GB", zh="2 GB – 25 GB")),
    (250_000, Text(en="25 GB - 250 GB", zh="25 GB – 250 GB")),
    (float("inf"), Text(en="> 250 GB", zh="超过 250 GB")),
)
MEMORY = (1, 2, 4, 8, 16, 32, 64, 128, 256)  # GB; the template asks for no brackets
_RUN = Text(en="on the run that made this package", zh="在生成本包的运行中")


@dataclass(frozen=True)
class Took:
    """What jobs took one after another; `machine` is empty where it is not known."""

    seconds: float
    peak_mb: float
    told: Text
    machine: str = ""


@dataclass(frozen=True)
class Cost:
    """The brackets of a replication; `run` is what this run took, which no file of the package holds."""

    time: Text
    memory_gb: int
    storage: Text
    jobs: int
    told: Text
    machine: str
    run: Took


def cost_of(run: Run) -> Cost:
    """Return what a replication takes.

    Raises
    ------
    InputError
        A job has no benchmark, or the table of measured runs is not as it must be.
    """
    measured = took(run)
    stated = _declared(run) or _of_sample(run) or measured
    stored = sum((run.root / path).stat().st_size for job in run.jobs() for path in job.outputs) / 1e6
    return Cost(
        time=next(text for limit, text in TIMES if stated.seconds < limit),
        memory_gb=next((limit for limit in MEMORY if stated.peak_mb < limit * 1024), MEMORY[-1]),
        storage=next(text for limit, text in STORAGE if stored < limit),
        jobs=len(run.jobs()),
        told=stated.told,
        machine=stated.machine,
        run=measured,
    )


def took(run: Run) -> Took:
    """Return what the jobs of a run took, from the benchmark of each."""
    seconds, peak = 0.0, 0.0
    for job in run.jobs():
        name = Path(job.log).relative_to(f"{run.results}/logs").with_suffix(".tsv")
        path = run.root / run.results / "benchmarks" / name
        if not path.is_file():
            raise InputError(f"{path}: rule {job.rule} left no benchmark; run snakemake again")
        with path.open(encoding="utf-8") as stream:
            row = next(csv.DictReader(stream, delimiter="\t"))
        seconds += float(row["s"])
        peak = max(peak, _number(row["max_rss"]))
    return Took(seconds, peak, _RUN)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0  # a job shorter than the first measurement


def _declared(run: Run) -> Took | None:
    given = run.config.package.measured
    if given is None:
        return None
    told = Text(en="by the authors, stated in `config.yaml`", zh="由作者测得，见 `config.yaml`")
    return Took(given.minutes * 60, given.memory_gb * 1024, told, given.machine)


def _of_sample(run: Run) -> Took | None:
    """Return what is on record for the studies on this preset of the sample; None where one of them is not."""
    path = run.base / MEASURED
    if not run.simulated or not path.is_file():
        return None
    rows = {row["study"]: row for row in read_measured(path) if row["preset"] == run.config.sample.preset}
    found = [rows[study] for study in run.studies if study in rows]
    if len(found) < len(run.studies):
        return None
    told = Text(
        en=f"on the sample before the release, recorded in `{MEASURED}`", zh=f"发布前在样本上测得，见 `{MEASURED}`"
    )
    seconds, peaks = [float(row["seconds"]) for row in found], [float(row["peak_mb"]) for row in found]
    return Took(sum(seconds), max(peaks), told, "; ".join(dict.fromkeys(row["machine"] for row in found)))


def read_measured(path: Path) -> list[dict[str, str]]:
    """Return the table of measured runs.

    Raises
    ------
    InputError
        A column is missing or unknown.
    """
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        found = tuple(reader.fieldnames or ())
        if found != COLUMNS:
            raise InputError(f"{path}: found columns {', '.join(found)}; allowed: {', '.join(COLUMNS)}")
        return list(reader)


def write_measured(path: Path, rows: Iterable[dict[str, str]]) -> None:
    """Write the table of measured runs, by preset and study."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(rows, key=lambda row: (row["preset"], row["study"])))
