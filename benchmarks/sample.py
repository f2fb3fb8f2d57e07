"""The simulated raw files of every study: seconds, memory and rows."""

import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from measuring import Measurement, used

HERE = Path(__file__).parent
STUDIES = ("yrd_cooperation", "smart_city", "ip_model_city", "collaborative_gap")
LARGE = "yrd_cooperation"  # its `full` customs files have more than 20 million rows


def rows_of(folder: Path) -> dict[str, int]:
    """Return the raw rows of each kind of file, as the truth file counts them."""
    rows: dict[str, int] = {}
    files = json.loads((folder / "truth.json").read_text(encoding="utf-8"))["files"]
    for name, counts in files.items():
        kind = name.split("/")[0]
        own = counts.get("rows", sum(c["rows"] for c in counts.values() if isinstance(c, dict)))
        rows[kind] = rows.get(kind, 0) + own
    return rows


def write(study: str, preset: str, report: Path) -> None:
    """Write one sample in this process and report what it took, and its rows."""
    from citypanel.sample import write_sample  # noqa: PLC0415 - only the processes that write need it

    with tempfile.TemporaryDirectory(prefix="citypanel_benchmark_") as room:
        start = time.process_time()
        write_sample(Path(room) / "raw", preset, 20112020, study=study)
        took = {"seconds": time.process_time() - start, "rows": rows_of(Path(room) / "raw")}
        took["mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        took["disk_mb"] = sum(path.stat().st_size for path in Path(room).rglob("*") if path.is_file()) / 1e6
    report.write_text(json.dumps(took), encoding="utf-8")


def written(study: str, preset: str) -> dict[str, float | dict[str, int]]:
    """Write a sample in a process of its own, so that its memory is its own."""
    with tempfile.TemporaryDirectory() as room:
        report = Path(room) / "report.json"
        code = f"import sys, sample; sample.write({study!r}, {preset!r}, sample.Path(sys.argv[1]))"
        used([sys.executable, "-c", code, report], cwd=HERE)
        found: dict[str, float | dict[str, int]] = json.loads(report.read_text(encoding="utf-8"))
        return found


def measure() -> Iterator[Measurement]:
    """Give every line of this group."""
    took = {study: written(study, "default") for study in STUDIES}
    seconds = {study: float(one["seconds"]) for study, one in took.items()}  # type: ignore[arg-type]
    note = ", ".join(f"{study} {spent:.1f}" for study, spent in seconds.items())
    yield Measurement("raw files of all studies, default preset", sum(seconds.values()), "CPU-s", 20.0, note=note)
    large = written(LARGE, "full")
    rows = large["rows"]["customs"]  # type: ignore[index]
    note = f"{rows:,} customs rows of {LARGE} in {large['seconds']:.0f} CPU-s, {large['disk_mb']:,.0f} MB on disk"
    each = float(large["seconds"]) / rows * 20e6  # type: ignore[arg-type]
    yield Measurement("20 million customs rows, full preset", each, "CPU-s", 150.0, note=note)
    yield Measurement("the same, memory", large["mb"], "MB")  # type: ignore[arg-type]
