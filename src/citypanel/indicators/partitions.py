"""Fixed-width rows on disk, a file for each year and bucket of chapters: memory holds one partition at a time."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from citypanel.arrays import Codes, Matrix

Rows = npt.NDArray[np.void]
Key = tuple[int, int]

SIZE = 250_000  # rows of a partition aimed at: more rows make more buckets, not larger partitions
CHAPTERS = 97


def buckets_for(rows: int, years: int) -> int:
    """Return how many buckets the chapters of a year are spread over, so that a partition has about `SIZE` rows."""
    return int(np.clip(round(rows / max(years, 1) / SIZE), 1, CHAPTERS))


class Partitions:
    """Rows of one structured type by year and bucket; a bucket holds whole chapters.

    Parameters
    ----------
    folder : Path
        Where the files stand; made if it is absent.
    kind : dtype
        Structured type of the rows.
    """

    def __init__(self, folder: Path, kind: "np.dtype[np.void]") -> None:
        self.folder, self.kind = folder, kind
        self.rows: dict[Key, int] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def append(self, key: Key, rows: Rows) -> None:
        """Add rows to the end of a partition."""
        if rows.size:
            with self._path(key).open("ab") as out:
                rows.tofile(out)
            self.rows[key] = self.rows.get(key, 0) + int(rows.size)

    def scatter(self, years: Codes, buckets: Codes, rows: Rows) -> None:
        """Add each row to the partition of its year and bucket; rows of one partition keep their order."""
        if not rows.size:
            return
        first = int(years.min())
        # Sixteen bits are sorted by counting.
        keys = ((years - first) * 100 + buckets).astype(np.uint16)
        order = np.argsort(keys, kind="stable")
        rows, keys = rows[order], keys[order]
        starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
        for start, stop in zip(starts, [*starts[1:], rows.size], strict=True):
            year, bucket = divmod(int(keys[start]), 100)
            self.append((first + year, bucket), rows[start:stop])

    def held(self) -> list[Key]:
        """Return the partitions that hold rows: by year, then by bucket."""
        return sorted(self.rows)

    def read(self, key: Key) -> Rows:
        """Return the rows of a partition."""
        if key not in self.rows:
            return np.empty(0, dtype=self.kind)
        return np.fromfile(self._path(key), dtype=self.kind)

    def mapped(self, key: Key) -> Rows:
        """Return the rows of a partition as they stand on disk, for reading a part of them."""
        return np.memmap(self._path(key), dtype=self.kind, mode="r") if key in self.rows else self.read(key)

    def drop(self, key: Key) -> None:
        """Remove a partition that will not be read again."""
        self.rows.pop(key, None)
        self._path(key).unlink(missing_ok=True)

    def each(self) -> Iterator[tuple[Key, Rows]]:
        """Yield the partitions in their order."""
        for key in self.held():
            yield key, self.read(key)

    def _path(self, key: Key) -> Path:
        return self.folder / f"{key[0]}_{key[1]:02d}.bin"


class Index:
    """Numbers from 0 for whole numbers of -1 and more, in the order of their first appearance."""

    def __init__(self) -> None:
        self._table = np.full(4096, -1, dtype=np.int64)
        self.values: list[int] = []

    def of(self, values: Codes) -> Codes:
        """Return the numbers of values, new ones among them."""
        top = int(values.max(initial=-1)) + 2
        if top > self._table.size:
            room = np.full(max(top, 2 * self._table.size) - self._table.size, -1, dtype=np.int64)
            self._table = np.concatenate([self._table, room])
        found = self._table[values + 1]
        if (found < 0).any():
            for value in np.unique(values[found < 0]).tolist():
                self._table[value + 1] = len(self.values)
                self.values.append(value)
            found = self._table[values + 1]
        return found


class YearSums:
    """Sums of several columns by a whole number (place, firm) and year, added to block by block."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self._things, self._years = Index(), Index()
        self._sums = np.zeros((columns, 0, 0))

    def add(self, things: Codes, years: Codes, values: Matrix) -> None:
        """Add rows: `things` and `years`, shape (rows,), `values`, shape (rows, columns)."""
        at, year = self._things.of(things), self._years.of(years)
        self._reach(len(self._things.values), len(self._years.values))
        _, rooms, width = self._sums.shape
        cell = at * width + year
        for row, column in enumerate(values.T):
            self._sums[row] += np.bincount(cell, column, minlength=rooms * width).reshape(rooms, width)

    def _reach(self, things: int, years: int) -> None:
        _, rooms, width = self._sums.shape
        if things > rooms or years > width:
            grown = np.zeros((self.columns, max(things, 2 * rooms if things > rooms else rooms), max(years, width)))
            grown[:, :rooms, :width] = self._sums
            self._sums = grown

    def table(self) -> tuple[Codes, Codes, Matrix]:
        """Return thing, year and sums, shape (keys, columns), of all that have any, by thing and year."""
        things, years = (np.array(index.values, dtype=np.int64) for index in (self._things, self._years))
        sums = self._sums[:, : things.size, : years.size]
        at, year = np.nonzero((sums != 0).any(axis=0))
        order = np.lexsort((years[year], things[at]))
        at, year = at[order], year[order]
        return things[at], years[year], sums[:, at, year].T
