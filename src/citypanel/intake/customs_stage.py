"""Where customs rows wait on disk until duplicates are known: then kept rows, rejects and attrition."""

# ruff: noqa: S608 - the queries are put together from names of this module and of the layout, never from cells

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import duckdb
import pyarrow as pa

from citypanel.canonical import Origin, write_table
from citypanel.contracts import CONTRACTS
from citypanel.intake.accounting import UNITS, Account, Journal, Outputs
from citypanel.intake.reading import Block
from citypanel.intake.recognise import RawFile

MEMORY = "1GB"
SEPARATOR = "chr(31)"
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
    (40, 4, "hs8_repaired", "commodity code is not 8 digits"),
    (50, 5, "positive", "value is not a number"),
    (51, 5, "positive", "value is zero or negative"),
    (52, 5, "positive", "quantity is not a number"),
    (53, 5, "positive", "quantity is negative"),
    (54, 5, "positive", "quantity is zero"),
    (55, 5, "positive", "quantity is missing"),
    (60, 6, "destination", "China: a re-import"),
    (61, 6, "destination", "destination unknown by declaration"),
    (62, 6, "destination", "a continent, not a country"),
    (63, 6, "destination", "destination not in registers/countries.csv"),
)
# Repairs, counted on the rows that are kept: column of the staging table, step, name, reason.
REPAIRS = (
    ("padded", 4, "hs8_repaired", "leading zero restored"),
    ("historic", 6, "destination", "historic code merged"),
    ("unregistered", 20, "city_mapped", "registered place has no prefecture in registers/customs_areas.csv"),
    ("unplaced", 20, "city_mapped", "production place has no prefecture in registers/customs_areas.csv"),
)
_COLUMNS = (
    "firm", "firm_name", "hs8", "hs_revision", "destination", "year", "month", "city_registered",
    "city_producing", "value_usd", "quantity", "unit", "regime", "ownership", "source_file", "source_row",
)  # fmt: skip


_FILE = 1 << 40  # a row's identity is its file's number times this, plus its row
_DUPLICATE = 20
_LISTED_WITHOUT_TEXT = 10  # imports are no faults: they are listed, their text is not kept


class Stage:
    """A DuckDB file of typed rows, each with the first rule it breaks."""

    def __init__(self, room: Path, journal: Journal, *, drop_duplicates: bool = True) -> None:
        self.journal = journal
        self.drop_duplicates = drop_duplicates
        self.database = duckdb.connect(str(room / "rows.duckdb"))
        self.database.execute(f"SET memory_limit='{MEMORY}'; SET temp_directory='{room / 'spill'}'")
        self.database.execute("BEGIN")  # one transaction: nothing here outlives the intake
        self.database.execute("CREATE TABLE source (file INTEGER, name VARCHAR)")
        self._sources: dict[str, int] = {}
        self._created = False

    def add(self, file: int, raw: RawFile, block: Block, typed: pa.Table) -> None:
        """Append the typed rows of a block, with a fingerprint of each raw row."""
        if raw.name not in self._sources:
            self._sources[raw.name] = file
            self.database.execute("INSERT INTO source VALUES (?, ?)", [file, raw.name])
        self.journal.count(raw.name, "rows_read", len(block.rows) + len(block.refused))
        self.journal.refuse(raw.name, block.refused)
        rows = block.table
        for name in typed.column_names:
            rows = rows.append_column(name, typed[name])
        rows = rows.append_column("id", pa.array(block.rows + file * _FILE, type=pa.int64()))
        self.database.register("block_rows", rows)
        raw_text = ", ".join(block.table.column_names)
        kept = ", ".join(typed.column_names)
        select = (
            f"SELECT id, md5_number(concat_ws({SEPARATOR}, {raw_text}, year, month)) AS print, {kept}, "
            f"CASE WHEN rule < {KEPT} AND rule <> {_LISTED_WITHOUT_TEXT} "
            f"THEN concat_ws(',', {raw_text}) END AS text FROM block_rows"
        )
        self.database.execute(f"{'INSERT INTO staged' if self._created else 'CREATE TABLE staged AS'} {select}")
        self._created = True
        self.database.unregister("block_rows")

    def finish(self, outputs: Outputs, origin: Origin) -> Account:
        """Judge duplicates and write the table and its accounts."""
        self._judge()
        self._count_files()
        kept = self._attrition()
        write_table(self._stream(_KEPT_ROWS), outputs.table, "exports", origin=origin)
        return self.journal.write(outputs, kept, origin, self._rejects())

    def _judge(self) -> None:
        """Give every row its final rule: a copy of an earlier row leaves as a duplicate."""
        copies = f"rule >= {_DUPLICATE}" if self.drop_duplicates else "false"
        self.database.execute(f"""
            CREATE TABLE first AS SELECT print, min(id) AS id FROM staged WHERE {copies}
            GROUP BY print HAVING count(*) > 1;
            CREATE VIEW judged AS SELECT s.* EXCLUDE (rule),
                CASE WHEN s.rule >= {_DUPLICATE} AND f.id < s.id THEN {_DUPLICATE} ELSE s.rule END AS rule,
                CASE WHEN f.id < s.id THEN f.id END AS earlier
            FROM staged s LEFT JOIN first f USING (print)
        """)

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
        rows = sum(left.values()) + sum(refused.values())
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

    def _repairs(self, kept: dict[str, float]) -> None:
        for column, step, name, reason in REPAIRS:
            query = f"SELECT count(*) FILTER ({column}) FROM judged WHERE rule = {KEPT}"
            found = self.database.execute(query).fetchall()
            self.journal.step(step, name, reason, kept, kept, changed=int(found[0][0]))

    def _rejects(self) -> pa.RecordBatchReader:
        """Stream all rejects: the rows that broke a rule, and the lines that were no rows."""
        reasons = " ".join(f"WHEN {rule} THEN '{reason}'" for rule, _, _, reason in RULES)
        rows = self._stream(_REJECTED_ROWS.format(reasons=reasons))
        own = pa.Table.from_pylist(self.journal.rejects, schema=CONTRACTS["rejects"].schema)
        batches: Iterator[pa.RecordBatch] = chain(
            own.to_batches(), (batch.cast(CONTRACTS["rejects"].schema) for batch in rows)
        )
        return pa.RecordBatchReader.from_batches(CONTRACTS["rejects"].schema, batches)

    def _stream(self, query: str) -> pa.RecordBatchReader:
        return self.database.sql(query).to_arrow_reader(100_000)


_DISTINCT = {
    "firms": "firm",
    "hs6": "left(hs8, 6)",
    "destinations": "destination",
    "cities": "coalesce(city_producing, city_registered)",
}
_KEPT_ROWS = f"""
    SELECT {", ".join(_COLUMNS[:-2])}, source.name AS source_file, id % {_FILE} AS source_row
    FROM judged JOIN source ON source.file = id // {_FILE} WHERE rule = {KEPT} ORDER BY id
"""
_REJECTED_ROWS = f"""
    SELECT source.name AS source_file, judged.id % {_FILE} AS source_row,
        CASE rule {{reasons}} END AS reason,
        CASE WHEN rule = {_DUPLICATE} THEN 'row ' || (earlier % {_FILE}) || ' of ' || earlier_source.name
            ELSE text END AS text
    FROM judged JOIN source ON source.file = judged.id // {_FILE}
    LEFT JOIN source AS earlier_source ON earlier_source.file = earlier // {_FILE}
    WHERE rule < {KEPT} ORDER BY judged.id
"""
