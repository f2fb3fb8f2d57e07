"""The 22 cleaning steps of customs records: canonical exports in, flows by year and chapter and their account out.

The order is that of the public do-files of Fan, Li and Yeaple and of Lu. Steps 0 to 6 happen at intake; 7 to 16
here; 17 to 22 are judged with the quality that they are about (`quality_streamed`), in the same account. Chapters may
be shared out to several jobs: nothing of a product is told by the records of another, and what the records of a firm
tell (its name) each job reads for itself.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from citypanel.atomic import written_beside
from citypanel.canonical import origin_metadata, read_origin, read_table, write_table
from citypanel.declare.cleaning import Cleaning
from citypanel.indicators.attrition import KEPT, Counted, Rule
from citypanel.indicators.cleaned import Cleaned, CleanedAccount, CleanFlows, joined, write_account, write_flows
from citypanel.indicators.cleaning_flows import MANUFACTURING, Collapse, decide, note_flows
from citypanel.indicators.cleaning_rows import Group, Read, read_exports
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


def clean_chapters(
    exports: Path,
    out: Cleaned,
    options: Cleaning,
    *,
    place: str,
    level: str,
    group: str = "1of1",
    registers: Registers | None = None,
) -> None:
    """Clean the canonical exports of a group of chapters up to step 16 and leave flows and account.

    Parameters
    ----------
    exports : Path
        Canonical `exports` (Parquet); the larger the file, the longer it takes, not the more memory it needs.
    out : Cleaned
        The two files.
    options : Cleaning
        Which steps, and how.
    place : {"producing", "registered"}
        Which of the two cities of a row.
    level : {"hs2", "hs4", "hs6", "hs8"}
        Digits of a product.
    group : str
        Which chapters, as 2of8: those whose number leaves the remainder 1 when divided by 8.

    Raises
    ------
    InputError
        A file of the options that is absent or broken; codes that are clearly of another revision.
    """
    registers = registers or Registers()
    with TemporaryDirectory(prefix="citypanel_") as room:
        read = read_exports(Path(exports), options, place, level, Path(room), group=Group.parse(group))
        decisions = decide(read, options, registers)
        collapse = Collapse(read, options, decisions, Path(room))
        parts = collapse.run()
        collapse.drop_thin(parts)
        products = read.commodities.products.texts()
        texts = {
            "firm": sorted(read.firms.texts()),
            "destination": sorted(read.destinations.texts()),
            "product": sorted(products),
        }
        write_flows(parts, texts, out.flows, read_origin(exports))
        account = CleanedAccount(
            counted=_counted(read, collapse, texts),
            totals=read.totals.micro,
            rules=tuple(cleaning_rules(options, decisions.words.words)),
            origin=read_origin(exports),
            flows=sum(parts.rows.values()),
        )
        write_account(account, out.account)


def _counted(read: Read, collapse: Collapse, texts: dict[str, list[str]]) -> Counted:
    """Return the counts of rows, and of flows, by the names of things."""
    codes = read.commodities
    pairs = codes.table()
    both = np.unique(np.column_stack([pairs["product"], pairs["target"]])[pairs["product"] >= 0], axis=0).tolist()
    products, targets = codes.products.texts(), codes.targets.texts()
    counted = read.ledger.counted(
        {
            "firms": read.firms.texts(),
            "destinations": read.destinations.texts(),
            "source": codes.sources.texts(),
            "target": targets,
        },
        {(products[product], targets[target]) for product, target in both},
    )
    counted.add(
        collapse.ledger.counted(
            {"firms": texts["firm"], "destinations": texts["destination"], "product": texts["product"]}
        )
    )
    return counted


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
    with TemporaryDirectory(prefix="citypanel_") as room:
        files = Cleaned(Path(room) / "flows.arrow", Path(room) / "account.arrow")
        clean_chapters(exports, files, options, place=place, level=level)
        clean = joined([files], Path(room))
        with written_beside(out) as beside:
            count = _write_parquet(clean, beside)
        first = read_table(intake, "attrition") if intake is not None else None
        table = clean.counted().table(clean.account.rules, first, place)
        write_table(table, attrition, "attrition", origin=clean.account.origin)
    return count


def _write_parquet(clean: CleanFlows, path: Path) -> int:
    """Write the flows partition by partition and count them as kept."""
    names = {name: pa.array(texts, pa.string()) for name, texts in clean.texts.items()}
    schema = FLOWS.with_metadata(origin_metadata(clean.account.origin))
    count = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for _, flows in clean.parts.each():
            note_flows(clean.ledger, flows, np.full(flows.size, KEPT), np.ones(flows.size, dtype=bool))
            columns = {name: texts.take(pa.array(flows[name])) for name, texts in names.items()}
            columns["place"] = pa.array(flows["place"], mask=flows["place"] < 0)
            columns |= {name: pa.array(flows[name]) for name in ("year", "value", "quantity", "rows")}
            writer.write_table(pa.table([columns[name] for name in FLOWS.names], schema=FLOWS))
            count += int(flows.size)
    return count
