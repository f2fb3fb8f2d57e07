"""Validation errors as lines that a user can act on: where, what was found, what is allowed."""

from collections.abc import Iterable
from difflib import get_close_matches

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

SHOWN = 12  # allowed values listed in a message before it is cut


def closest(found: str, allowed: Iterable[str]) -> str:
    """Return "; did you mean 'x'? allowed: ..." for a word that is not among `allowed`."""
    names = [str(name) for name in allowed]
    near = get_close_matches(str(found), names, n=1)
    meant = f"; did you mean '{near[0]}'?" if near else ""
    shown = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
    return f"{meant}; allowed: {shown}" if names else f"{meant}; none is declared"


def complaints(error: ValidationError, model: type[BaseModel], place: str) -> list[str]:
    """Return one line per fault, each opened by `place` and the key's path."""
    return [f"{place}, {_line(detail, model)}" for detail in error.errors(include_url=False)]


def _line(detail: ErrorDetails, model: type[BaseModel]) -> str:
    path = ".".join(str(part) for part in detail["loc"] if not _is_union_tag(part)) or "the whole declaration"
    found = _shown(detail["input"])
    if detail["type"] == "extra_forbidden":
        keys = _keys_beside(detail["loc"], model)
        return f"key '{path}' is unknown{closest(str(detail['loc'][-1]), keys)}"
    if detail["type"] == "missing":
        return f"key '{path}' is missing"
    if detail["type"] == "literal_error":
        return f"key '{path}' is {found}; allowed: {detail['ctx']['expected']}"
    reason = detail["msg"].removeprefix("Value error, ")
    return f"key '{path}' is {found}; {reason[:1].lower()}{reason[1:]}"


def _is_union_tag(part: int | str) -> bool:
    """Pydantic puts the name of the tried type in the path of a union; a user never wrote it."""
    return isinstance(part, str) and (part[:1].isupper() or "[" in part or part in ("str", "int", "float", "bool"))


def _keys_beside(location: tuple[int | str, ...], model: type[BaseModel]) -> list[str]:
    """Return the keys that would have been allowed where an unknown one was found."""
    schema = model.model_json_schema(by_alias=True)
    node = schema
    for part in location[:-1]:
        node = _child(_resolved(node, schema), part, schema)
    found = _resolved(node, schema)
    return list(found.get("properties", {}))


def _child(node: dict, part: int | str, schema: dict) -> dict:  # type: ignore[type-arg]
    if isinstance(part, int):
        items = node.get("items", {})
        return items if isinstance(items, dict) else {}
    if part in node.get("properties", {}):
        return dict(node["properties"][part])
    for choice in [*node.get("anyOf", []), *node.get("oneOf", [])]:
        resolved = _resolved(choice, schema)
        if resolved.get("title") == part or part in str(resolved.get("properties", {}).get("source", "")):
            return resolved
    extra = node.get("additionalProperties", {})
    return extra if isinstance(extra, dict) else {}


def _resolved(node: dict, schema: dict) -> dict:  # type: ignore[type-arg]
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].rsplit("/", 1)[-1]]
    choices = [c for c in node.get("anyOf", []) if c.get("type") != "null"]
    return _resolved(choices[0], schema) if len(choices) == 1 else node


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
