"""The simulated world of ip_model_city through the ordinary intake, indicator and estimators."""

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from citypanel.declare.methods import parse_options
from citypanel.declare.slices import parsed_indicator
from citypanel.declare.specification import Specification
from citypanel.estimate.methods import METHODS
from citypanel.indicators.city import city_indicator
from citypanel.intake.accounting import Outputs

STUDY = "ip_model_city"
FOLDERS = {"exports": "customs", "city_year": "yearbook", "world_trade": "world_trade"}


@pytest.fixture(scope="module")
def panel(tables: dict[str, Outputs], raw: Path) -> pd.DataFrame:
    """Complexity from firms' place of registration, the only one that the vendor's files give; mechanisms."""
    options = parsed_indicator("sophistication", {"level": "hs6", "place": "registered"})
    paths = {name: outputs.table for name, outputs in tables.items()}
    found = city_indicator("sophistication", paths, options)
    cells = pd.read_parquet(paths["city_year"]).pivot_table(
        index=["adcode", "year"], columns="variable", values="value", observed=True
    )
    both = pd.read_csv(raw / "truth_cities.csv").merge(found, on=["adcode", "year"])
    both = both.merge(cells.reset_index(), on=["adcode", "year"])
    return both.assign(
        city=both.adcode,
        did=both.treated,
        expy=np.log(both.sophistication),
        inventions=np.log1p(both.invention_grants),
        upgrading=both.tertiary_share / both.secondary_share,
        fdi=both.fdi_wan / both.gdp_wan,
    )


def _effect(method: str, formula: str, data: pd.DataFrame, **options: str) -> tuple[float, float]:
    parsed = parse_options(method, options, "test")
    asked = Specification(method, formula, parsed, unit="city", time="year", vcov="cluster:city")
    terms = import_module(METHODS[method]).estimate(data, asked).columns[0].terms
    return next((t.estimate, t.se) for t in terms if t.term in {"did", "att"})


def test_complexity_of_three_layouts_is_the_truth_to_the_rounding_of_dollars(panel: pd.DataFrame) -> None:
    assert len(panel) == 271 * 12
    # Whole dollars and a floor of 400 US$ a product, in baskets of some 100,000 US$ at least.
    assert (panel.expy - panel.true_ln_expy).abs().max() < 1e-3
    assert (panel.coverage == 1).all()


def test_rows_are_dropped_as_planted(tables: dict[str, Outputs], truth: dict[str, Any]) -> None:
    attrition = pd.read_parquet(tables["exports"].attrition)
    lost = (attrition.rows_before - attrition.rows_after).where(attrition.changed == 0, 0)
    dropped = lost.groupby(attrition.name).sum()
    planted: dict[str, int] = {}
    for name, kinds in truth["files"].items():
        for kind, step in truth["attrition_steps"].items():
            if name.startswith("customs/") and kind in kinds and step not in {"city_mapped", "none"}:
                planted[step] = planted.get(step, 0) + kinds[kind]["rows"]
    assert {step: dropped[step] for step in planted} == planted


def test_the_vendors_stata_files_have_six_digits_and_no_names(tables: dict[str, Outputs]) -> None:
    rows = pd.read_parquet(tables["exports"].table)
    vendor = rows[rows.source_file == "customs/custom_2013_exp.dta"]
    assert vendor.hs8.str.len().eq(6).all()
    assert vendor.firm_name.isna().all()
    assert vendor.city_producing.isna().all()
    assert vendor.city_registered.notna().all()


@pytest.mark.parametrize("estimator", ["linear", "imputation", "callaway_santanna"])
def test_the_effect_is_found_within_two_standard_errors(
    estimator: str, panel: pd.DataFrame, truth: dict[str, Any]
) -> None:
    if estimator == "linear":
        estimate, se = _effect("linear", "expy ~ did | city + year", panel)
    else:
        estimate, se = _effect("did", "expy ~ 1", panel, cohort="cohort", estimator=estimator)
    assert abs(estimate - truth["effects"]["att"]) < 2 * se
    assert estimate > 2 * se


@pytest.mark.parametrize("mechanism", ["inventions", "upgrading", "fdi"])
def test_mechanisms_move_as_they_truly_do(mechanism: str, panel: pd.DataFrame, truth: dict[str, Any]) -> None:
    estimate, se = _effect("linear", f"{mechanism} ~ did | city + year", panel.dropna(subset=[mechanism]))
    assert abs(estimate - truth["effects"]["mechanisms"][mechanism]) < 2 * se


def test_differences_between_cities_fall(raw: Path) -> None:
    cities = pd.read_csv(raw / "truth_cities.csv")
    untreated = (cities.true_ln_expy - cities.effect_on_ln_expy).groupby(cities.year).std()
    assert untreated[2018] < untreated[2007]


def test_real_batches_are_the_registers_and_later_ones_say_simulated(raw: Path, project: Path) -> None:
    listed = pd.read_csv(raw / "policies" / "ip_model_city.csv")
    register = pd.read_csv(project / "registers" / "policies.csv")
    real = register[(register.policy == "ip_model_city") & (register.counts_as_prefecture_treatment == 1)]
    early, late = listed[listed.year <= 2016], listed[listed.year > 2016]
    whole = early[early.counts_as_prefecture_treatment == 1]
    assert dict(zip(whole.adcode, whole.year, strict=True)) == dict(zip(real.adcode, real.year, strict=True))
    assert len(early) == 64  # counties and districts stand there, too
    assert (late.term_start == "2018-11").all()
    assert late.source.str.startswith("SIMULATED").all()
    assert not early.source.str.contains("SIMULATED").any()


@pytest.mark.parametrize("policy", ["smart_city", "low_carbon", "broadband"])
def test_other_pilots_are_drawn_and_do_nothing(policy: str, panel: pd.DataFrame, raw: Path) -> None:
    listed = pd.read_csv(raw / "policies" / f"{policy}.csv").set_index("adcode")
    assert listed.source.str.startswith("SIMULATED").all()
    assert 90 <= len(listed) <= 110
    first = panel.city.map(listed.year)
    data = panel.assign(pilot=(panel.year >= first).astype(float))
    parsed = parse_options("linear", {}, "test")
    asked = Specification("linear", "expy ~ did + pilot | city + year", parsed, "city", "year", "cluster:city")
    terms = import_module(METHODS["linear"]).estimate(data, asked).columns[0].terms
    (pilot,) = [term for term in terms if term.term == "pilot"]
    assert abs(pilot.estimate) < 2.6 * pilot.se  # at 1%, for three lists are looked at


def test_splits_can_be_made_from_what_the_folder_holds(panel: pd.DataFrame, raw: Path) -> None:
    innovative = pd.read_csv(raw / "policies" / "innovative_city.csv")
    assert (panel.adcode.isin(innovative.adcode) == (panel.innovative == 1)).all()
    assert innovative.source.str.startswith("SIMULATED").all()
    first = panel[panel.year == 2007]
    assert ((first.city_proper_wan < 100) == (first.small == 1)).all()
