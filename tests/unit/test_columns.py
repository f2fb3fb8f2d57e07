import numpy as np
import pandas as pd
import pytest

from citypanel.columns import evaluate, filter_rows, order_percentile, winsorised
from citypanel.declare.expression import parse_expression
from citypanel.errors import DeclarationError, InputError

PANEL = pd.DataFrame(
    {
        "city": ["a", "a", "a", "b", "b", "b"],
        "year": [2010, 2011, 2013, 2010, 2011, 2012],
        "x": [1.0, 2.0, 4.0, 10.0, 20.0, 40.0],
        "region": ["east", "east", "east", None, "west", "far west"],
    }
)


def _values(text: str) -> list[float | None]:
    found = evaluate(parse_expression(text), PANEL, "city", "year")
    return [None if pd.isna(value) else value for value in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("L1.x", [None, 1, None, None, 10, 20]),
        ("L2.x", [None, None, 2, None, None, 10]),
        ("F1.x", [2, None, None, 20, 40, None]),
        ("D1.x", [None, 1, None, None, 10, 20]),
        ("D2.x", [None, None, None, None, None, 10]),
        ("x / (x - 2)", [-1, None, 2, 1.25, 20 / 18, 40 / 38]),
        ("log(x - 1)", [None, 0, np.log(3), np.log(9), np.log(19), np.log(39)]),
        ("x ^ 2 - 1", [0, 3, 15, 99, 399, 1599]),
        ("-x", [-1, -2, -4, -10, -20, -40]),
    ],
)
def test_expressions_follow_the_calendar_and_leave_undefined_values_missing(text: str, expected: list) -> None:
    assert _values(text) == pytest.approx(expected)


def test_a_lag_without_panel_keys_says_what_it_needs() -> None:
    with pytest.raises(DeclarationError, match=r"'L1\.x' needs the panel's unit and time"):
        evaluate(parse_expression("L1.x"), PANEL)


def test_a_lag_on_two_rows_of_one_period_names_them() -> None:
    twice = pd.concat([PANEL, PANEL.tail(1)])
    with pytest.raises(InputError, match="city b has two rows in year 2012"):
        evaluate(parse_expression("L1.x"), twice, "city", "year")


def test_text_is_refused_where_a_number_is_needed() -> None:
    with pytest.raises(InputError, match="column 'region' is not numeric: it holds 'east'"):
        evaluate(parse_expression("log(region)"), PANEL)


def test_an_unknown_column_is_answered_with_the_nearest() -> None:
    with pytest.raises(DeclarationError, match=r"column 'yaer' is not in the data; did you mean 'year'\?"):
        evaluate(parse_expression("yaer"), PANEL)


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ("year >= 2011", [1, 2, 4, 5]),
        ("year>2010 and x < 20", [1, 2]),
        ("region == east", [0, 1, 2]),
        ("region != east", [4, 5]),
        ("region in west, 'far west'", [4, 5]),
        ('`region` == "far west"', [5]),
        ("x in 1,40", [0, 5]),
        (None, [0, 1, 2, 3, 4, 5]),
    ],
)
def test_conditions_keep_the_rows_that_meet_them_and_never_missing_ones(where: str | None, rows: list[int]) -> None:
    assert filter_rows(PANEL, where).index.tolist() == rows


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("x = 3", "'=' is not a comparison"),
        ("x == a", "column 'x' is numeric and cannot be compared with 'a'"),
        ("x", "it is not complete"),
        ("x == 1 or x == 2", "'and' is expected where 'or' stands"),
        ("region < west", "< needs a numeric column"),
        ("z == 1", "column 'z' is not in the data"),
        ("__import__('os').system('x')", "condition"),
    ],
)
def test_conditions_that_cannot_be_read_are_refused(where: str, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        filter_rows(PANEL, where)


def test_winsorising_410_rows_at_one_percent_cuts_at_the_5th_and_406th_value() -> None:
    shuffled = np.random.default_rng(1).permutation(np.arange(1.0, 411.0))
    cut = winsorised(pd.DataFrame({"x": shuffled}), ["x"], (0.01, 0.99)).x
    assert (cut.min(), cut.max()) == (5.0, 406.0)
    assert (cut != shuffled).sum() == 8


@pytest.mark.parametrize(
    ("n", "share", "expected"), [(100, 0.07, 7.5), (100, 0.5, 50.5), (101, 0.5, 51), (4, 0, 1), (4, 1, 4)]
)
def test_percentiles_follow_the_order_statistic_rule_of_stata(n: int, share: float, expected: float) -> None:
    assert order_percentile(np.arange(1.0, n + 1), share) == expected


def test_winsorising_keeps_missing_values_and_refuses_crossed_shares() -> None:
    frame = pd.DataFrame({"x": [np.nan, 1.0, 2.0, 50.0]})
    assert winsorised(frame, ["x"], (0.0, 0.5)).x.isna().tolist() == [True, False, False, False]
    with pytest.raises(DeclarationError, match="two shares with 0 <= lower < upper <= 1"):
        winsorised(frame, ["x"], (0.99, 0.01))
