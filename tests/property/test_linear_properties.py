"""Invariances of the linear estimator and an independent witness: explicit dummies by lstsq."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Specification
from citypanel.estimate.analysis import estimate_analysis
from citypanel.result import ColumnResult

seeds = st.integers(0, 10_000)
FORMULA = "y ~ x1 + x2 | city + year"
few = settings(max_examples=8, deadline=None)


def _panel(seed: int, cities: int = 14, years: int = 6, share: float = 0.8) -> pd.DataFrame:
    """An unbalanced panel with known effects; every city and year keeps two rows at least."""
    rng = np.random.default_rng(seed)
    city, year = np.divmod(np.arange(cities * years), years)
    kept = (rng.random(city.size) < share) | (year < 2) | (city < 2)
    frame = pd.DataFrame({"city": city, "year": 2000 + year})
    frame["province"] = frame.city // 4
    frame["x1"] = rng.normal(size=len(frame)) + frame.city / 5
    frame["x2"] = rng.normal(size=len(frame)) * (1 + frame.year - 2000)
    noise = rng.normal(size=len(frame)) * (1 + frame.city % 3)
    frame["y"] = 2 * frame.x1 - 0.5 * frame.x2 + frame.city + 0.3 * frame.year + noise
    frame["w"] = rng.integers(1, 4, len(frame)).astype(float)
    return frame[kept].reset_index(drop=True)


def _fit(frame: pd.DataFrame, formula: str = FORMULA, vcov: str = "iid", **given: object) -> ColumnResult:
    options = parse_options("linear", given.pop("options", {}), "test")
    specification = Specification("linear", formula, options, vcov=vcov, unit="city", time="year", **given)
    return estimate_analysis(frame, [specification]).columns[0]


def _dummies(codes: pd.Series) -> np.ndarray:
    return (codes.to_numpy()[:, None] == np.unique(codes)) * 1.0


def _lsdv(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Return coefficients of x1, x2, their columns less the dummies, residuals, and the rank of everything."""
    X, D = frame[["x1", "x2"]].to_numpy(), np.hstack([_dummies(frame.city), _dummies(frame.year)])
    y = frame.y.to_numpy()
    full = np.hstack([X, D])
    solution, _, rank, _ = np.linalg.lstsq(full, y, rcond=None)
    rest = X - D @ np.linalg.lstsq(D, X, rcond=None)[0]
    return solution[:2], rest, y - full @ solution, int(rank)


@given(seeds)
@few
def test_within_estimates_equal_explicit_dummies(seed: int) -> None:
    frame = _panel(seed)
    coefficients, rest, residuals, rank = _lsdv(frame)
    bread = np.linalg.inv(rest.T @ rest)
    n, S = len(frame), rest * residuals[:, None]
    sums = np.stack([S[frame.city == c].sum(axis=0) for c in np.unique(frame.city)])
    groups = len(sums)
    # Cities are nested in the clusters: slopes, years less one, and the constant are counted.
    k = 2 + frame.year.nunique() - 1 + 1
    factor = groups / (groups - 1) * (n - 1) / (n - k)
    expected = {
        "iid": bread * (residuals @ residuals) / (n - rank),
        "hetero": n / (n - rank) * bread @ (S.T @ S) @ bread,
        "cluster:city": factor * bread @ (sums.T @ sums) @ bread,
    }
    for vcov, matrix in expected.items():
        column = _fit(frame, vcov=vcov)
        # Two routes to one projection of some 80 rows: rounding only.
        assert [column.term(x).estimate for x in ("x1", "x2")] == pytest.approx(coefficients, rel=1e-9, abs=1e-10)
        assert [column.term(x).se for x in ("x1", "x2")] == pytest.approx(np.sqrt(np.diag(matrix)), rel=1e-8)
        assert column.stats["df_resid"] == n - rank
        df = {"cluster:city": groups - 1}.get(vcov, n - rank)
        t = column.term("x2").statistic
        assert column.term("x2").p == pytest.approx(2 * stats.t.sf(abs(t), df), rel=1e-9)


@given(seeds)
@few
def test_hc2_and_hc3_use_the_leverage_of_the_full_regression(seed: int) -> None:
    frame = _panel(seed)
    _, rest, residuals, _ = _lsdv(frame)
    full = np.hstack([frame[["x1", "x2"]], _dummies(frame.city), _dummies(frame.year)])
    leverage = np.diag(full @ np.linalg.pinv(full))
    bread = np.linalg.inv(rest.T @ rest)
    for power, vcov in ((0.5, "HC2"), (1.0, "HC3")):
        S = rest * (residuals / (1 - leverage) ** power)[:, None]
        expected = np.sqrt(np.diag(bread @ (S.T @ S) @ bread))
        column = _fit(frame, vcov=vcov)
        assert [column.term(x).se for x in ("x1", "x2")] == pytest.approx(expected, rel=1e-8)


@given(seeds, st.floats(1e-4, 1e4), st.floats(-1e3, 1e3))
@few
def test_rescaling_and_shifting_a_regressor_scales_its_row_only(seed: int, scale: float, shift: float) -> None:
    frame = _panel(seed)
    before = _fit(frame, vcov="cluster:city")
    after = _fit(frame.assign(x1=frame.x1 * scale + shift), vcov="cluster:city")
    # A shift of a thousand at a scale of 1e-4 leaves nine digits of the regressor.
    rel = 1e-6 if abs(shift) > 1e3 * scale else 1e-7
    assert after.term("x1").estimate * scale == pytest.approx(before.term("x1").estimate, rel=rel, abs=1e-8)
    assert after.term("x1").se * scale == pytest.approx(before.term("x1").se, rel=rel)
    assert after.term("x2").se == pytest.approx(before.term("x2").se, rel=rel)


@given(seeds)
@few
def test_row_order_and_names_of_units_do_not_matter(seed: int) -> None:
    frame = _panel(seed)
    moved = frame.sample(frac=1, random_state=seed).assign(city=lambda f: "c" + (99 - f.city).astype(str))
    before, after = _fit(frame, vcov="cluster:city+year"), _fit(moved, vcov="cluster:city+year")
    for name in ("x1", "x2", "Intercept"):
        assert after.term(name).estimate == pytest.approx(before.term(name).estimate, rel=1e-9, abs=1e-9)
    assert after.term("x1").se == pytest.approx(before.term("x1").se, rel=1e-8)


@given(seeds)
@few
def test_whole_weights_give_the_coefficients_of_repeated_rows(seed: int) -> None:
    frame = _panel(seed)
    repeated = frame.loc[frame.index.repeat(frame.w.astype(int))]
    weighted = _fit(frame, vcov="cluster:city", weights="w")
    plain = _fit(repeated, vcov="cluster:city")
    for name in ("x1", "x2", "Intercept"):
        assert weighted.term(name).estimate == pytest.approx(plain.term(name).estimate, rel=1e-9, abs=1e-9)
    # The clusters' meat is the same; N and K differ by the factor the record states.
    ratio = np.sqrt(weighted.vcov["factor"] / plain.vcov["factor"])
    assert weighted.term("x1").se == pytest.approx(plain.term("x1").se * ratio, rel=1e-8)


@given(seeds)
@few
def test_an_effect_nested_in_another_changes_nothing(seed: int) -> None:
    frame = _panel(seed)
    two, three = _fit(frame), _fit(frame, "y ~ x1 + x2 | city + year + province")
    assert three.term("x1").estimate == pytest.approx(two.term("x1").estimate, rel=1e-9, abs=1e-9)
    assert three.stats["df_resid"] == two.stats["df_resid"]


@given(seeds)
@few
def test_clusters_of_one_row_each_are_the_heteroskedastic_variance(seed: int) -> None:
    frame = _panel(seed).assign(row=lambda f: np.arange(len(f)))
    formula = "y ~ x1 + x2"
    cluster, hetero = _fit(frame, formula, "cluster:row"), _fit(frame, formula, "hetero")
    n, k = cluster.n, 3
    ratio = np.sqrt(n / (n - 1) * (n - 1) / (n - k) / (n / (n - k)))
    assert cluster.term("x1").se == pytest.approx(hetero.term("x1").se * ratio, rel=1e-10)


@given(seeds)
@few
def test_conley_with_a_tiny_radius_is_clustering_by_place(seed: int) -> None:
    frame = _panel(seed).assign(lat=lambda f: f.city * 2.0, lon=lambda f: f.city * 3.0)
    conley, cluster = (_fit(frame, vcov=v, options={"ssc": "none"}) for v in ("conley:1:lat:lon", "cluster:city"))
    assert conley.term("x1").se == pytest.approx(cluster.term("x1").se, rel=1e-9)


@given(seeds)
@few
def test_driscoll_kraay_without_lags_is_clustering_by_period(seed: int) -> None:
    frame = _panel(seed)
    dk, cluster = (_fit(frame, vcov=v, options={"ssc": "none"}) for v in ("dk:0", "cluster:year"))
    assert dk.term("x1").se == pytest.approx(cluster.term("x1").se, rel=1e-9)


@given(seeds)
@few
def test_newey_west_skips_gaps_of_the_calendar(seed: int) -> None:
    frame = _panel(seed)
    _, rest, residuals, _ = _lsdv(frame)
    S, bread = rest * residuals[:, None], np.linalg.inv(rest.T @ rest)
    meat = S.T @ S
    for i in range(len(frame)):
        for j in range(len(frame)):
            gap = frame.year[i] - frame.year[j]
            if frame.city[i] == frame.city[j] and 1 <= gap <= 2:
                cross = np.outer(S[i], S[j])
                meat += (1 - gap / 3) * (cross + cross.T)
    expected = np.sqrt(np.diag(bread @ meat @ bread))
    column = _fit(frame, vcov="hac:2", options={"ssc": "none"})
    assert [column.term(x).se for x in ("x1", "x2")] == pytest.approx(expected, rel=1e-8)


@given(seeds)
@few
def test_the_base_constant_is_that_of_explicit_dummies(seed: int) -> None:
    frame = _panel(seed)
    for vcov, weights in (("iid", None), ("hetero", None), ("iid", "w")):
        absorbed = _fit(frame, vcov=vcov, weights=weights, options={"constant": "base"})
        explicit = _fit(frame, "y ~ x1 + x2 + i(city) + i(year)", vcov, weights=weights)
        for name in ("x1", "x2", "Intercept"):
            expected = explicit.term(name)
            assert absorbed.term(name).estimate == pytest.approx(expected.estimate, rel=1e-8, abs=1e-8)
            assert absorbed.term(name).se == pytest.approx(expected.se, rel=1e-7)
