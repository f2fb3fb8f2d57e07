"""The numbers inside a spatial fit against brute force on stacked N T x N T matrices and numerical derivatives."""

from typing import Any

import numpy as np
import pytest
from scipy import optimize, sparse

from citypanel.estimate.spatial_effects import SummedInverse, multiplier_slopes, multipliers
from citypanel.estimate.spatial_fit import Choices, SpatialFit, fit_spatial
from citypanel.estimate.spatial_information import expected_information, observed_information
from citypanel.estimate.spatial_likelihood import Concentrated
from citypanel.estimate.spatial_operator import DenseOperator, SparseOperator, symmetrising_scale
from citypanel.estimate.spatial_panel import Effects, SpatialLayout, lay_out

UNITS, PERIODS = 9, 5


def ring(units: int = UNITS) -> np.ndarray:
    """Symmetric contiguity with uneven numbers of neighbours."""
    w = np.zeros((units, units))
    for i in range(units - 1):
        w[i, i + 1] = w[i + 1, i] = 1.0
    w[0, units - 1] = w[units - 1, 0] = w[0, 4] = w[4, 0] = 1.0
    return w


def directed(units: int = UNITS) -> np.ndarray:
    """Each unit looks at the next two: eigenvalues are complex."""
    w = np.zeros((units, units))
    for i in range(units):
        w[i, (i + 1) % units] = 0.7
        w[i, (i + 2) % units] = 0.3
    return w


def standardised(w: np.ndarray) -> np.ndarray:
    return w / w.sum(axis=1, keepdims=True)


def panel(w: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray, SpatialLayout]:
    rng = np.random.default_rng(seed)
    unit, period = np.repeat(np.arange(len(w)), PERIODS), np.tile(np.arange(PERIODS), len(w))
    x = rng.normal(size=(unit.size, 2))
    layout = lay_out(w, unit, period, row_standardise=False)
    mean = x @ [1.0, -0.5] + rng.normal(size=len(w))[unit] + rng.normal(size=unit.size)
    y = mean.reshape(len(w), PERIODS)
    return np.linalg.solve(np.eye(len(w)) - 0.3 * w, y).ravel(), x, layout


def fitted(w: np.ndarray, **choices: Any) -> SpatialFit:
    y, x, layout = panel(w)
    return fit_spatial(y, x, ["a", "b"], layout, Choices(**choices))


def stacked_loglik(fit: SpatialFit, theta: np.ndarray) -> float:
    """The density of the stacked rows, with every parameter free and nothing concentrated out."""
    k = fit.problem.now.shape[1] - 2
    beta, rest, sigma2 = theta[:k], list(theta[k:-1]), theta[-1]
    rho = rest.pop(0) if fit.problem.lag else 0.0
    lam = rest.pop(0) if fit.problem.error else 0.0
    now, then = fit.problem.now, fit.problem.lagged
    slopes = np.concatenate([[1.0, -rho], -beta])
    e = now @ slopes - lam * (then @ slopes)
    w = fit.layout.blocks[0].operator.matrix
    mult = fit.layout.blocks[0].periods - fit.problem.determinants.spent
    value = -0.5 * fit.problem.n * np.log(2 * np.pi * sigma2) - e @ e / (2 * sigma2)
    for parameter, used in ((rho, fit.problem.lag), (lam, fit.problem.error)):
        if used:
            value += mult * np.linalg.slogdet(np.eye(len(w)) - parameter * w)[1]
            value -= mult * np.log(1 - parameter) if fit.problem.determinants.centred else 0.0
    return float(value)


def whole(fit: SpatialFit) -> np.ndarray:
    return np.append(fit.estimates, fit.sigma2)


CASES = [
    {"model": model, "effects_fe": effects}
    for model in ("sar", "sem", "sdm", "sac", "sdem")
    for effects in ("none", "unit", "both")
] + [
    {"model": "sar", "leeyu": True},
    {"model": "sem", "leeyu": True},
    {"model": "sac", "leeyu": True, "effects_fe": "unit"},
    {"model": "sdm", "twoways_lag": "dummies"},
]


@pytest.mark.parametrize("choices", CASES)
@pytest.mark.parametrize("weights", [standardised(ring()), directed()])
def test_value_gradient_and_hessian_are_those_of_the_stacked_density(
    choices: dict[str, Any], weights: np.ndarray
) -> None:
    fit = fitted(weights, **choices)
    theta = whole(fit)
    assert stacked_loglik(fit, theta) == pytest.approx(fit.loglik, abs=1e-9)
    scale = np.sqrt(np.abs(np.diag(fit.covariance)))
    gradient = optimize.approx_fprime(np.zeros(theta.size), lambda t: stacked_loglik(fit, theta + t * scale), 1e-6)
    # One-sided differences in standard errors: the second derivative is 1 or so, half a step remains.
    assert np.abs(gradient).max() < 1e-5
    step = 1e-3
    eye = np.eye(theta.size) * step
    hessian = np.empty((theta.size,) * 2)
    for i in range(theta.size):
        for j in range(theta.size):
            corners = [
                s * t * stacked_loglik(fit, theta + (s * eye[i] + t * eye[j]) * scale) for s in (1, -1) for t in (1, -1)
            ]
            hessian[i, j] = sum(corners) / (4 * step**2)
    observed = observed_information(fit.problem, fit.maximum, fit.fitted) * np.outer(scale, scale)
    assert np.abs(observed + hessian).max() < 1e-4 * np.abs(observed).max()


@pytest.mark.parametrize("choices", CASES[:6])
def test_the_concentrated_score_is_zero_at_the_estimate(choices: dict[str, Any]) -> None:
    fit = fitted(standardised(ring()), **choices)
    score = Concentrated.of(fit.problem).score(fit.maximum.rho, fit.maximum.lam)
    used = [fit.problem.lag, fit.problem.error]
    assert np.abs(score[used]).max() < 1e-8


@pytest.mark.parametrize("model", ["sar", "sem", "sdm", "sac"])
def test_expected_information_is_the_mean_of_the_score_squared(model: str) -> None:
    """Simulated at the truth without effects, where the density is known in full."""
    w = standardised(ring())
    rng = np.random.default_rng(4)
    unit, period = np.repeat(np.arange(UNITS), PERIODS), np.tile(np.arange(PERIODS), UNITS)
    x = rng.normal(size=(unit.size, 2))
    layout = lay_out(w, unit, period, row_standardise=False)
    inverse = np.linalg.inv(np.eye(UNITS) - 0.3 * w)
    names = ["a", "b"]
    expected, observed, draws = 0.0, 0.0, 60
    for _ in range(draws):
        noise = rng.normal(size=(UNITS, PERIODS))
        mean = (x @ [1.0, -0.5]).reshape(UNITS, PERIODS)
        y = inverse @ (mean + noise) if model != "sem" else mean + inverse @ noise
        fit = fit_spatial(y.ravel(), x, names, layout, Choices(model, effects_fe="none"))
        expected = expected + expected_information(fit.problem, fit.maximum, fit.fitted)
        observed = observed + observed_information(fit.problem, fit.maximum, fit.fitted)
    size = np.sqrt(np.diag(expected))
    # Both are the same in the mean; sixty panels leave a few per cent.
    assert np.abs((expected - observed) / np.outer(size, size)).max() < 0.12


def test_log_determinant_and_traces_are_the_same_by_eigenvalues_and_by_sparse_factors() -> None:
    for w in (standardised(ring()), ring(), directed()):
        dense, thin = DenseOperator.of(w), SparseOperator.of(sparse.csr_array(w))
        for rho in (-0.15, 0.0, 0.12, 0.2):
            a = np.eye(UNITS) - rho * w
            g = w @ np.linalg.inv(a)
            for operator in (dense, thin):
                assert operator.log_determinants(np.array([rho]))[0] == pytest.approx(
                    np.linalg.slogdet(a)[1], abs=1e-12
                )
                traces = operator.traces(rho)
                centred = np.trace(g.T @ (np.eye(UNITS) - 1 / UNITS) @ g)
                assert (traces.first, traces.square) == pytest.approx((np.trace(g), np.trace(g @ g)), abs=1e-12)
                assert (traces.gram, traces.centred_gram) == pytest.approx((np.trace(g.T @ g), centred), abs=1e-12)
                assert operator.product(rho, np.eye(UNITS)) == pytest.approx(g, abs=1e-12)
                assert operator.whole(rho) == pytest.approx(g, abs=1e-12)
                other = w @ np.linalg.inv(np.eye(UNITS) + 0.1 * w)
                cross = operator.cross_trace(rho, -0.1)
                assert cross[:2] == pytest.approx((np.trace(g @ other), np.trace(g.T @ other)), abs=1e-12)


def test_many_traces_by_interpolation_equal_those_one_by_one() -> None:
    w = sparse.csr_array(standardised(ring()))
    thin, dense = SparseOperator.of(w), DenseOperator.of(w.toarray())
    rhos = np.linspace(-0.6, 0.85, 101)
    assert thin.first_traces(rhos) == pytest.approx(dense.first_traces(rhos), rel=1e-7, abs=1e-9)


def test_the_stable_range_ends_where_the_matrix_turns_singular() -> None:
    for w in (standardised(ring()), ring()):
        operator = DenseOperator.of(w)
        assert operator.spectrum == "real"
        for end in (operator.low, operator.high):
            assert abs(np.linalg.det(np.eye(UNITS) - end * w)) < 1e-9
        thin = SparseOperator.of(sparse.csr_array(w))
        assert (thin.low, thin.high) == pytest.approx((operator.low, operator.high), rel=1e-8)


def test_asymmetric_weights_have_complex_eigenvalues_and_a_range_by_the_real_ones() -> None:
    operator = DenseOperator.of(directed())
    assert operator.spectrum == "complex"
    assert operator.high == pytest.approx(1.0)
    assert operator.low <= -1.0
    nilpotent = np.triu(np.ones((4, 4)), 1)
    assert DenseOperator.of(nilpotent).low == pytest.approx(-1 / 3)


def test_row_standardised_symmetric_weights_are_found_to_be_symmetrisable() -> None:
    w = ring()
    scale = symmetrising_scale(standardised(w))
    assert scale is not None
    assert scale / scale[0] == pytest.approx(w.sum(axis=1) / w.sum(axis=1)[0])
    assert symmetrising_scale(directed()) is None


def test_dense_and_sparse_solvers_give_the_same_fit() -> None:
    w = standardised(ring())
    y, x, dense = panel(w)
    thin = lay_out(sparse.csr_array(w), dense.units, dense.periods, row_standardise=False, solver="sparse")
    for model in ("sar", "sem", "sdm", "sac"):
        ours, theirs = (fit_spatial(y, x, ["a", "b"], layout, Choices(model)) for layout in (dense, thin))
        assert theirs.estimates == pytest.approx(ours.estimates, rel=1e-8, abs=1e-10)
        assert theirs.covariance == pytest.approx(ours.covariance, rel=1e-6, abs=1e-12)
        assert theirs.loglik == pytest.approx(ours.loglik, abs=1e-10)


@pytest.mark.parametrize("effects", ["none", "time", "unit", "both"])
def test_an_unbalanced_panel_is_the_stacked_model_with_the_weights_of_each_period(effects: str) -> None:
    w = ring()
    y, x, _ = panel(standardised(w))
    unit, period = np.repeat(np.arange(UNITS), PERIODS), np.tile(np.arange(PERIODS), UNITS)
    keep = ~np.isin(np.arange(unit.size), [7, 8, 21])
    y, x, unit, period = y[keep], x[keep], unit[keep], period[keep]
    layout = lay_out(w, unit, period, row_standardise=True)
    fit = fit_spatial(y, x, ["a", "b"], layout, Choices("sar", effects_fe=effects, twoways_lag="dummies"))
    big = np.where((period[:, None] == period[None, :]), w[np.ix_(unit, unit)], 0.0)
    big /= big.sum(axis=1, keepdims=True)
    dummies = {
        "none": np.empty((y.size, 0)),
        "unit": np.eye(UNITS)[unit],
        "time": np.eye(PERIODS)[period],
        "both": np.column_stack([np.eye(UNITS)[unit], np.eye(PERIODS)[period][:, 1:]]),
    }[effects]
    regressors = np.column_stack([x, dummies])

    def loglik(rho: float) -> float:
        filtered = y - rho * big @ y
        rest = filtered - regressors @ np.linalg.lstsq(regressors, filtered, rcond=None)[0]
        n = y.size
        value = -0.5 * n * (np.log(2 * np.pi) + 1 + np.log(rest @ rest / n))
        return float(value + np.linalg.slogdet(np.eye(n) - rho * big)[1])

    found = optimize.minimize_scalar(
        lambda r: -loglik(r), bounds=(-0.9, 0.9), method="bounded", options={"xatol": 1e-10}
    )
    assert fit.maximum.rho == pytest.approx(found.x, abs=1e-7)
    assert fit.loglik == pytest.approx(-found.fun, abs=1e-9)


def test_two_way_residuals_of_an_unbalanced_panel_are_those_of_a_dummy_regression() -> None:
    unit, period = np.repeat(np.arange(UNITS), PERIODS), np.tile(np.arange(PERIODS), UNITS)
    keep = ~np.isin(np.arange(unit.size), [3, 17, 18])
    unit, period = unit[keep], period[keep]
    layout = lay_out(ring(), unit, period, row_standardise=False)
    values = np.random.default_rng(1).normal(size=(unit.size, 2))
    dummies = np.column_stack([np.eye(UNITS)[unit], np.eye(PERIODS)[period]])
    rest = values - dummies @ np.linalg.lstsq(dummies, values, rcond=None)[0]
    assert Effects(layout, "both")(values) == pytest.approx(rest, abs=1e-12)


def test_effect_multipliers_and_their_slopes_equal_those_of_the_inverse() -> None:
    for w in (ring(), directed(), standardised(ring())):
        _, _, layout = panel(w)
        rho, step = 0.13, 1e-6
        inverse = np.linalg.inv(np.eye(UNITS) - rho * w)
        at = multipliers(layout, np.array([rho]))
        assert at.own[0] == pytest.approx(np.trace(inverse) / UNITS, rel=1e-12)
        assert at.neighbour[0] == pytest.approx(np.trace(inverse @ w) / UNITS, rel=1e-11)
        assert at.all_own[0] == pytest.approx(inverse.sum() / UNITS, rel=1e-12)
        assert at.all_neighbour[0] == pytest.approx((inverse @ w).sum() / UNITS, rel=1e-12)
        slope = multiplier_slopes(layout, rho)
        ahead, behind = (multipliers(layout, np.array([rho + s])) for s in (step, -step))
        for name in ("own", "neighbour", "all_own", "all_neighbour"):
            numeric = (getattr(ahead, name) - getattr(behind, name)) / (2 * step)
            assert getattr(slope, name) == pytest.approx(numeric, rel=1e-7, abs=1e-8)


def test_row_standardised_weights_need_one_krylov_vector() -> None:
    summed = SummedInverse.of(standardised(ring()))
    assert summed.projected.shape == (1, 1)
    assert summed.at(np.array([0.5]))[0][0] == pytest.approx(UNITS / 0.5)
