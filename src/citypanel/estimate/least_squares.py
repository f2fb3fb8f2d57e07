"""Least squares on plain arrays: which columns are independent, coefficients, residuals, bread."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack, solve_triangular

from citypanel.arrays import Codes, Matrix, Vector

COLLINEAR = 1e-7  # share of a column's length that the columns before it leave; R's lm uses the same
WELL_CONDITIONED = 1e-6  # least squared pivot of the scaled cross-products for the quick solution


@dataclass(frozen=True)
class LeastSquares:
    """Solution of a regression on independent columns.

    `kept` are the columns used, `coefficients` and `bread` (inverse of X'X) belong to them.
    """

    kept: Codes
    coefficients: Vector
    residuals: Vector
    bread: Matrix


def independent_columns(X: Matrix, lengths: Vector | None = None) -> Codes:
    """Return the columns that are not combinations of those before them.

    Parameters
    ----------
    X : array, shape (rows, columns)
    lengths : array, shape (columns,), optional
        Lengths to compare with, those before a projection on fixed effects; default the columns' own.

    Notes
    -----
    A QR factor of the scaled columns holds their geometry in a small triangle, on which each column's rest
    beside the earlier ones is found; a column stays when more than `COLLINEAR` of it is left.
    """
    own = np.sqrt(np.sum(X * X, axis=0))
    reference = own if lengths is None else np.maximum(lengths, own)
    alive = own > COLLINEAR * reference
    scaled = X / np.where(alive, own, 1.0)
    triangle: Matrix = np.asarray(np.linalg.qr(scaled, mode="r")) if X.shape[1] else np.empty((0, 0))
    basis: list[Vector] = []
    kept = []
    for j in range(X.shape[1]):
        rest = triangle[:, j].copy()
        for _ in range(2):
            for direction in basis:
                rest -= direction * np.sum(direction * rest)
        left = float(np.sqrt(np.sum(rest * rest)))
        if alive[j] and left > COLLINEAR:
            basis.append(rest / left)
            kept.append(j)
    return np.array(kept, dtype=np.intp)


def least_squares(y: Vector, X: Matrix, lengths: Vector | None = None) -> LeastSquares:
    """Regress y on X and leave out columns that are combinations of earlier ones.

    Parameters
    ----------
    y : array, shape (rows,)
    X : array, shape (rows, columns)
        Multiply both by the square root of the weights for weighted least squares.
    lengths : array, shape (columns,), optional
        See `independent_columns`.

    Notes
    -----
    Well conditioned columns take the normal equations with one step of refinement, the others QR.
    """
    return _by_cross_products(y, X, lengths) or _by_qr(y, X, lengths)


def _by_cross_products(y: Vector, X: Matrix, lengths: Vector | None) -> LeastSquares | None:
    """Return the solution when the columns are clearly independent, else None."""
    cross = X.T @ X
    own = np.sqrt(np.diag(cross))
    reference = own if lengths is None else np.maximum(lengths, own)
    if not X.shape[1] or not np.all(own > 1e-5 * reference):
        return None
    lower, fault = lapack.dpotrf(cross / np.outer(own, own), lower=1, clean=1)
    if fault or np.min(np.diag(lower)) ** 2 < WELL_CONDITIONED:
        return None
    inverse, _ = lapack.dpotri(lower, lower=1)
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    bread = inverse / np.outer(own, own)
    coefficients = bread @ (X.T @ y)
    coefficients = coefficients + bread @ (X.T @ (y - X @ coefficients))
    return LeastSquares(np.arange(X.shape[1]), coefficients, y - X @ coefficients, bread)


def _by_qr(y: Vector, X: Matrix, lengths: Vector | None) -> LeastSquares:
    kept = independent_columns(X, lengths)
    used = X[:, kept]
    scale = np.sqrt(np.sum(used * used, axis=0))
    Q, R = np.linalg.qr(used / scale)
    coefficients = solve_triangular(R, Q.T @ y) / scale if kept.size else np.empty(0)
    inverse = solve_triangular(R, np.eye(kept.size)) / scale[:, None] if kept.size else np.empty((0, 0))
    return LeastSquares(kept, coefficients, y - used @ coefficients, inverse @ inverse.T)


def dropped_names(names: Sequence[str], kept: Codes) -> tuple[str, ...]:
    """Return the names of the columns that were left out."""
    stays = set(kept.tolist())
    return tuple(name for position, name in enumerate(names) if position not in stays)
