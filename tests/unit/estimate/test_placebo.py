"""Placebo and mediation: bad input, and treatments that are not plain."""

import numpy as np
import pandas as pd
import pytest

from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Specification
from citypanel.errors import DeclarationError, EstimationError
from citypanel.estimate.analysis import estimate_analysis
from citypanel.estimate.mediation import fieller
from citypanel.estimate.placebo import random_treatments, read_paths
from citypanel.result import Record


def panel() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"city": np.repeat(np.arange(12), 6), "year": np.tile(np.arange(6), 12)})
    start = np.array([9, 9, 9, 9, 2, 2, 2, 4, 4, 4, 4, 4])[frame["city"]]
    frame["did"] = (frame["year"] >= start).astype(float)
    frame["x"], frame["m"] = rng.normal(size=(2, len(frame)))
    return frame.assign(y=rng.normal(size=len(frame)) + frame["did"] + frame["x"], dose=frame["did"] * frame["year"])


def run(frame: pd.DataFrame, method: str, formula: str, options: dict, **more: object) -> Record:
    keys = {"unit": "city", "time": "year", **more}
    return estimate_analysis(frame, [Specification(method, formula, parse_options(method, options, "test"), **keys)])


@pytest.mark.parametrize(
    ("formula", "treatment", "more", "message"),
    [
        ("y ~ x | city + year", "did", {}, "option treatment is 'did', which must stand alone"),
        ("y ~ did + did:x | city + year", "did", {}, "'did:x' is made of the treatment"),
        ("y ~ did | city + year | x ~ m", "did", {}, "no instruments"),
        ("y ~ did | city + year", "did", {"vcov": "dk:2"}, "takes vcov iid, hetero or cluster"),
        ("y ~ did | city + year", "did", {"unit": None}, "needs the panel's unit and time"),
    ],
)
def test_what_placebo_cannot_do_is_said(formula: str, treatment: str, more: dict, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        run(panel(), "placebo", formula, {"treatment": treatment}, **more)


def test_a_treatment_that_does_not_vary_or_is_absorbed_is_refused() -> None:
    with pytest.raises(EstimationError, match="absorbed by the effects"):
        run(panel().assign(did=0.0), "placebo", "y ~ did | city + year", {"treatment": "did"})
    with pytest.raises(EstimationError, match="absorbed by the effects"):
        run(panel().assign(did=lambda d: d["city"] > 5), "placebo", "y ~ did + x | city + year", {"treatment": "did"})


def test_a_treatment_with_degrees_moves_as_whole_paths_on_a_balanced_panel_only() -> None:
    frame = panel()
    record = run(frame, "placebo", "y ~ dose + x | city + year", {"treatment": "dose", "draws": 9})
    assert len(record.curves["draws"]) == 9
    paths = read_paths(frame["dose"].to_numpy(), frame["city"].to_numpy(), frame["year"].to_numpy())
    drawn = next(random_treatments(paths, 1, np.random.default_rng(0), keep_cohorts=True))[:, 0].reshape(12, 6)
    own = frame["dose"].to_numpy().reshape(12, 6)
    assert sorted(map(tuple, drawn)) == sorted(map(tuple, own))
    with pytest.raises(EstimationError, match="panel has gaps"):
        run(frame.drop(index=3), "placebo", "y ~ dose + x | city + year", {"treatment": "dose", "draws": 9})
    with pytest.raises(EstimationError, match="stays once it has begun"):
        run(frame, "placebo", "y ~ dose + x | city + year", {"treatment": "dose", "keep_cohorts": False})


def test_without_cohorts_as_many_units_are_treated_from_random_starts() -> None:
    frame = panel()
    paths = read_paths(frame["did"].to_numpy(), frame["city"].to_numpy(), frame["year"].to_numpy())
    drawn = next(random_treatments(paths, 50, np.random.default_rng(0), keep_cohorts=False))
    units = drawn.reshape(12, 6, 50)
    assert (units.max(axis=1).sum(axis=0) == 8).all()
    starts = {int(unit.argmax()) for draw in units.transpose(2, 0, 1) for unit in draw if unit.any()}
    assert starts == {2, 4}


def test_the_seed_decides_the_draws() -> None:
    args = (panel(), "placebo", "y ~ did + x | city + year", {"treatment": "did", "draws": 9})
    first, same, other = run(*args, seed=1), run(*args, seed=1), run(*args, seed=2)
    assert first.to_json() == same.to_json()
    assert first.curves != other.curves


@pytest.mark.parametrize(
    ("formula", "options", "message"),
    [
        ("y ~ x | city", {"treatment": "did", "mediator": "m"}, "'did', which is not a regressor"),
        ("y ~ did + m | city", {"treatment": "did", "mediator": "m"}, "'m' is a regressor already"),
        ("y ~ did | city | x ~ m", {"treatment": "did", "mediator": "m"}, "no instruments"),
    ],
)
def test_what_mediation_cannot_do_is_said(formula: str, options: dict, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        run(panel(), "mediation", formula, options)


def test_a_mediator_that_is_the_treatment_is_refused_and_gaps_are_counted() -> None:
    options = {"treatment": "did", "mediator": "m"}
    with pytest.raises(EstimationError, match="'m' is absorbed by the effects or collinear"):
        run(panel().assign(m=lambda d: 2 * d["did"]), "mediation", "y ~ did + x | city + year", options)
    frame = panel()
    frame.loc[:3, "m"] = np.nan
    record = run(frame, "mediation", "y ~ did + x | city + year", options)
    assert any(text == "4 rows left out: m is missing" for text in record.warnings)
    found = [(column.column, column.outcome, column.n) for column in record.columns]
    assert found == [("total", "y", 68), ("mediator", "m", 68), ("direct", "y", 68)]
    assert "sequential ignorability" in record.columns[2].stats["limits"]


def test_the_bootstrap_of_mediation_is_near_its_analytic_error() -> None:
    frame = pd.concat([panel().assign(city=lambda d, k=k: d["city"] + 12 * k) for k in range(5)], ignore_index=True)
    rng = np.random.default_rng(5)
    frame["m"] = 0.5 * frame["did"] + rng.normal(size=len(frame))
    frame["y"] = frame["did"] + 0.5 * frame["m"] + rng.normal(size=len(frame))
    options = {"treatment": "did", "mediator": "m", "bootstrap": 200}
    stats = run(frame, "mediation", "y ~ did + x | city + year", options, vcov="cluster:city").columns[2].stats
    assert stats["indirect_boot_se"] == pytest.approx(stats["indirect_se"], rel=0.3)
    assert stats["indirect_boot_low"] < stats["indirect"] < stats["indirect_boot_high"]


def test_fieller_is_unbounded_where_the_total_is_not_told_from_zero() -> None:
    assert fieller(1.0, 0.1, np.eye(2), 1.96) == (None, None)
    low, high = fieller(1.0, 10.0, 1e-12 * np.eye(2), 1.96)
    assert (low, high) == (pytest.approx(0.1, abs=1e-5), pytest.approx(0.1, abs=1e-5))
