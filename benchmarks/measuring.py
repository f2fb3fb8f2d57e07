"""One shape for whatever a benchmark measures, and the clocks that all of them use."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
TIMES = ("ms", "s", "CPU-s", "CPU-s per million")


@dataclass(frozen=True)
class Measurement:
    """A line of the page.

    Parameters
    ----------
    what : what was measured, unique within its group
    value : in `unit`; None where it cannot be measured here, and `note` says why
    unit : one of `TIMES`, or MB, GB, times (how often faster than a peer), exponent, jobs, files
    goal : what `value` may be at most, or must be at least
    at_least : the goal is a lower bound
    noise : by what share the median of the runs lies above the least one; None: it was run once
    note : what a reader should know beside the numbers
    """

    what: str
    value: float | None
    unit: str
    goal: float | None = None
    at_least: bool = False
    noise: float | None = None
    note: str = ""

    def __str__(self) -> str:
        """Say the line in short, as it is measured."""
        return f"{self.what}: {'-' if self.value is None else f'{self.value:.4g} {self.unit}'}"

    @property
    def to_goal(self) -> float | None:
        """How much of its goal this takes: above 1 it is missed; None without a goal, a value, or a goal of 0."""
        if not self.goal or self.value is None:
            return None
        return self.goal / self.value if self.at_least else self.value / self.goal

    @property
    def verdict(self) -> str:
        """Say whether the goal is met; nothing where there is none."""
        if self.goal is None:
            return ""
        if self.value is None:
            return "not measured"
        met = self.value >= self.goal if self.at_least else self.value <= self.goal
        return "met" if met else "MISSED"


@dataclass(frozen=True)
class Size:
    """What one stage took for so many rows of a kind of raw file: what the sizing table is made from."""

    kind: str
    stage: str
    rows: int
    cpu_seconds: float
    peak_mb: float
    raw_mb: float


@dataclass(frozen=True)
class Group:
    """What one process measured, when and where; `calibration` in CPU seconds."""

    measured: str
    machine: str
    calibration: float
    measurements: list[Measurement]
    sizes: list[Size] = field(default_factory=list)

    @classmethod
    def parse(cls, told: dict[str, Any]) -> "Group":
        """Read what `asdict` wrote."""
        lines = [Measurement(**line) for line in told["measurements"]]
        return cls(**{**told, "measurements": lines, "sizes": [Size(**size) for size in told["sizes"]]})


@dataclass(frozen=True)
class Used:
    """What a process and its children took: `peak` is that of the largest of them."""

    cpu: float
    wall: float
    peak_mb: float


@dataclass(frozen=True)
class Timed:
    """CPU seconds of some runs: the least, and by what share the median lies above it."""

    seconds: float
    noise: float | None

    def as_line(self, what: str, unit: str = "ms", **more: Any) -> Measurement:
        """Return the line of these seconds, in `ms` or `s`; a goal is in the same unit."""
        return Measurement(what, self.seconds * {"ms": 1e3, "s": 1.0}[unit], unit, noise=self.noise, **more)


def timed(run: Callable[[], object], repeats: int) -> Timed:
    """Return the CPU seconds of some runs, after one that is not counted; of a single one there is no warm-up.

    CPU seconds of one thread are what the clock shows on a machine that does nothing else.
    """
    if repeats > 1:
        run()
    found = []
    for _ in range(repeats):
        start = time.process_time()
        run()
        found.append(time.process_time() - start)
    least = min(found)
    return Timed(least, statistics.median(found) / least - 1 if repeats > 1 else None)


def used(command: Iterable[object], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Used:
    """Run a command and return what the kernel counted; a failure ends the benchmark with its last words.

    The kernel lets a new process begin with the peak of the one that starts it: a caller keeps small.
    """
    words = [str(word) for word in command]
    began = time.monotonic()
    process = subprocess.Popen(
        words,
        cwd=cwd,
        env={**os.environ, **ONE_THREAD, **(env or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None  # noqa: S101 - it is a pipe
    said = process.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"error: {' '.join(words)} ended with {process.returncode}:\n{said[-2000:]}")
    return Used(usage.ru_utime + usage.ru_stime, time.monotonic() - began, usage.ru_maxrss / 1e3)


def calibration() -> float:
    """Return the least CPU seconds of a fixed mix of what estimators do: products, sorting, counting, Python."""
    import numpy as np  # noqa: PLC0415 - only the processes that measure need it

    rng = np.random.default_rng(0)
    square, long = rng.normal(size=(300, 300)), rng.normal(size=200_000)
    codes = rng.integers(0, 300, 200_000)

    def work() -> None:
        np.linalg.qr(square @ square)
        np.bincount(codes, long)
        np.sort(long)
        sum(i * i for i in range(50_000))

    return timed(work, 7).seconds
