"""Which columns are linearly independent; the first of a dependent set stays."""

import numpy as np
from scipy.linalg import qr

from citypanel.arrays import Mask, Matrix, Vector

TOLERANCE = 1e-9


def independent_columns(Z: Matrix, size: Vector | None = None) -> Mask:
    """Return which columns of Z are kept.

    Parameters
    ----------
    Z : array, shape (n, k)
        Columns, net of fixed effects where there are any.
    size : array, shape (k,), optional
        Norms before the projection on fixed effects: a column that shrinks to nothing is absorbed by them.
    """
    norm = np.linalg.norm(Z, axis=0)
    scale = norm if size is None else size
    keep = norm > TOLERANCE * np.maximum(scale, 1e-300)
    while True:
        columns = np.flatnonzero(keep)
        if columns.size == 0:
            return keep
        triangle = np.abs(np.diag(np.atleast_2d(qr(Z[:, columns] / norm[columns], mode="r")[0])))
        weak = np.flatnonzero(triangle[: columns.size] < TOLERANCE)
        surplus = np.arange(triangle.size, columns.size)
        if weak.size == 0 and surplus.size == 0:
            return keep
        keep[columns[weak[0] if weak.size else surplus[0]]] = False
