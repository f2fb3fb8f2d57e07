"""Notes are written from the record."""

import math
from dataclasses import replace
from typing import Any

from citypanel.exhibits.render import render_table
from citypanel.exhibits.stated import by_column, ranges
from citypanel.result import Record

REGHDFE = (
    "Standard errors in parentheses: clustered by city, 41 clusters, small-sample correction of reghdfe, "
    "t distribution with 40 degrees of freedom."
)
HC3 = {"type": "hetero", "hc": "HC3", "ssc": "reghdfe", "df": 396}


def test_an_inferred_specification_is_called_so_in_both_languages(record: Record, exhibit: dict[str, Any]) -> None:
    inferred = {**exhibit, "inferred": True}
    english, chinese = (render_table([record], inferred, language).notes for language in ("en", "zh"))
    assert any("inferred, as the study’s README says." in note for note in english)
    assert any("系推断所得" in note for note in chinese)
    assert not any("inferred" in note for note in render_table([record], exhibit, "en").notes)


def test_the_note_says_parentheses_variance_stars_and_sample(record: Record, exhibit: dict[str, Any]) -> None:
    assert render_table([record], exhibit, "en").notes == (
        REGHDFE,
        "* p < 0.1, ** p < 0.05, *** p < 0.01.",
        "Sample: 2011–2020, 41 units, 10 periods.",
    )
    assert render_table([record], {**exhibit, "parentheses": "t"}, "zh").notes == (
        "括号内为 t 统计量。",
        "标准误：按城市聚类，41 个聚类，小样本校正规则：reghdfe，t 分布，自由度 40。",
        "* p < 0.1, ** p < 0.05, *** p < 0.01。",
        "样本：2011–2020 年，41 个个体，10 个时期。",
    )


def test_columns_that_differ_in_variance_are_told_apart(record: Record, exhibit: dict[str, Any]) -> None:
    last = replace(record.columns[2], vcov=HC3, clusters=None)
    notes = render_table([record.with_columns([*record.columns[:2], last])], exhibit, "en").notes
    assert notes[0] == "Standard errors in parentheses."
    assert notes[1] == (
        "Standard errors: columns (1)–(2): clustered by city, 41 clusters, small-sample correction of reghdfe, "
        "t distribution with 40 degrees of freedom; column (3): heteroskedasticity-robust (HC3), "
        "small-sample correction of reghdfe, t distribution with 396 degrees of freedom."
    )


def test_without_degrees_of_freedom_the_statistic_is_z(record: Record, exhibit: dict[str, Any]) -> None:
    column = replace(
        record.columns[0], vcov={"type": "cluster", "by": ["city", "year"], "groups": [41, 10], "df": math.inf}
    )
    notes = render_table([record.with_columns([column])], {**exhibit, "parentheses": "t"}, "en").notes
    assert notes[0] == "z statistics in parentheses."
    assert notes[1] == "Standard errors: clustered by city and year, 41 and 10 clusters, normal distribution."


def test_a_shown_f_of_all_terms_says_what_it_tests(record: Record, exhibit: dict[str, Any]) -> None:
    last = replace(record.columns[2], stats={**record.columns[2].stats, "f": 520.8, "f_terms": "all"})
    both = record.with_columns([*record.columns[:2], last])
    sentence = "Column (3): F tests all terms, the dummies of the fixed effects included."
    assert sentence in render_table([both], {**exhibit, "statistics": ["n", "f"]}, "en").notes
    assert sentence not in render_table([both], {**exhibit, "statistics": ["n"]}, "en").notes


def test_restrictions_singletons_warnings_and_the_declared_note_are_said(
    record: Record, exhibit: dict[str, Any]
) -> None:
    column = replace(record.columns[0], where="year >= 2013", stats={**record.columns[0].stats, "singletons": 3})
    told = replace(
        record.with_columns([column]),
        warnings=("3 rows left out: alone in a fixed effect (singletons)", "the bread is ill-conditioned"),
    )
    notes = render_table([told], {**exhibit, "note": {"en": "As in the paper", "zh": "同原文。"}}, "en").notes
    assert notes[0] == "As in the paper."
    assert "Rows with year ≥ 2013." in notes
    assert "Singleton rows dropped: 3." in notes
    assert sum("ingleton" in note for note in notes) == 1
    assert notes[-1] == "Warning: the bread is ill-conditioned."


def test_frequent_warnings_are_said_in_the_readers_language_with_labels(
    record: Record, exhibit: dict[str, Any]
) -> None:
    warnings = (
        "left out as collinear: gdp, tech",
        "12 rows left out: inno is missing or not defined",
        "5 rows left out: a variable is missing",
        "the bread is ill-conditioned",
    )
    told = replace(record, warnings=warnings)
    assert render_table([told], exhibit, "en").notes[-4:] == (
        "Left out as collinear: Economic development, tech.",
        "12 rows left out: Innovation cooperation is missing or not defined.",
        "5 rows left out: a variable is missing.",
        "Warning: the bread is ill-conditioned.",
    )
    assert render_table([told], exhibit, "zh").notes[-4:] == (
        "因共线略去：经济发展水平、tech。",
        "剔除 12 行：创新合作缺失或无定义。",
        "剔除 5 行：有变量缺失。",
        "提示：“the bread is ill-conditioned”。",
    )


def test_the_years_of_the_columns_win_over_the_declared_ones(record: Record, exhibit: dict[str, Any]) -> None:
    shorter = record.with_columns([replace(column, years=(2012, 2016)) for column in record.columns])
    assert "Sample: 2012–2016, 41 units, 10 periods." in render_table([shorter], exhibit, "en").notes
    single = record.with_columns(
        [replace(column, years=(2012, 2012), periods=1, where="year == 2012") for column in record.columns]
    )
    notes = render_table([single], exhibit, "en").notes
    assert "Sample: 2012, 41 units, 1 period." in notes
    assert not any("rows with" in note for note in notes)


def test_columns_of_other_years_are_told_apart_and_their_condition_is_not_said_twice(
    record: Record, exhibit: dict[str, Any]
) -> None:
    whole = replace(record.columns[0], years=(2011, 2020))
    part = replace(record.columns[1], years=(2011, 2016), periods=6, where='year <= 2016 and east == 1 and name != "a"')
    labels = {**exhibit["labels"], "east": {"en": "In the east", "zh": "东部"}}
    columns = record.with_columns([whole, part])
    english, chinese = (render_table([columns], {**exhibit, "labels": labels}, each).notes for each in ("en", "zh"))
    assert "Sample: column (1): 2011–2020, 41 units, 10 periods; column (2): 2011–2016, 41 units, 6 periods." in english
    assert "Column (2): rows with in the east = 1, name ≠ a." in english
    assert "第 (2) 列：样本限定：东部 = 1，name ≠ a。" in chinese


def test_warnings_of_one_record_among_several_name_its_columns(record: Record, exhibit: dict[str, Any]) -> None:
    warned = replace(record, warnings=("2 rows left out: a variable is missing",))
    notes = render_table([warned, record], exhibit, "en").notes
    assert "Columns (1)–(3): 2 rows left out: a variable is missing." in notes
    assert "2 rows left out: a variable is missing." in render_table([warned, warned], exhibit, "en").notes


def test_simulated_data_are_marked_in_title_and_note(simulated: Record, exhibit: dict[str, Any]) -> None:
    english, chinese = (render_table([simulated], exhibit, language) for language in ("en", "zh"))
    assert english.caption == "Baseline regression (simulated data)"
    assert chinese.caption == "多元回归分析表（模拟数据）"
    assert "simulated data" in english.notes[-1]
    assert "模拟数据" in chinese.notes[-1]


def test_one_simulated_record_among_real_ones_marks_the_table(
    record: Record, simulated: Record, exhibit: dict[str, Any]
) -> None:
    assert render_table([record, simulated], exhibit, "en").simulated


def test_column_numbers_are_joined_to_ranges() -> None:
    assert ranges([1, 2, 3, 5, 7, 8]) == "(1)–(3), (5), (7)–(8)"
    assert by_column(["a", "", "a"], "en") == "Columns (1), (3): a"
    assert by_column(["", ""], "en") == ""


def test_columns_that_differ_only_in_counts_share_one_sentence(record: Record, exhibit: dict[str, Any]) -> None:
    dfs = (40, 38, 40)
    columns = [
        replace(column, clusters=df + 1, vcov={**column.vcov, "df": df, "groups": [df + 1]})
        for column, df in zip(record.columns, dfs, strict=True)
    ]
    notes = [render_table([record.with_columns(columns)], exhibit, language).notes[0] for language in ("en", "zh")]
    assert notes[0] == (
        "Standard errors in parentheses: clustered by city, 41, 39, 41 clusters, small-sample correction of reghdfe, "
        "t distribution with 40, 38, 40 degrees of freedom, in the order of the columns."
    )
    assert notes[1] == (
        "括号内为标准误：按城市聚类，41、39、41 个聚类，小样本校正规则：reghdfe，"
        "t 分布，自由度 40、38、40，按列序排列。"
    )


def test_the_correction_of_two_step_gmm_is_said(record: Record, exhibit: dict[str, Any]) -> None:
    vcov = {"type": "cluster", "by": ["city"], "correction": "windmeijer", "df": None}
    notes = render_table([record.with_columns([replace(record.columns[0], vcov=vcov)])], exhibit, "en").notes
    assert notes[0] == (
        "Standard errors in parentheses: clustered by city, 41 clusters, two-step with Windmeijer's correction, "
        "normal distribution."
    )


def test_kinds_of_variance_are_told_apart_and_their_counts_listed(record: Record, exhibit: dict[str, Any]) -> None:
    columns = [
        replace(record.columns[0], vcov={**HC3, "df": 359}, clusters=None),
        replace(record.columns[1], vcov={**HC3, "df": 350}, clusters=None),
        record.columns[2],
    ]
    notes = render_table([record.with_columns(columns)], exhibit, "en").notes
    assert notes[1] == (
        "Standard errors: columns (1)–(2): heteroskedasticity-robust (HC3), small-sample correction of reghdfe, "
        "t distribution with 359, 350 degrees of freedom, in the order of the columns; column (3): clustered by city, "
        "41 clusters, small-sample correction of reghdfe, t distribution with 40 degrees of freedom."
    )


def test_counts_of_rows_left_out_for_one_reason_are_listed_in_the_order_of_the_columns(
    record: Record, exhibit: dict[str, Any]
) -> None:
    texts = ("28 rows left out: gdp is missing", "left out as collinear: inno", "5 rows left out: gdp is missing")
    own = [texts[:2], (), texts[2:]]
    columns = [replace(column, warnings=each) for column, each in zip(record.columns, own, strict=True)]
    told = replace(record.with_columns(columns), warnings=texts)
    assert render_table([told], exhibit, "en").notes[-2:] == (
        "28, 0, 5 rows left out: Economic development is missing, in the order of the columns.",
        "Column (1): Left out as collinear: Innovation cooperation.",
    )
    assert "剔除 28、0、5 行：经济发展水平缺失，按列序排列。" in render_table([told], exhibit, "zh").notes


def test_a_warning_of_every_column_names_none(record: Record, exhibit: dict[str, Any]) -> None:
    text = "2 rows left out: a variable is missing"
    columns = [replace(column, warnings=(text,)) for column in record.columns]
    told = replace(record.with_columns(columns), warnings=(text,))
    assert render_table([told], exhibit, "en").notes[-1] == "2 rows left out: a variable is missing."
