"""Where patent rows wait on disk until it is known which of them are one invention.

Each merge is a step: publications and repeated rows of one application, rows of single applicants, an application
that entered from abroad beside its family's own, a utility model beside its invention.
"""

# ruff: noqa: S608 - the queries are put together from names of this module, never from cells

from pathlib import Path

import duckdb
import pyarrow as pa

from citypanel.intake.patents_cells import Typed

MEMORY = "400MB"
FILE = 1 << 40  # a row's identity is its file's number times this, plus its row
_ID = (1 << 56) - 1  # what orders rows of one application is the publication's letter above the identity

AGAIN = "application and grant of one patent"
REPEATED = "the same publication in another row"
ONE_EACH = "rows of one applicant each are one application"
PER_FIELD = "an applicant repeated, as for each technology field"
JOINED = "addresses and classes joined to their application"
PCT = "entered from an international application whose Chinese application is here"
TWIN = "utility model of an invention: same day, applicants and title, or stated (一案双申)"

MERGES = (
    ("one_application_once", AGAIN),
    ("one_application_once", REPEATED),
    ("one_application_once", ONE_EACH),
    ("one_application_once", PER_FIELD),
    ("one_application_once", JOINED),
    ("pct_once", PCT),
    ("invention_once", TWIN),
)
DIFFER = "applicants differ between rows of one application; the earliest are kept"
LOOSE = "an address or class of an application that no file lists"


class Stage:
    """A DuckDB file of typed rows, applicants, refused rows, and what other tables say about applications."""

    def __init__(self, room: Path) -> None:
        self.database = duckdb.connect(str(room / "patents.duckdb"))
        self.database.execute(
            f"SET memory_limit='{MEMORY}'; SET temp_directory='{room / 'spill'}'; SET preserve_insertion_order=false; "
            "SET threads=2; SET enable_progress_bar=false"
        )
        self.database.execute("BEGIN")  # one transaction: nothing here outlives the intake
        self.database.execute(_TABLES)

    def add(self, typed: Typed, file: int) -> None:
        """Append a block of applications."""
        columns = ", ".join(_ROW_COLUMNS)
        # The hash of nothing is a number like any other: two missing titles would be the same.
        hashes = ", ".join(f"CASE WHEN {name} IS NOT NULL THEN hash({name}) END" for name in ("title", "family"))
        self._insert("rows", typed.rows, f"{columns}, {hashes}, pct, twin, long, sequence")
        self._insert("parts", typed.parts, "id, position, name, kind, adcode, rank")
        if typed.registry is not None:
            self._insert("registry", typed.registry, "name, adcode")
        self.refuse(typed.refused, file)

    def refuse(self, refused: pa.Table, file: int) -> None:
        """Append refused rows of a file."""
        if refused.num_rows:
            self._insert("rejects", refused, f"{file}, row, reason, text")

    def attach(self, keyed: pa.Table, listed: pa.Table) -> None:
        """Append what a table of addresses or classes says: id, key, ipc, text; id, position, adcode, rank."""
        self._insert("attached", keyed, "id, key, ipc, text")
        self._insert("listed", listed, "id, position, adcode, rank")

    def _insert(self, table: str, block_rows: pa.Table, select: str) -> None:
        # The rows are found by their name here: a registered view would hold them until the transaction ends.
        self.database.execute(f"INSERT INTO {table} SELECT {select} FROM block_rows")
        del block_rows

    def merge(self, *, keep_twins: bool) -> dict[str, int]:
        """Make `kept` (one row an application) and `whole` (its applicants); return rows merged by reason."""
        self.database.execute(_SAME_NUMBER)
        self.database.execute(_LOOSE)
        self.database.execute(_KEPT)
        merged = dict(zip((AGAIN, REPEATED, ONE_EACH, PER_FIELD), self._one(_REPEATED_ROWS), strict=True))
        merged[JOINED] = self._one("SELECT count(*) FROM attached")[0]
        merged[DIFFER] = self._one(_DIFFER)[0]
        for reason, query, wanted in ((PCT, _PCT, True), (TWIN, _TWINS, not keep_twins)):
            merged[reason] = 0
            if wanted:
                self.database.execute(f"CREATE OR REPLACE TABLE leaving AS {query}")
                merged[reason] = self._one("SELECT count(*) FROM leaving")[0]
                self.database.execute("DELETE FROM kept WHERE key IN (SELECT key FROM leaving)")
        self.database.execute(_WHOLE)
        if merged[JOINED]:
            self.database.execute(_ATTACH)
        return merged

    def rejects_by_reason(self) -> dict[str, int]:
        """Return the refused rows by reason, in the order of the reasons."""
        found = self.database.execute("SELECT reason, count(*) FROM rejects GROUP BY reason ORDER BY reason").fetchall()
        return {str(reason): int(rows) for reason, rows in found}

    def rows_by_file(self, query: str) -> dict[int, int]:
        """Return counts by the number of the file."""
        return {int(file): int(rows) for file, rows in self.database.execute(query).fetchall()}

    def _one(self, query: str) -> tuple[int, ...]:
        found = self.database.execute(query).fetchall()[0]
        return tuple(int(value or 0) for value in found)


KEPT_BY_FILE = f"SELECT id // {FILE} AS file, count(*) FROM kept GROUP BY file"
REJECTED_BY_FILE = "SELECT file, count(*) FROM rejects GROUP BY file"
REJECTED_ROWS = "SELECT file, row, reason, text FROM rejects ORDER BY file, row"

_ROW_COLUMNS = ("id", "key", "publication", "letter", "day", "kind", "ipc", "team", "entry")
_TABLES = """
    CREATE TABLE rows (id BIGINT, key VARCHAR, publication VARCHAR, letter TINYINT, day DATE, kind TINYINT, ipc VARCHAR,
        team UBIGINT, entry BOOLEAN, title UBIGINT, family UBIGINT, pct VARCHAR, twin VARCHAR, long BOOLEAN,
        sequence INTEGER);
    CREATE TABLE parts (id BIGINT, position INTEGER, name VARCHAR, kind TINYINT, adcode INTEGER, rank TINYINT);
    CREATE TABLE registry (name VARCHAR, adcode INTEGER);
    CREATE TABLE rejects (file INTEGER, row BIGINT, reason VARCHAR, text VARCHAR);
    CREATE TABLE attached (id BIGINT, key VARCHAR, ipc VARCHAR, text VARCHAR);
    CREATE TABLE listed (id BIGINT, position INTEGER, adcode INTEGER, rank TINYINT)
"""
# A dump without application numbers is keyed by the number that its publications share; where another file
# tells the application number of that publication, both are one.
_SAME_NUMBER = """
    CREATE TABLE told AS SELECT publication, min(key) AS key FROM rows
        WHERE publication <> '' AND publication IN (SELECT key FROM rows WHERE key LIKE 'CN%') GROUP BY publication;
    UPDATE rows SET key = told.key FROM told WHERE rows.key = told.publication
"""
_LOOSE = f"""
    INSERT INTO rejects SELECT id // {FILE}, id % {FILE}, '{LOOSE}', text FROM attached
        WHERE key NOT IN (SELECT key FROM rows);
    DELETE FROM attached WHERE key NOT IN (SELECT key FROM rows)
"""
_KEPT = f"""
    CREATE TABLE kept AS SELECT rows.* FROM rows
    JOIN (SELECT min((letter::BIGINT << 56) | id) & {_ID} AS id FROM rows GROUP BY key) USING (id)
"""
# Rows that merge: by publications, repetitions, single applicants, and repetitions of single applicants.
_REPEATED_ROWS = """
    SELECT sum(publications - 1), sum(whole - publications), sum(singles), sum(alone - singles) FROM (
        SELECT greatest(count(DISTINCT letter) FILTER (NOT long), 1) AS publications,
               greatest(count(*) FILTER (NOT long), 1) AS whole,
               greatest(count(DISTINCT team) FILTER (long) - (bool_and(long))::INTEGER, 0) AS singles,
               greatest(count(*) FILTER (long) - (bool_and(long))::INTEGER, 0) AS alone
        FROM rows WHERE key IN (SELECT key FROM rows GROUP BY key HAVING count(*) > 1) GROUP BY key)
"""
_DIFFER = """
    SELECT count(*) FROM rows JOIN kept USING (key)
    WHERE rows.id <> kept.id AND NOT rows.long AND NOT kept.long AND rows.team <> kept.team
"""
_PCT = """
    SELECT e.key FROM kept e JOIN kept o ON e.kind = o.kind AND e.family = o.family WHERE e.entry AND NOT o.entry
    UNION SELECT e.key FROM kept e JOIN kept o ON e.kind = o.kind AND e.pct = o.pct WHERE e.entry AND NOT o.entry
"""
_PAIR = "u.kind = 1 AND i.kind = 0"
_TWINS = f"""
    SELECT u.key FROM kept u JOIN kept i ON u.day = i.day AND u.team = i.team AND u.title = i.title WHERE {_PAIR}
    UNION SELECT u.key FROM kept u JOIN kept i ON i.key = u.twin WHERE {_PAIR}
    UNION SELECT u.key FROM kept u JOIN kept i ON u.key = i.twin WHERE {_PAIR}
    UNION SELECT any_value(u.key) FROM kept u JOIN kept i ON u.day = i.day AND u.team = i.team
    WHERE {_PAIR} AND u.twin = '+' AND i.twin = '+' GROUP BY u.day, u.team HAVING count(*) = 1
"""
_WHOLE = """
    CREATE TABLE whole AS
        SELECT k.key, year(k.day)::SMALLINT AS year, p.position, p.name, p.kind, p.adcode, p.rank
        FROM parts p JOIN kept k USING (id) WHERE NOT k.long;
    INSERT INTO whole
        SELECT key, year, row_number() OVER (PARTITION BY key ORDER BY sequence NULLS LAST, id, position) - 1,
               name, kind, adcode, rank
        FROM (
            SELECT k.key, year(k.day)::SMALLINT AS year, r.sequence, p.* FROM parts p
            JOIN (FROM rows WHERE long) r USING (id) JOIN (FROM kept WHERE long) k ON k.key = r.key
            QUALIFY row_number() OVER (PARTITION BY k.key, p.name ORDER BY p.adcode IS NULL, p.id, p.position) = 1)
"""
# Tables of addresses and classes beside the applications; positions count only if there are as many as applicants.
_ATTACH = """
    CREATE TABLE places AS
        SELECT a.key, l.adcode, l.rank, l.position, count(*) OVER (PARTITION BY a.key, l.rank) AS listed
        FROM (SELECT key, id FROM attached QUALIFY row_number() OVER (PARTITION BY key ORDER BY id) = 1) a
        JOIN listed l USING (id);
    CREATE TABLE sizes AS SELECT key, max(position) + 1 AS size FROM whole GROUP BY key;
    CREATE TABLE found AS
        SELECT p.key, p.position, arg_min(p.adcode, p.rank) AS adcode, min(p.rank) AS rank
        FROM places p JOIN sizes s USING (key)
        WHERE p.adcode >= 0 AND (p.listed = s.size OR (p.position = 0 AND (p.listed = 1 OR p.rank = 1)))
        GROUP BY p.key, p.position;
    UPDATE whole SET adcode = found.adcode, rank = found.rank FROM found
        WHERE whole.key = found.key AND whole.position = found.position AND whole.adcode IS NULL;
    UPDATE kept SET ipc = a.ipc FROM (
        SELECT key, arg_min(ipc, id) AS ipc FROM attached WHERE ipc IS NOT NULL GROUP BY key) a
        WHERE kept.key = a.key AND kept.ipc IS NULL
"""
