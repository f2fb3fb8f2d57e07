"""Rounding of printed numbers."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citypanel.exhibits.decimals import grouped, rounded, typographic


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.125, 2, "0.13"),  # a true tie goes away from zero
        (-0.125, 2, "-0.13"),
        (2.5, 0, "3"),
        (1.005, 2, "1.00"),  # the double is 1.00499999999999989...
        (0.0296, 3, "0.030"),
        (-0.0004, 3, "0.000"),  # no sign on what rounds to zero
        (-0.0, 1, "0.0"),
        (1e22, 1, "10000000000000000000000.0"),
        (5e-324, 3, "0.000"),
    ],
)
def test_rounding_takes_the_exact_double_and_ties_away_from_zero(value: float, digits: int, text: str) -> None:
    assert rounded(value, digits) == text


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 10))
def test_a_rounded_number_is_within_half_a_unit_of_its_last_digit(value: float, digits: int) -> None:
    text = rounded(value, digits)
    assert abs(Fraction(text) - Fraction(value)) <= Fraction(1, 2 * 10**digits)
    assert len(text.partition(".")[2]) == digits
    assert not (text.startswith("-") and Fraction(text) == 0)


def test_thousands_are_grouped_from_five_digits_on_so_that_years_stay_years() -> None:
    assert [grouped(text) for text in ("2011", "12345", "-1234567.250")] == ["2011", "12,345", "-1,234,567.250"]


def test_the_minus_sign_is_typographic() -> None:
    assert typographic("-0.049") == "−0.049"
