"""The 22 cleaning steps of customs records: canonical exports in, flows by year and chapter and their account out.

The order is that of the public do-files of Fan, Li and Yeaple and of Lu. Steps 0 to 6 happen at intake; 7 to 15
here; 16 to 22 are judged with the quality that they are about (`quality_streamed`), in the same account.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from citypanel.arrays import Codes, Matrix
from citypanel.canonical import Origin, origin_metadata, read_origin, read_table, write_table, written_beside
from citypanel.declare.cleaning import Cleaning
from citypanel.indicators.attrition import KEPT, Ledger, Rule
from citypanel.indicators.cleaning_flows import MANUFACTURING, Collapse, decide, note_flows
from citypanel.indicators.cleaning_rows import read_exports
from citypanel.indicators.partitions import Partitions
from citypanel.registers import Registers

FLOWS = pa.schema(
    [
        ("firm", pa.string()), ("place", pa.int32()), ("product", pa.string()), ("destination", pa.string()),
        ("year", pa.int16()), ("value", pa.float64()), ("quantity", pa.float64()), ("rows", pa.int32()),
    ]
)  # fmt: skip


def cleaning_rules(options: Cleaning, words: tuple[str, ...]) -> list[Rule]:
    """Return the rules of steps 5 to 16 in their order, each with its reason and whether it applies."""
    low, high = options.price_trim
    trimmed = f"unit value outside {low:g} to {high:g} of its {options.price_scope.replace('_', ' and ')}"
    goods = f"not a manufacture (chapters {MANUFACTURING[0]} to {MANUFACTURING[-1]})"
    named = [Rule(900 + at, "intermediaries", f"name of the firm contains {word}") for at, word in enumerate(words)]
    nameless = Rule(900, "intermediaries", "trading firm by its name", applied=False)
    return [
        Rule(500, "positive", "value or quantity is missing", options.positive),
        Rule(501, "positive", "value or quantity is not above zero", options.positive),
        Rule(600, "destination", _with("left out:", options.drop_destinations), bool(options.drop_destinations)),
        Rule(700, "special_chapters", _with("chapter", options.drop_chapters), bool(options.drop_chapters)),
        Rule(800, "regime", _with("trade regime other than", options.regimes), bool(options.regimes)),
        *(named or [nameless]),
        Rule(1000, "hs_harmonised", "code unknown to the conversion table", bool(options.hs_base)),
        Rule(1001, "hs_harmonised", "code with several codes in the base revision", options.hs_several == "drop"),
        Rule(1100, "unit", "quantity not in the product's modal unit", options.unit == "modal"),
        Rule(1200, "collapse", "rows of one firm, place, product, destination and year are added up"),
        Rule(1300, "unit_value", trimmed, (low, high) != (0, 1)),
        Rule(1400, "small_flows", f"yearly value below {options.min_value:g} US$", options.min_value > 0),
        Rule(1401, "small_flows", f"yearly quantity below {options.min_quantity:g}", options.min_quantity > 0),
        Rule(1500, "scope", goods, options.goods == "manufacturing"),
        Rule(1501, "scope", _with("class of Rauch", options.rauch_drop), bool(options.rauch_drop)),
        Rule(1600, "thin_products", f"product with fewer than {options.min_flows} flows", options.min_flows > 1),
    ]  # fmt: skip


def _with(reason: str, found: tuple[str, ...]) -> str:
    return f"{reason} {', '.join(found)}" if found else reason


@dataclass
class CleanFlows:
    """Flows that passed steps 5 to 16, by year and chapter, and what is behind their codes.

    `totals` are places, years, and the US$ of all rows read of them.
    """

    parts: Partitions
    firms: list[str]
    products: list[str]
    destinations: list[str]
    ledger: Ledger
    totals: tuple[Codes, Codes, Matrix]
    products_of: tuple[Codes, Codes]
    rules: list[Rule] = field(default_factory=list)

    def attrition(self, later: tuple[Rule, ...] = (), intake: Path | None = None) -> pd.DataFrame:
        """Return the attrition table; `later` are rules applied after these."""
        first = read_table(intake, "attrition") if intake is not None else None
        return self.ledger.table([*self.rules, *later], self.products_of, first)


@contextmanager
def clean_flows(
    exports: Path, options: Cleaning, place: str, level: str, registers: Registers | None = None
) -> Iterator[CleanFlows]:
    """Clean canonical exports up to step 16; the flows stand on disk while the context is open.

    Parameters
    ----------
    exports : Path
        Canonical `exports` (Parquet); the larger the file, the longer it takes, not the more memory it needs.
    options : Cleaning
        Which steps, and how.
    place : {"producing", "registered"}
        Which of the two cities of a row.
    level : {"hs2", "hs4", "hs6", "hs8"}
        Digits of a product.

    Raises
    ------
    InputError
        A file of the options that is absent or broken; codes that are clearly of another revision.
    """
    registers = registers or Registers()
    with TemporaryDirectory(prefix="citypanel_") as room:
        read = read_exports(Path(exports), options, place, level, Path(room))
        decisions = decide(read, options, registers)
        parts = Collapse(read, options, decisions, Path(room)).run()
        known = read.commodities.table()
        both = np.unique(np.column_stack([known["product"], known["target"]])[known["product"] >= 0], axis=0)
        clean = CleanFlows(
            parts=parts,
            firms=read.firms.texts(),
            products=read.commodities.products.texts(),
            destinations=read.destinations.texts(),
            ledger=read.ledger,
            totals=read.totals.table(),
            products_of=(both[:, 0], both[:, 1]),
            rules=cleaning_rules(options, decisions.words.words),
        )
        _drop_thin(clean, options)
        yield clean


def clean_exports(
    exports: Path,
    out: Path,
    attrition: Path,
    options: Cleaning,
    *,
    place: str = "producing",
    level: str = "hs6",
    intake: Path | None = None,
) -> int:
    """Write cleaned flows and the attrition table as Parquet; return the number of flows.

    Parameters
    ----------
    exports : Path
        Canonical `exports`.
    out : Path
        firm, place (adcode, missing where unmapped), product, destination, year, value (US$), quantity, rows; by
        year, chapter, product, firm.
    attrition : Path
        Contract `attrition`; every step in its order.
    intake : Path, optional
        The attrition of the intake, which then opens the table.
    """
    with clean_flows(exports, options, place, level) as clean:
        with written_beside(out) as beside:
            count = _write_flows(clean, beside, read_origin(exports))
        write_table(clean.attrition((), intake), attrition, "attrition", origin=read_origin(exports))
    return count


def _write_flows(clean: CleanFlows, path: Path, origin: Origin) -> int:
    """Write the flows partition by partition and count them as kept."""
    names = {name: pa.array(getattr(clean, f"{name}s"), pa.string()) for name in ("firm", "product", "destination")}
    count = 0
    with pq.ParquetWriter(path, FLOWS.with_metadata(origin_metadata(origin)), compression="zstd") as writer:
        for _, flows in clean.parts.each():
            note_flows(clean.ledger, flows, np.full(flows.size, KEPT), np.ones(flows.size, dtype=bool))
            columns = {name: texts.take(pa.array(flows[name])) for name, texts in names.items()}
            columns["place"] = pa.array(flows["place"], mask=flows["place"] < 0)
            columns |= {name: pa.array(flows[name]) for name in ("year", "value", "quantity", "rows")}
            writer.write_table(pa.table([columns[name] for name in FLOWS.names], schema=FLOWS))
            count += int(flows.size)
    return count


def _drop_thin(clean: CleanFlows, options: Cleaning) -> None:
    """Judge step 16: products with few flows over all years."""
    if options.min_flows <= 1:
        return
    counts = np.zeros(len(clean.products), dtype=np.int64)
    for key in clean.parts.held():
        counts += np.bincount(clean.parts.mapped(key)["product"], minlength=counts.size)
    for key in clean.parts.held():
        flows = clean.parts.read(key)
        thin = counts[flows["product"]] < options.min_flows
        if thin.any():
            note_flows(clean.ledger, flows, np.full(flows.size, 1600), thin)
            clean.parts.drop(key)
            clean.parts.append(key, flows[~thin])
