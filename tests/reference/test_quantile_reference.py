"""Quantile regression against R's quantreg, Canay's two steps against plm and quantreg."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Specification
from citypanel.estimate.analysis import estimate_analysis
from citypanel.estimate.quantile_lp import check_loss
from citypanel.result import Record

Shared = Callable[..., Path]


def data(shared: Shared, name: str) -> pd.DataFrame:
    return pd.read_csv(shared("reference", "linear_did", "data", name))


def reference(shared: Shared, name: str) -> dict:
    return json.loads(shared("reference", "linear_did", "ref", f"{name}.json").read_text())["tau"]


def estimated(frame: pd.DataFrame, formula: str, options: dict, **keys: object) -> Record:
    given = parse_options("quantile", options, "test")
    return estimate_analysis(frame, [Specification("quantile", formula, given, **keys)])


# Vertices of one linear programme, and the three rules of `summary.rq` from the same residuals: rounding only.
@pytest.mark.parametrize(("vcov", "rule"), [("iid", "iid"), ("hetero", "nid")])
def test_pooled_quantiles_and_their_errors_match_quantreg(shared: Shared, vcov: str, rule: str) -> None:
    frame = data(shared, "engel.csv")
    record = estimated(frame, "foodexp ~ income", {}, vcov=vcov)
    X = np.column_stack([np.ones(len(frame)), frame["income"]])
    for tau, expected in reference(shared, "engel_rq").items():
        column = next(item for item in record.columns if item.column == tau)
        b = np.array(list(expected["coef"].values()))
        for name, ours in (("(Intercept)", "Intercept"), ("income", "income")):
            assert column.term(ours).estimate == pytest.approx(expected["coef"][name], rel=1e-6)
            assert column.term(ours).se == pytest.approx(expected[rule][name], rel=1e-9)
        loss = check_loss(frame["foodexp"].to_numpy() - X @ b, float(tau))
        assert column.stats["objective"] == pytest.approx(loss, rel=1e-10)


def test_canay_matches_its_two_steps_in_r(shared: Shared) -> None:
    formula = "lwage ~ exper + expersq + married + union | nr"
    record = estimated(data(shared, "wagepan.csv"), formula, {"estimator": "canay"}, unit="nr", time="year")
    for tau, expected in reference(shared, "wagepan_canay").items():
        column = next(item for item in record.columns if item.column == tau)
        for name, coefficient in expected.items():
            ours = "Intercept" if name == "(Intercept)" else name
            assert column.term(ours).estimate == pytest.approx(coefficient, rel=1e-5)
