"""Regression tables as objects."""

from dataclasses import replace
from typing import Any

import pytest

from citypanel.errors import DeclarationError, InputError
from citypanel.exhibits.render import render_table
from citypanel.exhibits.table import Cell, Head, Row, Table
from citypanel.result import Record, TermResult


def printed(table: Table) -> list[list[str]]:
    return [[row.label, *(cell.printed for cell in row.cells)] for row in table.rows]


def test_the_papers_table_comes_out_as_printed_with_t_statistics(record: Record, exhibit: dict[str, Any]) -> None:
    table = render_table([record], {**exhibit, "parentheses": "t"}, "en")
    assert printed(table) == [
        ["Innovation cooperation", "0.030***", "0.032***", "0.018**"],
        ["", "(3.30)", "(3.97)", "(2.33)"],
        ["Economic development", "", "0.593***", "−0.005"],
        ["", "", "(9.07)", "(−0.36)"],
        ["Constant", "13.062***", "−1.762**", "4.784***"],
        ["", "(185.45)", "(−2.19)", "(10.48)"],
        ["City fixed effects", "Yes", "Yes", "No"],
        ["Year fixed effects", "Yes", "No", "No"],
        ["Observations", "410", "410", "410"],
        ["R²", "0.969", "0.963", "0.909"],
        ["Within R²", "0.100", "", ""],
        ["F", "278.4", "274.5", "371.9"],
    ]
    assert table.heads == ((Head("Export product quality", 3),), (Head("(1)"), Head("(2)"), Head("(3)")))


def test_both_languages_hold_the_same_numbers(record: Record, exhibit: dict[str, Any]) -> None:
    english, chinese = (render_table([record], exhibit, language) for language in ("en", "zh"))
    numbers = [[[cell.value for cell in row.cells] for row in table.rows] for table in (english, chinese)]
    assert numbers[0] == numbers[1]
    assert chinese.title == "多元回归分析表"
    assert [row.label for row in chinese.groups[1]] == ["城市固定效应", "年份固定效应"]


def test_standard_errors_are_the_default_and_p_values_a_choice(record: Record, exhibit: dict[str, Any]) -> None:
    automatic = render_table([record], exhibit, "en").rows[1]
    assert automatic.statistic == "se"
    assert automatic.cells[0].printed == "(0.009)"
    assert render_table([record], {**exhibit, "parentheses": "p"}, "en").rows[1].cells[0].printed == "(0.002)"


def test_terms_are_kept_omitted_and_ordered_as_declared(record: Record, exhibit: dict[str, Any]) -> None:
    shown = render_table([record], {**exhibit, "order": ["gdp"], "omit": ["Intercept"]}, "en").groups[0]
    assert [row.key for row in shown] == ["gdp", "gdp", "inno", "inno"]
    kept = render_table([record], {**exhibit, "keep": ["inno"]}, "en").groups[0]
    assert [row.key for row in kept] == ["inno", "inno"]


@pytest.mark.parametrize(("key", "value"), [("keep", ["inn"]), ("order", ["x"]), ("statistics", ["r3"])])
def test_an_unknown_term_or_statistic_is_refused_with_place_and_choices(
    record: Record, exhibit: dict[str, Any], key: str, value: list[str]
) -> None:
    with pytest.raises(DeclarationError, match=f"study yrd_cooperation, exhibit 'table4', key '{key}': '{value[0]}'"):
        render_table([record], {**exhibit, key: value}, "en")


def test_unknown_kinds_languages_and_missing_records_are_refused(record: Record, exhibit: dict[str, Any]) -> None:
    with pytest.raises(DeclarationError, match="key 'kind': 'pie' is no table; allowed: regression, descriptives"):
        render_table([record], {**exhibit, "kind": "pie"}, "en")
    with pytest.raises(DeclarationError, match="language 'fr' is unknown; allowed: en, zh"):
        render_table([record], exhibit, "fr")
    with pytest.raises(InputError, match="exhibit 'table4': no result record was given"):
        render_table([], exhibit, "en")


def test_a_term_without_estimate_says_omitted_and_the_note_says_why(record: Record, exhibit: dict[str, Any]) -> None:
    first = record.columns[0]
    dropped = replace(first, terms=(*first.terms, TermResult("gdp", None)))
    table = render_table([record.with_columns([dropped, *record.columns[1:]])], exhibit, "en")
    assert table.rows[2].cells[0].printed == "omitted"
    assert table.rows[3].cells[0].printed == ""
    assert "Omitted: the term is not identified in that column." in table.notes


def test_missing_errors_and_p_values_leave_cells_empty_and_give_no_stars(
    record: Record, exhibit: dict[str, Any]
) -> None:
    bare = replace(record.columns[0], terms=(TermResult("inno", 0.5, None, None, None),))
    table = render_table([record.with_columns([bare])], {**exhibit, "parentheses": "se"}, "en")
    assert [row.cells[0].printed for row in table.groups[0]] == ["0.500", ""]


def test_star_levels_are_strict_and_as_declared(record: Record, exhibit: dict[str, Any]) -> None:
    terms = tuple(TermResult(f"x{i}", 1.0, 1.0, 1.0, p) for i, p in enumerate((0.05, 0.0499, 0.01, 0.001)))
    table = render_table(
        [record.with_columns([replace(record.columns[0], terms=terms)])],
        {**exhibit, "stars": [0.05, 0.01]},
        "en",
    )
    assert [row.cells[0].stars for row in table.groups[0] if row.statistic == "estimate"] == ["", "*", "*", "**"]
    assert "* p < 0.05, ** p < 0.01." in table.notes


def test_labels_are_built_for_interactions_lags_and_spatial_lags(record: Record, exhibit: dict[str, Any]) -> None:
    names = ("inno:gdp", "L1.quality", "W.inno", "log1p(gdp)", "rho", "unknown_name", "year::2012", "year::2012:gdp")
    column = replace(record.columns[0], terms=tuple(TermResult(name, 1.0) for name in names))
    column = replace(column, fixed_effects=())
    labels = [row.label for row in render_table([record.with_columns([column])], exhibit, "zh").groups[0][::2]]
    assert labels == [
        "创新合作 × 经济发展水平",
        "出口产品质量（滞后1期）",
        "W × 创新合作",
        "ln(1 + 经济发展水平)",
        "ρ",
        "unknown_name",
        "年份 = 2012",
        "年份 = 2012 × 经济发展水平",
    ]


def test_dummies_of_an_effect_stand_in_its_row_of_yes_and_no(record: Record, exhibit: dict[str, Any]) -> None:
    terms = tuple(TermResult(name, 1.0) for name in ("inno", "year::2012", "year::2012:gdp"))
    column = replace(record.columns[0], terms=terms, fixed_effects=("city", "year"))
    table = render_table([record.with_columns([column])], exhibit, "en")
    assert [row.key for row in table.groups[0][::2]] == ["inno", "year::2012:gdp"]
    assert [row.key for row in table.groups[1]] == ["fe:city", "fe:year"]


def test_column_labels_span_neighbours_and_outcomes_span_their_runs(record: Record, exhibit: dict[str, Any]) -> None:
    east, west = {"en": "East", "zh": "东部"}, {"en": "West", "zh": "西部"}
    other = replace(record.columns[2], outcome="gdp")
    table = render_table(
        [record.with_columns([*record.columns[:2], other])],
        {**exhibit, "columns": {"baseline": [east, east, west]}},
        "zh",
    )
    assert table.heads[0] == (Head("出口产品质量", 2), Head("经济发展水平", 1))
    assert table.heads[1] == (Head("东部", 2), Head("西部", 1))


def test_quantile_columns_take_the_label_of_the_column_they_come_from(record: Record, exhibit: dict[str, Any]) -> None:
    columns = [replace(record.columns[0], column=f"1.{q}") for q in (0.25, 0.5)]
    labels = {"columns": {"baseline": [{"en": "All cities", "zh": "全部"}]}}
    assert render_table([record.with_columns(columns)], {**exhibit, **labels}, "en").heads[1] == (
        Head("All cities", 2),
    )


def test_several_records_stand_side_by_side(record: Record, exhibit: dict[str, Any]) -> None:
    table = render_table([record, record], exhibit, "en")
    assert table.columns == tuple("123456")
    assert table.rows[0].cells[:3] == table.rows[0].cells[3:]


def test_a_row_that_does_not_fill_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="a table of 2 columns has lines of"):
        Table(
            "regression", "en", "", "", ((Head("", 2),),), ((Row("a", (Cell("1"),), "a", "n"),),), (), ("1", "2"), False
        )


def split_record(record: Record) -> Record:
    first, second, _ = record.columns
    tested = {"split_term": "inno", "equality_p": 0.012}
    columns = (
        replace(first, where='year <= 2016 and coastal == "1"', stats={"split": "coastal", "group": "1"}),
        replace(second, where='year <= 2016 and coastal == "0"', stats={"split": "coastal", "group": "0", **tested}),
    )
    return record.with_columns(columns)


def test_a_split_never_stands_without_its_test(record: Record, exhibit: dict[str, Any]) -> None:
    table = render_table([split_record(record)], {**exhibit, "statistics": ["n"]}, "en")
    assert printed(table)[-1] == ["Equal coefficients (p)", "", "0.012"]
    note = " ".join(table.notes)
    assert "the coefficient of Innovation cooperation is the same in all columns of a split" in note
    assert "Rows with year ≤ 2016." in note
    assert "coastal" not in note


def test_the_note_on_a_split_is_chinese_in_chinese_tables(record: Record, exhibit: dict[str, Any]) -> None:
    table = render_table([split_record(record)], {**exhibit, "statistics": ["n"]}, "zh")
    assert printed(table)[-1][0] == "组间系数相等检验（p 值）"
    assert any("同一分组各列的创新合作系数相等" in note for note in table.notes)


def test_cautions_of_indicators_stand_in_the_note(record: Record, exhibit: dict[str, Any]) -> None:
    cautions = [{"en": "It tells of growth", "zh": "反映的是增长"}]
    assert "It tells of growth." in render_table([record], {**exhibit, "cautions": cautions}, "en").notes
    assert "反映的是增长。" in render_table([record], {**exhibit, "cautions": cautions}, "zh").notes
