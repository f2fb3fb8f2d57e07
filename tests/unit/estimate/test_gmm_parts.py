"""Parts of the gmm method: instrument lists, the grid, transforms, instrument blocks, weights, inverses."""

import numpy as np
import pandas as pd
import pytest

from citypanel.errors import DeclarationError, InputError
from citypanel.estimate.gmm_declared import instrument_columns, parse_lag_instruments, parse_plain_instruments
from citypanel.estimate.gmm_instruments import (
    LEVEL,
    TRANSFORMED,
    InstrumentSet,
    LagSource,
    PlainSource,
    build_instruments,
    level_lags,
)
from citypanel.estimate.gmm_moments import one_step_weight, symmetric_inverse
from citypanel.estimate.gmm_panel import (
    first_differences,
    forward_deviations,
    panel_cells,
    transform_matrix,
    units_with_gaps,
)


def test_lag_groups_are_read_with_their_flags() -> None:
    first, second = parse_lag_instruments("n:2:99; L1.w, k :1:3:collapse:eq=diff ;")
    assert (first.first, first.last, first.collapse, first.equation) == (2, 99, False, "both")
    assert [v.text for v in second.variables] == ["L1.w", "k"]
    assert (second.collapse, second.equation, second.text) == (True, "diff", "L1.w, k :1:3:collapse:eq=diff")
    assert instrument_columns((first, second)) == ("n", "w", "k")


def test_plain_groups_are_read_with_their_equation() -> None:
    first, second = parse_plain_instruments("w,log(k);ys:eq=level")
    assert [v.text for v in first.variables] == ["w", "log(k)"]
    assert (first.equation, second.equation) == ("both", "level")
    assert parse_plain_instruments("") == ()


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("n", "the lags are missing"),
        ("n:2", "the lags are missing"),
        ("n:3:2", "MIN 3 is larger than MAX 2"),
        ("n:-1:2", "'-1' is not a lag"),
        ("n:2:4:colapse", "'colapse' is not expected there"),
        ("n:2:4:eq=lev", "'eq=lev' is not an equation"),
        ("n:2:4:eq=diff:eq=level", "'eq=level' is not expected there"),
        (":2:4", "no variable is named"),
    ],
)
def test_a_lag_group_that_cannot_be_read_states_the_form(text: str, fragment: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        parse_lag_instruments(text)
    assert f"option gmm, group '{text}': {fragment}" in str(caught.value)
    assert "the form is VAR:MIN:MAX[:collapse]" in str(caught.value)


@pytest.mark.parametrize(("text", "fragment"), [("w:eq=x", "'eq=x'"), ("w:eq=diff:z", "'z'"), (":eq=diff", "no v")])
def test_a_plain_group_that_cannot_be_read_states_the_form(text: str, fragment: str) -> None:
    with pytest.raises(DeclarationError, match=fragment) as caught:
        parse_plain_instruments(text)
    assert "the form is VAR,VAR[:eq=diff|level|both]" in str(caught.value)


def frame(*rows: tuple[object, object]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["city", "year"])


def test_cells_follow_sorted_units_and_the_calendar() -> None:
    cells = panel_cells(frame(("b", 2012), ("a", 2010), ("a", 2011)), "city", "year")
    assert (list(cells.units), cells.first, cells.periods) == (["a", "b"], 2010, 3)
    grid = cells.cube(np.array([7.0, 1.0, 2.0]))
    np.testing.assert_array_equal(grid, [[1, np.nan], [2, np.nan], [np.nan, 7]])


def test_units_with_a_hole_are_listed_and_late_starters_are_not() -> None:
    cells = panel_cells(frame((1, 1), (1, 3), (2, 2), (2, 3), (3, 1), (3, 2)), "city", "year")
    assert units_with_gaps(cells) == ["1"]


@pytest.mark.parametrize(
    ("rows", "fragment"),
    [
        ([(1, 2010), (1, 2010)], "city 1 has 2 rows in year 2010"),
        ([(1, 2010), (1, None)], "row 2 has no city or no year"),
        ([(None, 2010), (1, 2011)], "row 1 has no city or no year"),
        ([(1, 2010.5)], "'year' is not in whole numbers"),
        ([(1, 2010), (1, 2012), (1, 2014)], "'year' moves in steps of 2 (2010, 2012, 2014, ...)"),
        ([(1, 1), (1, 20110101)], "spans 20110101 periods"),
        ([], "the data have no row"),
    ],
)
def test_keys_that_do_not_make_a_panel_are_refused(rows: list[tuple[object, object]], fragment: str) -> None:
    with pytest.raises(InputError) as caught:
        panel_cells(frame(*rows).astype({"year": float}), "city", "year")
    assert fragment in str(caught.value)


def test_orthogonal_deviations_of_a_hand_example() -> None:
    values = np.array([[1.0], [4.0], [7.0]])
    deviations = forward_deviations(values, np.ones((3, 1), dtype=bool))
    # sqrt(2/3) (1 - (4 + 7)/2) and sqrt(1/2) (4 - 7), each one period late.
    expected = [[np.nan], [np.sqrt(2 / 3) * -4.5], [np.sqrt(1 / 2) * -3]]
    np.testing.assert_allclose(deviations, expected, rtol=1e-15)


def test_orthogonal_deviations_pass_over_a_missing_period() -> None:
    values = np.array([[1.0], [np.nan], [7.0]])
    deviations = forward_deviations(values, np.isfinite(values))
    assert deviations[1, 0] == pytest.approx(np.sqrt(1 / 2) * -6)
    assert np.isnan(deviations[2, 0])


@pytest.mark.parametrize("transform", ["fd", "fod"])
def test_the_transforming_matrix_gives_the_transformed_values(transform: str) -> None:
    values = np.random.default_rng(1).normal(size=(6, 4))
    matrix = transform_matrix(6, transform)  # type: ignore[arg-type]
    ours = first_differences(values) if transform == "fd" else forward_deviations(values, np.ones((6, 4), bool))
    np.testing.assert_allclose((matrix @ values)[1:], ours[1:], atol=1e-14)


def test_one_step_weights_are_those_of_the_literature() -> None:
    differences = one_step_weight(3, "fd", 4, levels=False)[1:, 1:]
    np.testing.assert_array_equal(differences, [[2, -1, 0], [-1, 2, -1], [0, -1, 2]])
    np.testing.assert_allclose(one_step_weight(2, "fod", 4, levels=False)[1:, 1:], np.eye(3), atol=1e-15)
    np.testing.assert_array_equal(one_step_weight(1, "fd", 3, levels=True), np.eye(6))
    full, blocks = one_step_weight(3, "fd", 3, levels=True), one_step_weight(2, "fd", 3, levels=True)
    np.testing.assert_array_equal(full[:3, 3:], transform_matrix(3, "fd"))
    np.testing.assert_array_equal(blocks[:3, 3:], np.zeros((3, 3)))
    np.testing.assert_array_equal(blocks[3:, 3:], np.eye(3))


def dense(instruments: InstrumentSet, unit: int) -> np.ndarray:  # type: ignore[type-arg]
    matrix = np.zeros((len(instruments.blocks), instruments.count))
    for row, block in enumerate(instruments.blocks):
        matrix[row, block.columns] = block.entries[unit, :]
    return matrix


LEVELS = np.array([[1.0], [2.0], [4.0], [8.0]])


def test_arellano_bonds_matrix_of_a_unit_with_four_periods() -> None:
    source = LagSource("y:2:99", (LEVELS,), 2, 99, collapse=False, equation="both")
    rows = np.array([[False], [False], [True], [True]])
    built = build_instruments([source], [], rows, levels=False, constant=False)
    # y1 for the third period; y2 and y1 for the fourth.
    np.testing.assert_array_equal(dense(built, 0)[2:], [[1, 0, 0], [0, 2, 1]])


def test_the_collapsed_matrix_has_a_column_per_lag() -> None:
    source = LagSource("y:2:99:collapse", (LEVELS,), 2, 99, collapse=True, equation="both")
    rows = np.array([[False], [False], [True], [True]])
    built = build_instruments([source], [], rows, levels=False, constant=False)
    np.testing.assert_array_equal(dense(built, 0)[2:], [[1, 0], [2, 1]])


def test_the_system_adds_lagged_differences_and_a_constant_for_levels() -> None:
    source = LagSource("y:2:99", (LEVELS,), 2, 99, collapse=False, equation="both")
    rows = np.array([[False], [False], [True], [True], [False], [False], [True], [True]])
    built = build_instruments([source], [], rows, levels=True, constant=True)
    matrix = dense(built, 0)
    # Constant first; the level equations of periods 3 and 4 take y2 - y1 = 1 and y3 - y2 = 2.
    np.testing.assert_array_equal(matrix[6:], [[1, 0, 0, 0, 1, 0], [1, 0, 0, 0, 0, 2]])
    assert list(built.equation) == [LEVEL, TRANSFORMED, TRANSFORMED, TRANSFORMED, LEVEL, LEVEL]
    assert list(built.lagged) == [False, True, True, True, True, True]


def test_plain_instruments_of_both_equations_are_one_column() -> None:
    levels = LEVELS[:, :, None]
    rows = np.array([[False], [True], [True], [True]] * 2)
    source = PlainSource("x", levels, first_differences(levels), "both")
    built = build_instruments([], [source], rows, levels=True, constant=False)
    np.testing.assert_array_equal(dense(built, 0)[:, 0], [0, 1, 2, 4, 0, 2, 4, 8])


@pytest.mark.parametrize(
    ("first", "last", "equation", "expected"),
    [(2, 99, "both", (1, 1)), (1, 3, "both", (0, 0)), (0, 3, "both", (0, 0)), (0, 0, "both", (-1, -1)),
     (1, 3, "level", (1, 3))],
)  # fmt: skip
def test_levels_take_the_difference_lagged_one_less(
    first: int, last: int, equation: str, expected: tuple[int, int]
) -> None:
    assert level_lags(first, last, equation) == expected  # type: ignore[arg-type]


def test_a_singular_matrix_is_inverted_on_the_rows_with_the_largest_pivots() -> None:
    factor = np.array([[1.0, 0.0], [3.0, 0.0], [0.0, 2.0], [3.0, 2.0]])
    matrix = factor @ factor.T
    inverse = symmetric_inverse(matrix)
    # The last row has the largest diagonal (13); beside it the second keeps more than the third.
    assert list(inverse.kept) == [False, True, False, True]
    np.testing.assert_allclose(matrix @ inverse.matrix @ matrix, matrix, atol=1e-12)


def test_a_regular_matrix_is_simply_inverted_whatever_its_scale() -> None:
    factor = np.random.default_rng(3).normal(size=(5, 9)) * np.array([[1e6], [1], [1e-6], [10], [1e3]])
    matrix = factor @ factor.T
    inverse = symmetric_inverse(matrix)
    assert inverse.rank == 5
    np.testing.assert_allclose(inverse.matrix @ matrix, np.eye(5), atol=1e-9 * 1e12)
    scale = 1 / np.sqrt(np.diag(matrix))
    scaled = symmetric_inverse(matrix * np.outer(scale, scale)).matrix
    np.testing.assert_allclose(inverse.matrix, scaled * np.outer(scale, scale), rtol=1e-9)
