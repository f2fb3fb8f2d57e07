"""The spatial method from a table to a record: names, conventions, warnings and refusals."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Specification
from citypanel.errors import CitypanelError, DeclarationError, EstimationError, InputError
from citypanel.estimate import spatial, spatial_lm
from citypanel.estimate.analysis import estimate_analysis
from citypanel.estimate.outcome import Estimate

UNITS, PERIODS = 12, 6


@pytest.fixture
def w(tmp_path: Path) -> str:
    return save(tmp_path, neighbours())


def neighbours() -> np.ndarray:
    places = np.random.default_rng(2).uniform(size=(UNITS, 2))
    distance = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    np.fill_diagonal(distance, np.inf)
    return 1 / distance


def save(folder: Path, matrix: np.ndarray, name: str = "w.csv") -> str:
    path = folder / name
    np.savetxt(path, matrix, delimiter=",", fmt="%.17g")
    return str(path)


def panel(rho: float = 0.4) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    matrix = neighbours() / neighbours().sum(axis=1, keepdims=True)
    x, z = rng.normal(size=(2, UNITS, PERIODS))
    noise = rng.normal(size=(UNITS, PERIODS)) * 0.5
    y = np.linalg.solve(np.eye(UNITS) - rho * matrix, x - 0.5 * z + rng.normal(size=(UNITS, 1)) + noise)
    return pd.DataFrame(
        {
            "city": np.repeat(np.arange(UNITS) + 100, PERIODS),
            "year": np.tile(np.arange(PERIODS) + 2010, UNITS),
            "y": y.ravel(),
            "x": x.ravel(),
            "z": z.ravel(),
        }
    )


def run(data: pd.DataFrame, w: str, formula: str = "y ~ x + z", vcov: str | None = None, **options: Any) -> Estimate:
    chosen = parse_options("spatial", {"w": w, **options}, "test")
    return spatial.estimate(data, Specification("spatial", formula, chosen, "city", "year", vcov))


def test_terms_statistics_and_the_curve_have_the_names_of_the_contract(w: str) -> None:
    answer = run(panel(), w, model="sdm")
    column = answer.columns[0]
    assert [term.term for term in column.terms] == ["x", "z", "W.x", "W.z", "rho"]
    wanted = "sigma2 loglik aic r2 lr_vs_sar lr_vs_sem wald_vs_sar wald_vs_sem r2_within r2_corr sigma2_se sigma2_z"
    assert set(wanted.split()) <= set(column.stats)
    rows = answer.curves["impacts"]
    assert [(row["term"], row["effect"]) for row in rows] == [
        (term, effect) for term in ("x", "z") for effect in ("direct", "indirect", "total")
    ]
    assert {"estimate", "se", "statistic", "p", "mc_mean", "mc_unstable"} <= set(rows[0])
    assert (column.n, column.units, column.periods) == (72, 12, 6)
    assert column.fixed_effects == ("city", "year")


def test_the_error_model_calls_its_parameter_lambda_and_has_no_impacts(w: str) -> None:
    answer = run(panel(), w, model="sem")
    assert [term.term for term in answer.columns[0].terms] == ["x", "z", "lambda"]
    assert answer.curves == {}
    both = run(panel(), w, model="sac").columns[0]
    assert [term.term for term in both.terms] == ["x", "z", "rho", "lambda"]


def test_the_record_states_weights_range_and_conventions(w: str) -> None:
    column = run(panel(), w).columns[0]
    assert column.vcov["weights"] == "row-standardised"
    assert column.vcov["stable_high"] == pytest.approx(1.0)
    assert column.vcov["stable_low"] < 0
    assert column.vcov["twoways_lag"] == "W(Qy)"
    assert column.vcov["information"] == "expected"
    raw = run(panel(), w, row_standardise=False, twoways_lag="dummies", information="observed").columns[0]
    assert (raw.vcov["weights"], raw.vcov["twoways_lag"]) == ("raw", "Q(Wy)")
    assert raw.vcov["information"] == "observed"


def test_aic_counts_slopes_rho_and_sigma2(w: str) -> None:
    stats = run(panel(), w).columns[0].stats
    assert stats["aic"] == pytest.approx(2 * 4 - 2 * float(str(stats["loglik"])))


def test_the_order_of_rows_does_not_matter(w: str) -> None:
    data = panel()
    mixed = data.sample(frac=1.0, random_state=1)
    for ours, theirs in zip(run(data, w).columns[0].terms, run(mixed, w).columns[0].terms, strict=True):
        assert theirs.estimate == pytest.approx(ours.estimate, rel=1e-10)
        assert theirs.se == pytest.approx(ours.se, rel=1e-9)


def test_simulated_effects_are_the_same_for_the_same_seed_and_stated(w: str) -> None:
    first, second = run(panel(), w, impacts="mc"), run(panel(), w, impacts="mc")
    assert first.curves == second.curves
    assert isinstance(first.columns[0].stats["mc_seed"], int)
    row = first.curves["impacts"][0]
    assert row["se"] == row["mc_sd_stable"]


def test_draws_outside_the_stable_range_are_counted_and_warned_of(w: str) -> None:
    data = panel(rho=0.97)
    short = data[data["year"] < 2012]
    answer = run(short, w, effects_fe="unit")
    unstable = answer.curves["impacts"][0]["mc_unstable"]
    assert isinstance(unstable, int)
    assert unstable > 0
    assert any(f"{unstable} of the simulated draws lie outside the stable range" in text for text in answer.warnings)


def test_a_collinear_regressor_is_left_out_and_named(w: str) -> None:
    data = panel().assign(twice=lambda d: 2 * d["x"], fixed=lambda d: d["city"] * 1.0)
    answer = run(data, w, "y ~ x + twice + fixed + z")
    assert [term.term for term in answer.columns[0].terms] == ["x", "z", "rho"]
    assert "collinear regressors were left out: twice, fixed" in answer.warnings


def test_durbin_lags_the_named_regressors_only(w: str) -> None:
    column = run(panel(), w, model="sdm", durbin="z").columns[0]
    assert [term.term for term in column.terms] == ["x", "z", "W.z", "rho"]
    assert column.stats["test_df"] == 1


def test_robust_standard_errors_are_offered_and_near_the_classical_ones_on_plain_noise(w: str) -> None:
    data = panel()
    plain = run(data, w, information="observed").columns[0]
    hetero = run(data, w, vcov="hetero").columns[0]
    clustered = run(data, w, vcov="cluster:city").columns[0]
    assert hetero.vcov["type"] == "hetero"
    assert clustered.clusters == UNITS
    for name in ("x", "z", "rho"):
        assert hetero.term(name).estimate == plain.term(name).estimate
        # 72 rows: robust errors of plain noise scatter by a quarter, twelve clusters by more.
        assert hetero.term(name).se == pytest.approx(plain.term(name).se, rel=0.4)
        assert clustered.term(name).se == pytest.approx(plain.term(name).se, rel=0.7)


def test_a_single_cross_section_needs_no_keys(w: str) -> None:
    data = panel().query("year == 2010").drop(columns=["city", "year"])
    chosen = parse_options("spatial", {"w": w, "effects_fe": "none"}, "test")
    answer = spatial.estimate(data, Specification("spatial", "y ~ x", chosen))
    assert [term.term for term in answer.columns[0].terms] == ["x", "Intercept", "rho"]
    assert answer.columns[0].n == UNITS


def test_lm_tests_join_by_their_identity(w: str) -> None:
    for effects in ("none", "unit", "time", "both"):
        for lag in ("demeaned", "dummies"):
            options = parse_options("spatial_lm", {"w": w, "effects_fe": effects, "twoways_lag": lag}, "test")
            stats = (
                spatial_lm.estimate(panel(), Specification("spatial_lm", "y ~ x", options, "city", "year"))
                .columns[0]
                .stats
            )
            left = float(str(stats["lm_error"])) + float(str(stats["rlm_lag"]))
            assert left == pytest.approx(float(str(stats["lm_lag"])) + float(str(stats["rlm_error"])), rel=1e-10)


def test_an_unbalanced_panel_is_fitted_where_the_likelihood_allows_it(w: str) -> None:
    data = panel().drop(index=[3, 20, 41])
    column = run(data, w, twoways_lag="dummies").columns[0]
    assert (column.n, column.vcov["balanced"]) == (69, False)
    assert run(data, w, model="sem", effects_fe="time").columns[0].n == 69


REFUSALS: list[tuple[dict[str, Any], type[CitypanelError], str]] = [
    ({"formula": "y ~ x | city + year"}, DeclarationError, "takes effects by the option effects_fe"),
    ({"formula": "y ~ 1 | x ~ z"}, DeclarationError, "takes no instruments"),
    ({"vcov": "cluster:year"}, DeclarationError, "takes iid, hetero or cluster:city"),
    ({"vcov": "dk:2"}, DeclarationError, "takes iid, hetero or cluster:city"),
    ({"leeyu": True, "effects_fe": "none"}, DeclarationError, "corrects for effects"),
    ({"leeyu": True, "row_standardise": False}, DeclarationError, "rows sum to one"),
    ({"model": "sem", "twoways_lag": "dummies", "row_standardise": False}, DeclarationError, "rows sum to one"),
    ({"model": "sdm", "durbin": "q"}, DeclarationError, "durbin names 'q'; the regressors are x, z"),
    ({"formula": "y ~ nothing"}, DeclarationError, "column 'nothing' is not in the data"),
    ({"w": "nowhere.csv"}, InputError, "there is no such file"),
    ({"formula": "y ~ y"}, EstimationError, "explain the outcome exactly"),
    ({"formula": "y ~ city"}, EstimationError, "no regressor is left"),
]


@pytest.mark.parametrize(("change", "kind", "message"), REFUSALS)
def test_what_cannot_be_estimated_is_refused_with_a_reason(
    w: str, change: dict[str, Any], kind: type[CitypanelError], message: str
) -> None:
    with pytest.raises(kind, match=message):
        run(panel(), **{"w": w, **change})


def test_an_unbalanced_panel_is_refused_where_the_likelihood_does_not_exist(w: str) -> None:
    data = panel().drop(index=[3])
    with pytest.raises(DeclarationError, match="use twoways_lag=dummies"):
        run(data, w)
    with pytest.raises(DeclarationError, match="model=sem with effects_fe=both needs a balanced panel"):
        run(data, w, model="sem", twoways_lag="dummies")
    with pytest.raises(DeclarationError, match="leeyu=true needs a balanced panel"):
        run(data, w, leeyu=True)


def test_one_period_cannot_carry_unit_effects(w: str) -> None:
    with pytest.raises(DeclarationError, match="needs two periods or more"):
        run(panel().query("year == 2010"), w)


def test_two_rows_of_one_unit_in_a_period_are_refused(w: str) -> None:
    data = pd.concat([panel(), panel().iloc[[5]]])
    with pytest.raises(InputError, match="has 2 rows in period"):
        run(data, w)


def test_negative_weights_and_islands_are_refused(tmp_path: Path) -> None:
    bad = neighbours()
    bad[2, 3] = -1.0
    with pytest.raises(InputError, match="negative"):
        run(panel(), save(tmp_path, bad))
    alone = neighbours()
    alone[4] = 0.0
    with pytest.raises(InputError, match="no neighbour in the sample for 104"):
        run(panel(), save(tmp_path, alone))


def test_asymmetric_weights_with_complex_eigenvalues_are_estimated(tmp_path: Path) -> None:
    ring = np.roll(np.eye(UNITS), 1, axis=1) + 0.5 * np.roll(np.eye(UNITS), 2, axis=1)
    column = run(panel(), save(tmp_path, ring), model="sdm").columns[0]
    assert column.vcov["eigenvalues"] == "complex"
    assert np.isfinite([term.se for term in column.terms]).all()


def test_the_record_of_an_analysis_is_plain_json(w: str) -> None:
    chosen = parse_options("spatial", {"w": w, "model": "sdm"}, "test")
    record = estimate_analysis(panel(), [Specification("spatial", "y ~ x", chosen, "city", "year")])
    assert '"impacts"' in record.to_json()
