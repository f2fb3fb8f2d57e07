"""What one job leaves of some customs files: typed rows, rejects, a print of every row, and an account.

Nothing here needs to know another file, so files can be read side by side, and one that changes is read alone.
What needs all files (duplicates, totals) is judged in `customs_join`.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from citypanel.arrays import Codes, Vector
from citypanel.canonical import Origin, origin_in, origin_metadata
from citypanel.contracts import CONTRACTS
from citypanel.intake.accounting import Journal
from citypanel.intake.blocks import EMPTY, Block
from citypanel.intake.customs_rules import DUPLICATE, IMPORT, KEPT, has_mark
from citypanel.intake.recognise import RawFile
from citypanel.micro import micro_sum

Prints = npt.NDArray[np.uint64]

# What steps count, and the column that tells one from another.
DISTINCT = {
    "firms": "firm",
    "hs6": "hs8",
    "destinations": "destination",
    "cities": "city_producing",
    "cities_registered": "city_registered",
}
FILE = 1 << 40  # a row's identity is its file's number times this, plus its row
HASH = f"duckdb {version('duckdb')}"  # its hashes may differ from release to release
_ACCOUNT = b"citypanel.account"
_HS6 = 6
TOGETHER = 1 << 20  # things of blocks that wait to be put together
_ODD = np.uint64(0x9E3779B97F4A7C15)

_CODED = pa.dictionary(pa.int32(), pa.string())
_OWN = [field for field in CONTRACTS["exports"].schema if not field.name.startswith("source_")]
ROWS = pa.schema(
    [
        ("id", pa.int64()),
        ("marks", pa.int16()),
        *((field.name, _CODED if pa.types.is_string(field.type) else field.type) for field in _OWN),
    ]
)
REJECTS = pa.schema(
    [
        ("id", pa.int64()), ("rule", pa.int16()), ("reason", pa.string()), ("value", pa.float64()),
        ("year", pa.int16()), ("marks", pa.int16()), ("text", pa.string()),
    ]
)  # fmt: skip
PRINTS = pa.schema([("id", pa.int64()), ("print", pa.uint64()), ("check", pa.uint32())])
THINGS = pa.schema([("unit", pa.string()), ("thing", pa.string()), ("last", pa.int16())])


@dataclass(frozen=True)
class Part:
    """The files that a job leaves: kept rows, rejects, prints of rows, and what it counted."""

    rows: Path
    rejects: Path
    prints: Path
    things: Path

    @classmethod
    def inside(cls, folder: Path) -> "Part":
        """Name the files after their kind in a folder."""
        return cls(*(Path(folder) / f"{field.name}.arrow" for field in fields(cls)))


@dataclass
class FileAccount:
    """What was counted of one file, and what tells whether another holds the same.

    `line` is that of the contract `files`; `empty` are lines without anything; `rows` and `micro` (US$ in millionths)
    go by rule; `years` holds rows, rows with a quantity and the months by year, of exports.
    """

    line: dict[str, Any]
    home: str
    size: int
    width: int
    twin: str = ""
    empty: int = 0
    digest: int = 0
    rows: Counter[int] = field(default_factory=Counter)
    micro: Counter[int] = field(default_factory=Counter)
    years: dict[int, tuple[int, int, list[int]]] = field(default_factory=dict)

    @property
    def content(self) -> tuple[int, int, int]:
        """The same for files of the same bytes."""
        return self.size, self.digest, int(self.line["rows_read"])

    def told(self) -> dict[str, Any]:
        """Return the account as plain data."""
        return {**vars(self), "rows": dict(self.rows), "micro": dict(self.micro)}

    @classmethod
    def parse(cls, told: dict[str, Any]) -> "FileAccount":
        """Read what JSON has made of an account: its keys are texts."""
        counts = {name: Counter({int(key): n for key, n in told[name].items()}) for name in ("rows", "micro")}
        years = {int(year): (rows, filled, months) for year, (rows, filled, months) in told["years"].items()}
        return cls(**{**told, **counts, "years": years})


class PartWriter:
    """Writes a part block by block, in the order of files and rows."""

    def __init__(self, part: Part, origin: Origin) -> None:
        self.part, self.origin = part, origin
        self.prints = _Prints()
        self.files: list[FileAccount] = []
        self._things = {unit: _Things() for unit in DISTINCT}
        part.rows.parent.mkdir(parents=True, exist_ok=True)
        # Arrow's stream takes a batch as it stands in memory, codes included.
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        self._writers = {
            name: pa.ipc.new_stream(str(getattr(part, name)), schema, options=options)
            for name, schema in (("rows", ROWS), ("rejects", REJECTS), ("prints", PRINTS))
        }

    def __enter__(self) -> Self:
        """Return the writer."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the files; after a fault they are of no use."""
        for writer in self._writers.values():
            writer.close()
        if kind is None:
            self._write_things()

    def open(self, raw: RawFile, home: str) -> None:
        """Start the account of a file; its rows follow."""
        journal = Journal("exports")
        journal.open(raw)
        self.files.append(
            FileAccount(journal.files[raw.name], home, raw.path.stat().st_size, len(raw.headers), raw.twin)
        )

    def merge(self, rows: int) -> None:
        """Count the rows of a file of the same bytes as an earlier one."""
        self.files[-1].line |= {"rows_read": rows, "rows_merged": rows}

    def add(self, block: Block, typed: pa.Table) -> None:
        """Append the typed rows of a block of the file that was opened last."""
        file = self.files[-1]
        identity = block.rows.astype(np.int64) + (len(self.files) - 1) * FILE
        rule = typed["rule"].to_numpy().astype(np.intp)
        value = typed["value_usd"].to_numpy()
        file.line["rows_read"] += len(block.rows) + len(block.refused)
        file.line["rows_rejected"] += len(block.refused)
        file.empty += sum(item.reason == EMPTY for item in block.refused)
        self._count(file, typed, rule, value)
        self._note_things(typed, rule)
        self._write_prints(file, block, typed, identity)
        self._write_refused(block)
        self._write_rejects(block, typed, rule, identity)
        self._write_rows(typed, identity)

    def _count(self, file: FileAccount, typed: pa.Table, rule: Codes, value: Vector) -> None:
        for number in np.flatnonzero(np.bincount(rule)).tolist():
            where = rule == number
            file.rows[number] += int(where.sum())
            file.micro[number] += micro_sum(value[where])
        year, month = (pc.fill_null(typed[name], 0).to_numpy() for name in ("year", "month"))
        filled = has_mark(typed["marks"].to_numpy(), "with_quantity")
        for when in np.unique(year[(rule >= DUPLICATE) & (year > 0)]).tolist():
            where = (rule >= DUPLICATE) & (year == when)
            rows, with_quantity, months = file.years.get(when, (0, 0, []))
            seen = sorted({*months, *np.unique(month[where & (month > 0)]).tolist()})
            file.years[when] = (rows + int(where.sum()), with_quantity + int((where & filled).sum()), seen)

    def _note_things(self, typed: pa.Table, rule: Codes) -> None:
        """Note the last rule that each firm, product, destination and city survives to."""
        for unit, name in DISTINCT.items():
            column = typed[name].combine_chunks()
            if not pa.types.is_dictionary(column.type):
                column = column.dictionary_encode()
            codes = pc.fill_null(column.indices, -1).to_numpy(zero_copy_only=False)
            names = column.dictionary.cast(pa.string())
            if unit == "hs6":
                names = pc.utf8_slice_codeunits(names, 0, _HS6)
            self._things[unit].note(names, last_rules(codes, rule, len(names)))

    def _write_prints(self, file: FileAccount, block: Block, typed: pa.Table, identity: npt.NDArray[np.int64]) -> None:
        """Write a print of each row that may be a copy of another: not of imports, which leave before."""
        may = typed["rule"].to_numpy() >= DUPLICATE
        columns = [column.combine_chunks() for column in block.table.columns[: file.width]]
        cells = self.prints.of(columns, len(block.rows))
        file.digest = (file.digest + placed_sum(cells, block.rows)) % (1 << 64)
        table = pa.table([pa.array(identity[may]), dated(cells, typed)[may], _check(typed)[may]], schema=PRINTS)
        self._writers["prints"].write_table(table)

    def _write_refused(self, block: Block) -> None:
        file = (len(self.files) - 1) * FILE
        rows = [{"id": item.row + file, "reason": item.reason, "text": item.text} for item in block.refused]
        self._writers["rejects"].write_table(pa.Table.from_pylist(rows, schema=REJECTS))

    def _write_rejects(self, block: Block, typed: pa.Table, rule: Codes, identity: npt.NDArray[np.int64]) -> None:
        """Write rows that broke a rule; imports are no faults: they are listed, their text is not kept."""
        bad = rule != KEPT
        shown = bad & (rule != IMPORT)
        texts = np.full(len(rule), None, dtype=object)
        texts[shown] = block.texts(shown).to_pylist()
        where = pa.array(bad)
        columns = [
            pa.array(identity[bad]),
            pa.array(rule[bad].astype(np.int16)),
            pa.nulls(int(bad.sum()), pa.string()),
            *(typed[name].filter(where) for name in ("value_usd", "year", "marks")),
            pa.array(texts[bad], type=pa.string()),
        ]
        self._writers["rejects"].write_table(pa.table(columns, schema=REJECTS))

    def _write_rows(self, typed: pa.Table, identity: npt.NDArray[np.int64]) -> None:
        columns = {"id": pa.array(identity), **{name: typed[name] for name in ROWS.names[1:]}}
        self._writers["rows"].write_table(pa.table(columns, schema=ROWS).filter(pc.equal(typed["rule"], KEPT)))

    def _write_things(self) -> None:
        told = {"hashed": HASH, "files": [file.told() for file in self.files]}
        metadata = {**origin_metadata(self.origin), _ACCOUNT: json.dumps(told, ensure_ascii=False).encode()}
        found = [(unit, things.table().sort_by("thing")) for unit, things in self._things.items()]
        tables = [table.add_column(0, "unit", pa.array([unit] * len(table), pa.string())) for unit, table in found]
        table = pa.concat_tables(tables).cast(THINGS).replace_schema_metadata(metadata)
        with pa.ipc.new_stream(str(self.part.things), table.schema) as writer:
            writer.write_table(table)


class _Things:
    """The last rule that each thing of a unit survives to; what blocks say is put together now and then."""

    def __init__(self) -> None:
        self._noted = [pa.table({"thing": pa.array([], pa.string()), "last": pa.array([], pa.int16())})]

    def note(self, things: pa.Array, last: Codes) -> None:
        """Note the last rule of the things of a block, -1 where it has none; a thing may stand there twice."""
        noted = pa.table({"thing": things, "last": pa.array(last.astype(np.int16))})
        self._noted.append(noted.filter(pc.greater_equal(noted["last"], 0)))
        if sum(map(len, self._noted[1:])) > max(TOGETHER, len(self._noted[0])):
            self._noted = [self.table()]

    def table(self) -> pa.Table:
        """Return every thing once: thing, last."""
        return latest(pa.concat_tables(self._noted))


@dataclass(frozen=True)
class PartAccount:
    """What a part counted: by file, the last rule of each thing, and which hash its prints are of."""

    hashed: str
    files: list[FileAccount]
    things: pa.Table
    origin: Origin


def read_account(part: Part) -> PartAccount:
    """Return what a part counted."""
    with pa.ipc.open_stream(str(part.things)) as reader:
        things, metadata = reader.read_all(), reader.schema.metadata
    told = json.loads(metadata[_ACCOUNT])
    return PartAccount(told["hashed"], [FileAccount.parse(file) for file in told["files"]], things, origin_in(metadata))


def batches_of(path: Path) -> Iterator[pa.Table]:
    """Yield the batches of a file of a part, each as a table."""
    with pa.OSFile(str(path)) as source, pa.ipc.open_stream(source) as reader:
        for batch in reader:
            yield pa.Table.from_batches([batch])


def last_rules(codes: Codes, rule: Codes, size: int) -> Codes:
    """Return for each of `size` coded things the largest rule at which a row of it leaves; -1 where there is none.

    Examples
    --------
    >>> last_rules(np.array([0, 1, 0, -1]), np.array([30, 20, 99, 40]), 3).tolist()
    [99, 20, -1]
    """
    last = np.full(size, -1, dtype=np.intp)
    known = codes >= 0
    for number in np.flatnonzero(np.bincount(rule)).tolist():
        last[codes[known & (rule == number)]] = number
    return last


def latest(things: pa.Table) -> pa.Table:
    """Return every thing once, with the largest of its last rules: thing, last."""
    found = things.group_by("thing", use_threads=False).aggregate([("last", "max")])
    return found.rename_columns({"last_max": "last"}).select(["thing", "last"])


class _Prints:
    """Numbers of rows, equal for equal cells: 64 bits over all cells, whatever the file's encoding and quotes."""

    def __init__(self) -> None:
        self.database = duckdb.connect(":memory:")
        self.database.execute("SET threads=1")

    def of(self, columns: list[pa.Array], rows: int) -> Prints:
        """Return a number of each row's cells."""
        prints: Prints = np.zeros(rows, dtype=np.uint64)
        for column, hashes in zip(columns, self._hashes(columns), strict=True):
            prints *= _ODD
            prints += hashes[column.indices.to_numpy()] if pa.types.is_dictionary(column.type) else hashes
        return _mixed(prints)

    def _hashes(self, columns: list[pa.Array]) -> list[Prints]:
        """Return the hashes of each column's cells, or of its distinct ones; one query asks for all."""
        cells = [column.dictionary if pa.types.is_dictionary(column.type) else column for column in columns]
        self.database.register("cells", pa.table({"cell": pa.concat_arrays(cells)}))
        found = self.database.execute("SELECT hash(cell) AS hashed FROM cells").fetchnumpy()["hashed"]
        self.database.unregister("cells")
        pieces: list[Prints] = np.split(found, np.cumsum([len(column) for column in cells])[:-1])
        return pieces


def dated(cells: Prints, typed: pa.Table) -> Prints:
    """Return prints that differ for rows of different years or months, which a file's name may tell."""
    year, month = (pc.fill_null(typed[name], -1).to_numpy().astype(np.int64) for name in ("year", "month"))
    when: Prints = (year * 16 + month).astype(np.uint64)
    return _mixed(cells + when * _ODD)


def placed_sum(cells: Prints, rows: Codes) -> int:
    """Return a number of rows that differs where the same rows stand in another order."""
    return int(np.sum(_mixed(cells ^ (rows.astype(np.uint64) * _ODD)), dtype=np.uint64))


def _mixed(numbers: Prints) -> Prints:
    mixed: Prints = (numbers ^ (numbers >> np.uint64(29))) * _ODD
    return mixed ^ (mixed >> np.uint64(32))


def _check(typed: pa.Table) -> npt.NDArray[np.uint32]:
    """Return 32 bits of value and quantity: rows that share a print by accident differ in them."""
    value, quantity = (typed[name].to_numpy().astype(np.float64) for name in ("value_usd", "quantity"))
    bits = value.view(np.uint64) ^ (quantity.view(np.uint64) * _ODD)
    check: npt.NDArray[np.uint32] = (bits ^ (bits >> np.uint64(32))).astype(np.uint32)
    return check
