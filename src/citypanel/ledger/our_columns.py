"""The columns of ours that stand behind a printed table, and which printed column is which of them."""

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from citypanel.ledger.ours import FIRST, column_of
from citypanel.result import ColumnResult, Record

Labels = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, eq=False)
class OurColumn:
    """A column of a record, with what a paper may call it; `aside` is the analysis that goes with the same matrix."""

    analysis: str
    number: str
    record: Record
    result: ColumnResult
    names: tuple[str, ...]
    aside: str = ""

    @property
    def terms(self) -> tuple[str, ...]:
        """The terms that are estimated in this column."""
        if self.number.endswith(FIRST):
            number = self.number.removesuffix(FIRST)
            rows = self.record.curves.get("first_stage") or ()
            return tuple(str(row["term"]) for row in rows if str(row.get("column", number)) == number)
        return tuple(term.term for term in self.result.terms)

    @property
    def outcome(self) -> str:
        """The outcome; of a first stage the endogenous regressor."""
        if self.number.endswith(FIRST):
            number = self.number.removesuffix(FIRST)
            rows = self.record.curves.get("first_stage") or ()
            return next((str(row["endogenous"]) for row in rows if str(row.get("column", number)) == number), "")
        return self.result.outcome


def bare(text: str) -> str:
    """Return a name without blanks, case and forms of letters, so that names compare as readers do."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def our_columns(exhibit: Mapping[str, Any], records: Mapping[str, Record], labels: Labels) -> list[OurColumn]:
    """Return the columns of an exhibit in the order in which they are printed; absent records are left out."""
    found: list[OurColumn] = []
    for analysis in exhibit["analyses"]:
        record = records.get(analysis)
        if record is None or not record.columns:
            continue
        for number in range(1, len(exhibit["columns"][analysis]) + 1):
            found.extend(_columns(analysis, number, record, exhibit))
    return _named(found, exhibit, labels)


def _columns(analysis: str, number: int, record: Record, exhibit: Mapping[str, Any]) -> Iterator[OurColumn]:
    """Yield a declared column, its first stage before it where the exhibit shows that."""
    declared = exhibit["columns"][analysis]
    # A method that answers alone names its columns itself (periods, quantiles).
    result = column_of(record, str(number)) or (record.columns[0] if len(declared) == 1 else None)
    if result is None:
        return
    aside = exhibit.get("aside") or ()
    other = aside[0] if aside and exhibit["kind"] == "spatial_lm" else ""
    column = OurColumn(analysis, str(number), record, result, (), other)
    if exhibit.get("first_stage") and declared[number - 1]["instruments"]:
        yield replace(column, number=f"{number}{FIRST}")
    yield column


def _named(columns: Sequence[OurColumn], exhibit: Mapping[str, Any], labels: Labels) -> list[OurColumn]:
    """Give each column its names: position, label, label with model or number; names that two share are none."""
    counted: Counter[str] = Counter()
    named = []
    for position, column in enumerate(columns, start=1):
        names = [f"({position})", str(position)]
        for label in _labels(column, exhibit, labels):
            counted[bare(label)] += 1
            model = column.result.vcov.get("model")
            names += [label, f"{label} ({counted[bare(label)]})", f"({position}) {label}"]
            names += [f"{label} {model}"] if model else []
        named.append(replace(column, names=tuple(dict.fromkeys(map(bare, names)))))
    shared = Counter(name for column in named for name in column.names)
    return [replace(column, names=tuple(name for name in column.names if shared[name] == 1)) for column in named]


def _labels(column: OurColumn, exhibit: Mapping[str, Any], labels: Labels) -> list[str]:
    declared = exhibit["columns"][column.analysis][int(column.number.removesuffix(FIRST)) - 1]
    texts = [declared.get("label") or {}, labels.get(declared.get("w") or "", {}), labels.get(column.analysis, {})]
    return list(dict.fromkeys(text for each in texts for text in each.values() if text))


def match_columns(
    printed: Sequence[str], ours: Sequence[OurColumn], declared: Mapping[str, str]
) -> dict[str, OurColumn | None]:
    """Return our column for each printed one, or None.

    A declared name comes first, then names; where no name fits and both are as many, their order decides.
    """
    places = {f"{column.analysis}.{column.number}": column for column in ours}
    names = {name: column for column in ours for name in column.names}
    found: dict[str, OurColumn | None] = {
        label: places.get(declared[label]) if label in declared else names.get(bare(label)) for label in printed
    }
    if not any(found.values()) and not declared and len(printed) == len(ours):
        return dict(zip(printed, ours, strict=True))
    return found
