"""Difference and system GMM against gretl, R's plm and printed tables on the Arellano-Bond firms."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Specification
from citypanel.estimate import gmm
from citypanel.estimate.outcome import Estimate
from citypanel.result import ColumnResult

AB91 = "n ~ L1.n + L2.n + w + L1.w + k + L1.k + L2.k + ys + L1.ys + L2.ys"
AB91_OWN = "w,L1.w,k,L1.k,L2.k,ys,L1.ys,L2.ys"
BB98 = "n ~ L1.n + w + L1.w + k + L1.k"
SYSTEM = {"gmm": "n:2:99;w:2:99;k:2:99", "system": True, "time_dummies": True}
DYNPD = "n ~ L1.n + L2.n + w + k"
LAGS = {"gmm": "n:2:4;w:1:3", "iv": "k"}

# gretl puts the constant before the time dummies.
GRETL: dict[str, tuple[str, dict[str, Any]]] = {
    "diff_ab_a1_onestep": (AB91, {"gmm": "n:2:99", "iv": AB91_OWN, "time_dummies": True, "steps": 1}),
    "diff_ab_a2_twostep_windmeijer": (AB91, {"gmm": "n:2:99", "iv": AB91_OWN, "time_dummies": True}),
    "diff_ab_a2_twostep_asymp": (
        AB91,
        {"gmm": "n:2:99", "iv": AB91_OWN, "time_dummies": True, "windmeijer": False},
    ),
    "sys_bb98_t4_onestep": (BB98, {**SYSTEM, "steps": 1}),
    "sys_bb98_t4_twostep": (BB98, SYSTEM),
    "sys_bb98_t4_dpdstyle_onestep": (BB98, {**SYSTEM, "steps": 1, "h": 2}),
    "diff_pydynpd_test1_twostep": (DYNPD, LAGS),
    "sys_pydynpd_test2_twostep": (DYNPD, {**LAGS, "system": True}),
}
PLM: dict[str, tuple[str, dict[str, Any]]] = {
    "ab_a1": (AB91, {"gmm": "n:2:99", "iv": AB91_OWN, "time_dummies": True, "steps": 1}),
    "ab_a2": (AB91, {"gmm": "n:2:99", "iv": AB91_OWN, "time_dummies": True}),
    "ab_b_onestep": (
        "n ~ L1.n + L2.n + w + L1.w + k + ys + L1.ys",
        {"gmm": "n:2:99", "iv": "w,L1.w,k,ys,L1.ys", "time_dummies": True, "steps": 1},
    ),
    "bb_sys_one_tw": (BB98, {**SYSTEM, "steps": 1}),
    "bb_sys_two_tw": (BB98, SYSTEM),
    "bb_sys_one_ind": (BB98, {**SYSTEM, "time_dummies": False, "constant": "false", "steps": 1}),
    "pydynpd_test1": (DYNPD, LAGS),
}
# The two-way tables of plm carry the constant after the slopes, as gretl's do.
AR1 = {"gmm": "n:2:99"}
WK = {"gmm": "n:2:99", "iv": "w,k:eq=diff;w,k:eq=level", "system": True, "constant": "false"}
STATSPAI: dict[str, tuple[str, dict[str, Any]]] = {
    "R1_ar1_diff_1step": ("n ~ L1.n", {**AR1, "steps": 1}),
    "R2_ar1_diff_2step_wc": ("n ~ L1.n", AR1),
    "R2_ar1_diff_2step_conv": ("n ~ L1.n", {**AR1, "windmeijer": False}),
    "R3_ab1991_diff_1step": (
        "n ~ L1.n + L2.n + w + L1.w + k + L1.k + L2.k",
        {"gmm": "n:2:99", "iv": "w,L1.w,k,L1.k,L2.k", "steps": 1},
    ),
    "R4_ab1991_diff_2step_wc": (
        "n ~ L1.n + L2.n + w + L1.w + k + L1.k + L2.k",
        {"gmm": "n:2:99", "iv": "w,L1.w,k,L1.k,L2.k"},
    ),
    "R5_sys_1step": ("n ~ L1.n + w + k", {**WK, "steps": 1}),
    "R6_sys_2step_wc": ("n ~ L1.n + w + k", WK),
    "R7_ar1_diff_collapse": ("n ~ L1.n", {"gmm": "n:2:99:collapse", "steps": 1}),
    "R8_ar1_diff_lag2to4": ("n ~ L1.n", {"gmm": "n:2:4", "steps": 1}),
    "R9_pdynmc_ar1_diff_1step": ("n ~ L1.n", {**AR1, "steps": 1}),
}


def fitted(data: pd.DataFrame, formula: str, options: dict[str, Any], vcov: str | None = None) -> Estimate:
    given = parse_options("gmm", options, "test")
    return gmm.estimate(data, Specification("gmm", formula, given, unit="id", time="year", vcov=vcov))


def close(found: float | None, expected: float, rel: float = 1e-7) -> bool:
    return found == pytest.approx(expected, rel=rel)


def constant_before_dummies(column: ColumnResult) -> list[tuple[float | None, float | None]]:
    ordered = sorted(column.terms, key=lambda term: ("::" in term.term, term.term if "::" in term.term else ""))
    return [(term.estimate, term.se) for term in ordered]


@pytest.fixture(scope="module")
def logs(shared: Callable[..., Path]) -> pd.DataFrame:
    return pd.read_csv(shared("reference", "spatial_gmm", "data", "abdata_log.csv"))


@pytest.fixture(scope="module")
def firms(shared: Callable[..., Path]) -> pd.DataFrame:
    return pd.read_csv(shared("reference", "spatial_gmm", "data", "stata_abdata.csv"))


@pytest.fixture(scope="module")
def stored(shared: Callable[..., Path]) -> Callable[[str, str], dict[str, Any]]:
    def read(folder: str, name: str) -> dict[str, Any]:
        return dict(json.loads(shared("reference", "spatial_gmm", folder, f"{name}.json").read_text()))

    return read


@pytest.mark.parametrize("key", GRETL)
def test_every_number_of_gretl_is_met(
    key: str, logs: pd.DataFrame, stored: Callable[[str, str], dict[str, Any]]
) -> None:
    formula, options = GRETL[key]
    expected = stored("ref", "gretl_dpanel_empluk")[key]
    scalars = expected["scalars"]
    column = fitted(logs, formula, options).columns[0]
    pairs = constant_before_dummies(column)
    assert len(pairs) == len(expected["coef"])
    for (estimate, se), coefficient, error in zip(pairs, expected["coef"], expected["se"], strict=True):
        assert close(estimate, coefficient)
        assert close(se, error)
    stats = column.stats
    assert (column.n, stats["instruments"]) == (scalars["T"], scalars["ninst"])
    assert close(stats["ar1_z"], scalars["AR1"])
    assert close(stats["ar2_z"], scalars["AR2"])
    if key != "sys_bb98_t4_dpdstyle_onestep":
        # There gretl scales the error variance by a rule of its own, which is in none of its other cases.
        assert close(stats["sargan_gretl"], scalars["sargan"])
    assert stats["sargan_df"] == scalars["sargan_df"]
    assert close(stats["wald"], scalars["wald"])
    if "hansen" in scalars:
        assert close(stats["hansen"], scalars["hansen"])


@pytest.mark.parametrize("key", PLM)
def test_coefficients_and_corrected_errors_are_those_of_plm(
    key: str, logs: pd.DataFrame, stored: Callable[[str, str], dict[str, Any]]
) -> None:
    formula, options = PLM[key]
    expected = stored("ref", "r_plm_pgmm_empluk")[key]
    column = fitted(logs, formula, options).columns[0]
    pairs = constant_before_dummies(column)
    assert [estimate for estimate, _ in pairs] == pytest.approx(list(expected["coef"].values()), rel=1e-7)
    robust = list(expected["se_robust_windmeijer"].values())
    assert [se for _, se in pairs][: len(robust)] == pytest.approx(robust, rel=1e-7)
    assert column.stats["instruments"] == expected["n_instruments"]
    if options.get("steps") != 1:
        assert close(column.stats["hansen"], expected["sargan_or_hansen"]["stat"])
    if not options.get("system"):
        # plm's AR tests of system GMM are not the standard ones (-4.81 for -5.46).
        assert close(column.stats["ar1_z"], expected["m1_robust"]["stat"])
        assert close(column.stats["ar2_z"], expected["m2_robust"]["stat"])


@pytest.mark.parametrize("key", STATSPAI)
def test_coefficients_and_errors_are_those_of_the_other_r_run(
    key: str, firms: pd.DataFrame, stored: Callable[[str, str], dict[str, Any]]
) -> None:
    formula, options = STATSPAI[key]
    expected = stored("ref", "r_dynpanel_statspai_fixture")[key]
    column = fitted(firms, formula, options).columns[0]
    assert [t.estimate for t in column.terms] == pytest.approx(list(expected["coef"].values()), rel=1e-7)
    assert [t.se for t in column.terms] == pytest.approx(list(expected["se"].values()), rel=1e-7)


def test_roodmans_difference_gmm_is_met_to_its_digits(
    firms: pd.DataFrame, stored: Callable[[str, str], dict[str, Any]]
) -> None:
    printed = stored("published", "published")["roodman_2009_diff_onestep_robust"]
    options = {"gmm": "L1.n:1:99", "iv": AB91_OWN, "time_dummies": True, "steps": 1}
    column = fitted(firms, AB91, options).columns[0]
    assert (column.n, column.units, column.stats["instruments"]) == (611, 140, 41)
    for name, (estimate, se) in printed["coef"].items():
        term = column.term(name.replace("L.", "L1."))
        assert term.estimate == pytest.approx(estimate, abs=0.51e-7)
        assert term.se == pytest.approx(se, abs=0.51e-7)
    stats = column.stats
    assert stats["ar1_z"] == pytest.approx(printed["ar1"], abs=0.005)
    assert stats["ar2_z"] == pytest.approx(printed["ar2"], abs=0.005)
    assert [stats["sargan"], stats["sargan_df"]] == pytest.approx(printed["sargan"], abs=0.005)
    assert [stats["hansen"], stats["hansen_df"]] == pytest.approx(printed["hansen"], abs=0.005)


def test_roodmans_system_gmm_is_met_to_its_digits(
    firms: pd.DataFrame, stored: Callable[[str, str], dict[str, Any]]
) -> None:
    printed = stored("published", "published")["roodman_2009_system_onestep_robust_small"]
    options = {**SYSTEM, "gmm": "L1.n,L1.w,L1.k:1:99", "steps": 1, "small": True}
    answer = fitted(firms, BB98, options)
    column = answer.columns[0]
    assert (column.n, column.units, column.stats["instruments"]) == (891, 140, 113)
    assert column.vcov["df"] == 139
    slopes = {name: pair for name, pair in printed["coef"].items() if not name.startswith(("yr", "_"))}
    for name, (estimate, se) in slopes.items():
        term = column.term(name.replace("L.", "L1."))
        assert term.estimate == pytest.approx(estimate, abs=0.51e-7)
        # The 2009 table used N/(N-k+1) G/(G-1); xtabond2 since, and here, has (N-1)/(N-k): 8e-6 apart.
        assert term.se == pytest.approx(se * ((890 / 878) / (891 / 879)) ** 0.5, abs=1e-7)
    # The table leaves out 1984, here the first year is the base; the differences between years are the same.
    assert -column.term("year::1984").estimate == pytest.approx(printed["coef"]["yr1977"][0], abs=0.51e-7)
    assert column.stats["ar1_z"] == pytest.approx(printed["ar1"], abs=0.005)
    assert column.stats["ar2_z"] == pytest.approx(printed["ar2"], abs=0.005)
    assert column.stats["sargan_gretl"] == pytest.approx(printed["sargan"][0], abs=0.05)
    assert column.stats["hansen"] == pytest.approx(printed["hansen"][0], abs=0.05)


def difference_rows(answer: Estimate) -> dict[str, tuple[float, int, float, int]]:
    return {
        str(row["group"]): (
            row["hansen_without"],
            row["hansen_without_df"],
            row["difference"],
            row["difference_df"],
        )
        for row in answer.curves["difference_in_hansen"]
    }  # type: ignore[misc]


def test_difference_in_hansen_of_the_system_is_the_printed_one(firms: pd.DataFrame) -> None:
    # Roodman (2009), Stata Journal 9(1), section 3.4.
    options = {**SYSTEM, "gmm": "L1.n,L1.w,L1.k:1:99", "steps": 1, "small": True}
    rows = difference_rows(fitted(firms, BB98, options))
    assert rows["gmm instruments of the level equation"] == pytest.approx((84.33, 79, 26.37, 21), abs=0.005)
    assert rows["time dummies"] == pytest.approx((107.79, 93, 2.91, 7), abs=0.005)


def test_difference_in_hansen_of_lag_groups_is_the_printed_one(logs: pd.DataFrame) -> None:
    # xtabond2 n L(1/2).n w k, gmm(n, lag(2 4)) gmm(w, lag(1 3)) iv(k) nolevel twostep robust; output in
    # the benchmark pages of pydynpd (test_1).
    rows = difference_rows(fitted(logs, DYNPD, LAGS))
    assert rows["n:2:4"] == pytest.approx((23.75, 15, 24.11, 17), abs=0.005)
    assert rows["w:1:3"] == pytest.approx((17.25, 14, 30.61, 18), abs=0.005)
    assert rows["k"] == pytest.approx((38.33, 31, 9.53, 1), abs=0.005)


def test_one_step_with_an_identity_weight_is_two_stage_least_squares_in_differences(
    firms: pd.DataFrame,
) -> None:
    # Roodman (2009), section 3.2: ivregress 2sls in differences equals h(1); its errors divide by N = 611.
    options = {"gmm": "n:2:99", "iv": AB91_OWN, "time_dummies": True, "steps": 1, "h": 1}
    column = fitted(firms, AB91, options, vcov="iid").columns[0]
    for name, estimate, se in (("L1.n", 0.2689418, 0.1447008), ("ys", 0.5976429, 0.119675)):
        assert column.term(name).estimate == pytest.approx(estimate, abs=0.51e-7)
        assert column.term(name).se == pytest.approx(se * (611 / 595) ** 0.5, abs=1e-7)


def test_homoskedastic_errors_are_those_of_the_stata_manual(
    firms: pd.DataFrame, stored: Callable[[str, str], dict[str, Any]]
) -> None:
    printed = stored("published", "published")["stata_manual_xtabond_ex1"]
    options = {"gmm": "n:2:99", "iv": AB91_OWN, "time_dummies": True, "steps": 1}
    column = fitted(firms, AB91, options, vcov="iid").columns[0]
    # gretl's `--asymptotic` is smaller by sqrt(2): it takes the variance of a difference for the error's.
    for name, se in printed["se_homoskedastic"].items():
        assert column.term(name.replace("L.", "L1.")).se == pytest.approx(se, abs=0.51e-7)
