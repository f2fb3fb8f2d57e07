"""Fixed-width rows on disk, one file for each year and chapter, so that memory holds one partition at a time."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from citypanel.arrays import Codes

Rows = npt.NDArray[np.void]
Key = tuple[int, int]


class Partitions:
    """Rows of one structured type by year and chapter.

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

    def scatter(self, years: Codes, chapters: Codes, rows: Rows) -> None:
        """Add each row to the partition of its year and chapter; rows of one partition keep their order."""
        if not rows.size:
            return
        keys = (years * 100 + chapters).astype(np.int32)
        order = np.argsort(keys, kind="stable")
        rows, keys = rows[order], keys[order]
        starts = np.flatnonzero(np.diff(keys, prepend=keys[0] - 1))
        for start, stop in zip(starts, [*starts[1:], rows.size], strict=True):
            year, chapter = divmod(int(keys[start]), 100)
            self.append((year, chapter), rows[start:stop])

    def held(self) -> list[Key]:
        """Return the partitions that hold rows: by year, then by chapter."""
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


class KeyedSums:
    """Sums of several columns by whole-number keys, added to block by block."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self._sums: dict[int, npt.NDArray[np.float64]] = {}

    def add(self, keys: Codes, values: npt.NDArray[np.float64]) -> None:
        """Add rows: `keys`, shape (rows,), `values`, shape (rows, columns)."""
        found, at = np.unique(keys, return_inverse=True)
        sums = np.column_stack([np.bincount(at, column, minlength=found.size) for column in values.T])
        for key, row in zip(found.tolist(), sums, strict=True):
            known = self._sums.get(key)
            self._sums[key] = row.copy() if known is None else known + row

    def table(self) -> tuple[Codes, npt.NDArray[np.float64]]:
        """Return the keys in their order and their sums, shape (keys, columns)."""
        keys = np.array(sorted(self._sums), dtype=np.int64)
        sums = np.array([self._sums[key] for key in keys.tolist()]).reshape(keys.size, self.columns)
        return keys, sums
