import numpy as np
import pandas as pd
import pytest

from citypanel.declare.methods import LinearOptions
from citypanel.declare.specification import Specification
from citypanel.errors import CitypanelError, DeclarationError, EstimationError, InputError
from citypanel.estimate.convention import parse_convention
from citypanel.estimate.design import Design, build_design, require_panel

PANEL = pd.DataFrame(
    {
        "city": np.repeat([10, 20, 30], 4),
        "year": np.tile([2010, 2011, 2012, 2013], 3),
        "y": np.arange(12.0) ** 2,
        "x": [1.0, 2, 3, np.nan, 2, 4, 6, 8, 1, 0, 1, 5],
        "region": ["e"] * 4 + ["w"] * 8,
        "w": [1.0] * 11 + [0.0],
    }
)


def _design(formula: str, **given: object) -> Design:
    return build_design(PANEL, Specification("linear", formula, LinearOptions(), **given))


def test_rows_with_a_gap_are_left_out_and_counted() -> None:
    design = _design("y ~ x | city")
    assert design.n == 11
    assert design.dropped == {"x is missing or not defined": 1}
    assert design.warnings == ("1 rows left out: x is missing or not defined",)


def test_lags_reach_rows_that_the_condition_leaves_out() -> None:
    design = _design("y ~ L1.y", where="year == 2011", unit="city", time="year")
    assert design.X[:, 0].tolist() == [0.0, 16.0, 64.0]


def test_the_intercept_stands_last_and_yields_to_fixed_effects() -> None:
    assert _design("y ~ x").names == ("x", "Intercept")
    assert _design("y ~ x - 1").names == ("x",)
    assert _design("y ~ x | city").names == ("x",)


def test_factors_and_interactions_carry_fixest_names() -> None:
    assert _design("y ~ i(year, ref=2011) + x:i(region)").names == (
        "year::2010", "year::2012", "year::2013", "x:region::w", "Intercept",
    )  # fmt: skip


def test_combined_effects_and_codes_are_counted_in_sorted_order() -> None:
    design = _design("y ~ 1 | region^year", unit="city", time="year")
    assert design.effects[0].max() == 7
    assert (design.units, design.periods) == ((10, 20, 30), (2010, 2011, 2012, 2013))
    unit, time = require_panel(design, "did")
    assert unit.tolist() == np.repeat([0, 1, 2], 4).tolist()
    assert time[:4].tolist() == [0, 1, 2, 3]


def test_a_subset_counts_its_codes_anew() -> None:
    design = _design("y ~ 1 | city", unit="city", time="year")
    small = design.subset(PANEL.city.to_numpy() != 20)
    assert small.units == (10, 30)
    assert small.effects[0].max() == 1


def test_rows_of_zero_weight_are_left_out() -> None:
    assert _design("y ~ 1", weights="w").dropped == {"weight w is zero or missing": 1}


def test_winsorising_leaves_keys_and_dummies_alone() -> None:
    design = _design("y ~ year | city", winsorise=(0.1, 0.9))
    assert design.y.max() < 121
    assert design.rows.city.max() == 30


@pytest.mark.parametrize(
    ("formula", "given", "kind", "message"),
    [
        ("y ~ xx", {}, DeclarationError, "column 'xx' is not in the data; did you mean 'x'"),
        ("y ~ region", {}, InputError, "column 'region' is not numeric: it holds 'e'"),
        ("y ~ x", {"where": "year > 2050"}, EstimationError, "condition 'year > 2050' leaves no row"),
        ("y ~ log(0 * x)", {}, EstimationError, r"no row is complete; of 12 rows, in 12 log\(0"),
        ("y ~ x", {"vcov": "cluster:province"}, DeclarationError, "column 'province' is not in the data"),
        ("y ~ x", {"vcov": "robust"}, DeclarationError, "vcov is 'robust'; allowed: iid, hetero"),
        ("y ~ i(year, ref=1999)", {}, DeclarationError, "there is no such value"),
        ("y ~ x", {"weights": "y2"}, DeclarationError, "column 'y2' is not in the data"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(
    formula: str, given: dict, kind: type[CitypanelError], message: str
) -> None:
    with pytest.raises(kind, match=message):
        _design(formula, **given)


def test_two_rows_of_one_unit_and_period_are_refused_where_one_is_needed() -> None:
    twice = pd.concat([PANEL, PANEL.tail(1)])
    specification = Specification("gmm", "y ~ x", LinearOptions(), unit="city", time="year")
    with pytest.raises(InputError, match="unit 30 has 2 rows in period 2013"):
        require_panel(build_design(twice, specification), "gmm")


@pytest.mark.parametrize(
    ("text", "kind"), [(None, "iid"), ("hetero", "HC1"), ("HC3", "HC3"), ("cluster:a+b", "cluster"), ("dk:3", "dk")]
)
def test_conventions_are_read(text: str | None, kind: str) -> None:
    assert parse_convention(text).kind == kind


@pytest.mark.parametrize(
    "text", ["cluster:", "hac", "hac:-1", "conley:100:lat", "conley:x:lat:lon", "conley:9:a:b:cubic"]
)
def test_conventions_out_of_form_are_refused(text: str) -> None:
    with pytest.raises(DeclarationError, match="vcov is"):
        parse_convention(text)
