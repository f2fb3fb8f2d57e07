"""The rows of a workbook, every cell as text."""

from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path

from citypanel.errors import InputError


def sheet_rows(path: Path, name: str) -> Iterator[list[str]]:
    """Yield the rows of a workbook's first sheet that holds anything, every cell as text."""
    from python_calamine import CalamineError, CalamineWorkbook  # noqa: PLC0415  (only for workbooks)

    try:
        book = CalamineWorkbook.from_path(str(path))
        for sheet in book.sheet_names:
            found = book.get_sheet_by_name(sheet)
            if found.total_height:
                yield from ([_cell_text(cell) for cell in row] for row in found.iter_rows())
                return
    except (CalamineError, OSError, ValueError) as fault:
        raise InputError(f"{name} cannot be read as a workbook ({str(fault).splitlines()[0]})") from None


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
