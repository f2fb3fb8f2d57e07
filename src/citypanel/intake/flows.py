"""Trade flows as `citypanel indicator quality` reads them, from canonical exports or from bilateral world trade."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from citypanel.atomic import written_beside
from citypanel.canonical import Origin, origin_metadata

UNMAPPED = "unmapped"  # the place of rows whose city the registers do not know
_BATCH = 200_000
_VALUES = [("product", pa.string()), ("destination", pa.string()), ("year", pa.int64()), ("value", pa.float64())]
WORLD = pa.schema([("firm_or_place", pa.string()), *_VALUES, ("quantity", pa.float64())])
EXPORTS = pa.schema([("firm", pa.string()), ("place", pa.string()), *_VALUES, ("quantity", pa.float64())])


@contextmanager
def flows_file(path: Path, schema: pa.Schema, origin: Origin) -> Iterator[pq.ParquetWriter]:
    """Give a writer of flows; the file appears when all is written."""
    told = schema.with_metadata(origin_metadata(origin))
    with written_beside(path) as beside, pq.ParquetWriter(beside, told, compression="zstd") as writer:
        yield writer


def write_export_flows(exports: Path, path: Path, origin: Origin) -> None:
    """Write canonical exports as flows of firms; the place is that of production, else of registration."""
    columns = ["firm", "city_producing", "city_registered", "hs8", "destination", "year", "value_usd", "quantity"]
    with flows_file(path, EXPORTS, origin) as writer:
        for batch in pq.ParquetFile(exports).iter_batches(_BATCH, columns=columns):
            place = pc.coalesce(batch["city_producing"], batch["city_registered"])
            arrays = [
                batch["firm"],
                pc.fill_null(pc.cast(place, pa.string()), UNMAPPED),
                *(batch[name] for name in ("hs8", "destination", "year", "value_usd", "quantity")),
            ]
            cast = [array.cast(kind) for array, kind in zip(arrays, EXPORTS.types, strict=True)]
            writer.write_table(pa.table(cast, schema=writer.schema))
