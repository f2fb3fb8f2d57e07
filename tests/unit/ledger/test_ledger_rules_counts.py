"""Section C on made-up papers: right, wrong by one, and without the inputs."""

import pytest

OK, BAD, IF, WARN, OPEN = "consistent", "inconsistent", "only if", "warning", "not checkable"


def rows(n, column="(1)", table="1", term="x") -> str:
    return f"{table}|{column}|{term}|coef|1\n{table}|{column}|N|stat|{n}\n"


@pytest.mark.parametrize(("n", "verdict"), [("410", OK), ("409", OK), ("411", BAD), ("4,110", BAD)])
def test_rows_are_at_most_units_times_periods(verdicts, n, verdict) -> None:
    assert verdicts("n_cells", rows(n), "units|41\nyears|2011-2020") == [verdict]


def test_rows_of_a_balanced_panel_are_the_product(judged) -> None:
    claims = "units|41\nyears|2011-2020\nbalanced|yes"
    assert [f.verdict for f in judged("n_cells", rows(410), claims)] == [OK]
    (found,) = judged("n_cells", rows(409), claims)
    assert (found.verdict, found.message) == (BAD, "n_cells.unbalanced")
    (found,) = judged("n_cells", rows(400), claims)
    assert (found.verdict, found.message, dict(found.values)["pairs"].split(",")[0]) == (
        BAD,
        "n_cells.other_units",
        "40 x 10",
    )
    assert [f.verdict for f in judged("n_cells", rows(410))] == [OPEN]
    # a matched sample is no balanced panel
    assert [f.verdict for f in judged("n_cells", rows(389, "PSM-DID"), claims)] == [OK]


def test_units_printed_in_the_column_come_first(verdicts) -> None:
    assert verdicts("n_cells", rows(400) + "1|(1)|Number of ID|stat|39\n", "units|41\nperiods|10") == [BAD]


@pytest.mark.parametrize(("low", "verdict"), [("210", OK), ("209", BAD), ("211", BAD)])
def test_groups_add_up(verdicts, low, verdict) -> None:
    groups = rows(200, "(1) High income", "2") + rows(low, "(2) Low income", "2")
    assert verdicts("n_split", rows(410) + groups) == [verdict]
    assert verdicts("n_split", groups) == [OPEN]


def test_groups_may_be_stated(verdicts) -> None:
    groups = rows(200, "(1)", "2") + rows(150, "(2)", "2") + rows(60, "(3)", "2")
    split = "split|regions|2|(1) & (2) & (3)|regions\nfull|{}|2"
    assert verdicts("n_split", groups, split.format(410)) == [OK]
    assert verdicts("n_split", groups, split.format(411)) == [BAD]
    assert verdicts("n_split", rows(410) + groups, split.format("1/(1)")) == [OK]


@pytest.mark.parametrize(("n", "verdict"), [("369", OK), ("370", BAD), ("300", OK)])
def test_a_lag_loses_a_period_of_each_unit(verdicts, n, verdict) -> None:
    printed = rows(410) + rows(n, "GMM", term="L.y")
    assert verdicts("n_lag", printed, "units|41") == [verdict]
    assert verdicts("n_lag", printed) == [OPEN]
    assert verdicts("n_lag", rows(n, "GMM", term="L.y"), "units|41") == [OPEN]


def test_a_lag_of_two_periods_loses_two(verdicts) -> None:
    printed = rows(410) + rows(329, "GMM", term="L2.y")
    assert verdicts("n_lag", printed, "units|41") == [BAD]
    assert verdicts("n_lag", printed.replace("329", "328"), "units|41") == [OK]


def test_columns_of_one_sample_have_as_many_rows(judged) -> None:
    assert [f.verdict for f in judged("n_columns", rows(410) + rows(410, "(2)"))] == [OK]
    (found,) = judged("n_columns", rows(410) + rows(401, "(2)", term="z"))
    assert (found.verdict, dict(found.values)["added"], dict(found.values)["lost"]) == (WARN, "x, z", "9")
    assert [f.verdict for f in judged("n_columns", "1|(1)|x|coef|1\n1|(2)|x|coef|1\n")] == [OPEN]


def test_event_times_need_cohorts_that_are_observed(verdicts) -> None:
    claims = "cohorts|2012; 2013; 2014\nyears|2010-2021\nevent_times|{}"
    assert verdicts("event_support", "", claims.format("-2..7")) == [OK] * 10
    assert verdicts("event_support", "", claims.format("-4..-3")) == [WARN, WARN]
    assert verdicts("event_support", "", claims.format("-5; -2")) == [BAD, OK]
    assert verdicts("event_support", "", "cohorts|2012\nyears|2010-2021") == [OPEN]
    rows_printed = "2|(1)|pre4|coef|0.1\n2|(1)|post1|coef|0.1\n"
    assert verdicts("event_support", rows_printed, "cohorts|2012\nyears|2010-2021") == [BAD, OK]


def test_a_placebo_draw_has_as_many_treated_units(judged) -> None:
    claims = "placebo_treated|{}\nplacebo_units|220\nplacebo_draws|500\nunits|220\nperiods|12\ntreated|92"
    (found,) = judged("placebo_count", rows(2640), claims.format(92))
    assert found.verdict == OK
    assert found.computed is not None
    assert found.computed.lo == pytest.approx(1 / 501)
    assert [f.verdict for f in judged("placebo_count", rows(2640), claims.format(91))] == [BAD]
    # 2,641 rows in 12 periods need 221 units
    assert [f.verdict for f in judged("placebo_count", rows(2641), claims.format(92))] == [BAD]
    assert [f.verdict for f in judged("placebo_count", rows(2640), "placebo_draws|500")] == [OPEN]


def test_treated_and_control_units_add_up(verdicts) -> None:
    assert verdicts("cohorts", "", "treated|92\ncontrol|128\nunits|220") == [OK]
    assert verdicts("cohorts", "", "treated|92\ncontrol|127\nunits|220") == [BAD]
    assert verdicts("cohorts", "", "treated|92") == [OPEN]
    parts = "cohort|40|||2012\ncohort|52|||2013\n"
    assert verdicts("cohorts", "", "treated|92\ncontrol|128\nunits|220\nannounced|92\n" + parts) == [OK, OK, OK]
    assert verdicts("cohorts", "", "treated|93\ncontrol|127\nunits|220\nannounced|92\n" + parts) == [OK, BAD, BAD]
