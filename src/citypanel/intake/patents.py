"""Patent files of any known layout to the canonical table `patents`: one row per application.

An application is counted once: its publications (application and grant) and repeated rows are merged, and entries
of international applications are left out. Every applicant carries how its prefecture was found.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa

from citypanel.canonical import Origin, write_table
from citypanel.contracts import CONTRACTS
from citypanel.intake.accounting import Account, Journal, Outputs, refused_by_step
from citypanel.intake.applicants import Applicant, Resolver
from citypanel.intake.archives import recognised
from citypanel.intake.customs import origin_of, require_table
from citypanel.intake.customs_fields import parse_date
from citypanel.intake.names import (
    application_key,
    distinct,
    is_international,
    kind_of,
    patent_kind,
    publication_key,
    split_fields,
    split_names,
)
from citypanel.intake.reading import Block, Refused, read_blocks
from citypanel.intake.recognise import RawFile, Recogniser
from citypanel.registers import Registers

LONGEST_NAME = 300  # characters; a longer one is no name but a cell that lost its separators

NO_NUMBER = "no application number"
INTERNATIONAL = "an international application (PCT), not a Chinese one"
NO_DATE = "no application date"
NO_KIND = "neither invention, utility model nor design"
NO_APPLICANT = "no applicant"
LONG_NAME = f"an applicant's name of more than {LONGEST_NAME} characters"


@dataclass
class _Patent:
    """One application as collected from its rows."""

    day: date
    kind: str
    ipc: str | None
    applicants: list[Applicant]
    source: str
    row: int
    published: str


def intake_patents(
    files: Sequence[Path | RawFile],
    out: Outputs | Path,
    *,
    root: Path | None = None,
    origin: Origin | None = None,
    registers: Registers | None = None,
) -> Account:
    """Read patent files and write `patents`, its rejects, attrition and files.

    Parameters
    ----------
    files : sequence of Path
        Files of any patent layout of the register; the earliest publication of an application is kept.
    out, root, origin, registers
        As in `citypanel.intake.customs.intake_customs`.

    Returns
    -------
    Account
        Per file, rows read = kept + rejected + merged; among the steps, how many organisations each rank of
        the resolver found (`resolved_by` of the table: city_field, address, first_applicant, register, name,
        unresolved).

    Raises
    ------
    InputError
        A file is missing, empty or of unknown layout.
    """
    registers = registers or Registers()
    recogniser = Recogniser(registers)
    reader = _Reader(Resolver(registers))
    with recognised(recogniser, files, root) as raws:
        require_table(raws, "patents")
        for raw in raws:
            reader.journal.open(raw)
            for block in read_blocks(raw):
                reader.read(raw, block)
    table = reader.finish()
    outputs = out if isinstance(out, Outputs) else Outputs.beside(Path(out))
    stated = origin or origin_of(raws)
    write_table(table, outputs.table, "patents", origin=stated)
    return reader.journal.write(outputs, table.num_rows, stated)


class _Reader:
    """Collects applications from all files, then resolves their applicants."""

    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver
        self.journal = Journal("patents")
        self.patents: dict[str, _Patent] = {}
        self.merged = 0
        self.repairs: Counter[str] = Counter()

    def read(self, raw: RawFile, block: Block) -> None:
        """Add the rows of a block."""
        columns = {role: block.table.column(at).to_pylist() for role, at in raw.columns.items()}
        refused = list(block.refused)
        for at, number in enumerate(block.rows.tolist()):
            cells = {role: column[at].strip() for role, column in columns.items()}
            reason = self._add(raw, number, cells)
            if reason:
                text = ",".join(column[at].as_py() for column in block.table.columns)
                refused.append(Refused(number, reason, text[:500]))
        self.journal.count(raw.name, "rows_read", len(block.rows) + len(block.refused))
        self.journal.refuse(raw.name, refused)

    def _add(self, raw: RawFile, number: int, cells: dict[str, str]) -> str:
        """Add one row; return why it is refused, or ""."""
        stated, published = cells.get("application_no", ""), cells.get("publication_no", "")
        key = application_key(stated) or publication_key(published)
        if not key:
            return INTERNATIONAL if is_international(stated) or is_international(published) else NO_NUMBER
        day = parse_date(cells.get("date", ""))
        kind = patent_kind(cells.get("kind", ""), application_key(stated), published)
        names = split_names(cells.get("applicants", ""))
        for fault, reason in (
            (day is None, NO_DATE),
            (not kind, NO_KIND),
            (not names, NO_APPLICANT),
            (any(len(name) > LONGEST_NAME for name in names), LONG_NAME),
        ):
            if fault:
                return reason
        if day is not None:
            applicants = self._applicants(names, cells)
            found = _Patent(day, kind, cells.get("ipc") or None, applicants, raw.name, number, published)
            self._merge(key, found)
        return ""

    def _merge(self, key: str, found: _Patent) -> None:
        known = self.patents.get(key)
        if known is None:
            self.patents[key] = found
            return
        self.merged += 1
        if {a.name for a in known.applicants} != {a.name for a in found.applicants}:
            self.repairs["applicants differ between rows of one application; the earliest are kept"] += 1
        if _rank(found.published) < _rank(known.published):
            known, found = found, known
            self.patents[key] = known
        self.journal.count(found.source, "rows_merged", 1)

    def _applicants(self, names: list[str], cells: dict[str, str]) -> list[Applicant]:
        """Return the distinct applicants of a row with what the row says about each."""
        count = len(names)
        standard = split_names(cells.get("standard_applicants", ""))
        chosen = standard if len(standard) == count else names
        declared = cells.get("applicant_count", "").removesuffix(".0")
        if declared and declared != str(count):
            self.repairs["declared number of applicants is not the number of names"] += 1
        types = split_fields(cells.get("applicant_types", ""), count)
        if cells.get("applicant_types") and not types:
            self.repairs["types of applicants do not match in number; told by name"] += 1
        cities = self._cities(cells, names, declared)
        kept = distinct(chosen)
        self.repairs["applicant repeated inside one row"] += count - len(kept)
        return [Applicant(chosen[at], kind_of(chosen[at], types[at] if types else ""), *cities[at]) for at in kept]

    def _cities(self, cells: dict[str, str], names: list[str], declared: str) -> list[tuple[int | None, str]]:
        """Return what the row itself says about the place of each applicant: prefecture and rank."""
        found: list[tuple[int | None, str]] = [(None, "")] * len(names)
        fields = split_fields(cells.get("cities", ""), len(names)) if declared in {"", str(len(names))} else []
        listed = split_names(cells.get("cities", ""))
        single = listed if len(listed) == 1 else []
        for at, field in enumerate(fields or single):
            found[at] = (self.resolver.seats.from_address(field), "city_field")
        if found[0][0] is None and cells.get("address"):
            found[0] = (self.resolver.seats.from_address(cells["address"]), "address")
        return [(code, rank if code is not None else "") for code, rank in found]

    def finish(self) -> pa.Table:
        """Resolve the applicants, add the steps, and return the table in order of the application number."""
        for patent in self.patents.values():
            self.resolver.learn(patent.applicants[0], patent.day.year)
        ranks: Counter[str] = Counter()
        rows = []
        for key in sorted(self.patents):
            patent = self.patents[key]
            self.journal.count(patent.source, "rows_kept", 1)
            applicants = [self.resolver.resolve(a, patent.day.year) for a in patent.applicants]
            ranks.update(str(a["resolved_by"]) for a in applicants if a["kind"] == "organisation")
            rows.append(
                {
                    "application_no": key,
                    "date": patent.day,
                    "kind": patent.kind,
                    "ipc": patent.ipc,
                    "applicants": applicants,
                    "source_file": patent.source,
                    "source_row": patent.row,
                }
            )
        self._steps(ranks)
        return pa.Table.from_pylist(rows, schema=CONTRACTS["patents"].schema)

    def _steps(self, ranks: Counter[str]) -> None:
        read = sum(int(str(line["rows_read"])) for line in self.journal.files.values())
        left = refused_by_step(self.journal, 1, "rows", read)
        kept = {"rows": left - self.merged}
        reason = "publications and repeated rows of one application"
        self.journal.step(2, "one_application_once", reason, {"rows": left}, kept)
        for reason in sorted(self.repairs):
            self.journal.step(3, "applicants", reason, kept, kept, changed=self.repairs[reason])
        for rank in self.resolver.RANKS:
            self.journal.step(4, "places_of_organisations", rank, kept, kept, changed=ranks[rank])


def _rank(published: str) -> str:
    """Return what orders publications of one application: the application (A) stands before the grant (B)."""
    letters = [c for c in published if c.isalpha()]
    return letters[-1] if letters else "~"
