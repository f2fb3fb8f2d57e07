"""Instrument matrices of dynamic panels, kept row by row so that the many zeros are never stored."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from citypanel.arrays import Codes, Mask, Matrix
from citypanel.estimate.gmm_declared import Equation
from citypanel.estimate.gmm_panel import Cube, first_differences

TRANSFORMED, LEVEL = 0, 1


@dataclass(frozen=True)
class LagSource:
    """Levels of one group of `gmm=`: cubes of its variables, its lags and where it applies."""

    label: str
    values: tuple[Cube, ...]
    first: int
    last: int
    collapse: bool
    equation: Equation


@dataclass(frozen=True)
class PlainSource:
    """One group of `iv=`: levels and transformed values, each of shape (periods, units, variables)."""

    label: str
    levels: Cube
    transformed: Cube
    equation: Equation


@dataclass(frozen=True)
class Block:
    """The instruments of one row of the system: `columns` of the whole set, `entries` (units, columns)."""

    columns: Codes
    entries: Matrix


@dataclass(frozen=True)
class InstrumentSet:
    """All instruments: one block per row of the stacked system, transformed equations first, then levels.

    `group` and `equation` say of each column which source it comes from and which equation it serves
    (`TRANSFORMED`, `LEVEL`, or 2 for both); `lagged` marks the columns that come from a lag source.
    """

    blocks: tuple[Block, ...]
    group: Codes
    equation: Codes
    lagged: Mask
    labels: tuple[str, ...]

    @property
    def count(self) -> int:
        """Columns that are not zero throughout."""
        return int(self.group.size)


@dataclass
class _Gatherer:
    """Collects columns: the same key in several rows of the system is one instrument."""

    rows: list[list[tuple[int, Matrix]]]
    keys: dict[tuple[object, ...], int] = field(default_factory=dict)
    about: list[tuple[int, int, bool]] = field(default_factory=list)

    def add(self, row: int, key: tuple[object, ...], values: Matrix, about: tuple[int, int, bool]) -> None:
        if not values.any():
            return
        if key not in self.keys:
            self.keys[key] = len(self.keys)
            self.about.append(about)
        self.rows[row].append((self.keys[key], values))


def build_instruments(
    lags: Sequence[LagSource], plain: Sequence[PlainSource], rows: Mask, *, levels: bool, constant: bool
) -> InstrumentSet:
    """Build the instruments of the stacked system.

    Parameters
    ----------
    lags, plain : sequences of sources
        Labelled groups; a plain source comes with its transformed values.
    rows : array, shape (equations * periods, units)
        Which rows of the stacked system are in the sample: transformed equations of all periods, then, where
        there are level equations, those.
    levels : bool
        Whether lag sources serve level equations (system GMM).
    constant : bool
        Whether a constant instruments the level equations.

    Notes
    -----
    Lags count calendar periods, so a gap in a unit's years leaves a zero, not the year before. The
    transformed equation of period t takes the levels of t-MIN ... t-MAX. The level equation takes the one
    difference lagged MIN-1 (Blundell and Bond 1998), or, for a group of the level equation alone, the
    differences lagged MIN to MAX. Roodman (2009), Stata Journal 9(1), section 3 and the `gmmstyle()` option.
    """
    periods = rows.shape[0] // 2 if rows.shape[0] % 2 == 0 and (levels or constant) else rows.shape[0]
    gatherer = _Gatherer([[] for _ in range(rows.shape[0])])
    if constant:
        for row in range(periods, 2 * periods):
            gatherer.add(row, ("constant",), rows[row].astype(np.float64), (-1, LEVEL, False))
    labels = [*(source.label for source in plain), *(source.label for source in lags)]
    for number, source in enumerate(plain):
        _add_plain(gatherer, number, source, rows, periods)
    for number, lag_source in enumerate(lags, start=len(plain)):
        for variable, cube in enumerate(lag_source.values):
            place = (number, variable)
            _add_lags(gatherer, lag_source, cube, rows, place=place, periods=periods, levels=levels)
    return _assembled(gatherer, rows.shape[1], tuple(labels))


def _add_plain(gatherer: _Gatherer, number: int, source: PlainSource, rows: Mask, periods: int) -> None:
    equation = {"diff": TRANSFORMED, "level": LEVEL, "both": 2}[source.equation]
    for row in range(rows.shape[0]):
        in_levels = row >= periods
        if equation == (TRANSFORMED if in_levels else LEVEL):
            continue
        cube = source.levels if in_levels else source.transformed
        values = np.where(rows[row][:, None], cube[row % periods], 0.0)
        for variable in range(values.shape[1]):
            gatherer.add(row, ("iv", number, variable), values[:, variable], (number, equation, False))


def _add_lags(
    gatherer: _Gatherer,
    source: LagSource,
    cube: Cube,
    rows: Mask,
    *,
    place: tuple[int, int],
    periods: int,
    levels: bool,
) -> None:
    """Add the columns of one variable of a lag source, transformed equation first."""
    number = place[0]
    present = np.nan_to_num(cube)
    changes = np.nan_to_num(first_differences(cube))
    if source.equation != "level":
        for lag, row, values in _lagged(present, source.first, source.last, rows[:periods]):
            key = (*place, TRANSFORMED, lag, None if source.collapse else row)
            gatherer.add(row, key, values, (number, TRANSFORMED, True))
    if levels and source.equation != "diff":
        first, last = level_lags(source.first, source.last, source.equation)
        for lag, row, values in _lagged(changes, first, last, rows[periods:]):
            key = (*place, LEVEL, lag, None if source.collapse else row)
            gatherer.add(row + periods, key, values, (number, LEVEL, True))


def level_lags(first: int, last: int, equation: Equation) -> tuple[int, int]:
    """Return the lags of the differences that instrument the level equation.

    MIN-1 for a group that also serves the transformed equation, where deeper ones are redundant; with
    MIN = 0 the current difference, or the next one for `0:0`. MIN to MAX for a group of the level equation
    alone.
    """
    if equation == "level":
        return first, last
    one = first - 1 if first > 0 else 0 if last > 0 else -1
    return one, one


def _lagged(values: Cube, first: int, last: int, rows: Mask) -> Iterator[tuple[int, int, Matrix]]:
    """Yield lag, period and the lagged values of the rows in the sample."""
    periods = values.shape[0]
    for lag in range(first, min(last, periods - 1) + 1):
        for row in range(max(lag, 0), min(periods, periods + lag)):
            yield lag, row, np.where(rows[row], values[row - lag], 0.0)


def _assembled(gatherer: _Gatherer, units: int, labels: tuple[str, ...]) -> InstrumentSet:
    blocks = []
    for found in gatherer.rows:
        columns = np.array([column for column, _ in found], dtype=np.intp)
        entries = np.column_stack([values for _, values in found]) if found else np.empty((units, 0))
        blocks.append(Block(columns, entries))
    about = gatherer.about
    return InstrumentSet(
        tuple(blocks),
        np.array([group for group, _, _ in about], dtype=np.intp),
        np.array([equation for _, equation, _ in about], dtype=np.intp),
        np.array([lagged for _, _, lagged in about], dtype=np.bool_),
        labels,
    )
