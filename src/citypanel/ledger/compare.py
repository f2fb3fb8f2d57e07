"""The ledger of a study: every printed cell with our number, a verdict and its reason."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from citypanel.ledger.claims import Claims, of_study
from citypanel.ledger.findings import Finding
from citypanel.ledger.matching import Said, Table, Target, Unmatched, Words, table_of, target_of
from citypanel.ledger.ours import Found, Spot, look_up
from citypanel.ledger.printed import Cell
from citypanel.ledger.search import Convention, Search, Variants, conventions, search
from citypanel.ledger.significance import LEVELS, reading_of, stars_of, stated_levels
from citypanel.ledger.verdicts import (
    DECLARED,
    NO_COUNTERPART,
    OTHERWISE,
    SAME_UNDER,
    UNTESTED,
    VERDICTS,
    WORDS,
    Comparison,
    Origin,
    compare,
    verdict,
)
from citypanel.result import Record


@dataclass(frozen=True, eq=False)
class Entry:
    """One printed cell in the ledger.

    Attributes
    ----------
    verdict : one of `VERDICTS`.
    target : what of ours the cell speaks of.
    comparison, search : the arithmetic and the convention search, for numbers that have a counterpart.
    stars : the stars that our p value earns; None where it has none or the table prints no stars here.
    """

    cell: Cell
    verdict: str
    target: Target
    comparison: Comparison | None = None
    search: Search | None = None
    stars: int | None = None

    @property
    def may_be_chance(self) -> bool:
        """Whether the verdict rests on a hit that chance may well have given."""
        return self.verdict == SAME_UNDER and self.search is not None and self.search.lucky

    @property
    def stars_differ(self) -> bool:
        """Whether printed stars and ours are not the same; where nothing can be tested they say nothing."""
        known = self.stars is not None and self.cell.stars is not None and self.verdict != UNTESTED
        return known and self.stars != self.cell.stars


@dataclass(frozen=True)
class Sheet:
    """The ledger of one printed table.

    Attributes
    ----------
    exhibit, title, published : the exhibit of ours (a blank where no exhibit claims the table), its title, the file.
    origin : what our numbers rest on.
    sources : the canonical tables behind our numbers.
    entries : every printed cell.
    conventions : what the search tried on the table.
    candidates : conventions that the audit inferred from the printed numbers alone: (column, rule, name, value).
    problems : lines of the file that could not be read.
    """

    exhibit: str
    title: Mapping[str, str]
    published: str
    origin: Origin
    sources: tuple[str, ...]
    entries: tuple[Entry, ...]
    conventions: tuple[Convention, ...] = ()
    candidates: tuple[tuple[str, str, str, str], ...] = ()
    problems: tuple[Finding, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """How many cells have each verdict."""
        return count(self.entries)


@dataclass(frozen=True)
class Ledger:
    """All printed tables of a study against our records."""

    study: str
    title: Mapping[str, str]
    sheets: tuple[Sheet, ...]
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The cells of all tables."""
        return tuple(entry for sheet in self.sheets for entry in sheet.entries)

    @property
    def simulated(self) -> bool:
        """Whether any of our numbers come from simulated data."""
        return any(sheet.origin.simulated for sheet in self.sheets)


def count(entries: Iterable[Entry]) -> dict[str, int]:
    """Return how many cells have each verdict, in the order of `VERDICTS`."""
    given = [entry.verdict for entry in entries]
    return {name: given.count(name) for name in VERDICTS}


def compare_study(
    declared: Mapping[str, Any],
    printed: Mapping[str, tuple[Sequence[Cell], Sequence[Finding]]],
    claims: Claims,
    records: Mapping[str, Record],
    *,
    variants: Mapping[str, Record] | None = None,
    calibrated: Iterable[str] = (),
    candidates: Iterable[Mapping[str, str]] = (),
) -> Ledger:
    """Compare every printed cell of a study with our records.

    Parameters
    ----------
    declared : mapping
        As `declare.printed.ledger_slice` returns it.
    printed : mapping
        For each file of printed cells its cells, and the findings of lines that could not be read.
    claims : Claims
        What the text states: levels of stars, what stands in parentheses.
    records, variants : mapping
        The records of the exhibits' analyses, and of their variants, by the name of the declared analysis.
    calibrated : iterable of str
        Files of printed tables that the sample was constructed from.
    candidates : iterable of mapping
        What the audit inferred, as `audit.conventions` returns it.
    """
    said = of_study(claims, declared["study"])
    given = set(calibrated)
    inferred = [one for one in candidates if one["study"] == declared["study"]]
    sheets = []
    left = dict(printed)
    everything = tuple(cell for cells, _ in printed.values() for cell in cells)
    for name, exhibit in declared["exhibits"].items():
        cells, problems = left.pop(exhibit["published"], ((), ()))
        sheets.append(
            _sheet(
                name,
                exhibit,
                (tuple(cells), tuple(problems)),
                Study(everything, said, records, variants or {}, declared["labels"], inferred),
                calibrated=exhibit["published"] in given,
            )
        )
    sheets += [_unclaimed(file, cells, problems) for file, (cells, problems) in left.items()]
    return Ledger(declared["study"], declared["title"], tuple(sheets), declared["labels"])


@dataclass(frozen=True)
class Study:
    """What all tables of a study share: printed cells, claims, records, variants, labels, inferred conventions."""

    cells: tuple[Cell, ...]
    claims: Claims
    records: Mapping[str, Record]
    variants: Mapping[str, Record]
    labels: Mapping[str, Mapping[str, str]]
    candidates: Sequence[Mapping[str, str]]


def _sheet(
    name: str,
    exhibit: Mapping[str, Any],
    printed: tuple[tuple[Cell, ...], tuple[Finding, ...]],
    study: Study,
    *,
    calibrated: bool,
) -> Sheet:
    cells, problems = printed
    table = table_of(exhibit, cells, study.records, study.labels, _reading(study, cells))
    used = [study.records[key] for key in (*exhibit["analyses"], *exhibit["aside"]) if key in study.records]
    simulated = any(bool(record.sample.get("simulated")) for record in used)
    origin = Origin(simulated, calibrated and simulated)
    levels = _levels(study, cells, exhibit)
    entries = tuple(_entry(cell, table, study, origin, levels) for cell in cells)
    tables = {cell.table for cell in cells}
    return Sheet(
        name,
        exhibit["title"],
        exhibit["published"],
        origin,
        tuple(exhibit["sources"]),
        entries,
        tuple(conventions([entry.search for entry in entries if entry.search is not None])),
        tuple((c["column"], c["rule"], c["convention"], c["value"]) for c in study.candidates if c["table"] in tables),
        problems,
    )


def _unclaimed(file: str, cells: Sequence[Cell], problems: Sequence[Finding]) -> Sheet:
    """Return the sheet of a printed table that no exhibit claims: every cell is listed, none has a counterpart."""
    entries = []
    for cell in cells:
        words = cell.number is None
        target: Target = Words() if words else Unmatched("table", file)
        entries.append(Entry(cell, WORDS if words else NO_COUNTERPART, target))
    title = {"en": file, "zh": file}
    return Sheet("", title, file, Origin(simulated=False), (), tuple(entries), problems=tuple(problems))


def _reading(study: Study, cells: Sequence[Cell]) -> Any:
    """Return what a statistic beside the coefficients of this table means."""
    place = next(((cell.study, cell.table) for cell in cells), ("", ""))
    own = tuple(cells)
    return lambda statistic: reading_of(own, study.claims, *place, statistic)


def _levels(study: Study, cells: Sequence[Cell], exhibit: Mapping[str, Any]) -> tuple[float, ...]:
    table = next((cell.table for cell in cells), "")
    stated = stated_levels(tuple(cells), study.claims, table)
    return stated or tuple(sorted(exhibit.get("stars") or LEVELS, reverse=True))


def _entry(cell: Cell, table: Table, study: Study, origin: Origin, levels: Sequence[float]) -> Entry:
    target = target_of(cell, table)
    if not isinstance(target, Spot):
        return _without_number(cell, target, table)
    record = study.records.get(target.analysis)
    found = look_up(record, target) if record is not None else None
    if cell.number is None:
        ours = "" if found is None else f"{found.value:.6g}"
        return Entry(cell, DECLARED if found is None else OTHERWISE, Said(ours, found is None))
    if record is None or found is None:
        missing = Unmatched("record", target.analysis) if record is None else Unmatched("statistic", str(target))
        return Entry(cell, UNTESTED if record is None else NO_COUNTERPART, missing)
    return _number(cell, target, found, (record, study, table, origin), levels)


def _without_number(cell: Cell, target: Said | Unmatched | Words, table: Table) -> Entry:
    """Return the entry of words, of a row of the specification, or of a cell without a counterpart."""
    if isinstance(target, Words):
        return Entry(cell, WORDS, target)
    if isinstance(target, Unmatched) and target.what == "effects" and cell.number is None:
        target = Said("", agrees=True)
    if isinstance(target, Said):
        return Entry(cell, DECLARED if target.agrees else OTHERWISE, target)
    absent = [name for name in table.exhibit["analyses"] if name not in table.records]
    if absent:
        return Entry(cell, UNTESTED, Unmatched("record", absent[0]))
    return Entry(cell, NO_COUNTERPART, target)


def _number(
    cell: Cell, spot: Spot, found: Found, place: tuple[Record, Study, Table, Origin], levels: Sequence[float]
) -> Entry:
    record, study, table, origin = place
    known = study.variants.get(spot.analysis)
    tried = search(cell, spot, found, record, Variants.of(known) if known else None)
    comparison = compare(cell, found, spot, _printed_error(cell, table))
    starred = found.p is not None and cell.statistic in ("coef", "effect", "pearson_r", "moran_I", "chi2", "stat")
    return Entry(
        cell,
        verdict(comparison, origin, hit=bool(tried.hits)),
        spot,
        comparison,
        tried,
        stars_of(found.p, levels) if starred and found.p is not None and _prints_stars(cell, table) else None,
    )


def _prints_stars(cell: Cell, table: Table) -> bool:
    """Whether the table marks significance in rows of this kind."""
    return any(other.stars for other in table.cells if other.statistic == cell.statistic and other.row == cell.row) or (
        cell.statistic not in ("stat", "value") and any(other.stars for other in table.cells)
    )


def _printed_error(cell: Cell, table: Table) -> float | None:
    """Return the standard error that is printed beside an estimate, or implied by its t or z."""
    if cell.number is None or cell.statistic not in ("coef", "effect"):
        return None
    for other in table.cells:
        if (other.column, other.row) != (cell.column, cell.row) or other is cell or other.number is None:
            continue
        reading = table.reading(other.statistic) if other.statistic in ("paren", "se", "t", "z") else ""
        if reading == "se":
            return abs(other.number.value) or None
        if reading == "t" and other.number.value:
            return abs(cell.number.value / other.number.value) or None
    return None
