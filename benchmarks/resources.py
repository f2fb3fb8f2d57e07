"""What each rule declares against what its jobs took: memory and minutes, in a run of the workflow on one core.

Each job writes its own peak when it ends (Snakemake's benchmarks look at a job now and then, and miss short peaks).
A rule is `over` where a job took more memory than declared, `wide` where it declares more than ten times what the
largest job took, besides the floor that an interpreter with its libraries needs.

    python benchmarks/resources.py                                    # default preset, all targets
    python benchmarks/resources.py --preset full --study yrd_cooperation --study smart_city --panels
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from checkouts import copy_checkout

FLOOR, WIDE = 1000.0, 10.0  # MB, times
# Python runs a file of this name at every start: here it registers what a job of Snakemake does last.
HOOK = """
import atexit, json, os, sys, time
from pathlib import Path
began = time.monotonic()

def told():
    job = getattr(sys.modules["__main__"], "snakemake", None)
    if job is None:
        return
    lines = Path("/proc/self/status").read_text().splitlines()
    peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    size = sum(os.path.getsize(path) for path in job.input if os.path.isfile(path))
    record = {
        "rule": job.rule, "wildcards": dict(job.wildcards.items()), "input_mb": size / 2**20,
        "declared_mb": job.resources["mem_mb"], "peak_mb": peak / 1e3,
        "declared_minutes": job.resources["runtime"], "minutes": (time.monotonic() - began) / 60,
    }
    with open(os.environ["CITYPANEL_PEAKS"], "a") as out:
        out.write(json.dumps(record) + "\\n")

atexit.register(told)
"""


@dataclass(frozen=True)
class Job:
    """A job of a rule: megabytes of its inputs, what it declared and what it took."""

    rule: str
    wildcards: dict[str, str]
    input_mb: float
    declared_mb: float
    peak_mb: float
    declared_minutes: float
    minutes: float

    @property
    def verdict(self) -> str:
        """Say whether the declaration fits."""
        if self.peak_mb > self.declared_mb or self.minutes > self.declared_minutes:
            return "OVER"
        return "wide" if self.declared_mb > WIDE * self.peak_mb + FLOOR else ""


def jobs(preset: str, studies: list[str], *, panels: bool) -> list[Job]:
    """Run the workflow in a copy of the checkout and return its jobs."""
    with tempfile.TemporaryDirectory(prefix="citypanel_resources_") as room:
        folder, told = Path(room), Path(room) / "peaks.jsonl"
        root = copy_checkout(folder / "checkout").root
        (folder / "hook").mkdir()
        (folder / "hook" / "sitecustomize.py").write_text(HOOK, encoding="utf-8")
        targets = [f"results/{study}/panel.parquet" for study in studies] if panels else []
        chosen = [f"studies=[{','.join(studies)}]"] if studies else []
        command = [sys.executable, "-m", "snakemake", "--cores", "1", *targets]
        done = subprocess.run(
            [*command, "--config", f"sample={{preset: {preset}}}", *chosen],
            cwd=root,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join([str(folder / "hook"), str(root / "src")]),
                "CITYPANEL_PEAKS": str(told),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"error: the workflow failed:\n{(done.stdout + done.stderr)[-2000:]}")
        return [Job(**json.loads(line)) for line in told.read_text(encoding="utf-8").splitlines()]


def main() -> int:
    """Print a line for each rule, of the job that came closest to its declaration; return 1 where one was over it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="default")
    parser.add_argument("--study", action="append", default=[])
    parser.add_argument("--panels", action="store_true", help="no further than the panels")
    given = parser.parse_args()
    by_rule: dict[str, list[Job]] = defaultdict(list)
    for job in jobs(given.preset, given.study, panels=given.panels):
        by_rule[job.rule].append(job)
    print("| rule | jobs | input MB | declared MB | took MB | declared minutes | took minutes | |")
    print("|---|---|---|---|---|---|---|---|")
    over = False
    for rule, found in by_rule.items():
        worst = max(found, key=lambda job: job.peak_mb / job.declared_mb)
        slowest = max(job.minutes for job in found)
        verdicts = {job.verdict for job in found}
        over = over or "OVER" in verdicts
        told = "OVER" if "OVER" in verdicts else "wide" if verdicts == {"wide"} else ""
        cells = [rule, str(len(found)), f"{worst.input_mb:.1f}", f"{worst.declared_mb:.0f}", f"{worst.peak_mb:.0f}"]
        print(f"| {' | '.join([*cells, f'{worst.declared_minutes:.0f}', f'{slowest:.1f}', told])} |")
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
