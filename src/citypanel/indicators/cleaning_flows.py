"""Cleaning, second pass: rows of a year and chapter judged by what most rows say, added up to flows, flows judged.

Steps 9 to 15. A flow is a firm, place of production or registration, product, destination and year; a firm that
produces in two cities is two exporters. Flows carry firms, products and destinations by their rank among texts, so
that their order does not depend on the order of the records.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from citypanel.arrays import Codes, Mask, Vector
from citypanel.declare.cleaning import Cleaning
from citypanel.errors import InputError
from citypanel.indicators.attrition import KEPT, Ledger, Things
from citypanel.indicators.cleaning_rows import WIDE, Read, count_pairs, things_of
from citypanel.indicators.demand import inside_shares
from citypanel.indicators.files import Wanted, read_columns, require_unique
from citypanel.indicators.intermediaries import WordList, word_list
from citypanel.indicators.partitions import Partitions, Rows
from citypanel.micro import LARGEST, MICRO
from citypanel.registers import Registers

FLOW = np.dtype(
    [
        ("product", "i4"), ("firm", "i4"), ("place", "i4"), ("destination", "i2"), ("year", "i2"), ("rows", "i4"),
        ("value", "f8"), ("quantity", "f8"), ("log_price", "f8"),
    ]
)  # fmt: skip
MANUFACTURING = range(28, 97)
RAUCH = {
    "w": "exchange", "r": "reference", "n": "differentiated",
    "exchange": "exchange", "reference": "reference", "differentiated": "differentiated",
}  # fmt: skip


@dataclass(frozen=True)
class Decisions:
    """What most records of a firm say, and the user's files, by code: the first word of a name, what to leave out."""

    word_of: Codes
    rauch_out: Mask
    deflator: Mapping[int, float]
    words: WordList


def decide(read: Read, options: Cleaning, registers: Registers) -> Decisions:
    """Return the decisions that need all records; and read the user's files."""
    words = word_list(options.intermediaries, registers)
    return Decisions(
        word_of=_words_of(read, words),
        rauch_out=_rauch_out(read.commodities.products.texts(), options),
        deflator=_deflator(options.deflator, read),
        words=words,
    )


def _words_of(read: Read, words: WordList) -> Codes:
    """Return the position of the first word in each firm's modal name; -1 where there is none."""
    texts = read.names.texts()
    found = np.array([words.which(name) for name in texts] or [-1])
    modal = _most(read.names_of, texts, len(read.firms))
    return np.where(modal < 0, -1, found[modal])


def _most(counts: Mapping[int, int], texts: list[str], size: int) -> Codes:
    """Return, for each first number, the second it stands with most often; of two, the first by its text."""
    modal = np.full(size, -1, dtype=np.int64)
    keys = np.fromiter(counts.keys(), dtype=np.int64, count=len(counts))
    often = np.fromiter(counts.values(), dtype=np.int64, count=len(counts))
    rank = _ranks(texts)
    first, second = keys // WIDE, keys % WIDE
    order = np.lexsort((rank[second], -often, first))
    leads = np.flatnonzero(np.diff(first[order], prepend=-1))
    modal[first[order][leads]] = second[order][leads]
    return modal


def _rauch_out(products: list[str], options: Cleaning) -> Mask:
    if not options.rauch_drop:
        return np.zeros(len(products), dtype=bool)
    path = Path(options.rauch)
    table = read_columns(path, [Wanted("product_prefix", "code"), Wanted("class", "name")])
    require_unique(table, ["product_prefix"], str(path))
    for row, name in enumerate(table["class"]):
        if name.lower() not in RAUCH:
            raise InputError(
                f"{path}, column 'class', row {row + 2}: found '{name}'; allowed: exchange, reference, differentiated "
                "(or w, r, n)"
            )
    known = {prefix: RAUCH[name.lower()] for prefix, name in zip(table["product_prefix"], table["class"], strict=True)}
    longest = sorted({len(prefix) for prefix in known}, reverse=True)
    classes = [next((known[p[:n]] for n in longest if p[:n] in known), "") for p in products]
    return np.array([found in options.rauch_drop for found in classes], dtype=bool)


def _deflator(path: str, read: Read) -> dict[int, float]:
    if not path:
        return {}
    table = read_columns(Path(path), [Wanted("year", "year"), Wanted("deflator", "number")])
    require_unique(table, ["year"], path)
    known = dict(zip(table["year"].tolist(), table["deflator"].tolist(), strict=True))
    for year in sorted(read.years):
        if not known.get(year, 0.0) > 0:
            raise InputError(f"{path}: found no deflator above 0 for {year}, a year of the exports")
    return known


class Collapse:
    """Turns the rows of each partition into judged flows, and keeps the count."""

    def __init__(self, read: Read, options: Cleaning, decisions: Decisions, room: Path) -> None:
        self.read, self.options, self.decisions = read, options, decisions
        self.known = read.commodities.table()
        self.flows = Partitions(room / "flows", FLOW)
        self.ranks = {name: _ranks(getattr(read, name).texts()) for name in ("firms", "destinations")}
        self.ranks["products"] = _ranks(read.commodities.products.texts())
        texts = sorted(read.commodities.products.texts())
        self.chapter = np.array([int(product[:2]) for product in texts] or [0])
        self.rauch_out = np.zeros(len(texts), dtype=bool)
        self.rauch_out[self.ranks["products"]] = decisions.rauch_out
        self.ledger = Ledger()  # of flows, whose codes are ranks
        self.merged = 0

    def run(self) -> Partitions:
        """Go through all partitions and return the flows, in the order of product, firm, place, destination."""
        unit_of = self._units()
        for key in self.read.parts.held():
            rows = self._kept_rows(self.read.parts.read(key), unit_of)
            flows = added_up(rows, self._ranked(rows), key[0])
            self.merged += rows.size - flows.size
            flows["log_price"] -= np.log(self.decisions.deflator.get(key[0], 1.0))
            self.flows.append(key, flows if self._over_years() else self._judged(flows))
            self.read.parts.drop(key)
        if self._over_years():
            self._judge_over_years()
        self.read.ledger.changed[1200] = self.merged
        return self.flows

    def _ranked(self, rows: Rows) -> tuple[Codes, Codes, Codes, Codes]:
        """Return what makes a flow: ranks of product and firm, the place, the rank of the destination."""
        product = self.ranks["products"][self.known["product"][rows["code"]]]
        firm, destination = self.ranks["firms"][rows["firm"]], self.ranks["destinations"][rows["destination"]]
        return product, firm, rows["place"], destination

    def _units(self) -> Codes:
        """Return the unit that most rows of each product have, of those that reach step 11."""
        read = self.read
        counts: Counter[int] = Counter()
        if self.options.unit == "modal":
            for _, rows in read.parts.each():
                reached = rows[self._named_out(rows) == KEPT]
                count_pairs(counts, self.known["product"][reached["code"]], reached["unit"])
        return _most(counts, read.units.texts(), len(read.commodities.products))

    def _named_out(self, rows: Rows) -> Codes:
        """Judge steps 9 and 10."""
        rule = np.full(rows.size, KEPT, dtype=np.int64)
        if self.decisions.words.words:
            word = self.decisions.word_of[rows["firm"]]
            rule = np.where(word >= 0, 900 + word, rule)
        unknown = self.known["rule"][rows["code"]]
        return np.where((unknown > 0) & (rule == KEPT), unknown, rule)

    def _kept_rows(self, rows: Rows, unit_of: Codes) -> Rows:
        """Judge steps 9 to 11 and count the rows that leave."""
        rule = self._named_out(rows)
        rule[(rule == KEPT) & self._other_unit(rows, unit_of)] = 1100
        things = things_of(rows, self.known)
        self.read.ledger.note(rule[rule != KEPT], _part(things, rule != KEPT))
        self._note_codes(rows["code"], rule)
        kept: Rows = rows[rule == KEPT]
        return kept

    def _note_codes(self, code: Codes, rule: Codes) -> None:
        """Note the six digits, as written and converted, of rows that are judged later by their product."""
        ledger = self.read.ledger
        held = np.unique(code[rule == KEPT])
        ledger.last["source"].note(self.known["source"][held], KEPT)
        ledger.note_targets(self.known["target"][held], KEPT)
        unit = np.unique(code[rule == 1100])
        ledger.note_targets(self.known["target"][unit], 1100)
        several = self.known["several"].astype(bool)[code] & (rule == KEPT)
        ledger.changed[1001] = ledger.changed.get(1001, 0) + int(several.sum())

    def _other_unit(self, rows: Rows, unit_of: Codes) -> Mask:
        if self.options.unit == "any":
            return np.zeros(rows.size, dtype=bool)
        product = self.known["product"][rows["code"]]
        modal = np.where(product < 0, -1, unit_of[product])
        # A product without any unit is left alone: there is nothing to be inconsistent with.
        return np.asarray((modal >= 0) & (rows["unit"] != modal))

    def _over_years(self) -> bool:
        """Tell whether unit values are trimmed over all years of a chapter, so that all flows must be there first."""
        return self.options.price_scope == "chapter" and self.options.price_trim != (0.0, 1.0)

    def _judge_over_years(self) -> None:
        keys = self.flows.held()
        for bucket in sorted({bucket for _, bucket in keys}):
            own = [key for key in keys if key[1] == bucket]
            parts = [self.flows.mapped(key) for key in own]
            prices, products = (np.concatenate([part[name] for part in parts]) for name in ("log_price", "product"))
            inside = self._inside(prices, self.chapter[products])
            for key, within in zip(own, np.split(inside, np.cumsum([part.size for part in parts])[:-1]), strict=True):
                flows = self.flows.read(key)
                self.flows.drop(key)
                self.flows.append(key, self._judged(flows, within))

    def _inside(self, prices: Vector, chapter: Codes) -> Mask:
        if self.options.price_trim == (0.0, 1.0) or not prices.size:
            return np.ones(prices.size, dtype=bool)
        return inside_shares(prices, chapter, *self.options.price_trim)

    def _judged(self, flows: Rows, inside: Mask | None = None) -> Rows:
        """Judge steps 13 to 15 and return the flows that stay."""
        chapter = self.chapter[flows["product"]]
        if inside is None:
            inside = self._inside(flows["log_price"], chapter)
        options = self.options
        goods_out = np.zeros(flows.size, dtype=bool)
        if options.goods == "manufacturing":
            goods_out = (chapter < MANUFACTURING[0]) | (chapter > MANUFACTURING[-1])
        rule = np.full(flows.size, KEPT, dtype=np.int64)
        for number, where in (
            (1300, ~inside),
            (1400, flows["value"] < options.min_value),
            (1401, flows["quantity"] < options.min_quantity),
            (1500, goods_out),
            (1501, self.rauch_out[flows["product"]]),
        ):
            rule[where & (rule == KEPT)] = number
        note_flows(self.ledger, flows, rule, rule != KEPT)
        kept: Rows = flows[rule == KEPT]
        return kept

    def drop_thin(self, parts: Partitions) -> None:
        """Judge step 16: products with few flows over all years."""
        least = self.options.min_flows
        if least <= 1:
            return
        counts = np.zeros(self.chapter.size, dtype=np.int64)
        for key in parts.held():
            counts += np.bincount(parts.mapped(key)["product"], minlength=counts.size)
        for key in parts.held():
            flows = parts.read(key)
            thin = counts[flows["product"]] < least
            if thin.any():
                note_flows(self.ledger, flows, np.full(flows.size, 1600), thin)
                parts.drop(key)
                parts.append(key, flows[~thin])


def note_flows(ledger: Ledger, flows: Rows, rule: Codes, where: Mask) -> None:
    """Count flows under the rules at which they leave."""
    flows, rule = flows[where], rule[where]
    things = Things(
        flows["firm"], flows["destination"], flows["place"], flows["value"], flows["rows"], product=flows["product"]
    )
    ledger.note(rule, things)


def added_up(rows: Rows, columns: tuple[Codes, Codes, Codes, Codes], year: int) -> Rows:
    """Add rows of one year up to flows, in the order of product, firm, place, destination, which `columns` give.

    Values and quantities are added up as whole millionths, so that neither the order of the rows nor that of the
    files changes a digit; sums beyond 4.6e12 are added up as they are.
    """
    product, firm, place, destination = columns
    order, starts = _groups((product, firm, place + 1, destination))
    flows = np.empty(starts.size, dtype=FLOW)
    if not starts.size:
        return flows
    for name, column in zip(("product", "firm", "place", "destination"), columns, strict=True):
        flows[name] = column[order[starts]]
    flows["year"] = year
    flows["rows"] = np.diff(np.append(starts, order.size))
    for name in ("value", "quantity"):
        flows[name] = _sums(rows[name][order], starts)
    with np.errstate(invalid="ignore", divide="ignore"):
        flows["log_price"] = np.log(flows["value"] / flows["quantity"])
    return flows


def _ranks(texts: list[str]) -> Codes:
    """Return the rank of each text among all."""
    ranks = np.empty(len(texts), dtype=np.int64)
    ranks[sorted(range(len(texts)), key=texts.__getitem__)] = np.arange(len(texts))
    return ranks


def _groups(columns: tuple[Codes, ...]) -> tuple[Codes, Codes]:
    """Return the order of rows by all columns, and where in it each distinct combination starts."""
    widths = [int(column.max(initial=0)) + 1 for column in columns]
    if np.prod([float(width) for width in widths]) < 2**62:
        key = np.zeros(columns[0].size, dtype=np.int64)
        for column, width in zip(columns, widths, strict=True):
            key = key * width + column
        order = np.argsort(key, kind="stable")
        key = key[order]
        return order, np.flatnonzero(np.append(True, key[1:] != key[:-1])[: key.size])
    order = np.lexsort(columns[::-1])
    changes = np.zeros(order.size, dtype=bool)
    for column in columns:
        changes |= np.diff(column[order], prepend=-1) != 0
    changes[:1] = True
    return order, np.flatnonzero(changes)


def _sums(values: Vector, starts: Codes) -> Vector:
    """Return the sums of runs of values: exact ones, but for runs beyond what whole millionths hold, or with gaps."""
    with np.errstate(invalid="ignore"):
        rough = np.add.reduceat(values, starts)
        usual = np.where(np.abs(values) < LARGEST, values, 0.0)
        exact = np.add.reduceat(np.rint(usual * MICRO).astype(np.int64), starts) / MICRO
        return np.where(np.abs(rough) < LARGEST, exact, rough)


def _part(things: Things, where: Mask) -> Things:
    return Things(**{name: values[where] for name, values in vars(things).items() if values is not None})
