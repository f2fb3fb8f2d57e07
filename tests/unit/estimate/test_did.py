"""Staggered adoption: hand examples, bad input, what the record says."""

import numpy as np
import pandas as pd
import pytest

from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Specification
from citypanel.errors import DeclarationError, EstimationError, InputError
from citypanel.estimate.analysis import estimate_analysis
from citypanel.estimate.did_bacon import bacon_decomposition
from citypanel.estimate.did_imputation import average_weights
from citypanel.result import Record

ESTIMATORS = ["twfe", "bacon", "callaway_santanna", "sun_abraham", "imputation", "gardner", "efficient"]


def panel(cohorts: dict[str, float], periods: int = 5) -> pd.DataFrame:
    """Return one row per city and year; y is 1 more from treatment on, plus city and year levels."""
    rows = [
        {"city": city, "year": 2000 + t, "cohort": cohort, "level": len(city)}
        for city, cohort in cohorts.items()
        for t in range(periods)
    ]
    frame = pd.DataFrame(rows)
    treated = (frame["cohort"] > 0) & (frame["year"] >= frame["cohort"])
    noise = np.random.default_rng(0).normal(size=len(frame)) * 0.01
    return frame.assign(y=frame["level"] + 0.5 * (frame["year"] - 2000) + treated + noise, x=noise[::-1])


def did(frame: pd.DataFrame, estimator: str, formula: str = "y ~ 1", **more: object) -> Record:
    keys = {"unit": "city", "time": "year"}
    for name in ("vcov", "weights", "unit", "time"):
        if name in more:
            keys[name] = more.pop(name)
    options = parse_options("did", {"cohort": "cohort", "estimator": estimator, **more}, "test")
    return estimate_analysis(frame, [Specification("did", formula, options, **keys)])


COHORTS = {"a": 0, "bb": 0, "c": 2002, "dd": 2002, "e": 2003, "ff": 2003, "g": 0}


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_each_estimator_finds_an_effect_of_one(estimator: str) -> None:
    column = did(panel(COHORTS), estimator).columns[0]
    assert column.term("att").estimate == pytest.approx(1, abs=0.05)
    assert column.fixed_effects == ("city", "year")
    assert column.stats["estimator"] == estimator


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_no_treated_unit_is_refused(estimator: str) -> None:
    with pytest.raises(EstimationError, match="'cohort' gives no unit that is treated between 2000 and 2004"):
        did(panel(dict.fromkeys("abcd", 0)), estimator)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_cohort_after_the_sample_counts_as_never_treated_and_is_named(estimator: str) -> None:
    frame = panel({**COHORTS, "late": 2030})
    record = did(frame, estimator)
    assert any("2030" in text and "1 units count as never treated" in text for text in record.warnings)
    alike = did(frame.assign(cohort=frame["cohort"].replace(2030, 0)), estimator)
    assert record.columns[0].term("att") == alike.columns[0].term("att")


@pytest.mark.parametrize("empty", [0, np.nan, np.inf])
def test_never_treated_may_be_empty_or_zero(empty: float) -> None:
    frame = panel(COHORTS)
    changed = frame.assign(cohort=frame["cohort"].astype(float).replace(0, empty))
    assert did(changed, "imputation").columns[0].term("att") == did(frame, "imputation").columns[0].term("att")


def test_callaway_santanna_without_never_treated_names_the_way_out() -> None:
    frame = panel({"a": 2001, "b": 2001, "c": 2003, "d": 2003})
    with pytest.raises(EstimationError, match="control_group=notyet"):
        did(frame, "callaway_santanna")
    record = did(frame, "callaway_santanna", control_group="notyet")
    assert any("no unit is untreated then" in text for text in record.warnings)


def test_sun_abraham_without_never_treated_compares_with_the_last_cohort() -> None:
    record = did(panel({"a": 2001, "b": 2001, "c": 2003, "d": 2003}), "sun_abraham")
    assert any("cohort 2003 is the comparison group" in text for text in record.warnings)
    assert record.columns[0].n == 12
    with pytest.raises(EstimationError, match="no comparison group"):
        did(panel({"a": 2002, "b": 2002}), "sun_abraham")


@pytest.mark.parametrize("estimator", ["callaway_santanna", "sun_abraham", "imputation", "efficient"])
def test_always_treated_units_are_left_out_and_counted(estimator: str) -> None:
    record = did(panel({**COHORTS, "h": 2000, "i": 1990}), estimator)
    assert any(
        text[0].isdigit() and ("first period" in text or "cannot be predicted" in text) for text in record.warnings
    )
    alone = did(panel(COHORTS), estimator).columns[0].term("att").estimate
    assert record.columns[0].term("att").estimate == pytest.approx(alone, abs=0.05)


def test_a_period_in_which_all_are_treated_is_not_imputed() -> None:
    record = did(panel({"a": 2001, "b": 2003, "c": 2003}), "imputation")
    assert any("6 treated rows cannot be predicted" in text for text in record.warnings)
    assert record.columns[0].stats["treated_rows"] == 2


def test_two_cohorts_within_a_unit_are_refused() -> None:
    frame = panel(COHORTS)
    frame.loc[frame.index[-1], "cohort"] = 2001
    with pytest.raises(InputError, match="'cohort' changes within city g"):
        did(frame, "twfe")


def test_time_must_be_whole_numbers() -> None:
    with pytest.raises(InputError, match="whole numbers"):
        did(panel(COHORTS).assign(year=lambda d: d["year"] + 0.5), "twfe")


def test_units_with_gaps_are_left_out_and_counted_where_a_balanced_panel_is_needed() -> None:
    frame = panel(COHORTS).drop(index=1)
    record = did(frame, "callaway_santanna")
    assert any("1 of 7 units are not seen in all 5 periods" in text for text in record.warnings)
    assert record.columns[0].units == 6
    with pytest.raises(EstimationError, match="balanced panel"):
        did(frame, "bacon")


def test_a_unit_with_two_rows_in_a_period_is_refused() -> None:
    frame = panel(COHORTS)
    with pytest.raises(InputError, match="2 rows in period 2000"):
        did(pd.concat([frame, frame.head(1)]), "twfe")


@pytest.mark.parametrize(
    ("formula", "more", "message"),
    [
        ("y ~ 1 | city + level", {}, "'level' cannot be added"),
        ("y ~ 1 | x ~ level", {}, "no instruments"),
        ("y ~ 1", {"vcov": "iid"}, "takes cluster:COLUMN"),
        ("y ~ 1", {"vcov": "cluster:city+year"}, "takes cluster:COLUMN"),
        ("y ~ 1", {"unit": None}, "needs the panel's unit and time"),
    ],
)
def test_what_did_cannot_do_is_said(formula: str, more: dict, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        did(panel(COHORTS), "callaway_santanna", formula, **more)


def test_gardner_and_the_efficient_estimator_say_which_aggregates_they_offer() -> None:
    for estimator in ("gardner", "efficient"):
        with pytest.raises(DeclarationError, match="aggregate=simple"):
            did(panel(COHORTS), estimator, aggregate="group")


def test_a_cluster_with_one_level_is_refused() -> None:
    with pytest.raises(EstimationError, match="has one level"):
        did(panel(COHORTS).assign(country=1), "imputation", vcov="cluster:country")


def test_perfect_separation_within_a_comparison_is_an_error_not_a_number() -> None:
    frame = panel({name * 3: c for name, c in zip("abcdefgh", [0, 0, 0, 0, 2002, 2002, 2002, 2002], strict=True)})
    frame["z"] = (frame["cohort"] > 0) + 0.1 * np.sin(np.arange(len(frame)))
    with pytest.raises(EstimationError, match="separation"):
        did(frame, "callaway_santanna", "y ~ z")


def test_bacon_of_one_cohort_is_one_difference_of_differences() -> None:
    y = np.array([[1.0, 2.0, 5.0], [0.0, 1.0, 1.0]])
    (row,) = bacon_decomposition(y, np.array([2.0, np.inf]), np.array([0.0, 1.0, 2.0]))
    assert (row.estimate, row.weight) == (pytest.approx((5 - 1.5) - (1 - 0.5)), 1.0)


def test_never_treated_controls_are_coded_zero_and_always_treated_ones_by_the_first_period() -> None:
    rows = did(panel({**COHORTS, "h": 1999}), "bacon").curves["bacon"]
    assert {row["control"] for row in rows if row["type"] == "Treated vs Untreated"} == {0}
    assert {row["control"] for row in rows if row["type"] == "Later vs Always Treated"} == {2000}


def test_weights_of_the_aggregates_by_hand() -> None:
    # Cohort 1 has two units and one treated period each, cohort 2 one unit and two of them.
    cohort, time = np.array([2.0, 2.0, 1.0, 1.0]), np.array([2.0, 2.0, 1.0, 2.0])
    units, keep = np.array([0, 1, 2, 2]), np.ones(4, dtype=bool)

    def of(kind: str) -> list[float]:
        found = average_weights(kind, cohort=cohort, time=time, keep=keep, weights=np.ones(4), units=units)
        return found.tolist()

    assert of("simple") == [0.25, 0.25, 0.25, 0.25]
    assert of("group") == pytest.approx([1 / 3, 1 / 3, 1 / 6, 1 / 6])
    assert of("calendar") == pytest.approx([1 / 6, 1 / 6, 1 / 2, 1 / 6])
    assert of("dynamic") == pytest.approx([1 / 6, 1 / 6, 1 / 6, 1 / 2])


def parallel(units: dict[int, int], periods: int, seed: int) -> pd.DataFrame:
    """Return independent noise: trends are parallel whatever the cohorts are; `units` counts each cohort's."""
    cohorts = np.repeat(list(units), list(units.values()))
    y = np.random.default_rng(seed).normal(size=(len(cohorts), periods))
    keys = {
        "city": np.repeat(np.arange(len(cohorts)), periods),
        "year": np.tile(np.arange(periods) + 2000, len(cohorts)),
    }
    return pd.DataFrame({**keys, "cohort": np.repeat(cohorts, periods), "y": y.ravel()})


def test_a_cohort_with_more_effects_before_treatment_than_units_has_no_joint_test() -> None:
    # Its five effects span two directions, so in some direction the variance is the many controls' alone.
    record = did(parallel({0: 200, 2006: 3}, 8, 1), "callaway_santanna")
    assert record.columns[0].stats["pretrend_p"] is None
    assert record.columns[0].stats["pretrend_df"] == 5
    assert record.warnings == (
        "no joint test of the effects before treatment: cohort 2006 has 3 units for 5 effects before treatment",
    )


@pytest.mark.parametrize(("units", "warned"), [(8, True), (60, False)])
def test_the_joint_test_before_treatment_says_where_it_rejects_too_often(units: int, warned: bool) -> None:
    rejected = 0
    for seed in range(40):
        record = did(parallel({0: 100, 2006: units}, 8, seed), "callaway_santanna")
        rejected += record.columns[0].stats["pretrend_p"] < 0.05
        few = f"rejects too often: cohort 2006 has {units} units for 5 effects"
        assert any(few in text for text in record.warnings) is warned
    # Chi-squared's 5% are 45% for Hotelling's statistic of 8 units and 5 effects, and 7% of 60 units.
    assert (rejected > 9) == warned
