"""Event studies and staggered adoption against fixest, did, bacondecomp, didimputation, did2s, staggered."""

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
from citypanel.estimate.did_imputation import average_weights, imputed_averages, two_stage_effects
from citypanel.estimate.did_untreated import fit_untreated
from citypanel.estimate.did_weights import twoway_weights
from citypanel.result import Record, Row
from citypanel.within import within_projection

Shared = Callable[..., Path]

# Both sides solve the same closed form; fixest's and did's files ask for 1e-9.
EXACT = {"rel": 1e-9, "abs": 1e-12}
# didimputation and did2s demean by iteration and stop at 1e-6 of a coefficient (their file: 1e-6, SE 1e-7).
ITERATED = {"rel": 1e-6, "abs": 1e-7}
ITERATED_SE = {"rel": 1e-7}


@cache
def table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path)


def reference(shared: Shared, name: str) -> dict:
    return json.loads(shared("reference", "linear_did", "ref", f"{name}.json").read_text())


def data(shared: Shared, name: str) -> pd.DataFrame:
    return table(shared("reference", "linear_did", "data", name))


def estimated(frame: pd.DataFrame, method: str, formula: str, options: dict, **keys: object) -> Record:
    return estimate_analysis(frame, [Specification(method, formula, parse_options(method, options, "test"), **keys)])


def mpdta(shared: Shared, formula: str = "lemp ~ 1", **options: object) -> Record:
    frame = data(shared, "mpdta.csv")
    given = {"cohort": "first.treat", **options}
    return estimated(frame, "did", formula, given, unit="countyreal", time="year")


def by(rows: list[Row], key: str) -> dict[object, Row]:
    return {row[key]: row for row in rows}


# --- event study ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("case", "vcov"), [("iid", "iid"), ("hetero", "hetero"), ("cl", "cluster:id")])
def test_event_study_matches_fixest_with_the_same_base(shared: Shared, case: str, vcov: str) -> None:
    frame = data(shared, "base_did.csv").assign(cohort=lambda d: np.where(d["treat"] == 1, 6, 0))
    options = {"cohort": "cohort", "leads": 5, "lags": 4}
    record = estimated(frame, "event_study", "y ~ x1 | id + period", options, unit="id", time="period", vcov=vcov)
    expected = reference(shared, "base_did_es")["vcov"][case]
    for name, coefficient in expected["coef"].items():
        term = name if name == "x1" else f"t{int(name.split('::')[1].split(':')[0]) - 6:+d}"
        found = record.columns[0].term(term)
        assert found.estimate == pytest.approx(coefficient, **EXACT)
        assert found.se == pytest.approx(expected["se"][name], **EXACT)
        assert found.p == pytest.approx(expected["p"][name], rel=1e-7, abs=1e-14)


# --- two-way effects and what they are made of ---------------------------------------------------------------


@pytest.mark.parametrize(("case", "vcov"), [("iid", "iid"), ("hetero", "hetero"), ("cl", None)])
def test_twfe_matches_fixest(shared: Shared, case: str, vcov: str | None) -> None:
    frame = data(shared, "mpdta.csv")
    options = {"cohort": "first.treat", "estimator": "twfe"}
    record = estimated(frame, "did", "lemp ~ 1", options, unit="countyreal", time="year", vcov=vcov)
    expected = reference(shared, "mpdta_twfe")["vcov"][case]
    found = record.columns[0].term("att")
    assert found.estimate == pytest.approx(expected["coef"]["D"], **EXACT)
    assert found.se == pytest.approx(expected["se"]["D"], **EXACT)


def castle(shared: Shared) -> pd.DataFrame:
    frame = data(shared, "castle_bacon.csv")[["sid", "year", "l_homicide", "post", "l_pop", "l_income"]].copy()
    frame["cohort"] = frame["year"].where(frame["post"] == 1).groupby(frame["sid"]).transform("min").fillna(0)
    return frame


def test_every_2x2_of_bacon_matches_bacondecomp(shared: Shared) -> None:
    options = {"cohort": "cohort", "estimator": "bacon"}
    record = estimated(castle(shared), "did", "l_homicide ~ 1", options, unit="sid", time="year")
    expected = reference(shared, "bacon_castle")
    found = {(row["cohort"], row["control"]): row for row in record.curves["bacon"]}
    assert len(found) == len(expected["two_by_two"])
    for row in expected["two_by_two"]:
        mine = found[row["treated"], 0 if row["untreated"] == 99999 else row["untreated"]]
        assert mine["type"] == row["type"]
        assert mine["estimate"] == pytest.approx(row["estimate"], rel=1e-10, abs=1e-13)
        assert mine["weight"] == pytest.approx(row["weight"], rel=1e-10)
    assert record.columns[0].term("att").estimate == pytest.approx(expected["beta"], rel=1e-10)


def test_bacon_with_controls_gives_the_figures_of_the_vignette(shared: Shared) -> None:
    options = {"cohort": "cohort", "estimator": "bacon"}
    record = estimated(castle(shared), "did", "l_homicide ~ l_pop + l_income", options, unit="sid", time="year")
    printed = reference(shared, "published_figures")["castle_bacon"]
    stats = record.columns[0].stats
    between = stats["weight_both_treated"] + stats["weight_treated_vs_untreated"]
    weights = [stats["weight_both_treated"] / between, stats["weight_treated_vs_untreated"] / between]
    assert record.columns[0].term("att").estimate == pytest.approx(printed["ctrl_beta"], abs=5e-5)
    assert weights == pytest.approx(printed["ctrl_weights"], abs=5e-6)
    means = [stats["mean_both_treated"], stats["mean_treated_vs_untreated"]]
    assert means == pytest.approx(printed["ctrl_avg"], abs=5e-6)


def test_weights_of_two_way_effects_match_twowayfeweights(shared: Shared) -> None:
    frame = data(shared, "wagepan.csv")
    unit, time = (pd.factorize(frame[name])[0] for name in ("nr", "year"))
    d, y = frame["union"].to_numpy(float), frame["lwage"].to_numpy()
    rest = within_projection(d, [unit, time])
    found = twoway_weights(d, rest, np.ones(d.size), float(rest @ y / (rest @ rest)), unit * 8 + time)
    expected = reference(shared, "twfew_wagepan")["out"]
    assert (found.positive, found.negative) == (expected["nr_plus"], expected["nr_minus"])
    assert found.sum_positive == pytest.approx(expected["sum_plus"], rel=1e-10)
    assert found.sum_negative == pytest.approx(expected["sum_minus"], rel=1e-9)
    assert found.fragility == pytest.approx(expected["sensibility"], rel=1e-9)
    assert found.fragility_all == pytest.approx(expected["sensibility2"], rel=1e-9)


# --- Callaway and Sant'Anna ----------------------------------------------------------------------------------

# With covariates R's logit stops at 1e-8 of the deviance, which costs 1e-7 of effects and 1e-4 of their errors.
CS = {
    "cs_mpdta_never_dr": ({}, "lemp ~ 1", 1e-9, 1e-8),
    "cs_mpdta_never_dr_x": ({}, "lemp ~ lpop", 1e-7, 1e-4),
    "cs_mpdta_never_reg_x": ({"est_method": "reg"}, "lemp ~ lpop", 1e-7, 1e-4),
    "cs_mpdta_never_universal": ({"base_period": "universal"}, "lemp ~ 1", 1e-9, 1e-8),
    "cs_mpdta_nyt_dr": ({"control_group": "notyet"}, "lemp ~ 1", 1e-9, 1e-8),
}


@pytest.mark.parametrize("case", CS)
def test_group_time_effects_match_did(shared: Shared, case: str) -> None:
    options, formula, att_tolerance, se_tolerance = CS[case]
    record = mpdta(shared, formula, estimator="callaway_santanna", **options)
    expected = reference(shared, case)
    found = {(row["cohort"], row["period"]): row for row in record.curves["group_time"]}
    assert len(found) == len(expected["attgt"])
    for cell in expected["attgt"]:
        mine = found[cell["group"], cell["time"]]
        assert mine["estimate"] == pytest.approx(cell["att"], rel=att_tolerance, abs=1e-12)
        assert (mine["se"] is None) == (cell["se"] is None)
        if cell["se"] is not None:
            assert mine["se"] == pytest.approx(cell["se"], rel=se_tolerance)
    assert record.columns[0].stats["pretrend_wald"] == pytest.approx(expected["W"][0][0], rel=max(se_tolerance, 1e-8))


@pytest.mark.parametrize("kind", ["simple", "group", "calendar", "dynamic"])
@pytest.mark.parametrize("case", CS)
def test_aggregates_match_did(shared: Shared, case: str, kind: str) -> None:
    options, formula, att_tolerance, se_tolerance = CS[case]
    record = mpdta(shared, formula, estimator="callaway_santanna", aggregate=kind, **options)
    expected = next(item for item in reference(shared, case)["agg"] if item["type"] == kind)
    found = record.columns[0].term("att")
    assert found.estimate == pytest.approx(expected["overall_att"], rel=att_tolerance)
    if kind != "group":  # R's did looks cohorts up in the wrong list there, see the next test
        assert found.se == pytest.approx(expected["overall_se"], rel=se_tolerance)
    curve = {"dynamic": ("event_study", "time"), "group": ("group", "cohort"), "calendar": ("calendar", "period")}
    if kind in curve:
        name, key = curve[kind]
        rows = by(record.curves[name], key)
        for at, att, se in zip(expected["egt"], expected["att"], expected["se"], strict=True):
            assert rows[at]["estimate"] == pytest.approx(att, rel=att_tolerance, abs=1e-12)
            assert se is None or rows[at]["se"] == pytest.approx(se, rel=se_tolerance)


def test_the_overall_error_of_the_group_aggregate_differs_from_did_by_a_known_slip(shared: Shared) -> None:
    """R's did 2.1.2 hands the cells' list of cohorts to the function that needs the cohorts themselves.

    Its first three entries are 2004, 2004, 2004 instead of 2004, 2006, 2007; with them our formula gives its
    number to all digits.
    """
    from citypanel.estimate.did_aggregate import aggregate
    from citypanel.estimate.did_group_time import group_time_effects
    from citypanel.estimate.did_panel import as_rectangle, read_staggered

    options = parse_options("did", {"cohort": "first.treat"}, "test")
    specification = Specification("did", "lemp ~ 1", options, unit="countyreal", time="year")
    effects = group_time_effects(as_rectangle(read_staggered(data(shared, "mpdta.csv"), specification)))
    right = aggregate(effects, "group")
    post = effects.period >= effects.cohort
    parts = [effects.influence[:, post & (effects.cohort == g)].mean(axis=1) for g in right.keys]
    shares = np.array([(effects.cohort_of_unit == g).mean() for g in right.keys])
    wrong = effects.cohort[: right.keys.size]
    centred = (effects.cohort_of_unit[:, None] == wrong) - shares
    total = shares.sum()
    of_shares = centred / total - np.outer(centred.sum(axis=1), shares) / total**2
    influence = np.column_stack(parts) @ (shares / total) + of_shares @ right.effects
    theirs = np.sqrt(influence @ influence) / influence.size
    expected = next(a for a in reference(shared, "cs_mpdta_never_dr")["agg"] if a["type"] == "group")
    assert theirs == pytest.approx(expected["overall_se"], rel=1e-10)
    assert right.se == pytest.approx(0.012446, abs=5e-7)  # three Python ports


# --- Sun and Abraham, imputation, two stages, efficient ------------------------------------------------------


def test_sun_abraham_matches_fixest_on_mpdta(shared: Shared) -> None:
    record = mpdta(shared, estimator="sun_abraham")
    expected = reference(shared, "sunab_mpdta")
    found = record.columns[0].term("att")
    assert found.estimate == pytest.approx(expected["att"]["coef"], **EXACT)
    assert found.se == pytest.approx(expected["att"]["se"], **EXACT)
    for name, key, rows in (
        ("event_study", "time", expected["event"]),
        ("group", "cohort", expected["cohort"]),
    ):
        mine = by(record.curves[name], key)
        for row in rows:
            at = int(row["name"].split("::")[1])
            assert mine[at]["estimate"] == pytest.approx(row["coef"], **EXACT)
            assert mine[at]["se"] == pytest.approx(row["se"], **EXACT)


def test_sun_abraham_with_a_control_and_a_cohort_beyond_the_sample_matches_fixest(shared: Shared) -> None:
    options = {"cohort": "year_treated", "estimator": "sun_abraham"}
    record = estimated(data(shared, "base_stagg.csv"), "did", "y ~ x1", options, unit="id", time="year")
    expected = reference(shared, "sunab_base_stagg")
    overall = next(row for row in expected["att"]["all"] if row["name"] == "ATT")
    found = record.columns[0].term("att")
    assert found.estimate == pytest.approx(float(overall["Estimate"]), **EXACT)
    assert found.se == pytest.approx(float(overall["Std. Error"]), **EXACT)
    mine = by(record.curves["event_study"], "time")
    for row in expected["event"]:
        if row["name"] != "x1":
            at = int(row["name"].split("::")[1])
            assert mine[at]["estimate"] == pytest.approx(row["coef"], **EXACT)
            assert mine[at]["se"] == pytest.approx(row["se"], **EXACT)
    assert any("10000" in text and "never treated" in text for text in record.warnings)


def test_imputation_matches_didimputation_on_mpdta(shared: Shared) -> None:
    record = mpdta(shared, estimator="imputation")
    static = reference(shared, "bjs_mpdta_static")["res"][0]
    found = record.columns[0].term("att")
    assert found.estimate == pytest.approx(static["estimate"], **ITERATED)
    assert found.se == pytest.approx(static["std.error"], **ITERATED_SE)
    mine = by(record.curves["event_study"], "time")
    for row in reference(shared, "bjs_mpdta_es")["res"]:
        assert mine[int(row["term"])]["estimate"] == pytest.approx(row["estimate"], **ITERATED)
        assert mine[int(row["term"])]["se"] == pytest.approx(row["std.error"], **ITERATED_SE)


def test_imputation_clustered_by_state_matches_didimputation(shared: Shared) -> None:
    options = {"cohort": "g", "estimator": "imputation"}
    frame = data(shared, "did2s_df_het.csv.gz")
    record = estimated(frame, "did", "dep_var ~ 1", options, unit="unit", time="year", vcov="cluster:state")
    expected = reference(shared, "bjs_dfhet_static")["res"][0]
    found = record.columns[0].term("att")
    assert found.estimate == pytest.approx(expected["estimate"], **ITERATED)
    assert found.se == pytest.approx(expected["std.error"], **ITERATED_SE)


def test_two_stages_match_did2s_on_mpdta(shared: Shared) -> None:
    record = mpdta(shared, estimator="gardner")
    static = reference(shared, "did2s_mpdta_static")
    found = record.columns[0].term("att")
    assert found.estimate == pytest.approx(static["coef"]["D::TRUE"], **ITERATED)
    assert found.se == pytest.approx(static["se"]["D::TRUE"], **ITERATED_SE)
    mine = by(record.curves["event_study"], "time")
    dynamic = reference(shared, "did2s_mpdta_es")
    for name, coefficient in dynamic["coef"].items():
        at = int(name.split("::")[1])
        assert mine[at]["estimate"] == pytest.approx(coefficient, **ITERATED)
        assert mine[at]["se"] == pytest.approx(dynamic["se"][name], **ITERATED_SE)


def test_two_stages_with_effects_of_states_match_the_vignette_of_did2s(shared: Shared) -> None:
    frame = data(shared, "did2s_df_het.csv.gz")
    state, year = (pd.factorize(frame[name], sort=True)[0] for name in ("state", "year"))
    treated = frame["treat"].to_numpy(dtype=bool)
    y = frame["dep_var"].to_numpy()
    model = fit_untreated(y, np.empty((y.size, 0)), state, year, untreated=~treated, weights=np.ones(y.size))
    found = two_stage_effects(model, treated[:, None].astype(float), np.zeros(1), state)
    expected = reference(shared, "did2s_dfhet_static")
    assert found.estimates[0] == pytest.approx(expected["coef"]["treat::TRUE"], **ITERATED)
    assert found.se[0] == pytest.approx(expected["se"]["treat::TRUE"], **ITERATED_SE)
    weights = average_weights(
        "simple",
        cohort=frame["g"].to_numpy(float),
        time=frame["year"].to_numpy(float),
        keep=treated,
        weights=np.ones(y.size),
        units=frame["unit"].to_numpy(),
    )
    imputed = imputed_averages(model, weights[:, None], np.zeros(1), np.zeros(y.size, dtype=int), state)
    assert imputed.estimates[0] == pytest.approx(found.estimates[0], rel=1e-10)


def test_the_efficient_estimator_matches_staggered(shared: Shared) -> None:
    record = mpdta(shared, estimator="efficient")
    expected = reference(shared, "staggered_mpdta")
    found, stats = record.columns[0].term("att"), record.columns[0].stats
    assert found.estimate == pytest.approx(expected["efficient"][0]["estimate"], rel=1e-9)
    assert found.se == pytest.approx(expected["efficient"][0]["se_neyman"], rel=1e-9)
    assert stats["att_did"] == pytest.approx(expected["cs"][0]["estimate"], rel=1e-9)
    assert stats["se_did"] == pytest.approx(expected["cs"][0]["se_neyman"], rel=1e-9)
