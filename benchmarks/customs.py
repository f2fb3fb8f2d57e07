"""GB18030 customs files to city-year quality, as the number of rows grows, and pandas beside.

Goals, for two cores: at most 6 CPU seconds per million rows, peak below 2 GB and within 20% at three times the rows,
growth exponent at most 1.1, at least 2.5 times faster than pandas. Each stage runs in processes of its own, as in the
workflow: two read files side by side, one process each joins, cleans and estimates. The kernel counts what they took.
Pandas does the same steps in the same order with the same counts, on the one core that it uses.

    python benchmarks/customs.py --rows 20000000 60000000     # one line a stage; 25 GB of disk
"""

import argparse
import math
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from customs_pandas import city_quality as pandas_quality
from customs_records import write_files
from measuring import Measurement, Size, used

from citypanel.declare.indicators import QualityOptions
from citypanel.indicators.cleaned import Cleaned
from citypanel.indicators.cleaning import clean_chapters
from citypanel.indicators.quality import city_quality
from citypanel.intake.accounting import Outputs
from citypanel.intake.customs import read_customs
from citypanel.intake.customs_join import join_customs
from citypanel.intake.customs_parts import Part

STAGES = {"read": ("read1of2", "read2of2"), "join": ("join",), "clean": ("clean",), "quality": ("quality",)}
SIZES, FULL = (2_000_000, 6_000_000), (20_000_000, 60_000_000)
PANDAS_ROWS = 6_000_000  # starting Python tells at fewer; pandas holds the whole table, at more it would not fit
MEGA = 1e6


@dataclass(frozen=True)
class Took:
    """What a stage took: CPU seconds of its processes and of the longest one, the clock, memory of one and of all.

    The longest one is what the clock shows on a machine that does nothing else.
    """

    cpu: float
    longest: float
    wall: float
    largest_mb: float
    together_mb: float


def stage(name: str, folder: Path) -> None:
    """Run one stage, or write raw files of so many rows; what it makes stands in the folder."""
    files = sorted((folder / "raw").glob("*.csv"))
    outputs = Outputs.beside(folder / "made" / "exports.parquet")
    parts = [Part.inside(folder / job) for job in STAGES["read"]]
    cleaned = Cleaned(folder / "flows.arrow", folder / "account.arrow")
    options = QualityOptions()
    if name.isdecimal():
        write_files(folder / "raw", int(name))
    elif name in STAGES["read"]:
        job = STAGES["read"].index(name)
        read_customs(np.array_split(files, len(parts))[job].tolist(), parts[job], root=folder / "raw")
    elif name == "join":
        join_customs(parts, outputs)
    elif name == "clean":
        clean_chapters(outputs.table, cleaned, options.cleaning, place=options.place, level=options.level)
    elif name == "quality":
        city_quality([cleaned], options, attrition=outputs.attrition).to_parquet(folder / "ours.parquet")
    else:
        table, counts = pandas_quality(files, folder)
        table.to_parquet(folder / "pandas.parquet")
        counts.to_csv(folder / "pandas_counts.csv", index=False)


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


def stages_of(rows: int, room: Path) -> tuple[dict[str, Took], Path]:
    """Return what each stage took for so many rows, and the folder with what they made."""
    folder = room / str(rows)
    side_by_side((str(rows),), folder)
    return {name: side_by_side(jobs, folder) for name, jobs in STAGES.items()}, folder


def side_by_side(jobs: tuple[str, ...], folder: Path) -> Took:
    """Run the processes of a stage at the same time."""
    began = time.monotonic()
    with ThreadPoolExecutor(len(jobs)) as pool:
        found = list(pool.map(lambda job: used([sys.executable, __file__, "--stage", job, "--folder", folder]), jobs))
    cpu, peaks = [one.cpu for one in found], [one.peak_mb for one in found]
    return Took(sum(cpu), max(cpu), time.monotonic() - began, max(peaks), sum(peaks))


def sizes(took: dict[str, Took], folder: Path) -> list[Size]:
    """Return what the sizing table needs."""
    raw_mb = sum(file.stat().st_size for file in (folder / "raw").glob("*.csv")) / MEGA
    count = rows_in(folder)
    return [Size("customs", name, count, one.cpu, one.largest_mb, raw_mb) for name, one in took.items()]


def measure() -> Iterator[Measurement | Size]:
    """Give every line of sizes that take minutes."""
    yield from measured(SIZES)


def measure_full() -> Iterator[Measurement | Size]:
    """Give every line of the sizes that users have."""
    yield from measured(FULL)


def measured(counts: tuple[int, int]) -> Iterator[Measurement | Size]:
    """Give what stages took at two sizes, how that grows, and pandas beside."""
    done: list[tuple[int, float, float]] = []
    with tempfile.TemporaryDirectory(prefix="citypanel_benchmark_") as room:
        for rows in counts:
            took, folder = stages_of(rows, Path(room))
            yield from sizes(took, folder)
            count = rows_in(folder)
            cpu, peak = sum(one.cpu for one in took.values()), max(one.together_mb for one in took.values())
            done.append((count, cpu, peak))
            each = ", ".join(f"{name} {one.cpu / count * MEGA:.2f}" for name, one in took.items())
            title = f"{rows / MEGA:.0f} million rows"
            # The goal is set for 20 million rows; of few, starting Python five times is a third.
            rate, goal = cpu / count * MEGA, None if rows < PANDAS_ROWS else 6.0
            yield Measurement(f"{title}, raw files to quality", rate, "CPU-s per million", goal, note=each)
            yield Measurement(f"{title}, all processes of the largest stage", peak, "MB", 2000.0)
            if rows == PANDAS_ROWS:
                yield from against_pandas(title, folder, took)
            shutil.rmtree(folder)
    (few, less, low), (many, more, high) = done
    yield Measurement("growth of time", math.log(more / less) / math.log(many / few), "exponent", 1.1)
    # This goal is set for 20 million rows and more: below, tables that are bounded still fill up.
    yield Measurement("memory at three times the rows", high / low, "times", 1.2 if counts == FULL else None)


def against_pandas(title: str, folder: Path, took: dict[str, Took]) -> Iterator[Measurement]:
    """Give how many times as long pandas takes for the same city-years: on two cores, and in CPU seconds of all."""
    load = os.getloadavg()[0]
    theirs = side_by_side(("pandas",), folder)
    longest, clock, cpu = (sum(getattr(one, name) for one in took.values()) for name in ("longest", "wall", "cpu"))
    note = (
        f"{longest:.1f} s of the longest process of each stage, pandas {theirs.cpu:.1f} s on its one core; "
        f"by the clock {clock:.0f} and {theirs.wall:.0f} s beside {load:.0f} other processes"
    )
    what = f"{title}, against pandas"
    yield Measurement(f"{what}, two cores", theirs.cpu / longest, "times", 2.5, at_least=True, note=note)
    note = f"{cpu:.1f} s of all processes; pandas needs {theirs.largest_mb:,.0f} MB"
    note += f"; largest difference of a city-year {agreement(folder):.0e}"
    yield Measurement(f"{what}, CPU seconds of all processes", theirs.cpu / cpu, "times", note=note)


def main() -> None:
    """Print a line a stage for each number of rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES)
    parser.add_argument("--stage", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help="where the files are made, by default among temporary files")
    given = parser.parse_args()
    if given.stage:
        stage(given.stage, given.folder)
        return
    with tempfile.TemporaryDirectory(prefix="citypanel_benchmark_", dir=given.folder) as room:
        for rows in given.rows:
            took, folder = stages_of(rows, Path(room))
            count = rows_in(folder)
            for name, one in took.items():
                each = f"{one.cpu / count * MEGA:6.2f} CPU-s per million, {one.wall:6.1f} s by the clock"
                print(f"{count:>12,} rows  {name:8} {each}, peak {one.together_mb:7.0f} MB", flush=True)
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
