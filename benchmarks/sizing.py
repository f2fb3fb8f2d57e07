"""How many cores, how much memory and how many minutes so many rows take: measured, or extrapolated from what was.

Time of a stage follows the power of the rows that the two largest measured sizes show, no flatter than proportional;
memory a straight line through all sizes, disk the rows. Reading and cleaning are shared out to cores (a job a file, a
job a group of chapters); the rest is one job.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from measuring import Group, Size

SHARED = ("read", "clean")
CORES = (2, 8, 16)
ROWS = {
    "customs": (2_000_000, 6_000_000, 20_000_000, 60_000_000, 100_000_000, 300_000_000),
    "patents": (500_000, 2_000_000, 10_000_000, 30_000_000),
}
NEAR = 0.1  # a size is measured where one lies this near to it


@dataclass(frozen=True)
class Need:
    """What so many rows need: CPU seconds shared out and not, memory of the largest job, size of the raw files."""

    rows: int
    shared: float
    alone: float
    peak_mb: float
    raw_mb: float
    measured: bool

    def minutes(self, cores: int) -> float:
        """Return the minutes on so many cores that do nothing else."""
        return (self.shared / cores + self.alone) / 60


def power(points: Mapping[int, float], rows: int) -> float:
    """Return what a power law through the two largest measured sizes gives, no flatter than proportional.

    At small sizes the start of Python makes growth look slower than it is.
    """
    *before, last = sorted(points)
    slope = np.log(points[last] / points[before[-1]]) / np.log(last / before[-1]) if before else 1.0
    return float(points[last] * (rows / last) ** max(slope, 1.0))


def line(points: Mapping[int, float], rows: int) -> float:
    """Return what a straight line that does not fall gives; never less than the largest measured value below."""
    slope = max(float(np.polyfit(list(points), list(points.values()), 1)[0]), 0.0) if len(points) > 1 else 0.0
    at = max(points)
    return max(points[at] + slope * (rows - at), *(value for size, value in points.items() if size <= rows), 0.0)


def need(sizes: Iterable[Size], rows: int) -> Need:
    """Return what so many rows of one kind need: as measured where a size lies near, else extrapolated."""
    listed = list(sizes)
    near = [one.rows for one in listed if abs(one.rows / rows - 1) <= NEAR]
    cpu = {"shared": 0.0, "alone": 0.0}
    peaks = []
    for stage in dict.fromkeys(one.stage for one in listed):
        of = [one for one in listed if one.stage == stage and (not near or one.rows in near)]
        key = "shared" if stage in SHARED else "alone"
        cpu[key] += power({one.rows: one.cpu_seconds for one in of}, rows)
        peaks.append(line({one.rows: one.peak_mb for one in of}, rows))
    raw = max(listed, key=lambda one: one.rows)
    return Need(rows, **cpu, peak_mb=max(peaks), raw_mb=raw.raw_mb / raw.rows * rows, measured=bool(near))


def table(groups: Mapping[str, Group]) -> str:
    """Return the sizing table in Markdown."""
    head = ["raw files", "rows", "raw files, GB", "largest job, GB", "one core, minutes"]
    head += [*(f"{cores} cores" for cores in CORES), ""]
    lines = [head, ["---"] * len(head)]
    for kind, counts in ROWS.items():
        sizes = [size for group in groups.values() for size in group.sizes if size.kind == kind]
        if not sizes:
            continue
        can_share = any(size.stage in SHARED for size in sizes)
        for rows in counts:
            one = need(sizes, rows)
            minutes = [f"{one.minutes(cores):.1f}" if can_share else "the same" for cores in CORES]
            cells = [kind, f"{rows:,}", f"{one.raw_mb / 1e3:.1f}", f"{one.peak_mb / 1e3:.1f}", f"{one.minutes(1):.1f}"]
            lines.append([*cells, *minutes, "measured" if one.measured else "extrapolated"])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
