import os
import subprocess
import sys

from citypanel.threads import one_thread

PROGRAM = """
import hashlib, sys
import numpy as np
from citypanel.threads import one_thread
if sys.argv[1] == "held":
    assert one_thread()
X = np.random.default_rng(1).normal(size=(50_000, 12))
print(hashlib.sha256((X.T @ X).tobytes()).hexdigest())
"""


def _product(threads: int, held: str) -> str:
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, held], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_a_product_has_the_same_bytes_whatever_the_environment_says_of_threads() -> None:
    assert _product(1, "held") == _product(2, "held")


def test_the_libraries_behind_numpy_and_scipy_are_found() -> None:
    assert any("openblas" in name or "mkl" in name or "blis" in name for name in one_thread())
