"""Staggered adoption on random panels: identities, invariances, brute force."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Specification
from citypanel.estimate.analysis import estimate_analysis
from citypanel.result import Record

FEW = settings(max_examples=10, deadline=None)
seeds = st.integers(0, 2**32 - 1)


def staggered(seed: int, units: int = 24, periods: int = 7) -> pd.DataFrame:
    """Return a balanced panel with cohorts 3 and 5, never treated units, and a control."""
    rng = np.random.default_rng(seed)
    cohort = rng.permutation(np.resize([0, 0, 2003, 2005], units))
    frame = pd.DataFrame(
        {"city": np.repeat(np.arange(units), periods), "year": np.tile(2000 + np.arange(periods), units)}
    )
    frame["cohort"] = cohort[frame["city"]]
    frame["x"] = rng.normal(size=len(frame))
    frame["size"] = rng.normal(size=units)[frame["city"]]
    effect = np.where((frame["cohort"] > 0) & (frame["year"] >= frame["cohort"]), 1.0 + frame["year"] - 2003, 0)
    frame["y"] = rng.normal(size=units)[frame["city"]] + 0.3 * frame["year"] + effect + 0.5 * frame["x"]
    frame["y"] += rng.normal(size=len(frame))
    return frame


def did(frame: pd.DataFrame, estimator: str, formula: str = "y ~ 1", **options: object) -> Record:
    given = parse_options("did", {"cohort": "cohort", "estimator": estimator, **options}, "test")
    return estimate_analysis(frame, [Specification("did", formula, given, unit="city", time="year")])


def att(record: Record) -> tuple[float, float]:
    term = record.columns[0].term("att")
    return term.estimate, term.se


def dummies(frame: pd.DataFrame) -> np.ndarray:
    return pd.get_dummies(frame[["city", "year"]].astype(str), drop_first=True, dtype=float).assign(one=1.0).to_numpy()


ESTIMATORS = ["twfe", "callaway_santanna", "sun_abraham", "imputation", "gardner", "efficient"]


@pytest.mark.parametrize("estimator", [*ESTIMATORS, "bacon"])
@FEW
@given(seed=seeds)
def test_unit_and_period_levels_units_of_measure_and_row_order_do_not_matter(estimator: str, seed: int) -> None:
    frame = staggered(seed)
    b, se = att(did(frame, estimator))
    rng = np.random.default_rng(seed)
    level, trend = rng.normal(size=24)[frame["city"]], rng.normal(size=7)[frame["year"] - 2000]
    if estimator == "efficient":
        level = 0 * level  # it uses levels before treatment, which random timing makes comparable
    changed = frame.assign(y=1000 * (frame["y"] + 3 * level + 2 * trend)).sample(frac=1, random_state=seed % 1000)
    changed["city"] = "c" + (changed["city"] + 100).astype(str)
    b2, se2 = att(did(changed, estimator))
    assert (b2 / 1000, se2 / 1000) == pytest.approx((b, se), rel=1e-7, abs=1e-10)


@FEW
@given(seed=seeds, controls=st.booleans())
def test_bacon_weights_sum_to_one_and_their_mean_is_the_two_way_coefficient(seed: int, controls: bool) -> None:
    record = did(staggered(seed), "bacon", "y ~ x" if controls else "y ~ 1")
    rows = record.curves["bacon"]
    assert sum(row["weight"] for row in rows) == pytest.approx(1, rel=1e-10)
    assert sum(row["weight"] * row["estimate"] for row in rows) == pytest.approx(att(record)[0], rel=1e-9)


@FEW
@given(seed=seeds)
def test_group_time_effects_without_covariates_are_differences_of_four_means(seed: int) -> None:
    frame = staggered(seed)
    means = frame.groupby(["cohort", "year"])["y"].mean()
    for row in did(frame, "callaway_santanna", base_period="universal").curves["group_time"]:
        g, t = row["cohort"], row["period"]
        expected = (means[g, t] - means[g, g - 1]) - (means[0, t] - means[0, g - 1])
        assert row["estimate"] == pytest.approx(expected, abs=1e-10)


@FEW
@given(seed=seeds)
def test_sun_abraham_and_callaway_santanna_share_their_cells_without_covariates(seed: int) -> None:
    frame = staggered(seed)
    ours = did(frame, "sun_abraham").curves["group_time"]
    theirs = did(frame, "callaway_santanna", base_period="universal").curves["group_time"]
    expected = {(row["cohort"], row["period"]): row["estimate"] for row in theirs}
    for row in ours:
        assert row["estimate"] == pytest.approx(expected[row["cohort"], row["period"]], abs=1e-9)


@FEW
@given(seed=seeds, kind=st.sampled_from(["dr", "ipw", "reg"]))
def test_the_three_estimators_of_a_comparison_agree_when_covariates_do_not_matter(seed: int, kind: str) -> None:
    """A covariate that is balanced exactly between cohorts moves none of them."""
    frame = staggered(seed)
    half = frame.groupby("cohort")["city"].transform(lambda city: pd.factorize(city)[0] % 2)
    record = did(frame.assign(z=half), "callaway_santanna", "y ~ z", est_method=kind)
    assert att(record)[0] == pytest.approx(att(did(frame, "callaway_santanna"))[0], abs=1e-8)


@FEW
@given(seed=seeds, share=st.floats(0.0, 0.15))
def test_imputation_is_the_prediction_of_explicit_dummies_on_unbalanced_panels(seed: int, share: float) -> None:
    frame = staggered(seed)
    frame = frame[np.random.default_rng(seed).random(len(frame)) >= share].reset_index(drop=True)
    treated = ((frame["cohort"] > 0) & (frame["year"] >= frame["cohort"])).to_numpy()
    Z = np.column_stack([dummies(frame), frame["x"]])
    if np.linalg.matrix_rank(Z[~treated]) < Z.shape[1]:
        return  # some row cannot be predicted; its own test covers that
    b = np.linalg.lstsq(Z[~treated], frame["y"].to_numpy()[~treated], rcond=None)[0]
    expected = float((frame["y"].to_numpy() - Z @ b)[treated].mean())
    for estimator in ("imputation", "gardner"):
        assert att(did(frame, estimator, "y ~ x"))[0] == pytest.approx(expected, rel=1e-8)


@FEW
@given(seed=seeds)
def test_two_stage_errors_are_the_sandwich_of_both_stages(seed: int) -> None:
    frame = staggered(seed)
    treated = ((frame["cohort"] > 0) & (frame["year"] >= frame["cohort"])).to_numpy()
    Z, y = dummies(frame), frame["y"].to_numpy()
    Z0 = np.where(treated[:, None], 0.0, Z)
    inverse = np.linalg.inv(Z0.T @ Z0)
    first = y - Z @ (inverse @ (Z0.T @ y))
    d = treated.astype(float)
    b = d @ first / (d @ d)
    scores = d * (first - d * b) - (d @ Z @ inverse @ (Z0 * first[:, None]).T)
    sums = np.bincount(frame["city"], scores)
    assert att(did(frame, "gardner"))[1] == pytest.approx(float(np.sqrt(sums @ sums) / (d @ d)), rel=1e-8)


@pytest.mark.parametrize("estimator", ["callaway_santanna", "sun_abraham", "imputation", "gardner"])
def test_the_truth_lies_within_the_intervals_about_as_often_as_stated(estimator: str) -> None:
    hits = []
    for seed in range(40):
        frame = staggered(seed, units=60)
        on = (frame["cohort"] > 0) & (frame["year"] >= frame["cohort"])
        truth = float((1.0 + frame["year"] - 2003)[on].mean())
        b, se = att(did(frame, estimator))
        hits.append(abs(b - truth) <= 1.96 * se)
    # 40 draws: a 95 % interval is hit fewer than 33 times with probability below 1e-3.
    assert sum(hits) >= 33


@FEW
@given(seed=seeds)
def test_replicating_units_is_weighting_them(seed: int) -> None:
    frame = staggered(seed)
    weight = np.random.default_rng(seed).integers(1, 4, 24)[frame["city"]]
    copies = frame.loc[frame.index.repeat(weight)].copy()
    copies["city"] = copies["city"] * 10 + copies.groupby(["city", "year"]).cumcount()
    options = parse_options("did", {"cohort": "cohort", "estimator": "callaway_santanna"}, "test")
    weighted = Specification("did", "y ~ size", options, unit="city", time="year", weights="weight")
    found = estimate_analysis(frame.assign(weight=weight), [weighted])
    assert att(found)[0] == pytest.approx(att(did(copies, "callaway_santanna", "y ~ size"))[0], rel=1e-7)
    for estimator in ("imputation", "gardner", "sun_abraham", "twfe"):
        options = parse_options("did", {"cohort": "cohort", "estimator": estimator}, "test")
        weighted = Specification("did", "y ~ x", options, unit="city", time="year", weights="weight")
        found = estimate_analysis(frame.assign(weight=weight), [weighted])
        assert att(found)[0] == pytest.approx(att(did(copies, estimator, "y ~ x"))[0], rel=1e-8)
