"""The leading eigenvector of a symmetric matrix, with the same bytes under any number of threads."""

import numpy as np
from scipy.linalg import eigh_tridiagonal

from citypanel.arrays import Matrix, Vector

_BREAKDOWN = 1e-13  # relative to the largest row sum: below it the space found is invariant


def leading_eigenvector(matrix: Matrix, start: Vector, beside: Matrix | None = None) -> tuple[float, Vector]:
    """Largest eigenvalue and its eigenvector, found by Lanczos with full reorthogonalisation.

    Parameters
    ----------
    matrix : array, shape (n, n)
        Symmetric.
    start : array, shape (n,)
        Not orthogonal to the eigenvector.
    beside : array, shape (m, n), optional
        Orthonormal rows; the eigenvector is sought in the space orthogonal to them.

    Returns
    -------
    tuple
        Eigenvalue, and eigenvector of length one with positive product with `start`.

    Notes
    -----
    LAPACK's dense solvers split their sums among threads, so that their last digits differ from run to run on
    another machine. Here every product is summed by numpy's own loops in one order. Lanczos (1950), Parlett
    (1998).
    """
    scale = np.abs(matrix).sum(axis=1).max()
    basis = np.empty((0, len(matrix))) if beside is None else beside
    known = len(basis)
    vector = _orthogonal(start, basis)
    length = _length(vector)
    diagonal: list[float] = []
    beside_diagonal: list[float] = []
    while length > _BREAKDOWN * (scale if diagonal else _length(start)) and len(basis) < len(matrix):
        if diagonal:
            beside_diagonal.append(length)
        basis = np.vstack([basis, vector / length])
        image = np.einsum("ij,j->i", matrix, basis[-1])
        diagonal.append(float(np.einsum("i,i->", basis[-1], image)))
        vector = _orthogonal(image, basis)
        length = _length(vector)
    if not diagonal:
        return float("nan"), np.full(len(matrix), np.nan)
    values, vectors = eigh_tridiagonal(np.array(diagonal), np.array(beside_diagonal))
    found = np.einsum("k,ki->i", vectors[:, -1], basis[known:])
    sign = 1.0 if np.einsum("i,i->", found, start) >= 0 else -1.0
    return float(values[-1]), sign * found / _length(found)


def _orthogonal(vector: Vector, basis: Matrix) -> Vector:
    """Take the parts along `basis` out, twice, because once leaves rounding behind."""
    for _ in range(2):
        along = np.einsum("ki,i->k", basis, vector)
        vector = vector - np.einsum("k,ki->i", along, basis)
    return vector


def _length(vector: Vector) -> float:
    return float(np.sqrt(np.einsum("i,i->", vector, vector)))
