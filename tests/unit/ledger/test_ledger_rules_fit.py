"""Section B on made-up tables: right, wrong by one unit in the last digit beyond rounding, and undecidable."""

import pytest

OK, BAD, IF, WARN, OPEN = "consistent", "inconsistent", "only if", "warning", "not checkable"
TWO = "1|(1)|x|coef|0.5\n1|(1)|z|coef|0.5\n"
SIZE = "1|(1)|N|stat|100\n"
NO = "1|(1)|City FE|info|No\n1|(1)|Year FE|info|No\n"
YES = "1|(1)|City FE|info|Yes\n1|(1)|Year FE|info|Yes\n"


@pytest.mark.parametrize(
    ("adjusted", "verdict"), [("0.490", OK), ("0.489", OK), ("0.491", BAD), ("0.488", BAD), ("0.501", BAD)]
)
def test_adjusted_r2_by_hand(verdicts, adjusted, verdict) -> None:
    # 1 - 0.5 * 99/97 = 0.48969; R2 in [0.4995, 0.5005] gives [0.48918, 0.49020], which 0.489 just meets
    printed = TWO + SIZE + NO + f"1|(1)|R2|stat|0.500\n1|(1)|r2_a|stat|{adjusted}\n"
    assert verdicts("adj_r2", printed, row="r2_a") == [verdict]


def test_adjusted_r2_tells_which_dummies_are_counted(judged) -> None:
    printed = TWO + SIZE + YES + "1|(1)|R2|stat|0.500\n1|(1)|r2_a|stat|{}\n"
    claims = "units|10\nperiods|10"
    # K = 2 + 10 + 10 - 1: 1 - 0.5 * 99/79 = 0.3734
    (found,) = judged("adj_r2", printed.format("0.373"), claims)
    assert found.verdict == OK
    (found,) = judged("adj_r2", printed.format("0.490"), claims)
    assert (found.verdict, found.condition) == (IF, "adj_r2.k_none")
    assert found.infers == (("K", ["adj_r2", "k_none"][1]),)
    assert [f.verdict for f in judged("adj_r2", printed.format("0.490"))] == [OPEN]


def test_units_that_tables_print_stand_in_for_those_of_the_text(verdicts) -> None:
    # 10 units print, 100 rows: 10 periods; K = 2 + 10 + 10 - 1 gives .3734
    printed = TWO + SIZE + YES + "1|(1)|Number of ID|stat|10\n1|(1)|R2|stat|0.500\n1|(1)|r2_a|stat|{}\n"
    assert verdicts("adj_r2", printed.format("0.373")) == [OK]
    assert verdicts("adj_r2", printed.format("0.341")) == [IF]  # 14 periods of an unbalanced panel
    assert verdicts("adj_r2", printed.format("0.100")) == [BAD]


def test_a_column_silent_on_effects_may_have_some(verdicts) -> None:
    printed = TWO + SIZE + "1|(1)|R2|stat|0.500\n1|(1)|r2_a|stat|{}\n"
    assert verdicts("adj_r2", printed.format("0.373")) == [IF]
    assert verdicts("adj_r2", printed.format("0.495")) == [BAD]


@pytest.mark.parametrize(("f", "verdict"), [("48.5", OK), ("48.6", OK), ("48.8", IF)])
def test_f_from_r2_with_iid_errors(verdicts, f, verdict) -> None:
    # (0.5/2)/(0.5/97) = 48.5, [48.40, 48.60] within rounding of R2
    assert verdicts("f_r2", TWO + SIZE + NO + f"1|(1)|R2|stat|0.500\n1|(1)|F|stat|{f}\n") == [verdict]
    assert verdicts("f_r2", TWO + f"1|(1)|F|stat|{f}\n") == [OPEN]


ONE = "1|(1)|x|coef|0.50\n1|(1)|x|t|2.00\n1|(1)|N|stat|102\n"


@pytest.mark.parametrize(("f", "verdict"), [("4.00", OK), ("4.02", OK), ("4.03", BAD)])
def test_f_of_one_slope_is_t_squared(verdicts, f, verdict) -> None:
    # [1.995, 2.005] squared is [3.980, 4.020]; 4.02 stands for [4.015, 4.025]
    assert verdicts("one_regressor", ONE + f"1|(1)|F|stat|{f}\n", row="F") == [verdict]


def test_f_of_one_slope_may_test_dummies(verdicts) -> None:
    assert verdicts("one_regressor", ONE + YES + "1|(1)|F|stat|9.00\n", row="F") == [IF]


def test_r2_of_one_slope_says_whether_the_column_is_pooled(judged) -> None:
    # 4/(4 + 100) = 0.0385; within 20 units and 5 periods 4/(4 + 77) = 0.0494
    (found,) = judged("one_regressor", ONE + NO + "1|(1)|R2|stat|0.038\n")
    assert found.verdict == OK
    (found,) = judged("one_regressor", ONE + YES + "1|(1)|R2|stat|0.049\n", "units|20\nperiods|5")
    assert found.verdict == OK
    (found,) = judged("one_regressor", ONE + YES + "1|(1)|R2|stat|0.038\n", "units|20\nperiods|5")
    assert (found.verdict, found.condition) == (IF, "one_regressor.pooled")
    (found,) = judged("one_regressor", ONE + NO + "1|(1)|R2|stat|0.037\n")
    assert (found.verdict, found.condition) == (IF, "one_regressor.not_iid")
    (found,) = judged("one_regressor", ONE + YES + "1|(1)|R2|stat|0.900\n", "units|20\nperiods|5")
    assert found.verdict == OPEN


def test_an_f_on_more_terms_than_clusters_cannot_exist(verdicts) -> None:
    table = "".join(f"1|(1)|x{i}|coef|0.5\n" for i in range(5)) + "1|(1)|F|stat|9.0\n"
    assert verdicts("f_rank", table, "clusters|6") == [OK]
    assert verdicts("f_rank", table, "clusters|5") == [BAD]
    assert verdicts("f_rank", table) == [OPEN]


@pytest.mark.parametrize(("second", "verdict"), [("0.51", OK), ("0.49", OK), ("0.48", BAD), ("0.99", OK)])
def test_r2_does_not_fall_when_a_regressor_enters(verdicts, second, verdict) -> None:
    # 0.49 and 0.50 may both be 0.495
    small = "1|(1)|x|coef|1\n1|(1)|N|stat|99\n1|(1)|R2|stat|0.50\n"
    large = f"1|(2)|x|coef|1\n1|(2)|z|coef|1\n1|(2)|N|stat|99\n1|(2)|R2|stat|{second}\n"
    assert verdicts("r2_order", small + large) == [verdict]


def test_r2_beyond_one_below_adjusted_or_leaping(verdicts) -> None:
    assert verdicts("r2_order", "1|(1)|x|coef|1\n1|(1)|R2|stat|1.02\n") == [BAD]
    assert verdicts("r2_order", "1|(1)|x|coef|1\n1|(1)|R2|stat|0.50\n1|(1)|r2_a|stat|0.52\n") == [BAD]
    small = "1|(1)|x|coef|1\n1|(1)|N|stat|99\n1|(1)|R2|stat|0.02\n"
    assert WARN in verdicts("r2_order", small + "1|(2)|x|coef|1\n1|(2)|z|coef|1\n1|(2)|N|stat|99\n1|(2)|R2|stat|0.93\n")


MEANS = "0|Mean|y|value|5.0\n0|SD|y|value|1.0\n0|Mean|x|value|2.0\n0|SD|x|value|1.0\n"


@pytest.mark.parametrize(("constant", "verdict"), [("4.00", OK), ("4.08", OK), ("4.09", IF)])
def test_the_constant_stands_at_the_means(verdicts, constant, verdict) -> None:
    # [4.95, 5.05] - [0.495, 0.505] [1.95, 2.05] = [3.915, 4.085]
    printed = MEANS + f"1|(1)|dep_var|info|y\n1|(1)|x|coef|0.50\n1|(1)|_cons|coef|{constant}\n"
    assert verdicts("constant", printed) == [verdict]
    assert verdicts("constant", printed.replace("0|Mean|x", "0|Mean|q")) == [OPEN]


def test_two_standard_errors_imply_the_treated_rows(judged) -> None:
    # N/n1 = (0.020/0.010)^2 = 4, so 25 of 100 rows
    printed = "1|(1)|did|coef|0.500\n1|(1)|did|se|0.020\n1|(1)|_cons|coef|1.000\n1|(1)|_cons|se|0.010\n" + SIZE + NO
    dummy = "form|dummy|||did\nyears|2000-2009\n"
    (found,) = judged("dummy_moments", printed, dummy + "treated|5\ncohorts|2005\n")
    assert found.verdict == OK
    assert found.computed is not None
    assert found.computed.lo < 25 < found.computed.hi
    # 4 units from 2005 on are 20 rows, outside [21.5, 29.0]
    assert [f.verdict for f in judged("dummy_moments", printed, dummy + "treated|4\ncohorts|2005\n")] == [IF]
    assert [f.verdict for f in judged("dummy_moments", printed, dummy)] == [OPEN]
