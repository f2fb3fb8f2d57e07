"""Instruments against fixest, AER, ivmodel and Stata's ivreg2."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Specification
from citypanel.estimate.analysis import estimate_analysis
from citypanel.result import Record

Shared = Callable[..., Path]

REGIONS = " + ".join(f"reg66{j}" for j in range(2, 10))
CARD = f"lwage ~ exper + expersq + black + smsa + south + smsa66 + {REGIONS}"
GRILICHES = (
    "lw ~ expr + tenure + rns + smsa + dyear_67 + dyear_68 + dyear_69 + dyear_70 + dyear_71 + dyear_73"
    " | s + iq ~ med + kww + age + mrt"
)
FIXEST = [
    ("card_iv", "card.csv", f"{CARD} | educ ~ nearc4", None),
    ("mroz_iv", "mroz.csv", "lwage ~ exper + expersq | educ ~ motheduc + fatheduc", "inlf == 1"),
    ("cig_fe_iv", "cigarettes_iv.csv", "lp ~ lri | state + year | lrp ~ tdiff", None),
]
VCOV = {"iid": "iid", "hetero": "hetero", "cl": "cluster:state"}


def _reference(shared: Shared, name: str) -> dict:
    return json.loads(shared("reference", "linear_did", "ref", f"{name}.json").read_text())


def _data(shared: Shared, name: str) -> pd.DataFrame:
    return pd.read_csv(shared("reference", "linear_did", "data", name))


def _record(data: pd.DataFrame, formula: str, vcov: str = "iid", where: str | None = None, **options) -> Record:
    parsed = parse_options("linear", options, "test")
    return estimate_analysis(data, [Specification("linear", formula, parsed, vcov=vcov, where=where)])


def _ours(name: str) -> str:
    return {"(Intercept)": "Intercept", "_cons": "Intercept"}.get(name, name.removeprefix("fit_"))


@pytest.mark.parametrize("vcov", ["iid", "hetero", "cl"])
@pytest.mark.parametrize("given", FIXEST, ids=[case for case, *_ in FIXEST])
def test_two_stage_least_squares_and_first_stage_equal_fixest(shared: Shared, given: tuple, vcov: str) -> None:
    case, file, formula, where = given
    reference = _reference(shared, case)
    if vcov not in reference["vcov"]:
        pytest.skip("the reference has no clustered version of this case")
    expected = reference["vcov"][vcov]
    record = _record(_data(shared, file), formula, VCOV[vcov], where)
    column = record.columns[0]
    first = {row["term"]: row for row in record.curves["first_stage"]}
    # card's experience and its square are correlated at .97 and scaled by 1,000: two routes differ at 1e-9.
    for name, value in expected["coef"].items():
        assert column.term(_ours(name)).estimate == pytest.approx(value, rel=1e-8), name
        assert column.term(_ours(name)).se == pytest.approx(expected["se"][name], rel=1e-8), name
    for name, value in expected["first"].items():
        assert first[_ours(name)]["estimate"] == pytest.approx(value, rel=1e-8), name
        assert first[_ours(name)]["se"] == pytest.approx(expected["first_se"][name], rel=1e-8), name
    fit = expected["fit"]
    assert column.stats["first_stage_f"] == pytest.approx(float(fit["ivwald1"]["stat"]), rel=1e-8)
    assert column.stats["wu_hausman_f"] == pytest.approx(fit["wh"]["stat"], rel=1e-8)
    assert column.stats["rmse_n"] == pytest.approx(reference["stats"]["rmse"], rel=1e-8)
    if isinstance(fit["sargan"], dict):
        assert column.stats["sargan"] == pytest.approx(fit["sargan"]["stat"], rel=1e-8)
    # fixest's Cragg-Donald and Kleibergen-Paap values are not compared: with one instrument its Cragg-Donald
    # (13.3133) is not the first-stage F (13.2558) as it must be; ivreg2 below is the authority.


def test_the_anderson_rubin_test_and_interval_equal_ivmodel(shared: Shared) -> None:
    reference = _reference(shared, "card_ar")
    stats = _record(_data(shared, "card.csv"), f"{CARD} | educ ~ nearc4").columns[0].stats
    assert stats["anderson_rubin_f"] == pytest.approx(reference["AR_F"], rel=1e-10)
    assert stats["anderson_rubin_p"] == pytest.approx(reference["AR_p"], rel=1e-8)
    assert [stats["anderson_rubin_df1"], stats["anderson_rubin_df2"]] == reference["AR_df"]
    # ivmodel finds the ends by search, to 1e-6; ours are roots.
    assert stats["anderson_rubin_ci"] == pytest.approx(reference["AR_ci"], rel=1e-6)
    assert stats["anderson_rubin_shape"] == "interval"


def test_two_instruments_and_their_diagnostics_equal_aer(shared: Shared) -> None:
    reference = _reference(shared, "card_ivreg_diag")
    data = _data(shared, "card.csv")
    formula = f"{CARD} | educ ~ nearc2 + nearc4"
    classical, robust = _record(data, formula).columns[0], _record(data, formula, "hetero").columns[0]
    for name, value in reference["coef"].items():
        assert classical.term(_ours(name)).estimate == pytest.approx(value, rel=1e-8)
        assert classical.term(_ours(name)).se == pytest.approx(reference["se"][name], rel=1e-8)
        assert robust.term(_ours(name)).se == pytest.approx(reference["hc1"][name], rel=1e-8)
    weak, hausman, sargan = (float(row["statistic"]) for row in reference["diag"])
    assert classical.stats["first_stage_f"] == pytest.approx(weak, rel=1e-8)
    assert classical.stats["wu_hausman_f"] == pytest.approx(hausman, rel=1e-8)
    assert classical.stats["sargan"] == pytest.approx(sargan, rel=1e-8)
    assert classical.stats["overid_p"] == pytest.approx(float(reference["diag"][2]["p-value"]), rel=1e-8)
    # A just identified model has one effective F with its robust first stage; here F of two instruments.
    assert classical.stats["effective_f"] == pytest.approx(weak, rel=1e-8)


def test_cigarette_demand_equals_the_published_example(shared: Shared) -> None:
    reference = _reference(shared, "cig_ivreg_published")
    data = _data(shared, "cigarettes_sw.csv")
    formula = "log(packs) ~ log(income/population/cpi) | log(price/cpi) ~ I((taxs-tax)/cpi) + I(tax/cpi)"
    # AER's help page takes `vcov = sandwich`: White's variance without a factor.
    column = _record(data, formula, "hetero", "year == 1995", ssc="none").columns[0]
    named = {"(Intercept)": "Intercept", "log(rp)": "log(price/cpi)", "log(ri)": "log(income/population/cpi)"}
    for theirs, ours in named.items():
        assert column.term(ours).estimate == pytest.approx(reference["coef"][theirs], rel=1e-8)
        assert column.term(ours).se == pytest.approx(reference["se"][theirs], rel=1e-8)
    statistics = [float(row["statistic"]) for row in reference["diag"]]
    found = [column.stats[name] for name in ("first_stage_f", "endogeneity_f", "sargan")]
    assert found == pytest.approx(statistics, rel=1e-8)


@pytest.mark.parametrize(("block", "vcov"), [("results_small", "iid"), ("results_small_robust", "hetero")])
def test_two_endogenous_variables_and_rank_tests_equal_ivreg2(shared: Shared, block: str, vcov: str) -> None:
    expected = _reference(shared, "stata_ivreg2_griliches")["results"][block]
    # Stata held these variables in single precision; the CSV has 5.9 where Stata had 5.9000001.
    data = _data(shared, "griliches76.csv").astype(np.float32).astype(np.float64)
    column = _record(data, GRILICHES, vcov).columns[0]
    for name, row in zip(expected["params_table_rownames"], expected["params_table"], strict=True):
        assert column.term(_ours(name)).estimate == pytest.approx(row[0], rel=1e-8)
        assert column.term(_ours(name)).se == pytest.approx(row[1], rel=1e-8)
    pairs = {
        "kp_rk_f": "widstat",
        "kp_rk_lm": "idstat",
        "kp_rk_lm_p": "idp",
        "cragg_donald_f": "cdf",
        "overid_p": "jp",
        "f": "F",
        "r2": "r2",
        "rmse": "rmse",
    }
    for ours, theirs in pairs.items():
        assert column.stats[ours] == pytest.approx(expected[theirs], rel=1e-8), ours
    assert column.stats["hansen_j" if vcov == "hetero" else "sargan"] == pytest.approx(expected["j"], rel=1e-8)
    assert column.stats["kp_rk_lm_df"] == expected["iddf"]
