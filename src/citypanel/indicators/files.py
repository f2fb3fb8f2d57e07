"""Tables that users hand to one indicator, CSV or Parquet: read as text, checked, then made numbers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from citypanel.atomic import written_beside
from citypanel.errors import InputError

Kind = Literal["code", "name", "number", "number_or_missing", "year"]

MISSING = ("", "NA", "N/A", "NaN", "nan", "null", ".")  # what statistical programs write for no number
YEARS = (1000, 9999)


@dataclass(frozen=True)
class Wanted:
    """One column a command reads.

    `code` and `name` are text; a code is refused where a file stores it as a number, because its leading
    zeros are gone. `aliases` are accepted where the column itself is absent.
    """

    name: str
    kind: Kind
    aliases: tuple[str, ...] = ()
    optional: bool = False


def read_columns(path: Path, wanted: Sequence[Wanted]) -> pd.DataFrame:
    """Read the wanted columns of a CSV (UTF-8) or Parquet file; other columns are left alone.

    Returns
    -------
    DataFrame
        The columns under their own names: text without blanks around it, float64, and int64 years. Optional
        columns that the file lacks are absent.

    Raises
    ------
    InputError
        No such file, no rows, a missing column, a value that is not of its kind; the line names file, column and row.
    """
    path = Path(path)
    table = _read(path)
    if len(set(table.column_names)) < len(table.column_names):
        raise InputError(f"{path}: found two columns of one name among {', '.join(table.column_names)}")
    if not table.num_rows:
        raise InputError(f"{path}: found a header without rows; allowed: at least one row")
    frame = {}
    for column in wanted:
        found = _find(table.column_names, column, path)
        if found is not None:
            frame[column.name] = _converted(table[found], column, f"{path}, column '{found}'")
    return pd.DataFrame(frame)


def write_csv(frame: pd.DataFrame, path: Path) -> Path:
    """Write a CSV with full double precision, beside and then renamed; missing numbers are empty."""
    with written_beside(path) as beside:
        frame.to_csv(beside, index=False, lineterminator="\n", encoding="utf-8")
    return path


def write_parquet(frame: pd.DataFrame, path: Path) -> Path:
    """Write a Parquet file beside and then renamed; missing numbers are nulls."""
    with written_beside(path) as beside:
        pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), beside, compression="zstd")
    return path


def refuse_negative(values: pd.Series, place: str) -> None:
    """Raise an InputError that names the first row where a value below zero stands."""
    wrong = np.flatnonzero(values.to_numpy() < 0)
    if wrong.size:
        raise InputError(f"{place}, row {wrong[0] + 2}: found {values.iloc[wrong[0]]:g}; allowed: 0 or more")


def require_unique(frame: pd.DataFrame, keys: Sequence[str], place: str) -> None:
    """Raise an InputError that names the first key that stands twice."""
    twice = np.flatnonzero(frame.duplicated(list(keys)))
    if twice.size:
        row = frame.iloc[int(twice[0])]
        found = ", ".join(f"{key}={row[key]}" for key in keys)
        raise InputError(f"{place}: found {found} twice; allowed: one row for each {', '.join(keys)}")


def listed(codes: Iterable[object], *, shown: int = 5) -> str:
    """Return the first codes and how many more there are."""
    texts = [str(code) for code in codes]
    return ", ".join(texts[:shown]) + (f" and {len(texts) - shown} more" if len(texts) > shown else "")


def _read(path: Path) -> pa.Table:
    if not path.is_file():
        raise InputError(f"{path} does not exist; a CSV or Parquet file is expected")
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            return pq.read_table(path, partitioning=None)
        return _read_text(path)
    except (pa.ArrowInvalid, UnicodeDecodeError) as fault:
        reason = str(fault).splitlines()[0]
        raise InputError(f"{path} cannot be read: {reason}; allowed: CSV in UTF-8 with a header, or Parquet") from None


def _read_text(path: Path) -> pa.Table:
    """Read every column as text: a type guessed from the first rows would cost leading zeros."""
    with pyarrow.csv.open_csv(path) as reader:
        names = reader.schema.names
    # Missing is decided column by column later: NA is a country, too.
    options = pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
    return pyarrow.csv.read_csv(path, convert_options=options)


def _find(names: Sequence[str], column: Wanted, path: Path) -> str | None:
    if column.name in names:
        return column.name
    near = [alias for alias in column.aliases if alias in names]
    if len(near) == 1:
        return near[0]
    if near:
        raise InputError(f"{path}: '{column.name}' may be {' or '.join(near)}; name one of them '{column.name}'")
    if column.optional:
        return None
    raise InputError(f"{path}: column '{column.name}' is missing; found: {', '.join(names)}")


def _converted(values: pa.ChunkedArray, column: Wanted, place: str) -> pd.Series:
    if isinstance(values.type, pa.DictionaryType):
        values = values.cast(values.type.value_type)
    is_text = pa.types.is_string(values.type) or pa.types.is_large_string(values.type)
    if column.kind == "code" and not is_text:
        raise InputError(f"{place}: found {values.type}; allowed: text, because a number has lost leading zeros")
    texts = pc.utf8_trim_whitespace(values if is_text else values.cast(pa.string()))
    texts = pc.fill_null(texts, "")
    if column.kind == "name":
        return pd.Series(texts.to_pandas(), dtype="str")
    if column.kind == "code":
        _refuse(pc.equal(texts, ""), texts, place, "a text")
        return pd.Series(texts.to_pandas(), dtype="str")
    if is_text:
        return _numbers(texts, column, place)
    return _checked(values.cast(pa.float64()), texts, column, place)


def _numbers(texts: pa.ChunkedArray, column: Wanted, place: str) -> pd.Series:
    missing = pc.is_in(texts, value_set=pa.array(MISSING))
    blanked = pc.if_else(missing, pa.scalar(None, pa.string()), texts)
    try:
        numbers = blanked.cast(pa.float64())
    except pa.ArrowInvalid:
        number = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
        _refuse(pc.invert(pc.or_(missing, pc.match_substring_regex(texts, number))), texts, place, "a number")
        raise InputError(f"{place}: found a value that is no number; allowed: numbers") from None
    return _checked(numbers, texts, column, place)


def _checked(numbers: pa.ChunkedArray, texts: pa.ChunkedArray, column: Wanted, place: str) -> pd.Series:
    if column.kind != "number_or_missing":
        _refuse(pc.is_null(numbers, nan_is_null=True), texts, place, "a number")
    _refuse(pc.fill_null(pc.is_inf(numbers), fill_value=False), texts, place, "a finite number")
    if column.kind == "year":
        between = pc.and_(pc.greater_equal(numbers, YEARS[0]), pc.less_equal(numbers, YEARS[1]))
        whole = pc.and_(between, pc.equal(numbers, pc.floor(numbers)))
        _refuse(pc.invert(whole), texts, place, "a year of four digits")
        return pd.Series(numbers.cast(pa.int64()).to_numpy())
    return pd.Series(numbers.to_numpy(), dtype="float64")


def _refuse(faults: pa.ChunkedArray, texts: pa.ChunkedArray, place: str, allowed: str) -> None:
    at = pc.index(faults, pa.scalar(True)).as_py()
    if at >= 0:
        raise InputError(f"{place}, row {at + 2}: found '{texts[at].as_py()}'; allowed: {allowed}")


def records(rows: Iterable[Mapping[Any, object]]) -> list[dict[str, object]]:
    """Return rows as plain dictionaries, the form in which a frame's `attrs` carry its accounting."""
    return [
        {str(key): value.item() if isinstance(value, np.generic) else value for key, value in row.items()}
        for row in rows
    ]
