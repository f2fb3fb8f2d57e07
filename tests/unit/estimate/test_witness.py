"""The second witness agrees where both are right, and tells where one is not."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from citypanel.declare.slices import specifications
from citypanel.errors import EstimationError
from citypanel.estimate.analysis import estimate_analysis
from citypanel.estimate.witness import (
    AGREES,
    DISAGREES,
    PARTLY,
    SILENT,
    agreement,
    digits,
    disagreements,
    read_rows,
    require_agreement,
    witness_rows,
)
from citypanel.result import Record

pytest.importorskip("linearmodels")


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    """An unbalanced panel with singletons, a collinear column, regions, weights and an instrument."""
    rng = np.random.default_rng(11)
    frame = pd.DataFrame({"city": np.repeat(np.arange(30), 8), "year": np.tile(2010 + np.arange(8), 30)})
    frame = frame[(rng.uniform(size=len(frame)) > 0.15) | (frame["city"] < 3)]
    frame = frame[(frame["city"] != 29) | (frame["year"] == 2012)].reset_index(drop=True)
    n = len(frame)
    frame["province"] = frame["city"] % 10
    frame["z"], frame["z2"], frame["x2"] = rng.normal(size=(3, n))
    noise = rng.normal(size=n)
    frame["x1"] = frame["z"] + 0.4 * frame["z2"] + noise + frame["city"] / 20
    frame["twin"] = 2 * frame["x2"]
    frame["w"] = rng.uniform(0.5, 2, size=n)
    shocks = rng.normal(size=30)[frame["city"]] + 0.1 * (frame["year"] - 2010)
    frame["y"] = (
        1 + 0.5 * frame["x1"] - frame["x2"] + shocks + (1 + 0.1 * frame["x2"] ** 2) * rng.normal(size=n) + noise
    )
    frame["lat"], frame["lon"] = 30 + frame["city"] / 10, 110 + frame["city"] / 7
    return frame


def analysis(formula: str, method: str = "linear", **given: Any) -> dict[str, Any]:
    column = {
        "method": method,
        "formula": formula,
        "vcov": given.pop("vcov", None),
        "weights": given.pop("weights", None),
        "where": given.pop("where", None),
        "winsorise": given.pop("winsorise", []),
        "seed": 1,
        "options": given,
    }
    return {"study": "mine", "analysis": "baseline", "columns": [column]}


def heard(panel: pd.DataFrame, declared: dict[str, Any]) -> pd.DataFrame:
    record = estimate_analysis(panel, specifications(declared))
    return witness_rows(panel, declared, Record.from_json(record.to_json()))


KINDS = ["iid", "hetero", "cluster:city", "cluster:province", "cluster:city+year", "dk:2"]


@pytest.mark.parametrize("vcov", KINDS)
@pytest.mark.parametrize("effects", ["", " | city", " | year", " | city + year", " | province + year"])
@pytest.mark.parametrize("weights", [None, "w"])
def test_least_squares_agree_with_the_libraries_in_nine_digits(panel, effects, vcov, weights) -> None:
    rows = heard(panel, analysis(f"y ~ x1 + x2 + twin{effects}", vcov=vcov, weights=weights))
    assert set(rows["verdict"]) == {AGREES}, rows.to_string()
    assert rows["se_digits"].min() > 9
    assert rows["digits"].min() > 9
    assert "twin" not in set(rows["term"])


@pytest.mark.parametrize("vcov", ["iid", "hetero", "cluster:city", "cluster:city+year"])
@pytest.mark.parametrize("effects", ["", " | city", " | city + year"])
@pytest.mark.parametrize("weights", [None, "w"])
def test_instruments_agree_with_the_libraries_in_nine_digits(panel, effects, vcov, weights) -> None:
    rows = heard(panel, analysis(f"y ~ x2{effects or ' | 0'} | x1 ~ z + z2", vcov=vcov, weights=weights))
    assert set(rows["verdict"]) == {AGREES}, rows.to_string()
    assert rows[["digits", "se_digits"]].min().min() > 9


@pytest.mark.parametrize(
    ("formula", "options"),
    [
        ("y ~ x1 + x2 | city + year", {"vcov": "HC2"}),
        ("y ~ x1 + x2 | city + year", {"vcov": "HC3"}),
        ("y ~ x1 + x2", {"vcov": "HC3"}),
        ("y ~ x1 + x2 | city", {"constant": "base", "vcov": "cluster:city"}),
        ("y ~ x1 + x2 | city + year", {"constant": "base"}),
        ("y ~ x1 + x2 | city", {"estimator": "between"}),
        ("y ~ x1 + x2 | city", {"estimator": "random"}),
        ("y ~ x1 + x2 | city", {"ssc": "none", "vcov": "cluster:city"}),
        ("y ~ x1 + x2 | city + year", {"singletons": "keep", "vcov": "hetero"}),
        ("y ~ x2 | city | x1 ~ z + z2", {"estimator": "liml"}),
    ],
)
def test_other_conventions_agree_too(panel, formula, options) -> None:
    rows = heard(panel, analysis(formula, **options))
    assert set(rows["verdict"]) <= {AGREES, SILENT}, rows.to_string()
    assert (rows["verdict"] == AGREES).sum() >= 3
    assert rows[["digits", "se_digits"]].min().min() > 9


def test_hac_within_units_agrees_where_no_year_is_missing(panel) -> None:
    full = panel[panel["city"] < 3]
    rows = heard(full, analysis("y ~ x1 + x2 | city", vcov="hac:2"))
    assert rows[rows["term"].isin(["x1", "x2"])]["se_digits"].min() > 9


@pytest.mark.parametrize(
    ("formula", "options"),
    [
        ("y ~ x1 + x2 | city + year", {"vcov": "conley:300:lat:lon"}),
        ("y ~ x1 + x2 | city + year + province", {"vcov": "hetero"}),
        ("y ~ x1 + x2 | city + year", {"vcov": "hac:2"}),
        ("y ~ x2 | city | x1 ~ z + z2", {"estimator": "liml", "vcov": "hetero"}),
    ],
)
def test_what_a_library_cannot_express_is_said_beside_the_coefficient(panel, formula, options) -> None:
    rows = heard(panel, analysis(formula, **options))
    slopes = rows[rows["term"].isin(["x1", "x2"])]
    assert set(slopes["verdict"]) == {PARTLY}
    assert slopes["digits"].min() > 9
    assert slopes["remark"].str.len().min() > 20


def test_a_year_that_nobody_has_leaves_the_libraries_lags_without_a_calendar(panel) -> None:
    without = panel[panel["year"] != 2013]
    rows = heard(without, analysis("y ~ x1 + x2 | city + year", vcov="dk:2"))
    assert set(rows["verdict"]) == {AGREES, PARTLY}
    assert rows["remark"].str.contains("whole periods are missing").all()


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize(
    ("formula", "estimator"),
    [
        ("y ~ x1 + x2", "pooled"),
        ("y ~ x1 + x2 | year", "pooled"),
        ("y ~ x1 + x2 | city + year", "mmqr"),
        ("y ~ x1 + x2", "mmqr"),
        ("y ~ x1 + x2 | city + year", "canay"),
    ],
)
def test_quantiles_agree_in_coefficients(panel, formula, estimator, weights) -> None:
    rows = heard(panel, analysis(formula, "quantile", estimator=estimator, weights=weights, quantiles=[0.25, 0.6]))
    if estimator == "canay" and weights:
        assert set(rows["verdict"]) == {SILENT}
        return
    assert set(rows["verdict"]) == {AGREES, PARTLY}, rows.to_string()
    assert rows["digits"].min() > 7
    assert set(rows["column"]) == {"0.25", "0.6"}


def test_a_corrupted_record_is_caught_with_study_analysis_column_and_term(panel) -> None:
    declared = analysis("y ~ x1 + x2 | city + year", vcov="cluster:city")
    record = estimate_analysis(panel, specifications(declared))
    column = record.columns[0]
    for change in ({"estimate": column.terms[0].estimate * (1 + 1e-6)}, {"se": column.terms[0].se * (1 + 1e-5)}):
        terms = (replace(column.terms[0], **change), *column.terms[1:])
        rows = witness_rows(panel, declared, record.with_columns([replace(column, terms=terms)]))
        assert list(rows[rows["verdict"] == DISAGREES]["term"]) == ["x1"]
        with pytest.raises(EstimationError, match="study mine, analysis 'baseline', column 1, term 'x1'"):
            require_agreement(rows)
    fewer = record.with_columns([replace(column, n=column.n - 1)])
    assert "observations" in disagreements(witness_rows(panel, declared, fewer))[0]
    require_agreement(witness_rows(panel, declared, record))


def test_a_factor_left_out_is_caught(panel) -> None:
    right, wrong = (analysis("y ~ x1 | city", vcov="cluster:city", ssc=ssc) for ssc in ("reghdfe", "none"))
    record = estimate_analysis(panel, specifications(wrong))
    assert set(witness_rows(panel, right, record)["verdict"]) == {AGREES, DISAGREES}


def test_other_methods_are_listed_as_without_witness(panel) -> None:
    declared = analysis("x1 + x2", "describe")
    rows = heard(panel, declared)
    assert set(rows["verdict"]) == {SILENT}
    assert "method describe" in rows["remark"].iloc[0]


def test_tables_are_read_back_and_summed_up_per_study(panel, tmp_path) -> None:
    declared = analysis("y ~ x1 + x2 | city + year", vcov="conley:300:lat:lon")
    for name, given in (("a", declared), ("b", analysis("y ~ x1 | city"))):
        heard(panel, {**given, "analysis": name}).to_csv(tmp_path / name, index=False)
    rows = read_rows([str(tmp_path / "a"), str(tmp_path / "b")])
    assert len(rows) == 7
    summary = agreement(rows).iloc[0]
    assert (summary["study"], summary["columns"], summary["coefficients"], summary["disagreements"]) == (
        "mine",
        2,
        5,
        0,
    )
    assert summary["standard_errors"] == 2
    assert read_rows([]).empty
    assert agreement(read_rows([])).empty


def test_digits_shared() -> None:
    assert digits(1.0, 1.0) == 16
    assert digits(1.0, 1.001) == pytest.approx(3, abs=0.01)
    assert digits(None, None) == 16
    assert digits(1.0, None) == 0
    assert digits(1e-12, -1e-12, scale=1e-3) > 8
