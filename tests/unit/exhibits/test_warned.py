"""Warnings reach the reader in the table's language."""

import ast
import functools
import re
from pathlib import Path

import pytest

import citypanel
from citypanel.exhibits.warned import known_warning, warned
from citypanel.exhibits.warning_texts import REASONS, ROUTINE, WARNINGS

ESTIMATORS = Path(citypanel.__file__).parent / "estimate"
LABELS = {"gdp": {"en": "Economic development", "zh": "经济发展水平"}}
PLACE = re.compile(r"\{\w+\}")


@functools.cache
def written_texts() -> str:
    """Return all text constants of the estimators, pieces that Python joins in one piece."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(ESTIMATORS.glob("*.py"))]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    return "\n".join(node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))


@pytest.mark.parametrize("template", [*ROUTINE, *REASONS, *WARNINGS])
def test_every_translated_warning_is_one_that_estimators_write(template: str) -> None:
    known = written_texts()
    words = [piece.split() for piece in PLACE.split(template)]
    triples = [" ".join(run[at : at + 3]) for run in words for at in range(len(run) - 2)]
    found = [triple for triple in triples if triple in known]
    # Places inside an estimator's own text cut up to half of the triples apart.
    assert len(found) >= 0.4 * len(triples)


@pytest.mark.parametrize("template", [*ROUTINE, *WARNINGS])
def test_every_translation_keeps_the_places_of_its_text(template: str) -> None:
    chinese = {**ROUTINE, **WARNINGS}[template]
    assert sorted(PLACE.findall(chinese)) == sorted(PLACE.findall(template))
    filled = PLACE.sub("7", template)
    assert known_warning(filled)
    assert "“" not in warned(filled, {}, "zh")
    assert PLACE.search(warned(filled, {}, "zh")) is None


def test_terms_in_warnings_are_shown_by_their_labels() -> None:
    text = "gdp is left out: it does not vary over time within units"
    assert warned(text, LABELS, "zh") == "提示：略去经济发展水平：个体内不随时间变化"
    assert warned(text, LABELS, "en") == (
        "Warning: Economic development is left out: it does not vary over time within units"
    )


def test_a_warning_without_a_translation_is_quoted() -> None:
    assert warned("something new", LABELS, "zh") == "提示：“something new”"
    assert warned("something new", LABELS, "en") == "Warning: something new"
