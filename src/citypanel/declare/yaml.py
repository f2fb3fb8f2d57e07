"""YAML as declarations need it: plain data only, a key given twice refused, faults named by file and line."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from citypanel.errors import DeclarationError

MOST_VALUES = 200_000  # a long study has some thousands


class _Loader(yaml.SafeLoader):
    """Plain data; tags that would build objects are refused by the base class."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - signature of the base class
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                problem = f"key '{key}' is given twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read one file; raise `DeclarationError` with file, line and fault."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DeclarationError(f"{path}: there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DeclarationError(f"{path}: cannot be read as UTF-8 text ({error})") from None
    try:
        document = _plain_data(text, path)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it is not valid YAML"
        raise DeclarationError(f"{path}{line}: {problem}") from None
    except RecursionError:
        raise DeclarationError(f"{path}: it is nested too deeply") from None
    if not isinstance(document, dict):
        raise DeclarationError(f"{path}: a mapping of keys is expected, found {type(document).__name__}")
    return document


def _plain_data(text: str, path: Path) -> Any:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if _size(node, {}) > MOST_VALUES:
            raise DeclarationError(f"{path}: its aliases multiply to more than {MOST_VALUES:,} values; write them out")
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """Return how many values a node stands for, each alias counted as what it repeats."""
    if id(node) not in known:
        known[id(node)] = 1  # an alias of what it stands in is refused when it is built
        below = [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else node.value
        inner = below if isinstance(node, (yaml.MappingNode, yaml.SequenceNode)) else []
        known[id(node)] = 1 + sum(_size(part, known) for part in inner)
    return known[id(node)]
