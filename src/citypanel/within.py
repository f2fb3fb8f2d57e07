"""Projections on fixed effects, from a panel of 400 rows to tens of millions of badly connected rows.

The residual of a weighted regression on indicators is found by the normal equations of the indicators, after
the factor with most levels has been eliminated exactly. What is left is solved by a pivoted Cholesky factor
(few levels) or by conjugate gradients (many levels); balanced two-way panels have a closed form.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

import numpy as np
from scipy import sparse
from scipy.linalg import lapack
from scipy.sparse import csgraph
from scipy.sparse.linalg import SuperLU, splu

from citypanel.arrays import Codes, Matrix, Vector
from citypanel.errors import EstimationError

DENSE_LEVELS = 1200  # a Cholesky factor of this size takes a fraction of a second
TOLERANCE = 1e-14  # of the projection's error, relative to the column's spread
NOISE = 1e-17  # residuals below this share of the column's spread are rounding
FLAT = 1e-13  # curvature, against the level sizes, of redundant levels: a step there is rounding
UNLINKED = 1e-11  # share of a level's rows below which it stands for a component of its own
SPARSE_LEVELS = 500_000  # up to here a sparse factor helps where conjugate gradients are slow
LINKS = 1_500_000  # entries of the complement up to which it is thin enough: more fill in without bounds
PRODUCTS = 100_000_000  # multiplications up to which the entries are counted
PATIENCE = 400  # steps before it is made
MAX_STEPS = 20_000
PASSES = 6
RIDGE = 1e-9
ERROR_WINDOW = 8  # least number of steps over which the decrease of the error is summed


def within_projection(columns: Matrix, effects: Sequence[Codes], weights: Vector | None = None) -> Matrix:
    """Return the residuals of `columns` from a regression on the fixed effects.

    Parameters
    ----------
    columns : array, shape (rows,) or (rows, columns)
    effects : sequence of integer arrays, shape (rows,)
        Codes from 0 of each fixed effect; without any, the columns come back as they are.
    weights : array, shape (rows,), optional
        Positive.

    Raises
    ------
    EstimationError
        The conjugate gradients do not converge.
    """
    return FixedEffects(effects, weights).residuals(columns)


class FixedEffects:
    """The projection on a set of fixed effects, prepared once and used for many columns.

    Parameters
    ----------
    effects : sequence of integer arrays, shape (rows,)
        Codes from 0; every code up to the largest should occur.
    weights : array, shape (rows,), optional
        Positive.
    """

    def __init__(self, effects: Sequence[Codes], weights: Vector | None = None) -> None:
        self.weights = weights
        self.levels = tuple(int(codes.max()) + 1 if codes.size else 0 for codes in effects)
        self._solver = _solver(list(effects), self.levels, weights)

    def residuals(self, columns: Matrix) -> Matrix:
        """Return the residuals of one column, shape (rows,), or of several, shape (rows, columns)."""
        values = np.asarray(columns, dtype=np.float64)
        if self._solver is None or values.size == 0:
            return values.copy()
        if values.ndim == 1:
            return self._solver.residuals(values[:, None])[:, 0]
        return self._solver.residuals(values)


def _solver(effects: list[Codes], levels: tuple[int, ...], weights: Vector | None) -> "_Solver | None":
    if not effects:
        return None
    if weights is not None and weights.size and np.all(weights == weights[0]):
        weights = None
    if weights is None and len(effects) == 2 and _is_balanced(effects, levels):
        return _Balanced(effects[0], effects[1], levels)
    order = sorted(range(len(effects)), key=lambda q: -levels[q])
    finest = effects[order[0]]
    rest = [effects[q] for q in order[1:] if not is_nested(finest, effects[q])]
    one = _OneFactor(finest, levels[order[0]], weights)
    if not rest:
        return one
    others = _Stack(rest, weights)
    return _Eliminated(one, others)


def _is_balanced(effects: list[Codes], levels: tuple[int, ...]) -> bool:
    first, second = effects
    if first.size != levels[0] * levels[1]:
        return False
    return bool(np.bincount(first * levels[1] + second, minlength=first.size).max() == 1)


class _Solver:
    """A way to take residuals of several columns at once."""

    def residuals(self, columns: Matrix) -> Matrix:
        """Return the residuals, shape (rows, columns)."""
        raise NotImplementedError


class _Balanced(_Solver):
    """Each unit once in each period: subtract both means, add the grand mean."""

    def __init__(self, first: Codes, second: Codes, levels: tuple[int, ...]) -> None:
        cells = first * levels[1] + second
        self.cells = None if np.array_equal(cells, np.arange(cells.size)) else cells
        self.shape = levels

    def residuals(self, columns: Matrix) -> Matrix:
        # One row per column of the data: means then run along contiguous memory.
        values = np.array(columns.T, order="C")
        if self.cells is not None:
            given, values = values, np.empty_like(values)
            values[:, self.cells] = given
        values -= values.mean(axis=1, keepdims=True)
        cube = values.reshape(-1, *self.shape)
        cube -= cube.mean(axis=2, keepdims=True)
        cube -= cube.mean(axis=1, keepdims=True)
        return values.T if self.cells is None else values[:, self.cells].T


class _OneFactor(_Solver):
    """One fixed effect: subtract weighted group means."""

    def __init__(self, codes: Codes, levels: int, weights: Vector | None) -> None:
        self.codes, self.levels, self.weights = codes, levels, weights
        self.totals = np.bincount(codes, weights, minlength=levels).astype(np.float64)
        self.totals[self.totals == 0] = 1.0

    def means(self, column: Vector) -> Vector:
        """Return the weighted mean of each level."""
        weighted = column if self.weights is None else column * self.weights
        return np.bincount(self.codes, weighted, minlength=self.levels) / self.totals

    def demean(self, column: Vector) -> Vector:
        """Return one column less its group means, twice: the second pass removes the first one's rounding."""
        once = column - self.means(column)[self.codes]
        once -= self.means(once)[self.codes]
        return once

    def residuals(self, columns: Matrix) -> Matrix:
        return np.column_stack([self.demean(column) for column in columns.T])


@dataclass
class _Stack:
    """Several factors side by side, their coefficients in one vector."""

    codes: list[Codes]
    weights: Vector | None
    levels: list[int] = field(init=False)
    starts: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.levels = [int(codes.max()) + 1 for codes in self.codes]
        self.starts = [0, *np.cumsum(self.levels).tolist()]

    @property
    def total(self) -> int:
        """Coefficients of all factors."""
        return int(self.starts[-1])

    def sums(self, column: Vector) -> Vector:
        """Return the weighted sums of each level of each factor."""
        weighted = column if self.weights is None else column * self.weights
        pairs = zip(self.codes, self.levels, strict=True)
        return np.concatenate([np.bincount(codes, weighted, minlength=size) for codes, size in pairs])

    def expand(self, coefficients: Vector) -> Vector:
        """Return the sum over factors of each row's coefficient."""
        total: Vector = coefficients[: self.levels[0]][self.codes[0]]
        for codes, start, size in zip(self.codes[1:], self.starts[1:], self.levels[1:], strict=False):
            total += coefficients[start : start + size][codes]
        return total


class _Eliminated(_Solver):
    """One factor eliminated exactly, the others solved from the Schur complement of the normal equations."""

    def __init__(self, one: _OneFactor, others: _Stack) -> None:
        self.one, self.others = one, others
        size = (one.levels, others.total)
        blocks = [
            _crosstab(one.codes, codes, (one.levels, levels), one.weights)
            for codes, levels in zip(others.codes, others.levels, strict=True)
        ]
        self.across = sparse.csr_matrix(sparse.hstack(blocks)) if len(blocks) > 1 else blocks[0]
        assert self.across.shape == size  # noqa: S101 - a broken layout would be a silently wrong number
        self.inside = _inside(others)
        self.scaled = sparse.diags(1.0 / one.totals) @ self.across
        self.back = self.across.T.tocsr()
        self.factor = _PivotedCholesky(self._complement()) if others.total <= DENSE_LEVELS else None
        self.sparse_factor: SuperLU | None = None
        self.thin: bool | None = None
        self.components: list[Codes] = []
        self.own = self.inside.diagonal()
        self.conditioner = self._conditioner() if self.factor is None else np.empty(0)

    def _complement(self) -> Matrix:
        return np.asarray((self.inside - self.back @ self.scaled).toarray(), dtype=np.float64)

    def _conditioner(self) -> Vector:
        """Return the inverse diagonal of the complement; zero for levels no other row links to the rest."""
        eliminated = np.asarray(self.across.multiply(self.scaled).sum(axis=0)).ravel()
        own = self.inside.diagonal()
        linked = own - eliminated > UNLINKED * own
        inverse: Vector = np.where(linked, 1.0 / np.where(linked, own - eliminated, 1.0), 0.0)
        return inverse

    def residuals(self, columns: Matrix) -> Matrix:
        return np.column_stack([self._column(column) for column in columns.T])

    def _column(self, column: Vector) -> Vector:
        start = self.one.demean(column)
        scale = _energy(start, self.one.weights)
        residual = start
        # A further solution, of what the last has left, removes its rounding error.
        for _ in range(2 if self.factor is not None else PASSES):
            solution = self._solve(self.others.sums(residual), scale)
            change = self.one.demean(self.others.expand(solution))
            residual = self.one.demean(residual - change)
            if _energy(change, self.one.weights) <= TOLERANCE**2 * scale:
                break
        return residual

    def _solve(self, right: Vector, scale: float) -> Vector:
        if self.factor is not None:
            return self.factor.solve(right)
        solution = np.zeros_like(right)
        if self.sparse_factor is None:
            steps = PATIENCE if self._is_thin() else MAX_STEPS
            solution, right = self._conjugate_gradients(right, scale, steps, self._by_diagonal)
            if not right.any():
                return solution
            if steps == MAX_STEPS:
                _refuse_slow()
            self.sparse_factor = self._sparse_factor()
            self.components = [component_labels(self.one.codes, codes)[1] for codes in self.others.codes]
        more, right = self._conjugate_gradients(right, scale, MAX_STEPS, self._by_factor)
        if right.any():
            _refuse_slow()
        return solution + more

    def _is_thin(self) -> bool:
        """Whether the complement has so few entries that a sparse factor stays small: badly connected data have."""
        if self.thin is None:
            links = np.diff(self.across.indptr).astype(np.float64)
            few = self.others.total <= SPARSE_LEVELS and float(np.sum(links * links)) <= PRODUCTS
            self.thin = few and (self.back @ self.across).nnz <= LINKS
        return self.thin

    def _by_diagonal(self, vector: Vector) -> Vector:
        return vector * self.conditioner

    def _by_factor(self, vector: Vector) -> Vector:
        """Solve by the sparse factor, whose ridge would blow up rounding along the redundant levels."""
        assert self.sparse_factor is not None  # noqa: S101 - for the type checker
        return self._centred(self.sparse_factor.solve(self._centred(vector)))

    def _centred(self, vector: Vector) -> Vector:
        """Return the vector less, per factor, its mean over each component with the eliminated factor."""
        centred = vector.copy()
        parts = zip(self.components, self.others.starts, self.others.levels, strict=False)
        for labels, start, size in parts:
            part = centred[start : start + size]
            part -= (np.bincount(labels, part) / np.maximum(np.bincount(labels), 1))[labels]
        return centred

    def _sparse_factor(self) -> SuperLU:
        """Factor the complement: badly connected factors, the slow ones, fill in little.

        A small ridge stands in for the redundant levels; the factor only steers the conjugate gradients.
        """
        ridge = sparse.diags(RIDGE * self.inside.diagonal())
        matrix = (self.inside - self.back @ self.scaled + ridge).tocsc()
        options = {"SymmetricMode": True}
        return splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=options)

    def _apply(self, vector: Vector) -> Vector:
        return np.asarray(self.inside @ vector - self.back @ (self.scaled @ vector))

    def _conjugate_gradients(
        self, right: Vector, scale: float, steps: int, precondition: Callable[[Vector], Vector]
    ) -> tuple[Vector, Vector]:
        """Solve until the estimated error of the fitted values is below the tolerance.

        The error's energy before a step exceeds the one after it by step * (r'z), Hestenes and Stiefel; the
        sum over the last third of the steps, and at least a window of them, is compared, Strakos and Tichy
        (2002), ETNA 13. A window that grows with the steps is not fooled by slow stretches.

        Returns the solution and what is left to solve: zeros when it has converged.
        """
        solution, residual, gains = np.zeros_like(right), right.copy(), np.zeros(steps + 1)
        conditioned = precondition(residual)
        direction, product = conditioned.copy(), float(np.sum(residual * conditioned))
        for k in range(1, steps + 1):
            if product <= NOISE**2 * scale:
                return solution, np.zeros_like(right)
            image = self._apply(direction)
            curvature = float(np.sum(direction * image))
            if curvature <= FLAT * float(np.sum(self.own * direction * direction)):
                return solution, np.zeros_like(right)
            step = product / curvature
            solution += step * direction
            residual -= step * image
            gains[k] = step * product
            window = max(ERROR_WINDOW, k // 3)
            if k >= window and float(gains[k - window + 1 : k + 1].sum()) < TOLERANCE**2 * scale:
                return solution, np.zeros_like(right)
            conditioned = precondition(residual)
            following = float(np.sum(residual * conditioned))
            direction = conditioned + (following / product) * direction
            product = following
        return solution, residual


def _refuse_slow() -> NoReturn:
    raise EstimationError(
        f"the fixed effects did not converge in {MAX_STEPS} steps; they are nearly collinear, use fewer"
    )


class _PivotedCholesky:
    """A positive semidefinite system; the redundant levels behind its null space get coefficient zero."""

    def __init__(self, matrix: Matrix) -> None:
        self.scale = 1.0 / np.sqrt(np.maximum(np.diag(matrix), np.finfo(float).tiny))
        scaled = matrix * self.scale[:, None] * self.scale
        # The least eigenvalue of a chain of DENSE_LEVELS, the worst connected case, is above 1e-7.
        factor, pivots, rank, _ = lapack.dpstrf(scaled, lower=1, tol=1e-11)
        self.used = pivots[:rank] - 1
        self.lower = np.asfortranarray(np.tril(factor[:rank, :rank]))

    def solve(self, right: Vector) -> Vector:
        """Return one solution."""
        solution = np.zeros_like(right)
        if self.used.size:
            scaled = right[self.used] * self.scale[self.used]
            solved, _ = lapack.dpotrs(self.lower, scaled, lower=1)
            solution[self.used] = np.ravel(solved) * self.scale[self.used]
        return solution


def _energy(column: Vector, weights: Vector | None) -> float:
    return float(np.sum(column * column if weights is None else weights * column * column))


def _crosstab(first: Codes, second: Codes, shape: tuple[int, int], weights: Vector | None) -> sparse.csr_matrix:
    cells = np.ones(first.size) if weights is None else weights
    table = sparse.coo_matrix((cells, (first, second)), shape=shape).tocsr()
    table.sum_duplicates()
    return table


def _inside(others: _Stack) -> sparse.csr_matrix:
    """Return the normal equations of the factors that stay, as one sparse matrix."""
    count = len(others.codes)
    blocks: list[list[sparse.spmatrix | None]] = [[None] * count for _ in range(count)]
    for q in range(count):
        totals = np.bincount(others.codes[q], others.weights, minlength=others.levels[q]).astype(np.float64)
        blocks[q][q] = sparse.diags(totals)
        for other in range(q + 1, count):
            shape = (others.levels[q], others.levels[other])
            table = _crosstab(others.codes[q], others.codes[other], shape, others.weights)
            blocks[q][other], blocks[other][q] = table, table.T
    return sparse.csr_matrix(sparse.bmat(blocks))


# --- counting ----------------------------------------------------------------------------------------------


def is_nested(fine: Codes, coarse: Codes) -> bool:
    """Return whether each level of `fine` lies in one level of `coarse`."""
    if fine.size == 0:
        return True
    holder = np.empty(int(fine.max()) + 1, dtype=np.intp)
    holder[fine] = coarse
    return bool(np.array_equal(holder[fine], coarse))


def component_labels(first: Codes, second: Codes) -> tuple[Codes, Codes]:
    """Return, for the levels of each of two factors, the group of levels that common rows link them to."""
    sizes = int(first.max()) + 1, int(second.max()) + 1
    nodes = sizes[0] + sizes[1]
    links = np.ones(first.size, dtype=np.int8)
    graph = sparse.coo_matrix((links, (first, second + sizes[0])), shape=(nodes, nodes))
    labels = csgraph.connected_components(graph, directed=False)[1].astype(np.intp)
    return labels[: sizes[0]], labels[sizes[0] :]
