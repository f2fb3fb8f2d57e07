"""Fixed-width rows on disk, a file for each year and bucket of chapters: memory holds one partition at a time."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from citypanel.arrays import Codes, Matrix, Vector
from citypanel.micro import LARGEST, MICRO

Rows = npt.NDArray[np.void]
Key = tuple[int, int]

SIZE = 250_000  # rows of a partition aimed at: more rows make more buckets, not larger partitions
CHAPTERS = 97
_CHAPTERS = 128  # keys of sums are (thing, year, chapter)
_YEARS = 4096
_FIRM = np.dtype([("key", "i8"), ("value", "f8"), ("weighted", "f8")])
_BITS = 31
_HALF = (1 << _BITS) - 1
_SLOTS = 256  # of years, which are numbered as they come


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

    def sort(self, column: str) -> None:
        """Order the rows of each partition by a column, where they are not; equal ones keep their order."""
        for key, rows in self.each():
            if (np.diff(rows[column]) < 0).any():
                self.drop(key)
                self.append(key, rows[np.argsort(rows[column], kind="stable")])

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


class OrderedSums:
    """Sums by a thing (place, firm) and year, added up chapter by chapter in the order of chapters.

    However the chapters of a year are shared out to partitions, the same numbers are added in the same order.
    """

    def __init__(self) -> None:
        self._blocks: list[tuple[Codes, Matrix]] = []

    def add(self, things: Codes, years: Codes, chapters: Codes, values: Matrix) -> None:
        """Add rows that hold a chapter and year wholly; `values`, shape (rows, columns); `things` from -1."""
        key = ((things.astype(np.int64) + 1) * _YEARS + years) * _CHAPTERS + chapters
        order = np.argsort(key, kind="stable")
        self._blocks.append(_grouped(key[order], values[order]))

    def table(self) -> tuple[Codes, Codes, Matrix]:
        """Return thing, year and sums, shape (keys, columns), by thing and year."""
        if not self._blocks:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty((0, 1))
        keys, values = (np.concatenate(parts) for parts in zip(*self._blocks, strict=True))
        order = np.argsort(keys, kind="stable")
        both, sums = _grouped(keys[order] // _CHAPTERS, values[order])
        return both // _YEARS - 1, both % _YEARS, sums


class FirmSums:
    """Sums by firm and year, added up chapter by chapter; what is added waits on disk by year.

    Parameters
    ----------
    folder : Path
        Where it waits.
    """

    def __init__(self, folder: Path) -> None:
        self._parts = Partitions(folder, _FIRM)

    def add(self, firms: Codes, years: Codes, chapters: Codes, values: Matrix) -> None:
        """Add rows that hold a chapter and year wholly; `values`, shape (rows, 2)."""
        key = firms.astype(np.int64) * _CHAPTERS + chapters
        for year in np.unique(years).tolist():
            own = np.flatnonzero(years == year)
            order = own[np.argsort(key[own], kind="stable")]
            keys, sums = _grouped(key[order], values[order])
            rows = np.empty(keys.size, dtype=_FIRM)
            rows["key"], rows["value"], rows["weighted"] = keys, sums[:, 0], sums[:, 1]
            self._parts.append((int(year), 0), rows)

    def table(self) -> tuple[Codes, Codes, Matrix]:
        """Return firm, year and both sums, shape (keys, 2), by year and firm."""
        blocks = [(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty((0, 2)))]
        for (year, _), rows in self._parts.each():
            ordered = rows[np.argsort(rows["key"], kind="stable")]
            values = np.column_stack([ordered["value"], ordered["weighted"]])
            firms, sums = _grouped(ordered["key"] // _CHAPTERS, values)
            blocks.append((firms, np.full(firms.size, year), sums))
        firms, years, sums = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
        return firms, years, sums


def _grouped(keys: Codes, values: Matrix) -> tuple[Codes, Matrix]:
    """Return the distinct keys of ordered ones and the sums of their values."""
    if not keys.size:
        return keys, values
    starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
    return keys[starts], np.add.reduceat(values, starts, axis=0)


class Totals:
    """US$ by place and year as whole millionths: exact, so that parts may be added up in any order."""

    def __init__(self) -> None:
        self._places, self._years = Index(), Index()
        self.micro: Counter[tuple[int, int]] = Counter()

    def add(self, places: Codes, years: Codes, values: Vector) -> None:
        """Add amounts; missing ones count as nothing."""
        cells = self._places.of(places) * _SLOTS + self._years.of(years)
        usual = (values > 0) & (values < LARGEST)
        whole = np.rint(np.where(usual, values, 0.0) * MICRO).astype(np.int64)
        # In two halves, whose sums over some million rows a double holds exactly.
        low, high = (np.bincount(cells, piece) for piece in (whole & _HALF, whole >> _BITS))
        sums = (high.astype(np.int64) << _BITS) + low.astype(np.int64)
        for cell in np.flatnonzero(sums).tolist():
            self.micro[self._key(cell)] += int(sums[cell])
        large = np.isfinite(values) & (values >= LARGEST)
        for cell, value in zip(cells[large].tolist(), values[large].tolist(), strict=True):
            self.micro[self._key(cell)] += round(value) * MICRO

    def _key(self, cell: int) -> tuple[int, int]:
        return self._places.values[cell // _SLOTS], self._years.values[cell % _SLOTS]


def totals_table(micro: Mapping[tuple[int, int], int]) -> tuple[Codes, Codes, Matrix]:
    """Return place, year and US$, shape (keys, 1), by place and year."""
    keys = sorted(micro)
    columns = np.array(keys, dtype=np.int64).reshape(-1, 2)
    return columns[:, 0], columns[:, 1], np.array([[micro[key] / MICRO] for key in keys]).reshape(-1, 1)
