"""Matching: neighbours by hand, balance by hand, bad input."""

import numpy as np
import pandas as pd
import pytest

from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Specification
from citypanel.errors import DeclarationError, EstimationError, InputError
from citypanel.estimate.analysis import estimate_analysis
from citypanel.estimate.balance import balance_table
from citypanel.estimate.neighbours import MatchRule, effect_on_treated, find_matches
from citypanel.result import Record

SCORE = np.array([0.30, 0.50, 0.31, 0.33, 0.49, 0.51, 0.90])
TREATED = np.array([True, True, False, False, False, False, False])


def weights(**rule: object) -> list[float]:
    return find_matches(SCORE, TREATED, MatchRule(support=False, **rule)).weights(SCORE.size).round(12).tolist()


def test_the_nearest_neighbour_with_ties_shares_and_without_takes_the_first() -> None:
    assert weights(match="nearest") == [1, 1, 1, 0, 0.5, 0.5, 0]
    assert weights(match="nearest", ties=False) == [1, 1, 1, 0, 1, 0, 0]
    assert weights(match="nearest", neighbours=2) == [1, 1, 0.5, 0.5, 0.5, 0.5, 0]


def test_ties_are_as_wide_as_the_tolerance_says() -> None:
    assert weights(match="nearest", tie_tolerance=0.1) == [1, 1, 0.5, 0.5, 0.5, 0.5, 0]


def test_a_caliper_and_a_radius_are_distances_of_scores() -> None:
    assert weights(match="nearest", caliper=0.0101) == [1, 1, 1, 0, 0.5, 0.5, 0]
    assert weights(match="radius", caliper=0.035) == [1, 1, 0.5, 0.5, 0.5, 0.5, 0]
    found = find_matches(SCORE, TREATED, MatchRule("nearest", caliper=0.0101, support=True))
    assert (found.off_support, found.unmatched) == (1, 0)
    with pytest.raises(EstimationError, match="no treated row has a control within caliper=0.001"):
        find_matches(SCORE, TREATED, MatchRule("nearest", caliper=0.001, support=False))


def test_without_replacement_a_control_serves_once_and_the_order_decides() -> None:
    score = np.array([0.40, 0.50, 0.45, 0.60])
    treated = np.array([True, True, False, False])
    by_data = find_matches(score, treated, MatchRule("nearest", replace=False, support=False))
    by_score = find_matches(score, treated, MatchRule("nearest", replace=False, order="score", support=False))
    assert by_data.shares.toarray().tolist() == [[1, 0], [0, 1]]
    assert by_score.shares.toarray().tolist() == [[0, 1], [1, 0]]


def test_kernel_weights_by_hand() -> None:
    # Epanechnikov at distances .01 and .03 with bandwidth .05: 1 - .04 and 1 - .36.
    found = find_matches(SCORE, TREATED, MatchRule(bandwidth=0.05, support=False)).shares.toarray()
    assert found[0] == pytest.approx([0.96 / 1.6, 0.64 / 1.6, 0, 0, 0])


def test_an_empty_support_is_an_error() -> None:
    with pytest.raises(EstimationError, match="common support is empty"):
        find_matches(np.array([0.9, 0.1, 0.2]), np.array([True, False, False]), MatchRule())


def test_the_effect_on_the_treated_by_hand() -> None:
    # Both treated rows take the one near control: effects 2 and 4, mean 3; half the mean squared distance of a
    # pair from it is .5; the control counts twice, 2^2 - (1 + 1) = 2. Variance (1 + 1 + .5 * 2) / 2^2.
    score, treated = np.array([0.4, 0.41, 0.405, 0.9]), np.array([True, True, False, False])
    rule = MatchRule("nearest", support=False)
    found = effect_on_treated(np.array([3.0, 5.0, 1.0, 9.0]), find_matches(score, treated, rule), rule)
    assert (found.att, found.se) == (3.0, pytest.approx(np.sqrt(0.75)))


def test_balance_by_hand() -> None:
    x = np.array([[1.0], [3.0], [2.0], [4.0], [9.0]])
    treated = np.array([True, True, False, False, False])
    before, after = balance_table(x, ("x",), treated, np.array([1.0, 1.0, 1.5, 0.5, 0.0]))
    assert (before["mean_treated"], before["mean_control"]) == (2.0, 5.0)
    assert before["bias"] == pytest.approx(100 * -3 / np.sqrt((2 + 13) / 2))
    assert (after["mean_treated"], after["mean_control"]) == (2.0, 2.5)
    assert after["bias"] == pytest.approx(100 * -0.5 / np.sqrt((2 + 13) / 2))


def panel(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"city": np.repeat(np.arange(60), 6), "year": np.tile(2000 + np.arange(6), 60)})
    frame["treated"] = (frame["city"] < 20).astype(int)
    frame["did"] = frame["treated"] * (frame["year"] >= 2003)
    frame["x"] = rng.normal(size=len(frame)) + 0.7 * frame["treated"]
    frame["z"] = rng.normal(size=len(frame))
    return frame.assign(y=frame["did"] + frame["x"] + rng.normal(size=len(frame)))


def matched(frame: pd.DataFrame, formula: str = "y ~ did + x + z | city + year", **options: object) -> Record:
    keys = {"unit": "city", "time": "year", "vcov": "cluster:city"}
    for name in ("unit", "time", "weights", "where"):
        if name in options:
            keys[name] = options.pop(name)
    given = parse_options("psm_did", {"treated": "treated", **options}, "test")
    return estimate_analysis(frame, [Specification("psm_did", formula, given, **keys)])


def test_the_second_stage_is_the_regression_weighted_by_the_scores_curve() -> None:
    frame = panel()
    record = matched(frame)
    weight = pd.DataFrame(record.curves["scores"]).set_index(["city", "year"])["weight"]
    weighted = frame.set_index(["city", "year"]).assign(w=weight).reset_index()
    keys = {"unit": "city", "time": "year", "vcov": "cluster:city", "weights": "w"}
    options = parse_options("linear", {}, "test")
    alone = estimate_analysis(weighted, [Specification("linear", record.formula, options, **keys)])
    assert record.columns[0].terms == alone.columns[0].terms
    stats = record.columns[0].stats
    assert stats["matched_rows"] == int((weight > 0).sum()) == record.columns[0].n


def test_matching_improves_balance_and_reports_covariates_without_the_treatment() -> None:
    rows = matched(panel()).curves["balance"]
    assert [row["variable"] for row in rows] == ["x", "x", "z", "z"]
    assert abs(rows[1]["bias"]) < abs(rows[0]["bias"]) / 3


def test_years_are_matched_alone_or_in_one_pool() -> None:
    by_year = pd.DataFrame(matched(panel()).curves["scores"])
    pooled = pd.DataFrame(matched(panel(), by_year=False).curves["scores"])
    assert not np.allclose(by_year["score"], pooled["score"])
    one = panel()[lambda d: d["year"] == 2001]
    alone = pd.DataFrame(matched(one, "y ~ treated + x + z", by_year=False).curves["scores"])
    assert by_year[by_year["year"] == 2001]["score"].to_numpy() == pytest.approx(alone["score"].to_numpy(), rel=1e-9)


def test_a_lag_in_the_formula_reads_rows_that_are_not_matched() -> None:
    frame = panel()
    assert matched(frame, "y ~ did + L1.x | city + year", covariates="x,z").columns[0].n > 200


def test_a_covariate_that_decides_treatment_is_an_error_that_names_the_period() -> None:
    frame = panel().assign(z=lambda d: d["treated"] + 0.1 * np.sin(d.index))
    with pytest.raises(EstimationError, match=r"period 2000: .*separation"):
        matched(frame)


def test_a_period_without_treated_rows_is_told_and_no_treated_row_is_refused() -> None:
    frame = panel()
    some = frame[(frame["year"] > 2000) | (frame["treated"] == 0)]
    assert any("period 2000 has no treated row" in text for text in matched(some).warnings)
    with pytest.raises(EstimationError, match="there is no treated row"):
        matched(frame.assign(treated=0), "y ~ x | city + year")


def test_a_constant_covariate_is_left_out_of_the_score_and_named() -> None:
    record = matched(panel().assign(z=1.0), by_year=False)
    assert any("z is collinear in the score" in text for text in record.warnings)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"match": "radius"}, DeclarationError, "radius needs a caliper"),
        ({"weights": "z"}, DeclarationError, "leave weights out"),
        ({"treated": "x"}, InputError, "'x' must hold 0 and 1 only"),
        ({"covariates": "nothere"}, DeclarationError, "'nothere' is not in the data"),
    ],
)
def test_what_matching_cannot_do_is_said(options: dict, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        matched(panel(), **options)


def test_a_formula_with_the_treatment_only_needs_covariates() -> None:
    with pytest.raises(DeclarationError, match="set option covariates"):
        matched(panel(), "y ~ did | city + year")


def test_missing_covariates_cost_rows_and_are_counted() -> None:
    frame = panel().assign(w=lambda d: d["z"].where(d.index > 10))
    record = matched(frame, "y ~ did + x | city + year", covariates="x,w")
    assert any("11 rows left out: a covariate of the score is missing" in text for text in record.warnings)
