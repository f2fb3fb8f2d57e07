"""LaTeX fragments."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from citypanel.exhibits.characters import broken_lines
from citypanel.exhibits.latex import escaped, figure_fragment, latex_document, to_latex
from citypanel.exhibits.render import render_table
from citypanel.result import Record


@pytest.mark.parametrize(
    ("text", "tex"),
    [
        ("50% & R_D #1 $", r"50\% \& R\_D \#1 \$"),
        (r"\input{x}", r"\textbackslash{}input\{x\}"),
        ("~^<>|", r"\textasciitilde{}\textasciicircum{}\textless{}\textgreater{}\textbar{}"),
        ("[1] *", "{[}1{]} {*}"),
        ("a\n\tb\x00\x1b", "a b"),
        ("−0.5 × σ² 2011–2020", r"$-$0.5 $\times$ $\sigma$$^2$ 2011--2020"),
        ("创新合作", "创新合作"),
    ],
)
def test_every_special_character_is_printed_and_none_is_obeyed(text: str, tex: str) -> None:
    assert escaped(text) == tex


def test_the_fragment_has_three_rules_and_columns_of_exactly_the_numbers_width(
    record: Record, exhibit: dict[str, Any]
) -> None:
    tex = to_latex(render_table([record], {**exhibit, "parentheses": "t"}, "en"), "tab:table4")
    assert [tex.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 1, 1]
    assert r"\label{tab:table4}" in tex
    formats = re.findall(r"table-format=([-.\d]+)", tex)
    assert formats == ["3.3", "-3.3", "-3.3"]
    assert r"Innovation cooperation & 0.030{\sym{***}} & 0.032{\sym{***}} & 0.018{\sym{**}} \\" in tex
    assert r" &  & {(}9.07{)} & {(}-0.36{)} \\" in tex
    assert r"Observations & {410} & {410} & {410} \\" in tex


def test_a_column_of_counts_is_set_as_whole_numbers(described: tuple[Record, dict[str, Any]]) -> None:
    record, exhibit = described
    tex = to_latex(render_table([record], exhibit, "en"))
    assert re.findall(r"table-format=([-.\d]+)", tex)[0] == "5.0"
    assert "Innovation cooperation & 12410 & 4.271" in tex


def test_hostile_labels_stay_text(
    record: Record, exhibit: dict[str, Any], hostile: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    tex = to_latex(render_table([record], hostile(exhibit), "zh"), r"a}\input{b")
    assert r"\input{/" not in tex
    assert "\x07" not in tex
    assert r"\label{a--input-b}" in tex
    body = tex[tex.index(r"\midrule") : tex.index(r"\bottomrule")]
    assert all(len(re.findall(r"(?<!\\)&", line)) == 3 for line in body.splitlines() if line.endswith(r"\\"))


def test_a_wide_table_is_set_smaller_and_then_on_its_side(record: Record, exhibit: dict[str, Any]) -> None:
    upright = to_latex(render_table([record], exhibit, "en"))
    sideways = to_latex(render_table([record] * 4, exhibit, "en"))
    assert r"\begin{table}" in upright
    assert r"\begin{sidewaystable}" in sideways


def test_long_heads_are_broken_at_blanks_and_between_chinese_characters() -> None:
    assert broken_lines("Coastal provinces of the east", 14) == ["Coastal", "provinces of", "the east"]
    assert broken_lines("东部沿海各省份城市群", 14) == ["东部沿海各省份", "城市群"]
    assert broken_lines("short", 14) == ["short"]
    # No line begins with a closing bracket or ends with an opening one, and no character is lost.
    assert broken_lines("近邻匹配（1:3）", 12) == ["近邻匹配", "（1:3）"]
    assert broken_lines("（甲）乙丙，丁（", 6) == ["（甲）", "乙丙，", "丁（"]


def test_the_document_marks_simulated_data_on_every_page_and_names_chinese_floats() -> None:
    chinese = latex_document("研究 & 数据", ["tables/table4_zh.tex"], "zh", simulated=True)
    assert r"\fancyhead[C]{\textbf{模拟数据}}" in chinese
    assert r"\renewcommand{\tablename}{表}" in chinese
    assert r"研究 \& 数据" in chinese
    assert r"\input{tables/table4_zh.tex}" in chinese
    assert "fancyhdr" not in latex_document("", ["a.tex"], "en", simulated=False)


def test_a_figure_fragment_includes_the_picture_with_escaped_texts() -> None:
    tex = figure_fragment("100% _x_", ["Bars: 95% intervals."], "figure1_en.pdf", language="en", label="fig:figure1")
    assert r"\includegraphics[width=0.85\linewidth]{figure1_en.pdf}" in tex
    assert r"\caption{100\% \_x\_}" in tex
    assert r"Notes: Bars: 95\% intervals." in tex
