"""The rows of a workbook, every cell as text."""

from collections.abc import Iterator
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path

from citypanel.errors import InputError

LOCK = "~$"  # begins the name of the file that Excel keeps while a workbook is open


def sheet_tops(path: Path, name: str, rows: int) -> dict[str, tuple[tuple[str, ...], ...]]:
    """Return the first rows of each sheet that holds anything, by the name of the sheet."""
    return {sheet: tuple(map(tuple, islice(found, rows))) for sheet, found in sheets(path, name)}


def sheets(path: Path, name: str) -> Iterator[tuple[str, Iterator[list[str]]]]:
    """Yield the sheets of a workbook that hold anything: name and rows, every cell as text.

    Raises
    ------
    InputError
        The file is no workbook, or it is protected by a password.
    """
    from python_calamine import CalamineError, CalamineWorkbook  # noqa: PLC0415  (only for workbooks)

    try:
        book = CalamineWorkbook.from_path(str(path))
        for sheet in book.sheet_names:
            found = book.get_sheet_by_name(sheet)
            if found.end is not None:
                yield sheet, ([_cell_text(cell) for cell in row] for row in found.iter_rows())
    except (CalamineError, OSError, ValueError) as fault:
        told = str(fault).splitlines()[0] if str(fault) else "no reason given"
        raise InputError(f"{name} cannot be read as a workbook ({told}); open it in Excel and save it as CSV") from None


def _cell_text(cell: object) -> str:
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    return "" if cell is None else str(cell)
