"""Printed numbers keep their text; files with faults lose only the faulty lines."""

import math
from pathlib import Path

import pytest

from citypanel.errors import InputError
from citypanel.ledger.audit import audit_folder, read_folder
from citypanel.ledger.claims import Claim, Claims
from citypanel.ledger.interval import Interval
from citypanel.ledger.messages import sentence
from citypanel.ledger.printed import parse_number, read_cells

HEADER = "study,table,column,row,statistic,value,stars\n"


@pytest.mark.parametrize(
    ("text", "value", "decimals"),
    [
        (".030", 0.03, 3), ("0.03", 0.03, 2), ("3,267", 3267.0, 0), ("−0.018", -0.018, 3), ("–2.5", -2.5, 1),
        ("(7.041)", 7.041, 3), ("[−1.2]", -1.2, 1), ("1.2e-03", 0.0012, 4), ("0.00460", 0.0046, 5), ("12.3%", 0.123, 3),
        ("１２．５", 12.5, 1), ("+4", 4.0, 0), ("1,234,567.8", 1234567.8, 1),
    ],
)  # fmt: skip
def test_numbers_are_read_as_printed(text, value, decimals) -> None:
    number = parse_number(text)
    assert number is not None
    assert (number.value, number.decimals) == (pytest.approx(value), decimals)
    assert number.interval.lo == pytest.approx(value - 0.5 * 10**-decimals)
    assert number.interval.hi == pytest.approx(value + 0.5 * 10**-decimals)


@pytest.mark.parametrize("text", ["", "—", "-", ".", "NA", "n.a."])
def test_signs_for_no_value_are_no_number(text) -> None:
    assert parse_number(text) is None


@pytest.mark.parametrize("text", ["abc", "0,023", "1.2.3", "1 2 x", "--3", "12,34"])
def test_other_texts_are_refused(text) -> None:
    with pytest.raises(ValueError, match="is no number"):
        parse_number(text)


def test_a_minus_before_zeros_says_on_which_side_the_number_was() -> None:
    number = parse_number("-0.000")
    assert number is not None
    assert (number.interval.lo, number.interval.hi) == (-0.0005, 0.0)


def test_intervals_follow_their_end_points() -> None:
    one, two = Interval(1, 2), Interval(-1, 3)
    assert (one + two) == Interval(0, 5)
    assert (one - two) == Interval(-2, 3)
    assert (one * two) == Interval(-2, 6)
    assert (two / one) == Interval(-1, 3)
    assert not (one / two).bounded
    assert abs(two) == Interval(0, 3)
    assert two.squared() == Interval(0, 9)
    assert (1 - one) == Interval(-1, 0)
    assert one.rising(math.exp).meets(math.e)
    assert Interval(0, 0.1 + 0.2).meets(Interval(0.3, 1))
    assert one.above(0.5)
    assert one.below(Interval(3, 4))
    assert not one.above(1)


def folder(tmp_path: Path, cells: str, claims: str = "", header: str = HEADER) -> Path:
    (tmp_path / "table1.csv").write_text(header + cells, encoding="utf-8")
    if claims:
        (tmp_path / "claims.csv").write_text("study,claim,table,column,row,value,place\n" + claims, encoding="utf-8")
    return tmp_path


GOOD = "s,1,(1),x,coef,0.50,**\ns,1,(1),x,t,2.00,\n"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("s,1,(1),z,coef,abc,\n", ["table1.csv line 4", "'abc' is no number"]),
        ("s,1,(1),x,coef,0.60,**\n", ["table1.csv line 4", "twice", "0.50** there, 0.60** here"]),
        ("s,1,(1),z,coef,0.5,maybe\n", ["table1.csv line 4", "stars 'maybe'"]),
        ("s,1,(1)\n", ["table1.csv line 4", "fields missing"]),
        ("s,1,(1),z,coef,0.5,*,a,b\n", ["table1.csv line 4", "too many"]),
    ],
)
def test_a_faulty_line_is_named_and_the_rest_is_audited(tmp_path, line, words) -> None:
    findings = audit_folder(folder(tmp_path, GOOD + line))
    told = [sentence(f, "en") for f in findings if f.rule == "reading"]
    assert len(told) == 1
    for word in words:
        assert word in told[0]
    assert [f.verdict for f in findings if f.rule == "stars"] == ["consistent"]


def test_stars_inside_the_value_are_stars(tmp_path) -> None:
    cells, problems = read_cells(folder(tmp_path, "s,1,(1),x,coef,0.036***,\n") / "table1.csv")
    assert not problems
    assert (cells[0].text, cells[0].stars) == ("0.036", 3)


def test_missing_columns_are_named(tmp_path) -> None:
    with pytest.raises(InputError, match="columns missing: value"):
        audit_folder(folder(tmp_path, "s,1,(1),x,coef\n", header="study,table,column,row,statistic\n"))
    short = folder(tmp_path, "(1),x,coef,0.50\n(1),x,t,2.00\n", header="column,row,statistic,value\n")
    findings = audit_folder(short)
    assert "columns missing: study, table, stars" in sentence(findings[0], "en")
    assert any(f.rule == "implied_se" and f.verdict == "consistent" for f in findings)


def test_a_table_with_a_single_row_is_audited(tmp_path) -> None:
    findings = audit_folder(folder(tmp_path, "s,1,(1),N,stat,410,\n"))
    assert {f.verdict for f in findings} == {"not checkable"}


def test_unknown_claims_and_unreadable_files_are_told(tmp_path) -> None:
    findings = audit_folder(folder(tmp_path, GOOD, "s,unitz,,,,41,4.1\ns,# note,,,,,\n"))
    assert [f.message for f in findings if f.rule == "reading"] == ["reading.claim"]
    (tmp_path / "table2.csv").write_bytes(b"\xff\xfe\x00bad")
    assert "reading.unreadable" in [f.message for f in audit_folder(tmp_path)]


def test_a_cell_in_two_files_is_told(tmp_path) -> None:
    folder(tmp_path, GOOD)
    (tmp_path / "table2.csv").write_text(HEADER + "s,1,(1),x,coef,0.70,**\n", encoding="utf-8")
    cells, _, problems = read_folder(tmp_path)
    assert [cell.text for cell in cells if cell.statistic == "coef"] == ["0.50"]
    assert "table1.csv line 2" in sentence(problems[0], "en")


def test_nothing_to_audit_is_an_error(tmp_path) -> None:
    with pytest.raises(InputError, match="no such file"):
        audit_folder(tmp_path / "nowhere")
    with pytest.raises(InputError, match="holds no CSV"):
        audit_folder(tmp_path)
    with pytest.raises(InputError, match="no such file"):
        audit_folder(folder(tmp_path, GOOD), tmp_path / "other.csv")


def test_the_closest_claim_speaks() -> None:
    said = Claims(Claim("s", "outcome", t, c, "", v) for t, c, v in (("", "", "a"), ("1", "", "b"), ("1", "(2)", "c")))
    assert [said.word("outcome", t, c) for t, c in (("2", "(1)"), ("1", "(1)"), ("1", "(2)"))] == ["a", "b", "c"]
