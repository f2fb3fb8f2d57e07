"""Section E on made-up tables: right, wrong by one unit in the last digit beyond rounding, and undecidable."""

import pytest

OK, BAD, IF, WARN, OPEN = "consistent", "inconsistent", "only if", "warning", "not checkable"


def lm(error="144.004", robust_error="143.721", lag="0.435", robust_lag="0.152", stars="***") -> str:
    return (
        f"8|W|Spatial error: Lagrange multiplier|chi2|{error}|{stars}\n"
        f"8|W|Spatial error: Robust Lagrange multiplier|chi2|{robust_error}|{stars}\n"
        f"8|W|Spatial lag: Lagrange multiplier|chi2|{lag}\n"
        f"8|W|Spatial lag: Robust Lagrange multiplier|chi2|{robust_lag}\n"
    )


@pytest.mark.parametrize(("robust_lag", "verdict"), [("0.152", OK), ("0.154", OK), ("0.155", BAD), ("0.149", BAD)])
def test_lagrange_multipliers_add_up_crosswise(judged, robust_lag, verdict) -> None:
    # four roundings of .0005 leave .002
    found = judged("lm_identity", lm(robust_lag=robust_lag))
    assert [f.verdict for f in found if f.message.endswith("sums")] == [verdict]


def test_stars_of_lagrange_multipliers_are_of_chi_squared(verdicts) -> None:
    assert verdicts("lm_identity", "8|W|LM-lag|chi2|3.84|**\n") == [OPEN, OK]  # 3.8415: undecidable
    assert verdicts("lm_identity", "8|W|LM-lag|chi2|3.83|**\n") == [OPEN, BAD]
    assert verdicts("lm_identity", "8|W|LM-lag|chi2|-0.10|*\n") == [OPEN, BAD]


def sar(*, b="0.020", rho="0.500", z="5.00", direct="0.021", indirect="0.019", total="0.040") -> str:
    return (
        f"9|SAR|x|coef|{b}|**\n9|SAR|x|z|2.20\n9|SAR|Spatial-rho|coef|{rho}|***\n9|SAR|Spatial-rho|z|{z}\n"
        f"9|SAR|Direct|effect|{direct}\n9|SAR|Indirect|effect|{indirect}\n9|SAR|Total|effect|{total}\n9|SAR|N|stat|410\n"
    )


@pytest.mark.parametrize(("total", "verdict"), [("0.040", OK), ("0.041", OK), ("0.042", BAD), ("0.038", BAD)])
def test_direct_and_indirect_effects_make_the_total(verdicts, total, verdict) -> None:
    assert verdicts("effects_sum", sar(total=total)) == [verdict]


def test_effects_need_all_three(verdicts) -> None:
    assert verdicts("effects_sum", sar().replace("9|SAR|Direct|effect|0.021\n", "")) == [OPEN]
    assert verdicts("effects_sum", sar(direct="—")) == [OPEN]


@pytest.mark.parametrize(("total", "verdict"), [("0.040", OK), ("0.041", OK), ("0.042", IF)])
def test_the_total_effect_is_the_long_run_multiplier(verdicts, total, verdict) -> None:
    # [.0195, .0205]/[.4995, .5005] = [.0390, .0410]
    assert verdicts("effects_total", sar(total=total)) == [verdict]
    analytic = "w|row-standardised\neffects_method|delta"
    assert verdicts("effects_total", sar(total=total), analytic) == [BAD if verdict == IF else OK]
    assert verdicts("effects_total", sar(total=total).replace("Spatial-rho", "q")) == [OPEN]


def test_spillovers_have_the_sign_of_a_stable_lag_model(verdicts) -> None:
    assert verdicts("effects_sign", sar()) == [OK]
    assert verdicts("effects_sign", sar(indirect="-0.000")) == [OK]  # [-.0005, 0]: zero is possible
    assert verdicts("effects_sign", sar(indirect="-0.001")) == [BAD]
    assert verdicts("effects_sign", sar(direct="0.018")) == [BAD]
    # z = 3: rho of a draw exceeds one with probability .0013, so that simulation means may have any sign
    assert verdicts("effects_sign", sar(indirect="-0.001", z="3.00")) == [IF]
    assert verdicts("effects_sign", sar(rho="-0.200")) == [OPEN]


@pytest.mark.parametrize(("z", "verdict"), [("14.10", OK), ("14.32", OK), ("14.33", BAD)])
def test_z_of_sigma_squared_is_bounded_by_the_sample(verdicts, z, verdict) -> None:
    # sqrt(410/2) = 14.318
    printed = f"9|SEM|sigma2_e|coef|0.002|***\n9|SEM|sigma2_e|z|{z}\n9|SEM|N|stat|410\n9|SEM|Number of ID|stat|41\n"
    assert verdicts("sigma2_z", printed) == [verdict]
    assert verdicts("sigma2_z", printed.replace("|N|", "|Q|")) == [OPEN]


def test_z_of_sigma_squared_after_lee_and_yu_is_smaller(verdicts) -> None:
    # sqrt(369/2) = 13.583
    printed = "9|SEM|sigma2_e|coef|0.002|***\n9|SEM|sigma2_e|z|{}\n9|SEM|N|stat|410\n9|SEM|Number of ID|stat|41\n"
    assert verdicts("sigma2_z", printed.format("13.58"), "leeyu|yes") == [OK]
    assert verdicts("sigma2_z", printed.format("13.60"), "leeyu|yes") == [IF]


def years(*cells: tuple[str, str]) -> str:
    return "".join(f"7|W|{2011 + i}|moran_I|{value}|{stars}\n" for i, (value, stars) in enumerate(cells))


def test_one_standard_error_gives_the_stars_of_all_years(verdicts) -> None:
    # n = 41: I + .025 over s; .075 with ** asks for s in [.0291, .0383], .175 with *** for s <= .0679
    claims = "units|41\nnote|* p<0.1 ** p<0.05 *** p<0.01|7"
    assert verdicts("moran_years", years(("0.0500", "**"), ("0.1500", "***")), claims) == [OK]
    # none at .075 asks for s >= .0456, *** at .085 for s <= .0330: no s, and no spread of a tenth, gives both
    assert verdicts("moran_years", years(("0.0500", ""), ("0.0600", "***")), claims) == [BAD]
    # * at .075 asks for s in [.0383, .0456] two-sided; *** at .1005 for s <= .0390: undecidable but possible
    assert verdicts("moran_years", years(("0.0500", "*"), ("0.0755", "***")), claims) == [OK]
    assert verdicts("moran_years", years(("0.0500", "**"), ("0.1500", "***"))) == [OPEN]


def test_stars_of_all_years_may_ask_for_one_side(judged) -> None:
    # -.205 is two-sided significant at any s that gives .075 two stars, and not one-sided
    claims = "units|41\nnote|* p<0.1 ** p<0.05 *** p<0.01|7"
    (found,) = judged("moran_years", years(("0.0500", "**"), ("-0.2300", "")), claims)
    assert (found.verdict, found.condition) == (IF, "moran_years.one_sided")
    assert found.infers == (("side", "one"),)


def test_tests_and_models_named_have_a_table(verdicts) -> None:
    assert verdicts("test_ladder", lm(), "test|table 8|||LM") == [OK]
    assert verdicts("test_ladder", lm(), "test||||LR") == [BAD]
    assert verdicts("test_ladder", lm(), "model||||SDM") == [BAD]
    assert verdicts("test_ladder", "9|SEM|x|coef|1\n9|SEM|Spatial-rho|coef|0.5\n") == [WARN]
    assert verdicts("test_ladder", "9|SEM|x|coef|1\n9|SEM|lambda|coef|0.5\n9|SEM|LR|stat|-1.2\n") == [BAD]


def test_the_model_chosen_is_the_one_tests_point_to(verdicts) -> None:
    assert verdicts("test_ladder", lm(), "model_chosen|SEM") == [OK]
    assert verdicts("test_ladder", lm(), "model_chosen|SAR") == [WARN]
