"""CPU seconds and peak memory from GB18030 customs files to city-year quality, at two sizes, and pandas beside.

Goals: at most 6 CPU seconds per million rows, peak below 2 GB and within 20% at three times the rows, growth
exponent at most 1.1, at least 2.5 times faster than pandas. Each stage runs in a process of its own, whose CPU time
and peak the kernel counts. `--rows 20000000 60000000` is the full measurement and needs 25 GB of disk.
"""

import argparse
import math
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from customs_pandas import city_quality as pandas_quality
from customs_records import write_files

from citypanel.declare.indicators import QualityOptions
from citypanel.indicators.quality import city_quality
from citypanel.intake.customs import intake_customs

GOAL_CPU, GOAL_PEAK, GOAL_GROWTH, GOAL_PANDAS = 6.0, 2000.0, 1.1, 2.5
MEGA = 1e6


@dataclass(frozen=True)
class Used:
    """CPU seconds (user and system) and peak resident MB of a process."""

    cpu: float
    peak: float


def stage(name: str, folder: Path) -> None:
    """Run one stage; what it makes stands in the folder."""
    files = sorted((folder / "raw").glob("*.csv"))
    exports = folder / "made" / "exports.parquet"
    if name == "intake":
        intake_customs(files, exports, root=folder / "raw")
    elif name == "quality":
        table = city_quality(exports, QualityOptions(), attrition=exports.with_suffix(".attrition.parquet"))
        table.to_parquet(folder / "ours.parquet")
    else:
        table, counts = pandas_quality(files, folder)
        table.to_parquet(folder / "pandas.parquet")
        counts.to_csv(folder / "pandas_counts.csv", index=False)


def measured(name: str, folder: Path) -> Used:
    """Run a stage in a process of its own and return what the kernel counted."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, __file__, "--stage", name, "--folder", str(folder)]
    process = subprocess.Popen(command, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"stage {name} ended with code {process.returncode}")
    return Used(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e3)


def rows_in(folder: Path) -> int:
    """Count the rows that the intake read."""
    return int(pd.read_parquet(folder / "made" / "exports.files.parquet")["rows_read"].sum())


def agreement(folder: Path) -> float:
    """Return the largest difference between our quality and that of pandas; both must hold the same city-years."""
    ours = pd.read_parquet(folder / "ours.parquet").dropna(subset="quality")
    other = pd.read_parquet(folder / "pandas.parquet").rename(columns={"city": "adcode"})
    keys = ["adcode", "year"]
    both = ours.astype(dict.fromkeys(keys, "int64")).merge(other.astype(dict.fromkeys(keys, "int64")), on=keys)
    if not len(both) == len(ours) == len(other):
        sys.exit(f"city-years differ: {len(ours)} ours, {len(other)} of pandas, {len(both)} common")
    return float(np.abs(both["quality_x"] - both["quality_y"]).max())


def run(rows: int, room: Path, *, peer: bool) -> tuple[int, Used]:
    """Measure one size and print it; return the rows and what both of our stages used."""
    folder = room / str(rows)
    write_files(folder / "raw", rows)
    used = {name: measured(name, folder) for name in ("intake", "quality", *(["pandas"] if peer else []))}
    count = rows_in(folder)
    for name, one in used.items():
        print(f"{count:>12,} rows  {name:8} {one.cpu / count * MEGA:6.2f} CPU-s per million, peak {one.peak:7.0f} MB")
    ours = Used(used["intake"].cpu + used["quality"].cpu, max(used["intake"].peak, used["quality"].peak))
    print(f"{count:>12,} rows  {'both':8} {ours.cpu / count * MEGA:6.2f} CPU-s per million (goal {GOAL_CPU:g})")
    if peer:
        ratio = used["pandas"].cpu / ours.cpu
        print(
            f"pandas takes {ratio:.1f} times as long (goal {GOAL_PANDAS:g}); largest difference {agreement(folder):.1e}"
        )
    shutil.rmtree(folder)
    return count, ours


def main() -> None:
    """Measure both sizes and their growth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[2_000_000, 6_000_000])
    parser.add_argument("--pandas-rows", type=int, default=2_000_000, help="pandas is run beside the sizes up to this")
    parser.add_argument("--stage")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.stage:
        stage(given.stage, given.folder)
        return
    with tempfile.TemporaryDirectory(prefix="citypanel_benchmark_", dir=given.folder) as room:
        done = [run(rows, Path(room), peer=rows <= given.pandas_rows) for rows in given.rows]
    for (few, less), (many, more) in pairwise(done):
        growth = math.log(more.cpu / less.cpu) / math.log(many / few)
        print(f"growth exponent {growth:.2f} (goal {GOAL_GROWTH:g}); peak {more.peak / less.peak:.2f} times (goal 1.2)")
    print(f"peak {max(used.peak for _, used in done):.0f} MB (goal {GOAL_PEAK:g})")


if __name__ == "__main__":
    main()
