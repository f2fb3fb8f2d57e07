"""A plain one-sheet xlsx whose bytes depend on its cells only: no clock, no author, no library version."""

import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

STAMP = (2020, 1, 1, 0, 0, 0)
CLOCK = "2020-01-01T00:00:00Z"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
CORE = "http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
DATES = 'xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

Cell = str | int | float | None


def write_workbook(path: Path, sheet: str, rows: Iterable[Sequence[Cell]]) -> None:
    """Write rows of text, numbers and empty cells to one sheet; floats keep all their digits."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in _parts(sheet):
            _add(archive, name, text)
        _add(archive, "xl/worksheets/sheet1.xml", _sheet(rows))


def _add(archive: zipfile.ZipFile, name: str, text: str) -> None:
    entry = zipfile.ZipInfo(name, date_time=STAMP)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3
    archive.writestr(entry, text.encode("utf-8"), compresslevel=6)


def _sheet(rows: Iterable[Sequence[Cell]]) -> str:
    body = "".join(f'<row r="{r}">{_cells(r, row)}</row>' for r, row in enumerate(rows, start=1))
    return f'{HEAD}<worksheet xmlns="{MAIN}"><sheetData>{body}</sheetData></worksheet>'


def _cells(number: int, row: Sequence[Cell]) -> str:
    return "".join(
        f'<c r="{column_name(c)}{number}" t="inlineStr"><is><t xml:space="preserve">{escape(v)}</t></is></c>'
        if isinstance(v, str)
        else f'<c r="{column_name(c)}{number}"><v>{v!r}</v></c>'
        for c, v in enumerate(row)
        if v is not None
    )


def column_name(index: int) -> str:
    """Return the letters of a column counted from zero: A, B, ..., Z, AA."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name


def _parts(sheet: str) -> list[tuple[str, str]]:
    def relation(number: int, kind: str, target: str) -> str:
        return f'<Relationship Id="rId{number}" Type="{kind}" Target="{target}"/>'

    overrides = "".join(
        f'<Override PartName="{part}" ContentType="{kind}"/>'
        for part, kind in (
            ("/xl/workbook.xml", f"{SPREADSHEET}.sheet.main+xml"),
            ("/xl/worksheets/sheet1.xml", f"{SPREADSHEET}.worksheet+xml"),
            ("/docProps/core.xml", "application/vnd.openxmlformats-package.core-properties+xml"),
        )
    )
    defaults = (
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
    )
    core_kind = "http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties"
    roots = relation(1, f"{OFFICE}/officeDocument", "xl/workbook.xml") + relation(2, core_kind, "docProps/core.xml")
    target = relation(1, f"{OFFICE}/worksheet", "worksheets/sheet1.xml")
    sheets = f'<sheets><sheet name="{escape(sheet)}" sheetId="1" r:id="rId1"/></sheets>'
    stamps = "".join(
        f'<dcterms:{name} xsi:type="dcterms:W3CDTF">{CLOCK}</dcterms:{name}>' for name in ("created", "modified")
    )
    return [
        ("[Content_Types].xml", f'{HEAD}<Types xmlns="{TYPES}">{defaults}{overrides}</Types>'),
        ("_rels/.rels", f'{HEAD}<Relationships xmlns="{RELATIONS}">{roots}</Relationships>'),
        (
            "docProps/core.xml",
            f'{HEAD}<cp:coreProperties xmlns:cp="{CORE}" {DATES}>{stamps}</cp:coreProperties>',
        ),
        ("xl/workbook.xml", f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{sheets}</workbook>'),
        (
            "xl/_rels/workbook.xml.rels",
            f'{HEAD}<Relationships xmlns="{RELATIONS}">{target}</Relationships>',
        ),
    ]
