"""Findings: what an audit rule computed, from which cells, and what would make it right."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from citypanel.ledger.interval import Interval
from citypanel.ledger.messages import Language, sentence, verdict_word

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

    def text(self, language: Language = "en") -> str:
        """Return the line a referee can paste."""
        return sentence(self, language)

    def verdict_text(self, language: Language = "en") -> str:
        """Return the verdict in words, with its convention."""
        return verdict_word(self, language)

    def plain(self) -> dict[str, Any]:
        """Return the finding as JSON knows it; an end that is not finite is null."""
        ends = (self.computed.lo, self.computed.hi) if self.computed else ()
        return {
            "rule": self.rule,
            "verdict": self.verdict,
            "condition": {lang: verdict_word(self, lang) for lang in ("en", "zh")} if self.condition else None,
            "study": self.place.study,
            "table": self.place.table,
            "column": self.place.column,
            "row": self.place.row,
            "printed": self.printed,
            "computed": [end if abs(end) < float("inf") else None for end in ends] or None,
            "inputs": list(self.inputs),
            "key": self.message,
            "values": dict(self.values),
            "infers": dict(self.infers),
            "message": {"en": self.text("en"), "zh": self.text("zh")},
        }


class Judge:
    """Makes the findings of one rule."""

    def __init__(self, rule: str) -> None:
        self.rule = rule

    def __call__(
        self,
        verdict: str,
        place: Place,
        key: str,
        *,
        printed: str = "",
        computed: Interval | None = None,
        inputs: Iterable[Any] = (),
        condition: str = "",
        infers: Pairs = (),
        **values: object,
    ) -> Finding:
        """Return a finding; `inputs` are cells, claims or plain names."""
        return Finding(
            self.rule,
            verdict,
            place,
            printed,
            computed,
            tuple(dict.fromkeys(getattr(source, "name", str(source)) for source in inputs)),
            f"{self.rule}.{key}",
            f"{self.rule}.{condition}" if condition else "",
            tuple((name, str(value)) for name, value in values.items()),
            infers,
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
