"""All performance budgets of the project on one page: measured, goal, met or not, against the committed baseline.

Each group runs in a process of its own on one thread, so that its memory is its own. Times are CPU seconds, the least
of some runs: what the clock shows on a quiet machine, whoever else computes now. They are compared with the baseline
after division by a fixed piece of numpy work timed in the same process, so that another machine's speed cancels.

    python benchmarks/run.py [--only GROUP] [--update]

Page, records and figure go to benchmarks/results (not committed). The group customs_full, 20 and 60 million rows, is
run where it is asked for and otherwise quoted from baseline.json, as such. `--update` writes what was measured there.
"""

import argparse
import importlib
import json
import os
import platform
import resource
import subprocess
import sys
import time
from dataclasses import asdict
from datetime import date
from pathlib import Path

from measuring import ONE_THREAD, Group, Measurement, Size, calibration

HERE = Path(__file__).resolve().parent
RESULTS, BASELINE, DOCS = HERE / "results", HERE / "baseline.json", HERE.parent / "docs"
GROUPS = {
    "linear": ("linear", "measure"),
    "did": ("did", "measure"),
    "gmm": ("gmm", "measure"),
    "spatial": ("spatial", "measure"),
    "spatial_large": ("spatial", "measure_large"),
    "effects": ("effects", "measure"),
    "sample": ("sample", "measure"),
    "patents": ("patents", "measure"),
    "customs": ("customs", "measure"),
    "customs_full": ("customs", "measure_full"),
    "workflow": ("workflow", "measure"),
}
ASKED_FOR = ("customs_full",)  # 20 minutes and 25 GB of disk
IN_PROCESS = ("linear", "did", "gmm", "spatial", "spatial_large", "effects")  # their memory is that of the group
MEMORY_GOALS = {"spatial_large": 3.0}  # GB


def measure(name: str) -> None:
    """Print what one group measures as JSON: what a child process does."""
    before = calibration()
    module, function = GROUPS[name]
    found = []
    for item in getattr(importlib.import_module(module), function)():
        print(f"  {item}", file=sys.stderr, flush=True)
        found.append(item)
    lines = [item for item in found if isinstance(item, Measurement)]
    if name in IN_PROCESS:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
        lines.append(Measurement("peak memory of this group", peak, "GB", MEMORY_GOALS.get(name)))
    sizes = [item for item in found if isinstance(item, Size)]
    today = date.today().isoformat()  # noqa: DTZ011 - the day here
    print(json.dumps(asdict(Group(today, machine(), min(before, calibration()), lines, sizes))))


def collected(groups: list[str]) -> dict[str, Group]:
    """Run each group in a process of its own."""
    found = {}
    for name in groups:
        began = time.monotonic()
        command = [sys.executable, str(Path(__file__).resolve()), "--measure", name]
        done = subprocess.run(command, env={**os.environ, **ONE_THREAD}, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            sys.exit(f"error: benchmark group {name} failed")
        found[name] = Group.parse(json.loads(done.stdout.splitlines()[-1]))
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return found


def read(path: Path) -> dict[str, Group]:
    """Read the groups of a file; none where there is no file."""
    told = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {name: Group.parse(group) for name, group in told.items()}


def write(path: Path, groups: dict[str, Group]) -> None:
    """Write the records of groups, in the order of `GROUPS`."""
    told = {name: asdict(groups[name]) for name in GROUPS if name in groups}
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def write_documents(groups: dict[str, Group]) -> None:
    """Bring the tables of the documentation to what is committed."""
    for path, text in documents(groups).items():
        path.write_text(text, encoding="utf-8")


def documents(groups: dict[str, Group]) -> dict[Path, str]:
    """Return the documents that hold tables made from committed records."""
    from page import measured, replaced  # noqa: PLC0415 - matplotlib would count as memory of what is measured
    from sizing import table  # noqa: PLC0415

    tables = {DOCS / "benchmarks.md": measured(groups), DOCS / "cluster.md": table(groups)}
    return {path: replaced(path, text) for path, text in tables.items()}


def machine() -> str:
    """Name processor, cores and Python."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def main() -> int:
    """Measure, print and write the page; return 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=GROUPS, action="append", help="measure this group; may be repeated")
    parser.add_argument("--update", action="store_true", help="make what was measured the baseline of its groups")
    parser.add_argument("--measure", choices=GROUPS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        measure(given.measure)
        return 0
    from page import draw, missed, page  # noqa: PLC0415 - matplotlib would count as memory of what is measured

    before = read(BASELINE)
    found = collected(given.only or [name for name in GROUPS if name not in ASKED_FOR])
    quoted = {name: before[name] for name in ASKED_FOR if name in before and name not in found}
    RESULTS.mkdir(exist_ok=True)
    text = page(found, before, quoted)
    (RESULTS / "benchmarks.md").write_text(text, encoding="utf-8")
    write(RESULTS / "benchmarks.json", found)
    draw(found, before, quoted, RESULTS / "benchmarks")
    if given.update:
        write(BASELINE, {**before, **found})
        write_documents(read(BASELINE))
    print(text)
    return int(missed(found) > 0)


if __name__ == "__main__":
    sys.exit(main())
