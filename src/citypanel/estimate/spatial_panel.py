"""A panel laid out for spatial lags: which rows are neighbours in which period, and its effects."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from citypanel.arrays import Codes, Matrix, Vector
from citypanel.errors import EstimationError, InputError
from citypanel.estimate.spatial_operator import SpatialOperator, WeightsMatrix, spatial_operator


@dataclass(frozen=True)
class Block:
    """Periods in which the same units are present.

    `rows[i, t]` is the row of the operator's i-th unit in the block's t-th period.
    """

    operator: SpatialOperator
    rows: Codes

    @property
    def periods(self) -> int:
        """Return how many periods share this set of units."""
        return int(self.rows.shape[1])


@dataclass(frozen=True)
class SpatialLayout:
    """The rows of a panel by unit and period. One block when every unit is present in every period."""

    blocks: tuple[Block, ...]
    units: Codes
    periods: Codes
    row_stochastic: bool

    @property
    def n(self) -> int:
        """Return the number of rows."""
        return int(self.units.size)

    @property
    def n_units(self) -> int:
        """Return the number of units."""
        return int(self.units.max()) + 1

    @property
    def n_periods(self) -> int:
        """Return the number of periods."""
        return int(self.periods.max()) + 1

    @property
    def balanced(self) -> bool:
        """Return whether every unit is present in every period."""
        return self.n == self.n_units * self.n_periods

    @property
    def low(self) -> float:
        """Return the lower end of the stable range."""
        return max(block.operator.low for block in self.blocks)

    @property
    def high(self) -> float:
        """Return the upper end of the stable range."""
        return min(block.operator.high for block in self.blocks)

    def lag(self, values: Matrix) -> Matrix:
        """Return W times the values of each period, shape as given: (rows, k)."""
        return self._by_block(values, lambda block, wide: block.operator.matrix @ wide)

    def product(self, rho: float, values: Matrix) -> Matrix:
        """Return (I - rho W)^-1 W times the values of each period."""
        return self._by_block(values, lambda block, wide: block.operator.product(rho, wide))

    def _by_block(self, values: Matrix, apply: Callable[[Block, Matrix], Matrix]) -> Matrix:
        result = np.empty_like(values)
        for block in self.blocks:
            picked = values[block.rows]
            wide = np.ascontiguousarray(picked.reshape(picked.shape[0], -1))
            result[block.rows] = np.asarray(apply(block, wide)).reshape(picked.shape)
        return result


def lay_out(
    matrix: WeightsMatrix,
    units: Codes,
    periods: Codes,
    *,
    row_standardise: bool,
    names: Sequence[str] = (),
    solver: str = "auto",
) -> SpatialLayout:
    """Join weights and rows.

    Parameters
    ----------
    matrix : array or sparse array, shape (units, units)
        In the order of the unit codes.
    units, periods : arrays of codes 0, 1, ..., shape (rows,)
        Each code occurs; a unit has at most one row in a period.
    row_standardise : bool
        The rows of each period's own matrix are made to sum to one.
    names : sequence of str
        Names of the units, for messages.

    Raises
    ------
    InputError
        A unit has two rows in one period, or no neighbour among the units present in a period.
    """
    place = _places(units, periods)
    patterns: dict[bytes, list[int]] = {}
    for period, present in enumerate((place >= 0).T):
        patterns.setdefault(present.tobytes(), []).append(period)
    blocks = []
    for members in patterns.values():
        present = np.flatnonzero(place[:, members[0]] >= 0)
        own = _of_present(matrix, present, names, row_standardise=row_standardise)
        blocks.append(Block(spatial_operator(own, solver=solver), place[present][:, members]))
    sums = [np.asarray(block.operator.matrix.sum(axis=1)).ravel() for block in blocks]
    stochastic = all(np.allclose(total, 1.0, rtol=0, atol=1e-10) for total in sums)
    return SpatialLayout(tuple(blocks), units, periods, stochastic)


def _places(units: Codes, periods: Codes) -> Codes:
    """Return the row of each unit and period, -1 where there is none."""
    place = np.full((int(units.max()) + 1, int(periods.max()) + 1), -1, dtype=np.intp)
    place[units, periods] = np.arange(units.size)
    if np.count_nonzero(place >= 0) != units.size:
        raise InputError("the panel has two rows of one unit in one period; spatial models need one")
    return place


def _of_present(
    matrix: WeightsMatrix,
    present: Codes,
    names: Sequence[str],
    *,
    row_standardise: bool,
) -> WeightsMatrix:
    """Return the weights among the units that are present in a period."""
    own = matrix if present.size == matrix.shape[0] else matrix[present][:, present]
    sums = np.asarray(own.sum(axis=1)).ravel()
    if np.any(sums <= 0):
        alone = present[np.flatnonzero(sums <= 0)]
        shown = ", ".join(str(names[unit]) if names else str(unit) for unit in alone[:5])
        raise InputError(
            f"weights: in a period with {present.size} units these have no neighbour present: {shown}; "
            "drop them or use weights with more neighbours"
        )
    if not row_standardise or np.allclose(sums, 1.0, rtol=0, atol=1e-15):
        return own
    return sparse.csr_array(sparse.diags_array(1.0 / sums) @ own) if sparse.issparse(own) else own / sums[:, None]


@dataclass(frozen=True)
class Effects:
    """Takes fixed effects out of columns: unit, time, both or none."""

    layout: SpatialLayout
    kind: str

    def __call__(self, values: Matrix) -> Matrix:
        """Return the residuals of the columns on the effects' dummies, shape as given."""
        if self.kind == "none":
            return values
        if self.kind == "unit":
            return self._less_means(values, self.layout.units)
        if self.kind == "time":
            return self._less_means(values, self.layout.periods)
        if self.layout.balanced:
            return self._less_means(self._less_means(values, self.layout.units), self.layout.periods)
        return self._less_both(values)

    @property
    def absorbed(self) -> int:
        """Return how many free parameters the effects take, in a connected panel."""
        units, periods = self.layout.n_units, self.layout.n_periods
        return {"none": 0, "unit": units, "time": periods, "both": units + periods - 1}[self.kind]

    @staticmethod
    def _less_means(values: Matrix, codes: Codes) -> Matrix:
        counts = np.bincount(codes)
        means = np.stack([np.bincount(codes, column) for column in values.T], axis=1) / counts[:, None]
        return np.asarray(values - means[codes])

    def _less_both(self, values: Matrix) -> Matrix:
        """Two-way residuals of an unbalanced panel, by period dummies that are demeaned within units."""
        dummies = np.eye(self.layout.n_periods)[self.layout.periods]
        basis = self._less_means(dummies, self.layout.units)
        left, sizes, _ = np.linalg.svd(basis, full_matrices=False)
        basis = left[:, sizes > 1e-10 * sizes[0]]
        within = self._less_means(values, self.layout.units)
        return np.asarray(within - basis @ (basis.T @ within))


def independent_columns(regressors: Matrix, sizes: Vector, names: Sequence[str]) -> tuple[list[int], list[str]]:
    """Return which regressors earlier ones do not explain, and the names of the others.

    `sizes` are the columns' norms before effects were taken out, so that a column which the effects explain
    is known by its remnant of rounding.

    Raises
    ------
    EstimationError
        Rows do not exceed regressors.
    """
    rows, count = regressors.shape
    if rows <= count:
        raise EstimationError(f"{rows} rows cannot carry {count} regressors; use fewer regressors")
    kept: list[int] = []
    basis = np.empty((rows, 0))
    for column in range(count):
        rest = regressors[:, column]
        for _ in range(2):
            rest = rest - basis @ (basis.T @ rest)
        if np.linalg.norm(rest) > 1e-9 * sizes[column]:
            kept.append(column)
            basis = np.column_stack([basis, rest / np.linalg.norm(rest)])
    return kept, [names[column] for column in range(count) if column not in kept]
