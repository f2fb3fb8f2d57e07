"""Tables as flat CSV: one line per cell, the full number beside the printed text; a row without cells has one line."""

import csv
import io

from citypanel.exhibits.table import Table

FIELDS = ("row", "label", "column", "column_title", "statistic", "value", "printed", "stars", "data")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def to_csv(table: Table) -> str:
    """Return the table as CSV text with a byte-order mark, so that spreadsheets read the Chinese.

    `value` is the shortest decimal that gives the stored double back; `printed` has the rounding, the
    parentheses and a typographic minus. Texts that a spreadsheet would run as a formula get an apostrophe.
    """
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(FIELDS)
    titles = table.column_titles
    label = ""
    for row in table.rows:
        label = row.label or label
        if row.label and all(cell.printed == "" for cell in row.cells):  # the line itself says something
            writer.writerow([safe(row.key), safe(label), "", "", row.statistic, "", "", "", table.mark])
        for position, cell in enumerate(row.cells):
            if cell.printed == "":
                continue
            writer.writerow(
                [
                    safe(row.key),
                    safe(label),
                    safe(table.columns[position]),
                    safe(titles[position]),
                    row.statistic,
                    "" if cell.value is None else repr(cell.value),
                    safe(cell.printed),
                    cell.stars,
                    table.mark,
                ]
            )
    return "\N{ZERO WIDTH NO-BREAK SPACE}" + target.getvalue()


def safe(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
