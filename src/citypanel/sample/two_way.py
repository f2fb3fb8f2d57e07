"""Panels of cities and years: slopes beside city and year effects, and levels that agree with their own mean."""

import numpy as np

from citypanel.arrays import Mask, Matrix


def fixed_effects_slope(outcome: Matrix, regressor: Matrix) -> float:
    """Return the slope of a regression with city and year effects on a balanced panel."""
    x, y = (m - m.mean(axis=1, keepdims=True) - m.mean(axis=0) + m.mean() for m in (regressor, outcome))
    return float((x * y).sum() / (x * x).sum())


def centred(gap: Matrix, above: Mask) -> Matrix:
    """Move each year's gaps together until the mean of exp(gap above, -gap below) is one."""
    sign = np.where(above, 1.0, -1.0)
    result = np.empty_like(gap)
    for t in range(gap.shape[1]):
        low, high = -gap[:, t].min(), 3.0
        for _ in range(80):
            middle = (low + high) / 2
            mean = np.exp(sign * (gap[:, t] + middle)).mean()
            low, high = (low, middle) if mean > 1 else (middle, high)
        result[:, t] = gap[:, t] + (low + high) / 2
    return result
