"""The tiny sample through the ordinary intake and indicators: the panel, and an attrition table without surprises."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from citypanel.canonical import read_origin
from citypanel.declare.slices import parsed_indicator
from citypanel.indicators.city import city_indicator
from citypanel.intake.accounting import Outputs
from citypanel.intake.table import intake_table
from citypanel.sample.tables import target_panel

FOLDERS = {"exports": "customs", "patents": "patents", "city_year": "yearbook", "world_trade": "world_trade"}
# Whole dollars leave about 2e-9 in the smallest basket of the tiny preset.
WHOLE_DOLLARS = 1e-8


@pytest.fixture(scope="module")
def tables(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outputs]:
    folder = tmp_path_factory.mktemp("canonical")
    written = {table: Outputs.beside(folder / f"{table}.parquet") for table in FOLDERS}
    for table, outputs in written.items():
        intake_table(table, sorted((tiny / FOLDERS[table]).iterdir()), outputs, tiny)
    return written


@pytest.fixture(scope="module")
def truth(tiny: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((tiny / "truth.json").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    target = target_panel()
    frame = pd.DataFrame({"adcode": target.adcode, "year": target.year, **target.columns})
    return frame.set_index(["adcode", "year"])


def _indicator(tables: dict[str, Outputs], name: str, **options: str) -> pd.DataFrame:
    paths = {table: outputs.table for table, outputs in tables.items()}
    return city_indicator(name, paths, parsed_indicator(name, options)).set_index(["adcode", "year"])


def _dropped(outputs: Outputs) -> "pd.Series[float]":
    attrition = pd.read_parquet(outputs.attrition)
    lost = attrition.rows_before - attrition.rows_after
    # A row that was mended is a line of the table without a loss; it may stand out of order.
    return lost.where(attrition.changed == 0, 0).groupby(attrition.name).sum()


def test_all_that_is_made_from_the_sample_is_marked_as_simulated(tables: dict[str, Outputs]) -> None:
    assert all(read_origin(outputs.table).simulated for outputs in tables.values())


@pytest.mark.parametrize(("level", "outcome"), [("hs2", "quality"), ("hs6", "tcf")])
def test_sophistication_of_the_canonical_tables_is_the_panels_outcome(
    level: str, outcome: str, tables: dict[str, Outputs], panel: pd.DataFrame
) -> None:
    values = _indicator(tables, "sophistication", level=level, prody="yearly").loc[panel.index]
    assert np.abs(np.log(values.sophistication) - panel[outcome]).max() < WHOLE_DOLLARS
    assert (values.coverage == 1).all()


def test_cooperation_counts_are_those_of_the_truth(tables: dict[str, Outputs], truth: dict[str, Any]) -> None:
    counted = _indicator(tables, "cooperation", count="joint_inventions").joint
    for year, cities in truth["joint_inventions"].items():
        found = {code: int(counted.get((int(code), int(year)), 0)) for code in cities}
        assert found == cities, year


def test_resolved_places_are_true_and_only_foreign_applicants_stay_unresolved(
    tables: dict[str, Outputs], truth: dict[str, Any]
) -> None:
    patents = pd.read_parquet(tables["patents"].table, columns=["applicants"])
    applicants = pd.DataFrame(patents.applicants.explode().tolist())
    organisations = applicants[applicants.kind == "organisation"]
    seats = organisations.name.str.replace("(", "（").str.replace(")", "）").map(truth["seats_of_applicants"])
    assert (organisations.adcode[seats.notna()] == seats[seats.notna()]).all()
    assert organisations.adcode[seats.isna()].isna().all()
    assert (applicants.kind == "person").any()


def test_customs_rows_are_dropped_as_planted(tables: dict[str, Outputs], truth: dict[str, Any]) -> None:
    dropped = _dropped(tables["exports"])
    planted: dict[str, int] = {}
    for name, kinds in truth["files"].items():
        if name.startswith("customs/"):
            for kind, step in truth["attrition_steps"].items():
                planted[step] = planted.get(step, 0) + kinds[kind]["rows"]
    exports = pd.read_parquet(tables["exports"].table, columns=["city_producing"])
    # Rows without a city stay in the table, so that the study may choose the place of registration.
    assert planted.pop("city_mapped") == exports.city_producing.isna().sum()
    assert {step: dropped[step] for step in planted} == planted


def test_patent_rows_are_dropped_and_merged_as_planted(tables: dict[str, Outputs], truth: dict[str, Any]) -> None:
    files = [counts for name, counts in truth["files"].items() if name.startswith("patents/")]
    total = {key: sum(counts[key] for counts in files) for key in ("rows", "rows_abroad", "applications_in_china")}
    dropped = _dropped(tables["patents"])
    assert dropped["rows"] == total["rows_abroad"]
    merged = total["rows"] - total["rows_abroad"] - total["applications_in_china"]
    assert dropped["one_application_once"] == merged


def test_yearbook_cells_become_numbers_and_zeros_become_missing(
    tables: dict[str, Outputs], panel: pd.DataFrame, project: Path
) -> None:
    cells = pd.read_parquet(tables["city_year"].table)
    wide = cells.pivot_table(index=["adcode", "year"], columns="variable", values="value", observed=True)
    mine = wide.loc[panel.index]
    series = pd.read_csv(project / "registers/national_series.csv").query("series == 'usd_cny'")
    rate = mine.index.get_level_values("year").map(series.set_index("year").value)
    derived = {
        "gdp": np.log(mine.gdp_wan),
        "open": mine.fdi_usd_wan * rate / mine.gdp_wan,
        "fin": mine.loans_wan / mine.deposits_wan,
        "wage": np.log(mine.wage_yuan),
        "human": np.log(mine.students / mine.population_wan),
        "stru": mine.tertiary_share / mine.secondary_share,
        "infor": 10 * mine.broadband_wan / mine.population_wan,
        "infra": mine.road_area_m2,
        "tech": (mine.science_wan + mine.education_wan) / mine.gdp_wan,
    }
    for name, values in derived.items():
        assert np.abs(values - panel[name]).max() < 1e-9, name
    assert (cells.value != 0).all()
