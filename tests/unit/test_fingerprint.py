import shutil
from pathlib import Path

import pytest

from citypanel import fingerprint
from citypanel.errors import CitypanelError


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small package of that name: a imports b inside a function, c stands alone."""
    root = tmp_path / "citypanel"
    root.mkdir()
    (root / "__init__.py").write_text('"""Top."""\n')
    (root / "a.py").write_text('"""A."""\n\ndef f():\n    """Doc."""\n    from citypanel.b import g\n    return g()\n')
    (root / "b.py").write_text("def g():\n    return 1\n")
    (root / "c.py").write_text("C = 1\n")
    monkeypatch.setattr(fingerprint, "SOURCE", tmp_path)
    fingerprint._tree.cache_clear()
    yield root
    fingerprint._tree.cache_clear()


def code(module: str) -> str:
    fingerprint._tree.cache_clear()
    return fingerprint.library_code(module)


def test_the_closure_follows_imports_inside_functions(package: Path) -> None:
    assert fingerprint.closure("citypanel.a") == {"citypanel", "citypanel.a", "citypanel.b"}


def test_docstrings_comments_and_blank_lines_leave_the_fingerprint(package: Path) -> None:
    before = code("citypanel.a")
    (package / "a.py").write_text(
        '"""Another text."""\n# why\n\n\ndef f():\n    """Longer doc."""\n'
        "    from citypanel.b import g  # note\n\n    return g()\n"
    )
    assert code("citypanel.a") == before


def test_an_edit_of_an_imported_module_changes_the_fingerprint(package: Path) -> None:
    before, alone = code("citypanel.a"), code("citypanel.c")
    (package / "b.py").write_text("def g():\n    return 2\n")
    assert code("citypanel.a") != before
    assert code("citypanel.c") == alone


def test_a_touched_file_keeps_its_fingerprint(package: Path) -> None:
    before = code("citypanel.a")
    shutil.copy(package / "a.py", package / "a.copy")
    (package / "a.copy").replace(package / "a.py")
    assert code("citypanel.a") == before


def test_a_script_is_part_of_its_own_fingerprint(package: Path, tmp_path: Path) -> None:
    script = tmp_path / "job.py"
    script.write_text('"""Job."""\nfrom citypanel.c import C\n\nprint(C)\n')
    before = fingerprint.script_code(script)
    script.write_text('"""Another."""\nfrom citypanel.c import C\n\nprint(C)\n')
    assert fingerprint.script_code(script) == before
    script.write_text('"""Job."""\nfrom citypanel.c import C\n\nprint(C + 1)\n')
    assert fingerprint.script_code(script) != before


def test_a_module_that_does_not_exist_is_named(package: Path) -> None:
    with pytest.raises(CitypanelError, match="no module 'citypanel.missing'"):
        code("citypanel.missing")
