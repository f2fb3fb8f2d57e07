"""docs/estimators.md names every method, option and value that can be declared, and only tests that exist."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from citypanel.declare.methods import OPTIONS

OPTION_OF_METHOD = [(method, option) for method, model in OPTIONS.items() for option in model.model_fields]


@pytest.fixture(scope="module")
def sections(project: Path) -> dict[str, str]:
    """The page by heading; a heading may be of several methods."""
    text = (project / "docs" / "estimators.md").read_text(encoding="utf-8")
    pieces = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return {
        name.strip(): body
        for heading, body in zip(pieces[1::2], pieces[2::2], strict=True)
        for name in heading.split(",")
    }


@pytest.mark.parametrize("method", OPTIONS)
def test_every_method_has_a_section(sections, method) -> None:
    assert method in sections


@pytest.mark.parametrize(("method", "option"), OPTION_OF_METHOD)
def test_every_option_and_each_of_its_values_is_named_in_its_section(sections, method, option) -> None:
    assert f"`{option}`" in sections[method]
    for value in allowed(OPTIONS[method].model_fields[option].annotation):
        written = (f"`{value}`", f" {value},", f" {value} ", f"`{option}={value}`")
        assert any(text in sections[method] for text in written), f"{option}={value}"


def allowed(annotation: Any) -> list[str]:
    """Return the texts and numbers that an annotation of literals allows."""
    found = []
    for part in get_args(annotation):
        found += [str(part)] if isinstance(part, (str, int)) and not isinstance(part, bool) else allowed(part)
    return found


def test_every_test_that_the_page_names_exists(project: Path) -> None:
    text = (project / "docs" / "estimators.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", text))
    files = list((project / "tests").rglob("test_*.py"))
    functions = "\n".join(path.read_text(encoding="utf-8") for path in files)
    known = {path.stem for path in files} | set(re.findall(r"def (test_\w+)", functions))
    assert named
    assert named <= known, named - known
