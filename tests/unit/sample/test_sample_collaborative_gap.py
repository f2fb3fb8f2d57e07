"""The simulated world of collaborative_gap through the ordinary intake, indicator and estimators."""

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
from citypanel.sample.collaborative_gap import SPLITS
from citypanel.sample.prefectures import prefectures

STUDY = "collaborative_gap"
FOLDERS = {"patents": "patents", "city_year": "yearbook"}


@pytest.fixture(scope="module")
def panel(tables: dict[str, Outputs], raw: Path) -> pd.DataFrame:
    """The gap from GDP per head and the intensity from counted patents, as the study's formulas say."""
    options = parsed_indicator("cooperation", {"count": "joint_inventions"})
    counted = city_indicator("cooperation", {"patents": tables["patents"].table}, options)
    cells = pd.read_parquet(tables["city_year"].table).pivot_table(
        index=["adcode", "year"], columns="variable", values="value", observed=True
    )
    both = pd.read_csv(raw / "truth_cities.csv")
    given = ("adcode", "year", "true_gap", "effect_of_intensity", *SPLITS)
    both = both.rename(columns={name: f"true_{name}" for name in both if name not in given})
    both = both.merge(cells.reset_index(), on=["adcode", "year"])
    both = both.merge(counted[["adcode", "year", "joint"]], on=["adcode", "year"], how="left").fillna({"joint": 0})
    mean = both.groupby("year").gdp_per_head_yuan.transform("mean")
    return both.assign(
        city=both.adcode,
        gap=np.abs(np.log(both.gdp_per_head_yuan) - np.log(mean)),
        intensity=both.joint / both.population_wan,
    )


def _slopes(method: str, formula: str, data: pd.DataFrame, **options: str) -> list[tuple[float, float]]:
    parsed = parse_options(method, options, "test")
    vcov = "cluster:city" if method == "linear" else None
    asked = Specification(method, formula, parsed, unit="city", time="year", vcov=vcov)
    found = import_module(METHODS[method]).estimate(data, asked).columns
    return [next((t.estimate, t.se) for t in column.terms if t.term == "intensity") for column in found]


def test_counted_patents_and_recomputed_gaps_are_those_of_the_world(panel: pd.DataFrame) -> None:
    assert len(panel) == 280 * 11
    assert (panel.joint == panel.true_joint).all()
    assert np.abs(panel.gap - panel.true_gap).max() < 1e-9
    assert panel.true_gap.min() > 0.05


def test_the_study_lists_the_cities_of_its_world(project: Path) -> None:
    listed = pd.read_csv(project / "studies" / "collaborative_gap" / "cities.csv").adcode
    assert listed.tolist() == prefectures("collaborative_gap").adcode.tolist()


def test_intensities_have_the_printed_means_once_multiplied_back(panel: pd.DataFrame, truth: dict[str, Any]) -> None:
    means = panel.groupby("year").intensity.mean() * truth["joint_applications_divided_by"]
    # Printed in the article's introduction: 0.306 in 2010 and 0.983 in 2020; counts are whole, here few.
    assert means[2010] == pytest.approx(0.306, rel=0.05)
    assert means[2020] == pytest.approx(0.983, rel=0.05)


def test_the_effect_is_found_within_two_standard_errors(panel: pd.DataFrame, truth: dict[str, Any]) -> None:
    ((estimate, se),) = _slopes("linear", "gap ~ intensity | city + year", panel)
    assert abs(estimate - truth["effects"]["fixed_effects"]) < 2 * se
    assert estimate < -3 * se


@pytest.mark.parametrize("split", ["inland_region", "inland", "tertiary", "agglomeration"])
def test_the_effect_is_stronger_on_the_side_the_abstract_names(
    split: str, panel: pd.DataFrame, truth: dict[str, Any]
) -> None:
    sides = {"yes": panel[panel[split] == 1], "no": panel[panel[split] == 0]}
    found = {side: _slopes("linear", "gap ~ intensity | city + year", data)[0] for side, data in sides.items()}
    stated = truth["effects"]["by_split"][split]
    assert stated["yes"] < stated["no"] < 0
    for side, (estimate, se) in found.items():
        # Eight estimates of one draw, and clustered errors of few cities: four standard errors.
        assert abs(estimate - stated[side]) < 4 * se, side


def test_the_gap_narrows_most_where_it_is_low(panel: pd.DataFrame, truth: dict[str, Any]) -> None:
    found = _slopes("quantile", "gap ~ intensity | city + year", panel, estimator="mmqr", quantiles="0.1,0.5,0.9")
    low, middle, high = (estimate for estimate, _ in found)
    assert low < middle < high
    stated = truth["effects"]["by_quantile"]
    assert stated["0.1"] < stated["0.5"] < stated["0.9"]


@pytest.mark.parametrize("flow", ["rd_staff_flow", "rd_fund_flow"])
def test_flows_of_research_do_not_move(flow: str, panel: pd.DataFrame) -> None:
    ((estimate, se),) = _slopes("linear", f"{flow} ~ intensity | city + year", panel)
    assert abs(estimate) < 2 * se


COMPUTED = {
    "innovation_gap": ("disparity", {"income": "invention_grants / population_wan"}, "deviation"),
    "tfp_solow": ("productivity", {"investment": "capital_formation_wan"}, "tfp"),
    "tfp_malmquist": ("productivity", {"method": "malmquist", "investment": "capital_formation_wan"}, "tfp"),
    "integration": ("integration", {"partners": "nearest", "nearest": 10}, "integration"),
    "specialisation": ("specialisation", {}, "krugman"),
}


def _with_indicator(panel: pd.DataFrame, table: Path, name: str) -> pd.DataFrame:
    indicator, options, column = COMPUTED[name]
    found = city_indicator(indicator, {"city_year": table}, parsed_indicator(indicator, options))
    return panel.merge(found[["adcode", "year", column]].rename(columns={column: name}), on=["adcode", "year"])


@pytest.mark.parametrize(
    ("name", "relative"),
    [("innovation_gap", 1e-2), ("tfp_solow", 1e-8), ("integration", 1e-5), ("specialisation", 1e-7)],
)
def test_computed_mechanisms_are_those_of_the_world(
    name: str, relative: float, panel: pd.DataFrame, tables: dict[str, Outputs]
) -> None:
    both = _with_indicator(panel, tables["city_year"].table, name)
    # Grants are whole numbers, and segmentation is solved to 1e-6.
    assert both[name].to_numpy() == pytest.approx(both[f"true_{name}"].to_numpy(), rel=relative)


@pytest.mark.parametrize("name", list(COMPUTED))
def test_mechanisms_move_as_they_truly_do(
    name: str, panel: pd.DataFrame, tables: dict[str, Outputs], truth: dict[str, Any]
) -> None:
    both = _with_indicator(panel, tables["city_year"].table, name)
    ((estimate, se),) = _slopes("linear", f"{name} ~ intensity | city + year", both)
    assert abs(estimate - truth["effects"]["mechanisms"][name]) < 2.5 * se
    assert abs(estimate) > 2 * se


def test_ties_are_counted_as_the_world_drew_them(
    panel: pd.DataFrame, tables: dict[str, Outputs], truth: dict[str, Any]
) -> None:
    options = parsed_indicator("cooperation", {"count": "strength"})
    counted = city_indicator("cooperation", {"patents": tables["patents"].table}, options)
    both = panel.merge(counted[["adcode", "year", "strength"]], on=["adcode", "year"], how="left").fillna(0)
    ((estimate, _),) = _slopes("linear", "log1p(strength) ~ intensity | city + year", both)
    assert estimate == pytest.approx(truth["effects"]["mechanisms"]["ties"], rel=1e-9)


def test_partners_growth_is_an_instrument_that_finds_what_it_should(
    tables: dict[str, Outputs], truth: dict[str, Any], panel: pd.DataFrame
) -> None:
    options = parsed_indicator("exposure", {"base_years": [2008, 2009]})
    exposed = city_indicator("exposure", {"patents": tables["patents"].table}, options)
    both = panel.merge(exposed, on=["adcode", "year"], how="left").fillna({"exposure": 0})
    both["instrument"] = both.exposure / both.population_wan
    both["noiseless"] = both.effect_of_intensity * both.intensity
    formula = "noiseless ~ 1 | city + year | intensity ~ instrument"
    ((estimate, _),) = _slopes("linear", formula, both)
    assert estimate == pytest.approx(truth["effects"]["instrumented"], rel=1e-9)


def test_applicants_are_placed_where_they_sit(tables: dict[str, Outputs], truth: dict[str, Any]) -> None:
    applicants = pd.DataFrame(pd.read_parquet(tables["patents"].table).applicants.explode().tolist())
    firms = applicants[applicants.kind == "organisation"]
    seats = firms.name.str.replace("(", "（").str.replace(")", "）").map(truth["seats_of_applicants"])
    assert (firms.adcode[seats.notna()] == seats[seats.notna()]).all()
    assert firms.adcode[seats.isna()].isna().all()
