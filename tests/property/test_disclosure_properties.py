"""The disclosure rules against planted problems: what was planted is found, and nothing that passes can be undone."""

from itertools import product

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from citypanel.package.disclosure import Rules, acceptable, recoverable, refused_cells, refused_differences

CELLS = 6
totals = st.lists(st.lists(st.booleans(), min_size=CELLS, max_size=CELLS), min_size=1, max_size=6).map(
    lambda rows: np.array(rows, dtype=np.bool_)
)
hidden = st.lists(st.booleans(), min_size=CELLS, max_size=CELLS).map(lambda cells: np.array(cells, dtype=np.bool_))


def computable(rows: np.ndarray, cell: int) -> bool:
    """Whether a combination of the totals is the cell: by least squares, not by the projection under test."""
    unit = np.zeros(CELLS)
    unit[cell] = 1
    weights, *_ = np.linalg.lstsq(rows.T.astype(float), unit, rcond=None)
    return bool(np.allclose(rows.T.astype(float) @ weights, unit, atol=1e-9))


@given(totals, hidden)
def test_a_cell_is_recoverable_if_and_only_if_a_combination_of_totals_is_the_cell(rows, cells) -> None:
    expected = [bool(cells[i]) and computable(rows, i) for i in range(CELLS)]
    assert recoverable(rows, cells).tolist() == expected


@given(st.integers(0, CELLS - 1), st.sets(st.integers(0, CELLS - 1)), hidden)
def test_a_cell_planted_between_two_subsamples_is_found(cell, others, cells) -> None:
    with_cell, without = np.zeros(CELLS, dtype=np.bool_), np.zeros(CELLS, dtype=np.bool_)
    with_cell[[*others, cell]] = True
    without[[*(others - {cell})]] = True
    cells = cells.copy()
    cells[cell] = True
    assert recoverable(np.vstack([with_cell, without]), cells)[cell]


@settings(max_examples=50)
@given(st.lists(totals, min_size=1, max_size=5), hidden)
def test_tables_that_leave_never_give_a_refused_cell_back(tables, cells) -> None:
    answers = acceptable(tables, cells)
    left = [table for table, allowed in zip(tables, answers, strict=True) if allowed]
    together = np.vstack(left) if left else np.zeros((0, CELLS), dtype=np.bool_)
    assert not any(computable(together, i) for i in range(CELLS) if cells[i] and len(together))


@given(totals)
def test_nothing_is_refused_where_every_cell_may_be_told(rows) -> None:
    assert acceptable([rows], np.zeros(CELLS, dtype=np.bool_)) == [True]


shares = st.lists(st.integers(1, 1000), min_size=1, max_size=8)


@given(shares, st.integers(2, 4), st.integers(1, 3), st.sampled_from([0.5, 0.85, 0.95]))
def test_a_cell_passes_only_with_enough_firms_none_of_which_dominate(values, least, largest, share) -> None:
    top = sum(sorted(values, reverse=True)[:largest]) / sum(values)
    counts = pd.DataFrame({"firms": [len(values)], "top_share": [top]})
    (reason,) = refused_cells(counts, Rules(least, largest, share))
    assert (reason == "") == (len(values) >= least and top <= share)


def test_differences_of_no_firm_and_of_enough_firms_pass() -> None:
    counts = pd.DataFrame({"firms": [0, 1, 2, 3, 10, 10], "top_share": [float("nan"), 1.0, 1.0, 0.8, 0.5, 0.9]})
    # The last has firms enough, but two of them make nine tenths of the difference.
    assert refused_differences(counts, Rules(3, 2, 0.85)).tolist() == [False, True, True, False, False, True]


def test_three_means_that_overlap_give_a_cell_back_though_no_two_do() -> None:
    # a + b, b + c, a + c: half their sum minus one is a cell (the classical triangle).
    rows = np.array([[1, 1, 0], [0, 1, 1], [1, 0, 1]], dtype=np.bool_)
    cells = np.array([True, False, False])
    pairs = [rows[[i, j]] for i, j in product(range(3), repeat=2) if i < j]
    assert not any(recoverable(pair, cells).any() for pair in pairs)
    assert recoverable(rows, cells).tolist() == [True, False, False]
