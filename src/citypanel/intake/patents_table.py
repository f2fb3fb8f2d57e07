"""Resolved applicants and kept applications, joined and streamed as the canonical table; coverage on the way."""

from collections.abc import Iterator, Sequence

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from citypanel.contracts import APPLICANT, CONTRACTS
from citypanel.intake.applicants import ANSWERED, CONFIDENCE, RANKS
from citypanel.intake.patents_cells import KINDS
from citypanel.intake.patents_stage import FILE

_BATCH = 100_000  # applicant rows
_KIND_NAMES = ("organisation", "person")
_CODES = (len(RANKS), len(CONFIDENCE), 2)  # rank, confidence, whether the patent is joint

_ROWS = """
    SELECT k.key, k.day, k.kind AS patent, k.ipc, k.id, a.name, a.kind, a.adcode, a.rank, a.confidence
    FROM kept k JOIN ({answered}) a ON a.key = k.key ORDER BY k.key, a.position
"""


class PatentTable:
    """The canonical table as a stream of batches, and what the stream held by year, rank and confidence."""

    def __init__(self, database: duckdb.DuckDBPyConnection, files: Sequence[str], base_year: int | None) -> None:
        at = "a.year" if base_year is None else str(int(base_year))
        query = _ROWS.format(answered=ANSWERED.format(at=at))
        self._rows = database.sql(query).to_arrow_reader(_BATCH)
        self._files = pa.array(list(files), type=pa.string())
        self._counts: dict[int, np.ndarray[tuple[int], np.dtype[np.intp]]] = {}
        self.rows = 0

    def reader(self) -> pa.RecordBatchReader:
        """Return the stream; it can be read once."""
        return pa.RecordBatchReader.from_batches(CONTRACTS["patents"].schema, self._batches())

    def coverage(self) -> pd.DataFrame:
        """Return, once the stream is read, how many organisations each rank placed, by year."""
        lines = []
        for year in sorted(self._counts):
            counts = self._counts[year].reshape(_CODES)
            for rank, confidence in np.argwhere(counts.sum(axis=2) > 0):
                both = counts[rank, confidence]
                share = both.sum() / counts.sum()
                lines.append((year, RANKS[rank], CONFIDENCE[confidence], both.sum(), both[1], share))
        names = [column.name for column in CONTRACTS["coverage"].columns]
        return pd.DataFrame(lines, columns=names).astype(
            {"applicants": "int64", "in_joint": "int64", "share": "float64"}
        )

    def _batches(self) -> Iterator[pa.RecordBatch]:
        """Yield whole applications: the last one of a batch waits for the next."""
        held: pa.Table | None = None
        for batch in self._rows:
            rows = pa.Table.from_batches([batch])
            rows = rows if held is None else pa.concat_tables([held, rows]).combine_chunks()
            starts = _starts(rows)
            last = int(starts[-1])
            held = rows.slice(last)
            if last:
                yield self._patents(rows.slice(0, last), starts[:-1])
        if held is not None and held.num_rows:
            yield self._patents(held, np.zeros(1, dtype=np.intp))

    def _patents(self, rows: pa.Table, starts: "np.ndarray[tuple[int], np.dtype[np.intp]]") -> pa.RecordBatch:
        self.rows += len(starts)
        self._count(rows, starts)
        first = pa.array(starts)
        applicants = pa.ListArray.from_arrays(
            pa.array(np.append(starts, rows.num_rows), type=pa.int32()),
            pa.StructArray.from_arrays(
                [
                    _array(rows, "name"),
                    pa.array(_KIND_NAMES).take(_array(rows, "kind")),
                    _array(rows, "adcode"),
                    pa.array(RANKS).take(_array(rows, "rank")),
                    pa.array([name or None for name in CONFIDENCE]).take(_array(rows, "confidence")),
                ],
                fields=list(APPLICANT),
            ),
            type=pa.list_(pa.field("element", APPLICANT, nullable=False)),
        )
        identity = _array(rows, "id").take(first).to_numpy()
        columns = {
            "application_no": _array(rows, "key").take(first),
            "date": _array(rows, "day").take(first),
            "kind": pa.array(KINDS).take(_array(rows, "patent").take(first)),
            "ipc": _array(rows, "ipc").take(first),
            "applicants": applicants,
            "source_file": self._files.take(pa.array(identity // FILE)),
            "source_row": pa.array(identity % FILE),
        }
        return pa.RecordBatch.from_arrays(list(columns.values()), schema=CONTRACTS["patents"].schema)

    def _count(self, rows: pa.Table, starts: "np.ndarray[tuple[int], np.dtype[np.intp]]") -> None:
        organisation = _array(rows, "kind").to_numpy() == 0
        sizes = np.add.reduceat(organisation.astype(np.intp), starts)
        joint = np.repeat(sizes >= 2, np.diff(np.append(starts, rows.num_rows)))
        year = pc.year(_array(rows, "day")).to_numpy()
        codes = np.ravel_multi_index(
            (_array(rows, "rank").to_numpy(), _array(rows, "confidence").to_numpy(), joint.astype(np.intp)), _CODES
        )
        for found in np.unique(year[organisation]):
            mine = np.bincount(codes[organisation & (year == found)], minlength=int(np.prod(_CODES)))
            self._counts[int(found)] = self._counts.get(int(found), 0) + mine


def _starts(rows: pa.Table) -> "np.ndarray[tuple[int], np.dtype[np.intp]]":
    """Return where each application begins."""
    key = _array(rows, "key")
    changes = pc.not_equal(key.slice(1), key.slice(0, len(key) - 1))
    return np.append(0, np.flatnonzero(np.asarray(changes, dtype=np.bool_)) + 1).astype(np.intp)


def _array(rows: pa.Table, name: str) -> pa.Array:
    column = rows.column(name)
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
