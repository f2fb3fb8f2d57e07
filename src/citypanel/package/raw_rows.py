"""From cells of a panel back to rows of canonical tables and of raw files."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

PLACES = {"producing": "city_producing", "registered": "city_registered"}


@dataclass(frozen=True)
class RawRows:
    """Rows of one raw file: how many, and their numbers as ranges, both ends included."""

    file: str
    rows: int
    ranges: tuple[tuple[int, int], ...]


def ranges(numbers: npt.NDArray[np.int64]) -> tuple[tuple[int, int], ...]:
    """Return ascending numbers as ranges.

    >>> ranges(np.array([2, 3, 4, 7]))
    ((2, 4), (7, 7))
    """
    known = np.unique(numbers)
    if not known.size:
        return ()
    breaks = np.flatnonzero(np.diff(known) > 1)
    starts, ends = known[np.append(0, breaks + 1)], known[np.append(breaks, known.size - 1)]
    return tuple((int(start), int(end)) for start, end in zip(starts, ends, strict=True))


def export_rows(path: Path, keys: pd.DataFrame, place: str) -> list[RawRows]:
    """Return the raw rows behind the exports of cities and years; `keys` has `city` and `year`."""
    column = PLACES[place]
    table = _of_years(path, [column, "year", "source_file", "source_row"], keys)
    return _by_file(table.filter(_in_keys(table[column], table["year"], keys)))


def patent_rows(path: Path, keys: pd.DataFrame) -> list[RawRows]:
    """Return the raw rows of patents with an applicant in one of the cities in that year."""
    table = pq.read_table(path, columns=["date", "applicants", "source_file", "source_row"])
    applicants = table["applicants"].combine_chunks()
    parents = pc.list_parent_indices(applicants)
    cities = pc.struct_field(pc.list_flatten(applicants), "adcode")
    years = pc.take(pc.year(table["date"]).combine_chunks(), parents)
    chosen = np.unique(np.asarray(parents)[np.asarray(_in_keys(cities, years, keys))])
    return _by_file(table.take(pa.array(chosen)))


def yearbook_rows(path: Path, keys: pd.DataFrame | None, variables: Sequence[str]) -> list[RawRows]:
    """Return the raw rows of yearbook cells of cities and years (None: all); `file:header` counts as its file."""
    columns = ["adcode", "year", "variable", "source", "source_row"]
    table = pq.read_table(path, columns=columns)
    table = table.filter(pc.is_in(table["variable"], value_set=pa.array(list(variables))))
    if keys is not None:
        table = table.filter(_in_keys(table["adcode"], table["year"], keys))
    files = pc.list_element(pc.split_pattern(table["source"].cast(pa.string()), ":", max_splits=1), 0)
    return _by_file(table.append_column("source_file", files))


def all_rows(path: Path) -> list[RawRows]:
    """Return all raw rows of a table; none where it does not keep them."""
    names = pq.read_schema(path).names
    if "source_row" not in names:
        return []
    if "source_file" not in names:
        return yearbook_rows(path, None, pc.unique(pq.read_table(path, columns=["variable"])["variable"]).to_pylist())
    return _by_file(pq.read_table(path, columns=["source_file", "source_row"]))


def rows_of_years(path: Path, years: Iterable[int]) -> list[RawRows]:
    """Return all raw rows of these years of a table with a column `year`."""
    keys = pd.DataFrame({"year": sorted(set(years))})
    return _by_file(_of_years(path, ["year", "source_file", "source_row"], keys))


def shared(one: Sequence[RawRows], two: Sequence[RawRows]) -> list[RawRows]:
    """Return the rows that stand in both."""
    others = {item.file: _numbers(item) for item in two}
    both = [(item.file, np.intersect1d(_numbers(item), others[item.file])) for item in one if item.file in others]
    return [RawRows(file, len(numbers), ranges(numbers)) for file, numbers in both if len(numbers)]


def _numbers(rows: RawRows) -> npt.NDArray[np.int64]:
    return np.concatenate([np.arange(start, end + 1, dtype=np.int64) for start, end in rows.ranges])


def _of_years(path: Path, columns: Sequence[str], keys: pd.DataFrame) -> pa.Table:
    years = sorted({int(year) for year in keys["year"]})
    return pq.read_table(path, columns=list(columns), filters=[("year", "in", years)])


def _in_keys(cities: pa.ChunkedArray, years: pa.ChunkedArray, keys: pd.DataFrame) -> pa.ChunkedArray:
    """Return which pairs of city and year are among the keys; a missing city is not."""
    wanted = pa.array(keys["city"].to_numpy(dtype="int64") * 10_000 + keys["year"].to_numpy(dtype="int64"))
    pairs = pc.add(pc.multiply(cities.cast(pa.int64()), 10_000), years.cast(pa.int64()))
    return pc.is_in(pc.fill_null(pairs, -1), value_set=wanted)


def _by_file(table: pa.Table) -> list[RawRows]:
    frame = table.select(["source_file", "source_row"]).to_pandas()
    return [
        RawRows(str(file), len(rows), ranges(rows.to_numpy(dtype=np.int64)))
        for file, rows in frame.groupby("source_file", sort=True)["source_row"]
    ]
