"""Programs, lines and seeds are told from the code and the declarations as they are."""

import pytest

from citypanel.package.exhibit_list import key_lines
from citypanel.package.programs import IN_CHINESE, about, call_line
from citypanel.package.software import seeds


def test_every_script_says_in_both_languages_what_it_does(project) -> None:
    scripts = sorted((project / "scripts").glob("*.py"))
    assert {script.stem for script in scripts} == set(IN_CHINESE)
    for script in scripts:
        text = about(script)
        assert text.en
        assert text.zh != text.en


def test_the_line_of_a_program_is_that_of_its_call_to_the_library(project) -> None:
    for name, call in (("estimate", "estimate_analysis("), ("render_table", "render_table("), ("ledger", "(")):
        script = project / "scripts" / f"{name}.py"
        assert call in script.read_text(encoding="utf-8").splitlines()[call_line(script) - 1]


def test_the_line_of_a_key_is_that_of_its_own_section(tmp_path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text("variables:\n  table1: {a: 1}\nanalyses: {}\nexhibits:\n  kind:\n    table1: x\n  table1: y\n")
    assert key_lines(path) == {"variables": {"table1": 2}, "analyses": {}, "exhibits": {"kind": 5, "table1": 7}}


@pytest.fixture
def found(tmp_path):
    """A study and a module with seeds of every kind."""
    (tmp_path / "src").mkdir()
    (tmp_path / "study.yaml").write_text(
        "analyses:\n  # seed: 1 is a comment\n  placebo: {method: placebo, seed: 500}\n"
        "  text: {note: 'seed: 7'}\n  none: {seed: null}\n"
    )
    (tmp_path / "src" / "draws.py").write_text(
        "DEFAULT_SEED = 3\nLARGEST_SEED = 2**63 - 1\n\ndef draw(seed):\n    used = 9 if seed is None else seed\n"
        "    return np.random.default_rng(used), np.random.default_rng(0)\n"
    )
    return seeds(tmp_path, ["src/draws.py", "study.yaml"])


def test_seeds_are_found_where_they_are_declared_and_where_they_stand_in_the_code(found) -> None:
    declared = [(seed.file, seed.line, seed.value, seed.use) for seed in found if seed.value is not None]
    assert declared == [
        ("src/draws.py", 1, 3, "code"),
        ("src/draws.py", 5, 9, "code"),
        ("src/draws.py", 6, 0, "code"),
        ("study.yaml", 3, 500, "analyses placebo"),
    ]


def test_generators_are_found_by_line(found) -> None:
    assert [(seed.file, seed.line) for seed in found if seed.value is None] == [("src/draws.py", 6)] * 2
