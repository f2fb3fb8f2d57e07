"""PRODY of world trade against the values of the R package economiccomplexity."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from citypanel.indicators.commands import run_sophistication

Shared = Callable[..., Path]


@pytest.fixture(scope="module")
def expected(shared: Shared) -> pd.Series:
    path = shared("real", "trade", "economiccomplexity", "reference_prody.csv")
    return pd.read_csv(path, dtype={"product": str}, skipinitialspace=True).set_index("product")["prody"]


@pytest.fixture(scope="module")
def written(shared: Shared, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    out = tmp_path_factory.mktemp("prody") / "world"
    return run_sophistication(
        shared("real", "trade", "economiccomplexity", "world_trade_avg_1998_to_2000.csv"),
        shared("real", "trade", "economiccomplexity", "world_gdp_avg_1998_to_2000.csv"),
        out,
    )


def test_all_785_values_of_the_reference_are_reproduced(written: list[Path], expected: pd.Series) -> None:
    ours = pd.read_csv(written[0], dtype={"product": str}).set_index("product")["prody"]
    assert len(expected) == 785
    assert list(ours.index) == list(expected.index)
    # The same sums in another order: only rounding separates the two (measured 4e-15).
    assert ours.to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-10)


def test_economies_without_income_have_an_expy_but_no_part_in_prody(
    written: list[Path], expected: pd.Series, shared: Shared
) -> None:
    expy = pd.read_csv(written[1]).set_index("exporter")
    folder = "real", "trade", "economiccomplexity"
    trade = pd.read_csv(shared(*folder, "world_trade_avg_1998_to_2000.csv"), dtype={"product": str})
    income = pd.read_csv(shared(*folder, "world_gdp_avg_1998_to_2000.csv"))
    assert len(expy) == 226
    assert len(set(trade["country"]) - set(income["country"])) == 41
    # EXPY anew from the reference's own PRODY, in plain pandas.
    weighted = trade["value"] * trade["product"].map(expected)
    by_hand = weighted.groupby(trade["country"]).sum() / trade.groupby("country")["value"].sum()
    assert expy["expy"].to_numpy() == pytest.approx(by_hand.reindex(expy.index).to_numpy(), rel=1e-10)
    assert np.all(expy["coverage"] == 1)
