"""Event study: the window, the base, bad input, sensitivity."""

import numpy as np
import pandas as pd
import pytest

from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Specification
from citypanel.errors import DeclarationError, EstimationError
from citypanel.estimate.analysis import estimate_analysis
from citypanel.estimate.event_study import event_window
from citypanel.result import Record


def panel(cohorts: tuple[float, ...] = (0, 0, 2004, 2004, 2006, 2006), periods: int = 10) -> pd.DataFrame:
    units = len(cohorts)
    frame = pd.DataFrame(
        {"city": np.repeat(np.arange(units), periods), "year": np.tile(2000 + np.arange(periods), units)}
    )
    frame["cohort"] = np.array(cohorts)[frame["city"]]
    on = (frame["cohort"] > 0) & (frame["year"] >= frame["cohort"])
    rng = np.random.default_rng(1)
    return frame.assign(y=frame["city"] + on + rng.normal(size=len(frame)), x=rng.normal(size=len(frame)))


def study(frame: pd.DataFrame, formula: str = "y ~ x | city + year", **options: object) -> Record:
    given = parse_options("event_study", {"cohort": "cohort", **options}, "test")
    return estimate_analysis(frame, [Specification("event_study", formula, given, unit="city", time="year")])


def window(event: list[float], **options: object):
    return event_window(np.array(event), parse_options("event_study", {"cohort": "c", **options}, "test"))


def test_periods_beyond_the_ends_are_counted_in_the_end_bins() -> None:
    found = window([-9, -2, -1, 0, 7, -np.inf], leads=2, lags=1)
    assert found.times == (-2, 0, 1)
    assert found.indicators.tolist() == [[1, 0, 0], [1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]]
    assert found.inside.all()


def test_periods_beyond_the_ends_are_left_out_when_ends_are_open() -> None:
    found = window([-9, -2, -1, 0, 7, -np.inf], leads=2, lags=1, bin_ends=False)
    assert found.inside.tolist() == [False, True, True, True, False, True]
    record = study(panel(), leads=2, lags=1, bin_ends=False)
    assert any("beyond the window" in text for text in record.warnings)
    assert record.columns[0].n < 60


def test_terms_curve_and_tests_have_the_names_of_the_interface() -> None:
    record = study(panel())
    column = record.columns[0]
    names = [term.term for term in column.terms]
    assert names[:8] == ["t-4", "t-3", "t-2", "t+0", "t+1", "t+2", "t+3", "t+4"]
    assert {"pretrend_f", "pretrend_p", "sup_t"} <= set(column.stats)
    assert column.stats["pretrend_df1"] == 3
    assert [row["time"] for row in record.curves["event_study"]] == list(range(-4, 5))
    assert [row["time"] for row in record.curves["event_study"] if row["base"]] == [-1]


def test_never_treated_units_are_in_no_bin_even_without_unit_effects() -> None:
    frame = panel()
    column = study(frame, "y ~ x").columns[0]
    event = np.where(frame["cohort"] > 0, np.clip(frame["year"] - frame["cohort"], -4, 4), np.nan)
    D = np.column_stack([event == time for time in (-4, -3, -2, 0, 1, 2, 3, 4)]).astype(float)
    X = np.column_stack([D, frame["x"], np.ones(len(frame))])
    b = np.linalg.lstsq(X, frame["y"].to_numpy(), rcond=None)[0]
    assert [term.estimate for term in column.terms] == pytest.approx(b.tolist(), rel=1e-9)


def test_another_base_may_be_chosen_within_the_window_only() -> None:
    assert "t-1" in [term.term for term in study(panel(), base=-2).columns[0].terms]
    with pytest.raises(DeclarationError, match="base is -6; it must lie between -4"):
        study(panel(), base=-6)


def test_a_base_that_nobody_is_seen_at_is_refused() -> None:
    with pytest.raises(EstimationError, match="no treated unit is seen at the base, event time -1"):
        study(panel((0, 0, 2000, 2000)))


def test_event_times_that_nobody_is_seen_at_are_named() -> None:
    record = study(panel((0, 0, 2002, 2002)))
    assert any("no treated unit is seen at t-4, t-3" in text for text in record.warnings)


def test_no_treated_unit_is_refused_and_no_never_treated_unit_is_told() -> None:
    with pytest.raises(EstimationError, match="no unit that is treated"):
        study(panel((0, 0, 0)))
    record = study(panel((2004, 2004, 2006, 2006)))
    assert any("no unit is never treated" in text for text in record.warnings)


def test_instruments_and_names_of_event_times_are_refused() -> None:
    with pytest.raises(DeclarationError, match="no instruments"):
        study(panel(), "y ~ 1 | city + year | x ~ city")
    options = parse_options("event_study", {"cohort": "cohort"}, "test")
    with pytest.raises(DeclarationError, match="needs the panel's unit and time"):
        estimate_analysis(panel(), [Specification("event_study", "y ~ x | city", options)])


@pytest.mark.parametrize("kind", ["relative", "smoothness"])
def test_sensitivity_gives_a_curve_and_the_bound_at_which_the_effect_is_gone(kind: str) -> None:
    frame = panel(tuple(np.repeat([0, 2004, 2006], 20).tolist()))
    frame["y"] += 5 * ((frame["cohort"] > 0) & (frame["year"] >= frame["cohort"]))
    record = study(frame, sensitivity=kind, bounds="0,0.2,0.5", target="average")
    rows, stats = record.curves["sensitivity"], record.columns[0].stats
    assert [row["m"] for row in rows] == [0, 0.2, 0.5]
    assert rows[0]["ci_low"] > 0
    at = study(frame, sensitivity=kind, bounds=str(stats["breakdown_m"] * 1.0001), target="average")
    assert at.curves["sensitivity"][0]["ci_low"] < 0
    with pytest.raises(DeclarationError, match="sensitivity needs base=-1"):
        study(frame, sensitivity=kind, base=-2)
