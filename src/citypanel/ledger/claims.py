"""Claims: what the text of a paper states about its sample, definitions, levels and tests."""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from citypanel.errors import InputError
from citypanel.ledger.findings import Finding, Place

FIELDS = ("study", "claim", "table", "column", "row", "value", "place")
# Every kind of claim with what its value is; docs/audit.md and the template are written from it.
KINDS: dict[str, str] = {
    "units": "number of units (cities) of the sample",
    "periods": "number of periods",
    "years": "first and last year: 2011-2020",
    "balanced": "yes where the panel is called balanced",
    "clusters": "number of clusters of the standard errors",
    "note": "the note below the table: star levels and what stands in parentheses",
    "caption": "the caption (column: language)",
    "effects": "effects that the text names for the table, separated by ;",
    "outcome": "outcome of the table or column",
    "baseline": "yes: the column that others are compared with",
    "split": "columns (separated by |) of exclusive, exhaustive groups; row: label of the split",
    "full": "number of rows of the full sample of a split, or table/column that holds it",
    "treated": "number of treated units",
    "control": "number of control units",
    "cohort": "number of units first treated in the year given as row",
    "cohorts": "years of first treatment, separated by ;",
    "announced": "number of units that the policy announced",
    "treatment_on": "years in which the treatment variable is one: 2012-2014 or 2012-",
    "event_times": "event times with a coefficient: -4..4, or a list -4; -3; 1",
    "placebo_treated": "fake treated units of one draw",
    "placebo_units": "units the draw is made from",
    "placebo_draws": "number of draws",
    "variable": "a variable that the text defines (row), value: its short definition",
    "form": "log, share, ratio, level, index or dummy of the variable given as row",
    "formula": "terms of the variable given as row, separated by ;  column: years, if not all",
    "equation_level": "level of the equation's index: firm, city",
    "data_level": "level of the estimated sample: firm, city",
    "vif_below": "bound that all variance inflation factors are said to respect",
    "w": "row-standardised or not, per column of weights",
    "effects_method": "delta or simulation, for spatial effects",
    "leeyu": "yes where the estimator is bias-corrected after Lee and Yu",
    "test": "a test that the text names (row); value: table that shows it, empty if none",
    "model": "a model that the text names (row); value: table that shows it, empty if none",
    "model_chosen": "the model the text settles on (column: matrix)",
    "instrument": "row: the instrument; value: time-invariant or varying",
    "instrument_sign": "+ or - of the first stage: stated, or 'implied' by the mechanism (+ implied)",
    "stronger": "columns A|B of the row's coefficient: the text says the effect is stronger in A",
    "level": "significance level and sign the text gives a cell: 0.01 +, or ns",
    "cited": "a number of the table as the text cites it; column 'Mean' and the like for descriptives",
    "cites": "a table or figure the text points to: table 1 (row: rows it should hold, separated by ;)",
    "exists": "a table or figure that exists without cells here: figure 2",
    "mechanism": "a mechanism claim (row); value: table or figure behind it, empty if none",
    "robustness": "a robustness claim (row); value: table or figure behind it, empty if none",
    "statement": "sign or scope of a statement (row) in the language given as column",
}


@dataclass(frozen=True, eq=False)
class Claim:
    """One thing the text states, with the sentence's place."""

    study: str
    kind: str
    table: str
    column: str
    row: str
    value: str
    place: str = ""

    @property
    def name(self) -> str:
        """The claim's name in a list of inputs."""
        return f"{self.kind} = {self.value or 'none'}" + (f" ({self.place})" if self.place else "")

    @property
    def at(self) -> Place:
        """The place in the tables that the claim speaks of."""
        return Place(self.study, self.table, self.column, self.row)


class Claims(tuple[Claim, ...]):
    """The claims of one study, looked up by kind and by the place they speak of."""

    __slots__ = ()

    def of(self, kind: str, table: str | None = None) -> tuple[Claim, ...]:
        """Return the claims of a kind, those of a table or of all tables where one is given."""
        return tuple(claim for claim in self if claim.kind == kind and (table is None or claim.table in ("", table)))

    def one(self, kind: str, table: str = "", column: str = "") -> Claim | None:
        """Return the claim that speaks most closely of a table and column."""
        fitting = [
            claim
            for claim in self
            if claim.kind == kind and claim.table in ("", table) and claim.column in ("", column)
        ]
        return max(fitting, key=lambda claim: (bool(claim.table), bool(claim.column)), default=None)

    def number(self, kind: str, table: str = "", column: str = "") -> float | None:
        """Return the number of a claim, or None."""
        claim = self.one(kind, table, column)
        found = re.search(r"-?\d+(\.\d+)?", claim.value.replace(",", "")) if claim else None
        return float(found[0]) if found else None

    def whole(self, kind: str, table: str = "", column: str = "") -> int | None:
        """Return a whole number of a claim, or None."""
        value = self.number(kind, table, column)
        return None if value is None else round(value)

    def word(self, kind: str, table: str = "", column: str = "") -> str:
        """Return the value of a claim as written, or an empty text."""
        claim = self.one(kind, table, column)
        return claim.value.strip() if claim else ""

    def says(self, kind: str, table: str = "", column: str = "") -> str:
        """Return the words of a claim in lower case, or an empty text."""
        return self.word(kind, table, column).lower()

    @property
    def years(self) -> tuple[int, int] | None:
        """First and last year of the sample."""
        found = re.findall(r"\d{4}", self.says("years"))
        return (int(found[0]), int(found[-1])) if found else None

    @property
    def periods(self) -> int | None:
        """Number of periods, stated or from the years."""
        stated = self.whole("periods")
        if stated is None and self.years:
            return self.years[1] - self.years[0] + 1
        return stated

    @property
    def cohorts(self) -> tuple[int, ...]:
        """Years of first treatment."""
        years = re.findall(r"\d{4}", self.says("cohorts")) or [claim.row for claim in self.of("cohort")]
        return tuple(sorted({int(year) for year in years if year.isdigit()}))


def listed(text: str, mark: str = ";") -> tuple[str, ...]:
    """Return the entries of a list in one field."""
    return tuple(entry.strip() for entry in text.split(mark) if entry.strip())


def read_claims(path: Path) -> tuple[Claims, list[Finding]]:
    """Read a claims CSV; lines that cannot be used become findings of rule `reading`."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle)
            header = tuple(reader.fieldnames or ())
            rows = [(reader.line_num, row) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        return Claims(), [_unread(path, 0, str(error), "unreadable")]
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    lacking = [name for name in FIELDS if name not in header]
    problems = [_unread(path, 1, ", ".join(lacking), "columns")] if lacking else []
    if {"claim", "value"} & set(lacking):
        return Claims(), problems
    claims = []
    for line, row in rows:
        fields = {name: (row.get(name) or "").strip() for name in FIELDS}
        if None in row:
            problems.append(_unread(path, line, "", "ragged"))
        elif fields["claim"].startswith("#"):
            continue
        elif fields["claim"] not in KINDS:
            problems.append(_unread(path, line, fields["claim"], "claim"))
        else:
            fields["kind"] = fields.pop("claim")
            claims.append(Claim(**fields))
    return Claims(claims), problems


def of_study(claims: Iterable[Claim], study: str) -> Claims:
    """Return the claims of one study; a claim without a study speaks of all."""
    return Claims(claim for claim in claims if claim.study in ("", study))


def _unread(path: Path, line: int, found: str, kind: str) -> Finding:
    return Finding(
        "reading",
        "not checkable",
        Place("", path.name, "", ""),
        printed=found,
        message=f"reading.{kind}",
        values=(("file", path.name), ("line", str(line)), ("found", found)),
        inputs=(f"{path.name}:{line}",),
    )
