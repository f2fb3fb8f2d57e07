"""The convention search: what is tried, what hits, and how many hits chance would give."""

import numpy as np
import pytest

from citypanel.ledger.findings import Place
from citypanel.ledger.ours import Found, Spot, look_up
from citypanel.ledger.printed import make_cell
from citypanel.ledger.search import Search, Try, Variants, conventions, search
from citypanel.result import ColumnResult, Record, TermResult

T = Spot("baseline", "1", "term", "x", "statistic")


def column(number: str, t: float, label: str | None = None, **stats: float) -> ColumnResult:
    return ColumnResult(
        number, "y", 410, terms=(TermResult("x", 0.0300, 0.03 / t, t, 0.01),), stats=dict(stats), label=label
    )


def record(*columns: ColumnResult) -> Record:
    return Record("linear", "", columns)


DECLARED = record(column("1", 3.10))
VARIANTS = Variants.of(
    record(
        column("1", 3.30, "1; vcov=iid"),
        column("2", 3.34, "1; vcov=iid; ssc=none"),
        column("3", 2.52, "1; vcov=cluster:city"),
        column("4", 3.30, "1; vcov=iid; constant=mean"),
        ColumnResult("5", "", 0, label="1; effects=dummies"),
        column("6", 3.30, "2; vcov=iid"),
    )
)


def tried(printed: str, spot: Spot = T, statistic: str = "t") -> Search:
    cell = make_cell(Place("s", "1", "(1)", "x"), statistic, printed)
    declared = look_up(DECLARED, spot)
    assert declared is not None
    return search(cell, spot, declared, DECLARED, VARIANTS)


def test_only_the_variants_of_that_column_are_tried_and_those_without_a_number_are_counted() -> None:
    found = tried("3.30")
    # Four variants gave a number, one could not be estimated, the sixth is of column 2; se and p are two readings.
    assert (found.tried, found.failed) == (6, 1)


def test_hits_are_told_with_the_least_change_first() -> None:
    assert tried("3.30").hits == ("vcov=iid", "vcov=iid; constant=mean")
    assert tried("3.34").hits == ("vcov=iid; ssc=none",)
    assert tried("3.77").hits == ()


def test_other_readings_of_what_stands_beside_a_coefficient_are_tried() -> None:
    assert tried("0.01").hits == ("reading=p", "reading=se")  # 0.03 / 3.10 rounds to 0.01, too


def test_other_units_of_a_coefficient_are_tried() -> None:
    estimate = Spot("baseline", "1", "term", "x", "estimate")
    assert tried("3.000", estimate, "coef").hits == ("unit=x100",)
    assert all(not one.scaled for one in tried("3.30").tries)  # a t value has no unit


def test_chance_by_hand() -> None:
    # Declared 310, printed 330: 330 and 334 and 252 lie within reach of it; 0.01 (se, p) moves by 309.
    found = tried("3.30")
    assert found.different == (1, 252, 330, 334)
    assert found.expected == pytest.approx(1 / 41 + 1 / 49 + 1 / 117 + 1 / 619)
    assert found.lucky  # 0.055
    # Printed 360 is out of reach of all but the number that moves by 58 and the two readings.
    assert tried("3.60").expected == pytest.approx(1 / 117 + 1 / 619)
    assert not tried("3.60").lucky


def test_chance_is_right_on_average_over_printed_numbers_that_have_nothing_to_do_with_ours() -> None:
    rng = np.random.default_rng(4)
    numbers = [int(rng.normal(0, 30)) for _ in range(12)]
    reach = max(map(abs, numbers))
    hits = expected = 0.0
    for target in range(-reach, reach + 1):
        one = Search(0, target, target == 0, 3, tuple(Try(str(n), n, n == target) for n in numbers))
        hits += len({number for number in numbers if number == target and number})
        expected += one.expected
    # An identity, not a tolerance: each number's chances add up to one over the targets within its reach.
    assert expected == pytest.approx(hits, rel=1e-12)


def test_a_number_in_another_unit_hits_by_its_significant_digits() -> None:
    one = Search(30, 3000, False, 4, (Try("unit=x100", 3000, True, True),))
    assert one.chance(one.tries[0]) == pytest.approx(1 / 9000)
    assert one.expected == pytest.approx(1 / 9000)


def test_a_convention_is_judged_over_a_whole_table() -> None:
    cells = [tried("3.30"), tried("3.10"), tried("9.99")]
    found = {one.label: one for one in conventions(cells)}
    iid = found["vcov=iid"]
    assert (iid.cells, iid.changed, iid.prints, iid.gained, iid.lost) == (3, 3, 1, 1, 1)
    # Only cells that do not print as declared can be gained by chance; 9.99 is out of reach.
    assert iid.expected == pytest.approx(1 / 41)
    assert conventions(cells)[0].label in ("vcov=iid", "vcov=iid; constant=mean")


def test_without_variants_only_readings_and_units_are_tried() -> None:
    cell = make_cell(Place("s", "1", "(1)", "R-squared"), "stat", "0.30")
    r2 = Spot("baseline", "1", "stat", "r2")
    record_ = record(column("1", 3.1, r2=0.97, r2_within=0.301))
    found = search(cell, r2, Found(0.97), record_, None)
    assert (found.tried, found.hits) == (1, ("reading=r2_within",))
