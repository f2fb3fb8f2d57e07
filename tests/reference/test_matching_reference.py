"""Scores against R's glm, matched effects against Matching and the kernel formula."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Specification
from citypanel.estimate.analysis import estimate_analysis
from citypanel.estimate.propensity import fit_score
from citypanel.result import ColumnResult

Shared = Callable[..., Path]

COVARIATES = ["age", "educ", "black", "hispan", "married", "nodegree", "re74", "re75"]
FORMULA = f"re78 ~ treat + {' + '.join(COVARIATES)}"
KERNELS = {"epan": "epanechnikov"}


@pytest.fixture(scope="module")
def lalonde(shared: Shared) -> pd.DataFrame:
    return pd.read_csv(shared("reference", "linear_did", "data", "lalonde_psm.csv"))


def reference(shared: Shared, name: str) -> dict:
    return json.loads(shared("reference", "linear_did", "ref", f"{name}.json").read_text())


def matched(frame: pd.DataFrame, **options: object) -> ColumnResult:
    given = parse_options("psm_did", {"treated": "treat", **options}, "test")
    return estimate_analysis(frame, [Specification("psm_did", FORMULA, given)]).columns[0]


# R's glm stops when the deviance changes by 1e-8 of itself: logit 1e-7, probit 1e-5 of a coefficient.
@pytest.mark.parametrize(("link", "tolerance", "se_tolerance"), [("logit", 1e-7, 1e-4), ("probit", 1e-5, 1e-4)])
def test_scores_match_glm(
    lalonde: pd.DataFrame, shared: Shared, link: str, tolerance: float, se_tolerance: float
) -> None:
    expected = reference(shared, "lalonde_ps")
    X = np.column_stack([np.ones(len(lalonde)), lalonde[COVARIATES]])
    fit = fit_score(lalonde["treat"].to_numpy(float), X, link)
    names = ["(Intercept)", *COVARIATES]
    assert fit.coefficients == pytest.approx([expected[link][name] for name in names], rel=tolerance)
    assert fit.se == pytest.approx([expected[f"{link}_se"][name] for name in names], rel=se_tolerance)
    if link == "logit":
        assert fit.fitted == pytest.approx(expected["ps_logit"], rel=1e-6)


@pytest.mark.parametrize("kernel", ["epan", "normal", "biweight", "uniform", "tricube"])
@pytest.mark.parametrize("bandwidth", [0.06, 0.02])
@pytest.mark.parametrize("support", [True, False])
def test_kernel_matching_is_the_formula(
    lalonde: pd.DataFrame, shared: Shared, kernel: str, bandwidth: float, support: bool
) -> None:
    case = f"{kernel} {bandwidth:g} {'common' if support else 'all'}"
    expected = reference(shared, "psm_kernel")["res"][case]
    column = matched(lalonde, kernel=KERNELS.get(kernel, kernel), bandwidth=bandwidth, support=support)
    # The reference's score stops at 1e-8, ours at rounding.
    assert column.stats["att"] == pytest.approx(expected["att"], rel=1e-8)
    assert column.stats["on_support"] == expected["n_on"]


def test_nearest_neighbour_with_ties_matches_matching(lalonde: pd.DataFrame, shared: Shared) -> None:
    expected = reference(shared, "match_nn1_ties")
    column = matched(lalonde, match="nearest", support=False)
    assert column.stats["att"] == pytest.approx(expected["est"], rel=1e-9)
    assert column.stats["att_se"] == pytest.approx(expected["se_ai"], rel=1e-9)


def test_greedy_matching_without_replacement_gives_the_known_figure_of_matchit(lalonde: pd.DataFrame) -> None:
    # 894.37 is printed in MatchIt's own vignettes for one to one matching on these data.
    column = matched(lalonde, match="nearest", replace=False, order="score", support=False)
    assert column.stats["att"] == pytest.approx(894.37, abs=0.005)
