"""Tables as Word: true three-line tables, East-Asian fonts, decimal tabs, heads repeated on every page."""

import io
from datetime import UTC, datetime
from typing import Any

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt

from citypanel.exhibits.characters import printable, text_width
from citypanel.exhibits.files import undated
from citypanel.exhibits.notes import joined_notes
from citypanel.exhibits.table import Cell, Head, Table

_LATIN, _EAST_ASIAN = "Times New Roman", "宋体"
_THICK, _THIN = 12, 6  # eighths of a point
_PORTRAIT, _LANDSCAPE = 451.0, 698.0  # points between margins of 2.54 cm on A4
_SIZES = (
    (10.5, _PORTRAIT),
    (9.0, _PORTRAIT),
    (10.5, _LANDSCAPE),
    (9.0, _LANDSCAPE),
    (8.0, _LANDSCAPE),
    (7.0, _LANDSCAPE),
)
_LETTER = 0.53  # width of a letter as a share of the font size, with a reserve
_PADDING = 3.0  # points on either side of a cell
_RESERVE = 0.3  # of the widths of numbers, where there is room
_NEEDED = 0.1  # of the widths of numbers, or a smaller setting is taken
_STUB_RESERVE = 0.3  # of the width of the longest label, where there is room
_LONGEST_STUB = 30  # letters; a longer label is broken into lines
_LONGEST_HEAD = 12
_LONGEST_PROSE = 56


def to_word(table: Table) -> bytes:
    """Return the table as a docx file; equal tables give equal bytes."""
    document = Document()
    size, room, widths = _fitting(table)
    _page(document, landscape=room == _LANDSCAPE)
    _fonts(document, size)
    caption = document.add_paragraph()
    caption.alignment = WD_ALIGN_PARAGRAPH.CENTER
    caption.paragraph_format.keep_with_next = True
    _run(caption, table.caption, bold=True)
    lines = len(table.heads) + len(table.rows)
    grid = document.add_table(rows=lines, cols=len(table.columns) + 1)
    grid.alignment = WD_TABLE_ALIGNMENT.CENTER
    grid.autofit = False
    _margins(grid)
    for column, width in zip(grid.columns, widths, strict=True):
        column.width = Pt(width)
    cells = [list(row.cells) for row in grid.rows]
    _heads(grid, cells, table, widths)
    _body(cells[len(table.heads) :], table, widths, size)
    _rules(cells, len(table.heads))
    if table.notes:
        _run(document.add_paragraph(), joined_notes(table.notes, table.language), size=max(size - 1.5, 7.5))
    _properties(document, table)
    target = io.BytesIO()
    document.save(target)
    return undated(target.getvalue())


def _fitting(table: Table) -> tuple[float, float, list[float]]:
    """Return font size, width between the margins and column widths of the largest setting that fits."""
    for size, room in _SIZES[:2] if table.prose else _SIZES:
        natural = _natural_widths(table, size)
        if sum(natural) + _NEEDED * sum(natural[1:]) <= room:
            break
    spare = room - sum(natural)
    letters = max(map(text_width, [table.stub, *(row.label for row in table.rows)]), default=0)
    longest = letters * size * _LETTER * (1 + _STUB_RESERVE) + 2 * _PADDING
    if spare < 0:
        # Sentences may be broken into more lines, a variable's name may not.
        stub = longest if table.prose else natural[0] * room / sum(natural)
        return size, room, [stub, *(width * (room - stub) / sum(natural[1:]) for width in natural[1:])]
    # Room that is left over goes to numbers, as another font may be wider, then to labels that would be broken.
    columns = len(table.columns)
    reserve = min(spare, _RESERVE * sum(natural[1:]))
    stub = natural[0] + min(spare - reserve, max(longest - natural[0], 0.0))
    between = (room - stub - sum(natural[1:])) / columns
    return size, room, [stub, *(width + between for width in natural[1:])]


def _natural_widths(table: Table, size: float) -> list[float]:
    """Return the widths in points that stub and columns need; numbers need both sides of their points."""
    stub = min(max((text_width(row.label) for row in table.rows), default=8), _LONGEST_STUB)
    letters = [stub]
    for position in range(len(table.columns)):
        before, after = _sides(table, position)
        others = [row.cells[position] for row in table.rows]
        plain = max((text_width(cell.printed) for cell in others if not _hung(cell)), default=0)
        plain = min(plain, _LONGEST_PROSE) if position in table.prose else plain
        heads = [min(text_width(head.text), _LONGEST_HEAD) for head in _single_heads(table, position)]
        letters.append(max([before + after, plain, *heads]))
    return [letter * size * _LETTER + 2 * _PADDING for letter in letters]


def _single_heads(table: Table, position: int) -> list[Head]:
    lines = [[head for head in line for _ in range(head.span)] for line in table.heads]
    return [line[position] for line in lines if line[position].span == 1]


def _hung(cell: Cell) -> bool:
    """Return whether a cell hangs on the decimal tab."""
    return cell.numeric and cell.digits > 0


def _sides(table: Table, position: int) -> tuple[int, int]:
    """Return the letters before the decimal points of a column, and from them on."""
    cells = [row.cells[position] for row in table.rows if _hung(row.cells[position])]
    parts = [cell.printed.partition(".") for cell in cells]
    before = max((len(whole) for whole, _, _ in parts), default=0)
    return before, max((len(rest) + 1 for _, _, rest in parts), default=0)


def _page(document: Any, *, landscape: bool) -> None:
    """Set A4, on its side for wide tables."""
    section = document.sections[0]
    short, long = Pt(595.3), Pt(841.9)
    section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = (long, short) if landscape else (short, long)
    for side in ("left_margin", "right_margin", "top_margin", "bottom_margin"):
        setattr(section, side, Pt(72))


def _margins(grid: Any) -> None:
    """Set the space at either side of the cells, in twentieths of a point."""
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        element = OxmlElement(f"w:{side}")
        element.set(qn("w:w"), str(round(_PADDING * 20)))
        element.set(qn("w:type"), "dxa")
        margins.append(element)
    properties = grid._tbl.tblPr  # noqa: SLF001 - python-docx has no public way
    look = properties.find(qn("w:tblLook"))
    if look is None:
        properties.append(margins)
    else:
        look.addprevious(margins)


def _fonts(document: Any, size: float) -> None:
    style = document.styles["Normal"]
    style.font.name, style.font.size = _LATIN, Pt(size)
    style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), _EAST_ASIAN)
    style.paragraph_format.space_after = style.paragraph_format.space_before = Pt(0)


def _run(paragraph: Any, text: str, *, bold: bool = False, size: float | None = None) -> None:
    """Add a text without control characters, which XML cannot hold."""
    run = paragraph.add_run(printable(text))
    run.bold = bold
    run.font.name = _LATIN
    run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), _EAST_ASIAN)  # noqa: SLF001 - no public way
    if size is not None:
        run.font.size = Pt(size)


def _heads(grid: Any, cells: list[list[Any]], table: Table, widths: list[float]) -> None:
    """Write the heads; the rows are repeated where the table goes on, and heads of groups are underlined."""
    for line, row, heads in zip(range(len(table.heads)), grid.rows, table.heads, strict=False):
        repeated = OxmlElement("w:tblHeader")
        repeated.set(qn("w:val"), "true")
        row._tr.get_or_add_trPr().append(repeated)  # noqa: SLF001 - python-docx has no public way
        cells[line][0].width = Pt(widths[0])
        column = 1
        for head in heads:
            target = cells[line][column]
            if head.span > 1:
                target = target.merge(cells[line][column + head.span - 1])
            target.width = Pt(sum(widths[column : column + head.span]))
            paragraph = target.paragraphs[0]
            if column - 1 not in table.prose:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
            paragraph.paragraph_format.keep_with_next = True
            _run(paragraph, head.text)
            if head.text and 1 < head.span < len(table.columns):
                _border(target, {"bottom": _THIN})
            column += head.span
    _run(cells[len(table.heads) - 1][0].paragraphs[0], table.stub)


def _body(cells: list[list[Any]], table: Table, widths: list[float], size: float) -> None:
    spaced = {id(group[0]) for group in table.groups[1:]}
    tabs = [_decimal_tab(table, position, widths[position + 1], size) for position in range(len(table.columns))]
    for line, row in zip(cells, table.rows, strict=True):
        first = line[0].paragraphs[0]
        _run(first, row.label)
        first.paragraph_format.space_before = Pt(4 if id(row) in spaced else 0)
        for position, cell in enumerate(row.cells):
            target = line[position + 1]
            target.width = Pt(widths[position + 1])
            _cell(target.paragraphs[0], cell, tabs[position], prose=position in table.prose)
            target.paragraphs[0].paragraph_format.space_before = first.paragraph_format.space_before
        line[0].width = Pt(widths[0])


def _cell(paragraph: Any, cell: Cell, tab: float, *, prose: bool) -> None:
    """Write a cell: decimals hang on a decimal tab, which Word obeys in tables without a tab character."""
    if _hung(cell):
        paragraph.paragraph_format.tab_stops.add_tab_stop(Pt(tab), WD_TAB_ALIGNMENT.DECIMAL)
    elif not prose:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    if cell.printed:
        _run(paragraph, cell.printed)


def _decimal_tab(table: Table, position: int, width: float, size: float) -> float:
    """Return where the decimal points of a column hang, so that its widest number stands in the middle."""
    before, after = (letters * size * _LETTER for letters in _sides(table, position))
    return max((width - 2 * _PADDING - before - after) / 2, 0) + before


def _rules(cells: list[list[Any]], heads: int) -> None:
    """Draw the three lines, and nothing else."""
    last = len(cells) - 1
    for line, row in enumerate(cells):
        edges: dict[str, int] = {}
        if line == 0:
            edges["top"] = _THICK
        if line == heads - 1:
            edges["bottom"] = _THIN
        if line == last:
            edges["bottom"] = _THICK
        if edges:
            for cell in row:
                _border(cell, edges)


def _border(cell: Any, edges: dict[str, int]) -> None:
    properties = cell._tc.get_or_add_tcPr()  # noqa: SLF001 - python-docx has no public way to rule a cell
    old = properties.find(qn("w:tcBorders"))
    if old is not None:
        properties.remove(old)
    borders = OxmlElement("w:tcBorders")
    for edge, width in sorted(edges.items(), reverse=True):
        element = OxmlElement(f"w:{edge}")
        for name, value in (("val", "single"), ("sz", str(width)), ("space", "0"), ("color", "000000")):
            element.set(qn(f"w:{name}"), value)
        borders.append(element)
    after = [tag for tag in ("w:shd", "w:noWrap", "w:tcMar", "w:vAlign") if properties.find(qn(tag)) is not None]
    if after:
        properties.find(qn(after[0])).addprevious(borders)
    else:
        properties.append(borders)


def _properties(document: Any, table: Table) -> None:
    moment = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    core = document.core_properties
    core.title, core.author, core.language = printable(table.caption)[:255], "citypanel", table.language
    core.comments = table.mark
    core.created = core.modified = moment
