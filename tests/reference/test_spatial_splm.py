"""Spatial panel models and tests against R's splm, spdep and SDPDmod on cigarette demand and public capital."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Specification
from citypanel.estimate import spatial, spatial_lm
from citypanel.estimate.spatial_compare import impacts
from citypanel.estimate.spatial_fit import Choices, fit_spatial
from citypanel.estimate.spatial_sample import spatial_sample
from citypanel.result import ColumnResult, Row

EFFECTS = {"pooling": "none", "individual": "unit", "time": "time", "twoways": "both"}
CIGAR = "logc ~ logp + logy"
PRODUC = "lgsp ~ lpcap + lpc + lemp + unemp"
# splm's optimiser stops up to 3e-7 beside the maximum (relative, in rho); ours is polished until the score is
# zero, and a separate test shows that our likelihood is never below splm's.
SPLM = 3e-7
FITS = [
    f"{model}_{effects}_{kind}"
    for model in ("lag", "error")
    for effects in ("individual", "time", "twoways")
    for kind in ("plain", "LeeYu")
    if (effects, kind) != ("twoways", "LeeYu")
]


@pytest.fixture(scope="module")
def reference(shared: Callable[..., Path]) -> Callable[[str], dict[str, Any]]:
    def read(name: str) -> dict[str, Any]:
        text = shared("reference", "spatial_gmm", "ref", f"{name}.json").read_text()
        return dict(json.loads(text))

    return read


@pytest.fixture(scope="module")
def panels(shared: Callable[..., Path]) -> dict[str, tuple[pd.DataFrame, str]]:
    folder = shared("reference", "spatial_gmm", "data")
    cigar = pd.read_csv(folder / "cigar.csv")
    cigar["logc"] = np.log(cigar["sales"])
    cigar["logp"] = np.log(cigar["price"] / cigar["cpi"])
    cigar["logy"] = np.log(cigar["ndi"] / cigar["cpi"])
    produc = pd.read_csv(folder / "produc.csv")
    for name in ("gsp", "pcap", "pc", "emp"):
        produc[f"l{name}"] = np.log(produc[name])
    return {
        "cigar": (cigar, str(folder / "usa46_w.csv")),
        "produc": (produc, str(folder / "usaww_48.csv")),
    }


def fit(
    panel: tuple[pd.DataFrame, str], formula: str, method: str = "spatial", **options: object
) -> tuple[ColumnResult, dict[str, list[Row]]]:
    data, w = panel
    chosen = parse_options(method, {"w": w, **options}, "test")
    answer = {"spatial": spatial, "spatial_lm": spatial_lm}[method].estimate(
        data, Specification(method, formula, chosen, unit="state", time="year")
    )
    return answer.columns[0], answer.curves


def same(ours: ColumnResult, splm: dict[str, Any], names: dict[str, str]) -> None:
    for theirs, name in names.items():
        term = ours.term(name)
        se = splm["se"][theirs]
        assert term.estimate == pytest.approx(splm["coef"][theirs], rel=SPLM, abs=SPLM * se)
        assert term.se == pytest.approx(se, rel=1e-7)
    assert ours.stats["sigma2"] == pytest.approx(splm["sigma2"], rel=1e-7)


@pytest.mark.parametrize("case", FITS)
@pytest.mark.parametrize(("data", "formula"), [("cigar", CIGAR), ("produc", PRODUC)])
def test_sar_and_sem_match_splm(case: str, data: str, formula: str, panels: Any, reference: Any) -> None:
    model, effects, kind = case.split("_")
    splm = reference(f"r_splm_{data}_sar_sem")["fits"][case]
    ours, curves = fit(
        panels[data],
        formula,
        model={"lag": "sar", "error": "sem"}[model],
        effects_fe=EFFECTS[effects],
        leeyu=kind == "LeeYu",
    )
    spatial_name = {"lag": {"lambda": "rho"}, "error": {"rho": "lambda"}}[model]
    same(ours, splm, {name: spatial_name.get(name, name) for name in splm["coef"]})
    if model == "lag":
        # splm leaves the constants out of the error model's value only.
        assert ours.stats["loglik"] == pytest.approx(splm["logLik"], abs=1e-7)
        for row in curves["impacts"]:
            exact = splm["effects_exact"][row["term"]][row["effect"]]
            assert row["estimate"] == pytest.approx(exact, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("case", [name for name in FITS if name.startswith("lag")])
def test_sdm_is_splms_lag_model_with_wx_formed_before_demeaning(case: str, panels: Any, reference: Any) -> None:
    _, effects, kind = case.split("_")
    splm = reference("r_splm_cigar_sdm")["fits"][case]
    ours, curves = fit(panels["cigar"], CIGAR, model="sdm", effects_fe=EFFECTS[effects], leeyu=kind == "LeeYu")
    same(
        ours,
        splm,
        {"lambda": "rho", "logp": "logp", "logy": "logy", "Wlogp": "W.logp", "Wlogy": "W.logy"},
    )
    assert ours.stats["loglik"] == pytest.approx(splm["logLik"], abs=1e-7)
    for row in curves["impacts"]:
        assert row["estimate"] == pytest.approx(splm["effects_exact"][row["term"]][row["effect"]], rel=1e-6)


@pytest.mark.parametrize("case", [name for name in FITS if name.startswith("error")])
def test_the_durbin_error_model_is_splms_error_model_with_wx(case: str, panels: Any, reference: Any) -> None:
    _, effects, kind = case.split("_")
    splm = reference("r_splm_cigar_sdm")["fits"][case]
    ours, _ = fit(panels["cigar"], CIGAR, model="sdem", effects_fe=EFFECTS[effects], leeyu=kind == "LeeYu")
    same(
        ours,
        splm,
        {"rho": "lambda", "logp": "logp", "logy": "logy", "Wlogp": "W.logp", "Wlogy": "W.logy"},
    )


@pytest.mark.parametrize("effects", ["individual", "time", "twoways"])
def test_our_maximum_is_never_below_splms(effects: str, panels: Any, reference: Any) -> None:
    for name, model in (("r_splm_cigar_sar_sem", "sar"), ("r_splm_cigar_sdm", "sdm")):
        splm = reference(name)["fits"][f"lag_{effects}_plain"]["logLik"]
        ours, _ = fit(panels["cigar"], CIGAR, model=model, effects_fe=EFFECTS[effects])
        # One part in 1e14 of the value is the rounding of the sum.
        assert float(str(ours.stats["loglik"])) >= splm - 1e-11


@pytest.mark.parametrize("effects", ["individual", "twoways"])
def test_lr_and_wald_tests_of_sdm_use_the_full_covariance(effects: str, panels: Any, reference: Any) -> None:
    splm = reference("lr_wald_from_splm")[f"cigar_{effects}"]
    full = reference("prototype_sdm_wald_effects")[f"cigar_{effects}"]
    ours, curves = fit(panels["cigar"], CIGAR, model="sdm", effects_fe=EFFECTS[effects])
    assert ours.stats["lr_vs_sar"] == pytest.approx(splm["LR_sdm_vs_sar"], rel=1e-6)
    assert ours.stats["lr_vs_sem"] == pytest.approx(splm["LR_sdm_vs_sem"], rel=1e-6)
    assert ours.stats["wald_vs_sar"] == pytest.approx(splm["Wald_sdm_vs_sar"], rel=1e-6)
    # splm fills cov(rho, b) with zeros, so its Wald test against SEM is off; the prototype has it.
    assert ours.stats["wald_vs_sem"] == pytest.approx(full["Wald_sem"], rel=1e-6)
    for row in curves["impacts"]:
        estimate, se = full["effects_delta"][{"logp": "x1", "logy": "x2"}[row["term"]]][row["effect"]]
        # The prototype's rho stops 4e-8 beside the maximum.
        assert row["estimate"] == pytest.approx(estimate, rel=1e-6)
        assert row["se"] == pytest.approx(se, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("SAR splm-style: W(My), M(WX)", {"model": "sar"}),
        ("SDM splm-style: W(My), M(WX)", {"model": "sdm"}),
        ("SAR direct ML: M(Wy), M(WX)  [=LSDV with dummies]", {"model": "sar", "twoways_lag": "dummies"}),
        ("SDM direct ML: M(Wy), M(WX)  [=LSDV with dummies]", {"model": "sdm", "twoways_lag": "dummies"}),
        ("SAR Lee-Yu transformed (both)", {"model": "sar", "leeyu": True}),
        ("SDM Lee-Yu transformed (both)", {"model": "sdm", "leeyu": True}),
    ],
)
def test_both_definitions_of_two_way_effects_and_lee_yu(name: str, options: Any, panels: Any, reference: Any) -> None:
    expected = reference("prototype_variants_cigar_twoways")[name]
    ours, _ = fit(panels["cigar"], CIGAR, **options)
    assert ours.term("rho").estimate == pytest.approx(expected["rho"], rel=1e-6)
    assert ours.stats["sigma2"] == pytest.approx(expected["s2"], rel=1e-6)
    assert ours.stats["loglik"] == pytest.approx(expected["ll"], rel=1e-9)
    slopes = [term.estimate for term in ours.terms if term.term != "rho"]
    assert slopes == pytest.approx(expected["beta"], rel=1e-6)


def test_observed_information_matches_splms_numerical_hessian_in_rho(panels: Any, reference: Any) -> None:
    # Slopes are left out: splm holds rho fixed for their part.
    hessian = reference("r_splm_cigar_numhess")
    for case, model, theirs, name in (
        ("cigar_lag_twoways_Hess", "sar", "lambda", "rho"),
        ("cigar_error_twoways_Hess", "sem", "rho", "lambda"),
    ):
        ours, _ = fit(panels["cigar"], CIGAR, model=model, information="observed")
        assert ours.term(name).se == pytest.approx(hessian[case]["se"][theirs], rel=1e-3)


@pytest.mark.parametrize("effects", ["individual", "twoways"])
def test_simulated_effects_match_splms_five_thousand_draws(effects: str, panels: Any, reference: Any) -> None:
    splm = reference("r_splm_impacts_sar")[f"cigar_sar_{effects}"]
    data, w = panels["cigar"]
    specification = Specification("spatial", CIGAR, parse_options("spatial", {"w": w}, "test"), "state", "year")
    sample = spatial_sample(data, specification, w=w, w_ids=None, row_standardise=True)
    design = sample.design
    ours = fit_spatial(design.y, design.X, design.names, sample.layout, Choices("sar", effects_fe=EFFECTS[effects]))
    # splm draws without the covariance of rho and b: given the same, the simulation must be the same.
    apart = ours.covariance.copy()
    apart[:2, 2] = apart[2, :2] = 0.0
    for effect in impacts(replace(ours, covariance=apart), 100_000, 1):
        place = {"logp": 0, "logy": 1}[effect.term]
        assert effect.estimate == pytest.approx(splm[effect.effect][place], rel=1e-6, abs=1e-9)
        # 5,000 draws leave a standard deviation with a sampling error of 1%.
        assert effect.mc_sd == pytest.approx(splm[f"se_{effect.effect}"][effect.term], rel=0.03)
        error = splm[f"se_{effect.effect}"][effect.term] / np.sqrt(5000)
        assert effect.mc_mean == pytest.approx(splm[f"mean_{effect.effect}"][effect.term], abs=3 * error)


@pytest.mark.parametrize("data", ["cigar", "produc"])
@pytest.mark.parametrize("effects", list(EFFECTS))
def test_four_lm_tests_match_splm(data: str, effects: str, panels: Any, reference: Any) -> None:
    splm = reference("r_splm_slmtest")[f"{data}_{effects}"]
    formula = {"cigar": CIGAR, "produc": PRODUC}[data]
    ours, _ = fit(panels[data], formula, "spatial_lm", effects_fe=EFFECTS[effects])
    for name, theirs in (("lm_lag", "lml"), ("lm_error", "lme"), ("rlm_lag", "rlml"), ("rlm_error", "rlme")):
        assert ours.stats[name] == pytest.approx(splm[theirs]["stat"], rel=1e-9)
        assert ours.stats[f"{name}_p"] == pytest.approx(splm[theirs]["p"], rel=1e-7, abs=1e-14)
    for name, value in splm["coef"].items():
        term = "Intercept" if name == "(Intercept)" else name
        assert ours.term(term).estimate == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize("data", ["cigar", "produc"])
def test_lm_tests_after_dummies_match_spdeps_stacked_weights(data: str, panels: Any, reference: Any) -> None:
    formula = {"cigar": CIGAR, "produc": PRODUC}[data]
    for case, options in ((data, {}), (f"{data}_lsdv_twoways", {"effects_fe": "both", "twoways_lag": "dummies"})):
        spdep = reference("r_spdep_lmtests_stacked")[case]
        ours, _ = fit(panels[data], formula, "spatial_lm", **options)
        for name, theirs in (
            ("lm_lag", "LMlag"),
            ("lm_error", "LMerr"),
            ("rlm_lag", "RLMlag"),
            ("rlm_error", "RLMerr"),
        ):
            # spdep inverts X'X with 64 dummies in it; a QR of the same stacked columns gives 69.2586028 for
            # its 69.2586507, and so do we.
            rel = 2e-6 if case == "produc_lsdv_twoways" else 1e-7
            assert ours.stats[name] == pytest.approx(spdep[theirs]["stat"], rel=rel)


@pytest.mark.parametrize("model", ["sar", "sdm"])
@pytest.mark.parametrize("effects", ["individual", "time", "twoways"])
@pytest.mark.parametrize("leeyu", ["plain", "LY"])
def test_sdpdmod_agrees_to_its_approximate_determinant(
    model: str, effects: str, leeyu: str, panels: Any, reference: Any
) -> None:
    theirs = reference("r_sdpdmod_cigar_ldetfull")[f"{model}_{effects}_{leeyu}"]
    # SDPDmod corrects sigma2 alone for time effects, as our default does.
    lag = {"twoways_lag": "dummies"} if (effects, leeyu) != ("time", "LY") else {}
    ours, _ = fit(panels["cigar"], CIGAR, model=model, effects_fe=EFFECTS[effects], leeyu=leeyu == "LY", **lag)
    assert ours.term("rho").estimate == pytest.approx(theirs["rho"], abs=1e-2)
    assert ours.stats["sigma2"] == pytest.approx(theirs["sige"], rel=1e-2)
    assert ours.stats["r2"] == pytest.approx(theirs["rsqr"], rel=1e-2)


def test_elhorsts_printed_lm_tests_come_out_to_their_digits(panels: Any, shared: Callable[..., Path]) -> None:
    text = shared("reference", "spatial_gmm", "published", "published.json").read_text()
    printed = json.loads(text)["elhorst_2014_irsr_table1_lm"]
    for column, effects in (("pooled", "none"), ("spatial_fe", "unit"), ("time_fe", "time"), ("twoway", "both")):
        ours, _ = fit(panels["cigar"], CIGAR, "spatial_lm", effects_fe=effects)
        for name, theirs in (
            ("lm_lag", "lm_lag"),
            ("lm_error", "lm_err"),
            ("rlm_lag", "rlm_lag"),
            ("rlm_error", "rlm_err"),
        ):
            # 255.714999 is printed as 255.72: rounded twice.
            assert ours.stats[name] == pytest.approx(printed[column][theirs], abs=0.00501)


def test_elhorsts_printed_sdm_is_near(panels: Any, shared: Callable[..., Path]) -> None:
    text = shared("reference", "spatial_gmm", "published", "published.json").read_text()
    printed = json.loads(text)["elhorst_2014_irsr_table2_sdm"]["plain"]
    ours, curves = fit(panels["cigar"], CIGAR, model="sdm", twoways_lag="dummies")
    for name, theirs in (("rho", "rho"), ("logp", "logp"), ("logy", "logy"), ("W.logp", "Wlogp"), ("W.logy", "Wlogy")):
        # The printed run approximated the log-determinant.
        assert ours.term(name).estimate == pytest.approx(printed[theirs], abs=0.012)
    for row in curves["impacts"]:
        key = f"{row['effect']}_{ {'logp': 'price', 'logy': 'income'}[row['term']] }"
        assert row["estimate"] == pytest.approx(printed[key], abs=0.012)
