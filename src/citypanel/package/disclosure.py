"""What may be told of a city and year without telling of a firm: thresholds, dominance, differences, totals.

Four rules, each a plain test on counts: a cell of few firms; a cell that few firms dominate (N-K); two published
cells whose firms differ by few; published totals from which a cell can be computed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Bools = npt.NDArray[np.bool_]
_EXACT = 1e-9  # of a projection's diagonal: 1 where a cell lies in the span of the totals


@dataclass(frozen=True)
class Rules:
    """`min_firms` a cell must have; the `largest` firms may not have more than `share` of its value."""

    min_firms: int = 3
    largest: int = 2
    share: float = 0.85


def refused_cells(counts: pd.DataFrame, rules: Rules) -> pd.Series:
    """Return why each cell may not be told, empty where it may.

    Parameters
    ----------
    counts : DataFrame
        `firms` and `top_share` (of the value of the `largest` firms; missing where there is no value).
    """
    few = counts["firms"] < rules.min_firms
    dominated = counts["top_share"] > rules.share
    reason = pd.Series("", index=counts.index, dtype="str")
    reason[dominated] = f"the largest {rules.largest} firms have more than {rules.share:g} of the value"
    reason[few] = f"fewer than {rules.min_firms} firms"
    return reason


def refused_differences(counts: pd.DataFrame, rules: Rules) -> pd.Series:
    """Return which differences between two cells tell of few firms, or of firms that dominate what differs.

    Parameters
    ----------
    counts : DataFrame
        `firms` whose value is another in the two, and `top_share` of the `largest` of them in all that differs.
    """
    return (counts["firms"] > 0) & ((counts["firms"] < rules.min_firms) | (counts["top_share"] > rules.share))


def recoverable(totals: Bools, cells: Bools) -> Bools:
    """Return which cells can be computed from published totals.

    Parameters
    ----------
    totals : array, shape (totals, cells)
        Which cells each published sum, or mean of known count, runs over.
    cells : array, shape (cells,)
        Which cells may not be told.

    Returns
    -------
    array, shape (cells,)
        True for a cell that may not be told and that is a combination of the totals: sums and differences of
        published subsamples, however many, give it back.

    Notes
    -----
    Cell i is determined by the totals A x = b if and only if e_i lies in the row space of A, so if the i-th diagonal
    element of the projection on it is 1. Published cells are totals of one cell.
    """
    if not totals.size or not cells.any():
        return np.zeros(cells.shape, dtype=np.bool_)
    rows = np.unique(totals, axis=0).astype(np.float64)
    _, singular, right = np.linalg.svd(rows, full_matrices=False)
    span = right[singular > singular.max(initial=0.0) * 1e-10]
    inside = (span**2).sum(axis=0) > 1 - _EXACT
    found: Bools = inside & cells
    return found


def given_back(given: Sequence[Bools], cells: Bools) -> list[Bools]:
    """Return which cells each group of totals, taken in order, gives back together with those accepted before it.

    Parameters
    ----------
    given : sequence of arrays, each shape (totals, cells)
        The totals of one table each; a table that gives nothing back is accepted, whole.
    cells : array, shape (cells,)
        Which cells may not be told.
    """
    accepted: list[Bools] = []
    answers = []
    for totals in given:
        together = np.vstack([*accepted, totals]) if accepted else totals
        found = recoverable(together, cells)
        answers.append(found)
        if not found.any():
            accepted.append(totals)
    return answers


def acceptable(given: Sequence[Bools], cells: Bools) -> list[bool]:
    """Return which groups of totals may leave, taken in order, so that no refused cell can be computed."""
    return [not found.any() for found in given_back(given, cells)]
