"""Quantile regression: hand examples, bad input, what the record says."""

import numpy as np
import pandas as pd
import pytest

from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Specification
from citypanel.errors import DeclarationError, EstimationError
from citypanel.estimate.analysis import estimate_analysis
from citypanel.estimate.quantile_lp import fit_quantile
from citypanel.result import Record


def panel() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"city": np.repeat(np.arange(30), 5), "year": np.tile(np.arange(5), 30)})
    frame["x"] = rng.normal(size=len(frame))
    return frame.assign(y=frame["city"] / 10 + frame["x"] + rng.normal(size=len(frame)))


def quantile(frame: pd.DataFrame, formula: str, vcov: str | None = None, **options: object) -> Record:
    given = parse_options("quantile", options, "test")
    return estimate_analysis(frame, [Specification("quantile", formula, given, unit="city", time="year", vcov=vcov)])


def test_the_median_of_a_constant_is_the_median() -> None:
    y = np.array([1.0, 5.0, 2.0, 8.0, 3.0])
    assert fit_quantile(y, np.ones((5, 1)), 0.5).coefficients.tolist() == [3.0]
    assert fit_quantile(y, np.ones((5, 1)), 0.9).coefficients.tolist() == [8.0]


def test_one_column_per_quantile_with_its_objective() -> None:
    record = quantile(panel(), "y ~ x", quantiles="0.25,0.5")
    assert [column.column for column in record.columns] == ["0.25", "0.5"]
    assert all(column.stats["objective"] > 0 for column in record.columns)
    assert {row["term"] for row in record.curves["quantiles"]} == {"x", "Intercept"}
    assert record.columns[0].vcov["rule"].startswith("Koenker and Bassett")


@pytest.mark.parametrize("given", ["0", "1", "-0.1", "1.5"])
def test_quantiles_outside_zero_and_one_are_refused(given: str) -> None:
    with pytest.raises(DeclarationError, match="strictly between 0 and 1"):
        quantile(panel(), "y ~ x", quantiles=given)


@pytest.mark.parametrize(
    ("formula", "options", "vcov", "message"),
    [
        ("y ~ x", {"estimator": "canay"}, None, "canay needs unit effects"),
        ("y ~ x", {}, "hac:2", "takes vcov iid, hetero or cluster"),
        ("y ~ x", {}, "cluster:city+year", "takes vcov iid, hetero or cluster"),
        ("y ~ 1 | city | x ~ year", {}, None, "takes no instruments"),
    ],
)
def test_what_quantiles_cannot_do_is_said(formula: str, options: dict, vcov: str | None, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        quantile(panel(), formula, vcov, **options)


def test_canay_without_bootstrap_has_no_error_and_says_so() -> None:
    record = quantile(panel(), "y ~ x | city + year", estimator="canay")
    assert all(column.term("x").se is None for column in record.columns)
    assert any("set option bootstrap" in text for text in record.warnings)


@pytest.mark.parametrize("estimator", ["pooled", "mmqr"])
def test_collinear_regressors_are_left_out_and_named(estimator: str) -> None:
    frame = panel().assign(twice=lambda d: 2 * d["x"])
    formula = "y ~ x + twice" if estimator == "pooled" else "y ~ x + twice | city"
    record = quantile(frame, formula, estimator=estimator)
    assert any("twice is collinear" in text for text in record.warnings)
    assert "twice" not in [term.term for term in record.columns[0].terms]


def test_regressors_that_the_effects_absorb_are_refused() -> None:
    with pytest.raises(EstimationError, match="absorb them all"):
        quantile(panel(), "y ~ city | city", estimator="mmqr")


def test_a_cluster_with_one_level_is_refused() -> None:
    with pytest.raises(EstimationError, match="has one level"):
        quantile(panel().assign(one=1), "y ~ x", "cluster:one")


def test_pooled_effects_enter_as_dummies_and_many_of_them_are_told() -> None:
    record = quantile(panel(), "y ~ x | city + year", quantiles="0.5")
    assert [term.term for term in record.columns[0].terms] == ["x", "Intercept"]
    assert any("33 dummies" in text for text in record.warnings)


def test_a_perfect_fit_has_no_quantiles_around_it() -> None:
    with pytest.raises(EstimationError, match="fit the outcome perfectly"):
        quantile(panel().assign(y=lambda d: 2 * d["x"]), "y ~ x | city", estimator="mmqr")
