"""Speed of convergence from growth regressions."""

import numpy as np
import pandas as pd
import pytest

from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Specification
from citypanel.errors import DeclarationError
from citypanel.estimate.analysis import estimate_analysis
from citypanel.result import ColumnResult

RNG = np.random.default_rng(4)
FIRST = RNG.normal(9.5, 0.2, 40)


def _column(last: np.ndarray, years: int, **options: object) -> ColumnResult:
    frame = pd.DataFrame({"first": FIRST, "growth": (last - FIRST) / years, "other": RNG.normal(size=40)})
    parsed = parse_options("linear", {"convergence": years, **options}, "test")
    asked = Specification("linear", "growth ~ first + other", parsed, vcov="hetero")
    return estimate_analysis(frame, [asked]).columns[0]


@pytest.mark.parametrize(("speed", "years"), [(0.02, 11), (0.3, 1), (0.05, 30)])
def test_the_speed_of_an_exact_approach_is_found_with_its_half_life(speed: float, years: int) -> None:
    # Each difference from the common level 10 shrinks by exp(-speed) a year: half is gone after ln 2 / speed.
    column = _column(10 + (FIRST - 10) * np.exp(-speed * years), years)
    assert column.stats["speed"] == pytest.approx(speed, rel=1e-9)
    assert column.stats["half_life"] == pytest.approx(np.log(2) / speed, rel=1e-9)
    assert column.stats["convergence_years"] == years


def test_the_error_of_the_speed_is_that_of_the_delta_method() -> None:
    column = _column(10 + 0.8 * (FIRST - 10) + RNG.normal(0, 0.05, 40), 11)
    term = column.term("first")
    step = 1e-6
    slope = (np.log1p(11 * (term.estimate - step)) - np.log1p(11 * (term.estimate + step))) / 11 / (2 * step)
    assert column.stats["speed_se"] == pytest.approx(abs(slope) * term.se, rel=1e-6)


def test_growing_differences_have_no_half_life_and_overshooting_ones_no_speed() -> None:
    apart = _column(10 + 1.2 * (FIRST - 10), 11).stats
    assert apart["speed"] < 0
    assert apart["half_life"] is None
    over = _column(10 - 0.1 * (FIRST - 10), 11).stats
    assert (over["speed"], over["speed_se"], over["half_life"]) == (None, None, None)


def test_the_term_may_be_named_and_must_be_a_regressor() -> None:
    last = 10 + 0.8 * (FIRST - 10)
    assert _column(last, 11, term="first").stats["speed"] == pytest.approx(-np.log(0.8) / 11)
    with pytest.raises(DeclarationError, match="convergence: term is 'level'; allowed: first, other"):
        _column(last, 11, term="level")
