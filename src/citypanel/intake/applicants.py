"""The prefecture of every applicant, though databases give the address of the first one only.

Ranks, the first that answers: the row itself (`city_field`, `address`); the same name as first applicant elsewhere,
its modal city within three years (`first_applicant`); its registered address or credit code in any row (`registry`);
the register of organisations (`register`); the place inside the name (`name`); else `unresolved`, which is stored
and counted, never dropped. Persons are placed by their own row only: two persons may have one name.
"""

# ruff: noqa: S608 - the queries are put together from names of this module, never from cells

import duckdb
import pyarrow as pa

from citypanel.intake.seats import START, Seats

WINDOW = 3  # years around the application in which a name's appearances as first applicant count
SURE = 0.8  # share of these appearances in one city from which on it is sure
RANKS = ("city_field", "address", "first_applicant", "registry", "register", "name", "unresolved")
CONFIDENCE = ("high", "medium", "low", "")
# What an answer is worth, where the rank alone says it; `first_applicant` and `name` say it case by case.
RANK_CONFIDENCE = {
    "city_field": "high",
    "address": "high",
    "registry": "high",
    "register": "medium",
    "unresolved": "",
}
_BATCH = 50_000


class Resolver:
    """Answers for all applicants in the table `whole` of a database; the answers are the table `answers`.

    `whole` has key, position, name, kind (1: person), adcode, rank, year.
    """

    def __init__(self, seats: Seats) -> None:
        self.seats = seats

    def resolve(self, database: duckdb.DuckDBPyConnection) -> None:
        """Make the tables `modal` (name, year), `placed` (name) and `ends` (adcode), which `ANSWERED` joins."""
        database.execute(_MODAL)
        database.execute("CREATE TABLE placed (name VARCHAR, adcode INTEGER, rank TINYINT, confidence TINYINT)")
        names = database.sql(_WANTED).to_arrow_reader(_BATCH)
        for batch in [batch for batch in names if batch.num_rows]:
            batch_places = self._placed(batch.column(0).to_pylist())
            database.execute("INSERT INTO placed SELECT * FROM batch_places WHERE adcode IS NOT NULL")
            del batch_places
        ends = [(code, last, successor) for code, (last, successor) in sorted(self.seats.places.ends.items())]
        database.execute("CREATE TABLE ends (adcode INTEGER, last INTEGER, successor INTEGER)")
        if ends:
            database.executemany("INSERT INTO ends VALUES (?, ?, ?)", ends)

    def _placed(self, names: list[str]) -> pa.Table:
        """Return the places that the register of organisations or the names themselves tell."""
        codes: list[int | None] = []
        ranks, sure = [], []
        for name in names:
            code = self.seats.register.get(name)
            rank, confidence = "register", RANK_CONFIDENCE["register"]
            if code is None:
                code, part = self.seats.in_name(name)
                rank, confidence = "name", "low" if part == START else "medium"
            codes.append(code)
            ranks.append(RANKS.index(rank))
            sure.append(CONFIDENCE.index(confidence))
        columns = {"name": pa.array(names, type=pa.string()), "adcode": pa.array(codes, type=pa.int32())}
        return pa.table({**columns, "rank": pa.array(ranks, pa.int8()), "confidence": pa.array(sure, pa.int8())})


def _rank(name: str) -> int:
    return RANKS.index(name)


_MODAL = f"""
    CREATE TABLE seen AS
        SELECT name, year, adcode, count(*) AS times FROM whole
        WHERE position = 0 AND adcode IS NOT NULL AND kind = 0 GROUP BY ALL;
    CREATE TABLE modal AS
        WITH wanted AS (
            SELECT DISTINCT name, year FROM whole
            WHERE adcode IS NULL AND kind = 0 AND name IN (SELECT name FROM seen)
        ), counted AS (
            SELECT w.name, w.year, s.adcode, sum(s.times) AS times FROM wanted w JOIN seen s
            ON w.name = s.name AND s.year BETWEEN w.year - {WINDOW} AND w.year + {WINDOW} GROUP BY ALL
        ), ranked AS (
            SELECT name, year, max(times) AS most, sum(times) AS total, arg_max(adcode, times) AS adcode
            FROM counted GROUP BY name, year
        )
        -- A tie between two cities is not decided.
        SELECT r.name, r.year, r.adcode, {_rank("first_applicant")} AS rank,
               CASE WHEN r.most >= {SURE} * r.total THEN 0 ELSE 1 END AS confidence
        FROM ranked r JOIN counted c ON c.name = r.name AND c.year = r.year AND c.times = r.most
        GROUP BY ALL HAVING count(*) = 1;
    CREATE TABLE registered AS
        WITH counted AS (SELECT name, adcode, count(*) AS times FROM registry GROUP BY ALL)
        SELECT name, any_value(adcode) AS adcode
        FROM (FROM counted QUALIFY times = max(times) OVER (PARTITION BY name))
        GROUP BY name HAVING count(*) = 1;
"""
_WANTED = """
    SELECT DISTINCT name FROM whole w WHERE adcode IS NULL AND kind = 0
    AND NOT EXISTS (FROM modal m WHERE m.name = w.name AND m.year = w.year)
    AND name NOT IN (SELECT name FROM registered)
"""
# The applicants with their answers; `{at}` is the year in which the prefecture is asked for.
ANSWERED = f"""
    SELECT a.key, a.position, a.name, a.kind, coalesce(e.successor, a.adcode)::INTEGER AS adcode, a.rank, a.confidence
    FROM (
        SELECT w.key, w.year, w.position, w.name, w.kind,
            coalesce(w.adcode, m.adcode, r.adcode, p.adcode) AS adcode,
            CASE WHEN w.adcode IS NOT NULL THEN w.rank WHEN m.adcode IS NOT NULL THEN m.rank
                 WHEN r.adcode IS NOT NULL THEN {_rank("registry")} WHEN p.adcode IS NOT NULL THEN p.rank
                 ELSE {_rank("unresolved")} END AS rank,
            CASE WHEN w.adcode IS NOT NULL THEN 0 WHEN m.adcode IS NOT NULL THEN m.confidence
                 WHEN r.adcode IS NOT NULL THEN 0 WHEN p.adcode IS NOT NULL THEN p.confidence
                 ELSE {CONFIDENCE.index("")} END AS confidence
        FROM whole w
        LEFT JOIN modal m ON w.adcode IS NULL AND w.kind = 0 AND m.name = w.name AND m.year = w.year
        LEFT JOIN registered r ON w.adcode IS NULL AND w.kind = 0 AND r.name = w.name
        LEFT JOIN placed p ON w.adcode IS NULL AND w.kind = 0 AND p.name = w.name
    ) a LEFT JOIN ends e ON e.adcode = a.adcode AND {{at}} > e.last
"""
