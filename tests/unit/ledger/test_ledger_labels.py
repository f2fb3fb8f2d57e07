"""Labels of rows and columns in the two languages, as papers print them."""

import pytest

from citypanel.ledger import labels


@pytest.mark.parametrize(
    ("label", "statistic"),
    [
        ("N", "n"),
        ("Observations", "n"),
        ("Obs.", "n"),
        ("样本量", "n"),
        ("观测值", "n"),
        ("R-squared", "r2"),
        ("R 2", "r2"),
        ("R<sup>2</sup>", "r2"),
        ("R²", "r2"),
        ("r2_a", "r2_adj"),
        ("Adj. R2", "r2_adj"),
        ("Adjusted R-squared", "r2_adj"),
        ("调整R²", "r2_adj"),
        ("Within R2", "r2_within"),
        ("F", "f"),
        ("F统计量", "f"),
        ("Number of ID", "units"),
        ("Number of cities", "units"),
        ("城市数", "units"),
        ("AR(1)", "ar1"),
        ("AR(2)", "ar2"),
        ("Hansen J", "hansen"),
        ("Number of instruments", "instruments"),
        ("LR test", "lr"),
        ("fin", ""),
        ("infra", ""),
        ("first-stage F", "first_stage_f"),
        ("gdp", ""),
    ],
)
def test_statistics_are_known_by_their_labels(label, statistic) -> None:
    assert labels.statistic_of(label) == statistic


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("Year FE", "time"),
        ("City FE", "unit"),
        ("Year Effect", "time"),
        ("Id Effect", "unit"),
        ("ID Effect", "unit"),
        ("Industry Effect", "other"),
        ("年份固定效应", "time"),
        ("城市固定效应", "unit"),
        ("City-year FE", "both"),
        ("gdp", ""),
        ("Control variable", ""),
    ],
)
def test_effects_are_known_by_their_labels(label, kind) -> None:
    assert labels.effect_kind(label) == kind


def test_answers_constants_lags_and_parameters() -> None:
    assert [labels.is_yes(text) for text in ("Yes", "NO", "是", "控制", "√", "", "?")] == [
        True,
        False,
        True,
        True,
        True,
        False,
        None,
    ]
    assert all(labels.is_constant(label) for label in ("_cons", "Constant", "Intercept", "常数项", "(Intercept)"))
    assert all(labels.is_lag(label) for label in ("L.quality", "L2.y", "D.x", "滞后一期y"))
    assert not labels.is_lag("lagoon")
    assert all(labels.is_auxiliary(label) for label in ("Spatial-rho", "Variance-sigma2_e", "lambda", "ρ"))
    assert not labels.is_auxiliary("x1")


def test_columns_of_other_estimators_and_samples() -> None:
    assert not any(
        labels.is_least_squares(label) for label in ("IV (2)", "2SLS", "GMM (1)", "经济权重 SAR", "SEM", "分位数")
    )
    assert all(labels.is_least_squares(label) for label in ("(1)", "(iv)", "(ii)", "OLS", "PSM-DID (1)"))
    assert labels.has_own_sample("PSM-DID (1)")
    assert labels.opposite("(1) High level of income", "(2) Low level of income") == "level of income"
    assert labels.opposite("沿海城市", "内陆城市") == "城市"
    assert labels.opposite("(1)", "(2)") == ""


def test_spatial_rows() -> None:
    assert labels.spatial_effect("Direct") == ("direct", "")
    assert labels.spatial_effect("inno: Indirect") == ("indirect", "inno")
    assert labels.spatial_effect("总效应") == ("total", "")
    assert labels.spatial_effect("gdp") == ("", "")
    rows = ("Spatial error: Robust Lagrange multiplier", "LM-lag", "Robust LM (error)", "RLM-lag", "稳健LM-误差", "gdp")
    assert [labels.lm_test(row) for row in rows] == ["rlm_error", "lm_lag", "rlm_error", "rlm_lag", "rlm_error", ""]
