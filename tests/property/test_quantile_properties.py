"""Quantile regressions and scores on random data: exact optimum, equivariance, known answers."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Specification
from citypanel.estimate.analysis import estimate_analysis
from citypanel.estimate.propensity import fit_score
from citypanel.estimate.quantile_lp import check_loss, fit_quantile
from citypanel.result import Record

FEW = settings(max_examples=40, deadline=None)
seeds = st.integers(0, 2**32 - 1)
taus = st.floats(0.02, 0.98)


def sample(seed: int, n: int, k: int, *, rounded: bool) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.ones(n), rng.normal(size=(n, k))])
    y = X.sum(axis=1) + rng.standard_t(2, size=n) * (1 + 0.3 * np.abs(X[:, 1]))
    return (np.round(y), np.column_stack([X[:, 0], np.round(X[:, 1:])])) if rounded else (y, X)


@FEW
@example(seed=138940, n=20, k=2, tau=0.5, rounded=True)  # a singular Newton system
@given(seed=seeds, n=st.integers(8, 150), k=st.integers(1, 5), tau=taus, rounded=st.booleans())
def test_the_optimum_is_that_of_the_linear_programme(seed: int, n: int, k: int, tau: float, rounded: bool) -> None:
    """Rounded data have ties and degenerate corners, where a simplex step may stand still."""
    y, X = sample(seed, n, k, rounded=rounded)
    assume(np.linalg.matrix_rank(X) == k + 1)
    answer = linprog(-y, A_eq=X.T, b_eq=(1 - tau) * X.sum(axis=0), bounds=(0, 1), method="highs")
    best = check_loss(y + X @ answer.eqlin.marginals, tau)
    assert fit_quantile(y, X, tau).objective == pytest.approx(best, rel=1e-10, abs=1e-10)


@settings(max_examples=5, deadline=None)
@given(seed=seeds, tau=taus)
def test_wide_problems_take_another_way_to_the_same_optimum(seed: int, tau: float) -> None:
    # With groups of 8 a multiple of 1/8 has a whole interval of optima, and the answer need not be a corner.
    assume(abs(8 * tau - round(8 * tau)) > 1e-3)
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(70), 8)
    X = np.column_stack([(group[:, None] == np.arange(70)).astype(float), rng.normal(size=(560, 2))])
    y = rng.normal(size=560) + X[:, -1]
    answer = linprog(-y, A_eq=X.T, b_eq=(1 - tau) * X.sum(axis=0), bounds=(0, 1), method="highs-ipm")
    fit = fit_quantile(y, X, tau)
    assert fit.objective == pytest.approx(check_loss(y + X @ answer.eqlin.marginals, tau), rel=1e-8)
    # Optimality from first principles: as many zero residuals as columns at least, and the share below near tau.
    assert np.count_nonzero(fit.residual == 0) >= 72
    below, above = np.mean(fit.residual < 0), np.mean(fit.residual > 0)
    assert below <= tau + 1e-12
    assert above <= 1 - tau + 1e-12


@FEW
@given(seed=seeds, tau=taus, scale=st.floats(1e-6, 1e6))
def test_quantiles_are_equivariant(seed: int, tau: float, scale: float) -> None:
    y, X = sample(seed, 80, 2, rounded=False)
    b = fit_quantile(y, X, tau).coefficients
    shift = np.array([1.0, -2.0, 0.5])
    assert fit_quantile(scale * y, X, tau).coefficients == pytest.approx(scale * b, rel=1e-7, abs=1e-9 * scale)
    assert fit_quantile(y + X @ shift, X, tau).coefficients == pytest.approx(b + shift, abs=1e-8)
    assert fit_quantile(-y, X, 1 - tau).coefficients == pytest.approx(-b, abs=1e-8)
    assert fit_quantile(y, X * np.array([1, scale, 1]), tau).coefficients[1] == pytest.approx(b[1] / scale, rel=1e-6)


@FEW
@given(seed=seeds, tau=taus)
def test_frequency_weights_are_replication(seed: int, tau: float) -> None:
    y, X = sample(seed, 60, 2, rounded=False)
    times = np.random.default_rng(seed).integers(0, 4, 60)
    assume(np.linalg.matrix_rank(X[times > 0]) == 3)
    copies = fit_quantile(np.repeat(y, times), np.repeat(X, times, axis=0), tau)
    assert fit_quantile(y, X, tau, times.astype(float)).objective == pytest.approx(copies.objective, rel=1e-10)


def location_scale(seed: int, units: int = 200, periods: int = 15) -> pd.DataFrame:
    """Return y = a + x + (1 + d + 0.5 x) u with u uniform on (-1, 1): the slope at tau is 1 + 0.5 (2 tau - 1)."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"city": np.repeat(np.arange(units), periods), "year": np.tile(np.arange(periods), units)})
    frame["x"] = rng.uniform(0, 3, len(frame))
    a, d = rng.normal(size=units)[frame["city"]], rng.uniform(0, 1, units)[frame["city"]]
    frame["y"] = a + frame["x"] + (1 + d + 0.5 * frame["x"]) * rng.uniform(-1, 1, len(frame))
    return frame


def quantiles(frame: pd.DataFrame, options: dict, formula: str = "y ~ x | city", **more: object) -> Record:
    given = parse_options("quantile", {"quantiles": "0.25,0.5,0.75", **options}, "test")
    return estimate_analysis(frame, [Specification("quantile", formula, given, unit="city", time="year", **more)])


def test_the_method_of_moments_finds_known_slopes_and_states_its_rule() -> None:
    record = quantiles(location_scale(1), {"estimator": "mmqr"}, vcov="cluster:city")
    for column, truth in zip(record.columns, (0.75, 1.0, 1.25), strict=True):
        term = column.term("x")
        assert abs(term.estimate - truth) < 4 * term.se
        assert "lower inverse" in column.vcov["residual_quantile"]


def test_analytic_errors_of_the_method_of_moments_are_those_of_the_bootstrap_and_of_the_draws() -> None:
    found = [quantiles(location_scale(seed, 60, 8), {"estimator": "mmqr"}).columns for seed in range(80)]
    for at in range(3):
        estimates = np.array([columns[at].term("x").estimate for columns in found])
        stated = np.mean([columns[at].term("x").se for columns in found])
        # The spread of 80 draws is itself known to 8 % (one standard error), so 25 % is three of them.
        assert stated == pytest.approx(float(estimates.std(ddof=1)), rel=0.25)
    frame = location_scale(3, 60, 8)
    drawn = quantiles(frame, {"estimator": "mmqr", "bootstrap": 200}, seed=1).columns
    for analytic, boot in zip(quantiles(frame, {"estimator": "mmqr"}, vcov="cluster:city").columns, drawn, strict=True):
        assert boot.term("x").se == pytest.approx(analytic.term("x").se, rel=0.25)


@pytest.mark.parametrize("estimator", ["canay", "mmqr"])
def test_unit_levels_do_not_matter_to_panel_quantiles(estimator: str) -> None:
    frame = location_scale(2, 40, 6)
    level = np.random.default_rng(0).normal(size=40)[frame["city"]] * 10
    first = quantiles(frame, {"estimator": estimator}).columns
    second = quantiles(frame.assign(y=frame["y"] + level), {"estimator": estimator}).columns
    for one, two in zip(first, second, strict=True):
        assert two.term("x").estimate == pytest.approx(one.term("x").estimate, rel=1e-7)


def test_clustered_errors_with_one_row_per_cluster_are_near_the_others() -> None:
    frame = location_scale(4, 400, 1)
    frame["row"] = np.arange(len(frame))
    errors = [quantiles(frame, {}, "y ~ x", vcov=vcov).columns[1].term("x").se for vcov in ("hetero", "cluster:row")]
    assert errors[1] == pytest.approx(errors[0], rel=0.25)


def test_a_record_with_bootstrap_is_the_same_each_time() -> None:
    frame = location_scale(5, 30, 5)
    for estimator, formula in (("pooled", "y ~ x"), ("canay", "y ~ x | city"), ("mmqr", "y ~ x | city + year")):
        options = {"estimator": estimator, "bootstrap": 15}
        assert quantiles(frame, options, formula).to_json() == quantiles(frame, options, formula).to_json()


@pytest.mark.parametrize("link", ["logit", "probit"])
@FEW
@given(seed=seeds, scale=st.floats(1e-5, 1e5))
def test_scores_solve_their_equations_in_any_unit_of_measure(link: str, seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.ones(200), rng.normal(size=(200, 2))])
    d = (X @ [0.2, 0.5, -0.5] + rng.logistic(size=200) > 0).astype(float)
    fit = fit_score(d, X, link)
    p = fit.fitted
    weight = 1.0 if link == "logit" else np.exp(-0.5 * fit.index**2) / np.sqrt(2 * np.pi) / (p * (1 - p))
    assert np.abs(X.T @ (weight * (d - p))).max() < 1e-6
    other = fit_score(d, X * [1, scale, 1], link)
    assert other.fitted == pytest.approx(p, rel=1e-7)
    assert other.se[1] * scale == pytest.approx(fit.se[1], rel=1e-6)
