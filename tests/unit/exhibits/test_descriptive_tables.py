"""Tables of moments and correlations."""

from dataclasses import replace
from typing import Any

import pytest

from citypanel.errors import DeclarationError
from citypanel.exhibits.render import render_table
from citypanel.result import ColumnResult, Record, TermResult


def test_moments_are_rounded_and_counts_are_whole(described: tuple[Record, dict[str, Any]]) -> None:
    record, exhibit = described
    table = render_table([record], exhibit, "zh")
    assert [head.text for head in table.heads[0]] == ["观测值", "均值", "标准差", "最小值", "中位数", "最大值"]
    assert [cell.printed for cell in table.rows[0].cells] == ["410", "12.876", "0.387", "11.883", "12.888", "14.049"]
    assert [cell.printed for cell in table.rows[1].cells] == ["12,410", "4.271", "1.660", "0.000", "", "8.064"]


def test_moments_by_group_stand_one_group_a_row_below_their_variables(
    described: tuple[Record, dict[str, Any]],
) -> None:
    rows = [
        {"variable": name, "group": year, "n": 3, "sd": sd + year - 2011, "cv": sd / 2}
        for name, sd in (("quality", 0.25), ("inno", 1.5))
        for year in (2011, 2012)
    ]
    record = Record(
        "describe", "", (ColumnResult("1", "", 6, stats={"by": "year"}),), curves={"describe": rows}, analysis="a"
    )
    exhibit = {**described[1], "statistics": ["sd", "cv"], "keep": ["inno", "quality"]}
    table = render_table([record], exhibit, "en")
    assert [(head.text, head.span) for head in table.heads[0]] == [
        ("Innovation cooperation", 2),
        ("Export product quality", 2),
    ]
    assert [head.text for head in table.heads[1]] == ["SD", "CV", "SD", "CV"]
    assert table.stub == "Year"
    assert [[row.label, *(cell.printed for cell in row.cells)] for row in table.rows] == [
        ["2011", "1.500", "0.750", "0.250", "0.125"],
        ["2012", "2.500", "0.750", "1.250", "0.125"],
    ]
    with pytest.raises(DeclarationError, match="key 'keep': 'gdp' is not described; quality, inno are"):
        render_table([record], {**exhibit, "keep": ["gdp"]}, "en")


def test_a_moment_that_was_not_computed_is_refused(described: tuple[Record, dict[str, Any]]) -> None:
    record, exhibit = described
    with pytest.raises(DeclarationError, match="'kurtosis' is not described; allowed: n, mean, sd"):
        render_table([record], {**exhibit, "statistics": ["kurtosis"]}, "en")


def test_the_wrong_method_is_named(record: Record, described: tuple[Record, dict[str, Any]]) -> None:
    with pytest.raises(DeclarationError, match="needs an analysis of method 'describe'; it was given baseline"):
        render_table([record], described[1], "en")


def test_correlations_fill_the_lower_triangle_and_vif_stands_beneath(
    correlated: tuple[list[Record], dict[str, Any]],
) -> None:
    records, exhibit = correlated
    table = render_table(records, exhibit, "en")
    assert [[row.label, *(cell.printed for cell in row.cells)] for row in table.rows] == [
        ["(1) Export product quality", "1", "", ""],
        ["(2) Innovation cooperation", "0.6092*", "1", ""],
        ["(3) Economic development", "0.5531", "0.8884*", "1"],
        ["VIF", "", "1.50", "2.50"],
        ["Mean VIF", "2.00", "", ""],
    ]
    assert "410 observations." in table.notes
    assert "* p < 0.05." in table.notes


def test_a_triangle_without_diagonal_gives_the_same_table(correlated: tuple[list[Record], dict[str, Any]]) -> None:
    records, exhibit = correlated
    order = ("quality", "inno", "gdp")
    lower = [
        row
        for row in records[0].curves["correlation"]
        if order.index(str(row["row"])) > order.index(str(row["column"]))
    ]
    half = replace(records[0], curves={"correlation": lower})
    assert render_table([half, records[1]], exhibit, "en").rows == render_table(records, exhibit, "en").rows


def test_factors_of_a_variable_outside_the_matrix_are_refused(
    correlated: tuple[list[Record], dict[str, Any]],
) -> None:
    records, exhibit = correlated
    stray = Record("vif", "", (ColumnResult("1", "", 1, terms=(TermResult("tech", 1.0),)),))
    with pytest.raises(DeclarationError, match="variance inflation factors of tech: not in the correlation table"):
        render_table([records[0], stray], exhibit, "en")
