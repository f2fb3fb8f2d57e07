"""Section F on made-up papers: right, wrong by one unit in the last digit beyond rounding, and undecidable."""

import pytest

OK, BAD, IF, WARN, OPEN = "consistent", "inconsistent", "only if", "warning", "not checkable"
IV = "2|IV (1)|dep_var|info|did\n2|IV (1)|iv|coef|0.50|***\n2|IV (1)|iv|t|{t}\n2|IV (1)|N|stat|100\n"
SECOND = "2|IV (2)|dep_var|info|y\n2|IV (2)|did|coef|{b}|***\n2|IV (2)|did|t|3.00\n2|IV (2)|N|stat|100\n"
REDUCED = "2|RF|dep_var|info|y\n2|RF|iv|coef|0.10|***\n2|RF|iv|t|3.00\n2|RF|N|stat|100\n"
OLS = "1|(1)|dep_var|info|y\n1|(1)|did|coef|0.05|***\n1|(1)|did|t|3.00\n1|(1)|N|stat|100\n1|(1)|City FE|info|Yes\n"


@pytest.mark.parametrize(
    ("t", "key"),
    [
        ("3.16", "weak"),
        ("3.17", "below"),
        ("4.05", "below"),
        ("4.06", "passes"),
        ("10.23", "passes"),
        ("10.24", "strong"),
    ],
)
def test_f_of_the_first_stage_against_its_thresholds(judged, t, key) -> None:
    # lower ends squared: 3.165^2 = 10.02, 4.045^2 = 16.36, 4.055^2 = 16.44, 10.225^2 = 104.55, 10.235^2 = 104.76
    (found,) = judged("first_stage", IV.format(t=t))
    assert found.message == f"first_stage.{key}"
    assert found.verdict == (WARN if key in ("weak", "below") else OK)


def test_two_instruments_have_no_f_from_one_t(verdicts) -> None:
    assert verdicts("first_stage", IV.format(t="4.50") + "2|IV (1)|iv2|coef|0.1\n2|IV (1)|iv2|t|2.0\n") == [OPEN, OPEN]


@pytest.mark.parametrize(("b", "verdict"), [("0.20", OK), ("0.21", OK), ("0.23", BAD)])
def test_two_stages_are_the_ratio_of_reduced_form_and_first_stage(judged, b, verdict) -> None:
    # [.095, .105]/[.495, .505] = [.188, .212]
    found = judged("iv_ratio", IV.format(t="4.50") + SECOND.format(b=b) + REDUCED)
    assert [f.verdict for f in found if f.message.endswith("quotient")] == [verdict]


def test_instruments_far_from_least_squares_are_a_danger_sign(judged) -> None:
    far = judged("iv_ratio", IV.format(t="4.50") + SECOND.format(b="0.30") + OLS)
    assert [f.verdict for f in far] == [WARN]  # at least .295/.055 = 5.4
    near = judged("iv_ratio", IV.format(t="4.50") + SECOND.format(b="0.27") + OLS)
    assert [f.verdict for f in near] == [OK]  # .265/.055 = 4.8 is possible
    assert [f.verdict for f in judged("iv_ratio", IV.format(t="4.50") + SECOND.format(b="0.30"))] == [OPEN]


def test_a_constant_instrument_identifies_nothing_under_unit_effects(verdicts) -> None:
    stage = IV.format(t="4.50") + "2|IV (1)|City FE|info|{}\n"
    claim = "instrument|time-invariant|||iv"
    assert verdicts("iv_design", stage.format("Yes"), claim) == [BAD]
    assert verdicts("iv_design", stage.format("No") + OLS, claim) == [WARN]
    assert verdicts("iv_design", stage.format("No"), claim) == [OK]
    assert verdicts("iv_design", IV.format(t="4.50"), claim) == [OPEN]
    assert verdicts("iv_design", stage.format("Yes"), "instrument|varying|||iv") == [OK]


def test_the_sign_of_the_first_stage_is_the_stated_one(verdicts) -> None:
    assert verdicts("iv_design", IV.format(t="4.50"), "instrument_sign|+") == [OK]
    assert verdicts("iv_design", IV.format(t="4.50"), "instrument_sign|-") == [BAD]
    assert verdicts("iv_design", IV.format(t="4.50"), "instrument_sign|- implied") == [WARN]


def gmm(**stats: str) -> str:
    names = {"ar1": "AR(1)", "ar2": "AR(2)", "hansen": "Hansen", "count": "instruments", "groups": "Number of groups"}
    return "2|GMM|L.y|coef|0.5\n" + "".join(f"2|GMM|{names[k]}|stat|{v}\n" for k, v in stats.items())


def test_tests_of_dynamic_panels(judged) -> None:
    def answers(**stats):
        return {f.message.removeprefix("gmm_tests."): f.verdict for f in judged("gmm_tests", gmm(**stats))}

    assert answers(ar1="-3.20", ar2="0.50", hansen="0.30") == {"m1": OK, "m2_as_p": OK, "hansen": OK}
    assert answers(ar1="17.970", ar2="-0.340")["m1_positive"] == BAD
    assert answers(ar1="-1.00", ar2="-0.340")["m1_weak"] == WARN
    assert answers(ar1="0.000", ar2="0.09") == {"m1_as_p": OK, "m2_significant_as_p": BAD, "missing": OPEN}
    assert answers(ar1="-3.20", ar2="1.64")["m2"] == OK  # 1.64485: undecidable
    assert answers(ar1="-3.20", ar2="1.66")["m2_significant"] == BAD
    assert answers(ar1="-3.20", ar2="-0.3", hansen="0.99")["hansen_one"] == WARN
    assert answers(ar1="-3.20", ar2="-0.3", hansen="0.5", count="41", groups="41")["few"] == OK
    assert answers(ar1="-3.20", ar2="-0.3", hansen="0.5", count="42", groups="41")["many"] == WARN


@pytest.mark.parametrize(("second", "verdict"), [("0.10", OK), ("0.22", BAD), ("0.17", OK), ("0.60", BAD)])
def test_stronger_in_one_group_needs_a_difference(verdicts, second, verdict) -> None:
    # se .10 each: .40 - .10 over .141 is 2.1; .40 - .17 is 1.63, at most 1.82 within rounding; .40 - .22 at most 1.42
    groups = f"3|A|x|coef|0.40|***\n3|A|x|se|0.10\n3|B|x|coef|{second}\n3|B|x|se|0.10\n"
    assert verdicts("group_difference", groups, "stronger|yes|3|A & B|x") == [verdict]
    assert verdicts("group_difference", groups, "stronger|yes|3|A & C|x") == [OPEN]


def test_a_treatment_that_switches_off_is_no_absorbing_one(judged) -> None:
    claims = "treatment_on|{}\nyears|2010-2021\ncohorts|2012; 2013; 2014\nevent_times|-2..4\ntreated|92"
    (found,) = judged("treatment_window", "", claims.format("2012-2014"))
    assert found.verdict == BAD
    assert [f.verdict for f in judged("treatment_window", "", claims.format("2012-"))] == [OK]
    assert [f.verdict for f in judged("treatment_window", "", claims.format("2012-2016"))] == [OK]
    assert judged("treatment_window", "", "treated|92") == []


def test_outcome_and_regressor_share_no_term(judged) -> None:
    claims = "outcome|q\nyears|2010-2021\nformula|tertiary share; provincial quality||2017-2021|q\nformula|{}|||x"
    (found,) = judged("circular", "", claims.format("Tertiary share; population"))
    assert found.verdict == WARN
    assert found.computed is not None
    assert found.computed.lo == pytest.approx(5 / 12)
    assert [f.verdict for f in judged("circular", "", claims.format("population"))] == [OK]
    assert judged("circular", "", "outcome|q") == []
