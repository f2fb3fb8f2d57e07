"""Identities that every spatial fit must obey, on simulated panels, and coverage of known truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citypanel.errors import EstimationError
from citypanel.estimate.spatial_compare import impacts, likelihood_tests
from citypanel.estimate.spatial_fit import Choices, SpatialFit, fit_spatial
from citypanel.estimate.spatial_lm import lm_tests
from citypanel.estimate.spatial_panel import SpatialLayout, lay_out

UNITS, PERIODS = 14, 5
Panel = tuple[np.ndarray, np.ndarray, SpatialLayout, np.ndarray]


def simulated(seed: int, *, standardise: bool = True, rho: float = 0.3) -> Panel:
    """Return y, X, layout and weights of a lag model with unit effects; weights are sparse and symmetric."""
    rng = np.random.default_rng(seed)
    links = np.triu(rng.uniform(size=(UNITS, UNITS)) < 0.25, 1)
    for i in range(UNITS - 1):
        links[i, i + 1] = True
    w = (links + links.T) * rng.uniform(0.5, 1.5, size=(UNITS, UNITS))
    w = w + w.T
    w = w / w.sum(axis=1, keepdims=True) if standardise else w / np.abs(np.linalg.eigvals(w)).max()
    unit, period = np.repeat(np.arange(UNITS), PERIODS), np.tile(np.arange(PERIODS), UNITS)
    layout = lay_out(w, unit, period, row_standardise=False)
    x = rng.normal(size=(unit.size, 2))
    mean = x @ [1.0, -0.5] + rng.normal(size=UNITS)[unit] + rng.normal(size=unit.size)
    y = np.linalg.solve(np.eye(UNITS) - rho * w, mean.reshape(UNITS, PERIODS)).ravel()
    return y, x, layout, w


def fitted(panel: Panel, **choices: object) -> SpatialFit:
    y, x, layout, _ = panel
    return fit_spatial(y, x, ["a", "b"], layout, Choices(**choices))  # type: ignore[arg-type]


SEEDS = st.integers(0, 10_000)
EFFECTS = st.sampled_from(["none", "unit", "time", "both"])
FEW = settings(max_examples=25, deadline=None, derandomize=True)


@FEW
@given(SEEDS, EFFECTS, st.sampled_from(["sar", "sdm", "sac", "sdem"]), st.booleans())
def test_effects_add_up_and_equal_those_of_the_whole_inverse(
    seed: int, effects: str, model: str, standardise: bool
) -> None:
    panel = simulated(seed, standardise=standardise)
    fit = fitted(panel, model=model, effects_fe=effects)
    w, rho = panel[3], fit.maximum.rho
    found = {(item.term, item.effect): item.estimate for item in impacts(fit, 2, 1)}
    inverse = np.linalg.inv(np.eye(UNITS) - rho * w)
    for place, name in enumerate(("a", "b")):
        b = fit.estimates[place]
        theta = fit.estimates[place + 2] if model in ("sdm", "sdem") else 0.0
        s = inverse @ (b * np.eye(UNITS) + theta * w)
        assert found[name, "direct"] == pytest.approx(np.trace(s) / UNITS, rel=1e-9, abs=1e-11)
        assert found[name, "total"] == pytest.approx(s.sum() / UNITS, rel=1e-9, abs=1e-11)
        parts = found[name, "direct"] + found[name, "indirect"]
        assert parts == pytest.approx(found[name, "total"], abs=1e-12)
        if standardise:
            assert found[name, "total"] == pytest.approx((b + theta) / (1 - rho), rel=1e-9)
        if model in ("sar", "sac") and b > 0 and 0 < rho < 1:
            assert found[name, "indirect"] >= 0
            assert found[name, "direct"] >= b


@FEW
@given(SEEDS, EFFECTS)
def test_tests_of_nested_models_are_never_negative_and_sigma2_has_its_bound(seed: int, effects: str) -> None:
    fit = fitted(simulated(seed), model="sdm", effects_fe=effects)
    found = likelihood_tests(fit)
    assert all(found[name] >= 0 for name in ("lr_vs_sar", "lr_vs_sem", "wald_vs_sar", "wald_vs_sem"))
    z = fit.sigma2 / np.sqrt(fit.covariance[-1, -1])
    assert 0 < z <= np.sqrt(UNITS * PERIODS / 2) * (1 + 1e-12)
    assert (
        fitted(simulated(seed), model="sac", effects_fe=effects).loglik
        >= fitted(simulated(seed), model="sar", effects_fe=effects).loglik - 1e-9
    )


@FEW
@given(SEEDS, EFFECTS, st.booleans())
def test_lm_tests_join_by_their_identity(seed: int, effects: str, after_lag: bool) -> None:
    y, x, layout, _ = simulated(seed)
    regressors = np.column_stack([x, np.ones(len(x))]) if effects == "none" else x
    found = lm_tests(y, regressors, layout, effects, after_lag=after_lag)
    left, right = found.lm_error + found.rlm_lag, found.lm_lag + found.rlm_error
    assert left == pytest.approx(right, rel=1e-9)


@FEW
@given(SEEDS, st.sampled_from(["sar", "sem", "sdm", "sac"]), EFFECTS)
def test_the_order_of_units_and_the_unit_of_measure_do_not_matter(seed: int, model: str, effects: str) -> None:
    y, x, layout, w = simulated(seed)
    ours = fit_spatial(y, x, ["a", "b"], layout, Choices(model, effects_fe=effects))
    order = np.random.default_rng(seed).permutation(UNITS)
    moved = lay_out(w[np.ix_(order, order)], np.argsort(order)[layout.units], layout.periods, row_standardise=False)
    # A shift of a regressor is absorbed by effects only, so units change by scale alone.
    scaled = fit_spatial(100 * y, x * [10.0, 1.0], ["a", "b"], moved, Choices(model, effects_fe=effects))
    change = np.ones(len(ours.estimates))
    change[0], change[1] = 10.0, 100.0
    if model == "sdm":
        change[2], change[3] = 10.0, 100.0
    assert scaled.estimates == pytest.approx(ours.estimates * change, rel=1e-6, abs=1e-8)
    se = np.sqrt(np.diag(ours.covariance))[:-1]
    assert np.sqrt(np.diag(scaled.covariance))[:-1] == pytest.approx(se * change, rel=1e-5)


@FEW
@given(SEEDS)
def test_both_two_way_definitions_agree_when_weights_are_doubly_stochastic(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ring = 0.5 * (np.roll(np.eye(UNITS), 1, axis=1) + np.roll(np.eye(UNITS), -1, axis=1))
    unit, period = np.repeat(np.arange(UNITS), PERIODS), np.tile(np.arange(PERIODS), UNITS)
    layout = lay_out(ring, unit, period, row_standardise=True)
    x, y = rng.normal(size=(unit.size, 2)), rng.normal(size=unit.size)
    for model in ("sar", "sem", "sdm"):
        first, second = (
            fit_spatial(y, x, ["a", "b"], layout, Choices(model, twoways_lag=lag)) for lag in ("demeaned", "dummies")
        )
        assert first.estimates == pytest.approx(second.estimates, rel=1e-7, abs=1e-9)
        assert first.loglik == pytest.approx(second.loglik, abs=1e-9)


def test_a_time_dummy_regression_is_what_twoways_lag_dummies_computes() -> None:
    y, x, layout, _ = simulated(3)
    dummies = np.eye(PERIODS)[layout.periods][:, 1:]
    names = ["a", "b", *(f"t{k}" for k in range(1, PERIODS))]
    by_hand = fit_spatial(y, np.column_stack([x, dummies]), names, layout, Choices("sar", effects_fe="unit"))
    ours = fit_spatial(y, x, ["a", "b"], layout, Choices("sar", twoways_lag="dummies"))
    assert ours.maximum.rho == pytest.approx(by_hand.maximum.rho, abs=1e-9)
    assert ours.estimates[:2] == pytest.approx(by_hand.estimates[:2], abs=1e-9)
    assert ours.covariance[:2, :2] == pytest.approx(by_hand.covariance[:2, :2], rel=1e-6)


@pytest.mark.parametrize("effects", ["unit", "both"])
def test_intervals_cover_the_truth(effects: str) -> None:
    """Two hundred panels here; `benchmarks/spatial.py` runs a thousand."""
    _, x, layout, w = simulated(11)
    inverse = np.linalg.inv(np.eye(UNITS) - 0.3 * w)
    rng = np.random.default_rng(12)
    truth = np.array([1.0, -0.5, 0.3])
    inside, draws = np.zeros(3), 200
    for _ in range(draws):
        mean = (
            x @ truth[:2]
            + rng.normal(size=UNITS)[layout.units]
            + rng.normal(size=PERIODS)[layout.periods] * (effects == "both")
        )
        y = (inverse @ (mean + rng.normal(size=x.shape[0])).reshape(UNITS, PERIODS)).ravel()
        fit = fit_spatial(y, x, ["a", "b"], layout, Choices("sar", effects_fe=effects, leeyu=True))
        inside += np.abs(fit.estimates - truth) <= 1.96 * np.sqrt(np.diag(fit.covariance))[:3]
    # 200 draws: three binomial standard errors around 95% are 90.4% and 99.6%; 70 rows cost another point.
    assert np.all(inside / draws > 0.89)
    assert np.all(inside / draws < 0.996)


def test_clustered_errors_hold_under_serial_correlation_where_the_information_does_not() -> None:
    units, periods = 40, 6
    rng = np.random.default_rng(5)
    ring = sum(np.roll(np.eye(units), k, axis=1) for k in (1, 2, -1, -2)) / 4
    unit, period = np.repeat(np.arange(units), periods), np.tile(np.arange(periods), units)
    layout = lay_out(np.asarray(ring), unit, period, row_standardise=True)
    x = rng.normal(size=(units, periods)).cumsum(axis=1).reshape(-1, 1)
    inverse = np.linalg.inv(np.eye(units) - 0.3 * ring)
    estimates, clustered, classical = [], [], []
    for _ in range(150):
        noise = rng.normal(size=(units, periods)).cumsum(axis=1)
        y = (inverse @ (x.reshape(units, periods) + noise)).ravel()
        for found, clusters in ((clustered, unit), (classical, None)):
            choices = Choices("sar", effects_fe="unit", robust=clusters is not None, clusters=clusters)
            fit = fit_spatial(y, x, ["a"], layout, choices)
            found.append(np.sqrt(np.diag(fit.covariance))[:2])
        estimates.append(fit.estimates)
    spread = np.std(estimates, axis=0)
    # 150 draws know a standard deviation to 6%; forty clusters bias it by a few per cent more.
    assert np.mean(clustered, axis=0) == pytest.approx(spread, rel=0.2)
    assert np.mean(classical, axis=0)[0] < 0.75 * spread[0]


def test_an_estimate_at_the_end_of_the_stable_range_is_refused() -> None:
    # The transformation of time effects drops the eigenvalue 1, so that a pure second wave pulls rho beyond 1.
    units, periods = 14, 5
    ring = 0.5 * (np.roll(np.eye(units), 1, axis=1) + np.roll(np.eye(units), -1, axis=1))
    rng = np.random.default_rng(0)
    wave = np.cos(2 * np.pi * np.arange(units) / units)[:, None] * rng.normal(size=periods)
    y = (wave + 1e-3 * rng.normal(size=(units, periods))).ravel()
    unit, period = np.repeat(np.arange(units), periods), np.tile(np.arange(periods), units)
    layout = lay_out(ring, unit, period, row_standardise=True)
    x = rng.normal(size=(y.size, 1))
    with pytest.raises(EstimationError, match=r"rises to the end of the stable range \(-1, 1\)"):
        fit_spatial(y, x, ["a"], layout, Choices("sar", leeyu=True))
    assert not fit_spatial(y, x, ["a"], layout, Choices("sar")).maximum.at_boundary
