"""Cleaning, first pass: declared records read block by block, coded, judged row by row, put aside by year and chapter.

Steps 5 to 8 and 10 need a row alone. Step 9 needs what most records of a firm say, which is counted on the way.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from citypanel.arrays import Codes, Mask, Vector
from citypanel.canonical import ROW_GROUP
from citypanel.declare.cleaning import Cleaning
from citypanel.errors import InputError
from citypanel.indicators.attrition import KEPT, Ledger, Things
from citypanel.indicators.flows import DIGITS, PLACES
from citypanel.indicators.hs import Concordance
from citypanel.indicators.partitions import Partitions, Rows, Totals, buckets_for

BATCH = ROW_GROUP  # a row group has texts of its own, which are looked up for each piece of it
ROW = np.dtype(
    [
        ("firm", "i4"), ("place", "i4"), ("code", "i4"), ("destination", "i2"), ("unit", "i2"),
        ("value", "f8"), ("quantity", "f8"),
    ]
)  # fmt: skip
TEXTS = ("firm", "firm_name", "hs8", "hs_revision", "destination", "unit", "regime")
NO_CHAPTER = 0  # where rows wait whose code the conversion does not know


class Coder:
    """Whole numbers for texts, in the order of their first appearance."""

    def __init__(self) -> None:
        self.codes: dict[str, int] = {}

    def __len__(self) -> int:
        """Return how many texts there are."""
        return len(self.codes)

    def code(self, text: str) -> int:
        """Return the number of one text."""
        return self.codes.setdefault(text, len(self.codes))

    def texts(self) -> list[str]:
        """Return the texts in the order of their numbers."""
        return list(self.codes)


class ColumnCoder:
    """Whole numbers for the texts of coded columns, in the order of their first appearance."""

    def __init__(self) -> None:
        self._known = pa.array([], pa.string())

    def __len__(self) -> int:
        """Return how many texts there are."""
        return len(self._known)

    def column(self, column: pa.DictionaryArray) -> Codes:
        """Return the numbers of a column; -1 where it is missing."""
        texts = column.dictionary.cast(pa.string())
        new = texts.filter(pc.is_null(pc.index_in(texts, self._known))).drop_null().unique()
        if len(new):
            self._known = pa.concat_arrays([self._known, new])
        own = pc.fill_null(pc.index_in(texts, self._known), -1).to_numpy(zero_copy_only=False)
        at = pc.fill_null(column.indices.cast(pa.int32()), -1).to_numpy(zero_copy_only=False)
        return np.where(at < 0, -1, np.append(own, -1)[at])

    def texts(self) -> list[str]:
        """Return the texts in the order of their numbers."""
        found: list[str] = self._known.to_pylist()
        return found


@dataclass
class Commodities:
    """Every code as written, with its revision: what it becomes.

    `rule` is 0, or the rule of step 10 at which its rows leave; `several` tells that the conversion had a choice.
    """

    level: int
    concordance: Concordance | None
    drop_several: bool
    written: Coder = field(default_factory=Coder)
    sources: Coder = field(default_factory=Coder)
    targets: Coder = field(default_factory=Coder)
    products: Coder = field(default_factory=Coder)
    rows: list[tuple[int, int, int, int, int, bool]] = field(default_factory=list)
    _table: dict[str, Codes] = field(default_factory=dict)
    _known: dict[tuple[str, str], int] = field(default_factory=dict)

    def columns(self, hs8: pa.DictionaryArray, revision: pa.DictionaryArray) -> Codes:
        """Return the numbers of code and revision together."""
        revisions = revision.dictionary.to_pylist()
        codes = hs8.dictionary.to_pylist()
        at = hs8.indices.to_numpy(zero_copy_only=False).astype(np.int64) * len(revisions)
        both = at + revision.indices.to_numpy(zero_copy_only=False)
        occurs = np.zeros(len(codes) * len(revisions), dtype=bool)
        occurs[both] = True
        own = np.full(occurs.size, -1, dtype=np.int64)
        for key in np.flatnonzero(occurs).tolist():
            own[key] = self._code(codes[key // len(revisions)], revisions[key % len(revisions)])
        found: Codes = own[both]
        return found

    def _code(self, hs8: str, revision: str) -> int:
        known = self._known.get((hs8, revision))
        if known is None:
            self.rows.append(self._row(hs8, revision))
            known = self._known[hs8, revision] = self.written.code(f"{revision}:{hs8}")
        return known

    def _row(self, hs8: str, revision: str) -> tuple[int, int, int, int, int, bool]:
        source = self.sources.code(hs8[:6])
        code, several = hs8, False
        if self.concordance is not None:
            target = self.concordance.targets(revision).get(hs8[:6])
            if target is None:
                return source, -1, -1, NO_CHAPTER, 1000, False
            code, several = target.code, target.several
            if several and self.drop_several:
                return source, -1, -1, NO_CHAPTER, 1001, True
        target_code = self.targets.code(code[:6])
        return source, target_code, self.products.code(code[: self.level]), int(code[:2]), 0, several

    def table(self) -> Mapping[str, Codes]:
        """Return one array by name, indexed by the number of code and revision."""
        if not self._table or self._table["source"].size < len(self.rows):
            names = ("source", "target", "product", "chapter", "rule", "several")
            columns = zip(*self.rows, strict=True) if self.rows else [()] * len(names)
            self._table = {name: np.array(values, dtype=np.int64) for name, values in zip(names, columns, strict=True)}
        return self._table


@dataclass
class Read:
    """What the first pass leaves: rows by year and chapter, the codes behind them, and what was counted."""

    parts: Partitions
    commodities: Commodities
    firms: ColumnCoder = field(default_factory=ColumnCoder)
    destinations: ColumnCoder = field(default_factory=ColumnCoder)
    units: ColumnCoder = field(default_factory=ColumnCoder)
    names: ColumnCoder = field(default_factory=ColumnCoder)
    ledger: Ledger = field(default_factory=Ledger)
    totals: Totals = field(default_factory=Totals)
    buckets: int = 1
    names_of: Counter[int] = field(default_factory=Counter)
    years: dict[int, set[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    """Some of the chapters, so that several jobs share the records: those with this remainder."""

    number: int = 0
    of: int = 1

    @classmethod
    def parse(cls, text: str) -> "Group":
        """Read `2of8`, the second of eight groups.

        >>> Group.parse("2of8")
        Group(number=1, of=8)
        """
        number, _, of = text.partition("of")
        return cls(int(number) - 1, int(of))

    def holds(self, chapters: Codes) -> Mask:
        """Tell which chapters belong to the group; rows whose code the conversion does not know, to the first."""
        return np.asarray(chapters % self.of == self.number)


WIDE = 1 << 32  # two numbers in one key
DENSE = 4_000_000  # combinations that are counted without sorting


def read_exports(
    exports: Path,
    options: Cleaning,
    place: str,
    level: str,
    room: Path,
    *,
    group: Group = Group(),
) -> Read:
    """Read canonical exports, judge steps 5 to 8, and put the rows of a group of chapters aside.

    Parameters
    ----------
    exports : Path
        Canonical `exports`.
    options : Cleaning
    place : {"producing", "registered"}
    level : {"hs2", "hs4", "hs6", "hs8"}
        Digits of a product.
    room : Path
        A folder for rows that wait.
    """
    if options.hs_base and level == "hs8":
        raise InputError("level hs8 with hs_base: conversion tables have six digits; choose hs6, hs4 or hs2")
    if not Path(exports).is_file():
        raise InputError(f"{exports} does not exist; a Parquet file is expected")
    table = Concordance(Path(options.hs_table), options.hs_base) if options.hs_base else None
    commodities = Commodities(DIGITS[level], table, options.hs_several == "drop")
    read = Read(Partitions(room / "rows", ROW), commodities, buckets=_buckets(exports))
    for batch in _batches(exports, PLACES[place], names=options.intermediaries != "keep"):
        _take(batch, options, read, group)
    _check_revisions(read, table)
    return read


def _batches(exports: Path, place: str, *, names: bool) -> Iterator[dict[str, pa.Array]]:
    texts = [name for name in TEXTS if names or name != "firm_name"]
    columns = [*texts, "year", place, "value_usd", "quantity"]
    file = pq.ParquetFile(exports, read_dictionary=texts, pre_buffer=False)
    for batch in file.iter_batches(BATCH, columns=columns):
        arrays = {name: batch.column(name) for name in columns}
        yield {**arrays, "place": arrays[place]}


def _numbers(column: pa.Array, missing: float) -> Vector:
    filled: Vector = pc.fill_null(column, missing).to_numpy(zero_copy_only=False)
    return filled


def _take(batch: dict[str, pa.Array], options: Cleaning, read: Read, group: Group) -> None:
    """Code one block, judge the rows of the group, count, and put them aside."""
    year = _years(batch)
    code = read.commodities.columns(batch["hs8"], batch["hs_revision"])
    _note_years(year, code, read.years)
    if "firm_name" in batch:
        # All records of a firm tell its name, whatever they are of.
        count_pairs(read.names_of, read.firms.column(batch["firm"]), read.names.column(batch["firm_name"]))
    own = group.holds(read.commodities.table()["chapter"][code])
    if not own.all():
        where = pa.array(own)
        batch = {name: column.filter(where) for name, column in batch.items()}
        year, code = year[own], code[own]
    rows = _rows(batch, code, read)
    known = read.commodities.table()
    read.totals.add(rows["place"], year, rows["value"])
    rule = _judged(batch, rows, options)
    gone = rule != KEPT
    read.ledger.note(rule[gone], _where(things_of(rows, known), gone))
    read.parts.scatter(year[~gone], known["chapter"][code[~gone]] % read.buckets, rows[~gone])


def _years(batch: dict[str, pa.Array]) -> Codes:
    years: Codes = batch["year"].to_numpy(zero_copy_only=False).astype(np.int64)
    return years


def _rows(batch: dict[str, pa.Array], code: Codes, read: Read) -> Rows:
    rows = np.empty(code.size, dtype=ROW)
    rows["firm"] = read.firms.column(batch["firm"])
    rows["destination"] = read.destinations.column(batch["destination"])
    rows["unit"] = read.units.column(batch["unit"])
    rows["place"] = _numbers(batch["place"], -1)
    rows["value"], rows["quantity"] = _numbers(batch["value_usd"], np.nan), _numbers(batch["quantity"], np.nan)
    rows["code"] = code
    return rows


def _buckets(exports: Path) -> int:
    """Return the number of buckets for the rows and years that the file's metadata states."""
    metadata = pq.read_metadata(exports)
    at = metadata.schema.names.index("year") if "year" in metadata.schema.names else -1
    edges: list[int] = []
    for group in range(metadata.num_row_groups):
        found = metadata.row_group(group).column(at).statistics
        if found is not None and found.has_min_max:
            edges += [found.min, found.max]
    return buckets_for(metadata.num_rows, max(edges) - min(edges) + 1 if edges else 1)


def _note_years(year: Codes, code: Codes, years: dict[int, set[int]]) -> None:
    """Note which codes occur in which year."""
    width = int(code.max(initial=0)) + 1
    first = int(year.min()) if year.size else 0
    occurs = np.zeros((int(year.max()) - first + 1 if year.size else 0, width), dtype=bool)
    occurs[year - first, code] = True
    for at, own in enumerate(occurs):
        if own.any():
            years.setdefault(first + at, set()).update(np.flatnonzero(own).tolist())


def _judged(batch: dict[str, pa.Array], rows: Rows, options: Cleaning) -> Codes:
    """Return the first rule of steps 5 to 8 that each row breaks."""
    rule = np.full(rows.size, KEPT, dtype=np.int64)

    def breaks(number: int, where: Mask) -> None:
        rule[where & (rule == KEPT)] = number

    if options.positive:
        breaks(500, np.isnan(rows["value"]) | np.isnan(rows["quantity"]))
        breaks(501, ~((rows["value"] > 0) & (rows["quantity"] > 0)))
    if options.drop_destinations:
        breaks(600, _among(batch["destination"], options.drop_destinations))
    # Codes are converted at step 10 only: chapters are those of the code as written.
    breaks(700, np.isin(_chapters(batch["hs8"]), [int(drop) for drop in options.drop_chapters]))
    if options.regimes:
        breaks(800, ~_among(batch["regime"], options.regimes))
    return rule


def _among(column: pa.DictionaryArray, wanted: tuple[str, ...]) -> Mask:
    inside = np.array([text in wanted for text in column.dictionary.to_pylist()] or [False])
    at = pc.fill_null(column.indices.cast(pa.int32()), -1).to_numpy(zero_copy_only=False)
    return np.where(at < 0, False, inside[at])


def _chapters(hs8: pa.DictionaryArray) -> Codes:
    own = np.array([int(code[:2]) for code in hs8.dictionary.to_pylist()] or [0])
    chapters: Codes = own[hs8.indices.to_numpy(zero_copy_only=False)]
    return chapters


def things_of(rows: Rows, known: Mapping[str, Codes]) -> Things:
    """Return rows as the ledger counts them."""
    return Things(rows["firm"], rows["destination"], rows["place"], rows["value"], source=known["source"][rows["code"]])


def _where(things: Things, kept: Mask) -> Things:
    columns = {name: values[kept] for name, values in vars(things).items() if values is not None}
    return Things(**columns)


def count_pairs(counter: Counter[int], first: Codes, second: Codes) -> None:
    """Add how often two numbers stand together, where both are known."""
    both = (first >= 0) & (second >= 0)
    one, other = first[both].astype(np.int64), second[both].astype(np.int64)
    width = int(other.max(initial=0)) + 1
    if (int(one.max(initial=0)) + 1) * width <= DENSE:
        often = np.bincount(one * width + other)
        found = np.flatnonzero(often)
        keys, counts = found // width * WIDE + found % width, often[found]
    else:
        keys, counts = np.unique(one * WIDE + other, return_counts=True)
    for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
        counter[key] += count


def _check_revisions(read: Read, table: Concordance | None) -> None:
    if table is None:
        return
    written = read.commodities.written.texts()
    for year, codes in sorted(read.years.items()):
        by_revision: dict[str, list[str]] = {}
        for code in sorted(codes):
            revision, _, hs8 = written[code].partition(":")
            by_revision.setdefault(revision, []).append(hs8[:6])
        for revision, found in by_revision.items():
            table.require_revision(year, revision, found)
