"""Software and seeds as facts: from the lock, the declarations and the code."""

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from citypanel.errors import InputError

_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)(?:\s*;\s*([^\\]+?))?\s*\\?$", re.MULTILINE)
_GENERATORS = {"default_rng", "Generator", "SeedSequence", "RandomState", "Philox", "PCG64"}


@dataclass(frozen=True)
class Software:
    """Locked packages: `direct` are those that the project asks for, `count` is that of all."""

    python: str
    direct: tuple[tuple[str, str], ...]
    count: int


def locked(base: Path) -> Software:
    """Return the software of `pyproject.toml` and `requirements.lock`.

    Raises
    ------
    InputError
        A package that the project asks for is not in the lock.
    """
    project = tomllib.loads((base / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins: dict[str, str] = {}
    for name, version, marker in _PIN.findall((base / "requirements.lock").read_text(encoding="utf-8")):
        if name not in pins or "<" not in marker:
            pins[name] = version
    names = [re.split(r"[<>=!~\[; ]", text)[0] for text in project["dependencies"]]
    missing = [name for name in names if name not in pins]
    if missing:
        raise InputError(f"requirements.lock has no version of {missing[0]}, which pyproject.toml asks for; make lock")
    return Software(project["requires-python"], tuple((name, pins[name]) for name in names), len(pins))


CODE = "code"  # what a seed is for that stands in the code


@dataclass(frozen=True)
class Seed:
    """Where chance enters: a seed and what it is for, or a place in the code that makes a generator (no value).

    `use` are the keys above a declared seed, or `code`.
    """

    file: str
    line: int
    value: int | None
    use: str = ""


def seeds(base: Path, files: Iterable[str]) -> list[Seed]:
    """Return every seed that is declared and every generator that is made, by file and line."""
    found: list[Seed] = []
    for file in sorted(files):
        if file.endswith((".yaml", ".yml")):
            root = yaml.compose((base / file).read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
            found += _declared_seeds(root, file, ())
        elif file.startswith("src/") and file.endswith(".py"):
            found += _generators(base / file, file)
    return found


def _declared_seeds(node: yaml.Node | None, file: str, keys: tuple[str, ...]) -> Iterator[Seed]:
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if key.value == "seed" and value.tag == "tag:yaml.org,2002:int":
            yield Seed(file, value.start_mark.line + 1, int(value.value), " ".join(keys))
        yield from _declared_seeds(value, file, (*keys, str(key.value)))


def _generators(path: Path, file: str) -> Iterator[Seed]:
    """Yield the places of a module that make a generator, and the seeds that are written in it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in sorted(ast.walk(tree), key=lambda node: getattr(node, "lineno", 0)):
        value = _seed_in(node)
        if value is not None:
            yield Seed(file, node.lineno, value, CODE)  # type: ignore[attr-defined]  # what holds a seed has a line
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in _GENERATORS:
            yield Seed(file, node.lineno, None)


def _seed_in(node: ast.AST) -> int | None:
    """Return the seed that stands in a line: `SEED = 1`, `0 if seed is None else seed`, `default_rng(0)`."""
    found: ast.expr | None = None
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if name.endswith("SEED"):
            found = value
        case ast.IfExp(body=value, orelse=other) if "seed" in ast.unparse(other):
            found = value
        case ast.Call(func=function, args=[value, *_]) if ast.unparse(function).split(".")[-1] in _GENERATORS:
            found = value
    known = isinstance(found, ast.Constant) and isinstance(found.value, int)
    return int(found.value) if known else None  # type: ignore[union-attr]  # known to be a whole number
