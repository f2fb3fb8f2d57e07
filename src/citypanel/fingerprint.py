"""Fingerprints of code, so that an edit reruns the jobs that depend on it, and no others.

Snakemake sees a rule's script but not what the script imports, and it takes a touched script for a changed one.
Each script rule therefore carries `params: code=script_code("estimate", "citypanel.estimate.linear")`: a hash
over the syntax trees, without docstrings and comments, of the script, of the named modules, and of every module
of this package that they import, however deep.
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from citypanel.errors import CitypanelError

PACKAGE = "citypanel"
SOURCE = Path(__file__).resolve().parent.parent
LENGTH = 16  # hex digits shown in params: enough to tell versions apart, short enough to read


def library_code(*modules: str) -> str:
    """Return the fingerprint of modules and of all the package's modules that they import.

    Raises
    ------
    CitypanelError
        A module does not exist: the rule that names it would never rerun on its edits.
    """
    digest = hashlib.sha256()
    for module in sorted(closure(*modules)):
        digest.update(f"{module}\0{_tree(module)[0]}\0".encode())
    return digest.hexdigest()[:LENGTH]


def script_code(script: Path, *modules: str) -> str:
    """Return the fingerprint of a script, of what it imports, and of `modules` that it loads by name."""
    tree = ast.parse(script.read_text(encoding="utf-8"), filename=str(script))
    imported = library_code(*modules, *_imports(tree))
    _drop_docstrings(tree)
    text = ast.dump(tree, annotate_fields=False)
    return hashlib.sha256(f"{text}\0{imported}".encode()).hexdigest()[:LENGTH]


def closure(*modules: str) -> frozenset[str]:
    """Return the named modules and all the package's modules that they import, directly or not."""
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting.extend(_tree(module)[1])
    return frozenset(found)


@cache
def _tree(module: str) -> tuple[str, tuple[str, ...]]:
    """Return the text of a module's syntax tree and the package's modules that it imports."""
    path = _file(module)
    if path is None:
        raise CitypanelError(f"fingerprint: there is no module '{module}' under {SOURCE / PACKAGE}")
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    imported = tuple(sorted({name for name in _imports(tree) if name != module} | set(_parents(module))))
    _drop_docstrings(tree)
    return ast.dump(tree, annotate_fields=False), imported


def _file(module: str) -> Path | None:
    stem = SOURCE.joinpath(*module.split("."))
    for path in (stem.with_suffix(".py"), stem / "__init__.py"):
        if path.is_file():
            return path
    return None


def _parents(module: str) -> Iterator[str]:
    parts = module.split(".")
    for length in range(1, len(parts)):
        yield ".".join(parts[:length])


def _imports(tree: ast.Module) -> Iterator[str]:
    """Yield the package's modules named in import statements, at the top or inside functions."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        yield from (name for name in names if name.split(".")[0] == PACKAGE and _file(name))


def _drop_docstrings(tree: ast.Module) -> None:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
