"""Tables of what is true, beside the raw files and never among them."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from citypanel.sample.demand import Flows, Lines
from citypanel.sample.shipments import Trade, destination_names

SCHEMA = pa.schema(
    [
        ("firm", pa.string()),
        ("hs8", pa.string()),
        ("destination", pa.string()),
        ("year", pa.int16()),
        ("ln_quality", pa.float64()),
    ]
)


class FlowTruth:
    """True ln quality of every flow, block by block (Parquet)."""

    def __init__(self, path: Path) -> None:
        self._writer = pq.ParquetWriter(path, SCHEMA, compression="zstd")
        self._alpha3 = pa.array(destination_names()[2], type=pa.string())

    def add(self, year: int, found: Flows, lines: Lines, trade: Trade) -> None:
        """Append the flows of a year."""
        at = found.line
        columns = [
            pa.array(trade.firms.code[lines.firm[at]]).cast(pa.string()),
            pa.array(trade.hs8, type=pa.string()).take(pa.array(lines.product[at])),
            self._alpha3.take(pa.array(lines.destination[at])),
            pa.array(np.full(len(at), year), type=pa.int16()),
            pa.array(found.log_quality),
        ]
        self._writer.write_table(pa.Table.from_arrays(columns, schema=SCHEMA))

    def close(self) -> None:
        """Close the file."""
        self._writer.close()


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table of truth as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
