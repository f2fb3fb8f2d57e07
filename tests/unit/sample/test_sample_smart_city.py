"""The simulated world of smart_city through the ordinary intake, indicator and estimators: what is true comes back."""

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from citypanel.canonical import read_origin
from citypanel.columns import evaluate
from citypanel.declare.expression import parse_expression
from citypanel.declare.indicators import QualityOptions, parse_indicator
from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Specification
from citypanel.estimate.methods import METHODS
from citypanel.indicators.city import city_indicator
from citypanel.indicators.quality import Quality, flow_quality
from citypanel.indicators.recovery import recovered_quality
from citypanel.intake.accounting import Outputs
from citypanel.result import Record
from citypanel.sample import write_sample

STUDY = "smart_city"
FOLDERS = {"exports": "customs", "city_year": "yearbook"}
KEY = ["exporter", "product", "destination", "year"]
FLOW = {"firm": "exporter", "hs8": "product"}
# Four products with some 800 flows a year each; the default preset has 28 with 1,400.
# Unit values are not trimmed: what is cut off at the ends of prices moves the ends of the scale of quality.
OPTIONS = parse_indicator(
    "quality", {"method": "by_product", "level": "hs8", "cleaning": {"price_trim": [0, 1]}}, "test"
)


@pytest.fixture(scope="module")
def flows(tables: dict[str, Outputs]) -> pd.DataFrame:
    """Flows in the unit of their product, one row each."""
    rows = pd.read_parquet(tables["exports"].table).rename(columns={"city_producing": "place", "value_usd": "value"})
    rows = rows.rename(columns=FLOW)[rows["place"].notna()]
    usual = rows.groupby("product")["unit"].agg(lambda units: units.mode()[0])
    rows = rows[rows["unit"] == rows["product"].map(usual)].astype({"place": "int64", "year": "int64"})
    return rows.groupby([*KEY, "place"], as_index=False)[["value", "quantity"]].sum()


@pytest.fixture(scope="module")
def true_flows(raw: Path) -> pd.DataFrame:
    return pd.read_parquet(raw / "truth_flows.parquet").rename(columns=FLOW)


@pytest.fixture(scope="module")
def panel(tables: dict[str, Outputs], raw: Path) -> pd.DataFrame:
    found = city_indicator("quality", {"exports": tables["exports"].table}, OPTIONS).merge(
        pd.read_csv(raw / "truth_cities.csv"), on=["adcode", "year"]
    )
    return found.rename(columns={"adcode": "city", "treated": "did"})


def _joined(found: Quality, true_flows: pd.DataFrame) -> pd.DataFrame:
    text = found.flows.astype({"exporter": str, "product": str, "destination": str})
    both = text.merge(true_flows, on=KEY, how="left")
    assert both["ln_quality"].notna().all()
    return both


def _effect(method: str, formula: str, data: pd.DataFrame, **options: str) -> tuple[float, float]:
    asked = Specification(
        method=method,
        formula=formula,
        options=parse_options(method, options, "test"),
        unit="city",
        time="year",
        vcov="cluster:city",
    )
    terms = import_module(METHODS[method]).estimate(data, asked).columns[0].terms
    return next((t.estimate, t.se) for t in terms if t.term in {"did", "att"})


def test_every_layout_is_recognised_as_itself(tables: dict[str, Outputs]) -> None:
    layouts = pd.read_parquet(tables["exports"].files).set_index("source_file")["layout"]
    assert layouts["customs/tradedata_2010_1.dta"] == "customs_2007_2011"
    assert layouts["customs/customs_2013.csv"] == "customs_2003_2004"
    assert layouts["customs/customs_2015.csv"] == "customs_2005"
    assert layouts["customs/customs_2016.csv"] == "customs_2006"
    assert read_origin(tables["exports"].table).simulated


def test_names_in_old_stata_files_are_chinese_again(tables: dict[str, Outputs]) -> None:
    rows = pd.read_parquet(tables["exports"].table)
    stata = rows[rows["source_file"] == "customs/tradedata_2010_1.dta"]
    assert stata["firm_name"].str.endswith("有限公司").all()
    assert stata["hs8"].str.len().eq(8).all()
    assert stata["hs8"].str.startswith("0").any()
    assert stata["month"].isna().all()


def test_rows_of_five_layouts_are_dropped_as_planted(tables: dict[str, Outputs], truth: dict[str, Any]) -> None:
    attrition = pd.read_parquet(tables["exports"].attrition)
    lost = (attrition.rows_before - attrition.rows_after).where(attrition.changed == 0, 0)
    dropped = lost.groupby(attrition.name).sum()
    planted: dict[str, int] = {}
    for name, kinds in truth["files"].items():
        for kind, step in truth["attrition_steps"].items():
            if name.startswith("customs/") and kind in kinds:
                planted[step] = planted.get(step, 0) + kinds[kind]["rows"]
    exports = pd.read_parquet(tables["exports"].table, columns=["city_producing"])
    assert planted.pop("city_mapped") == exports.city_producing.isna().sum()
    planted.pop("none")
    assert {step: dropped[step] for step in planted} == planted


def test_quality_comes_back_with_the_instrument_and_visibly_less_without(
    flows: pd.DataFrame, true_flows: pd.DataFrame, truth: dict[str, Any]
) -> None:
    found = flow_quality(flows, OPTIONS, None)
    both = _joined(found, true_flows)
    within = both.groupby("product")[["quality", "ln_quality"]].corr().iloc[0::2, 1]
    assert both["quality"].corr(both["ln_quality"]) > 0.9
    assert within.min() > 0.97
    sigma = found.elasticities.set_index("product")["sigma"]
    true_sigma = pd.Series(truth["sigma"])
    assert (sigma - true_sigma).abs().max() < 0.4
    plain = _by_least_squares(flows, both)
    assert (plain["sigma"] < plain["product"].map(true_sigma)).all()
    assert plain["quality"].corr(plain["ln_quality"]) < 0.85


def _by_least_squares(flows: pd.DataFrame, both: pd.DataFrame) -> pd.DataFrame:
    """Quality as the residual of ln q on ln p within product, destination and year, without an instrument."""
    summed = flows.astype({"exporter": str, "destination": str}).groupby(KEY)[["value", "quantity"]].sum()
    rows = both[[*KEY, "ln_quality"]].merge(summed.reset_index(), on=KEY)
    logs = pd.DataFrame({"p": np.log(rows["value"] / rows["quantity"]), "q": np.log(rows["quantity"])})
    inside = logs - logs.groupby([rows["product"], rows["destination"], rows["year"]]).transform("mean")
    by_product = (inside["p"] * inside["q"]).groupby(rows["product"]).sum()
    rows["sigma"] = rows["product"].map(-by_product / (inside["p"] ** 2).groupby(rows["product"]).sum())
    rows["quality"] = (inside["q"] + rows["sigma"] * inside["p"]) / (rows["sigma"] - 1)
    return rows


def test_quality_comes_back_with_the_true_elasticities_and_less_with_one_for_all(
    flows: pd.DataFrame, true_flows: pd.DataFrame, truth: dict[str, Any]
) -> None:
    options = QualityOptions(method="ksw", level="hs8")
    right = _joined(flow_quality(flows, options, pd.Series(truth["sigma"])), true_flows)
    wrong = _joined(flow_quality(flows, options, 10.0), true_flows)
    assert right["quality"].corr(right["ln_quality"]) > 0.9
    assert wrong["quality"].corr(wrong["ln_quality"]) < right["quality"].corr(right["ln_quality"]) - 0.05


def test_the_record_of_recovery_says_the_same_of_every_way_to_estimate(
    tables: dict[str, Outputs], raw: Path, flows: pd.DataFrame, true_flows: pd.DataFrame
) -> None:
    record = recovered_quality(tables["exports"].table, raw / "truth.json", raw / "truth_flows.parquet", "smart_city")
    rows = {str(row["name"]): row for row in record.curves["quality"]}
    both = _joined(flow_quality(flows, OPTIONS, None), true_flows)
    # The cleaning steps leave out special chapters and small flows, which this world does not have.
    assert rows["by_product"]["n"] == rows["least_squares"]["n"] == len(both)
    assert rows["by_product"]["correlation"] == pytest.approx(both["quality"].corr(both["ln_quality"]), abs=1e-3)
    assert rows["by_product"]["slope"] == pytest.approx(1, abs=0.1)
    assert rows["least_squares"]["correlation"] < 0.85
    assert rows["true_sigma"]["correlation"] > 0.9
    assert rows["sigma_5"]["correlation"] < rows["true_sigma"]["correlation"]
    assert rows["sigma"]["correlation"] > 0.99
    points = [row for row in record.curves["points"] if row["name"] == "by_product"]
    assert 900 < len(points) < 2_000
    assert Record.from_json(record.to_json()) == record


def test_city_quality_follows_the_truth_and_covers_almost_all_exports(panel: pd.DataFrame) -> None:
    # A small city of the tiny preset has some ten flows; with the default preset the correlation is above 0.99.
    assert panel["quality"].corr(panel["true_quality"]) > 0.95
    assert panel["coverage"].mean() > 0.9
    assert len(panel) == 220 * 7


@pytest.mark.parametrize(
    ("method", "formula", "options"),
    [
        ("linear", "quality ~ did | city + year", {}),
        ("did", "quality ~ 1", {"cohort": "cohort", "estimator": "imputation"}),
        ("did", "quality ~ 1", {"cohort": "cohort", "estimator": "sun_abraham"}),
    ],
)
def test_the_effect_of_pilots_is_found_within_two_standard_errors(
    method: str, formula: str, options: dict[str, str], panel: pd.DataFrame, truth: dict[str, Any]
) -> None:
    estimate, se = _effect(method, formula, panel, **options)
    assert abs(estimate - truth["effects"]["att"]) < 2 * se
    assert estimate > 3 * se


@pytest.mark.parametrize(
    ("mechanism", "formula"),
    [
        ("inventions", "log(invention_grants / population_wan)"),
        ("informatisation", "10 * broadband_wan / population_wan"),
        ("misallocation", "resource_misallocation"),
    ],
)
def test_pilots_move_each_mechanism_of_the_abstract_as_stated(
    mechanism: str, formula: str, tables: dict[str, Outputs], raw: Path, truth: dict[str, Any]
) -> None:
    cells = pd.read_parquet(tables["city_year"].table).pivot_table(
        index=["adcode", "year"], columns="variable", values="value"
    )
    cells["outcome"] = evaluate(parse_expression(formula), cells)
    panel = cells.reset_index().merge(pd.read_csv(raw / "truth_cities.csv"), on=["adcode", "year"])
    estimate, se = _effect(
        "linear", "outcome ~ did | city + year", panel.rename(columns={"adcode": "city", "treated": "did"})
    )
    stated = truth["mechanisms"][mechanism]
    assert abs(estimate - stated["att_to_2021"]) < 2 * se
    assert stated["share_of_the_effect_on_quality"] > 0.1


def test_imputed_years_have_what_the_imputation_needs_and_stay_far_from_the_truth(
    tables: dict[str, Outputs], raw: Path
) -> None:
    cells = pd.read_parquet(tables["city_year"].table)
    tertiary = cells[cells["variable"] == "tertiary_share"][["adcode", "year", "value"]]
    index = pd.read_csv(raw / "reference" / "province_quality.csv")
    both = pd.read_csv(raw / "truth_cities.csv").merge(tertiary, on=["adcode", "year"])
    both = both.assign(province=both["adcode"] // 10_000 * 10_000).merge(index, on=["province", "year"])
    later = both[both["year"] > 2016]
    imputed = later["value"] / 100 * later["quality"]
    assert len(later) == 220 * 5
    # Tertiary share times provincial quality has the right level, and little to do with the city's own quality.
    assert imputed.mean() == pytest.approx(later["true_quality"].mean(), rel=0.2)
    assert imputed.corr(later["true_quality"]) < 0.8


def test_pilots_stand_in_the_sample_alone_and_say_that_they_are_simulated(raw: Path, truth: dict[str, Any]) -> None:
    pilots = pd.read_csv(raw / "policies" / "smart_city.csv")
    assert len(pilots) == 92
    assert pilots["year"].value_counts().to_dict() == {2012: 37, 2013: 31, 2014: 24}
    assert pilots["source"].str.startswith("SIMULATED").all()
    assert dict(zip(pilots["adcode"].astype(str), pilots["year"], strict=True)) == truth["cohorts"]


def test_the_same_seed_gives_the_same_bytes_whatever_else_is_written(raw: Path, tmp_path: Path) -> None:
    write_sample(tmp_path / "part", "tiny", 3, kinds=("yearbook",), study="smart_city")
    write_sample(tmp_path / "again", "tiny", 3, study="smart_city")
    names = [p.relative_to(raw) for p in sorted(raw.rglob("*")) if p.is_file()]
    assert all((tmp_path / "again" / name).read_bytes() == (raw / name).read_bytes() for name in names)
    part = [p.relative_to(tmp_path / "part") for p in sorted((tmp_path / "part" / "yearbook").iterdir())]
    assert all((tmp_path / "part" / name).read_bytes() == (raw / name).read_bytes() for name in part)
