"""Write the yearly customs files block by block, and count what was put into them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from citypanel.arrays import Codes
from citypanel.sample.customs import (
    Market,
    Records,
    destinations,
    draw_records,
    header_line,
    joined,
    lines,
    record_counts,
    text_columns,
)
from citypanel.sample.customs_dirt import FAULTS, OUTSIDE, plan, with_faults, with_spellings
from citypanel.sample.exports import CityExports, city_exports
from citypanel.sample.firms import draw_firms
from citypanel.sample.tables import rows_of
from citypanel.sample.world import World

BLOCK_ROWS = 250_000
YEAR_APPENDED_TWICE = 2014
APPENDED_SHARE = 0.02
Counts = dict[str, dict[str, int]]


def write_customs(folder: Path, world: World, rows: int, seed: int) -> dict[str, Counts]:
    """Write `customs_<year>.csv` for each year, about `rows` rows in all.

    Returns, per file, `rows` and `value_usd` by kind of row: `good`, `outside_the_41_cities`, each fault,
    `duplicate`.
    """
    market: Market | None = None
    truth: dict[str, Counts] = {}
    for exports in city_exports(world, seed):
        counts = record_counts(exports, round(rows / len(world.years)))
        if market is None:
            firms = draw_firms(np.maximum(40, counts.max(axis=1) // 8), seed)
            market = Market(firms, world.products, destinations())
        rng = np.random.default_rng([seed, 14, exports.year])
        path = folder / f"customs_{exports.year}.csv"
        truth[f"customs/{path.name}"] = _write_year(path, exports, counts, market, rng)
    return truth


def _write_year(path: Path, exports: CityExports, counts: Codes, market: Market, rng: np.random.Generator) -> Counts:
    trailing = exports.year % 2 == 1
    truth: Counts = {
        kind: {"rows": 0, "value_usd": 0} for kind in ("good", *(f.kind for f in (*FAULTS, OUTSIDE)), "duplicate")
    }
    appended: pa.Array | None = None
    with path.open("wb") as file:
        file.write(header_line(trailing=trailing))
        for cities in _blocks(counts):
            records = draw_records(exports, counts, cities, market, rng)
            text, kinds, values = _dirty(records, market, rng, trailing=trailing)
            _count(truth, kinds, values)
            if exports.year == YEAR_APPENDED_TWICE and appended is None:
                size = max(2, round(APPENDED_SHARE * len(text)))
                appended = text[:size]
                _count_appended(truth, kinds[:size], values[:size])
            file.write(joined(text))
        if appended is not None:
            file.write(joined(appended))
    return truth


def _blocks(counts: Codes) -> Iterator[range]:
    """Yield runs of cities of about `BLOCK_ROWS` records, so that memory does not grow with the file."""
    first, total = 0, 0
    for city, rows in enumerate(counts.sum(axis=1)):
        if total and total + rows > BLOCK_ROWS:
            yield range(first, city)
            first, total = city, 0
        total += int(rows)
    yield range(first, len(counts))


def _dirty(
    records: Records, market: Market, rng: np.random.Generator, *, trailing: bool
) -> "tuple[pa.Array, Codes, Codes]":
    """Return the block's lines in random order, with the kind (0 good, then faults) and US$ of each."""
    other = {row["name"]: row["alternative"] for row in rows_of("destinations.csv") if row["alternative"]}
    planned = plan(len(records), rng)
    columns = with_spellings(with_faults(text_columns(records, market), planned, rng), other, rng)
    kinds = np.concatenate(
        [
            np.zeros(len(records), dtype=np.int64),
            *(np.full(len(r), k + 1) for k, (_, r) in enumerate(planned)),
        ]
    )
    values = np.concatenate([records.value, *(records.value[r] * (fault.kind != "value_zero") for fault, r in planned)])
    order = rng.permutation(len(kinds))
    return lines(columns, trailing=trailing).take(pa.array(order)), kinds[order], values[order]


def _count(truth: Counts, kinds: Codes, values: Codes) -> None:
    for number, kind in enumerate(("good", *(fault.kind for fault in (*FAULTS, OUTSIDE)))):
        mine = kinds == number
        truth[kind]["rows"] += int(mine.sum())
        truth[kind]["value_usd"] += int(values[mine].sum())


def _count_appended(truth: Counts, kinds: Codes, values: Codes) -> None:
    """Count rows appended again: imports leave at the first step, the others as duplicates at the second."""
    imports = kinds == 1
    for kind, mine in (("import", imports), ("duplicate", ~imports)):
        truth[kind]["rows"] += int(mine.sum())
        truth[kind]["value_usd"] += int(values[mine].sum())
