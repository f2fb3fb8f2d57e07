"""Linear algebra on one thread, because sums split over threads differ in the last digit.

A record must be the same bytes on one core and on sixteen. OpenBLAS, MKL and BLIS split the rows of a product by
the number of threads they find, so they are held to one; the workflow runs jobs side by side instead.
"""

import ctypes
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import scipy.linalg

SETTERS = (
    "scipy_openblas_set_num_threads64_",
    "scipy_openblas_set_num_threads",
    "openblas_set_num_threads64_",
    "openblas_set_num_threads",
    "MKL_Set_Num_Threads",
    "bli_thread_set_num_threads",
)
LIBRARIES = ("openblas", "mkl_rt", "blis")


@cache
def one_thread() -> tuple[str, ...]:
    """Hold the linear algebra libraries of this process to one thread; return the files that were told."""
    told = []
    for path in sorted(set(_libraries())):
        try:
            library = ctypes.CDLL(str(path))
        except OSError:
            continue
        for name in SETTERS:
            setter = getattr(library, name, None)
            if setter is not None:
                setter(ctypes.c_int(1))
                told.append(path.name)
                break
    return tuple(told)


def _libraries() -> Iterator[Path]:
    """Yield the libraries beside numpy and scipy, and on Linux those the process has loaded."""
    for package in (np, scipy.linalg):
        home = next(p for p in Path(str(package.__file__)).parents if p.name in ("numpy", "scipy"))
        for folder in (home.parent / f"{home.name}.libs", home / ".dylibs"):
            yield from (path for path in folder.glob("*") if _is_algebra(path.name))
    maps = Path("/proc/self/maps")
    if maps.exists():
        for line in maps.read_text(encoding="utf-8", errors="replace").splitlines():
            path = Path(line.split(maxsplit=5)[-1])
            if _is_algebra(path.name) and path.exists():
                yield path


def _is_algebra(name: str) -> bool:
    return any(part in name for part in LIBRARIES)
