"""Estimators on drawn panels: what is read from each answer, and what is counted over them."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from citypanel.errors import DeclarationError
from citypanel.estimate.monte_carlo import COLUMNS, checked_draws, drawn_panels, found_in, named_results, true_values
from citypanel.estimate.monte_carlo_summary import validation_record
from citypanel.estimate.outcome import Estimate
from citypanel.result import ColumnResult, Record, TermResult

PLAIN = {
    "design": "main", "method": "linear", "formula": "y ~ x | city", "vcov": "cluster:city", "where": None,
    "seed": None, "draws": None, "options": {}, "truth": {"x": "slope"}, "sets": {}, "tests": [],
}  # fmt: skip


def asked(**checks: dict[str, Any]) -> dict[str, Any]:
    return {"study": "mine", "checks": {name: PLAIN | check for name, check in checks.items()}}


def panel(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=60)
    keys = {"city": np.repeat(np.arange(12), 5), "year": np.tile(np.arange(5), 12)}
    return pd.DataFrame({**keys, "x": x, "y": 2 * x + rng.normal(size=60)})


def stored(path: Path, panels: list[tuple[str, int, pd.DataFrame]]) -> Path:
    """Write panels as the sample does: a row group each, columns that one lacks empty."""
    names = dict.fromkeys(name for _, _, frame in panels for name in frame.columns)
    schema = pa.schema([("design", pa.string()), ("draw", pa.int32()), *((name, pa.float64()) for name in names)])
    with pq.ParquetWriter(path, schema) as writer:
        for design, draw, frame in panels:
            full = frame.assign(design=design, draw=draw).reindex(columns=schema.names)
            writer.write_table(pa.Table.from_pandas(full, schema=schema, preserve_index=False))
    return path


def test_panels_come_back_with_their_own_columns(tmp_path: Path) -> None:
    path = stored(tmp_path / "p.parquet", [("main", 4, panel(1)), ("wide", 4, panel(2).assign(z=1.0))])
    found = list(drawn_panels(path))
    assert [(design, draw) for design, draw, _ in found] == [("main", 4), ("wide", 4)]
    assert list(found[0][2].columns) == ["city", "year", "x", "y"]
    assert "z" in found[1][2]
    assert found[0][2]["y"].tolist() == panel(1)["y"].tolist()


def test_blocks_give_the_rows_of_the_whole(tmp_path: Path) -> None:
    panels = [("main", draw, panel(draw)) for draw in range(6)]
    checks = asked(one=PLAIN, first=PLAIN | {"draws": 2})
    whole = checked_draws(stored(tmp_path / "whole.parquet", panels), checks, {})
    parts = [checked_draws(stored(tmp_path / f"{at}.parquet", panels[at : at + 3]), checks, {}) for at in (0, 3)]
    assert tuple(whole.columns) == COLUMNS
    assert whole.equals(pd.concat(parts, ignore_index=True))
    assert whole["check"].value_counts().to_dict() == {"one": 6, "first": 2}
    one = whole[(whole["check"] == "one") & (whole["draw"] == 3)].iloc[0]
    # The slope within cities by hand, in closed form on a few rows: only rounding separates the two.
    inside = panel(3) - panel(3).groupby("city").transform("mean")
    assert one["estimate"] == pytest.approx((inside["x"] * inside["y"]).sum() / (inside["x"] ** 2).sum(), rel=1e-10)
    assert one["ci_low"] < one["estimate"] < one["ci_high"]


def test_an_estimator_without_an_answer_is_counted_with_its_reason(tmp_path: Path) -> None:
    one_row = panel(2)
    one_row.loc[1:, "y"] = np.nan
    panels = [("main", 0, panel(1)), ("main", 1, one_row), ("main", 2, panel(3))]
    found = checked_draws(stored(tmp_path / "p.parquet", panels), asked(one=PLAIN | {"tests": ["x"]}), {})
    record = validation_record(found, {("main", "slope"): 2.0}, asked(one=PLAIN | {"tests": ["x"]}), seed=1)
    rows = record.curves["validation"]
    assert [(row["kind"], row["draws"], row["failed"]) for row in rows] == [("effect", 2, 1), ("test", 2, 1)]
    assert record.warnings[0].startswith("one: 1 panels without an answer: ")


def test_a_result_that_the_estimator_lacks_stops_the_run_and_names_those_there_are(tmp_path: Path) -> None:
    path = stored(tmp_path / "p.parquet", [("main", 0, panel(1))])
    with pytest.raises(DeclarationError, match="study mine, check 'one': 'xx' is no result of the estimator; did you"):
        checked_draws(path, asked(one=PLAIN | {"truth": {"xx": "slope"}}), {})


def test_results_carry_their_column_or_effect_where_there_are_several() -> None:
    columns = tuple(
        ColumnResult(
            name,
            "y",
            9,
            terms=(TermResult("x", float(name), 0.1, 1.0, 0.3, 0.0, 1.0),),
            stats={"f_p": 0.2, "n_ci": [1, 2]},
        )
        for name in ("0.1", "0.9")
    )
    impacts = [{"term": "x", "effect": "direct", "estimate": 1.0, "se": 0.5, "p": 0.04}]
    found = named_results(Estimate(columns, pd.DataFrame(), curves={"impacts": impacts}))
    assert found["x[0.9]"]["estimate"] == 0.9
    assert found["f_p[0.1]"] == {"p": 0.2}
    assert found["n_ci[0.1]"] == {"set": "[1, 2]"}
    # 1.96 standard errors on either side: the effects of spatial models are normal.
    assert found["x[direct]"]["ci_high"] == pytest.approx(1 + 1.959964 * 0.5, abs=1e-6)


def table(kind: str, **columns: list[Any]) -> pd.DataFrame:
    """Return found rows of one check: one result in as many panels as there are values."""
    count = len(next(iter(columns.values())))
    rows = {"check": "one", "kind": kind, "result": "x", "draw": range(count), "failed": None, **columns}
    return pd.DataFrame(rows).reindex(columns=list(COLUMNS))


def counted(found: pd.DataFrame, **check: Any) -> dict[str, Any]:
    record = validation_record(found, {("main", "slope"): 2.0}, asked(one=PLAIN | check), seed=1)
    assert record.sample["simulated"]
    assert Record.from_json(record.to_json()) == record
    return dict(record.curves["validation"][0])


def test_bias_spread_errors_and_coverage_are_those_of_a_hand_example() -> None:
    found = table(
        "effect",
        estimate=[1.0, 2.0, 3.0, 4.0],
        se=[1.0, 1.0, 1.0, 3.0],
        ci_low=[0.0, 1.0, 2.0, 2.5],
        ci_high=[1.9, 3.0, 4.0, 5.0],
    )
    row = counted(found)
    assert (row["truth"], row["mean"], row["bias"]) == (2.0, 2.5, 0.5)
    assert row["sd"] == pytest.approx(math.sqrt(5 / 3))
    assert row["bias_se"] == pytest.approx(math.sqrt(5 / 3) / 2)
    assert row["mean_se"] == pytest.approx(math.sqrt(12 / 4))
    # The second interval holds 2, the third begins there.
    assert row["rate"] == 0.5
    assert row["rate_se"] == pytest.approx(math.sqrt(0.25 * 4 / 3 / 4))
    assert row["nominal"] is False


@pytest.mark.parametrize(("inside", "nominal"), [(96, True), (97, True), (98, False), (93, True), (92, False)])
def test_a_coverage_within_two_points_is_nominal(inside: int, nominal: bool) -> None:
    low = [1.0] * inside + [3.0] * (100 - inside)
    found = table("effect", estimate=[2.0] * 100, se=[1.0] * 100, ci_low=low, ci_high=[4.0] * 100)
    assert counted(found)["nominal"] is nominal


def test_tests_of_one_panel_count_as_their_mean() -> None:
    found = table("test", p=[0.01, 0.2, 0.01, 0.01]).assign(draw=[0, 0, 1, 1])
    row = counted(found, tests=["x"])
    assert (row["rate"], row["draws"]) == (0.75, 2)
    assert row["rate_se"] == pytest.approx(0.25)
    assert "truth" not in row


@pytest.mark.parametrize(
    ("text", "held"),
    [("[1, 3]", 1), ("[2.5, 3]", 0), ("[null, 3]", 1), ("[null, null]", 1), ("[]", 0), ("null", 0),
     ("[[null, 1], [1.5, null]]", 1), ("[[null, 1], [2.5, null]]", 0)],
)  # fmt: skip
def test_confidence_sets_of_any_shape_hold_the_truth_or_not(text: str, held: int) -> None:
    assert counted(table("set", set=[text, text]), sets={"x": "slope"})["rate"] == held


def test_a_missing_error_leaves_the_coverage_empty_and_the_bias_known() -> None:
    row = counted(table("effect", estimate=[1.0, 2.0]))
    assert (row["bias"], row["mean_se"], row["rate"], row["nominal"]) == (-0.5, None, None, None)


def test_a_truth_that_the_design_lacks_is_named() -> None:
    found = table("effect", estimate=[1.0, 2.0])
    with pytest.raises(DeclarationError, match="check 'one': truth 'slope' is not known in design 'main'.*'slop'"):
        validation_record(found, {("main", "slop"): 1.0}, asked(one=PLAIN), seed=1)


def test_the_truth_is_the_mean_over_all_blocks(tmp_path: Path) -> None:
    for at, values in enumerate(([1.0, 2.0], [6.0])):
        frame = pd.DataFrame({"design": "main", "draw": range(len(values)), "name": "slope", "value": values})
        frame.to_parquet(tmp_path / f"{at}.parquet")
    paths = [tmp_path / "0.parquet", tmp_path / "1.parquet"]
    assert true_values(paths) == {("main", "slope"): 3.0}
    assert len(found_in(paths)) == 3
