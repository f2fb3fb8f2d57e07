"""ECI, PCI and RCA of world trade against the Python package ecomplexity 0.5.3.

`data/ecomplexity_world_1998_2000.csv` was made by

    ecomplexity(trade.assign(year=1999), {"time": "year", "loc": "country", "prod": "product", "val": "value"},
                check_logsupermodularity=False)

on world_trade_avg_1998_to_2000.csv (economiccomplexity, Apache-2.0): `eci` by country, `pci` by product.
"""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from citypanel.indicators.commands import run_complexity

STORED = Path(__file__).parent / "data" / "ecomplexity_world_1998_2000.csv"


@pytest.fixture(scope="module")
def written(shared: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    trade = shared("real", "trade", "economiccomplexity", "world_trade_avg_1998_to_2000.csv")
    return run_complexity(trade, tmp_path_factory.mktemp("complexity") / "world")


@pytest.mark.parametrize(("index", "key", "file"), [("eci", "exporter", 0), ("pci", "product", 1)])
def test_the_indices_agree_with_ecomplexity(index: str, key: str, file: int, written: list[Path]) -> None:
    stored = pd.read_csv(STORED, dtype={"code": str}, keep_default_na=False)
    expected = stored[stored["index"] == index].set_index("code")["value"]
    ours = pd.read_csv(written[file], dtype={key: str}, keep_default_na=False).set_index(key)[index]
    assert list(ours.index) == list(expected.index)
    # Another eigenvalue solver: only rounding separates the two (measured 3e-14).
    assert ours.to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-10)


def test_the_fitness_of_the_world_settles(written: list[Path]) -> None:
    fitness = pd.read_csv(written[2], keep_default_na=False)
    assert fitness["settled"].all()
    assert fitness["fitness"].mean() == pytest.approx(1.0, rel=1e-12)
