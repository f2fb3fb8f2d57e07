"""The same tables give the same bytes under any hash seed and number of threads."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd

RUN = """
import sys
from pathlib import Path
from citypanel.indicators.commands import *
folder, out = Path(sys.argv[1]), Path(sys.argv[2])
run_sophistication(folder / "trade.csv", folder / "income.csv", out / "s", leave_own_out=True)
run_complexity(folder / "trade.csv", out / "c")
run_cooperation(folder / "applicants.csv", out / "j")
run_quality(folder / "flows.csv", out / "q", sigma="5")
run_quality(folder / "flows.csv", out / "b", method="by_product", min_observations=5)
"""


def tables(folder: Path) -> None:
    draw = np.random.default_rng(0)
    size = 4000
    trade = pd.DataFrame(
        {
            "exporter": draw.integers(0, 60, size),
            "product": "p" + pd.Series(draw.integers(0, 80, size)).astype(str),
            "value": draw.lognormal(3, 2, size),
        }
    )
    trade.to_csv(folder / "trade.csv", index=False)
    pd.DataFrame({"exporter": range(60), "income": draw.lognormal(9, 1, 60)}).to_csv(folder / "income.csv", index=False)
    organisation = draw.integers(0, 300, size)
    pd.DataFrame(
        {
            "application": "a" + pd.Series(draw.integers(0, 1500, size)).astype(str),
            "year": 2011,
            "applicant": "o" + pd.Series(organisation).astype(str),
            "place": "c" + pd.Series(organisation % 40).astype(str),
        }
    ).to_csv(folder / "applicants.csv", index=False)
    trade.rename(columns={"exporter": "firm_or_place"}).assign(
        destination="d" + pd.Series(draw.integers(0, 20, size)).astype(str),
        year=draw.integers(2010, 2013, size),
        quantity=draw.lognormal(2, 1, size),
    ).to_csv(folder / "flows.csv", index=False)


def test_hash_seed_and_threads_leave_no_trace(tmp_path: Path) -> None:
    tables(tmp_path)
    written = []
    for seed, threads in (("0", "1"), ("3", "2")):
        out = tmp_path / seed
        out.mkdir()
        setting = {"PYTHONHASHSEED": seed, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
        arguments = [sys.executable, "-c", RUN, str(tmp_path), str(out)]
        subprocess.run(arguments, check=True, env={**os.environ, **setting})
        written.append({path.name: path.read_bytes() for path in sorted(out.iterdir())})
    assert len(written[0]) == 15
    assert written[0] == written[1]
