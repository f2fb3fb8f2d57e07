"""Spatial weights from a file to a matrix in the order of a panel's units, read, checked and standardised."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from citypanel.arrays import Codes, Matrix
from citypanel.errors import InputError
from citypanel.estimate.spatial_operator import WeightsMatrix

SHOWN = 10  # units listed in a message before it is cut
LONG = ["i", "j", "w"]
FORMS = "a square table of numbers with or without a header of units, or three columns i,j,w"


@dataclass(frozen=True)
class WeightsFile:
    """Weights as read: rows and columns in the order of `ids`, or in an order the file does not name."""

    matrix: WeightsMatrix
    ids: tuple[str, ...] | None
    place: str


@dataclass(frozen=True)
class PanelWeights:
    """Checked weights in the order of the units used."""

    matrix: WeightsMatrix
    row_standardised: bool
    warnings: tuple[str, ...]


def read_weights(path: str | Path, ids_path: str | Path | None = None) -> WeightsFile:
    """Read a weights file.

    Parameters
    ----------
    path : path
        CSV (comma, semicolon, tab or blank between cells) or Parquet: dense N x N, with or without a header
        of units and a first column of units, or long with the header `i,j,w`.
    ids_path : path, optional
        One unit per line, in the order of a dense table's rows; a header line may stand above.

    Raises
    ------
    InputError
        The file is missing, not square, not numeric, or names a unit or a pair twice.
    """
    place = Path(path)
    frame = _table(place)
    named = [str(name).strip().lower() for name in frame.columns]
    if named[:3] == LONG and len(named) == 3:
        file = _from_pairs(frame, place.name)
    elif frame.shape[1] == 3 and frame.shape[0] != 3 and _unnamed(frame) and not _is_named_square(frame):
        file = _from_pairs(frame.set_axis(LONG, axis=1), place.name)
    else:
        file = _from_square(frame, place.name)
    return file if ids_path is None else _with_ids(file, Path(ids_path))


def _is_named_square(frame: pd.DataFrame) -> bool:
    """Whether four lines of three numbers are a header above a 3 x 3 table: its diagonal is zero."""
    numbers = frame.iloc[1:].apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64)
    return frame.shape[0] == 4 and not np.diag(numbers).any()


def _unnamed(frame: pd.DataFrame) -> bool:
    return isinstance(frame.columns, pd.RangeIndex)


def _table(path: Path) -> pd.DataFrame:
    """Return the cells; columns are named only where the first line is not made of numbers alone."""
    if not path.is_file():
        raise InputError(f"weights {path}: there is no such file")
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            first = lines.readline().strip("\r\n")
        separator = next((sign for sign in ",;\t" if sign in first), None)
        cells = next(csv.reader([first], delimiter=separator)) if separator else first.split()
        named = _is_header(cells)
        frame = pd.read_csv(
            path, sep=separator or r"\s+", header=None, skiprows=int(named), encoding="utf-8-sig", low_memory=False
        )
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(f"weights {path.name}: it cannot be read ({str(error).splitlines()[0]}); {FORMS}") from None
    if named and len(cells) == frame.shape[1] - 1:  # as R's write.table leaves out the corner
        cells = ["", *cells]
    if named and len(cells) != frame.shape[1]:
        raise InputError(f"weights {path.name}: {len(cells)} names above {frame.shape[1]} columns; {FORMS}")
    frame.columns = pd.Index(cells, dtype=object) if named else pd.RangeIndex(frame.shape[1])
    trailing = frame.shape[1] > frame.shape[0] and frame.iloc[:, -1].isna().all()
    return frame.iloc[:, :-1] if trailing else frame


def _is_header(cells: list[str]) -> bool:
    """Whether the first line names columns: it holds a word, or opens with the empty corner of a table."""
    words = [cell for cell in cells if cell.strip() and not _is_number(cell)]
    return bool(words) or (len(cells) > 1 and not cells[0].strip())


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def unit_key(value: object) -> str:
    """Return a unit as text, so that 110000, 110000.0 and "110000" are one unit."""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    text = str(value).strip()
    return text[:-2] if text.endswith(".0") and text[:-2].isdigit() else text


def _from_pairs(frame: pd.DataFrame, place: str) -> WeightsFile:
    i, j = ([unit_key(value) for value in frame.iloc[:, side]] for side in (0, 1))
    values = _numbers(frame.iloc[:, 2], place)
    ids = _ordered(set(i) | set(j))
    at = {name: number for number, name in enumerate(ids)}
    rows, columns = np.array([at[name] for name in i]), np.array([at[name] for name in j])
    cells, counts = np.unique(rows * len(ids) + columns, return_counts=True)
    if np.any(counts > 1):
        left, right = divmod(int(cells[counts > 1][0]), len(ids))
        raise InputError(f"weights {place}: the pair {ids[left]}, {ids[right]} stands twice; once is allowed")
    matrix = sparse.csr_array((values, (rows, columns)), shape=(len(ids), len(ids)))
    return WeightsFile(matrix, ids, place)


def _ordered(names: set[str]) -> tuple[str, ...]:
    if all(name.lstrip("-").isdigit() for name in names):
        return tuple(sorted(names, key=int))
    return tuple(sorted(names))


def _from_square(frame: pd.DataFrame, place: str) -> WeightsFile:
    rows, columns = frame.shape
    ids = None if _unnamed(frame) else tuple(unit_key(name) for name in frame.columns)
    body = frame
    if columns == rows + 1 and ids is not None:
        first = [unit_key(value) for value in frame.iloc[:, 0]]
        ids, body = ids[1:], frame.iloc[:, 1:]
        if tuple(first) != ids:
            wrong = next(k for k in range(rows) if first[k] != ids[k])
            raise InputError(
                f"weights {place}: row {wrong + 1} is {first[wrong]} and column {wrong + 1} is {ids[wrong]}; "
                "rows and columns must stand in one order"
            )
    elif rows == columns + 1 and ids is None:
        ids = tuple(unit_key(value) for value in frame.iloc[0])
        body = frame.iloc[1:]
    if body.shape[0] != body.shape[1]:
        raise InputError(f"weights {place}: {rows} rows and {columns} columns; {FORMS} is allowed")
    if ids is not None and len(set(ids)) < len(ids):
        twice = next(name for name in ids if ids.count(name) > 1)
        raise InputError(f"weights {place}: unit {twice} stands twice in the header; once is allowed")
    return WeightsFile(_numbers(body, place), ids, place)


def _numbers(cells: pd.DataFrame | pd.Series, place: str) -> Matrix:
    try:
        return np.ascontiguousarray(cells.to_numpy(dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise InputError(f"weights {place}: a cell is not a number ({error}); {FORMS} is allowed") from None


def _with_ids(file: WeightsFile, path: Path) -> WeightsFile:
    if not path.is_file():
        raise InputError(f"w_ids {path}: there is no such file")
    lines = [line.strip().strip('"') for line in path.read_text(encoding="utf-8-sig").splitlines()]
    ids = [unit_key(line.split(",")[0].strip('"')) for line in lines if line]
    size = file.matrix.shape[0]
    if isinstance(file.matrix, sparse.csr_array):
        return _long_with_ids(file, ids, path)
    if len(ids) == size + 1:
        ids = ids[1:]
    if len(ids) != size:
        raise InputError(f"w_ids {path.name}: {len(ids)} units for the {size} rows of {file.place}; one per row")
    if len(set(ids)) < size:
        twice = next(name for name in ids if ids.count(name) > 1)
        raise InputError(f"w_ids {path.name}: unit {twice} stands twice; once is allowed")
    return WeightsFile(file.matrix, tuple(ids), file.place)


def _long_with_ids(file: WeightsFile, ids: list[str], path: Path) -> WeightsFile:
    """Give a long file its universe of units; a unit without any pair becomes an empty row."""
    known = file.ids or ()
    ids = ids[1:] if ids and ids[0] not in known and set(known) <= set(ids[1:]) else ids
    unknown = [name for name in known if name not in set(ids)]
    if unknown:
        raise InputError(f"w_ids {path.name}: {_listed(unknown)} of {file.place} not in it")
    at = {name: number for number, name in enumerate(ids)}
    pairs = sparse.coo_array(file.matrix)
    places = np.array([at[name] for name in known])
    rows, columns = places[pairs.coords[0]], places[pairs.coords[1]]
    matrix = sparse.csr_array((pairs.data, (rows, columns)), shape=(len(ids), len(ids)))
    return WeightsFile(matrix, tuple(ids), file.place)


def _listed(names: Sequence[object]) -> str:
    shown = ", ".join(str(name) for name in names[:SHOWN])
    return shown + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def panel_weights(
    file: WeightsFile, all_units: Sequence[object], used: Codes, *, row_standardise: bool
) -> PanelWeights:
    """Bring weights into the order of a panel's units.

    Parameters
    ----------
    all_units : sequence
        Units of the data in sorted order: the order of a table that names none.
    used : array of int
        Which of them are in the estimation sample.

    Raises
    ------
    InputError
        Units of the panel are not in the weights (they are named), a weight is negative, missing or on the
        diagonal, or a unit has no neighbour.
    """
    _require_weights(file)
    keys = [unit_key(unit) for unit in all_units]
    wanted = [keys[place] for place in used]
    places, warnings = _places(file, keys, wanted, used)
    matrix = file.matrix
    if places.size != matrix.shape[0] or np.any(places != np.arange(places.size)):
        matrix = matrix[places][:, places]
    sums = np.asarray(matrix.sum(axis=1)).ravel()
    if np.any(sums <= 0):
        alone = [wanted[place] for place in np.flatnonzero(sums <= 0)]
        raise InputError(
            f"weights {file.place}: no neighbour in the sample for {_listed(alone)}; every unit needs one, "
            "give it neighbours or drop it from the sample"
        )
    if row_standardise and not np.allclose(sums, 1.0, rtol=0, atol=1e-15):
        scale = 1.0 / sums
        is_sparse = isinstance(matrix, sparse.csr_array)
        matrix = sparse.csr_array(sparse.diags_array(scale) @ matrix) if is_sparse else matrix * scale[:, None]
    return PanelWeights(matrix, row_standardise, tuple(warnings))


def _places(file: WeightsFile, keys: list[str], wanted: list[str], used: Codes) -> tuple[Codes, list[str]]:
    """Return the row of the weights for each unit used."""
    size = file.matrix.shape[0]
    known = set(file.ids or ())
    if file.ids is None or not known & set(keys):
        if file.ids is not None and not _meaningless(file.ids):
            raise InputError(
                f"weights {file.place}: none of the panel's units is in it; missing: {_listed(wanted)}; "
                f"it has {_listed(file.ids)}"
            )
        if size == len(keys):
            return np.asarray(used, dtype=np.intp), []
        if size == len(wanted):
            return np.arange(size), []
        raise InputError(
            f"weights {file.place}: {size} units and the panel has {len(wanted)}; name its rows by a header "
            f"or by w_ids. Units of the panel: {_listed(wanted)}"
        )
    missing = [name for name in wanted if name not in known]
    if missing:
        raise InputError(f"weights {file.place}: units of the panel are missing in it: {_listed(missing)}")
    at = {name: number for number, name in enumerate(file.ids)}
    asked = set(wanted)
    extra = [name for name in file.ids if name not in asked]
    warnings = (
        [f"weights {file.place}: {len(extra)} units not in the sample were left out: {_listed(extra)}"] if extra else []
    )
    return np.array([at[name] for name in wanted], dtype=np.intp), warnings


def _meaningless(ids: Sequence[str]) -> bool:
    """Whether ids only count columns (V1, V2, ...; 0, 1, ...), as tools write them without being asked."""
    for start in (0, 1):
        numbers = [str(number) for number in range(start, start + len(ids))]
        if list(ids) in ([prefix + number for number in numbers] for prefix in ("", "V", "v", "X", "x", "w", "W", "c")):
            return True
    return False


def _require_weights(file: WeightsFile) -> None:
    values = file.matrix.data if isinstance(file.matrix, sparse.csr_array) else file.matrix
    if not np.all(np.isfinite(values)):
        raise InputError(f"weights {file.place}: a cell is empty or not finite; write 0 for no neighbour")
    if np.any(values < 0):
        row, column = (int(side[0]) for side in sparse.csr_array(file.matrix < 0).nonzero())
        names = file.ids or [f"row {k + 1}" for k in range(file.matrix.shape[0])]
        raise InputError(
            f"weights {file.place}: the weight of {names[column]} for {names[row]} is negative "
            f"({float(file.matrix[row, column]):g}); weights must be 0 or more"
        )
    diagonal = file.matrix.diagonal()
    if np.any(diagonal != 0):
        place = int(np.flatnonzero(diagonal)[0])
        name = file.ids[place] if file.ids else f"row {place + 1}"
        raise InputError(f"weights {file.place}: {name} is its own neighbour; the diagonal must be 0")
