"""Projections on fixed effects, from a panel of 400 rows to tens of millions of badly connected rows.

The residual of a weighted regression on indicators is found by the normal equations of the indicators, after
the factor with most levels has been eliminated exactly. What is left is solved by a pivoted Cholesky factor
(few levels) or by conjugate gradients (many levels); balanced two-way panels have a closed form.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse
from scipy.linalg import lapack
from scipy.sparse import csgraph

from citypanel.arrays import Codes, Mask, Matrix, Vector
from citypanel.errors import EstimationError

DENSE_LEVELS = 1200  # a Cholesky factor of this size takes a fraction of a second
TOLERANCE = 1e-14  # of the projection's error, relative to the column's spread
NOISE = 1e-17  # residuals below this share of the column's spread are rounding
UNLINKED = 1e-11  # share of a level's rows below which it stands for a component of its own
MAX_STEPS = 20_000
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
        self.cells = first * levels[1] + second
        self.shape = levels

    def residuals(self, columns: Matrix) -> Matrix:
        cube = np.empty((self.cells.size, columns.shape[1]))
        cube[self.cells] = columns
        cube -= cube.mean(axis=0)
        cube = cube.reshape(*self.shape, columns.shape[1])
        cube -= cube.mean(axis=1, keepdims=True)
        cube -= cube.mean(axis=0, keepdims=True)
        flat: Matrix = cube.reshape(self.cells.size, -1)[self.cells]
        return flat


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
        # A second solution, of what the first has left, removes its rounding error.
        for _ in range(2):
            right = self.others.sums(residual)
            solution = self._solve(right, scale)
            residual = self.one.demean(residual - self.others.expand(solution))
        return residual

    def _solve(self, right: Vector, scale: float) -> Vector:
        if self.factor is not None:
            return self.factor.solve(right)
        return self._conjugate_gradients(right, scale)

    def _apply(self, vector: Vector) -> Vector:
        return np.asarray(self.inside @ vector - self.back @ (self.scaled @ vector))

    def _conjugate_gradients(self, right: Vector, scale: float) -> Vector:
        """Solve until the estimated error of the fitted values is below the tolerance.

        The error's energy before a step exceeds the one after it by step * (r'z), Hestenes and Stiefel; the
        sum over the last third of the steps, and at least a window of them, is compared, Strakos and Tichy
        (2002), ETNA 13. A window that grows with the steps is not fooled by slow stretches.
        """
        solution = np.zeros_like(right)
        residual = right.copy()
        conditioned = residual * self.conditioner
        direction = conditioned.copy()
        product = float(np.sum(residual * conditioned))
        gains = np.zeros(MAX_STEPS + 1)
        for k in range(1, MAX_STEPS + 1):
            if product <= NOISE**2 * scale:
                return solution
            image = self._apply(direction)
            curvature = float(np.sum(direction * image))
            if curvature <= 0:
                return solution
            step = product / curvature
            solution += step * direction
            residual -= step * image
            gains[k] = step * product
            window = max(ERROR_WINDOW, k // 3)
            if k >= window and float(gains[k - window + 1 : k + 1].sum()) < TOLERANCE**2 * scale:
                return solution
            conditioned = residual * self.conditioner
            following = float(np.sum(residual * conditioned))
            direction = conditioned + (following / product) * direction
            product = following
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


def _crosstab(
    first: Codes, second: Codes, shape: tuple[int, int], weights: Vector | None
) -> sparse.csr_matrix:
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


def connected_components(first: Codes, second: Codes) -> int:
    """Return the number of groups of levels of two factors that are linked by common rows."""
    if first.size == 0:
        return 0
    sizes = int(first.max()) + 1, int(second.max()) + 1
    if first.size >= sizes[0] * sizes[1] and np.bincount(first * sizes[1] + second).all():
        return 1
    nodes = sizes[0] + sizes[1]
    links = np.ones(first.size, dtype=np.int8)
    graph = sparse.coo_matrix((links, (first, second + sizes[0])), shape=(nodes, nodes))
    return int(csgraph.connected_components(graph, directed=False, return_labels=False))


def redundant_levels(effects: Sequence[Codes]) -> tuple[int, ...]:
    """Return, per fixed effect, how many of its levels the effects before it make redundant.

    None for the first; for each later one the connected components it forms with an earlier one, the largest
    number over the earlier ones. Exact for two effects; for more it is the rule of reghdfe (Correia 2017,
    `dofadjustments(pairwise)`), which may leave some redundant levels uncounted.
    """
    return tuple(
        max((connected_components(earlier, effect) for earlier in effects[:q]), default=0)
        for q, effect in enumerate(effects)
    )


def singleton_rows(effects: Sequence[Codes]) -> Mask:
    """Return the rows that are alone in a level of a fixed effect, found again until none is left."""
    rows = effects[0].size if effects else 0
    alone = np.zeros(rows, dtype=np.bool_)
    while True:
        kept = ~alone
        found = alone.copy()
        for codes in effects:
            counts = np.bincount(codes[kept], minlength=1)
            found[kept] |= counts[codes[kept]] == 1
        if np.array_equal(found, alone):
            return alone
        alone = found
