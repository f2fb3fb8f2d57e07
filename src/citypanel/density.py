"""Kernel densities: of described variables, and of what a figure shows."""

import numpy as np

from citypanel.arrays import Vector

POINTS = 201
_REACH = 3.0  # bandwidths by which the curve goes beyond the values


def kernel_density(values: Vector) -> tuple[Vector, Vector]:
    """Return a grid and the density of `values` on it: normal kernel, Silverman's bandwidth.

    Parameters
    ----------
    values : array, shape (n,)
        At least two different values.

    Notes
    -----
    Bandwidth 0.9 min(sd, IQR / 1.34) n^(-1/5), Silverman (1986), eq. 3.31.
    """
    quartiles = np.quantile(values, [0.25, 0.75])
    spreads = [float(values.std(ddof=1)), float(quartiles[1] - quartiles[0]) / 1.34]
    width = 0.9 * min(spread for spread in spreads if spread > 0) * values.size ** (-0.2)
    grid = np.linspace(values.min() - _REACH * width, values.max() + _REACH * width, POINTS)
    gaps = (grid[:, None] - values[None, :]) / width
    density = np.exp(-0.5 * gaps**2).sum(axis=1) / (values.size * width * np.sqrt(2 * np.pi))
    return grid, np.asarray(density)
