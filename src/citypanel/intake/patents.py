"""Patent files of any known layout to the canonical table `patents`: one row per invention.

An application is counted once: its publications (application and grant) and repeated rows are merged, an entry of
an international application and a utility model beside their invention too; international applications themselves
are left out. Every applicant carries how its prefecture was found. Rows wait in a database file, so memory does not
grow with the data.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from citypanel.atomic import room_beside
from citypanel.canonical import Origin, write_table
from citypanel.contracts import CONTRACTS
from citypanel.declare.intake import PatentRules
from citypanel.intake.accounting import Account, Journal, Outputs, require_rows, set_aside
from citypanel.intake.applicants import RANKS, Resolver
from citypanel.intake.archives import recognised
from citypanel.intake.customs import origin_of, require_table
from citypanel.intake.organisations import Organisations
from citypanel.intake.patents_beside import BesideReader
from citypanel.intake.patents_cells import ApplicationReader
from citypanel.intake.patents_places import PlaceReader
from citypanel.intake.patents_stage import (
    DIFFER,
    FILE,
    KEPT_BY_FILE,
    MERGES,
    REJECTED_BY_FILE,
    REJECTED_ROWS,
    Stage,
)
from citypanel.intake.patents_table import PatentTable
from citypanel.intake.places import Gazetteer
from citypanel.intake.reading import read_blocks
from citypanel.intake.recognise import RawFile, Recogniser
from citypanel.intake.seats import Seats
from citypanel.progress import progress
from citypanel.registers import Registers


def intake_patents(
    files: Sequence[Path | RawFile],
    out: Outputs | Path,
    *,
    root: Path | None = None,
    origin: Origin | None = None,
    registers: Registers | None = None,
    rules: PatentRules | None = None,
) -> Account:
    """Read patent files and write `patents`, its rejects, attrition, files and coverage.

    Parameters
    ----------
    files : sequence of Path
        Files of any patent layout of the register; the earliest publication of an application is kept.
    out, root, origin, registers
        As in `citypanel.intake.customs.intake_customs`. The coverage stands beside the files: how many
        organisations each rank placed, by year.
    rules : PatentRules, optional

    Returns
    -------
    Account
        Per file, rows read = kept + rejected + merged; among the steps, how many organisations each rank of
        the resolver found (`resolved_by` of the table, see `citypanel.intake.applicants`).

    Raises
    ------
    InputError
        A file is missing, empty or of unknown layout.
    """
    registers, rules = registers or Registers(), rules or PatentRules()
    outputs = out if isinstance(out, Outputs) else Outputs.beside(Path(out))
    with (
        recognised(Recogniser(registers), files, root) as raws,
        room_beside(outputs.table) as room,
    ):
        require_table(raws, "patents")
        intake = _Intake(Stage(room), registers, rules)
        for number, raw in enumerate(progress(raws, len(raws), "files of patents")):
            intake.read(raw, number)
        require_rows(intake.journal)
        return intake.finish(outputs, raws, origin or origin_of(raws))


class _Intake:
    """Stages all files, then merges, resolves and writes."""

    def __init__(self, stage: Stage, registers: Registers, rules: PatentRules) -> None:
        self.stage, self.rules = stage, rules
        self.seats = Seats(Gazetteer(registers))
        places = PlaceReader(self.seats)
        self.reader = ApplicationReader(places, Organisations.of(registers, groups=rules.groups))
        self.beside = BesideReader(places)
        self.journal = Journal("patents")
        self.repairs: Counter[str] = Counter()

    def read(self, raw: RawFile, number: int) -> None:
        """Stage the rows of a file."""
        self.journal.open(raw)
        if set_aside(raw, self.journal):
            return
        form = raw.layout.settings.get("form", "")
        for block in read_blocks(raw):
            self.journal.count(raw.name, "rows_read", len(block.rows) + len(block.refused))
            if form in {"addresses", "classes"}:
                found = self.beside.read(raw, block, number * FILE)
                self.stage.attach(found.keyed, found.listed)
                self.stage.refuse(found.refused, number)
                continue
            typed = self.reader.read(raw, block, number * FILE)
            self.stage.add(typed, number)
            self.repairs += typed.repairs

    def finish(self, outputs: Outputs, raws: Sequence[RawFile], origin: Origin) -> Account:
        """Merge, resolve, and write the table and its accounts."""
        merged = self.stage.merge(keep_twins=self.rules.keep_twins)
        Resolver(self.seats).resolve(self.stage.database)
        names = [raw.name for raw in raws]
        table = PatentTable(self.stage.database, names, self.rules.base_year)
        write_table(table.reader(), outputs.table, "patents", origin=origin)
        coverage = table.coverage()
        self._steps(merged, dict(coverage.groupby("resolved_by")["applicants"].sum()))
        self._count_files(names)
        write_table(coverage, coverage_path(outputs), "coverage", origin=origin)
        return self.journal.write(outputs, table.rows, origin, self._rejects(names))

    def _steps(self, merged: dict[str, int], ranks: dict[str, int]) -> None:
        read = sum(int(str(line["rows_read"])) for line in self.journal.files.values())
        left = self.journal.without_twins(read - self.journal.twins)
        refused = self.stage.rejects_by_reason() or {"no row is refused": 0}
        for reason, rows in refused.items():
            self.journal.step(1, "rows", reason, {"rows": left}, {"rows": left - rows})
            left -= rows
        steps = list(dict.fromkeys(name for name, _ in MERGES))
        for name, reason in MERGES:
            after = left - merged[reason]
            self.journal.step(2 + steps.index(name), name, reason, {"rows": left}, {"rows": after})
            left = after
        kept = {"rows": left}
        self.repairs[DIFFER] += merged[DIFFER]
        for reason in sorted(self.repairs):
            self.journal.step(5, "applicants", reason, kept, kept, changed=self.repairs[reason])
        for rank in RANKS:
            self.journal.step(6, "places_of_organisations", rank, kept, kept, changed=int(ranks.get(rank, 0)))

    def _count_files(self, names: Sequence[str]) -> None:
        """Give each file its rows kept and rejected; the rest of the rows read has merged."""
        kept = self.stage.rows_by_file(KEPT_BY_FILE)
        rejected = self.stage.rows_by_file(REJECTED_BY_FILE)
        for number, name in enumerate(names):
            self.journal.count(name, "rows_kept", kept.get(number, 0))
            self.journal.count(name, "rows_rejected", rejected.get(number, 0))
        for line in self.journal.files.values():
            read, left, out = (int(str(line[key])) for key in ("rows_read", "rows_kept", "rows_rejected"))
            line["rows_merged"] = read - left - out

    def _rejects(self, names: Sequence[str]) -> pa.RecordBatchReader:
        schema = CONTRACTS["rejects"].schema
        files = pa.array(list(names), type=pa.string())

        def batches() -> Iterator[pa.RecordBatch]:
            for batch in self.stage.database.sql(REJECTED_ROWS).to_arrow_reader(100_000):
                columns = [files.take(batch.column("file")), *(batch.column(n) for n in ("row", "reason", "text"))]
                yield pa.RecordBatch.from_arrays(columns, schema=schema)

        return pa.RecordBatchReader.from_batches(schema, batches())


def coverage_path(outputs: Outputs) -> Path:
    """Return where the coverage stands: beside `files`, under its name."""
    return outputs.files.with_name(outputs.files.name.replace("files", "coverage"))
