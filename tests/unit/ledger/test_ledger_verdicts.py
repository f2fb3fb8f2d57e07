"""Verdicts on single numbers: rounding edges by hand, distances, intervals, and what simulated data may never say."""

import math
from itertools import product

import pytest

from citypanel.ledger.findings import Place
from citypanel.ledger.ours import Found, Spot
from citypanel.ledger.printed import make_cell, parse_number
from citypanel.ledger.verdicts import (
    CALIBRATED,
    COMPATIBLE,
    DIFFERS,
    MISSED,
    SAME,
    SAME_UNDER,
    UNTESTED,
    Comparison,
    Origin,
    compare,
    in_digits,
    rounds_to,
    shown_like,
    verdict,
)

ESTIMATE = Spot("baseline", "1", "term", "x", "estimate")
CORRELATION = Spot("c", "1", "curve", "correlation", "r", (("row", "a"), ("column", "b")))


def cell(text: str, statistic: str = "coef"):
    return make_cell(Place("s", "1", "(1)", "x"), statistic, text)


@pytest.mark.parametrize(
    ("printed", "ours", "same"),
    [
        # 0.125 is a double exactly: a tie, which rounds to 0.12 or 0.13 by the tie rule of the program that printed.
        ("0.13", 0.125, True),
        ("0.12", 0.125, True),
        ("0.13", math.nextafter(0.125, 0), False),
        ("0.13", 0.1349999, True),
        # The double next to 0.135 lies above it, so it rounds up.
        ("0.13", 0.135, False),
        ("0.14", 0.135, True),
        ("0.030", 0.0304, True),
        ("0.03", 0.0304, True),
        ("0.030", 0.0306, False),
        # The double next to 0.0295 lies below it.
        (".030", 0.0295, False),
        (".030", math.nextafter(0.0295, 1), True),
        ("410", 410.0, True),
        ("410", 410.4, True),
        ("410", 411.0, False),
        ("1,234", 1234.0, True),
        ("−0.012", -0.0121, True),
        ("−0.012", 0.0121, False),
        # A minus before zeros says that the number was negative; without one it may have been either.
        ("-0.000", -0.0003, True),
        ("-0.000", 0.0003, False),
        ("0.000", -0.0003, True),
        ("12.3%", 0.1234, True),
        ("12.3%", 0.1236, False),
        ("0.05", math.nan, False),
        ("0.05", math.inf, False),
    ],
)
def test_a_number_is_the_same_exactly_where_it_rounds_to_the_printed_digits(printed, ours, same) -> None:
    number = parse_number(printed)
    assert number is not None
    assert rounds_to(ours, number) is same


def test_numbers_in_units_of_the_last_digit_and_shown_like_printed_ones() -> None:
    assert [in_digits(value, 2) for value in (0.125, -0.125, 3.18, -0.004)] == [13, -12, 318, 0]
    assert [shown_like(value, 2) for value in (0.125, -0.125, -0.004, 3)] == ["0.13", "-0.13", "0.00", "3.00"]
    assert shown_like(1234.6, 0) == "1235"


def test_the_distance_is_told_in_last_digits_and_in_printed_standard_errors() -> None:
    # Printed 0.030 with t = 3.00, so the printed standard error is 0.010; ours lies half of one higher.
    found = compare(cell("0.030"), Found(0.035, low=0.025, high=0.045), ESTIMATE, 0.010)
    assert not found.same
    assert found.difference == pytest.approx(0.005)
    assert found.digits == pytest.approx(5)
    assert found.errors == pytest.approx(0.5)
    # 0.030 +- 1.96 x 0.010
    assert found.printed_interval == pytest.approx((0.0104, 0.0496), abs=1e-5)
    assert found.overlap


def test_intervals_that_only_touch_overlap_and_those_apart_do_not() -> None:
    printed = cell("0.000")
    width = 1.959963984540054 * 0.1
    touching = compare(printed, Found(1.0, low=width, high=2.0), ESTIMATE, 0.1)
    apart = compare(printed, Found(1.0, low=math.nextafter(width, 1), high=2.0), ESTIMATE, 0.1)
    assert (touching.overlap, apart.overlap) == (True, False)


def test_without_a_printed_error_nothing_is_compatible() -> None:
    found = compare(cell("0.030"), Found(0.031, low=-1, high=1), ESTIMATE, None)
    assert (found.errors, found.printed_interval, found.overlap) == (None, None, False)


def test_correlations_are_compared_by_fishers_intervals() -> None:
    # r = 0.5 on 103 rows: atanh(0.5) = 0.5493, width 1.96 / 10, so 0.3394 to 0.6323 (any textbook).
    found = compare(cell("0.5000", "pearson_r"), Found(0.62, n=103), CORRELATION, None)
    assert found.printed_interval == pytest.approx((0.3394, 0.6323), abs=1e-4)
    assert found.overlap
    assert not compare(cell("1", "pearson_r"), Found(1.0, n=103), CORRELATION, None).overlap


SAME_DIGITS = Comparison(True, "0.030", 0.0, 0.0)
OVERLAPPING = Comparison(False, "0.031", 0.001, 1.0, 0.1, (0.0, 0.06), (0.01, 0.05))
FAR = Comparison(False, "0.090", 0.06, 60.0, 6.0, (0.01, 0.05), (0.08, 0.1))


@pytest.mark.parametrize(
    ("comparison", "hit", "expected"),
    [
        (SAME_DIGITS, True, SAME),
        (SAME_DIGITS, False, SAME),
        (OVERLAPPING, True, SAME_UNDER),
        (OVERLAPPING, False, COMPATIBLE),
        (FAR, True, SAME_UNDER),
        (FAR, False, DIFFERS),
    ],
)
def test_verdicts_on_data_go_from_the_strongest_statement_to_the_weakest(comparison, hit, expected) -> None:
    assert verdict(comparison, Origin(simulated=False), hit=hit) == expected
    # A sample that is calibrated to a table says nothing about a run on data.
    assert verdict(comparison, Origin(simulated=False, calibrated=True), hit=hit) == expected


def test_on_simulated_data_no_verdict_speaks_of_agreement() -> None:
    for comparison, hit, calibrated in product((SAME_DIGITS, OVERLAPPING, FAR), (True, False), (True, False)):
        given = verdict(comparison, Origin(simulated=True, calibrated=calibrated), hit=hit)
        assert given == (UNTESTED if not calibrated else CALIBRATED if comparison.same else MISSED)
