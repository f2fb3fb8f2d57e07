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
_PROBES, _PROBE = 16, 500  # how many places of a Stata file are looked at to tell its encoding, and rows at each


def stata_encoding(path: Path, name: str) -> str:
    """Return the encoding of a Stata file's text: by its release, or what its text turns out to be.

    Files of Stata 13 and earlier do not say; files of later releases say UTF-8 and may still hold old text.
    Undecodable text in between is no reason to refuse the file: those rows are refused when it is read.
    """
    rows = _stata_rows(path, name)
    first = "utf-8" if _stata_release(path) >= FIRST_UNICODE_RELEASE else ""
    offsets = sorted({max(0, rows - _PROBE) * at // max(_PROBES - 1, 1) for at in range(_PROBES)})
    try:
        frames = [_stata_frame(path, "latin1", offset, _PROBE) for offset in offsets]
    except InputError:
        raise InputError(f"{name}: the file ends before its last row; copy it again") from None
    texts = {str(column) for column in frames[0].columns}
    for frame in frames:
        texts |= {value for column in _texts(frame) for value in frame[column].unique() if isinstance(value, str)}
    wide = [text.encode("latin-1") for text in texts if not text.isascii()]
    if not wide:
        return first or "gb18030"
    found = {encoding: sum(_decoded(text, encoding) is None for text in wide) for encoding in ("utf-8", "gb18030")}
    # Text that is valid UTF-8 hardly happens to be anything else.
    return "utf-8" if not found["utf-8"] or (first and found["utf-8"] <= found["gb18030"]) else "gb18030"


def stata_names(path: Path, name: str, encoding: str) -> tuple[str, ...]:
    """Return the variable names of a Stata file."""
    try:
        return tuple(str(column) for column in _stata_frame(path, encoding, 0, 1).columns)
    except _CONVERSION:
        names = [str(column) for column in _stata_frame(path, "latin1", 0, 1).columns]
    found = [_decoded(text.encode("latin-1"), encoding) for text in names]
    broken = next((text for text, decoded in zip(names, found, strict=True) if decoded is None), None)
    if broken is not None:
        raise InputError(f"{name}: the variable name '{broken}' is not {encoding.upper()}; rename it in Stata")
    return tuple(str(text) for text in found)


def stata_batches(path: Path, name: str, encoding: str) -> Iterator[tuple[pa.Table, dict[int, str]]]:
    """Yield a Stata file's rows as text columns, and the text of rows that are not in its encoding.

    Raises
    ------
    InputError
        The file ends before its rows do.
    """
    first = 0
    while True:
        unreadable: dict[int, str] = {}
        try:
            frame = _stata_frame(path, encoding, first, BATCH)
        except _CONVERSION:
            frame, unreadable = _repaired(_stata_frame(path, "latin1", first, BATCH), encoding)
        except InputError:
            where = f"rows {first + 1} to {first + BATCH}"
            raise InputError(f"{name}, {where}: the file ends before its last row; copy it again") from None
        if len(frame):
            yield _as_text(pa.Table.from_pandas(frame, preserve_index=False)), unreadable
        if len(frame) < BATCH:
            return
        first += BATCH


def stata_floats(path: Path) -> set[int]:
    """Return the columns that a Stata file stores in 4 bytes, which hold 7 digits and no more."""
    import pyreadstat  # noqa: PLC0415  (only for Stata files)

    _, found = pyreadstat.read_dta(str(path), encoding="LATIN1", metadataonly=True)
    return {at for at, kind in enumerate(found.readstat_variable_types.values()) if kind == "float"}


def _repaired(frame: pd.DataFrame, encoding: str) -> tuple[pd.DataFrame, dict[int, str]]:
    """Decode text that was read byte by byte; also return the rows where that fails."""
    unreadable: dict[int, str] = {}
    for column in _texts(frame):
        cells = frame[column].tolist()
        texts = {text: _decoded(text.encode("latin-1"), encoding) for text in set(cells) if isinstance(text, str)}
        for at, cell in enumerate(cells):
            if isinstance(cell, str) and texts[cell] is None:
                unreadable.setdefault(at, cell)
        frame[column] = [texts[cell] or "" if isinstance(cell, str) else None for cell in cells]
    return frame, unreadable


def _texts(frame: pd.DataFrame) -> list[str]:
    return [str(column) for column in frame if not pd.api.types.is_numeric_dtype(frame[column])]


def _decoded(text: bytes, encoding: str) -> str | None:
    """Return text in an encoding, without a character that the width of a Stata variable cut in half."""
    for end in range(len(text), max(len(text) - 4, -1), -1):
        try:
            return text[:end].decode(encoding)
        except UnicodeDecodeError as fault:
            if fault.start + 4 < len(text):
                return None
    return None


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
        raise InputError(f"{name} is no Parquet file, or it is truncated; write or copy it again") from None


def _stata_release(path: Path) -> int:
    """Return the release number in a Stata file's header (113 for Stata 8, 117 for 13, 118 for 14)."""
    with path.open("rb") as stream:
        start = stream.read(64)
    found = re.search(rb"<release>(\d+)</release>", start)
    return int(found[1]) if found else (start[0] if start else 0)


def _stata_rows(path: Path, name: str) -> int:
    import pyreadstat  # noqa: PLC0415  (only for Stata files)

    try:
        _, found = pyreadstat.read_dta(str(path), encoding="LATIN1", metadataonly=True)
    except pyreadstat.ReadstatError as fault:
        raise InputError(f"{name} cannot be read as a Stata file ({fault}); save it again from Stata") from None
    return int(found.number_rows or 0)


class _ConversionError(InputError):
    """Text of a Stata file that is not in the encoding it is read with."""


_CONVERSION = (UnicodeDecodeError, _ConversionError)


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
        wrong = _ConversionError if "convert string" in str(fault) else InputError
        raise wrong(str(fault)) from None
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
