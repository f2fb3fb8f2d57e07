"""Section G on made-up papers: text that agrees, text that does not, and text without tables."""

import pytest

OK, BAD, OPEN = "consistent", "inconsistent", "not checkable"
TABLE = "4|(1)|x|coef|0.030|***\n4|(1)|x|t|3.3\n4|(1)|z|coef|-0.012\n4|(1)|z|t|-0.4\n4|(1)|Year FE|info|Yes\n"


@pytest.mark.parametrize(
    ("said", "row", "verdict"),
    [
        ("0.01 +", "x", OK), ("0.05 +", "x", BAD), ("0.01 -", "x", BAD), ("sig +", "x", OK), ("ns", "x", BAD),
        ("ns -", "z", OK), ("sig", "z", BAD), ("0.1", "z", BAD), ("0.01 +", "w", OPEN),
    ],
)  # fmt: skip
def test_levels_and_signs_of_the_text_are_those_of_the_cell(verdicts, said, row, verdict) -> None:
    assert verdicts("text_level", TABLE, f"level|{said}|4|(1)|{row}") == [verdict]


@pytest.mark.parametrize(
    ("said", "verdict"), [("0.030", OK), ("0.03", OK), ("0.031", BAD), ("0.04", BAD), ("soon", OPEN)]
)
def test_numbers_cited_in_the_text_are_those_of_the_cell(verdicts, said, verdict) -> None:
    assert verdicts("text_level", TABLE, f"cited|{said}|4|(1)|x") == [verdict]


def test_variables_are_defined_and_shown(verdicts) -> None:
    defined = "variable|one|||x\nvariable|two|||z"
    assert verdicts("variables_closed", TABLE, defined) == [OK, OK]
    assert verdicts("variables_closed", TABLE, "variable|one|||x") == [BAD, OK]
    assert verdicts("variables_closed", TABLE, defined + "\nvariable|three|||v") == [OK, OK, BAD]
    assert verdicts("variables_closed", "", defined) == [OPEN, OPEN]
    assert verdicts("variables_closed", TABLE, defined + "\nequation_level|firm\ndata_level|city") == [OK, OK, BAD]
    assert verdicts("variables_closed", TABLE + "4|(1)|L.x|coef|1\n4|(1)|_cons|coef|1\n4|(1)|iv|coef|1\n", defined) == [
        OK,
        OK,
    ]


def test_captions_match_what_the_table_holds(verdicts) -> None:
    assert verdicts("labels", TABLE, "caption|Baseline regression results|4") == [OK]
    assert verdicts("labels", TABLE, "caption|Correlation analysis table|4") == [BAD]
    assert verdicts("labels", TABLE, "caption|多元回归分析表|4") == [OK]
    assert verdicts("labels", TABLE, "caption|A table|4") == [OPEN]
    assert verdicts("labels", TABLE, "caption|Regression results|5") == [OPEN]


def test_effect_rows_carry_the_names_of_the_text(verdicts) -> None:
    assert verdicts("labels", TABLE, "effects|city; year|4") == [OK]
    assert verdicts("labels", TABLE + "4|(1)|Industry Effect|info|YES\n", "effects|city; year|4") == [OK, BAD]
    assert verdicts("labels", TABLE + "4|(1)|Id Effect|info|YES\n", "effects|city; year|4") == [OK, OK]


def test_tables_and_figures_that_are_cited_exist(verdicts) -> None:
    assert verdicts("labels", TABLE, "cites|table 4") == [OK]
    assert verdicts("labels", TABLE, "cites|table 5") == [BAD]
    assert verdicts("labels", TABLE, "cites|figure 1") == [BAD]
    assert verdicts("labels", TABLE, "cites|figure 1\nexists|figure 1") == [OK]
    assert verdicts("labels", TABLE, "cites|table 4|||x; z") == [OK]
    assert verdicts("labels", TABLE, "cites|table 4|||pre4; pre3") == [BAD]
    assert verdicts("labels", "", "cites|table 4") == [OPEN]


def test_mechanisms_have_a_table(verdicts) -> None:
    assert verdicts("claims", TABLE, "mechanism|table 4|||innovation") == [OK]
    assert verdicts("claims", TABLE, "mechanism||||innovation") == [BAD]
    assert verdicts("claims", TABLE, "robustness|figure 2|||placebo\nexists|figure 2") == [OK]
    assert verdicts("claims", "", "mechanism||||innovation") == [OPEN]


def test_abstracts_in_two_languages_state_the_same(verdicts) -> None:
    assert verdicts("claims", "", "statement|narrows||en|gap\nstatement|narrows||zh|gap") == [OK]
    assert verdicts("claims", "", "statement|none||en|gap\nstatement|widens||zh|gap") == [BAD]
    assert verdicts("claims", "", "statement|narrows||en|gap") == [BAD]
