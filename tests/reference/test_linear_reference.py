"""Fixed-effect and plain regressions against fixest, plm and Stata."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Specification
from citypanel.estimate.analysis import estimate_analysis
from citypanel.result import ColumnResult

Shared = Callable[..., Path]

DATA = {
    "grunfeld": "grunfeld.csv",
    "wagepan": "wagepan.csv",
    "wagepan_unbal": "wagepan_unbal.csv",
    "petersen": "petersen.csv",
    "trade": "trade.csv.gz",
    "castle_bacon": "castle_bacon.csv",
    "mpdta": "mpdta.csv",
}
CLUSTERS = {
    "cl_firm": "firm",
    "cl_year": "year",
    "cl_firm_year": "firm+year",
    "cl_nr": "nr",
    "cl_nr_year": "nr+year",
    "cl_state": "state",
    "cl_dest": "Destination",
    "cl_dest_orig": "Destination+Origin",
    "cl": "countyreal",
}
# Closed forms on both sides, so rounding only: coefficients and classical errors 1e-9.
EXACT = {"coef": 1e-9, "se": 1e-9}
# fixest stops its iterations on an unbalanced panel at 1e-6 of a coefficient's change; that costs its scores
# 8 digits (our own residuals are checked against explicit dummies at 1e-12 in the property tests).
UNBALANCED = {"coef": 1e-9, "se": 1e-7}
# Four effects, fixest's iterations again; its file asks for 1e-8.
FOUR = {"coef": 1e-8, "se": 1e-8}
CASES = {
    "grunfeld_ols": (["iid", "hetero", "cl_firm", "cl_year", "cl_firm_year"], EXACT),
    "grunfeld_fe1": (["iid", "hetero", "cl_firm", "cl_year", "cl_firm_year"], EXACT),
    "grunfeld_fe2": (["iid", "hetero", "cl_firm", "cl_year", "cl_firm_year"], EXACT),
    "grunfeld_fe2_capital": (["iid", "hetero", "cl_firm", "cl_year", "cl_firm_year"], EXACT),
    "wagepan_ols": (["iid", "hetero", "cl_nr", "cl_nr_year"], EXACT),
    "wagepan_fe1": (["iid", "hetero", "cl_nr", "cl_nr_year"], EXACT),
    "wagepan_fe2": (["iid", "hetero", "cl_nr", "cl_nr_year"], EXACT),
    "wagepan_unbal_fe2_keepsing": (["iid", "hetero", "cl_nr", "cl_nr_year"], UNBALANCED),
    "petersen_fe_firm": (["iid", "hetero", "cl_firm", "cl_year", "cl_firm_year"], EXACT),
    "trade_fe4": (["iid", "hetero", "cl_dest", "cl_dest_orig"], FOUR),
    "castle_twfe": (["iid", "hetero", "cl_state"], EXACT),
    "mpdta_twfe": (["iid", "hetero", "cl"], EXACT),
}
MATRIX = [(case, vcov) for case, (vcovs, _) in CASES.items() for vcov in vcovs]


def _reference(shared: Shared, name: str) -> dict:
    return json.loads(shared("reference", "linear_did", "ref", f"{name}.json").read_text())


@cache
def _read(path: Path) -> pd.DataFrame:
    frame = pd.read_csv(path)
    if path.name == "trade.csv.gz":
        return frame.assign(lE=np.log(frame.Euros), ld=np.log(frame.dist_km))
    if path.name == "mpdta.csv":
        treated = (frame["first.treat"] > 0) & (frame.year >= frame["first.treat"])
        return frame.assign(D=treated.astype(float))
    return frame


def _data(shared: Shared, name: str) -> pd.DataFrame:
    return _read(shared("reference", "linear_did", "data", DATA.get(name, name)))


def _column(data: pd.DataFrame, formula: str, vcov: str = "iid", weights: str | None = None, **options) -> ColumnResult:
    parsed = parse_options("linear", options, "test")
    specification = Specification("linear", formula, parsed, vcov=vcov, weights=weights)
    return estimate_analysis(data, [specification]).columns[0]


def _named(column: ColumnResult, field: str, names: list[str]) -> list[float]:
    stands_for = {"(Intercept)": "Intercept", "_cons": "Intercept"}
    return [getattr(column.term(stands_for.get(name, name)), field) for name in names]


@pytest.mark.parametrize(("case", "vcov"), MATRIX)
def test_coefficients_errors_and_statistics_equal_fixest(shared: Shared, case: str, vcov: str) -> None:
    reference = _reference(shared, case)
    expected, tolerance = reference["vcov"][vcov], CASES[case][1]
    ours = f"cluster:{CLUSTERS[vcov]}" if vcov in CLUSTERS else vcov
    column = _column(_data(shared, reference["data"]), reference["model"], ours, singletons="keep")
    names = list(expected["coef"])
    assert _named(column, "estimate", names) == pytest.approx(list(expected["coef"].values()), rel=tolerance["coef"])
    assert _named(column, "se", names) == pytest.approx(list(expected["se"].values()), rel=tolerance["se"])
    # A p-value of 1e-200 multiplies the error of t by t; below 1e-14 nobody reads it.
    read = [name for name in names if expected["p"][name] > 1e-14]
    p = [expected["p"][name] for name in read]
    assert _named(column, "p", read) == pytest.approx(p, rel=max(1e-8, 20 * tolerance["se"]))
    # fixest refers this one Wald test to 8 degrees of freedom with 8 years as the smaller key; its t uses 7.
    if (case, vcov) != ("wagepan_ols", "cl_nr_year"):
        assert column.stats["f_df2"] == expected["wald_df2"]
    assert column.stats["f"] == pytest.approx(expected["wald_F"], rel=max(1e-8, tolerance["se"]))


@pytest.mark.parametrize("case", CASES)
def test_fit_statistics_equal_fixest(shared: Shared, case: str) -> None:
    reference = _reference(shared, case)
    column = _column(_data(shared, reference["data"]), reference["model"], singletons="keep")
    pairs = {"r2": "r2", "ar2": "r2_adj", "wr2": "r2_within", "war2": "r2_within_adj", "rmse": "rmse_n"}
    for theirs, ours in pairs.items():
        if reference["stats"].get(theirs) is not None:
            assert column.stats[ours] == pytest.approx(reference["stats"][theirs], rel=1e-10), theirs
    assert column.stats["k"] == reference["nparams"]
    assert column.n == reference["stats"]["n"]


STATA = [
    f"{model}-{vcov}-{weights}-{missing}"
    for model in ("fixed_effect", "pooled")
    for vcov in ("conventional", "robust", "cluster")
    for weights in ("", "weighted")
    for missing in ("", "_light", "_heavy")
]


@pytest.mark.parametrize("block", STATA)
def test_weighted_and_unweighted_panels_with_missing_cells_equal_stata(shared: Shared, block: str) -> None:
    model, vcov, weights, missing = block.split("-")
    expected = _reference(shared, f"stata_{model}")["blocks"][block]
    fixed = model == "fixed_effect"
    regressors = " + ".join(f"x{j}{missing}" for j in range(1, 6))
    formula = f"y{missing} ~ {regressors}" + (" | firm_id" if fixed else "")
    # `xtreg, fe vce(robust)` is clustered by the panel variable.
    robust = "cluster:firm_id" if fixed else "hetero"
    ours = {"conventional": "iid", "robust": robust, "cluster": "cluster:firm_id"}[vcov]
    column = _column(
        _data(shared, "stata_sim_panel.csv.gz"), formula, ours, weights="w" if weights else None, singletons="keep"
    )
    names = list(expected["coef"])
    assert _named(column, "estimate", names) == pytest.approx(list(expected["coef"].values()), rel=1e-8)
    variances = [expected["var"][name][name] for name in names]
    # Stata printed variances to 11 decimals: the constant's, of 2.7e-6, has six digits.
    assert [se**2 for se in _named(column, "se", names)] == pytest.approx(variances, rel=1e-8, abs=6e-12)
    stats = expected["stats"]
    assert column.n == stats["N"]
    assert column.stats["f"] == pytest.approx(stats["F"], rel=1e-8)
    assert column.stats["r2_within" if fixed else "r2"] == pytest.approx(stats["r2"], rel=1e-8)
    assert column.stats["r2_adj_xtreg" if fixed else "r2_adj"] == pytest.approx(stats["r2_a"], rel=1e-8)
    # `xtreg, fe` with clusters divides by N less the parameters its variance counts; ours counts the effects.
    if not (fixed and vcov != "conventional"):
        assert column.stats["rmse"] == pytest.approx(stats["rmse"], rel=1e-8)


@pytest.mark.parametrize(
    ("case", "data", "formula"),
    [
        ("plm_grunfeld_individual", "grunfeld", "inv ~ value + capital | firm"),
        ("plm_grunfeld_twoways", "grunfeld", "inv ~ value + capital | firm + year"),
        ("plm_wagepan_individual", "wagepan", "lwage ~ exper + expersq + married + union | nr"),
    ],
)
def test_within_models_equal_plm(shared: Shared, case: str, data: str, formula: str) -> None:
    reference = _reference(shared, case)
    column = _column(_data(shared, data), formula)
    names = list(reference["coef"])
    assert _named(column, "estimate", names) == pytest.approx(list(reference["coef"].values()), rel=1e-9)
    assert _named(column, "se", names) == pytest.approx(list(reference["se"].values()), rel=1e-9)
    # plm's adjusted R2 is of the within model, with all effects counted against n - 1.
    assert column.stats["r2_within"] == pytest.approx(reference["r2"], rel=1e-9)
    assert column.stats["r2_adj_xtreg"] == pytest.approx(reference["ar2"], rel=1e-9)
    assert column.stats["f"] == pytest.approx(reference["F"], rel=1e-9)
    assert column.term("Intercept").estimate == pytest.approx(reference["within_intercept"], rel=1e-9)
    unit = formula.split("| ")[1].split(" ", maxsplit=1)[0]
    plain = _column(_data(shared, data), formula, f"cluster:{unit}", ssc="none")
    expected = list(reference["se_arellano_hc0"].values())
    assert _named(plain, "se", names) == pytest.approx(expected, rel=1e-9)


def test_random_effects_and_hausman_equal_plm(shared: Shared) -> None:
    reference = _reference(shared, "grunfeld_hausman")
    column = _column(_data(shared, "grunfeld"), "inv ~ value + capital | firm", estimator="random")
    names = list(reference["re"])
    assert _named(column, "estimate", names) == pytest.approx(list(reference["re"].values()), rel=1e-8)
    assert column.stats["hausman"] == pytest.approx(reference["chi2"], rel=1e-8)
    # The reference file holds the p-value under the name of the software.
    assert column.stats["hausman_p"] == pytest.approx(reference["peer"], rel=1e-8)


@pytest.mark.parametrize(
    ("vcov", "key"),
    [
        ("iid", "iid_2fe"),
        ("cluster:firm", "stata_xtreg_cluster_firm"),
        ("cluster:firm+year", "twoway_min"),
        ("hac:2", "NW"),
        ("dk:2", "DK"),
    ],
)
def test_standard_errors_equal_the_printed_ones_of_fixests_vignette(shared: Shared, vcov: str, key: str) -> None:
    printed = _reference(shared, "published_figures")["fixest_se_vignette_grunfeld_inv_capital"][key]
    parsed = parse_options("linear", {"singletons": "keep"}, "test")
    given = {"unit": "firm", "time": "year", "vcov": vcov}
    specification = Specification("linear", "inv ~ capital | firm + year", parsed, **given)
    column = estimate_analysis(_data(shared, "grunfeld"), [specification]).columns[0]
    # Seven or eight printed digits; fixest's lag for 20 periods is floor(20^.25) = 2.
    assert column.term("capital").se == pytest.approx(printed, abs=1e-8)


def test_an_event_study_written_as_a_formula_equals_fixest(shared: Shared) -> None:
    reference = _reference(shared, "base_did_es")
    formula = "y ~ x1 + i(period, treat, ref=5) | id + period"
    expected = reference["vcov"]["iid"]
    column = _column(_data(shared, "base_did.csv"), formula, singletons="keep")
    for name, value in expected["coef"].items():
        assert column.term(name).estimate == pytest.approx(value, rel=1e-9), name
        assert column.term(name).se == pytest.approx(expected["se"][name], rel=1e-9), name
