"""The table of variables and the table of balance."""

import io
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pytest

from citypanel.errors import DeclarationError
from citypanel.exhibits.excel import to_excel
from citypanel.exhibits.html import to_html
from citypanel.exhibits.latex import to_latex
from citypanel.exhibits.render import render_table, write_table_files
from citypanel.exhibits.word import to_word
from citypanel.result import ColumnResult, Record

LONG = "Log of the share-weighted technological complexity of all exports by chapter of the Harmonised System"
VARIABLES: dict[str, Any] = {
    "study": "yrd_cooperation",
    "exhibit": "table1",
    "kind": "variables",
    "title": {"en": "Variables", "zh": "变量定义"},
    "labels": {"quality": {"en": "Export quality", "zh": "出口产品质量"}, "gdp": {"en": "GDP", "zh": "经济发展水平"}},
    "definitions": {"quality": {"en": LONG, "zh": "按 HS2 位编码计算" * 6}, "gdp": None},
}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_variables_are_listed_with_name_and_definition_without_a_record(language: str, tmp_path: Path) -> None:
    table = render_table([], VARIABLES, language)
    assert [row.label for row in table.rows] == ["quality", "gdp"]
    assert table.rows[0].cells[0].printed == VARIABLES["labels"]["quality"][language]
    assert table.rows[0].cells[1].printed == VARIABLES["definitions"]["quality"][language]
    assert table.rows[1].cells[1].printed == ""
    assert not table.simulated
    write_table_files(table, {form: tmp_path / f"t.{form}" for form in ("tex", "csv", "docx", "xlsx", "html")})
    assert len(list(tmp_path.iterdir())) == 5


def test_sentences_are_broken_into_lines_at_the_left() -> None:
    table = render_table([], VARIABLES, "en")
    assert r"\raggedright\arraybackslash}p{" in to_latex(table)
    assert '<td class="prose">' in to_html(table)
    sheet = openpyxl.load_workbook(io.BytesIO(to_excel(table))).active
    assert sheet.cell(3, 3).alignment.wrap_text
    assert sheet.cell(3, 3).alignment.horizontal == "left"
    section = docx.Document(io.BytesIO(to_word(table))).sections[0]
    assert section.page_width < section.page_height


def test_a_variable_that_is_not_declared_is_refused() -> None:
    with pytest.raises(DeclarationError, match="key 'keep': 'inno' is no variable of the study; allowed: quality, gdp"):
        render_table([], {**VARIABLES, "keep": ["inno"]}, "en")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_balance_is_set_before_and_after_matching(language: str) -> None:
    rows = [
        {
            "variable": "gdp",
            "sample": "before",
            "mean_treated": 17.04,
            "mean_control": 17.16,
            "bias": -12.34,
            "t": -1.25,
            "p": 0.21,
        },
        {
            "variable": "gdp",
            "sample": "after",
            "mean_treated": 17.09,
            "mean_control": 17.09,
            "bias": -0.3,
            "t": None,
            "p": None,
        },
    ]
    record = Record("psm_did", "", (ColumnResult("1", "quality", 396),), curves={"balance": rows})
    exhibit = {**VARIABLES, "kind": "balance"}
    table = render_table([record], exhibit, language)
    assert [cell.printed for cell in table.rows[0].cells] == [
        *("17.040", "17.160", "−12.3", "−1.25", "0.210"),
        *("17.090", "17.090", "−0.3", "", ""),
    ]
    assert [head.text for head in table.heads[0]] == {
        "en": ["Before matching", "After matching"],
        "zh": ["匹配前", "匹配后"],
    }[language]
