"""First stages as columns, tests of instruments, diagnostics of dynamic panels."""

from dataclasses import replace
from typing import Any

import pytest

from citypanel.exhibits.render import render_table
from citypanel.exhibits.shown import interval
from citypanel.exhibits.table import Table
from citypanel.result import ColumnResult, Record, TermResult

CLUSTERED = {"type": "cluster", "by": ["city"], "ssc": "reghdfe", "df": 219}
EXHIBIT: dict[str, Any] = {
    "study": "smart_city",
    "exhibit": "table2",
    "kind": "regression",
    "title": {"en": "Robustness", "zh": "稳健性检验"},
    "labels": {"did": {"en": "Smart city", "zh": "智慧城市"}, "quality": {"en": "Quality", "zh": "质量"}},
    "statistics": ["n"],
    "parentheses": "t",
    "first_stage": True,
    "diagnostics": ["iv", "gmm"],
}


@pytest.fixture
def instrumented() -> Record:
    """Return the paper's columns IV (1) and (2) as one record: the first stage is a curve."""
    stats = {
        "first_stage_f": 14.59,
        "kp_rk_lm": 12.1,
        "kp_rk_lm_p": 0.0005,
        "kp_rk_f": 14.59,
        "anderson_rubin_p": 0.01,
        "anderson_rubin_ci": [0.1, None],
        "hansen_j": None,
        "sargan": 3.3,
        "stock_yogo_10": 16.38,
    }
    column = ColumnResult(
        "1",
        "quality",
        2640,
        220,
        12,
        220,
        ("city", "year"),
        CLUSTERED,
        (TermResult("did", 0.248, 0.248 / 3.613, 3.613, 0.0004),),
        stats,
    )
    curve = [
        {"endogenous": "did", "term": "iv", "estimate": 0.042, "se": 0.011, "statistic": 3.820, "p": 0.0002},
        {"endogenous": "did", "term": "eco", "estimate": 0.150, "se": 0.024, "statistic": 6.217, "p": 0.0},
    ]
    return Record("linear", "", (column,), curves={"first_stage": curve}, analysis="iv")


@pytest.fixture
def dynamic() -> Record:
    stats = {
        "ar1_z": -5.0,
        "ar1_p": 0.0,
        "ar2_z": 0.9,
        "ar2_p": 0.368,
        "sargan": 99.5,
        "hansen_p": 0.21,
        "instruments": 38,
    }
    vcov = {"type": "cluster", "by": ["city"], "correction": "windmeijer", "df": None}
    terms = (TermResult("L1.quality", 0.432, 0.0167, 25.869, 0.0), TermResult("did", 0.010, 0.0026, 3.859, 0.0001))
    return Record(
        "gmm", "", (ColumnResult("1", "quality", 2200, 220, 10, 220, (), vcov, terms, stats),), analysis="gmm"
    )


def cells(table: Table, key: str, line: int = 0) -> list[str]:
    return [cell.printed for cell in [row for row in table.rows if row.key == key][line].cells]


def test_the_first_stage_is_a_column_before_the_second(instrumented: Record) -> None:
    table = render_table([instrumented], EXHIBIT, "en")
    assert cells(table, "iv") == ["0.042***", ""]
    assert cells(table, "iv", 1) == ["(3.82)", ""]
    assert cells(table, "did") == ["", "0.248***"]
    assert [head.text for head in table.heads[0]] == ["Smart city", "Quality"]
    assert [head.text for head in table.heads[1]] == ["First stage", "Second stage"]
    assert cells(table, "n") == ["2640", "2640"]


def test_without_first_stages_the_columns_are_those_of_the_record(instrumented: Record) -> None:
    table = render_table([instrumented], {**EXHIBIT, "first_stage": False}, "zh")
    assert len(table.columns) == 1
    assert table.rows[0].key == "did"


def test_tests_of_instruments_are_shown_where_they_exist(instrumented: Record, dynamic: Record) -> None:
    table = render_table([instrumented, dynamic], EXHIBIT, "zh")
    keys = [row.key for row in table.rows]
    assert "hansen_j" not in keys
    assert cells(table, "kp_rk_f") == ["", "14.590", ""]
    assert cells(table, "anderson_rubin_ci") == ["", "[0.100, ∞)", ""]
    assert cells(table, "ar2_p") == ["", "", "0.368"]
    # The column with instruments has a Sargan statistic of its own, which is not GMM's.
    assert cells(table, "sargan") == ["", "", "99.500"]
    assert cells(table, "instruments") == ["", "", "38"]
    assert any(note.startswith("Stock-Yogo 临界值（检验水平不超过 10%）：第 (2) 列：16.38") for note in table.notes)


def test_first_stages_of_several_columns_find_their_column(instrumented: Record) -> None:
    columns = tuple(replace(instrumented.columns[0], column=str(number)) for number in (1, 2))
    curve = [{"column": str(n), **row} for n in (1, 2) for row in instrumented.curves["first_stage"]]
    curve[2]["estimate"] = 0.5
    table = render_table([replace(instrumented, columns=columns, curves={"first_stage": curve})], EXHIBIT, "en")
    assert cells(table, "iv") == ["0.042***", "", "0.500***", ""]


@pytest.mark.parametrize(
    ("ends", "shown"),
    [
        ([-0.25, 0.5], "[−0.3, 0.5]"),
        ([None, 0.5], "(−∞, 0.5]"),
        ([None, None], "(−∞, ∞)"),
        ([[None, -1.0], [2.0, None]], "(−∞, −1.0] ∪ [2.0, ∞)"),
        ([], "∅"),
    ],
)
def test_a_confidence_set_may_be_unbounded_broken_or_empty(ends: list[Any], shown: str) -> None:
    assert interval(ends, 1) == shown
