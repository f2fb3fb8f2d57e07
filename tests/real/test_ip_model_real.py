"""A declared study on real public data, end to end: raw tables -> panel -> two-way DID -> table and figure."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

PROJECT = Path(__file__).resolve().parents[2]
YEARS = range(2007, 2020)


@pytest.fixture(scope="module")
def real(shared, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real yearbook tables in a raw folder, with the keys that their names need, and the run on them."""
    source = shared("real", "city_panels", "ucfn_casa0010")
    root = tmp_path_factory.mktemp("real")
    raw = root / "raw" / "yearbook"
    raw.mkdir(parents=True)
    for name in ("FDI.csv", "gdp.csv"):
        (raw / name).write_bytes((source / name).read_bytes())
    panel = pd.read_csv(source / "inventor_all_log_stata.csv")
    panel[["city_code", "year", "inventor"]].to_csv(raw / "patents.csv", index=False)
    # Rows of the wide tables stand in the order of `city` in the long panel (their provenance says so).
    names = pd.read_csv(source / "FDI.csv", encoding="utf-8-sig")["city"]
    codes = panel.drop_duplicates("city")["city_code"].to_numpy()
    pd.DataFrame({"name": names, "adcode": codes}).to_csv(raw / "city_key.csv", index=False)
    # FDI of this set is US$ per registered resident: Beijing 2003, 214,675 (10k US$) over 1,148.8 (10k persons).
    (raw / "variables.csv").write_text(
        "label,variable,unit,zero_is_missing\nFDI,fdi_per_head_usd,美元,1\ngdp,gdp_wan,万元,1\n", encoding="utf-8"
    )
    # FDI over GDP comes from the other set, whose `fdi_openness` it is (Nanjing 2012: 0.0357).
    other = shared("real", "city_panels", "biechouwo", "new_did_panel_2007-2019.xlsx")
    openness = pd.read_excel(other, engine="calamine").dropna(subset=["city_code"])
    openness[["city_code", "year", "fdi_openness"]].to_csv(raw / "openness.csv", index=False)
    declared = {
        "studies": "ip_model_real",
        "studies_folder": str(PROJECT / "tests" / "real" / "studies"),
        "raw": str(root / "raw"),
    }
    done = subprocess.run(
        [
            *(sys.executable, "-m", "snakemake", "--cores", "2", "--directory", str(root)),
            *("--snakefile", str(PROJECT / "Snakefile"), "--configfile", str(PROJECT / "config.yaml")),
            *("--workflow-profile", "none", "--config", *(f"{key}={value}" for key, value in declared.items())),
        ],
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(PROJECT / "src")},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return root / "results"


def test_missing_written_as_zero_is_recognised(real: Path, shared) -> None:
    cells = pd.read_parquet(real / "canonical" / "own" / "city_year.parquet")
    wide = pd.read_csv(
        shared("real", "city_panels", "ucfn_casa0010", "FDI.csv"), encoding="utf-8-sig", index_col="city"
    )
    numbers = wide.apply(lambda column: pd.to_numeric(column.astype(str).str.strip(), errors="coerce"))
    zeros = int((numbers == 0).to_numpy().sum())
    assert zeros == 449  # counted in the source
    present = cells[cells["variable"] == "fdi_per_head_usd"]
    assert len(present) == numbers.size - zeros - int(numbers.isna().to_numpy().sum())
    assert (present["value"] > 0).all()


def test_the_two_way_estimate_is_that_of_explicit_dummies(real: Path) -> None:
    panel = pd.read_parquet(real / "ip_model_real" / "panel.parquet")
    record = json.loads((real / "ip_model_real" / "estimates" / "baseline.json").read_text(encoding="utf-8"))
    for column, outcome in zip(record["columns"], ("patents", "fdi_share"), strict=True):
        rows = panel.dropna(subset=[outcome, "did"])
        single = rows.groupby("city")[outcome].transform("size") == 1
        rows = rows[~single]
        dummies = pd.get_dummies(rows[["city", "year"]].astype(str), dtype=float)
        X = np.column_stack([rows["did"], dummies])
        expected = np.linalg.lstsq(X, rows[outcome].to_numpy(), rcond=None)[0][0]
        (did,) = [term for term in column["terms"] if term["term"] == "did"]
        assert did["estimate"] == pytest.approx(expected, rel=1e-8)
        assert column["n"] == len(rows)
        assert column["clusters"] == rows["city"].nunique()
    assert record["sample"]["simulated"] is False


def test_fifty_prefectures_are_treated_where_the_panel_has_them(real: Path) -> None:
    panel = pd.read_parquet(real / "ip_model_real" / "panel.parquet")
    treated = panel[panel["cohort"] > 0].groupby("cohort")["city"].nunique()
    assert treated.index.isin([2012, 2013, 2015, 2016]).all()
    assert treated.sum() == 50


def test_table_and_figure_are_made_and_not_called_simulated(real: Path) -> None:
    tables = real / "ip_model_real" / "tables"
    figures = real / "ip_model_real" / "figures"
    for language, mark in (("en", "imulated"), ("zh", "模拟")):
        text = (tables / f"effects_{language}.tex").read_text(encoding="utf-8")
        assert mark not in text
        assert (figures / f"dynamics_{language}.pdf").stat().st_size > 5_000
    points = pd.read_csv(figures / "dynamics_en.csv")
    assert sorted(points["time"]) == list(range(-4, 5))
