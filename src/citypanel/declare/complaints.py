"""Validation errors as lines that a user can act on: where, what was found, what is allowed."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

SHOWN = 12  # allowed values listed in a message before it is cut

Node = dict[str, Any]


def closest(found: str, allowed: Iterable[str]) -> str:
    """Return "; did you mean 'x'? allowed: ..." for a word that is not among `allowed`."""
    names = [str(name) for name in allowed]
    near = get_close_matches(str(found), names, n=1)
    shown = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
    if not names:
        return "; none is declared"
    return f"; did you mean '{near[0]}'? allowed: {shown}" if near else f"; allowed: {shown}"


def complaints(error: ValidationError, model: type[BaseModel], place: str) -> list[str]:
    """Return one line per fault, each opened by `place` and the key's path."""
    schema = model.model_json_schema()
    return [f"{place}, {_line(detail, schema)}" for detail in error.errors(include_url=False)]


def _line(detail: ErrorDetails, schema: Node) -> str:
    location = detail["loc"]
    shown, node = _walk(location[:-1] if detail["type"] == "extra_forbidden" else location, schema)
    path = ".".join(shown) or "the whole declaration"
    found = _quoted(detail["input"])
    if detail["type"] == "extra_forbidden":
        key = ".".join([*shown, str(location[-1])])
        return f"key '{key}' is unknown{closest(str(location[-1]), node.get('properties', {}))}"
    if detail["type"] == "missing":
        return f"key '{path}' is missing"
    if detail["type"] == "literal_error":
        return f"key '{path}' is {found}; allowed: {detail['ctx']['expected']}"
    reason = detail["msg"].removeprefix("Value error, ")
    return f"key '{path}' is {found}; {reason[:1].lower()}{reason[1:]}"


def _walk(location: tuple[int | str, ...], schema: Node) -> tuple[list[str], Node]:
    """Follow a fault's location through a schema; return the path as a user wrote it, and where it ends.

    Pydantic's locations also hold the tag of the alternative that was tried; no user wrote that.
    """
    shown: list[str] = []
    node = _resolved(schema, schema)
    for part in location:
        tagged = _tagged(node, part, schema)
        if tagged is None:
            shown.append(str(part))
        node = _child(node, part, schema) if tagged is None else tagged
    return shown, node


def _tagged(node: Node, part: int | str, schema: Node) -> Node | None:
    """Return the alternative of `node` that the tag `part` names, or None if `part` is no tag."""
    for choice in [*node.get("oneOf", []), *node.get("anyOf", [])]:
        resolved = _resolved(choice, schema)
        keys = resolved.get("properties", {})
        constants = [keys[key].get("const") for key in ("source", "kind") if key in keys]
        if part in constants or (part == "formula" and "formula" in keys and not constants):
            return resolved
    return None


def _child(node: Node, part: int | str, schema: Node) -> Node:
    if isinstance(part, int):
        child = node.get("items", {})
    else:
        others = next(iter(node.get("patternProperties", {}).values()), node.get("additionalProperties", {}))
        child = node.get("properties", {}).get(part, others)
    return _resolved(child, schema) if isinstance(child, dict) else {}


def _resolved(node: Node, schema: Node) -> Node:
    """Follow references, and pick the one alternative that is an object or a list of them."""
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].rsplit("/", 1)[-1]]
    structured = [c for c in node.get("anyOf", []) if "$ref" in c or c.get("type") in ("object", "array")]
    return _resolved(structured[0], schema) if len(structured) == 1 else node


def _quoted(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
