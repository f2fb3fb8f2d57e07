"""What spatial likelihoods ask of a weights matrix: log-determinants, traces, products with (I - rho W)^-1 W.

Two kinds answer the same questions: `DenseOperator` takes all eigenvalues once, `SparseOperator` factorises
I - rho W anew for each rho. Nothing here knows of panels; a matrix of N units stays N x N.
"""

from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import linalg, sparse
from scipy.sparse import linalg as sparse_linalg

from citypanel.arrays import Matrix, Vector
from citypanel.errors import EstimationError

WeightsMatrix: TypeAlias = Matrix | sparse.csr_array
Spectrum: TypeAlias = npt.NDArray[np.floating] | npt.NDArray[np.complexfloating]

SPARSE_FROM = 800  # units; below, all eigenvalues take less than a second
SPARSE_SHARE = 0.02  # of cells that are not zero; above, the factors fill up
COLUMN_BLOCK = 256


@dataclass(frozen=True)
class Traces:
    """Traces of G = W (I - rho W)^-1.

    `gram` is tr(G'G); `centred_gram` is tr(G'PG) with P = I - 11'/N, which the transformation of time effects
    needs when rows sum to one.
    """

    first: float
    square: float
    gram: float
    centred_gram: float


class SpatialOperator(Protocol):
    """Questions about one weights matrix; `low` and `high` bound the stable range of rho."""

    matrix: WeightsMatrix
    low: float
    high: float
    spectrum: str

    @property
    def size(self) -> int:
        """Return the number of units."""

    def log_determinants(self, rhos: Vector) -> Vector:
        """Return ln|det(I - rho W)| for each rho."""

    def traces(self, rho: float) -> Traces:
        """Return the traces at rho."""

    def first_traces(self, rhos: Vector) -> Vector:
        """Return tr(G) for each rho."""

    def simple_traces(self, rho: float) -> tuple[float, float]:
        """Return tr(G) and tr(G G), which eigenvalues give at no cost."""

    def cross_trace(self, left: float, right: float) -> tuple[float, float, float]:
        """Return tr(G_l G_r), tr(G_l'G_r) and tr(G_l'PG_r) for two rhos."""

    def product(self, rho: float, values: Matrix) -> Matrix:
        """Return G times values, shape (units, k)."""

    def whole(self, rho: float) -> Matrix:
        """Return G itself, shape (units, units)."""


def spatial_operator(matrix: WeightsMatrix, *, solver: str = "auto") -> SpatialOperator:
    """Choose how to treat a weights matrix.

    Parameters
    ----------
    matrix : array or sparse array, shape (units, units)
        Zero diagonal, no negative weight, no empty row.
    solver : {"auto", "dense", "sparse"}
        `auto` factorises large matrices with few neighbours and takes eigenvalues of all others.
    """
    cells = matrix.shape[0] ** 2
    filled = np.count_nonzero(matrix) if isinstance(matrix, np.ndarray) else matrix.nnz
    few = matrix.shape[0] >= SPARSE_FROM and filled <= SPARSE_SHARE * cells
    if solver == "sparse" or (solver == "auto" and few):
        return SparseOperator.of(sparse.csr_array(matrix))
    return DenseOperator.of(matrix if isinstance(matrix, np.ndarray) else matrix.toarray())


def symmetrising_scale(matrix: WeightsMatrix) -> Vector | None:
    """Return d > 0 with d_i w_ij = d_j w_ji for all pairs, or None where there is no such d.

    Row-standardised symmetric weights have it: W = D^-1 C. Then D^1/2 W D^-1/2 is symmetric, its eigenvalues
    are real and cost a tenth. The scale is followed along a spanning tree of each connected part and then
    checked on every pair.
    """
    graph = sparse.csr_array(matrix)
    graph.eliminate_zeros()
    transposed = sparse.csr_array(graph.T)
    transposed.sort_indices()
    graph.sort_indices()
    if graph.nnz != transposed.nnz or not np.array_equal(graph.indices, transposed.indices):
        return None
    if not np.array_equal(graph.indptr, transposed.indptr):
        return None
    size = graph.shape[0]
    scale = np.zeros(size)
    for start in range(size):
        if scale[start] > 0:
            continue
        scale[start] = 1.0
        order, before = sparse.csgraph.breadth_first_order(graph, start, directed=True)
        for unit in order[1:]:
            parent = before[unit]
            scale[unit] = scale[parent] * _entry(graph, parent, unit) / _entry(graph, unit, parent)
    rows = np.repeat(np.arange(size), np.diff(graph.indptr))
    left = scale[rows] * graph.data
    right = scale[graph.indices] * transposed.data
    return scale if np.allclose(left, right, rtol=1e-10, atol=0) else None


def _entry(graph: sparse.csr_array, row: int, column: int) -> float:
    start, stop = graph.indptr[row], graph.indptr[row + 1]
    at = start + int(np.searchsorted(graph.indices[start:stop], column))
    return float(graph.data[at])


def stable_range(eigenvalues: Spectrum, largest_row_sum: float) -> tuple[float, float]:
    """Return the open interval around 0 on which I - rho W is not singular.

    Only real eigenvalues make it singular (LeSage and Pace 2009, section 4.3.2). Without a real eigenvalue
    on one side the bound is Gershgorin's, 1 / largest row sum.
    """
    size = np.abs(eigenvalues).max() if eigenvalues.size else 0.0
    if np.iscomplexobj(eigenvalues):
        eigenvalues = eigenvalues[np.abs(eigenvalues.imag) <= 1e-10 * max(float(size), 1e-300)]
    real = np.real(eigenvalues)
    default = 1.0 / largest_row_sum
    lowest, highest = (float(real.min()), float(real.max())) if real.size else (0.0, 0.0)
    tiny = 1e-8 * largest_row_sum
    low = 1.0 / lowest if lowest < -tiny else -default
    high = 1.0 / highest if highest > tiny else default
    return low, high


@dataclass
class DenseOperator:
    """Weights with all eigenvalues at hand."""

    matrix: Matrix
    eigenvalues: Spectrum
    scale: Vector | None
    low: float
    high: float
    spectrum: str
    _kept: dict[float, Matrix] = field(default_factory=dict)

    @classmethod
    def of(cls, matrix: Matrix) -> "DenseOperator":
        """Take the eigenvalues, of the symmetric form where there is one."""
        scale = symmetrising_scale(matrix)
        eigenvalues: Spectrum
        if scale is None:
            eigenvalues = np.linalg.eigvals(matrix)
            spectrum = "complex" if np.iscomplexobj(eigenvalues) else "real"
        else:
            eigenvalues = np.linalg.eigvalsh(_symmetric(matrix, scale))
            spectrum = "real"
        low, high = stable_range(eigenvalues, float(matrix.sum(axis=1).max()))
        return cls(matrix, eigenvalues, scale, low, high, spectrum)

    @property
    def size(self) -> int:
        """Return the number of units."""
        return int(self.matrix.shape[0])

    def log_determinants(self, rhos: Vector) -> Vector:
        """Return ln|det(I - rho W)| for each rho."""
        return np.asarray(np.log(np.abs(1.0 - np.multiply.outer(rhos, self.eigenvalues))).sum(axis=-1))

    def first_traces(self, rhos: Vector) -> Vector:
        """Return tr(G) for each rho."""
        chunks = np.array_split(rhos, max(1, rhos.size * self.size // 1_000_000))
        return np.concatenate([self._first_traces(chunk) for chunk in chunks])

    def _first_traces(self, rhos: Vector) -> Vector:
        ratios = self.eigenvalues / (1.0 - np.multiply.outer(rhos, self.eigenvalues))
        return np.real(ratios.sum(axis=-1))

    def simple_traces(self, rho: float) -> tuple[float, float]:
        """Return tr(G) and tr(G G)."""
        ratios = self.eigenvalues / (1.0 - rho * self.eigenvalues)
        return float(np.real(ratios.sum())), float(np.real((ratios * ratios).sum()))

    def traces(self, rho: float) -> Traces:
        """Return the traces at rho."""
        first, _ = self.simple_traces(rho)
        square, gram, centred = self.cross_trace(rho, rho)
        return Traces(first, square, gram, centred)

    def cross_trace(self, left: float, right: float) -> tuple[float, float, float]:
        """Return tr(G_l G_r), tr(G_l'G_r) and tr(G_l'PG_r) for two rhos."""
        mu = self.eigenvalues
        square = float(np.real((mu / (1.0 - left * mu) * (mu / (1.0 - right * mu))).sum()))
        first, second = self.whole(left), self.whole(right)
        gram = float(np.vdot(first, second))
        return square, gram, gram - float(first.sum(axis=0) @ second.sum(axis=0)) / self.size

    def product(self, rho: float, values: Matrix) -> Matrix:
        """Return G times values."""
        return self.whole(rho) @ values

    def whole(self, rho: float) -> Matrix:
        """Return G itself; the last two are kept."""
        if rho not in self._kept:
            while len(self._kept) >= 2:
                del self._kept[next(iter(self._kept))]
            self._kept[rho] = self._solve(rho)
        return self._kept[rho]

    def _solve(self, rho: float) -> Matrix:
        """G from (I - rho W)^-1 by Cholesky where W is symmetrisable; that takes half of the work of LU."""
        if self.scale is not None and abs(rho) > 1e-2 and self.low < rho < self.high:
            inverse = _cholesky_inverse(self.matrix, self.scale, rho)
            if inverse is not None:
                return inverse
        identity = np.eye(self.size)
        try:
            system = identity - rho * self.matrix
            return np.asarray(linalg.solve(system, self.matrix, check_finite=False))
        except linalg.LinAlgError:
            raise EstimationError(f"I - rho W is singular at rho = {rho:.6g}") from None


def _symmetric(matrix: Matrix, scale: Vector) -> Matrix:
    root = np.sqrt(scale)
    similar = matrix * root[:, None] / root[None, :]
    return 0.5 * (similar + similar.T)


def _cholesky_inverse(matrix: Matrix, scale: Vector, rho: float) -> Matrix | None:
    similar = _symmetric(matrix, scale)
    similar *= -rho
    similar.flat[:: len(scale) + 1] += 1.0
    factor, failed = linalg.lapack.dpotrf(similar, lower=1, clean=0, overwrite_a=1)
    if failed:
        return None
    inverse, failed = linalg.lapack.dpotri(factor, lower=1, overwrite_c=1)
    if failed:
        return None
    whole = _mirrored(inverse)
    whole.flat[:: len(scale) + 1] -= 1.0
    root = np.sqrt(scale)
    whole *= root[None, :]
    whole /= (rho * root)[:, None]
    return np.ascontiguousarray(whole)


def _mirrored(lower: Matrix) -> Matrix:
    """Return the symmetric matrix whose lower triangle is given."""
    whole = np.tril(lower)
    whole += whole.T
    whole.flat[:: whole.shape[0] + 1] *= 0.5
    return whole


@dataclass
class SparseOperator:
    """Weights with few neighbours: I - rho W is factorised anew for each rho, exactly."""

    matrix: sparse.csr_array
    low: float
    high: float
    row_sum: float
    spectrum: str = "not taken"
    _kept: dict[float, Traces] = field(default_factory=dict)

    @classmethod
    def of(cls, matrix: sparse.csr_array) -> "SparseOperator":
        """Bound the stable range by the extreme eigenvalues of the symmetric form, else by Gershgorin."""
        row_sum = float(np.asarray(matrix.sum(axis=1)).max())
        scale = symmetrising_scale(matrix)
        if scale is None:
            return cls(matrix, -1.0 / row_sum, 1.0 / row_sum, row_sum)
        root = sparse.diags_array(np.sqrt(scale))
        back = sparse.diags_array(1.0 / np.sqrt(scale))
        similar = sparse.csr_array(root @ matrix @ back)
        start = np.ones(matrix.shape[0])  # a fixed start gives the same digits in every run
        extremes = sparse_linalg.eigsh(similar, k=2, which="BE", v0=start, return_eigenvectors=False, tol=1e-10)
        low, high = stable_range(np.asarray(extremes), row_sum)
        return cls(matrix, low, high, row_sum)

    @property
    def size(self) -> int:
        """Return the number of units."""
        return int(self.matrix.shape[0])

    def _factor(self, rho: float) -> sparse_linalg.SuperLU:
        system = sparse.eye_array(self.size, format="csc") - rho * sparse.csc_array(self.matrix)
        # Inside Gershgorin's range the diagonal dominates: pivots stay there and the ordering keeps its sparsity.
        dominant = abs(rho) * self.row_sum < 1.0
        chosen = {"diag_pivot_thresh": 0.0, "options": {"SymmetricMode": True}} if dominant else {}
        try:
            return sparse_linalg.splu(sparse.csc_array(system), permc_spec="MMD_AT_PLUS_A", **chosen)
        except RuntimeError:
            raise EstimationError(f"I - rho W is singular at rho = {rho:.6g}") from None

    def log_determinants(self, rhos: Vector) -> Vector:
        """Return ln|det(I - rho W)| for each rho."""
        return np.array([np.log(np.abs(self._factor(float(rho)).U.diagonal())).sum() for rho in rhos])

    def first_traces(self, rhos: Vector) -> Vector:
        """Return tr(G) for each rho.

        Many rhos share one interpolation: tr(G) is minus the slope of the log-determinant, which Chebyshev's
        polynomial of degree 48 holds to 1e-9 of itself away from the ends of the stable range.
        """
        if rhos.size <= 3:
            return np.array([self.traces(float(rho)).first for rho in rhos])
        domain = [float(rhos.min()), float(rhos.max())]
        logs = np.polynomial.Chebyshev.interpolate(self.log_determinants, 48, domain=domain)
        return np.asarray(-logs.deriv()(rhos))

    def traces(self, rho: float) -> Traces:
        """Return the traces at rho, column by column; nothing dense of N x N is held."""
        if rho not in self._kept:
            self._kept[rho] = self._traces(rho)
        return self._kept[rho]

    def simple_traces(self, rho: float) -> tuple[float, float]:
        """Return tr(G) and tr(G G)."""
        found = self.traces(rho)
        return found.first, found.square

    def _traces(self, rho: float) -> Traces:
        factor = self._factor(rho)
        first = square = gram = sums = 0.0
        for start in range(0, self.size, COLUMN_BLOCK):
            columns = slice(start, min(start + COLUMN_BLOCK, self.size))
            block = factor.solve(self.matrix[:, columns].toarray())
            first += float(np.trace(block[columns]))
            gram += float(np.vdot(block, block))
            sums += float(np.square(block.sum(axis=0)).sum())
            square += float(np.trace(factor.solve(self.matrix @ block)[columns]))
        return Traces(first, square, gram, gram - sums / self.size)

    def cross_trace(self, left: float, right: float) -> tuple[float, float, float]:
        """Return tr(G_l G_r), tr(G_l'G_r) and tr(G_l'PG_r) for two rhos."""
        factors = self._factor(left), self._factor(right)
        square = gram = sums = 0.0
        for start in range(0, self.size, COLUMN_BLOCK):
            columns = slice(start, min(start + COLUMN_BLOCK, self.size))
            block = self.matrix[:, columns].toarray()
            first, second = factors[0].solve(block), factors[1].solve(block)
            gram += float(np.vdot(first, second))
            sums += float(first.sum(axis=0) @ second.sum(axis=0))
            twice = factors[0].solve(self.matrix @ second)
            square += float(np.trace(twice[columns]))
        return square, gram, gram - sums / self.size

    def product(self, rho: float, values: Matrix) -> Matrix:
        """Return G times values."""
        return np.asarray(self._factor(rho).solve(np.ascontiguousarray(self.matrix @ values)))

    def whole(self, rho: float) -> Matrix:
        """Return G itself, dense; only robust variances ask for it."""
        return np.asarray(self._factor(rho).solve(self.matrix.toarray()))
