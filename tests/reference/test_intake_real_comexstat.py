"""Real Brazilian customs records: from the official files through intake to the quality that R computed."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from citypanel.canonical import read_table
from citypanel.declare.intake import CustomsRules
from citypanel.indicators.commands import run_quality
from citypanel.intake.accounting import Account, Outputs
from citypanel.intake.check import check_raw
from citypanel.intake.customs import intake_customs
from citypanel.registers import Registers

Shared = Callable[..., Path]
TRADE = ("real", "trade", "brazil_comexstat_graos")
READ = 49_944  # records of the three files


@pytest.fixture(scope="module")
def folder(shared: Shared, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The three files and their table of countries, as a user's raw folder."""
    raw = tmp_path_factory.mktemp("brazil") / "customs"
    raw.mkdir()
    for name in ("EXP_2023_Revisada.csv", "EXP_2024_Revisada.csv", "EXP_2025_Revisada.csv", "paises.csv"):
        (raw / name).write_bytes(shared(*TRADE, name).read_bytes())
    return raw


@pytest.fixture(scope="module")
def taken_in(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, Account, Path]:
    out = Outputs.beside(folder.parent / "out" / "exports.parquet")
    flows = folder.parent / "out" / "exports.flows.parquet"
    # R left the few records that Brazil ships to itself where they are.
    account = intake_customs(
        sorted(folder.glob("*.csv")),
        Outputs(out.table, out.rejects, out.attrition, out.files, flows=flows),
        root=folder,
        rules=CustomsRules(keep_reimports=True, drop_duplicates=False),
    )
    return read_table(out.table, "exports"), read_table(out.rejects, "rejects"), account, flows


def test_every_record_is_kept_or_refused_for_zero_kilograms_or_zero_dollars(
    folder: Path, taken_in: tuple[pd.DataFrame, pd.DataFrame, Account, Path]
) -> None:
    exports, rejects, account, _ = taken_in
    raw = pd.concat([pd.read_csv(path) for path in sorted(folder.glob("EXP*.csv"))])
    nothing = (raw["VL_FOB"] == 0) | (raw["KG_LIQUIDO"] == 0)
    assert account.files["rows_read"].sum() == READ == len(raw)
    assert len(rejects) == nothing.sum()
    assert set(rejects["reason"]) == {"value is zero or negative", "quantity is zero"}
    assert exports["value_usd"].sum() == raw.loc[~nothing, "VL_FOB"].sum()
    assert exports["quantity"].sum() == raw.loc[~nothing, "KG_LIQUIDO"].sum()


def test_states_destinations_and_months_are_all_known(
    taken_in: tuple[pd.DataFrame, pd.DataFrame, Account, Path],
) -> None:
    exports, _, account, _ = taken_in
    states = Registers().regions()
    # 26 of the 27 states and the Federal District occur, besides ND (not declared).
    assert set(exports["city_producing"].dropna()) <= set(states["code"])
    assert set(exports.loc[exports["city_producing"].isna(), "firm"]) == {"ND"}
    assert exports["destination"].nunique() == 184
    assert account.completeness is not None
    assert [len(months) for months in account.completeness["months"]] == [12, 12, 6]


def test_quality_from_the_raw_files_agrees_with_r_in_every_cell(
    taken_in: tuple[pd.DataFrame, pd.DataFrame, Account, Path], shared: Shared, tmp_path: Path
) -> None:
    _, _, _, flows = taken_in
    table = pd.read_csv(shared("real", "elasticities", "broda_weinstein", "sigma_73countries_hs3.csv"))
    table = table[table["cname"] == "Brazil"]
    prefix = table["hs_3digit"].astype(int).astype(str).str.zfill(3)
    sigma = tmp_path / "sigma.csv"
    pd.DataFrame({"product_prefix": prefix, "sigma": table["sigma"]}).to_csv(sigma, index=False)
    ours = pd.read_parquet(run_quality(flows, tmp_path / "q", sigma=str(sigma))[0])
    expected = pd.read_csv(shared(*TRADE, "reference_quality_R.csv"), dtype={"ncm": str, "pais": str})
    code = dict(zip(Registers().regions()["abbreviation"], Registers().regions()["code"].astype(str), strict=True))
    expected["firm"] = expected["state"].map(code).fillna(expected["state"])
    # Numbers of countries are compared through the quality itself: one cell of a state, product and year at a time.
    cell = ["firm", "product", "year"]
    expected = expected.rename(columns={"ncm": "product"})
    assert len(ours) == len(expected) == 12_285
    mine = ours.sort_values([*cell, "quality"], ignore_index=True)
    theirs = expected.sort_values([*cell, "quality"], ignore_index=True)
    assert mine[cell].astype(str).equals(theirs[cell].astype(str))
    assert mine["quality"].to_numpy() == pytest.approx(theirs["quality"].to_numpy(), abs=1e-8, rel=1e-8)


def test_check_raw_says_what_the_real_files_are(folder: Path) -> None:
    found = {item.file: item for item in check_raw(folder)}
    assert {name: item.layout for name, item in found.items()} == {
        "EXP_2023_Revisada.csv": "comexstat",
        "EXP_2024_Revisada.csv": "comexstat",
        "EXP_2025_Revisada.csv": "comexstat",
        "paises.csv": "countries_comexstat",
    }
    told = "\n".join(found["EXP_2025_Revisada.csv"].lines())
    assert "months missing: 7, 8, 9, 10, 11, 12" in told
