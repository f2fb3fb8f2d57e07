"""An outcome that does not vary is refused where a study declares it."""

import numpy as np
import pandas as pd
import pytest

from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Specification
from citypanel.errors import EstimationError
from citypanel.estimate.analysis import estimate_analysis
from citypanel.result import Record


@pytest.fixture
def panel() -> pd.DataFrame:
    city, year = np.divmod(np.arange(80), 8)
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"city": city, "year": 2010 + year, "x": rng.normal(size=80), "one": 1.0})
    frame["fixed"] = frame["city"] % 3
    frame["cohort"] = np.where(frame["city"] < 5, 2014, 0)
    frame["later"] = np.where(frame["year"] < 2014, 3.0, rng.normal(size=80))
    return frame.assign(y=rng.normal(size=80), text="a")


def run(data: pd.DataFrame, formula: str, method: str = "linear", where: str | None = None, **given: object) -> Record:
    options = parse_options(method, given, "test")
    asked = Specification(method, formula, options, unit="city", time="year", where=where)
    return estimate_analysis(data, [asked], study="s", analysis="baseline")


@pytest.mark.parametrize(
    ("formula", "where", "expected"),
    [
        ("one ~ x | city + year", None, "the outcome 'one' is 1 in all 80 rows asked for"),
        ("later ~ x", "year < 2014", "the outcome 'later' is 3 in all 40 rows asked for"),
        ("log(one) ~ x", None, "the outcome 'log\\(one\\)' is 0 in all 80 rows"),
        ("fixed ~ x | city + year", None, "the outcome 'fixed' does not vary within city"),
        ("year ~ x | year", None, "the outcome 'year' does not vary within year"),
    ],
)
def test_the_line_names_study_analysis_key_and_outcome(
    panel: pd.DataFrame, formula: str, where: str | None, expected: str
) -> None:
    with pytest.raises(EstimationError, match=f"study s, analysis 'baseline', column 1: key 'formula': {expected}"):
        run(panel, formula, where=where)


@pytest.mark.parametrize("estimator", ["imputation", "callaway_santanna", "bacon"])
def test_effects_that_a_method_has_by_itself_count(panel: pd.DataFrame, estimator: str) -> None:
    with pytest.raises(EstimationError, match="the outcome 'fixed' does not vary within city"):
        run(panel, "fixed ~ 1", "did", cohort="cohort", estimator=estimator)


def test_an_outcome_that_varies_or_is_unknown_is_left_to_the_estimator(panel: pd.DataFrame) -> None:
    assert run(panel, "y ~ x | city + year").columns[0].n == 80
    assert run(panel, "fixed ~ x | year").columns[0].n == 80
    assert run(panel, "D1.y ~ x | year").columns[0].n == 70
    assert run(panel.head(8), "y ~ x").columns[0].n == 8
    assert run(panel, "one + x", "describe").curves["describe"]
    with pytest.raises(Exception, match="nobody"):
        run(panel, "nobody ~ x")
    with pytest.raises(Exception, match="text"):
        run(panel, "text ~ x")
