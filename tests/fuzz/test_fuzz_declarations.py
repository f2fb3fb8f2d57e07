"""Whatever stands in a declaration: it is parsed, or refused in one line; nothing is run, nothing hangs."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from cases import CASES, JUNK_TEXTS, cases, one_line, scalars, texts, values
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from citypanel.columns import parse_where
from citypanel.declare.coherence import check_study
from citypanel.declare.complaints import complaints
from citypanel.declare.config import parse_config
from citypanel.declare.expression import parse_expression
from citypanel.declare.formula import parse_formula, parse_terms
from citypanel.declare.study import Study
from citypanel.declare.yaml import read_yaml
from citypanel.errors import CitypanelError, DeclarationError
from citypanel.registers import Registers

PROJECT = Path(__file__).resolve().parents[2]
YRD = (PROJECT / "studies" / "yrd_cooperation" / "study.yaml").read_text(encoding="utf-8")
SOURCES = Registers().yearbook_columns()

words = st.sampled_from(["y", "x", "city", "year", "L1.", "L2.y", "..controls", "i.", "log", "log1p", "sqrt", "汉"])
marks = st.sampled_from(
    ["~", "+", "-", "*", "/", "^", ":", "|", "(", ")", " ", ",", "1", "0", "2.5", ".", "==", "in", "and"]
)
formulas = st.lists(st.one_of(words, marks, texts), max_size=12).map("".join)


def test_at_least_twenty_thousand_cases_are_tried() -> None:
    assert sum(CASES.values()) >= 20_000


@cases("formulas")
@given(formulas)
def test_formulas(text: str) -> None:
    for parse in (parse_formula, parse_terms):
        try:
            parse(text, {"controls": "a + b"})
        except CitypanelError as error:
            one_line(error)


@cases("expressions")
@given(formulas)
def test_expressions(text: str) -> None:
    try:
        parse_expression(text)
    except CitypanelError as error:
        one_line(error)


@cases("conditions")
@given(formulas)
def test_conditions(text: str) -> None:
    try:
        parse_where(text)
    except CitypanelError as error:
        one_line(error)


@cases("configurations")
@given(
    st.dictionaries(
        st.one_of(
            st.sampled_from(["studies", "languages", "raw", "sample", "intake", "pathvars", "studies_folder"]), texts
        ),
        values,
        max_size=5,
    )
)
def test_configurations(document: dict[str, Any]) -> None:
    try:
        parse_config({"studies": "yrd_cooperation", **document})
    except CitypanelError as error:
        one_line(error)


def places(node: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every node of a document."""
    found = [above] if above else []
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, inner in items:
        found += places(inner, (*above, key))
    return found


def small_study() -> dict[str, Any]:
    """Return a part of a real study that has every kind of key, small enough to be read thousands of times."""
    document = yaml.safe_load(YRD)
    kept = ("descriptives", "baseline", "spatial", "moran")
    document["analyses"] = {name: document["analyses"][name] for name in kept}
    document["exhibits"] = {
        name: item
        for name, item in document["exhibits"].items()
        if item.get("analysis") in kept and item.get("kind") != "series"
    }
    return document


STUDY = small_study()
PLACES = places(STUDY)


@cases("studies")
@given(st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(["set", "drop", "add"]), values, texts), max_size=3))
def test_studies(changes: list[tuple[tuple[Any, ...], str, Any, str]]) -> None:
    document = copy.deepcopy(STUDY)
    for path, what, value, key in changes:
        node = document
        try:
            for step in path[:-1]:
                node = node[step]
            if what == "set":
                node[path[-1]] = value
            elif what == "drop":
                del node[path[-1]]
            elif isinstance(node[path[-1]], dict):
                node[path[-1]][key] = value
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    try:
        check_study(Study.model_validate(document), "fuzzed", sources=SOURCES)
    except ValidationError as error:
        one_line(DeclarationError(complaints(error, Study, "study fuzzed")[0]), "study fuzzed")
    except CitypanelError as error:
        one_line(error)


@cases("yaml")
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(YRD)), st.integers(0, 40), st.one_of(st.sampled_from(JUNK_TEXTS), scalars.map(str))
        ),
        max_size=4,
    )
)
def test_yaml_text(edits: list[tuple[int, int, str]]) -> None:
    text = YRD[:3_000]
    for start, length, put in edits:
        at = start % len(text)
        text = text[:at] + put + text[at + length :]
    path = FOLDER / "study.yaml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass" if _has_surrogate(text) else "strict")
    try:
        read_yaml(path)
    except CitypanelError as error:
        one_line(error)


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


FOLDER = Path()


@pytest.fixture(autouse=True, scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Hypothesis takes no fixture of a function: one folder serves all cases."""
    global FOLDER  # noqa: PLW0603
    FOLDER = tmp_path_factory.mktemp("yaml")
