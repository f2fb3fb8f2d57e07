"""The canonical tables: what stages hand to one another, checked when written and when read.

A table is a Parquet file (zstd). Its schema metadata names the table and carries the `Origin` of its rows, so
that everything made from simulated or licensed rows can say so.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from citypanel.atomic import written_beside
from citypanel.contracts import CONTRACTS, Column, Contract
from citypanel.errors import InputError

Rows: TypeAlias = "pd.DataFrame | pa.Table | pa.RecordBatchReader"

ROW_GROUP = 1_000_000  # rows; fixed, so that the same rows give the same bytes
_ROW = "source_row"
_TABLE_KEY = b"citypanel.table"
_ORIGIN_KEY = b"citypanel.origin"


@dataclass(frozen=True)
class Origin:
    """Where rows come from: simulated or real, and the licence classes that travel with them."""

    simulated: bool = False
    licences: tuple[str, ...] = ()


def combine_origins(origins: Iterable[Origin]) -> Origin:
    """Return the origin of rows made from all of `origins`: simulated if any is, all licences."""
    known = list(origins)
    licences = sorted({licence for origin in known for licence in origin.licences})
    return Origin(simulated=any(origin.simulated for origin in known), licences=tuple(licences))


def write_table(table: Rows, path: Path, name: str, *, origin: Origin) -> None:
    """Write a canonical table; a reader or a crash never sees a half-written file.

    Parameters
    ----------
    table : DataFrame, Table or RecordBatchReader
        The rows, columns in any order. A reader is written batch by batch, and its key is not checked; its texts
        may come as codes of distinct ones, which are then checked and written as such, and read as texts.
    path : Path
        The Parquet file; written beside and then renamed.
    name : str
        One of `CONTRACTS`.
    origin : Origin
        Stored in the schema metadata.

    Raises
    ------
    InputError
        The rows break the contract; the line names file, column, what was found and what is allowed.
    """
    contract = _contract(name)
    schema = contract.schema.with_metadata({**origin_metadata(origin), _TABLE_KEY: name.encode()})
    with written_beside(path) as beside:
        if isinstance(table, pa.RecordBatchReader):
            _write_blocks(table, beside, contract, schema, path)
            return
        rows = _conforming(_arrow(table, contract.schema, path), contract, path)
        _check_key(rows, contract, path)
        pq.write_table(rows.cast(schema), beside, compression="zstd", row_group_size=ROW_GROUP)


def _write_blocks(
    reader: pa.RecordBatchReader, beside: Path, contract: Contract, schema: pa.Schema, path: Path
) -> None:
    """Write a stream; columns that come coded stay so, because writing each text out takes several times as long."""
    fields = [
        field.with_type(reader.schema.field(field.name).type) if _is_coded(reader.schema, field.name) else field
        for field in schema
    ]
    # Without Arrow's own schema the file tells texts, not codes, but no metadata either.
    as_texts = fields == list(schema)
    # Amounts and row numbers differ from row to row: looking for repetitions in them takes longer than writing them.
    repeated = [field.name for field in schema if not pa.types.is_floating(field.type) and field.name != _ROW]
    packed = {_ROW: "DELTA_BINARY_PACKED"} if _ROW in schema.names else None
    coded = {
        "store_schema": False,
        "use_dictionary": repeated,
        "column_encoding": packed,
        "dictionary_pagesize_limit": 1 << 24,
    }
    options = {"compression": "zstd", **({} if as_texts else coded)}
    with pq.ParquetWriter(beside, pa.schema(fields, schema.metadata), **options) as writer:
        if not as_texts:
            writer.add_key_value_metadata(schema.metadata)
        for block in _blocks(reader):
            rows = _conforming(block.unify_dictionaries(), contract, path)
            writer.write_table(rows.cast(writer.schema), row_group_size=ROW_GROUP)


def _is_coded(schema: pa.Schema, name: str) -> bool:
    return name in schema.names and bool(pa.types.is_dictionary(schema.field(name).type))


def read_arrow(path: Path, name: str, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a canonical table as Arrow, checked against its contract (see `write_table` for the errors)."""
    contract = _contract(name)
    found = _open(path).schema_arrow
    _check_columns(found.names, contract, path)
    for column in contract.columns:
        if not _same_type(found.field(column.name).type, column.type):
            kind = found.field(column.name).type
            raise InputError(f"{path}, column '{column.name}': found type {kind}; allowed: {column.type}")
    wanted = list(columns) if columns is not None else [column.name for column in contract.columns]
    table = pq.read_table(path, columns=wanted, partitioning=None)
    return _conforming(table, contract, path, partial=True)


def read_table(path: Path, name: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a canonical table as a frame; integers that may be missing are pandas' nullable integers."""
    optional = [column.name for column in _contract(name).columns if not column.required]
    return _frame(read_arrow(path, name, columns), optional=optional)


def write_frame(frame: pd.DataFrame | pa.Table, path: Path, *, origin: Origin) -> None:
    """Write any table (indicators, panels) as Parquet with its origin, atomically and without a contract."""
    table = frame if isinstance(frame, pa.Table) else pa.Table.from_pandas(frame, preserve_index=False)
    table = table.replace_schema_metadata(origin_metadata(origin))
    with written_beside(path) as beside:
        pq.write_table(table, beside, compression="zstd", row_group_size=ROW_GROUP)


def read_frame(path: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a Parquet file written by `write_frame`; columns that are absent are named in an InputError."""
    found = _open(path).schema_arrow.names
    for column in columns or ():
        if column not in found:
            raise InputError(f"{path}: column '{column}' is missing; found: {', '.join(found)}")
    wanted = None if columns is None else list(columns)
    return _frame(pq.read_table(path, columns=wanted, partitioning=None))


def read_origin(path: Path) -> Origin:
    """Return the origin stored in a Parquet file or an Arrow stream; one that states none is real, licence unstated."""
    if Path(path).suffix == ".arrow":
        with pa.ipc.open_stream(str(path)) as reader:
            return origin_in(reader.schema.metadata)
    return origin_in(_open(path).schema_arrow.metadata)


def origin_in(metadata: Mapping[bytes, bytes] | None) -> Origin:
    """Return the origin in the metadata of a schema (see `origin_metadata`)."""
    if _ORIGIN_KEY not in (metadata or {}):
        return Origin()
    stored = json.loads((metadata or {})[_ORIGIN_KEY])
    return Origin(simulated=bool(stored["simulated"]), licences=tuple(stored["licences"]))


def _contract(name: str) -> Contract:
    if name not in CONTRACTS:
        raise InputError(f"canonical table '{name}' is unknown; allowed: {', '.join(CONTRACTS)}")
    return CONTRACTS[name]


def origin_metadata(origin: Origin) -> dict[bytes, bytes]:
    """Return the entry of a Parquet schema's metadata that carries an origin."""
    return {_ORIGIN_KEY: json.dumps(asdict(origin), ensure_ascii=False, sort_keys=True).encode()}


def _open(path: Path) -> pq.ParquetFile:
    if not Path(path).is_file():
        raise InputError(f"{path} does not exist; a Parquet file is expected")
    try:
        return pq.ParquetFile(path)
    except pa.ArrowInvalid:
        raise InputError(f"{path} is not a Parquet file; run the step that writes it again") from None


def _blocks(reader: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """Regroup batches to `ROW_GROUP` rows, so that the reader's batch sizes leave no trace."""
    held, rows = [], 0
    for batch in reader:
        held.append(batch)
        rows += batch.num_rows
        while rows >= ROW_GROUP:
            table = pa.Table.from_batches(held, schema=reader.schema)
            yield table.slice(0, ROW_GROUP)
            rest = table.slice(ROW_GROUP)
            held, rows = rest.to_batches(), rest.num_rows
    if rows:
        yield pa.Table.from_batches(held, schema=reader.schema)


def _arrow(table: pd.DataFrame | pa.Table, schema: pa.Schema, path: Path) -> pa.Table:
    if isinstance(table, pa.Table):
        return table
    arrays = {}
    for name in table.columns:
        kind = schema.field(name).type if name in schema.names else None
        try:
            arrays[name] = pa.array(table[name], type=kind, from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as fault:
            raise InputError(f"{path}, column '{name}': {_one_line(fault)}; allowed: {kind}") from None
    return pa.table(arrays)


def _conforming(table: pa.Table, contract: Contract, path: Path, *, partial: bool = False) -> pa.Table:
    """Return the table in the contract's column order and types, or say what is wrong."""
    if not partial:
        _check_columns(table.column_names, contract, path)
    arrays, fields = [], []
    for column in contract.columns:
        if column.name not in table.column_names:
            continue
        values = table[column.name]
        if _is_coded(table.schema, column.name) and values.type.value_type == column.type:
            _check_coded(values, column, path)
        else:
            try:
                values = values.cast(column.type)
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as fault:
                place = f"{path}, column '{column.name}'"
                raise InputError(f"{place}: {_one_line(fault)}; allowed: {column.type}") from None
            _check_values(values, column, path)
        arrays.append(values)
        fields.append(pa.field(column.name, values.type, nullable=not column.required))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _check_columns(found: Sequence[str], contract: Contract, path: Path) -> None:
    expected = [column.name for column in contract.columns]
    for name in expected:
        if name not in found:
            raise InputError(
                f"{path}: column '{name}' of table '{contract.name}' is missing; found: {', '.join(found)}"
            )
    for name in found:
        if name not in expected:
            raise InputError(
                f"{path}, column '{name}' is not in table '{contract.name}'; allowed: {', '.join(expected)}"
            )


def _check_coded(values: pa.ChunkedArray, column: Column, path: Path) -> None:
    """Check a coded column by its distinct texts; those that no row has any more may be among them."""
    if column.required and values.null_count:
        raise InputError(f"{path}, column '{column.name}': found {values.null_count} missing values; allowed: none")
    distinct = pa.chunked_array([chunk.dictionary for chunk in values.chunks], type=column.type)
    try:
        _check_values(distinct, column, path)
    except InputError:
        _check_values(values.cast(column.type), column, path)


def _check_values(values: pa.ChunkedArray, column: Column, path: Path) -> None:
    place = f"{path}, column '{column.name}'"
    if column.required and values.null_count:
        raise InputError(f"{place}: found {values.null_count} missing values; allowed: none")
    if pa.types.is_floating(column.type):
        _refuse(pc.invert(pc.is_finite(values)), values, f"{place}", "finite numbers")
    if column.minimum is not None:
        _refuse(pc.less(values, column.minimum), values, place, f"{column.minimum:g} or more")
    if column.allowed:
        known = pc.is_in(values, value_set=pa.array(column.allowed))
        _refuse(pc.and_(pc.invert(known), pc.is_valid(values)), values, place, ", ".join(column.allowed))
    if column.pattern:
        matches = pc.match_substring_regex(values, column.pattern)
        _refuse(pc.invert(matches), values, place, f"text matching {column.pattern}")


def _refuse(faults: pa.ChunkedArray, values: pa.ChunkedArray, place: str, allowed: str) -> None:
    wrong = values.filter(pc.fill_null(faults, fill_value=False))
    if len(wrong):
        raise InputError(f"{place}: found {wrong[0].as_py()!r} ({len(wrong)} such values); allowed: {allowed}")


def _check_key(table: pa.Table, contract: Contract, path: Path) -> None:
    if not contract.key or not table.num_rows:
        return
    counts = table.group_by(list(contract.key)).aggregate([([], "count_all")])
    twice = counts.filter(pc.greater(counts["count_all"], 1))
    if twice.num_rows:
        row = twice.sort_by([(key, "ascending") for key in contract.key]).slice(0, 1).to_pylist()[0]
        found = ", ".join(f"{key}={row[key]}" for key in contract.key)
        raise InputError(
            f"{path}, key of table '{contract.name}': found {found} {row['count_all']} times; allowed: once"
        )


def _same_type(found: pa.DataType, expected: pa.DataType) -> bool:
    if pa.types.is_nested(expected):
        return bool(pa.types.is_nested(found))
    return bool(found == expected or (pa.types.is_large_string(found) and pa.types.is_string(expected)))


_NULLABLE = {
    pa.int8(): pd.Int8Dtype(),
    pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
}


def _frame(table: pa.Table, *, optional: Collection[str] = ()) -> pd.DataFrame:
    """Convert to pandas; integers in `optional` are nullable whether or not one is missing."""
    nullable = {
        field.name: _NULLABLE[field.type]
        for field in table.schema
        if field.type in _NULLABLE and (field.name in optional or table[field.name].null_count)
    }
    nested = [field.name for field in table.schema if pa.types.is_nested(field.type)]
    frame = pd.DataFrame(table.drop_columns([*nullable, *nested]).to_pandas())
    for name in nested:  # pandas would turn an integer beside a missing one into a float
        frame[name] = pd.Series(table[name].to_pylist(), dtype=object)
    for name, kind in nullable.items():
        frame[name] = table[name].to_pandas(types_mapper={table[name].type: kind}.get)
    return frame.reindex(columns=table.column_names)


def _one_line(fault: BaseException) -> str:
    return str(fault).splitlines()[0]
