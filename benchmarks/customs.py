"""GB18030 customs files to city-year quality, as the number of rows grows, and pandas beside.

Goals: at most 6 CPU seconds per million rows, peak below 2 GB and within 20% at three times the rows, growth
exponent at most 1.1, at least 2.5 times faster than pandas. Each stage runs in a process of its own, as in the
workflow, and the kernel counts what it took.

    python benchmarks/customs.py --rows 20000000 60000000     # one line a stage; 25 GB of disk
"""

import argparse
import math
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from customs_pandas import city_quality as pandas_quality
from customs_records import write_files
from measuring import Measurement, Size, Used, used

from citypanel.declare.indicators import QualityOptions
from citypanel.indicators.cleaned import Cleaned
from citypanel.indicators.cleaning import clean_chapters
from citypanel.indicators.quality import city_quality
from citypanel.intake.accounting import Outputs
from citypanel.intake.customs import read_customs
from citypanel.intake.customs_join import join_customs
from citypanel.intake.customs_parts import Part

STAGES = ("read", "join", "clean", "quality")
SIZES, FULL = (2_000_000, 6_000_000), (20_000_000, 60_000_000)
PANDAS_ROWS = 2_000_000  # pandas holds the whole table: about 1.3 GB for a million rows
MEGA = 1e6


def stage(name: str, folder: Path) -> None:
    """Run one stage, or write raw files of so many rows; what it makes stands in the folder."""
    files = sorted((folder / "raw").glob("*.csv"))
    part, outputs = Part.inside(folder), Outputs.beside(folder / "made" / "exports.parquet")
    cleaned = Cleaned(folder / "flows.arrow", folder / "account.arrow")
    options = QualityOptions()
    if name.isdecimal():
        write_files(folder / "raw", int(name))
    elif name == "read":
        read_customs(files, part, root=folder / "raw")
    elif name == "join":
        join_customs([part], outputs)
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


def sizes_of(rows: int, room: Path) -> tuple[list[Size], Path]:
    """Return what each stage took for so many rows, and the folder with what they made."""
    folder = room / str(rows)
    in_a_process(str(rows), folder)
    raw_mb = sum(file.stat().st_size for file in (folder / "raw").glob("*.csv")) / MEGA
    took = {name: in_a_process(name, folder) for name in STAGES}
    count = rows_in(folder)
    return [Size("customs", name, count, one.cpu, one.peak_mb, raw_mb) for name, one in took.items()], folder


def in_a_process(name: str, folder: Path) -> Used:
    """Run a stage by itself."""
    return used([sys.executable, __file__, "--stage", name, "--folder", folder])


def measure() -> Iterator[Measurement | Size]:
    """Give every line of sizes that take minutes."""
    yield from measured(SIZES)


def measure_full() -> Iterator[Measurement | Size]:
    """Give every line of the sizes that users have."""
    yield from measured(FULL)


def measured(sizes: tuple[int, int]) -> Iterator[Measurement | Size]:
    """Give what stages took at two sizes, how that grows, and pandas beside the small one."""
    done: list[tuple[int, float, float]] = []
    with tempfile.TemporaryDirectory(prefix="citypanel_benchmark_") as room:
        for rows in sizes:
            found, folder = sizes_of(rows, Path(room))
            yield from found
            cpu, peak, count = sum(one.cpu_seconds for one in found), max(one.peak_mb for one in found), found[0].rows
            done.append((count, cpu, peak))
            each = ", ".join(f"{one.stage} {one.cpu_seconds / count * MEGA:.2f}" for one in found)
            title = f"{rows / MEGA:.0f} million rows"
            yield Measurement(f"{title}, raw files to quality", cpu / count * MEGA, "CPU-s per million", 6.0, note=each)
            yield Measurement(f"{title}, largest stage", peak, "MB", 2000.0)
            if rows <= PANDAS_ROWS:
                yield against_pandas(title, folder, cpu)
            shutil.rmtree(folder)
    (few, less, low), (many, more, high) = done
    yield Measurement("growth of time", math.log(more / less) / math.log(many / few), "exponent", 1.1)
    yield Measurement("memory at three times the rows", high / low, "times", 1.2)


def against_pandas(title: str, folder: Path, cpu: float) -> Measurement:
    """Return how many times as long pandas takes for the same city-years."""
    theirs = in_a_process("pandas", folder)
    note = f"pandas {theirs.cpu:.0f} CPU-s, {theirs.peak_mb:,.0f} MB; largest difference {agreement(folder):.0e}"
    return Measurement(f"{title}, against pandas", theirs.cpu / cpu, "times", 2.5, at_least=True, note=note)


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
            for one in (found := sizes_of(rows, Path(room)))[0]:
                each = one.cpu_seconds / one.rows * MEGA
                print(f"{one.rows:>12,} rows  {one.stage:8} {each:6.2f} CPU-s per million, peak {one.peak_mb:7.0f} MB")
            shutil.rmtree(found[1])


if __name__ == "__main__":
    main()
