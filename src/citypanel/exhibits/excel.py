"""Tables as Excel: full numbers in the cells, rounding, stars and parentheses in their formats."""

import io
from datetime import UTC, datetime

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from citypanel.exhibits.characters import printable, text_width
from citypanel.exhibits.files import undated
from citypanel.exhibits.notes import joined_notes
from citypanel.exhibits.table import Cell, Table

_FONTS = {"en": "Times New Roman", "zh": "宋体"}
_THICK, _THIN = Side(style="medium"), Side(style="thin")
_LONGEST_PROSE = 48  # width of a column of sentences
_NOTE_LINE = 0.9  # characters of a note that fit into one unit of column width


def to_excel(table: Table) -> bytes:
    """Return the table as an xlsx file; equal tables give equal bytes."""
    book = Workbook()
    sheet = book.active
    sheet.title = table.kind
    sheet.sheet_view.showGridLines = False
    font = Font(name=_FONTS[table.language], size=11)
    last = len(table.columns) + 1
    _text(sheet, (1, 1), table.caption, Font(name=font.name, size=12, bold=True))
    row = _heads(sheet, table, font)
    sheet.freeze_panes = sheet.cell(row, 2)
    for line in table.rows:
        _text(sheet, (row, 1), line.label, font)
        for position, cell in enumerate(line.cells, start=2):
            _cell(sheet, row, position, cell, font)
            if position - 2 in table.prose:
                sheet.cell(row, position).alignment = Alignment(horizontal="left", vertical="top", wrap_text=True)
        row += 1
    _line(sheet, row - 1, last, bottom=_THICK)
    _widths(sheet, table)
    _notes(sheet, row, last, table, font)
    sheet.page_setup.orientation = "landscape" if last > 7 else "portrait"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    book.properties.title = printable(table.caption)
    book.properties.creator = "citypanel"
    book.properties.created = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    target = io.BytesIO()
    book.save(target)
    return undated(target.getvalue())


def number_format(cell: Cell) -> str:
    """Return the Excel format that shows a number as printed: decimals, grouping, parentheses, stars.

    What rounds to zero gets a format without a minus, because Excel would print -0.000.
    """
    whole = "#,##0" if "," in cell.printed else "0"
    digits = whole + ("." + "0" * cell.digits if cell.digits else "")
    before, after = ('"("', '")"') if cell.parenthesised else ("", "")
    after += f'"{cell.stars}"' if cell.stars else ""
    negative = digits if cell.value is not None and cell.value < 0 and not cell.text.startswith("-") else f"-{digits}"
    return f"{before}{digits}{after};{before}{negative}{after}"


def _text(sheet: Worksheet, place: tuple[int, int], text: str, font: Font, horizontal: str = "left") -> None:
    """Write a text as a text: openpyxl would store one that begins with = as a formula."""
    target = sheet.cell(*place)
    if text:
        target.value = printable(text)
        target.data_type = "s"
    target.font = font
    target.alignment = Alignment(horizontal=horizontal, vertical="center", wrap_text=horizontal == "center")


def _cell(sheet: Worksheet, row: int, column: int, cell: Cell, font: Font) -> None:
    if cell.value is None:
        _text(sheet, (row, column), cell.text, font, "center")
        return
    target = sheet.cell(row, column)
    target.value = cell.value
    target.number_format = number_format(cell)
    target.font = font
    target.alignment = Alignment(horizontal="center", vertical="center")


def _heads(sheet: Worksheet, table: Table, font: Font) -> int:
    """Write the column heads from row 2; return the first row below them."""
    last = len(table.columns) + 1
    _line(sheet, 2, last, top=_THICK)
    for offset, line in enumerate(table.heads):
        row, column = 2 + offset, 2
        for head in line:
            _text(sheet, (row, column), head.text, font, "center")
            if head.span > 1:
                sheet.merge_cells(start_row=row, end_row=row, start_column=column, end_column=column + head.span - 1)
            column += head.span
    bottom = 1 + len(table.heads)
    _text(sheet, (bottom, 1), table.stub, font)
    _line(sheet, bottom, last, bottom=_THIN)
    return bottom + 1


def _line(sheet: Worksheet, row: int, last: int, *, top: Side | None = None, bottom: Side | None = None) -> None:
    """Rule a row above or below, keeping the rule it has on the other side."""
    for column in range(1, last + 1):
        target = sheet.cell(row, column)
        target.border = Border(top=top or target.border.top, bottom=bottom or target.border.bottom)


def _widths(sheet: Worksheet, table: Table) -> None:
    widths = [max((text_width(row.label) for row in table.rows), default=8) + 2]
    for position in range(len(table.columns)):
        printed = max((text_width(row.cells[position].printed) for row in table.rows), default=8)
        widths.append(min(max(printed + 2, 10), _LONGEST_PROSE if position in table.prose else printed + 10))
    for column, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width


def _notes(sheet: Worksheet, row: int, last: int, table: Table, font: Font) -> None:
    if not table.notes:
        return
    note = joined_notes(table.notes, table.language)
    _text(sheet, (row, 1), note, Font(name=font.name, size=9))
    sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=last)
    sheet.cell(row, 1).alignment = Alignment(wrap_text=True, vertical="top", horizontal="left")
    room = sum(sheet.column_dimensions[get_column_letter(column)].width for column in range(1, last + 1))
    lines = int(text_width(note) * _NOTE_LINE / room) + 1
    sheet.row_dimensions[row].height = 13.0 * lines
