"""Findings: what an audit rule computed, from which cells, and what would make it right."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from citypanel.ledger.interval import Interval

VERDICTS = ("consistent", "inconsistent", "only if", "warning", "not checkable")
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Place:
    """A table, column and row of a study; empty parts mean all of them."""

    study: str = ""
    table: str = ""
    column: str = ""
    row: str = ""

    def __str__(self) -> str:
        return "/".join(part or "-" for part in (self.table, self.column, self.row))


@dataclass(frozen=True)
class Finding:
    """One rule on one object.

    `message` is the key of the explanation, `condition` the key of the convention of an `only if`; `values` fill
    both. `infers` names conventions (K, variance type, side of a test, W) for the ledger's search.
    """

    rule: str
    verdict: str
    place: Place
    printed: str = ""
    computed: Interval | None = None
    inputs: tuple[str, ...] = ()
    message: str = ""
    condition: str = ""
    values: Pairs = ()
    infers: Pairs = ()


class Judge:
    """Makes the findings of one rule."""

    def __init__(self, rule: str) -> None:
        self.rule = rule

    def __call__(self, verdict: str, place: Place, key: str, **parts: Any) -> Finding:
        """Return a finding.

        Parameters
        ----------
        verdict, place : as in `Finding`
        key : of the explanation, within the rule
        parts : `printed`, `computed`, `inputs` (cells, claims or plain names), `condition` (a key within the rule)
            and `infers` as in `Finding`; everything else fills the words.
        """
        condition = parts.pop("condition", "")
        inputs = parts.pop("inputs", ())
        return Finding(
            self.rule,
            verdict,
            place,
            printed=parts.pop("printed", ""),
            computed=parts.pop("computed", None),
            inputs=tuple(dict.fromkeys(getattr(source, "name", str(source)) for source in inputs)),
            message=f"{self.rule}.{key}",
            condition=f"{self.rule}.{condition}" if condition else "",
            infers=parts.pop("infers", ()),
            values=tuple((name, str(value)) for name, value in parts.items()),
        )

    def missing(self, place: Place, what: str, **more: Any) -> Finding:
        """Return the answer where an input is missing; `what` is a key of the list of inputs."""
        finding = self("not checkable", place, "missing", **more)
        return replace(finding, message="missing", values=(("what", what),))


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Order findings by how much they ask of a reader, otherwise as they came."""
    rank = {"inconsistent": 0, "only if": 1, "warning": 2, "not checkable": 3, "consistent": 4}
    return sorted(findings, key=lambda finding: rank[finding.verdict])


def counts(findings: Sequence[Finding]) -> dict[str, int]:
    """Return how many findings have each verdict."""
    return {verdict: sum(finding.verdict == verdict for finding in findings) for verdict in VERDICTS}
