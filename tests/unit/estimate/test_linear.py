import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Specification
from citypanel.errors import DeclarationError, EstimationError
from citypanel.estimate.analysis import estimate_analysis
from citypanel.estimate.variance import great_circle_km
from citypanel.result import Record

RNG = np.random.default_rng(11)
PANEL = pd.DataFrame({"city": np.repeat(np.arange(12), 5), "year": np.tile(np.arange(2010, 2015), 12)})
PANEL["x"] = RNG.normal(size=60) + PANEL.city
PANEL["z"] = RNG.normal(size=60)
PANEL["y"] = PANEL.x - PANEL.z + PANEL.city + RNG.normal(size=60)
PANEL["half"] = PANEL.x / 2
PANEL["capital"] = (PANEL.city % 2).astype(float)
PANEL["one"] = 1.0


def _record(formula: str, frame: pd.DataFrame = PANEL, **given: object) -> Record:
    options = parse_options("linear", given.pop("options", {}), "test")
    return estimate_analysis(frame, [Specification("linear", formula, options, **given)])


def test_collinear_regressors_are_left_out_and_named() -> None:
    record = _record("y ~ x + half + z | city")
    assert [term.term for term in record.columns[0].terms] == ["x", "z", "Intercept"]
    assert "left out as collinear: half" in record.warnings


def test_a_regressor_without_variation_within_the_effects_is_left_out_and_named() -> None:
    record = _record("y ~ x + capital | city")
    assert "left out as collinear: capital" in record.warnings


def test_a_column_of_ones_yields_to_the_intercept() -> None:
    record = _record("y ~ one + x")
    assert [term.term for term in record.columns[0].terms] == ["x", "Intercept"]
    assert "left out as collinear: one" in record.warnings


def test_nearly_collinear_regressors_keep_their_digits() -> None:
    # x and its copy differ by 1e-4: the normal equations would lose eight digits, QR loses four.
    wobble = RNG.normal(size=60)
    frame = PANEL.assign(copy=PANEL.x + 1e-4 * wobble)
    frame["y"] = 3 * frame.x + 2 * (frame["copy"] - frame.x) / 1e-4
    column = _record("y ~ x + copy", frame).columns[0]
    assert column.term("copy").estimate == pytest.approx(2e4, rel=1e-8)


def test_a_perfect_fit_is_told_and_does_not_crash() -> None:
    record = _record("y ~ x + z", PANEL.assign(y=PANEL.x + PANEL.z))
    assert record.columns[0].term("x").estimate == pytest.approx(1)
    assert any("perfect fit" in text for text in record.warnings)


def test_an_outcome_that_does_not_vary_is_told_and_has_no_r2() -> None:
    record = _record("y ~ x | city", PANEL.assign(y=5.0))
    assert "outcome y does not vary" in record.warnings
    assert record.columns[0].stats["r2"] is None
    assert "NaN" not in record.to_json()


def test_without_regressors_the_constant_is_the_mean() -> None:
    column = _record("y ~ 1").columns[0]
    assert column.term("Intercept").estimate == pytest.approx(PANEL.y.mean())
    assert column.term("Intercept").se == pytest.approx(PANEL.y.std() / np.sqrt(60))


def test_the_constant_beside_fixed_effects_is_at_the_means() -> None:
    column = _record("y ~ x + z | city + year").columns[0]
    slopes = sum(column.term(name).estimate * PANEL[name].mean() for name in ("x", "z"))
    assert column.term("Intercept").estimate == pytest.approx(PANEL.y.mean() - slopes)


@pytest.mark.parametrize(
    ("vcov", "statsmodels"), [("iid", "nonrobust"), ("hetero", "HC1"), ("HC2", "HC2"), ("HC3", "HC3")]
)
def test_f_of_all_terms_is_that_of_explicit_dummies_in_statsmodels(vcov: str, statsmodels: str) -> None:
    import statsmodels.formula.api as smf

    answer = _record("y ~ x + z | city + year", vcov=vcov, options={"f_terms": "all"}).columns[0].stats
    oracle = smf.ols("y ~ x + z + C(city) + C(year)", PANEL).fit(cov_type=statsmodels, use_t=True)
    # Both solve 60 rows directly; the joint test of 17 terms loses some digits on the way.
    assert answer["f"] == pytest.approx(oracle.fvalue, rel=1e-8)
    assert answer["f_p"] == pytest.approx(oracle.f_pvalue, rel=1e-6)
    assert (answer["f_df1"], answer["f_df2"], answer["f_terms"]) == (2 + 11 + 4, 60 - 18, "all")


def test_f_tests_the_slopes_unless_asked_and_leaves_the_rest_as_it_is() -> None:
    slopes, everything = (
        _record("y ~ x + z | city + year", vcov="hetero", options={"f_terms": terms}).columns[0]
        for terms in ("slopes", "all")
    )
    assert (slopes.stats["f_df1"], slopes.stats["f_terms"]) == (2, "slopes")
    assert slopes.terms == everything.terms
    assert slopes.vcov == everything.vcov


def test_f_of_all_terms_leaves_out_dummies_that_others_imply() -> None:
    # Two groups of cities without common years: one more dummy is redundant than on a connected panel.
    frame = PANEL.assign(year=PANEL.year + 10 * (PANEL.city > 5))
    stats = _record("y ~ x + z | city + year", frame, vcov="hetero", options={"f_terms": "all"}).columns[0].stats
    assert stats["f_df1"] == 2 + 11 + 9 - 1


def test_f_of_more_terms_than_clusters_allow_does_not_exist() -> None:
    stats = _record("y ~ x + z | city + year", vcov="cluster:city", options={"f_terms": "all"}).columns[0].stats
    assert (stats["f"], stats["f_p"]) == (None, None)


def test_singletons_are_dropped_again_and_again_counted_and_can_be_kept() -> None:
    # Row 60 is alone in its city; once it is gone row 0 is alone in year 1999.
    frame = pd.concat([PANEL, PANEL.tail(1).assign(city=99, year=1999)], ignore_index=True)
    frame.loc[0, "year"] = 1999
    dropped, kept = (_record("y ~ x | city + year", frame, options={"singletons": s}) for s in ("drop", "keep"))
    assert (dropped.columns[0].n, kept.columns[0].n) == (59, 61)
    assert dropped.columns[0].stats["singletons"] == 2
    assert "2 rows left out: alone in a fixed effect (singletons)" in dropped.warnings
    assert dropped.columns[0].term("x").estimate == pytest.approx(kept.columns[0].term("x").estimate)


def test_the_variance_states_its_convention() -> None:
    column = _record("y ~ x + z | city + year", vcov="cluster:city").columns[0]
    assert column.clusters == 12
    # 60 rows, 2 slopes, 4 years beside the first, the constant; cities are nested in the clusters.
    factor = 12 / 11 * 59 / (60 - 7)
    assert column.vcov == {
        "type": "cluster", "by": ["city"], "ssc": "reghdfe", "df": 11, "k": 7,
        "factor": pytest.approx(factor), "groups": [12],
    }  # fmt: skip
    assert (column.stats["df_resid"], column.stats["k"]) == (60 - 2 - 12 - 4, 18)


def test_no_convention_is_iid() -> None:
    assert _record("y ~ x").columns[0].vcov["type"] == "iid"


@pytest.mark.parametrize(
    ("formula", "given", "kind", "message"),
    [
        ("y ~ x", {"vcov": "cluster:one"}, EstimationError, "cluster key 'one' has one level"),
        ("y ~ x", {"options": {"estimator": "2sls"}}, DeclarationError, "needs 'endogenous ~ instruments'"),
        ("y ~ x | city^year", {}, EstimationError, "every row is alone in a fixed effect"),
        ("y ~ x", {"where": "year == 2010 and city < 2"}, EstimationError, "2 rows cannot carry 2 parameters"),
        ("y ~ x", {"vcov": "hac:1"}, EstimationError, "vcov hac needs the panel's unit and time"),
        ("y ~ x", {"vcov": "conley:100:x:city"}, None, ""),
        ("y ~ x", {"vcov": "conley:100:year:city"}, EstimationError, "year must hold degrees in -90..90"),
        ("y ~ x", {"options": {"estimator": "random"}}, DeclarationError, "between and random take one grouping"),
        ("y ~ x | city | z ~ half", {"options": {"f_terms": "all"}}, DeclarationError, "f_terms=all, .* least squares"),
        ("y ~ x | city^year", {"vcov": "HC3", "options": {"singletons": "keep"}}, EstimationError, "cannot carry"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_one_line(
    formula: str, given: dict, kind: type[Exception] | None, message: str
) -> None:
    if kind is None:
        assert _record(formula, **given).columns[0].vcov["type"] == "conley"
        return
    with pytest.raises(kind, match=message) as caught:
        _record(formula, **given)
    assert "\n" not in str(caught.value)


def test_more_coefficients_than_clusters_have_no_joint_test() -> None:
    frame = PANEL.assign(half_of=PANEL.city // 6)
    column = _record("y ~ x + z + i(year)", frame, vcov="cluster:half_of").columns[0]
    assert column.stats["f"] is None
    assert column.term("x").se > 0


def test_great_circles_are_those_of_the_sphere() -> None:
    # A quarter of a meridian is 6371 * pi / 2; Shanghai to Beijing is some 1,068 km by published tables.
    places = np.array([[0.0, 0.0], [90.0, 0.0], [31.2304, 121.4737], [39.9042, 116.4074]])
    distance = great_circle_km(places, places)
    assert distance[0, 1] == pytest.approx(6371 * np.pi / 2)
    assert distance[2, 3] == pytest.approx(1068, abs=2)
    assert np.array_equal(np.diag(distance), np.zeros(4))


PROGRAM = """
import sys
import numpy as np, pandas as pd
from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Specification
from citypanel.estimate.analysis import estimate_analysis
rng = np.random.default_rng(4)
frame = pd.DataFrame({"city": np.repeat(np.arange(300), 12), "year": np.tile(np.arange(12), 300)})
names = ["x", "z", *(f"x{j}" for j in range(8))]
frame = frame.assign(y=rng.normal(size=3600), **{name: rng.normal(size=3600) for name in names})
frame = frame.sample(3500, random_state=1)
options = parse_options("linear", {}, "test")
everything = " + ".join(names)
formulas = [f"y ~ {everything} | city + year", f"y ~ {everything}", "y ~ x | city | z ~ x1 + x2"]
asked = [Specification("linear", f, options, unit="city", time="year", vcov="cluster:city+year") for f in formulas]
sys.stdout.write(estimate_analysis(frame, asked).to_json())
heavy = {"statsmodels", "linearmodels", "matplotlib", "duckdb", "sklearn", "openpyxl", "networkx", "pyarrow"}
sys.stderr.write(" ".join(sorted(heavy & set(sys.modules))))
"""


def _run(seed: int, threads: int) -> tuple[str, str]:
    environment = {**os.environ, "PYTHONHASHSEED": str(seed), "OMP_NUM_THREADS": str(threads)}
    environment["OPENBLAS_NUM_THREADS"] = str(threads)
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    return done.stdout, done.stderr


def test_records_are_the_same_bytes_under_any_hash_seed_and_thread_count() -> None:
    runs = [_run(seed, threads) for seed, threads in ((0, 1), (1, 2), (2, 1), (3, 2))]
    assert len({out for out, _ in runs}) == 1


def test_a_linear_job_imports_nothing_heavier_than_numpy_scipy_and_pandas() -> None:
    _, loaded = _run(0, 1)
    # pandas itself loads pyarrow where it is installed, for its text columns.
    assert set(loaded.split()) <= {"pyarrow"}


def test_a_tolerant_analysis_keeps_the_place_of_a_column_that_cannot_be_estimated() -> None:
    options = parse_options("linear", {}, "test")
    formulas = ("y ~ x", "y ~ x | city^year", "y ~ z")
    asked = [Specification("linear", formula, options, label=formula) for formula in formulas]
    record = estimate_analysis(PANEL, asked, study="s", analysis="a", tolerant=True)
    assert [(column.column, column.label, bool(column.terms)) for column in record.columns] == [
        ("1", "y ~ x", True),
        ("2", "y ~ x | city^year", False),
        ("3", "y ~ z", True),
    ]
    assert any(text.startswith("study s, analysis 'a', column 2: not estimated: ") for text in record.warnings)
    with pytest.raises(EstimationError, match="every row is alone"):
        estimate_analysis(PANEL, asked, study="s", analysis="a")
