"""Where customs rows wait on disk until duplicates are known: then kept rows, rejects and attrition."""

# ruff: noqa: S608 - the queries are put together from names of this module and of the layout, never from cells

from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from citypanel.arrays import Codes, Mask
from citypanel.canonical import Origin, write_table
from citypanel.contracts import CONTRACTS
from citypanel.intake.accounting import UNITS, Account, Journal, Outputs
from citypanel.intake.places import DIVIDED, ENDS_LATER, MERGED
from citypanel.intake.reading import Block
from citypanel.intake.recognise import RawFile

MEMORY = "700MB"
KEPT = 99

# The order in which rules are applied: number (step and place), name of the step, reason.
RULES: tuple[tuple[int, int, str, str], ...] = (
    (10, 1, "exports_only", "import"),
    (11, 1, "exports_only", "export flag unknown"),
    (20, 2, "duplicates", "the same row stands earlier"),
    (30, 3, "key_fields", "neither firm code nor name"),
    (31, 3, "key_fields", "no commodity code"),
    (32, 3, "key_fields", "no destination"),
    (33, 3, "key_fields", "no value"),
    (34, 3, "key_fields", "no year in row or file name"),
    (35, 3, "key_fields", "the date is no year or month"),
    (40, 4, "hs8_repaired", "commodity code is not 8 digits (6 where the source has no more)"),
    (50, 5, "positive", "value is not a number"),
    (51, 5, "positive", "value is zero or negative"),
    (52, 5, "positive", "quantity is not a number"),
    (53, 5, "positive", "quantity is negative"),
    (54, 5, "positive", "quantity is zero"),
    (55, 5, "positive", "quantity is missing"),
    (60, 6, "destination", "a re-import: the destination is the exporting country"),
    (61, 6, "destination", "destination unknown by declaration"),
    (62, 6, "destination", "a continent, not a country"),
    (63, 6, "destination", "destination not in registers/countries.csv"),
)
# What is noted about a row, one bit each, in the order of the bits; the last two are the fate of its place.
MARKS = ("padded", "historic", "odd_unit", "unregistered", "unplaced", "with_quantity")
_FATE = len(MARKS)


def _noted(name: str) -> str:
    return f"marks & {1 << MARKS.index(name)} > 0"


# Repairs and doubts, counted on the rows that are kept: condition on their marks, step, name, reason.
REPAIRS = (
    (_noted("padded"), 4, "hs8_repaired", "leading zero restored"),
    (_noted("historic"), 6, "destination", "historic code merged"),
    (
        _noted("odd_unit"),
        11,
        "unit",
        "unit of quantity not in registers/customs_units.csv",
    ),
    (
        _noted("unregistered"),
        20,
        "city_mapped",
        "registered place is in none of the registers (customs_areas, cities, regions)",
    ),
    (
        _noted("unplaced"),
        20,
        "city_mapped",
        "production place is in none of the registers (customs_areas, cities, regions)",
    ),
    (
        f"marks >> {_FATE} = {MERGED}",
        20,
        "city_mapped",
        "place of a prefecture that was merged: counted to its successor",
    ),
    (
        f"marks >> {_FATE} = {DIVIDED}",
        20,
        "city_mapped",
        "place of a prefecture that was divided: its successor is not known",
    ),
)
_LATER = (
    f"marks >> {_FATE} = {ENDS_LATER}",
    20,
    "city_mapped",
    "place of a prefecture that ends later: `base_year` of intake.customs counts it to its successor",
)
_FILE = 1 << 40  # a row's identity is its file's number times this, plus its row
_BATCH = 200_000
_NO_RULE = 1000  # above every rule
_DUPLICATE = 20
_NO_EXPORT = 20  # below are rows that are no exports
_LISTED_WITHOUT_TEXT = 10  # imports are no faults: they are listed, their text is not kept


class Stage:
    """Typed rows on disk: those that break no rule as they will be written, of all the few things steps count.

    What is counted (and the fingerprint of the raw row) stands in a DuckDB file; the rows themselves in a Parquet
    file in their order, so that nothing has to be sorted.
    """

    def __init__(self, room: Path, journal: Journal, *, drop_duplicates: bool = True, ends_later: bool = True) -> None:
        self.journal = journal
        self.drop_duplicates = drop_duplicates
        self.repairs = (*REPAIRS, _LATER) if ends_later else REPAIRS
        self.room = room
        self.database = duckdb.connect(":memory:")  # without a log to write; what is too much spills into the room
        self.database.execute(f"SET memory_limit='{MEMORY}'; SET temp_directory='{room / 'spill'}'; SET threads=2")
        self.database.execute(_CREATE)
        self._sources: list[str] = []
        self._rows = pq.ParquetWriter(room / "rows.parquet", _STAGED, compression="lz4")
        self._broken = pq.ParquetWriter(room / "broken.parquet", _BROKEN, compression="lz4")

    def add(self, raw: RawFile, block: Block, typed: pa.Table) -> None:
        """Append the typed rows of a block, in the order of files and rows."""
        if raw.name not in self._sources:
            self._sources.append(raw.name)
            self.database.execute("INSERT INTO source VALUES (?, ?)", [len(self._sources) - 1, raw.name])
        file = len(self._sources) - 1
        self.journal.count(raw.name, "rows_read", len(block.rows) + len(block.refused))
        self.journal.refuse(raw.name, block.refused)
        identity = pa.array(block.rows + file * _FILE, type=pa.int64())
        typed = typed.append_column("id", identity).append_column("line", block.lines)
        self.database.register("block_rows", typed)
        self.database.execute(_INSERT)
        self.database.unregister("block_rows")
        good = pc.equal(typed["rule"], KEPT)
        self._rows.write_table(typed.select(_STAGED.names).filter(good).cast(_STAGED))
        bad = typed.select(_BROKEN.names).filter(pc.invert(good))
        listed = pc.not_equal(bad["rule"], _LISTED_WITHOUT_TEXT)
        text = pc.if_else(listed, pc.utf8_rtrim(bad["line"], "\r\n"), None)
        self._broken.write_table(bad.set_column(bad.schema.get_field_index("line"), "line", text).cast(_BROKEN))

    def finish(self, outputs: Outputs, origin: Origin) -> Account:
        """Judge duplicates and write the table and its accounts."""
        self._rows.close()
        self._broken.close()
        copies = self._judge()
        self._count_files()
        kept = self._attrition()
        write_table(self._kept(copies["id"]), outputs.table, "exports", origin=origin)
        self.journal.completeness = self._completeness()
        return self.journal.write(outputs, kept, origin, self._rejects(copies))

    def _judge(self) -> pa.Table:
        """Give every row its final rule: a copy of an earlier row leaves as a duplicate; return the copies."""
        copies = f"rule >= {_DUPLICATE if self.drop_duplicates else _NO_RULE}"
        self.database.execute(f"""
            CREATE TABLE first AS SELECT print, year, month, min(id) AS id FROM staged WHERE {copies}
            GROUP BY print, year, month HAVING count(*) > 1;
            CREATE TABLE copy AS SELECT s.id, f.id AS earlier FROM staged s JOIN first f
            ON s.print = f.print AND s.year IS NOT DISTINCT FROM f.year AND s.month IS NOT DISTINCT FROM f.month
            WHERE s.id > f.id AND s.{copies};
            CREATE VIEW judged AS SELECT s.* EXCLUDE (rule), CASE WHEN copy.id IS NULL THEN s.rule
            ELSE {_DUPLICATE} END AS rule FROM staged s LEFT JOIN copy USING (id)
        """)
        return self.database.sql("SELECT id, earlier FROM copy ORDER BY id").to_arrow_table()

    def _count_files(self) -> None:
        counts = self.database.execute(f"""
            SELECT name, count(*) FILTER (rule = {KEPT}), count(*) FILTER (rule < {KEPT})
            FROM judged JOIN source ON source.file = judged.id // {_FILE} GROUP BY name ORDER BY name
        """).fetchall()
        for name, kept, rejected in counts:
            self.journal.count(name, "rows_kept", kept)
            self.journal.count(name, "rows_rejected", rejected)

    def _attrition(self) -> int:
        """Add the steps: what is there before and after each rule; return the rows kept."""
        refused: dict[str, int] = {}
        for item in self.journal.rejects:
            refused[str(item["reason"])] = refused.get(str(item["reason"]), 0) + 1
        left = self._by_rule("rows")
        rows = self.journal.without_twins(int(sum(left.values())) + sum(refused.values()))
        for reason in sorted(refused):
            self.journal.step(0, "read", reason, {"rows": rows}, {"rows": rows - refused[reason]})
            rows -= refused[reason]
        totals = {unit: self._by_rule(unit) for unit in UNITS}
        for rule, step, name, reason in RULES:
            before = {unit: sum(v for r, v in totals[unit].items() if r >= rule) for unit in UNITS}
            after = {unit: sum(v for r, v in totals[unit].items() if r > rule) for unit in UNITS}
            self.journal.step(step, name, reason, before, after)
        self._repairs({unit: totals[unit].get(KEPT, 0) for unit in UNITS})
        return int(totals["rows"].get(KEPT, 0))

    def _by_rule(self, unit: str) -> dict[int, float]:
        """Return, by the last rule that anything of a unit survives to, how much of the unit leaves there."""
        if unit == "rows":
            query = "SELECT rule, count(*) FROM judged GROUP BY rule"
        elif unit == "value_usd":
            query = "SELECT rule, sum(try_cast(value_usd AS DECIMAL(28, 4))) FROM judged GROUP BY rule"
        else:
            query = f"""SELECT last, count(*) FROM (SELECT max(rule) AS last FROM judged
                WHERE {_DISTINCT[unit]} IS NOT NULL GROUP BY {_DISTINCT[unit]}) GROUP BY last"""
        return {int(rule): float(value or 0) for rule, value in self.database.execute(query).fetchall()}

    def _completeness(self) -> pd.DataFrame:
        """Return, by year of the exports read (kept or not), rows, rows with a quantity above 0, months there."""
        found: pd.DataFrame = self.database.sql(f"""
            SELECT year, count(*) AS rows, count(*) FILTER ({_noted("with_quantity")}) AS with_quantity,
            coalesce(list_sort(list(DISTINCT month) FILTER (month IS NOT NULL)), []) AS months FROM judged
            WHERE year IS NOT NULL AND rule >= {_NO_EXPORT} AND rule != {_DUPLICATE} GROUP BY year ORDER BY year
        """).to_df()
        return found

    def _repairs(self, kept: dict[str, float]) -> None:
        counts = ", ".join(f"count(*) FILTER ({condition})" for condition, *_ in self.repairs)
        found = self.database.execute(f"SELECT {counts} FROM judged WHERE rule = {KEPT}").fetchall()[0]
        for (_, step, name, reason), changed in zip(self.repairs, found, strict=True):
            self.journal.step(step, name, reason, kept, kept, changed=int(changed))

    def _kept(self, copies: pa.ChunkedArray) -> pa.RecordBatchReader:
        """Stream the rows that broke no rule and are no copies, with the names of their files."""
        schema = CONTRACTS["exports"].schema
        names = pa.array(self._sources, type=pa.string())

        def batches() -> Iterator[pa.RecordBatch]:
            for batch in pq.ParquetFile(self.room / "rows.parquet").iter_batches(_BATCH):
                table = pa.Table.from_batches([batch])
                table = table.filter(pc.invert(_among(table["id"], copies)))
                file = pc.divide(table["id"], _FILE)
                table = table.append_column("source_file", names.take(file.combine_chunks()))
                row = pc.subtract(table["id"], pc.multiply(file, _FILE))
                table = table.append_column("source_row", row)
                yield from table.select(schema.names).cast(schema).to_batches()

        return pa.RecordBatchReader.from_batches(schema, batches())

    def _rejects(self, copies: pa.Table) -> pa.RecordBatchReader:
        """Stream all rejects: lines that were no rows, rows that broke a rule, and copies of rows that did not."""
        schema = CONTRACTS["rejects"].schema
        own = pa.Table.from_pylist(self.journal.rejects, schema=schema)

        def batches() -> Iterator[pa.RecordBatch]:
            yield from own.to_batches()
            for batch in pq.ParquetFile(self.room / "broken.parquet").iter_batches(_BATCH):
                table = pa.Table.from_batches([batch])
                table = table.filter(pc.invert(_among(table["id"], copies["id"])))
                reasons = mapped_reason(table["rule"])
                yield from self._reject(table["id"], reasons, table["line"]).to_batches()
            reason = next(reason for rule, _, _, reason in RULES if rule == _DUPLICATE)
            reasons = pa.array([reason] * copies.num_rows, type=pa.string())
            yield from self._reject(copies["id"], reasons, self._earlier(copies["earlier"])).to_batches()

        return pa.RecordBatchReader.from_batches(schema, batches())

    def _reject(self, identity: pa.ChunkedArray, reasons: pa.Array, text: pa.Array) -> pa.Table:
        file = pc.divide(identity, _FILE)
        names = pa.array(self._sources, type=pa.string())
        row = pc.subtract(identity, pc.multiply(file, _FILE))
        columns = [names.take(file), row, reasons, text]
        return pa.table(dict(zip(CONTRACTS["rejects"].schema.names, columns, strict=True))).cast(
            CONTRACTS["rejects"].schema
        )

    def _earlier(self, identity: pa.ChunkedArray) -> pa.ChunkedArray:
        """Return where the row that a copy repeats stands, as "row 2 of customs_2003.csv"."""
        file = pc.divide(identity, _FILE)
        names = pa.array(self._sources, type=pa.string())
        row = pc.cast(pc.subtract(identity, pc.multiply(file, _FILE)), pa.string())
        return pc.binary_join_element_wise("row ", row, " of ", names.take(file), "")


def marked(notes: Mapping[str, Mask], fate: Codes) -> pa.Array:
    """Return what is noted about rows as bits, in the order of `MARKS`, and the fate of their places above them."""
    marks = fate.astype(np.int16) << _FATE
    for bit, name in enumerate(MARKS):
        marks |= notes[name].astype(np.int16) << bit
    return pa.array(marks)


def mapped_reason(rules: pa.ChunkedArray) -> pa.Array:
    """Return the reason behind each rule's number."""
    reasons = {rule: reason for rule, _, _, reason in RULES}
    encoded = rules.combine_chunks().dictionary_encode()
    return pa.array([reasons[rule] for rule in encoded.dictionary.to_pylist()], type=pa.string()).take(encoded.indices)


def _among(values: pa.ChunkedArray, ordered: pa.ChunkedArray) -> pa.Array:
    """Return which values are among others that are in ascending order."""
    known = ordered.to_numpy()
    wanted = values.to_numpy()
    if not len(known):
        return pa.array(np.zeros(len(wanted), dtype=np.bool_))
    at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return pa.array(known[at] == wanted)


_STAGED = pa.schema(
    [
        ("id", pa.int64()),
        *((field.name, field.type) for field in CONTRACTS["exports"].schema if not field.name.startswith("source_")),
    ]
)
_BROKEN = pa.schema([("id", pa.int64()), ("rule", pa.int16()), ("line", pa.string())])
_CREATE = """
    CREATE TABLE source (file INTEGER, name VARCHAR);
    CREATE TABLE staged (id BIGINT, print UHUGEINT, rule SMALLINT, year SMALLINT, month TINYINT, firm UBIGINT,
        hs6 INTEGER, destination VARCHAR, city INTEGER, value_usd DOUBLE, marks SMALLINT)
"""
# A copy of a row is a copy whichever line end it has. Firms are counted by 64-bit hashes: the odds that any two of
# a million share one are 3 in 100 million.
_INSERT = """
    INSERT INTO staged SELECT id, md5_number(replace(line, chr(13), '')), rule, year, month, hash(firm),
    try_cast(left(hs8, 6) AS INTEGER),
    destination, coalesce(city_producing, city_registered), value_usd, marks
    FROM block_rows
"""
_DISTINCT = {"firms": "firm", "hs6": "hs6", "destinations": "destination", "cities": "city"}
