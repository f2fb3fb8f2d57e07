"""Difference and system GMM: independent arithmetic on random panels with gaps, algebra, invariance, recovery."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citypanel.declare.formula import parse_formula
from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Specification
from citypanel.estimate import gmm
from citypanel.estimate.gmm_declared import parse_lag_instruments, parse_plain_instruments
from citypanel.estimate.gmm_levels import Declared, read_levels
from citypanel.estimate.gmm_moments import Stack, corrected_covariance, fit_moments, robust_covariance
from citypanel.estimate.gmm_system import build_system
from citypanel.result import ColumnResult

FORMULA = "y ~ L1.y + x"
ALPHA, BETA = 0.5, 0.3
NAMES = ("id", "year", "y", "x")


def panel(units: int, periods: int, seed: int, spread: float = 1.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    effect = spread * rng.normal(size=units)
    y, x, rows = effect / (1 - ALPHA), rng.normal(size=units), []
    for period in range(-25, periods):
        # Predetermined: x answers to the last y, hence to the unit's effect.
        x = 0.5 * x + 0.2 * y + rng.normal(size=units)
        y = ALPHA * y + BETA * x + effect + rng.normal(size=units) * rng.uniform(0.5, 1.5, size=units)
        rows.append((np.arange(units), np.full(units, 2000 + period), y, x))
    return pd.DataFrame({name: np.concatenate(c) for name, c in zip(NAMES, zip(*rows[25:], strict=True), strict=True)})


def specified(formula: str = FORMULA, vcov: str | None = None, **options: Any) -> Specification:
    parsed = parse_options("gmm", options, "test")
    return Specification("gmm", formula, parsed, unit="id", time="year", vcov=vcov)


def estimated(data: pd.DataFrame, formula: str = FORMULA, vcov: str | None = None, **options: Any) -> ColumnResult:
    return gmm.estimate(data, specified(formula, vcov, **options)).columns[0]


def numbers(column: ColumnResult) -> list[float]:
    found = [value for term in column.terms for value in (term.estimate, term.se)]
    found += [column.stats[name] for name in ("ar1_z", "sargan", "hansen")]  # type: ignore[misc]
    return [float(str(value)) for value in found]


# --- an independent one-step estimator: dictionaries instead of cubes ---------------------------------------


def plain_one_step(data: pd.DataFrame, last: int, *, system: bool) -> np.ndarray:  # type: ignore[type-arg]
    """Difference or system GMM of y on L1.y and x, gmm(y, 2 last), iv(x): looked up cell by cell."""
    y = {(i, t): v for i, t, v in data[["id", "year", "y"]].itertuples(index=False)}
    x = {(i, t): v for i, t, v in data[["id", "year", "x"]].itertuples(index=False)}
    years = range(int(data["year"].min()), int(data["year"].max()) + 1)
    units = sorted(data["id"].unique())
    level = {(i, t) for i in units for t in years if (i, t) in y and (i, t - 1) in y}
    change = {(i, t) for (i, t) in level if (i, t - 1) in level}
    columns = [("d", t, lag) for t in years for lag in range(2, last + 1)] + ["x"]
    columns += [("l", t) for t in years] + ["one"] if system else []
    width = 3 if system else 2
    ZHZ, ZX, Zy = np.zeros((len(columns),) * 2), np.zeros((len(columns), width)), np.zeros(len(columns))
    for i in units:
        rows, regressors, outcomes, places = [], [], [], []
        for t in years:
            if (i, t) in change:
                z = [y.get((i, t - c[2]), 0.0) if c[0] == "d" and c[1] == t else 0.0 for c in columns]
                z[columns.index("x")] = x[i, t] - x[i, t - 1]
                rows.append(z)
                regressors.append([y[i, t - 1] - y[i, t - 2], x[i, t] - x[i, t - 1], 0.0][:width])
                outcomes.append(y[i, t] - y[i, t - 1])
                places.append(("d", t))
        for t in years if system else []:
            if (i, t) in level:
                gap = (i, t - 1) not in y or (i, t - 2) not in y
                lagged = 0.0 if gap else y[i, t - 1] - y[i, t - 2]
                z = [lagged if c == ("l", t) else 0.0 for c in columns]
                z[columns.index("x")], z[columns.index("one")] = x[i, t], 1.0
                rows.append(z)
                regressors.append([y[i, t - 1], x[i, t], 1.0])
                outcomes.append(y[i, t])
                places.append(("l", t))
        if rows:
            Z = np.array(rows)
            H = np.array([[covariance(a, b) for b in places] for a in places])
            ZHZ += Z.T @ H @ Z
            ZX += Z.T @ np.array(regressors)
            Zy += Z.T @ np.array(outcomes)
    A = np.linalg.pinv(ZHZ, rcond=1e-10, hermitian=True)
    return np.asarray(np.linalg.solve(ZX.T @ A @ ZX, ZX.T @ A @ Zy))


def covariance(a: tuple[str, int], b: tuple[str, int]) -> float:
    """Covariance of two errors when those in levels are white noise: a change is e_t - e_{t-1}."""

    def weights(place: tuple[str, int]) -> dict[int, float]:
        return {place[1]: 1.0, place[1] - 1: -1.0} if place[0] == "d" else {place[1]: 1.0}

    return sum(w * weights(b).get(t, 0.0) for t, w in weights(a).items())


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), kept=st.floats(0.75, 1.0), last=st.sampled_from([2, 3, 99]), system=st.booleans())
def test_one_step_agrees_with_cell_by_cell_arithmetic_on_panels_with_gaps(
    seed: int, kept: float, last: int, system: bool
) -> None:
    data = panel(50, 6, seed)
    data = data[np.random.default_rng(seed).uniform(size=len(data)) < kept]
    column = estimated(data, gmm=f"y:2:{last}", iv="x", system=system, steps=1)
    expected = plain_one_step(data, min(last, 6), system=system)
    assert [term.estimate for term in column.terms] == pytest.approx(expected, rel=1e-7, abs=1e-9)


# --- algebra ------------------------------------------------------------------------------------------------


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_deviations_and_differences_agree_when_all_lags_instrument_a_balanced_panel(seed: int) -> None:
    # Arellano and Bover (1995): with every lag of predetermined variables the optimal one-step estimate does not
    # depend on the transformation.
    data = panel(60, 6, seed)
    by_fd, by_fod = (estimated(data, gmm="y:2:99;x:1:99", transform=name, steps=1) for name in ("fd", "fod"))
    for ours, theirs in zip(by_fd.terms, by_fod.terms, strict=True):
        assert ours.estimate == pytest.approx(theirs.estimate, rel=1e-7)
        assert ours.se == pytest.approx(theirs.se, rel=1e-6)
    assert by_fd.stats["hansen"] == pytest.approx(by_fod.stats["hansen"], rel=1e-6)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_one_instrument_for_one_regressor_is_a_ratio_of_covariances(seed: int) -> None:
    data = panel(40, 5, seed)
    wide = data.pivot(index="year", columns="id", values="y").to_numpy()
    instrument, change, lagged = wide[:-2], np.diff(wide, axis=0)[1:], np.diff(wide, axis=0)[:-1]
    expected = (instrument * change).sum() / (instrument * lagged).sum()
    column = estimated(data, "y ~ L1.y", gmm="y:2:2:collapse", steps=1)
    assert column.term("L1.y").estimate == pytest.approx(expected, rel=1e-8)
    assert column.stats["sargan_df"] == 0


def stack_of(data: pd.DataFrame, **options: Any) -> Stack:
    given_options = specified(**options)
    parsed = parse_options("gmm", options, "test")
    declared = Declared(
        parse_formula(FORMULA), parsed, "id", "year",  # type: ignore[arg-type]
        parse_lag_instruments(options["gmm"]), parse_plain_instruments(options.get("iv", "")), "id",
    )  # fmt: skip
    levels = read_levels(data, given_options, declared)
    return build_system(levels, declared, np.arange(len(levels.cells.units), dtype=np.intp)).stack


@pytest.mark.parametrize("system", [False, True])
def test_windmeijers_correction_is_the_derivative_of_the_two_step_estimate(system: bool) -> None:
    stack = stack_of(panel(80, 6, 5), gmm="y:2:3", iv="x", system=system)
    fit = fit_moments(stack)

    def two_step(first: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        scores = stack.scores(stack.residuals(first))
        A = np.linalg.inv(scores.T @ scores)
        return np.asarray(np.linalg.solve(fit.ZX.T @ A @ fit.ZX, fit.ZX.T @ A @ fit.Zy))

    step = 1e-5
    k = fit.ZX.shape[1]
    shifts = np.eye(k) * step
    D = np.column_stack([(two_step(fit.beta[0] + s) - two_step(fit.beta[0] - s)) / (2 * step) for s in shifts])
    V, V1 = fit.bread[1], robust_covariance(fit)
    np.testing.assert_allclose(corrected_covariance(stack, fit), V + D @ V + V @ D.T + D @ V1 @ D.T, rtol=1e-5)


def test_the_gradient_of_the_two_step_criterion_vanishes_at_the_estimate() -> None:
    stack = stack_of(panel(80, 6, 6), gmm="y:2:99", iv="x", system=True)
    fit = fit_moments(stack)
    for step in (0, 1):
        gradient = fit.ZX.T @ fit.weights[step].matrix @ fit.moments(step)
        scale = np.abs(fit.ZX.T @ fit.weights[step].matrix).sum(axis=1) * np.abs(fit.moments(step)).max()
        assert np.abs(gradient / scale).max() < 1e-10


# --- invariance ---------------------------------------------------------------------------------------------

CHANGES: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "row order": lambda d: d.sample(frac=1, random_state=3),
    "unit labels": lambda d: d.assign(id="u" + (1000 - d["id"]).astype(str)),
    "calendar": lambda d: d.assign(year=d["year"] - 1999),
    "a unit with one row": lambda d: pd.concat([d, d.iloc[[4]].assign(id=777)]),
    "a column not read": lambda d: d.assign(z=np.nan),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("options", [{}, {"system": True, "transform": "fod"}, {"steps": 1, "system": True}])
def test_estimates_do_not_depend_on(change: str, options: dict[str, Any]) -> None:
    data = panel(50, 6, 11)
    data = data[~((data["id"] % 5 == 0) & (data["year"] == 2003))]
    given_options = {"gmm": "y:2:99;x:1:3:collapse", "time_dummies": True, **options}
    before = estimated(data, **given_options)
    after = estimated(CHANGES[change](data), **given_options)
    # Another order of units only moves the rounding of sums.
    assert numbers(after) == pytest.approx(numbers(before), rel=1e-7)


@settings(max_examples=10, deadline=None)
@given(power=st.integers(-6, 6), seed=st.integers(0, 1000))
def test_another_unit_of_measurement_rescales_and_changes_no_test(power: int, seed: int) -> None:
    data, scale = panel(50, 6, seed), 10.0**power
    options: dict[str, Any] = {"gmm": "y:2:99", "iv": "x", "system": True}
    before, after = estimated(data, **options), estimated(data.assign(x=data["x"] * scale), **options)
    assert after.term("x").estimate == pytest.approx(before.term("x").estimate / scale, rel=1e-7)
    assert after.term("L1.y").se == pytest.approx(before.term("L1.y").se, rel=1e-7)
    for name in ("hansen", "sargan", "ar2_z"):
        assert after.stats[name] == pytest.approx(before.stats[name], rel=1e-6)


def test_a_unit_effect_of_any_size_leaves_difference_gmm_alone() -> None:
    data = panel(50, 6, 4)
    moved = data.assign(x=data["x"] + 100 * data["id"])
    options: dict[str, Any] = {"gmm": "y:2:99", "iv": "x"}
    assert numbers(estimated(moved, **options)) == pytest.approx(numbers(estimated(data, **options)), rel=1e-8)


def test_the_same_call_gives_the_same_numbers_twice() -> None:
    data = panel(50, 6, 4)
    assert estimated(data, gmm="y:2:99", iv="x") == estimated(data, gmm="y:2:99", iv="x")


# --- recovery -----------------------------------------------------------------------------------------------

DESIGNS: dict[str, dict[str, Any]] = {
    "difference, one step": {"steps": 1},
    "difference, two steps": {},
    "difference, deviations": {"transform": "fod"},
    "system, two steps": {"system": True},
    "system, deviations, collapsed": {"system": True, "transform": "fod", "gmm": "y:2:99:collapse;x:1:99:collapse"},
}


@pytest.mark.parametrize("design", DESIGNS)
def test_simulated_panels_return_their_coefficients_with_honest_intervals(design: str) -> None:
    # Small unit effects: with large ones the bias of system GMM at N = 300 is half a standard error (it falls as
    # 1/N: .028, .007, .002 at 300, 1,200 and 4,800 units), which is the estimator's and not the code's.
    draws = 100
    options = {"gmm": "y:2:4;x:1:3", **DESIGNS[design]}
    columns = [estimated(panel(300, 7, 5000 + draw, spread=0.3), **options) for draw in range(draws)]
    for name, truth in (("L1.y", ALPHA), ("x", BETA)):
        found = np.array([column.term(name).estimate for column in columns], dtype=float)
        errors = np.array([column.term(name).se for column in columns], dtype=float)
        # Four Monte Carlo errors, and the small-sample bias of instruments (under a fifth of an error).
        assert abs(found.mean() - truth) < 4 * found.std() / draws**0.5 + 0.2 * errors.mean()
        # A coverage of 95% has a Monte Carlo error of 2 points over 100 draws.
        assert np.mean(np.abs(found - truth) < 1.96 * errors) > 0.88
        assert 0.8 < errors.mean() / found.std() < 1.25
    rejections = np.mean([float(str(column.stats["hansen_p"])) < 0.05 for column in columns])
    second = np.mean([float(str(column.stats["ar2_p"])) < 0.05 for column in columns])
    first = np.mean([float(str(column.stats["ar1_p"])) < 0.05 for column in columns])
    assert rejections < 0.15
    assert second < 0.15
    assert first == 1.0
