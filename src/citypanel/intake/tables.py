"""Stata and Parquet files as text, in batches; old Stata files hold GBK text without saying so."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from citypanel.errors import InputError

BATCH = 200_000  # rows
LARGEST_WHOLE = 2.0**53  # doubles above it no longer tell whole numbers apart
FIRST_UNICODE_RELEASE = 118  # Stata 14
_PROBE = 2_000  # rows looked at to tell the encoding of an old Stata file


def stata_encoding(path: Path, name: str) -> str:
    """Return the encoding of a Stata file's text: by its release, or what old text turns out to be."""
    if _stata_release(path) >= FIRST_UNICODE_RELEASE:
        return "utf-8"
    for encoding in ("utf-8", "gb18030"):
        try:
            _stata_frame(path, encoding, 0, _PROBE)
        except (UnicodeDecodeError, InputError):
            continue
        return encoding
    raise InputError(f"{name}: its text is neither GB18030 nor UTF-8, or it is no Stata file; save it again from Stata")


def stata_names(path: Path, name: str, encoding: str) -> tuple[str, ...]:
    """Return the variable names of a Stata file."""
    try:
        return tuple(str(column) for column in _stata_frame(path, encoding, 0, 1).columns)
    except (UnicodeDecodeError, InputError):
        raise InputError(f"{name} cannot be read as a Stata file; save it again from Stata") from None


def stata_batches(path: Path, name: str, encoding: str) -> Iterator[pa.Table]:
    """Yield a Stata file's rows as text columns."""
    first = 0
    while True:
        try:
            frame = _stata_frame(path, encoding, first, BATCH)
        except (UnicodeDecodeError, InputError):
            where = f"rows {first + 1} to {first + BATCH}"
            raise InputError(f"{name}, {where}: text that is not {encoding.upper()}, or a truncated file") from None
        if len(frame):
            yield _as_text(pa.Table.from_pandas(frame, preserve_index=False))
        if len(frame) < BATCH:
            return
        first += BATCH


def parquet_names(path: Path, name: str) -> tuple[str, ...]:
    """Return the column names of a Parquet file."""
    return tuple(_parquet(path, name).schema_arrow.names)


def parquet_batches(path: Path, name: str) -> Iterator[pa.Table]:
    """Yield a Parquet file's rows as text columns."""
    for batch in _parquet(path, name).iter_batches(BATCH):
        yield _as_text(pa.Table.from_batches([batch]))


def _parquet(path: Path, name: str) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError):
        raise InputError(f"{name} is not a Parquet file, or it is truncated; write it again") from None


def _stata_release(path: Path) -> int:
    """Return the release number in a Stata file's header (113 for Stata 8, 117 for 13, 118 for 14)."""
    with path.open("rb") as stream:
        start = stream.read(64)
    found = re.search(rb"<release>(\d+)</release>", start)
    return int(found[1]) if found else (start[0] if start else 0)


def _stata_frame(path: Path, encoding: str, first: int, rows: int) -> pd.DataFrame:
    import pyreadstat  # noqa: PLC0415  (only for Stata files)

    try:
        frame, _ = pyreadstat.read_dta(
            str(path),
            encoding=encoding.upper(),
            row_offset=first,
            row_limit=rows,
            apply_value_formats=False,
            disable_datetime_conversion=True,
        )
    except pyreadstat.ReadstatError as fault:
        raise InputError(str(fault)) from None
    return pd.DataFrame(frame)


def _as_text(table: pa.Table) -> pa.Table:
    """Return every column as text; whole numbers lose their decimal point, missing values become empty."""
    columns = [pc.fill_null(_text_column(column.combine_chunks()), "") for column in table.columns]
    return pa.table({f"c{at}": column for at, column in enumerate(columns)})


def _text_column(column: pa.Array) -> pa.Array:
    if pa.types.is_floating(column.type):
        values = column.to_numpy(zero_copy_only=False)
        known = np.isfinite(values)
        column = pa.array(values, mask=~known)
        if (values[known] == np.rint(values[known])).all() and (np.abs(values[known]) < LARGEST_WHOLE).all():
            return pc.cast(column, pa.int64()).cast(pa.string())
        texts = [repr(float(v)).removesuffix(".0") if ok else None for v, ok in zip(values, known, strict=True)]
        return pa.array(texts, type=pa.string())
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column.cast(pa.string())
