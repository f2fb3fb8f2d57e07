"""Tables as HTML: one self-contained page that a screen reader can walk through and a printer can print."""

import jinja2

from citypanel.exhibits.notes import joined_notes
from citypanel.exhibits.table import Cell, Table
from citypanel.templating import environment

LANGUAGE_TAGS = {"en": "en", "zh": "zh-Hans"}


def to_html(table: Table) -> str:
    """Return the table as a page; every text is escaped by the template."""
    page: jinja2.Environment = environment(autoescape=True)
    left, right = zip(*(_room(table, position) for position in range(len(table.columns))), strict=True)
    return page.get_template("table.html.jinja").render(
        table=table,
        language=LANGUAGE_TAGS[table.language],
        note=joined_notes(table.notes, table.language) if table.notes else "",
        groups=[[(row, [(cell, *split(cell)) for cell in row.cells]) for row in group] for group in table.groups],
        left=left,
        right=right,
    )


def split(cell: Cell) -> tuple[str, str]:
    """Return what stands before the decimal point and the rest, for cells that are set on the point."""
    whole, point, rest = cell.printed.partition(".")
    return (whole, point + rest) if cell.numeric and point else (cell.printed, "")


def _room(table: Table, position: int) -> tuple[int, int]:
    """Return the letters that a column needs before and after its decimal points."""
    parts = [split(row.cells[position]) for row in table.rows if row.cells[position].numeric]
    aligned = [part for part in parts if part[1]]
    return (
        max((len(whole) for whole, _ in aligned), default=0),
        max((len(rest) for _, rest in aligned), default=0),
    )
