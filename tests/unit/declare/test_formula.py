from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citypanel.declare.expression import Call, Name, Number, Operation, Shift, parse_expression
from citypanel.declare.formula import parse_formula, parse_terms
from citypanel.errors import DeclarationError


def texts(terms) -> list[str]:
    return [term.text for term in terms]


def test_precedence_is_that_of_arithmetic() -> None:
    assert parse_expression("a + b * c ^ 2") == Operation(
        "+", Name("a"), Operation("*", Name("b"), Operation("^", Name("c"), Number(2.0)))
    )
    assert parse_expression("-a / 2") == Operation("/", Operation("-", Number(0.0), Name("a")), Number(2.0))


def test_lags_functions_and_identity_are_read() -> None:
    assert parse_expression("L1.y") == Shift("L", 1, "y")
    assert parse_expression("D.y") == Shift("D", 1, "y")
    assert parse_expression("log1p(I(n))") == Call("log1p", Name("n"))


def test_parts_stand_in_fixest_order() -> None:
    formula = parse_formula("y ~ x1 + log(x2) | city + province^year | e ~ z1 + z2")
    assert texts(formula.regressors) == ["x1", "log(x2)"]
    assert formula.effects == (("city",), ("province", "year"))
    assert formula.effect_names == ("city", "province^year")
    assert texts(formula.endogenous) == ["e"]
    assert texts(formula.instruments) == ["z1", "z2"]
    assert not formula.intercept


def test_instruments_without_effects_are_told_by_the_second_tilde() -> None:
    formula = parse_formula("y ~ x | e ~ z")
    assert formula.effects == ()
    assert formula.intercept
    assert texts(formula.endogenous) == ["e"]


def test_crossing_interaction_and_factors() -> None:
    formula = parse_formula("y ~ a*b + c:d + i(year, treated, ref=2010) - 1")
    assert texts(formula.regressors) == ["a", "b", "a:b", "c:d", "i(year,treated,ref=2010)"]
    assert not formula.intercept
    assert formula.names() == ("y", "a", "b", "c", "d", "year", "treated")


def test_macros_may_hold_macros() -> None:
    formula = parse_formula("y ~ ..all | city", {"all": "x + ..more", "more": "z"})
    assert texts(formula.regressors) == ["x", "z"]


def test_a_term_given_twice_enters_once() -> None:
    assert texts(parse_terms("x + z + x")) == ["x", "z"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("y ~ __import__('os')", "is not a function here|not part of the language"),
        ("y ~ x +", "is expected where the end"),
        ("y x", "'~' is expected"),
        ("y ~ system(x)", "'system' is not a function here; allowed: log"),
        ("y ~ x | city | e", "'~' is expected"),
        ("y ~ x - z", "only '- 1' can be subtracted"),
        ("y ~ 2", "a number is not a regressor"),
        ("y ~ ..nothing", r"macro '\.\.nothing' is unknown; known: none is declared"),
        ("y ~ x; drop", "not part of the language"),
        ("y ~ " + "(" * 200 + "x" + ")" * 200, "nested more than"),
    ],
)
def test_what_cannot_be_read_is_quoted_with_what_is_expected(text: str, complaint: str) -> None:
    with pytest.raises(DeclarationError, match=complaint) as caught:
        parse_formula(text)
    assert "\n" not in str(caught.value)


def test_a_macro_that_contains_itself_is_refused() -> None:
    with pytest.raises(DeclarationError, match="contains itself"):
        parse_formula("y ~ ..a", {"a": "..b", "b": "..a"})


@given(st.text(max_size=60))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    with suppress(DeclarationError):
        parse_formula(text)
