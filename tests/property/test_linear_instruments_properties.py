"""Instruments: limits, invariances, and linearmodels as an independent witness."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Specification
from citypanel.errors import EstimationError
from citypanel.estimate.analysis import estimate_analysis
from citypanel.result import ColumnResult

seeds = st.integers(0, 10_000)
few = settings(max_examples=8, deadline=None)


def _panel(seed: int, strength: float = 0.7) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    city, year = np.divmod(np.arange(150), 6)
    kept = rng.random(150) < 0.85
    u = rng.normal(size=150)
    frame = pd.DataFrame({"city": city, "year": year, "z1": rng.normal(size=150), "z2": rng.normal(size=150)})
    frame["w"] = rng.normal(size=150) + frame.city / 10
    frame["x"] = strength * (frame.z1 + 0.5 * frame.z2) + 0.4 * frame.w + u + frame.city / 5
    frame["y"] = 1.5 * frame.x - frame.w + 2 * u + rng.normal(size=150) + frame.city
    return frame[kept].reset_index(drop=True)


def _fit(frame: pd.DataFrame, formula: str, vcov: str = "iid", **options: object) -> ColumnResult:
    parsed = parse_options("linear", options, "test")
    return estimate_analysis(frame, [Specification("linear", formula, parsed, vcov=vcov)]).columns[0]


@given(seeds)
@few
def test_liml_and_2sls_equal_linearmodels(seed: int) -> None:
    from linearmodels.iv import IV2SLS, IVLIML

    frame = _panel(seed)
    exogenous = np.column_stack([frame.w, np.ones(len(frame))])
    arguments = (frame.y, exogenous, frame[["x"]], frame[["z1", "z2"]])
    for estimator, model in (("2sls", IV2SLS(*arguments)), ("liml", IVLIML(*arguments))):
        theirs = model.fit(cov_type="unadjusted", debiased=True)
        ours = _fit(frame, "y ~ w | x ~ z1 + z2", estimator=estimator)
        assert ours.term("x").estimate == pytest.approx(theirs.params["x"], rel=1e-9)
        assert ours.term("x").se == pytest.approx(theirs.std_errors["x"], rel=1e-8)
    assert ours.stats["kappa"] == pytest.approx(theirs.kappa, rel=1e-10)


@given(seeds)
@few
def test_with_as_many_instruments_as_endogenous_liml_is_2sls_is_indirect_least_squares(seed: int) -> None:
    frame = _panel(seed)
    two, liml = (_fit(frame, "y ~ w | city | x ~ z1", estimator=e) for e in ("2sls", "liml"))
    assert liml.term("x").estimate == pytest.approx(two.term("x").estimate, rel=1e-8)
    reduced, first = (_fit(frame, f"{name} ~ z1 + w | city") for name in ("y", "x"))
    indirect = reduced.term("z1").estimate / first.term("z1").estimate
    assert two.term("x").estimate == pytest.approx(indirect, rel=1e-8)


@given(seeds)
@few
def test_a_regressor_as_its_own_instrument_gives_least_squares(seed: int) -> None:
    frame = _panel(seed).assign(own=lambda f: f.x)
    for vcov in ("iid", "hetero", "cluster:city"):
        iv, ols = _fit(frame, "y ~ w | city | x ~ own", vcov), _fit(frame, "y ~ x + w | city", vcov)
        for name in ("x", "w", "Intercept"):
            assert iv.term(name).estimate == pytest.approx(ols.term(name).estimate, rel=1e-8, abs=1e-9)
            assert iv.term(name).se == pytest.approx(ols.term(name).se, rel=1e-7)


@given(seeds)
@few
def test_fixed_effects_equal_explicit_dummies(seed: int) -> None:
    frame = _panel(seed)
    for vcov in ("iid", "hetero"):
        within = _fit(frame, "y ~ w | city | x ~ z1 + z2", vcov, singletons="keep")
        dummies = _fit(frame, "y ~ w + i(city) | x ~ z1 + z2", vcov)
        for name in ("first_stage_f", "kp_rk_f", "cragg_donald_f", "effective_f", "sargan", "anderson_rubin_f"):
            assert within.stats[name] == pytest.approx(dummies.stats[name], rel=1e-7), name
        assert within.term("x").se == pytest.approx(dummies.term("x").se, rel=1e-7)


@given(seeds)
@few
def test_with_one_instrument_every_f_is_the_square_of_its_t(seed: int) -> None:
    frame = _panel(seed)
    for vcov in ("iid", "hetero", "cluster:city"):
        column = _fit(frame, "y ~ w | city | x ~ z1", vcov)
        t = _fit(frame, "x ~ z1 + w | city", vcov).term("z1").statistic
        for name in ("first_stage_f", "kp_rk_f", "effective_f"):
            assert column.stats[name] == pytest.approx(t**2, rel=1e-7), (vcov, name)


@given(seeds, st.sampled_from(["iid", "hetero", "cluster:city"]), st.sampled_from([0.7, 0.05]))
@few
def test_the_ends_of_the_anderson_rubin_set_are_where_the_test_just_rejects(
    seed: int, vcov: str, strength: float
) -> None:
    frame = _panel(seed, strength)
    stats = _fit(frame, "y ~ w | x ~ z1 + z2", vcov).stats
    ends = [end for end in np.ravel(np.array(stats["anderson_rubin_ci"], dtype=float)) if np.isfinite(end)]
    for end in ends:
        moved = frame.assign(y=frame.y - end * frame.x)
        assert _fit(moved, "y ~ w | x ~ z1 + z2", vcov).stats["anderson_rubin_p"] == pytest.approx(0.05, rel=1e-4)
    shapes = {"interval": 2, "ray": 1, "line": 0, "empty": 0, "two rays": 2, "disjoint": 4}
    assert len(ends) == shapes[stats["anderson_rubin_shape"]]


def test_an_irrelevant_instrument_gives_an_unbounded_set() -> None:
    rng = np.random.default_rng(9)
    frame = pd.DataFrame({name: rng.normal(size=60) for name in ("x", "z", "noise")})
    stats = _fit(frame.assign(y=frame.x + frame.noise), "y ~ 1 | x ~ z").stats
    assert stats["first_stage_f"] < 3.84
    assert stats["anderson_rubin_shape"] in ("line", "two rays")
    assert stats["stock_yogo_10"] == 16.38


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("y ~ w | city | x ~ fixed", "1 endogenous variables need as many instruments, 0 are usable; left out as"),
        ("y ~ w | x ~ w", "0 are usable"),
        ("y ~ w | twice ~ z1 + z2", None),
        ("y ~ w | city | fixed ~ z1", "an endogenous variable is a combination of the other regressors"),
    ],
)
def test_instruments_that_cannot_identify_are_refused(formula: str, message: str | None) -> None:
    frame = _panel(1).assign(fixed=lambda f: f.city * 2.0, twice=lambda f: f.x * 2)
    if message is None:
        assert _fit(frame, formula).term("twice").estimate is not None
        return
    with pytest.raises(EstimationError, match=message):
        _fit(frame, formula)


def test_fewer_clusters_than_instruments_leave_their_joint_tests_out() -> None:
    frame = _panel(3).assign(third=lambda f: f.city % 3)
    for j in range(4):
        frame[f"q{j}"] = frame.z1 * (j + 1) + np.random.default_rng(j).normal(size=len(frame))
    column = _fit(frame, "y ~ w | x ~ z1 + z2 + q0 + q1 + q2 + q3", "cluster:third")
    assert column.term("x").se > 0
    for name in ("anderson_rubin_f", "anderson_rubin_ci", "first_stage_f", "hansen_j", "kp_rk_f"):
        assert column.stats[name] is None or not np.isfinite(column.stats[name]), name
