"""Sums that no order of rows changes: amounts are added up as whole millionths."""

import numpy as np

from citypanel.arrays import Vector

MICRO = 1_000_000
LARGEST = 2**62 / MICRO  # amounts that whole millionths of 64 bits hold
_LOW = 24


def micro_sum(values: Vector) -> int:
    """Return the sum of amounts in millionths; missing amounts count as nothing.

    Examples
    --------
    >>> micro_sum(np.array([0.1, 0.2, np.nan])), micro_sum(np.array([1e20, 0.5]))
    (300000, 100000000000000000000500000)
    """
    known = values[np.isfinite(values)]
    usual = np.abs(known) < LARGEST
    whole = np.rint(known[usual] * MICRO).astype(np.int64)
    # In two halves, because the sum of many may not fit where each of them does.
    high, low = whole >> _LOW, whole & ((1 << _LOW) - 1)
    rest = sum(round(float(value)) * MICRO for value in known[~usual])
    return (int(high.sum()) << _LOW) + int(low.sum()) + rest
