"""CSV, Excel, Word and HTML: numbers, texts, safety, stable bytes."""

import csv
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pytest
from docx.oxml.ns import qn

from citypanel.errors import DeclarationError
from citypanel.exhibits.csv_ import to_csv
from citypanel.exhibits.excel import number_format, to_excel
from citypanel.exhibits.html import to_html
from citypanel.exhibits.render import render_table, write_table_files
from citypanel.exhibits.table import number
from citypanel.exhibits.word import to_word
from citypanel.result import Record, TermResult

Spoil = Callable[[dict[str, Any]], dict[str, Any]]
FORMATS = ("tex", "csv", "html", "xlsx", "docx")


def test_csv_keeps_the_full_number_beside_the_printed_one(record: Record, exhibit: dict[str, Any]) -> None:
    column = replace(record.columns[0], terms=(TermResult("inno", 1 / 30, 0.1 / 3, -1.0, 0.04),))
    text = to_csv(render_table([record.with_columns([column])], exhibit, "en"))
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}"))))
    assert float(rows[0]["value"]) == 1 / 30
    assert (rows[0]["printed"], rows[0]["stars"], rows[0]["statistic"]) == ("0.033**", "**", "estimate")
    assert (rows[1]["label"], rows[1]["printed"], rows[1]["statistic"]) == ("Innovation cooperation", "(0.033)", "se")
    assert rows[0]["column_title"] == "Export product quality (1)"


def test_no_cell_of_the_csv_starts_a_formula(record: Record, exhibit: dict[str, Any], hostile: Spoil) -> None:
    text = to_csv(render_table([record], hostile(exhibit), "en")).removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
    for row in csv.DictReader(io.StringIO(text)):
        assert not any(row[key].startswith(("=", "+", "-", "@", "\t")) for key in row if key != "value")


def test_excel_cells_are_numbers_whose_format_carries_the_rounding(record: Record, exhibit: dict[str, Any]) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(to_excel(render_table([record], exhibit, "zh")))).active
    by_label = {row[0].value: row for row in sheet.iter_rows() if row[0].value}
    estimate = by_label["创新合作"][1]
    assert estimate.value == 0.03
    assert estimate.number_format == '0.000"***";-0.000"***"'
    assert by_label["观测值"][1].value == 410
    assert by_label["城市固定效应"][3].value == "否"


def test_excel_never_shows_minus_zero_and_groups_as_printed() -> None:
    assert number_format(number(-0.0001, 3, stars="*")) == '0.000"*";0.000"*"'
    assert number_format(number(-12345.6, 1)) == "#,##0.0;-#,##0.0"
    assert number_format(number(-0.5, 2, parenthesised=True)) == '"("0.00")";"("-0.00")"'


def test_excel_stores_a_label_that_looks_like_a_formula_as_text(
    record: Record, exhibit: dict[str, Any], hostile: Spoil
) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(to_excel(render_table([record], hostile(exhibit), "zh")))).active
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)


def test_word_is_a_three_line_table_with_east_asian_fonts_decimal_tabs_and_repeated_heads(
    record: Record, exhibit: dict[str, Any]
) -> None:
    document = docx.Document(io.BytesIO(to_word(render_table([record], exhibit, "zh"))))
    grid = document.tables[0]
    xml = grid._tbl.xml
    edges = [
        [edge.tag for edge in grid.rows[line].cells[1]._tc.iter() if edge.tag in (qn("w:top"), qn("w:bottom"))]
        for line in range(len(grid.rows))
    ]
    ruled = {line: [tag.rpartition("}")[2] for tag in tags] for line, tags in enumerate(edges) if tags}
    assert ruled == {0: ["top"], 1: ["bottom"], len(grid.rows) - 1: ["bottom"]}
    assert 'w:eastAsia="宋体"' in xml
    assert 'w:val="decimal"' in xml
    assert xml.count("<w:tblHeader") == 2
    assert [cell.text for cell in grid.rows[2].cells] == ["创新合作", "0.030***", "0.032***", "0.018**"]


def test_short_labels_in_word_have_room_in_a_wider_font_too(described: tuple[Record, dict[str, Any]]) -> None:
    rows = [{"variable": "quality", "group": year, "n": 3, "mean": 10.5} for year in (2011, 2012)]
    grouped = replace(described[0], curves={"describe": rows})
    table = render_table([grouped], {**described[1], "statistics": ["mean"]}, "en")
    grid = docx.Document(io.BytesIO(to_word(table))).tables[0]
    # A digit of DejaVu Serif, which stands in where there is no Times, is 0.636 of its size wide; 3 pt at either side.
    assert grid.columns[0].width.pt >= 4 * 0.636 * 10.5 + 2 * 3.0


def test_word_turns_the_page_for_many_columns(record: Record, exhibit: dict[str, Any]) -> None:
    section = docx.Document(io.BytesIO(to_word(render_table([record] * 4, exhibit, "en")))).sections[0]
    assert section.page_width > section.page_height


class Outline(HTMLParser):
    """Counts tags and keeps scopes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.scopes: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.scopes += [value or "" for name, value in attrs if name == "scope"]


def test_html_is_self_contained_and_its_heads_have_scopes(simulated: Record, exhibit: dict[str, Any]) -> None:
    page = to_html(render_table([simulated], exhibit, "zh"))
    outline = Outline()
    outline.feed(page)
    assert '<html lang="zh-Hans">' in page
    assert {"script", "link", "img"}.isdisjoint(outline.tags)
    assert outline.scopes.count("colgroup") == 1
    assert outline.scopes.count("col") == 3
    assert outline.scopes.count("row") == 3 + 2 + 4
    assert "模拟数据" in page


def test_html_escapes_hostile_labels(record: Record, exhibit: dict[str, Any], hostile: Spoil) -> None:
    page = to_html(render_table([record], hostile(exhibit), "en"))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("language", ["en", "zh"])
def test_hostile_texts_and_empty_columns_pass_through_every_format(
    record: Record, exhibit: dict[str, Any], hostile: Spoil, language: str, tmp_path: Path
) -> None:
    empty = replace(record.columns[0], terms=(), stats={"r2": None}, fixed_effects=())
    wide = record.with_columns([*record.columns * 3, empty, empty, empty])
    table = render_table([wide], hostile(exhibit), language)
    assert len(table.columns) == 12
    write_table_files(table, {form: tmp_path / f"t.{form}" for form in FORMATS})
    assert sorted(path.suffix for path in tmp_path.iterdir()) == sorted(f".{form}" for form in FORMATS)


def test_every_format_says_that_data_are_simulated(simulated: Record, exhibit: dict[str, Any], tmp_path: Path) -> None:
    for language, mark in (("en", "simulated data"), ("zh", "模拟数据")):
        paths = {form: tmp_path / f"t_{language}.{form}" for form in FORMATS}
        write_table_files(render_table([simulated], exhibit, language), paths)
        for form in ("tex", "csv", "html"):
            assert mark in paths[form].read_text(encoding="utf-8")
        sheet = openpyxl.load_workbook(paths["xlsx"]).active
        assert mark in sheet.cell(1, 1).value
        assert mark in docx.Document(str(paths["docx"])).paragraphs[0].text


def test_an_unknown_format_writes_nothing(record: Record, exhibit: dict[str, Any], tmp_path: Path) -> None:
    table = render_table([record], exhibit, "en")
    with pytest.raises(DeclarationError, match="format 'pdf' is unknown; allowed: tex, csv, docx, xlsx, html"):
        write_table_files(table, {"tex": tmp_path / "t.tex", "pdf": tmp_path / "t.pdf"})
    assert list(tmp_path.iterdir()) == []


PROCESS = """
import sys
from pathlib import Path
from citypanel.exhibits.figures import draw_figure
from citypanel.exhibits.render import render_table, write_table_files
from citypanel.result import Record
import json
folder, into = Path(sys.argv[1]), Path(sys.argv[2])
exhibits = json.loads((folder / "exhibits.json").read_text(encoding="utf-8"))
table, figure = (Record.from_json((folder / f"{n}.json").read_text(encoding="utf-8")) for n in ("table", "figure"))
for language in ("en", "zh"):
    write_table_files(render_table([table], exhibits["table"], language),
                      {f: into / f"t_{language}.{f}" for f in ("tex", "csv", "html", "xlsx", "docx")})
draw_figure([figure], exhibits["figure"], "en", {f: into / f"f.{f}" for f in ("pdf", "png", "svg", "csv", "tex")})
"""


def test_two_processes_with_other_hash_seeds_write_the_same_bytes(
    simulated: Record, exhibit: dict[str, Any], event_record: Record, event_exhibit: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "table.json").write_text(simulated.to_json(), encoding="utf-8")
    (tmp_path / "figure.json").write_text(event_record.to_json(), encoding="utf-8")
    both = json.dumps({"table": exhibit, "figure": event_exhibit})
    (tmp_path / "exhibits.json").write_text(both, encoding="utf-8")
    contents = []
    for seed in ("0", "3"):
        into = tmp_path / seed
        command = [sys.executable, "-c", PROCESS, str(tmp_path), str(into)]
        subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": seed})
        contents.append({path.name: path.read_bytes() for path in sorted(into.iterdir())})
    assert len(contents[0]) == 15
    assert contents[0] == contents[1]


def test_no_date_of_making_is_in_the_office_files(record: Record, exhibit: dict[str, Any]) -> None:
    table = render_table([record], exhibit, "en")
    for package in (to_excel(table), to_word(table)):
        archive = zipfile.ZipFile(io.BytesIO(package))
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        stamps = re.findall(rb">(\d{4}-[^<]*)</dcterms", archive.read("docProps/core.xml"))
        assert set(stamps) == {b"2000-01-01T00:00:00Z"}
