"""Sample splits: each group's own regression, and the test that a coefficient is the same in all groups."""

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import numpy as np
import pandas as pd

from citypanel.columns import existing_column, matching_rows
from citypanel.declare.methods import LinearOptions
from citypanel.declare.specification import Group, Specification
from citypanel.errors import DeclarationError, EstimationError
from citypanel.estimate.design import INTERCEPT, build_design
from citypanel.estimate.outcome import Estimate
from citypanel.estimate.robustness import equality_test
from citypanel.result import Value

SHOWN = 5  # values listed in a message


def estimate_group(
    data: pd.DataFrame, specification: Specification, estimate: Callable[[pd.DataFrame, Specification], Estimate]
) -> Estimate:
    """Estimate one group of a split; the column that carries the test says so in its `stats`.

    Parameters
    ----------
    data : DataFrame
        Rows of all groups: winsorising and lags look at them all, as without a split.
    specification : Specification
        With its `group`.
    estimate : callable
        The estimator of one column.

    Raises
    ------
    EstimationError
        A group without rows; the message says which values there are.
    """
    group = cast("Group", specification.group)
    left_out = _rows_of_no_group(data, group)
    own = estimate(data, replace(specification, group=None))
    (column,) = own.columns
    stats = {**column.stats, "split": group.by, "group": group.value}
    if group.tested:
        stats |= _tested(data, specification, group)
    lost = (f"{left_out} rows left out: {group.by} is in no group of the split",) if left_out else ()
    return replace(own, columns=(replace(column, stats=stats),), warnings=(*own.warnings, *lost))


def _rows_of_no_group(data: pd.DataFrame, group: Group) -> int:
    """Return how many rows belong to no group; refuse a group that no row belongs to."""
    shared = matching_rows(data, group.where)
    members = np.zeros(len(data), dtype=np.bool_)
    for value in group.groups:
        rows = shared & matching_rows(data, f'{group.by} == "{value}"')
        if not rows.any():
            counts = existing_column(data, group.by)[shared].value_counts(dropna=False).head(SHOWN)
            found = ", ".join(f"{value_of} ({count} rows)" for value_of, count in counts.items()) or "no row"
            raise EstimationError(
                f"key 'split': group '{value}' of '{group.by}' is empty; the column holds {found}; "
                "declare the groups that there are"
            )
        members |= rows
    return int((shared & ~members).sum())


def _tested(data: pd.DataFrame, specification: Specification, group: Group) -> dict[str, Value]:
    design = build_design(data, replace(specification, where=group.where, group=None))
    slopes = [name for name in design.names if name != INTERCEPT]
    term = group.term or (slopes[0] if slopes else "")
    if term not in slopes:
        raise DeclarationError(f"key 'split': term is '{term}'; allowed: {', '.join(slopes)}")
    codes = np.full(design.n, -1)
    for number, value in enumerate(group.groups):
        codes[matching_rows(design.rows, f'{group.by} == "{value}"')] = number
    options = cast("LinearOptions", specification.options)
    design, codes = design.subset(codes >= 0), codes[codes >= 0]
    return {"split_term": term, **equality_test(design, codes, group.groups, term, options)}
