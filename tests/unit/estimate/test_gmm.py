"""The gmm method as a user meets it: terms, defaults, conventions stated, errors and warnings."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Specification
from citypanel.errors import CitypanelError, DeclarationError, EstimationError, InputError
from citypanel.estimate import gmm
from citypanel.estimate.outcome import Estimate
from citypanel.result import Record


def panel(units: int = 60, periods: int = 7, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    effect = rng.normal(size=units)
    y, x, rows = 2 * effect, rng.normal(size=units), []
    for period in range(-10, periods):
        x = 0.5 * x + rng.normal(size=units)
        y = 0.5 * y + 0.3 * x + effect + rng.normal(size=units)
        rows.append(pd.DataFrame({"city": 100 + np.arange(units), "year": 2010 + period, "y": y, "x": x}))
    data = pd.concat(rows[10:], ignore_index=True)
    return data.assign(fixed=data["city"] % 3, twice=2 * data["x"], region=data["city"] % 8)


def estimated(data: pd.DataFrame, formula: str = "y ~ L1.y + x", **given: Any) -> Estimate:
    options = {k: v for k, v in given.items() if k not in ("vcov", "where", "unit", "time", "weights", "winsorise")}
    rest: dict[str, Any] = {"unit": "city", "time": "year"} | {k: v for k, v in given.items() if k not in options}
    return gmm.estimate(data, Specification("gmm", formula, parse_options("gmm", options, "--option"), **rest))


def test_terms_are_named_as_written_and_the_constant_stands_last() -> None:
    column = estimated(panel(), gmm="y:2:99", iv="x", system=True, time_dummies=True).columns[0]
    years = [f"year::{year}" for year in range(2012, 2017)]
    assert [term.term for term in column.terms] == ["L1.y", "x", *years, "Intercept"]
    assert (column.units, column.periods, column.n) == (60, 6, 360)
    assert column.fixed_effects == ("city", "year")
    assert estimated(panel(), gmm="y:2:99", iv="x").columns[0].fixed_effects == ("city",)


def test_the_constant_is_automatic_in_system_gmm_only_and_minus_one_removes_it() -> None:
    def has_constant(formula: str, **options: Any) -> bool:
        terms = estimated(panel(), formula, gmm="y:2:99", iv="x", **options).columns[0].terms
        return "Intercept" in [term.term for term in terms]

    assert has_constant("y ~ L1.y + x", system=True)
    assert not has_constant("y ~ L1.y + x - 1", system=True)
    assert not has_constant("y ~ L1.y + x", system=True, constant="false")
    assert not has_constant("y ~ L1.y + x")
    assert has_constant("y ~ L1.y + x", constant="true")


def test_the_constant_of_difference_gmm_leaves_the_one_step_slopes_alone() -> None:
    without = estimated(panel(), gmm="y:2:99", iv="x", steps=1).columns[0]
    with_it = estimated(panel(), gmm="y:2:99", iv="x", steps=1, constant="true").columns[0]
    for name in ("L1.y", "x"):
        assert with_it.term(name).estimate == pytest.approx(without.term(name).estimate, rel=1e-10)
    assert with_it.n == without.n


def test_without_instruments_declared_the_defaults_are_named_in_a_warning() -> None:
    chosen = estimated(panel())
    assert "no instruments are declared; taken are gmm=y:2:99 and iv=x" in chosen.warnings
    same = estimated(panel(), gmm="y:2:99", iv="x")
    assert chosen.columns[0].terms == same.columns[0].terms


def test_instruments_of_each_equation_can_be_declared_apart() -> None:
    both = estimated(panel(), gmm="y:2:99", iv="x", system=True).columns[0].stats["instruments"]
    apart = estimated(panel(), gmm="y:2:99", iv="x:eq=diff;x:eq=level", system=True).columns[0]
    assert apart.stats["instruments"] == both + 1
    # 15 = 1 + ... + 5 lags in differences; 5 differences in levels: 2012 to 2016.
    split = estimated(panel(), gmm="y:2:99:eq=diff;y:1:1:eq=level", iv="x", system=True).columns[0]
    assert split.stats["instruments"] == both == 15 + 5 + 1 + 1
    assert split.term("L1.y").estimate == pytest.approx(
        estimated(panel(), gmm="y:2:99", iv="x", system=True).columns[0].term("L1.y").estimate, rel=1e-9
    )


def test_collapsing_leaves_one_instrument_per_lag() -> None:
    column = estimated(panel(), gmm="y:2:4:collapse", iv="x").columns[0]
    assert column.stats["instruments"] == 3 + 1
    system = estimated(panel(), gmm="y:2:4:collapse", iv="x", system=True).columns[0]
    assert system.stats["instruments"] == 3 + 1 + 1 + 1


def test_time_dummies_are_among_the_instruments() -> None:
    plain = estimated(panel(), gmm="y:2:99", iv="x").columns[0].stats["instruments"]
    dummies = estimated(panel(), gmm="y:2:99", iv="x", time_dummies=True).columns[0].stats["instruments"]
    # Six years have a lag, five can be differenced.
    assert dummies == int(str(plain)) + 5


def test_time_dummies_absorb_a_shock_common_to_all_units() -> None:
    data = panel()
    shocked = data.assign(y=data["y"] + np.array([0, 5, -3, 8, 1, 7, 2.0])[data["year"] - 2010])
    options: dict[str, Any] = {"gmm": "x:0:2", "iv": "", "time_dummies": True, "steps": 1}
    before = estimated(data, "y ~ x", **options).columns[0].term("x").estimate
    after = estimated(shocked, "y ~ x", **options).columns[0].term("x").estimate
    assert after == pytest.approx(before, rel=1e-8)


def test_small_takes_students_t_and_the_factor_of_the_record() -> None:
    large = estimated(panel(), gmm="y:2:99", iv="x").columns[0]
    small = estimated(panel(), gmm="y:2:99", iv="x", small=True).columns[0]
    factor = (300 - 1) / (300 - 2) * 60 / 59
    assert small.vcov["factor"] == pytest.approx(factor, rel=1e-12)
    assert small.vcov["df"] == 60
    assert small.term("x").se == pytest.approx(large.term("x").se * math.sqrt(factor), rel=1e-12)
    assert small.term("x").p > large.term("x").p
    assert small.stats["hansen"] == large.stats["hansen"]


def test_the_record_states_every_convention() -> None:
    column = estimated(panel(), gmm="y:2:99", iv="x", system=True, transform="fod").columns[0]
    assert column.vcov == {
        "type": "cluster", "by": ["city"], "steps": 2, "correction": "windmeijer", "small": False,
        "factor": 1.0, "df": None, "sigma2_divisor": None, "estimator": "system", "transform": "fod", "h": 3,
        "constant": True, "time_dummies": False, "gmm": "y:2:99", "iv": "x", "singular_two_step_weight": False,
    }  # fmt: skip


def test_a_record_with_gmm_goes_to_json_and_back() -> None:
    answer = estimated(panel(), gmm="y:2:99", iv="x")
    record = Record("gmm", "y ~ L1.y + x", answer.columns, warnings=answer.warnings, curves=answer.curves)
    assert Record.from_json(record.to_json()).columns == record.columns


def test_lags_and_instruments_reach_beyond_the_rows_asked_for() -> None:
    column = estimated(panel(), gmm="y:2:99", iv="x", where="year >= 2014").columns[0]
    # 2014 to 2016 with all earlier levels: 4 + 5 + 6 - 3 lags from the second on, and x.
    assert (column.n, column.stats["instruments"]) == (180, 3 + 4 + 5 + 1)


def test_winsorising_cuts_the_numbers_read_and_no_indicator() -> None:
    data = panel().assign(flag=(panel()["x"] > 0).astype(float))
    cut = data.assign(**{c: data[c].clip(*_limits(data[c])) for c in ("y", "x")})
    by_hand = estimated(cut, "y ~ L1.y + x + flag").columns[0]
    ours = estimated(data, "y ~ L1.y + x + flag", winsorise=(0.05, 0.95)).columns[0]
    assert [t.estimate for t in ours.terms] == pytest.approx([t.estimate for t in by_hand.terms], rel=1e-12)


def _limits(values: pd.Series) -> tuple[float, float]:
    ordered = np.sort(values)
    # 420 rows: 5% and 95% are whole ranks, so Stata's percentile is the mean of two neighbours.
    return float(ordered[[20, 21]].mean()), float(ordered[[398, 399]].mean())


def test_tests_of_higher_order_come_on_request_and_stop_where_the_panel_ends() -> None:
    stats = estimated(panel(), gmm="y:2:99", iv="x", artests=6).columns[0].stats
    assert stats["ar4_z"] is not None
    assert stats["ar5_z"] is None


def test_iid_is_for_one_step() -> None:
    one = estimated(panel(), gmm="y:2:99", iv="x", steps=1, vcov="iid")
    assert one.columns[0].vcov["type"] == "iid"
    two = estimated(panel(), gmm="y:2:99", iv="x", vcov="iid")
    assert two.columns[0].vcov["type"] == "cluster"
    assert any(text.startswith("vcov iid is for one step") for text in two.warnings)


@pytest.mark.parametrize(
    ("changes", "fragment"),
    [
        # Differences 15 + 20, levels 5 + 6, and the constant.
        ({"system": True, "gmm": "y:2:99;x:1:99"}, "47 instruments exceed 20 units"),
        ({"formula": "y ~ L1.y + x + fixed"}, "fixed is left out: it does not vary over time within units"),
        ({"formula": "y ~ L1.y + x + twice"}, "twice is left out: it is a combination of the other regressors"),
        ({"formula": "y ~ L1.y + x", "iv": "x,twice", "gmm": "y:2:3"}, "1 instruments are combinations of others"),
        ({"vcov": "cluster:region"}, "the two-step weight is singular (rank 8 of 16, 8 clusters)"),
        ({"formula": "y ~ L1.y + x", "iv": "x;fixed", "gmm": "y:2:3"}, "option iv, group 'fixed'"),
        ({}, "20 rows left out: L1.y is missing or not defined"),
    ],
)  # fmt: skip
def test_what_a_reader_must_know_is_a_warning(changes: dict[str, Any], fragment: str) -> None:
    warnings = estimated(panel(20), **changes).warnings
    assert any(fragment in text for text in warnings), warnings


def test_gaps_are_counted_and_followed_by_the_calendar() -> None:
    data = panel()
    holed = data[~((data["city"] < 110) & (data["year"] == 2013))]
    answer = estimated(holed, gmm="y:2:99", iv="x")
    assert any(text.startswith("10 units have gaps in year (100, 101, 102, 103, 104 and 5 more)")
               for text in answer.warnings)  # fmt: skip
    # Without 2013, neither 2013 nor 2014 have a first lag; 2014 and 2015 cannot be differenced either.
    assert answer.columns[0].n == 300 - 10 * 3


def test_a_left_out_regressor_keeps_its_place_without_a_number() -> None:
    term = estimated(panel(), "y ~ L1.y + fixed + x").columns[0].terms[1]
    assert (term.term, term.estimate, term.se) == ("fixed", None, None)


def test_one_step_stands_where_clusters_are_too_few_for_two() -> None:
    data = panel().assign(half=lambda d: d["city"] % 2)
    formula = "y ~ L1.y + x + L1.x"
    answer = estimated(data, formula, gmm="y:2:99", iv="x,L1.x", steps=1, vcov="cluster:half")
    assert answer.columns[0].stats["hansen"] is None
    assert answer.curves["difference_in_hansen"] == []
    with pytest.raises(EstimationError, match="use steps=1 or a vcov with more clusters"):
        estimated(data, formula, gmm="y:2:99", iv="x,L1.x", vcov="cluster:half")


BAD: list[tuple[type[CitypanelError], dict[str, Any], str]] = [
    (EstimationError, {"formula": "y ~ L7.y + x"}, "'L7.y' is longer than the panel: the panel has 7 periods"),
    (EstimationError, {"gmm": "y:7:9"}, "group 'y:7:9': MIN is longer than the panel"),
    (EstimationError, {"formula": "y ~ L6.y"}, "no unit has complete rows in two periods"),
    (EstimationError, {"gmm": "y:2:2:collapse"}, "1 instruments do not identify 2 coefficients"),
    (EstimationError, {"formula": "y ~ fixed", "gmm": "y:2:3"}, "no regressor varies over time"),
    (EstimationError, {"where": "year > 2030"}, "condition 'year > 2030' leaves no row"),
    (EstimationError, {"formula": "y ~ L1.y + x", "gmm": "y:2:3", "iv": "x,twice", "where": "city < 101"},
     "instruments for 5 rows"),
    (InputError, {"vcov": "cluster:year"}, "changes within city 100; a cluster must hold whole units"),
    (DeclarationError, {"formula": "y ~ L1.y | city + year"}, "gmm takes no bar"),
    (DeclarationError, {"formula": "y ~ L1.y + i(year)"}, "set time_dummies=true"),
    (DeclarationError, {"formula": "y ~ 1", "gmm": "y:2:3"}, "there is no regressor"),
    (DeclarationError, {"formula": "log(y) ~ x"}, "name the instruments"),
    (DeclarationError, {"formula": "y ~ L1.y + x:fixed"}, "name the instruments"),
    (DeclarationError, {"weights": "x"}, "gmm takes no weights; leave out 'x'"),
    (DeclarationError, {"vcov": "HC3"}, "gmm takes iid (one step) or cluster:COLUMN"),
    (DeclarationError, {"vcov": "cluster:city+year"}, "gmm takes iid (one step) or cluster:COLUMN"),
    (DeclarationError, {"vcov": "cluster:town"}, "column 'town' is not in the data"),
    (DeclarationError, {"unit": None}, "needs the panel's unit and time"),
    (DeclarationError, {"formula": "y ~ L1.y + zz"}, "column 'zz' is not in the data"),
    (DeclarationError, {"gmm": "y:2:9", "iv": "x:eq=level"}, "group 'x:eq=level' is for the level equation"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "given", "fragment"), BAD)
def test_what_cannot_be_estimated_is_refused_by_name(
    kind: type[CitypanelError], given: dict[str, Any], fragment: str
) -> None:
    with pytest.raises(kind) as caught:
        estimated(panel(), **given)
    assert fragment in str(caught.value)


def test_more_instruments_than_equations_are_refused_with_the_remedy() -> None:
    with pytest.raises(EstimationError, match=r"shorten the lag ranges \(MAX\) or add ':collapse'"):
        estimated(panel(3), gmm="y:2:99;x:1:99")
