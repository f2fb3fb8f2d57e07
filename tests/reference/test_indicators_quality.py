"""Export quality on real Brazilian customs records against R, and the by-product estimator against linearmodels."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from citypanel.indicators.commands import run_quality

Shared = Callable[..., Path]
TRADE = ("real", "trade", "brazil_comexstat_graos")
COLUMNS = {
    "SG_UF_NCM": "place", "CO_NCM": "product", "CO_PAIS": "destination", "CO_ANO": "year",
    "VL_FOB": "value", "KG_LIQUIDO": "quantity",
}  # fmt: skip
CELL = ["place", "product", "destination", "year"]


@pytest.fixture(scope="module")
def records(shared: Shared) -> pd.DataFrame:
    """All customs records of the three files, not added up."""
    files = [shared(*TRADE, f"EXP_{year}_Revisada.csv") for year in (2023, 2024, 2025)]
    read = [pd.read_csv(file, dtype={"CO_NCM": str, "CO_PAIS": str}) for file in files]
    return pd.concat(read, ignore_index=True).rename(columns=COLUMNS)[list(COLUMNS.values())]


@pytest.fixture(scope="module")
def flows(records: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("brazil") / "flows.csv"
    records.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def sigma(shared: Shared, tmp_path_factory: pytest.TempPathFactory) -> Path:
    table = pd.read_csv(shared("real", "elasticities", "broda_weinstein", "sigma_73countries_hs3.csv"))
    table = table[table["cname"] == "Brazil"]
    prefix = table["hs_3digit"].astype(int).astype(str).str.zfill(3)
    path = tmp_path_factory.mktemp("sigma") / "sigma.csv"
    pd.DataFrame({"product_prefix": prefix, "sigma": table["sigma"]}).to_csv(path, index=False)
    return path


def test_all_12285_cells_agree_with_r(flows: Path, sigma: Path, shared: Shared, tmp_path: Path) -> None:
    expected = pd.read_csv(shared(*TRADE, "reference_quality_R.csv"), dtype={"ncm": str, "pais": str})
    written = run_quality(flows, tmp_path / "q", sigma=str(sigma))
    ours = pd.read_parquet(written[0])
    keys = ["state", "ncm", "pais", "year"]
    both = expected.merge(ours, left_on=keys, right_on=CELL, suffixes=("_r", ""), validate="one_to_one")
    assert len(expected) == len(ours) == len(both) == 12_285
    # R's own iterations stop near 1e-10; a direct solution differs from them by 1e-13 (measured).
    assert both["quality"].to_numpy() == pytest.approx(both["quality_r"].to_numpy(), abs=1e-8, rel=1e-8)


def test_every_record_is_kept_or_dropped_for_a_reason(
    flows: Path, sigma: Path, records: pd.DataFrame, tmp_path: Path
) -> None:
    written = run_quality(flows, tmp_path / "q", sigma=str(sigma))
    attrition = pd.read_csv(written[2]).set_index("reason")["rows"]
    without = ((records["value"] <= 0) | (records["quantity"] <= 0)).sum()
    assert attrition["read"] == len(records) == attrition.drop("read").sum()
    assert attrition["value or quantity not positive"] == without
    weights = pd.read_parquet(written[0]).groupby(["place", "year"])["weight"].sum()
    assert weights.to_numpy() == pytest.approx(1.0, rel=1e-12)


def test_sigma_by_product_agrees_with_linearmodels(flows: Path, records: pd.DataFrame, tmp_path: Path) -> None:
    from linearmodels.iv import IV2SLS

    written = run_quality(flows, tmp_path / "q", method="by_product", min_observations=200)
    found = pd.read_csv(written[3], dtype={"product": str}).set_index("product")
    used = records[(records["value"] > 0) & (records["quantity"] > 0)]
    cells = used.groupby(CELL, as_index=False)[["value", "quantity"]].sum()
    cells["p"], cells["q"] = np.log(cells["value"] / cells["quantity"]), np.log(cells["quantity"])
    group = cells.groupby(["place", "product", "year"])["p"]
    others = group.transform("size") - 1
    cells["z"] = (group.transform("sum") - cells["p"]) / others.where(others > 0)
    assert len(found) > 10
    # linearmodels spends its time on the dummies, so the products with fewest flows; estimates below 1 are among them.
    few = found.sort_values("flows").index[:5]
    assert found.loc[few, "sigma"].lt(1).any()
    for product in few:
        rows = cells[(cells["product"] == product) & cells["z"].notna()]
        dummies = pd.get_dummies(rows["destination"] + rows["year"].astype(str), dtype=float)
        fit = IV2SLS(rows["q"], dummies, rows[["p"]], rows[["z"]]).fit(cov_type="unadjusted")
        assert found.loc[product, "flows"] == len(rows)
        assert found.loc[product, "sigma"] == pytest.approx(-fit.params["p"], rel=1e-8)
