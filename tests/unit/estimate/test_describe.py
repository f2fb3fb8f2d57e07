import numpy as np
import pandas as pd
import pytest
from scipy import stats

from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Specification
from citypanel.errors import DeclarationError, EstimationError, InputError
from citypanel.estimate.analysis import estimate_analysis
from citypanel.result import Record

RNG = np.random.default_rng(2)
DATA = pd.DataFrame({"a": RNG.normal(size=50), "b": RNG.normal(size=50), "name": "x", "flat": 1.0})
DATA["c"] = DATA.a + DATA.b + RNG.normal(size=50)
DATA.loc[:4, "a"] = np.nan


def _record(method: str, terms: str, **given: object) -> Record:
    options = parse_options(method, given.pop("options", {}), "test")
    return estimate_analysis(DATA, [Specification(method, terms, options, **given)])


def test_describe_gives_moments_and_order_statistics_of_each_variable() -> None:
    record = _record("describe", "a + log(1 + flat)")
    row = record.curves["describe"][0]
    a = DATA.a.dropna()
    assert (row["variable"], row["n"]) == ("a", 45)
    found = [row[key] for key in ("mean", "sd", "min", "median", "max")]
    assert found == pytest.approx([a.mean(), a.std(), a.min(), a.median(), a.max()])
    assert record.columns[0].term("log(1+flat)").estimate == pytest.approx(np.log(2))


def test_describe_looks_at_the_rows_asked_for_after_winsorising_all() -> None:
    record = _record("describe", "b", where="b > 0", options={"winsorise": "0.1,0.9"})
    row = record.curves["describe"][0]
    ordered = np.sort(DATA.b)
    assert row["n"] == int((DATA.b > 0).sum())
    # 50 * .9 is whole, so the cut lies between the 45th and the 46th value.
    assert row["max"] == pytest.approx(ordered[44:46].mean())


def test_moments_of_each_group_are_those_of_its_rows_alone() -> None:
    data = DATA.assign(year=[2011, 2012] * 25)
    options = parse_options("describe", {"by": "year"}, "test")
    record = estimate_analysis(data, [Specification("describe", "a + b", options)])
    rows = {(row["variable"], row["group"]): row for row in record.curves["describe"]}
    assert list(rows) == [("a", 2011), ("a", 2012), ("b", 2011), ("b", 2012)]
    own = data.loc[data.year == 2012, "a"].dropna()
    found = [rows["a", 2012][key] for key in ("n", "mean", "sd", "cv")]
    assert found == pytest.approx([own.size, own.mean(), own.std(), own.std() / own.mean()])
    # The terms stay those of all rows, and tables learn what told the groups apart.
    assert record.columns[0].term("a").estimate == pytest.approx(data.a.mean())
    assert record.columns[0].stats["by"] == "year"


def test_densities_of_each_group_integrate_to_one_and_a_single_value_has_none() -> None:
    data = DATA.assign(year=[2011.0, 2012.0] * 25)
    data.loc[data.year == 2012, "a"] = 3.0
    options = parse_options("describe", {"by": "year", "density": "true"}, "test")
    record = estimate_analysis(data, [Specification("describe", "a + b", options)])
    curves: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for row in record.curves["density"]:
        curves.setdefault((row["variable"], row["group"]), []).append((row["x"], row["density"]))
    assert list(curves) == [("a", 2011), ("b", 2011), ("b", 2012)]
    for points in curves.values():
        x, height = np.array(points).T
        assert np.trapezoid(height, x) == pytest.approx(1, abs=2e-3)
    assert "a in year 2012 has one value only and no density" in record.warnings


def test_correlations_are_pairwise_with_their_own_n_and_p() -> None:
    rows = {(row["column"], row["row"]): row for row in _record("correlate", "a + b + c").curves["correlation"]}
    both = DATA[["a", "c"]].dropna()
    r, p = stats.pearsonr(both.a, both.c)
    found = rows["a", "c"]
    assert (found["n"], rows["b", "c"]["n"]) == (45, 50)
    assert (found["r"], found["p"]) == pytest.approx((r, p), rel=1e-9)
    assert rows["a", "a"]["r"] == 1


def test_a_variable_that_does_not_vary_has_no_correlation_and_says_so() -> None:
    record = _record("correlate", "b + flat")
    assert record.curves["correlation"][1]["r"] is None
    assert any("flat and b have no correlation" in text for text in record.warnings)


def test_variance_inflation_is_that_of_the_auxiliary_regressions() -> None:
    record = _record("vif", "a + b + c")
    complete = DATA[["a", "b", "c"]].dropna()
    expected = []
    for name in complete:
        others = np.column_stack([complete.drop(columns=name), np.ones(len(complete))])
        residuals = complete[name] - others @ np.linalg.lstsq(others, complete[name], rcond=None)[0]
        expected.append(((complete[name] - complete[name].mean()) ** 2).sum() / (residuals**2).sum())
    assert [term.estimate for term in record.columns[0].terms] == pytest.approx(expected, rel=1e-9)
    assert record.columns[0].stats["mean_vif"] == pytest.approx(np.mean(expected))
    assert record.warnings == ("5 rows left out: a variable is missing",)


@pytest.mark.parametrize(
    ("method", "terms", "kind", "message"),
    [
        ("vif", "b + flat", EstimationError, "vif does not exist: flat is constant or a combination"),
        ("describe", "name", InputError, "column 'name' is not numeric"),
        ("describe", "a + i(name)", DeclarationError, "a factor cannot be described"),
        ("correlate", "d", DeclarationError, "column 'd' is not in the data"),
    ],
)
def test_what_cannot_be_described_is_refused(method: str, terms: str, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        _record(method, terms)


def test_correlations_of_several_columns_keep_their_number_beside_the_variables() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": [1.0, 3.0, 2.0]})
    asked = [
        Specification("correlate", "a + b", parse_options("correlate", {}, "test"), where=w) for w in (None, "a < 4")
    ]
    rows = estimate_analysis(frame, asked).curves["correlation"]
    found = [(row["number"], row["n"]) for row in rows if (row["row"], row["column"]) == ("b", "a")]
    assert found == [("1", 3), ("2", 2)]
