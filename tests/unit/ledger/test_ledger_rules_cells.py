"""Section A on made-up tables: right, wrong by one unit in the last digit beyond rounding, and undecidable."""

import pytest

OK, BAD, IF, WARN, OPEN = "consistent", "inconsistent", "only if", "warning", "not checkable"


def cell(b: str, stars: str = "", column: str = "(1)", name: str = "x", **beside: str) -> str:
    lines = [f"1|{column}|{name}|coef|{b}|{stars}"]
    return "\n".join(lines + [f"1|{column}|{name}|{statistic}|{value}" for statistic, value in beside.items()]) + "\n"


@pytest.mark.parametrize(
    ("t", "stars", "verdict"),
    [
        ("2.00", "**", OK),
        ("1.95", "**", BAD),  # the 5% point of the normal is 1.95996
        ("1.96", "**", OK),  # [1.955, 1.965] holds the point: both answers are possible
        ("1.96", "*", OK),
        ("1.64", "*", OK),  # 1.64485
        ("1.63", "*", BAD),
        ("2.59", "**", IF),  # right only under a t with few degrees of freedom
        ("9.00", "", OPEN),  # a table without stars lacks none
    ],
)
def test_stars_are_those_of_the_interval_of_t(verdicts, t, stars, verdict) -> None:
    assert verdicts("stars", cell("0.50", stars, t=t)) == [verdict]


def test_too_few_stars_are_wrong_where_the_clusters_are_known(verdicts) -> None:
    # t(40) has its 1% point at 2.704: 2.65 earns two stars there, three under the normal, and 2.80 three anyway.
    assert verdicts("stars", cell("0.50", "**", t="2.65"), "clusters|41") == [IF]
    assert verdicts("stars", cell("0.50", "**", t="2.80"), "clusters|41") == [BAD]


def test_stars_follow_the_levels_of_the_note(verdicts) -> None:
    printed = cell("0.50", "*", t="2.00")
    assert verdicts("stars", printed, "note|* p<0.1, ** p<0.05, *** p<0.01|1\nclusters|200") == [BAD]
    assert verdicts("stars", printed.replace("*", ""), "note|* p<0.1, ** p<0.05, *** p<0.01|1\nclusters|200") == [BAD]
    assert verdicts("stars", printed, "note|* p<0.05, ** p<0.01, *** p<0.001|1") == [OK]
    assert verdicts("stars", printed, "note|***, ** and * denote 0.1%, 1% and 5%|1") == [OK]


def test_stars_from_a_p_value_and_from_a_standard_error(verdicts) -> None:
    assert verdicts("stars", cell("0.50", "**", p="0.049")) == [OK]
    assert verdicts("stars", cell("0.50", "**", p="0.051")) == [BAD]
    assert verdicts("stars", cell("0.500", "***", se="0.100")) == [OK]
    assert verdicts("stars", cell("0.1", "*", se="0.0")) == [OPEN]


TABLE = (
    cell("0.40", "***", paren="0.10")
    + cell("0.30", "**", name="z", paren="0.14")
    + cell("-0.10", name="v", paren="0.20")
)


def test_parentheses_are_read_by_signs_and_stars(verdicts) -> None:
    assert verdicts("parentheses", TABLE, "note|standard errors in parentheses|1") == [OK]
    assert verdicts("parentheses", TABLE, "note|t statistics in parentheses|1") == [BAD]
    assert verdicts("parentheses", TABLE) == [OK]
    assert verdicts("parentheses", cell("0.10", paren="0.20")) == [OPEN]


@pytest.mark.parametrize(("t", "verdict"), [("5.00", OK), ("5.32", OK), ("5.33", BAD), ("-5.00", BAD)])
def test_coefficient_over_standard_error_is_t(verdicts, t, verdict) -> None:
    # [0.495, 0.505]/[0.095, 0.105] = [4.714, 5.316]; 5.32 stands for [5.315, 5.325] and is undecidable
    assert verdict in verdicts("triple", cell("0.50", se="0.10", t=t))
    assert (BAD in verdicts("triple", cell("0.50", se="0.10", t=t))) == (verdict == BAD)


def test_p_and_interval_agree_with_coefficient_and_standard_error(verdicts) -> None:
    assert BAD not in verdicts("triple", cell("0.50", t="2.00", p="0.046"))
    assert BAD in verdicts("triple", cell("0.50", t="2.00", p="0.043"))
    assert BAD not in verdicts("triple", cell("0.500", se="0.100", ci_low="0.304", ci_high="0.696"))
    assert BAD in verdicts("triple", cell("0.500", se="0.100", ci_low="0.204", ci_high="0.696"))
    assert BAD in verdicts("triple", cell("0.500", se="0.100", ci_low="0.440", ci_high="0.560"))


def test_a_minus_before_zeros_is_a_sign(verdicts) -> None:
    assert verdicts("triple", cell("-0.000", t="-0.54")) == [OK]
    assert verdicts("triple", cell("0.000", t="-0.54")) == [OK]
    assert verdicts("triple", cell("0.001", t="-0.54")) == [BAD]


def test_the_implied_standard_error_needs_digits(judged) -> None:
    (found,) = judged("implied_se", cell("0.50", t="5.00"))
    assert found.verdict == OK
    assert found.computed is not None
    assert found.computed.lo == pytest.approx(0.495 / 5.005)
    (found,) = judged("implied_se", cell("0.001", t="0.85"))
    assert (found.verdict, found.message) == (OPEN, "implied_se.one_digit")


def test_the_same_pair_twice_is_a_danger_sign(verdicts) -> None:
    other = cell("0.30", column="(2)", paren="7.11", name="z")
    assert WARN in verdicts(
        "duplicate", cell("0.30", paren="3.142") + cell("0.30", column="(2)", paren="3.142") + other
    )
    assert verdicts("duplicate", cell("0.30", paren="3.142") + cell("0.30", column="(2)", paren="3.143")) == [OK]
    # two digits are no coincidence worth a word
    assert verdicts("duplicate", cell("0.3", paren="3.1") + cell("0.3", column="(2)", paren="3.1") + other) == [OK]


@pytest.mark.parametrize(("second", "verdict"), [("0.180", WARN), ("0.170", OK), ("0.174", OK)])
def test_a_jump_is_five_combined_standard_errors(verdicts, second, verdict) -> None:
    # 0.080/(sqrt(2) 0.010) = 5.66, at least 5.32 within rounding; 0.174 gives 5.23, but 4.92 is possible
    assert verdicts("jump", cell("0.100", se="0.010") + cell(second, column="(2)", se="0.010")) == [verdict]


def test_a_jump_needs_standard_errors(verdicts) -> None:
    assert verdicts("jump", cell("0.100") + cell("0.180", column="(2)")) == [OPEN]
