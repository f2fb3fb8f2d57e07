"""What a rule asks for grows with its input and with every further try; what was measured lies below."""

import ast
from pathlib import Path
from types import SimpleNamespace

import pytest


@pytest.fixture(scope="module")
def functions(project: Path) -> dict:
    """The two functions of `rules/common.smk`, which is Python but for its name; the rest of it needs a workflow."""
    tree = ast.parse((project / "rules" / "common.smk").read_text(encoding="utf-8"))
    wanted = [item for item in tree.body if isinstance(item, ast.FunctionDef) and item.name in ("memory", "minutes")]
    found: dict = {}
    exec(compile(ast.Module(wanted, []), "common.smk", "exec"), found)  # noqa: S102 - our own file
    return found


@pytest.mark.parametrize("name", ["memory", "minutes"])
def test_a_job_asks_for_a_fixed_part_and_one_that_grows_with_its_input_and_for_both_again_at_each_try(
    functions, name
) -> None:
    asked = functions[name](2000, per_input_mb=0.5)
    assert asked(None, input=SimpleNamespace(size_mb=0), attempt=1) == 2000
    assert asked(None, input=SimpleNamespace(size_mb=1000), attempt=1) == 2500
    assert asked(None, input=SimpleNamespace(size_mb=1000), attempt=3) == 7500
