import numpy as np
import pandas as pd
import pytest

from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Group, Specification
from citypanel.errors import EstimationError
from citypanel.estimate.analysis import estimate_analysis
from citypanel.estimate.linear import estimate
from citypanel.result import Record

SLOPES = {"east": 0.5, "middle": 1.0, "west": 1.5}
FORMULA = "y ~ x + z | city + year"


def _panel() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    city, year = np.divmod(np.arange(480), 8)
    frame = pd.DataFrame({"city": city, "year": year, "x": rng.normal(size=480), "z": rng.normal(size=480)})
    frame["zone"] = np.array(list(SLOPES))[city % 3]
    frame["inland"] = (city % 2).astype(float)
    frame["y"] = frame.x * frame.zone.map(SLOPES) + frame.z + city + year + rng.normal(size=480)
    return frame


def _split(frame: pd.DataFrame, by: str, values: tuple[str, ...], where: str | None = None, **given: object) -> Record:
    options = parse_options("linear", {}, "test")
    shared = {"options": options, "vcov": "cluster:city", "unit": "city", "time": "year", **given}
    specifications = [
        Specification(
            "linear",
            FORMULA,
            where=" and ".join(part for part in (where, f'{by} == "{value}"') if part),
            group=Group(by, value, values, where, tested=value == values[-1]),
            **shared,
        )
        for value in values
    ]
    return estimate_analysis(frame, specifications, study="s", analysis="a")


def test_each_group_has_the_estimate_of_its_own_rows_and_the_last_carries_the_test() -> None:
    frame = _panel()
    record = _split(frame, "zone", tuple(SLOPES))
    options = parse_options("linear", {}, "test")
    for column, value in zip(record.columns, SLOPES, strict=True):
        alone = Specification("linear", FORMULA, options, unit="city", time="year", vcov="cluster:city")
        own = estimate(frame[frame.zone == value], alone).columns[0]
        # The same rows, so the same closed form: only the order of the sums may differ.
        assert column.term("x").estimate == pytest.approx(own.term("x").estimate, rel=1e-10)
        assert column.term("x").se == pytest.approx(own.term("x").se, rel=1e-10)
        assert column.n == own.n == 160
        assert column.stats["group"] == value
    assert "equality_p" not in record.columns[0].stats
    assert record.columns[2].stats["groups"] == list(SLOPES)
    assert record.columns[2].stats["equality_df1"] == 2
    assert record.columns[2].stats["equality_p"] < 1e-6


def test_equality_of_independent_groups_is_the_textbook_wald_test() -> None:
    # Cities lie in one group each, so the estimates are independent: Wald by hand, up to small-sample factors.
    record = _split(_panel(), "zone", tuple(SLOPES))
    b = np.array([column.term("x").estimate for column in record.columns])
    v = np.array([column.term("x").se ** 2 for column in record.columns])
    contrast = np.array([[-1.0, 1.0, 0.0], [-1.0, 0.0, 1.0]])
    by_hand = (contrast @ b) @ np.linalg.solve(contrast @ np.diag(v) @ contrast.T, contrast @ b) / 2
    assert record.columns[2].stats["equality_f"] == pytest.approx(by_hand, rel=0.05)


def test_two_groups_have_a_difference_whose_square_is_f() -> None:
    stats = _split(_panel(), "inland", ("1", "0")).columns[1].stats
    t = stats["difference"] / stats["difference_se"]
    # Algebra: with one restriction the Wald F is t squared, from one covariance matrix.
    assert stats["equality_f"] == pytest.approx(t * t, rel=1e-10)
    assert stats["equality_p"] == pytest.approx(stats["difference_p"], rel=1e-8)


def test_the_order_of_groups_and_rows_does_not_change_the_test() -> None:
    frame = _panel()
    forth = _split(frame, "zone", ("east", "middle", "west")).columns[2].stats
    back = _split(frame.sample(frac=1, random_state=1), "zone", ("west", "east", "middle")).columns[2].stats
    assert back["equality_f"] == pytest.approx(forth["equality_f"], rel=1e-9)


def test_the_shared_condition_holds_in_columns_and_test() -> None:
    frame = _panel()
    record = _split(frame, "inland", ("1", "0"), where="year < 6")
    direct = _split(frame[frame.year < 6], "inland", ("1", "0"))
    # The same rows chosen in two ways; only rounding separates them.
    assert record.columns[1].stats["difference"] == pytest.approx(direct.columns[1].stats["difference"], rel=1e-10)


def test_columns_carry_the_years_of_the_rows_used() -> None:
    record = _split(_panel(), "inland", ("0", "1"), where="year >= 3")
    assert [column.years for column in record.columns] == [(3, 7), (3, 7)]
    assert Record.from_json(record.to_json()) == record
    # A lag needs the year before: the first year of the panel holds no row.
    lagged = estimate_analysis(
        _panel(), [Specification("linear", "y ~ L1.x | city", parse_options("linear", {}, "t"), "city", "year")]
    )
    assert lagged.columns[0].years == (1, 7)


def test_rows_of_no_group_are_counted() -> None:
    record = _split(_panel(), "zone", ("east", "west"))
    assert record.warnings == ("160 rows left out: zone is in no group of the split",)
    assert [column.n for column in record.columns] == [160, 160]


def test_an_empty_group_is_refused_with_study_analysis_key_and_what_there_is() -> None:
    with pytest.raises(EstimationError) as caught:
        _split(_panel(), "zone", ("east", "north"))
    assert str(caught.value) == (
        "study s, analysis 'a', column 1: key 'split': group 'north' of 'zone' is empty; the column holds "
        "east (160 rows), middle (160 rows), west (160 rows); declare the groups that there are"
    )


def test_a_regressor_that_does_not_vary_in_a_group_leaves_nothing_to_compare() -> None:
    frame = _panel().assign(x=lambda f: f.x.where(f.zone != "west", 0.0))
    with pytest.raises(EstimationError, match="'x' does not vary in every group"):
        _split(frame, "zone", tuple(SLOPES))
