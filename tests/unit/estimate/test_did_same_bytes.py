"""The same bytes under any hash seed, and by the command under any number of threads."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

RUN = """
import sys
from citypanel.cli import main
for method, formula, options in {jobs!r}:
    given = [f"--option={{key}}={{value}}" for key, value in options.items()]
    main(["estimate", {data!r}, "--method", method, "--formula", formula, "--unit", "city", "--time", "year",
          "--seed", "5", *given, "--json", "-"])
"""
EFFECTS = "y ~ did + x | city + year"
JOBS = [
    *(
        ("did", "y ~ x", {"cohort": "cohort", "estimator": estimator})
        for estimator in ("twfe", "bacon", "callaway_santanna", "sun_abraham", "imputation", "gardner")
    ),
    ("event_study", "y ~ x | city + year", {"cohort": "cohort", "sensitivity": "smoothness"}),
    ("placebo", EFFECTS, {"treatment": "did", "draws": 40}),
    ("psm_did", EFFECTS, {"treated": "treated"}),
    ("quantile", "y ~ x | city + year", {"estimator": "mmqr"}),
    ("quantile", "y ~ x | city", {"estimator": "canay", "bootstrap": 5}),
    ("mediation", EFFECTS, {"treatment": "did", "mediator": "m"}),
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"city": np.repeat(np.arange(120), 8), "year": np.tile(2000 + np.arange(8), 120)})
    frame["cohort"] = np.resize([0, 0, 2003, 2005], 120)[frame["city"]]
    frame["treated"] = (frame["cohort"] > 0).astype(int)
    frame["did"] = frame["treated"] * (frame["year"] >= frame["cohort"])
    frame["x"], frame["m"], noise = rng.normal(size=(3, len(frame)))
    frame["y"] = frame["did"] + frame["x"] + noise
    path = tmp_path_factory.mktemp("panel") / "panel.csv"
    frame.to_csv(path, index=False)
    return str(path)


def test_records_have_the_same_bytes_under_hash_seeds_and_threads(data: str) -> None:
    code = RUN.format(jobs=JOBS, data=data)
    found = []
    for seed, threads in ((0, 1), (1, 2), (2, 1), (3, 2)):
        setting = {"PYTHONHASHSEED": str(seed), "OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, check=True, env={**os.environ, **setting}
        )
        found.append(done.stdout)
    assert len(found[0]) > 10_000
    assert all(out == found[0] for out in found)
