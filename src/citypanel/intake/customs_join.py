"""Parts of customs files to one canonical table: copies of rows found across all files, the account of every row.

A row that repeats an earlier one, in its own file or another, leaves as a duplicate. What it repeats has the same
cells, so no firm, product or city leaves with it; only rows and US$ are moved from one line of the account to another.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from citypanel.arrays import Mask
from citypanel.atomic import room_beside
from citypanel.canonical import combine_origins, write_table
from citypanel.contracts import CONTRACTS
from citypanel.declare.intake import CustomsRules
from citypanel.errors import InputError
from citypanel.intake.accounting import UNITS, Account, Journal, Outputs
from citypanel.intake.customs_parts import DISTINCT, FILE, Part, batches_of, latest, read_account
from citypanel.intake.customs_rules import DUPLICATE, KEPT, LATER, REPAIRS, RULES, has_mark, not_applied
from citypanel.intake.flows import write_export_flows
from citypanel.micro import MICRO, micro_sum
from citypanel.reporting import log

Ids = npt.NDArray[np.int64]

PRINT = np.dtype([("print", "u8"), ("check", "u4"), ("id", "i8")])
BUCKET = 4_000_000  # prints looked at together
_ENDS = np.uint64(1 << 20)
_REASONS = {rule: reason for rule, _, _, reason in RULES}


def join_customs(parts: Sequence[Part], outputs: Outputs, rules: CustomsRules | None = None) -> Account:
    """Write `exports`, its rejects, attrition and files from parts that were read side by side.

    Parameters
    ----------
    parts : sequence of Part
        In the order in which duplicates are judged.
    outputs : Outputs
        Also `completeness` and `flows` where they are named.

    Raises
    ------
    InputError
        Parts that were read by different versions, that hold a file twice, records of two exporting countries, or
        no row at all.
    """
    rules = rules or CustomsRules()
    with room_beside(outputs.table) as room:
        read = _Joined(parts)
        copies = find_copies(read, room) if rules.drop_duplicates else Copies.none()
        journal = read.journal()
        write_table(read.kept(copies), outputs.table, "exports", origin=read.origin)
        refused = read.write_rejects(copies, outputs.rejects)
        read.count_files(journal)
        _attrition(journal, read, refused, rules)
        journal.completeness = read.completeness()
        account = journal.write_account(outputs, read.rows[KEPT], read.origin)
    if outputs.flows is not None:
        write_export_flows(outputs.table, outputs.flows, read.origin)
    return account


def require_one_home(first: Mapping[str, str]) -> None:
    """Refuse records of two exporting countries (each with a file): their places and re-imports would be mixed up."""
    if len(first) > 1:
        found = ", ".join(f"{home} ({first[home]})" for home in sorted(first))
        raise InputError(f"exports of two countries are given together: {found}; give each its own raw folder")


@dataclass(frozen=True)
class Copies:
    """Rows that repeat earlier ones, in ascending order, and the rows they repeat."""

    id: Ids
    earlier: Ids

    @classmethod
    def none(cls) -> "Copies":
        """Return no copies."""
        return cls(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))

    def among(self, identity: Ids) -> Mask:
        """Tell which rows are copies."""
        if not self.id.size:
            return np.zeros(identity.size, dtype=np.bool_)
        at = np.minimum(np.searchsorted(self.id, identity), self.id.size - 1)
        return np.asarray(self.id[at] == identity)


class _Joined:
    """All parts, their files numbered through, and what is counted while they stream by.

    A file of the same bytes as an earlier one is left out, whatever its name says about year and month.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = parts
        told = [read_account(part) for part in parts]
        self.origin = combine_origins(account.origin for account in told)
        self.things = [account.things for account in told]
        self.starts = np.cumsum([0, *(len(account.files) for account in told)]).tolist()
        self.files = [file for account in told for file in account.files]
        self.names: list[str] = [file.line["source_file"] for file in self.files]
        self._refuse({account.hashed for account in told})
        self.twins = self._twins()
        own = [file for at, file in enumerate(self.files) if at not in self.twins]
        self.rows = sum((file.rows for file in own), Counter[int]())
        self.micro: Counter[int] = Counter()
        for file in own:
            self.micro.update(file.micro)
        self.changed: Counter[str | int] = Counter()
        self.moved = np.zeros((len(self.files), 2), dtype=np.int64)  # copies among kept rows, and among others
        self.copied: dict[int, list[int]] = {}  # copies by year: rows, rows with a quantity

    def _refuse(self, hashed: set[str]) -> None:
        twice = next((name for name in self.names if self.names.count(name) > 1), None)
        if twice is not None:
            raise InputError(f"two files are called {twice}; give each once, and the folder that holds both as root")
        if len(hashed) > 1:
            versions = " and ".join(sorted(hashed))
            raise InputError(f"the files were read with {versions}; read all of them again with one of them")
        if not sum(file.line["rows_read"] - file.empty for file in self.files):
            raise InputError(f"{', '.join(self.names)}: headers without rows; export the data again")
        require_one_home({file.home: file.line["source_file"] for file in reversed(self.files)})

    def _twins(self) -> frozenset[int]:
        """Return the files of the same bytes as earlier ones."""
        first: dict[tuple[int, int, int], int] = {}
        twins = set()
        for at, file in enumerate(self.files):
            if file.twin or first.setdefault(file.content, at) != at:
                twins.add(at)
                twin = file.twin or self.names[first[file.content]]
                rows = file.line["rows_read"]
                log.warning(
                    "%s holds the same bytes as %s: its %s rows are not counted again", self.names[at], twin, rows
                )
        return frozenset(twins)

    def journal(self) -> Journal:
        """Return the lines of the files, with what is read, and what is merged because it is read elsewhere."""
        journal = Journal("exports")
        for at, file in enumerate(self.files):
            line = dict(file.line)
            if at in self.twins:
                line |= {"rows_merged": line["rows_read"], "rows_rejected": 0}
                journal.twins += int(line["rows_read"])
            journal.files[self.names[at]] = line
        return journal

    def batches(self, name: str) -> Iterator[pa.Table]:
        """Yield the rows of a kind of file, with ids that tell the files of all parts apart; twins are left out."""
        for start, part in zip(self.starts, self.parts, strict=False):
            for table in batches_of(getattr(part, name)):
                rows = table.set_column(0, "id", pc.add(table["id"], start * FILE))
                if self.twins:
                    file = rows["id"].to_numpy() // FILE
                    rows = rows.filter(pa.array(~np.isin(file, list(self.twins))))
                yield rows

    def kept(self, copies: Copies) -> pa.RecordBatchReader:
        """Stream the rows that broke no rule and are no copies, with the names of their files."""
        contract = CONTRACTS["exports"].schema
        coded = pa.dictionary(pa.int32(), pa.string())
        schema = pa.schema([pa.field(f.name, coded if f.type == pa.string() else f.type, f.nullable) for f in contract])

        def stream() -> Iterator[pa.RecordBatch]:
            for table in self.batches("rows"):
                rows = self._without(copies, table)
                marks, identity = rows["marks"].to_numpy(), rows["id"].to_numpy()
                for mark, *_ in (*REPAIRS, LATER):
                    self.changed[mark] += int(has_mark(marks, mark).sum())
                columns = {field.name: rows[field.name] for field in schema if field.name in rows.column_names}
                columns["source_file"] = self._source(identity)
                columns["source_row"] = pa.array(identity % FILE)
                yield from pa.table([columns[name] for name in schema.names], schema=schema).to_batches()

        return pa.RecordBatchReader.from_batches(schema, stream())

    def _without(self, copies: Copies, rows: pa.Table) -> pa.Table:
        """Return the rows that are no copies, and count those that are."""
        copied = copies.among(rows["id"].to_numpy())
        if not copied.any():
            return rows
        self._move(KEPT, rows.filter(pa.array(copied)), "value_usd")
        return rows.filter(pa.array(~copied))

    def _source(self, identity: Ids) -> pa.DictionaryArray:
        return pa.DictionaryArray.from_arrays(pa.array((identity // FILE).astype(np.int32)), pa.array(self.names))

    def _move(self, rule: int, copies: pa.Table, value: str) -> None:
        """Move copies from the rule at which they left, or from what is kept, to the duplicates."""
        for counter, amount in ((self.rows, copies.num_rows), (self.micro, micro_sum(copies[value].to_numpy()))):
            counter[rule] -= amount
            counter[DUPLICATE] += amount
        file = copies["id"].to_numpy() // FILE
        self.moved[:, 0 if rule == KEPT else 1] += np.bincount(file, minlength=len(self.files))
        filled = has_mark(copies["marks"].to_numpy(), "with_quantity").astype(int)
        for year, with_quantity in zip(copies["year"].to_pylist(), filled.tolist(), strict=True):
            found = self.copied.setdefault(year or 0, [0, 0])
            found[0] += 1
            found[1] += with_quantity

    def write_rejects(self, copies: Copies, path: Path) -> Counter[str]:
        """Write lines that were no rows, rows that broke a rule, and copies; return the first, by reason."""
        refused: Counter[str] = Counter()
        schema = CONTRACTS["rejects"].schema

        def stream() -> Iterator[pa.RecordBatch]:
            for table in self.batches("rejects"):
                lines = table.filter(pc.is_null(table["rule"]))
                refused.update(lines["reason"].to_pylist())
                yield from self._rejects(lines["id"].to_numpy(), lines["reason"], lines["text"])
            for table in self.batches("rejects"):
                rows = table.filter(pc.is_valid(table["rule"]))
                copied = copies.among(rows["id"].to_numpy())
                self._move_rejects(rows.filter(pa.array(copied)))
                rows = rows.filter(pa.array(~copied))
                reasons = pa.array([_REASONS[rule] for rule in rows["rule"].to_pylist()], type=pa.string())
                yield from self._rejects(rows["id"].to_numpy(), reasons, rows["text"])
            names = np.array(self.names, dtype=object)[copies.earlier // FILE]
            rows_of = (copies.earlier % FILE).tolist()
            text = pa.array([f"row {r} of {n}" for r, n in zip(rows_of, names, strict=True)], type=pa.string())
            reasons = pa.array([_REASONS[DUPLICATE]] * copies.id.size, type=pa.string())
            yield from self._rejects(copies.id, reasons, text)

        reader = pa.RecordBatchReader.from_batches(schema, stream())
        write_table(reader, path, "rejects", origin=self.origin)
        return refused

    def _move_rejects(self, rows: pa.Table) -> None:
        rules = rows["rule"].to_numpy()
        for rule in np.unique(rules).tolist():
            self._move(int(rule), rows.filter(pa.array(rules == rule)), "value")

    def _rejects(self, identity: Ids, reasons: pa.Array, text: pa.Array) -> list[pa.RecordBatch]:
        columns = [self._source(identity).cast(pa.string()), pa.array(identity % FILE), reasons, text]
        batches: list[pa.RecordBatch] = pa.table(columns, schema=CONTRACTS["rejects"].schema).to_batches()
        return batches

    def count_files(self, journal: Journal) -> None:
        """Add rows kept and rejected to the lines of the files; lines that were no rows are counted already."""
        for at, (file, (kept, _)) in enumerate(zip(self.files, self.moved.tolist(), strict=True)):
            if at not in self.twins:
                journal.count(self.names[at], "rows_kept", file.rows[KEPT] - kept)
                journal.count(self.names[at], "rows_rejected", file.rows.total() - file.rows[KEPT] + kept)

    def completeness(self) -> pd.DataFrame:
        """Return, by year of the exports read (kept or not), rows, rows with a quantity above 0, months there."""
        found: dict[int, tuple[int, int, set[int]]] = {}
        for at, file in enumerate(self.files):
            for year, (rows, filled, months) in file.years.items() if at not in self.twins else ():
                others = found.get(year, (0, 0, set()))
                found[year] = (rows + others[0], filled + others[1], {*months, *others[2]})
        lines = []
        for year, (rows, filled, seen) in sorted(found.items()):
            copies, copied = self.copied.get(year, (0, 0))
            line = {"year": year, "rows": rows - copies, "with_quantity": filled - copied, "months": sorted(seen)}
            lines.append(line)
        return pd.DataFrame(lines, columns=["year", "rows", "with_quantity", "months"])

    def last(self, unit: str) -> Counter[int]:
        """Return how many things of a unit survive to each rule, and no further."""
        own = pa.concat_tables([things.filter(pc.equal(things["unit"], unit)) for things in self.things])
        counts = pc.value_counts(latest(own)["last"])
        return Counter({found["values"]: found["counts"] for found in counts.to_pylist()})


def find_copies(read: _Joined, room: Path) -> Copies:
    """Return the rows whose cells, year and month stand in an earlier row.

    Prints are dealt to buckets on disk, equal ones to the same bucket, so that memory does not grow with the rows.
    """
    buckets = max(1, read.rows.total() // BUCKET)
    paths = [room / f"prints_{bucket}.bin" for bucket in range(buckets)]
    for table in read.batches("prints"):
        prints = np.empty(table.num_rows, dtype=PRINT)
        for name in PRINT.names or ():
            prints[name] = table[name].to_numpy()
        bucket = (prints["print"] % np.uint64(buckets)).astype(np.uint16)
        if buckets > 1:
            order = np.argsort(bucket, kind="stable")
            prints, bucket = prints[order], bucket[order]
        edges = np.searchsorted(bucket, np.arange(buckets + 1))
        for at, path in enumerate(paths):
            with path.open("ab") as out:
                prints[edges[at] : edges[at + 1]].tofile(out)
    pairs = [_copies_in(np.fromfile(path, dtype=PRINT)) for path in paths if path.exists()]
    found = np.concatenate(pairs) if pairs else np.empty((0, 2), dtype=np.int64)
    found = found[np.argsort(found[:, 0])]
    return Copies(found[:, 0], found[:, 1])


def _copies_in(prints: npt.NDArray[np.void]) -> npt.NDArray[np.int64]:
    """Return each copy and the first row it repeats, shape (copies, 2)."""
    ordered = np.sort(prints["print"])
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    if not twice.size:
        return np.empty((0, 2), dtype=np.int64)
    # Few prints stand twice: almost all others are told apart by their last bits.
    ends = np.zeros(_ENDS, dtype=np.bool_)
    ends[twice % _ENDS] = True
    some = prints[ends[prints["print"] % _ENDS]]
    some = some[np.isin(some["print"], twice)]
    some = some[np.lexsort((some["id"], some["check"], some["print"]))]
    new = np.ones(some.size, dtype=np.bool_)
    new[1:] = (some["print"][1:] != some["print"][:-1]) | (some["check"][1:] != some["check"][:-1])
    first = some["id"][np.flatnonzero(new)[np.cumsum(new) - 1]]
    pairs: npt.NDArray[np.int64] = np.column_stack([some["id"], first])[~new]
    return pairs


@dataclass
class _Left:
    """What leaves at each rule, by unit; US$ in whole millionths."""

    by_unit: dict[str, Counter[int]] = field(default_factory=dict)

    def before(self, rule: int) -> dict[str, float]:
        """Return what is there before a rule."""
        return {
            unit: _scaled(unit, sum(n for at, n in found.items() if at >= rule)) for unit, found in self.by_unit.items()
        }


def _scaled(unit: str, amount: int) -> float:
    return amount / MICRO if unit == "value_usd" else amount


def _attrition(journal: Journal, read: _Joined, refused: Counter[str], rules: CustomsRules) -> None:
    """Add the steps: what is there before and after each rule, and the repairs of each step behind its rules."""
    rows = journal.without_twins(read.rows.total() + refused.total())
    for reason, count in sorted(refused.items()):
        journal.step(0, "read", reason, {"rows": rows}, {"rows": rows - count})
        rows -= count
    left = _Left({"rows": read.rows, "value_usd": read.micro, **{unit: read.last(unit) for unit in DISTINCT}})
    assert set(left.by_unit) == set(UNITS)  # noqa: S101 - a unit without a count would be an empty column
    off = not_applied(rules)
    for rule, step, name, reason in RULES:
        told = f"not applied: {reason}" if rule in off else reason
        journal.step(step, name, told, left.before(rule), left.before(rule + 1))
    for mark, step, name, reason in (*REPAIRS, LATER) if rules.base_year is None else REPAIRS:
        there = left.before(1 + max(rule for rule, at, *_ in RULES if at <= step))
        journal.step(step, name, reason, there, there, changed=read.changed[mark])
