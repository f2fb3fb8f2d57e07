"""World trade by exporter, product and year to the canonical table `world_trade`."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from citypanel.canonical import Origin, write_table
from citypanel.contracts import CONTRACTS
from citypanel.errors import InputError
from citypanel.intake.accounting import Account, Journal, Outputs, refused_by_step, require_rows, set_aside
from citypanel.intake.archives import recognised
from citypanel.intake.customs import origin_of, require_table
from citypanel.intake.customs_fields import Destination, destination_reader, hs_code, mapped, numbers, year_month
from citypanel.intake.flows import WORLD, flows_file
from citypanel.intake.reading import Block, Refused, read_blocks
from citypanel.intake.recognise import RawFile, Recogniser
from citypanel.intake.trade_keys import BESIDE, FOUND_BESIDE, Countries, incomes, split_keys
from citypanel.registers import Registers

KEY = ["exporter", "hs", "year"]
REASONS = (
    "exporter not in registers/countries.csv",
    "product is not six digits",
    "no year",
    "value is missing, negative or no number",
    "income is negative or no number",
    "quantity is negative or no number",
)
_REPEATED = "the exporter, product and year stand earlier"
_DECIMALS = 3  # of a US$; sources have fewer


def intake_world_trade(
    files: Sequence[Path | RawFile],
    out: Outputs | Path,
    *,
    root: Path | None = None,
    origin: Origin | None = None,
    registers: Registers | None = None,
) -> Account:
    """Read world trade files and write `world_trade`, its rejects, attrition and files.

    Parameters
    ----------
    files : sequence of Path
        Files with exporter (alpha-3 or name), product (HS six digits), year, value in US$, and income if known; or
        BACI files with its table of countries, whose importers are summed. Tables of incomes may be among them.
    out, root, origin, registers
        As in `citypanel.intake.customs.intake_customs`. If `out.flows` is named, bilateral files are written there
        as flows from exporter to importer, with quantities.

    Raises
    ------
    InputError
        A file is missing, empty or of unknown layout; no table explains BACI's countries; two bilateral files hold
        the same year.
    """
    registers = registers or Registers()
    outputs = out if isinstance(out, Outputs) else Outputs.beside(Path(out))
    with ExitStack() as rooms:
        found = rooms.enter_context(recognised(Recogniser(registers), files, root))
        raws, keys = split_keys(found, "world_trade")
        require_table(raws, "world_trade")
        stated = origin or origin_of(raws)
        bilateral = any("importer" in raw.columns for raw in raws)
        wanted = outputs.flows if bilateral else None
        flows = rooms.enter_context(flows_file(wanted, WORLD, stated)) if wanted is not None else None
        reader = _Reader(keys, registers, flows)
        for raw in raws:
            reader.read(raw)
        require_rows(reader.journal)
    table = reader.table()
    write_table(table, outputs.table, "world_trade", origin=stated)
    return reader.journal.write(outputs, len(table), stated)


class _Reader:
    """Collects the rows of all files and counts what happens to each."""

    def __init__(self, keys: Sequence[RawFile], registers: Registers, flows: pq.ParquetWriter | None) -> None:
        known = destination_reader(registers)
        self.countries = Countries(keys, known)
        self.incomes = incomes(keys, known)
        self.flows = flows
        self.journal = Journal("world_trade")
        self.pieces: list[pd.DataFrame] = []
        self.years: dict[int, str] = {}
        self.summed = 0

    def read(self, raw: RawFile) -> None:
        """Read one file; the importers of a bilateral file are summed."""
        self.journal.open(raw)
        if set_aside(raw, self.journal):
            return
        own = [self._typed(raw, block) for block in read_blocks(raw)]
        if own and "importer" in raw.columns:
            self._require_own_years(raw, own)
            rows = sum(map(len, own))
            own = [_sums(pd.concat([_sums(piece) for piece in own]))]
            self.journal.count(raw.name, "rows_merged", rows - len(own[0]))
            self.summed += rows - len(own[0])
        self.pieces += [piece.assign(source_file=raw.name) for piece in own]

    def table(self) -> pd.DataFrame:
        """Return the rows in the order of their key; incomes that the files lack come from the tables beside."""
        rows = pd.concat(self.pieces, ignore_index=True)
        rows = _once(rows, self.journal)
        for source, kept in rows.groupby("source_file", sort=True).size().items():
            self.journal.count(str(source), "rows_kept", int(kept))
        total = sum(int(str(line["rows_read"])) for line in self.journal.files.values())
        left = refused_by_step(self.journal, 1, "rows", total)
        if self.summed:
            reason = "the importers of an exporter, product and year are summed"
            self.journal.step(2, "importers", reason, {"rows": left}, {"rows": left - self.summed})
        if self.incomes:
            rows = self._with_incomes(rows)
        return rows.sort_values(KEY)[[column.name for column in CONTRACTS["world_trade"].columns]]

    def _with_incomes(self, rows: pd.DataFrame) -> pd.DataFrame:
        lacking = rows["gdp_per_head"].isna().to_numpy()
        pairs = rows.loc[lacking, ["exporter", "year"]].itertuples(index=False)
        found = np.array([self.incomes.get((str(who), int(when)), np.nan) for who, when in pairs], dtype=np.float64)
        rows.loc[lacking, "gdp_per_head"] = found
        kept = {"rows": len(rows)}
        for reason, changed in (
            (FOUND_BESIDE, np.isfinite(found).sum()),
            ("no income in the tables beside", np.isnan(found).sum()),
        ):
            self.journal.step(3, "incomes", reason, kept, kept, changed=int(changed))
        return rows

    def _require_own_years(self, raw: RawFile, pieces: Sequence[pd.DataFrame]) -> None:
        """Refuse a second bilateral file of a year: the same trade would be summed twice."""
        for year in sorted({int(year) for piece in pieces for year in piece["year"].unique()}):
            other = self.years.setdefault(year, raw.name)
            if other != raw.name:
                raise InputError(f"{other} and {raw.name} both hold {year}; give one revision of the product codes")

    def _typed(self, raw: RawFile, block: Block) -> pd.DataFrame:
        """Return the typed rows of a block; the others are refused."""

        def cells(role: str) -> pa.Array:
            at = raw.columns.get(role)
            empty = pa.array([""] * len(block.rows), type=pa.string())
            return empty if at is None else block.table.column(at).combine_chunks()

        economy = self.countries.reader(raw)
        read = economy if raw.layout.settings.get("countries") == BESIDE else _no_numbers(economy)
        value, words = numbers(cells("value"))
        value = np.round(value * float(raw.layout.settings.get("value_factor", "1")), _DECIMALS)
        income, income_words = numbers(cells("gdp_per_head"))
        quantity, quantity_words = numbers(cells("quantity"))
        exporter = mapped(cells("exporter"), lambda text: _alpha3(read(text)), pa.string())
        hs = mapped(cells("hs"), lambda text: hs_code(text, 6) or None, pa.string())
        year = mapped(cells("year"), lambda text: found[0] if (found := year_month(text)) else None, pa.int16())
        faults = (
            pc.is_null(exporter),
            pc.is_null(hs),
            pc.is_null(year),
            words | ~(value >= 0),
            income_words | (income < 0),
            quantity_words | (quantity < 0),
        )
        broken = np.stack([np.asarray(fault, dtype=np.bool_) for fault in faults])
        self._refuse(raw, block, broken)
        good = ~broken.any(axis=0)
        if self.flows is not None and "importer" in raw.columns:
            importer = mapped(cells("importer"), lambda text: _alpha3(read(text)) or text.strip(), pa.string())
            columns = [exporter, hs, importer, year, pa.array(value), pa.array(quantity, from_pandas=True)]
            cast = [column.cast(kind) for column, kind in zip(columns, WORLD.types, strict=True)]
            self.flows.write_table(pa.table(cast, schema=self.flows.schema).filter(pa.array(good)))
        frame = {"exporter": exporter.to_pandas(), "hs": hs.to_pandas(), "year": year.to_pandas(), "value": value}
        return pd.DataFrame({**frame, "gdp_per_head": income, "source_row": block.rows}).loc[np.flatnonzero(good)]

    def _refuse(self, raw: RawFile, block: Block, broken: "np.ndarray[tuple[int, int], np.dtype[np.bool_]]") -> None:
        self.journal.count(raw.name, "rows_read", len(block.rows) + len(block.refused))
        refused = list(block.refused)
        for at in np.flatnonzero(broken.any(axis=0)):
            text = ",".join(column[int(at)].as_py() for column in block.table.columns)
            refused.append(Refused(int(block.rows[at]), REASONS[int(broken[:, at].argmax())], text))
        self.journal.refuse(raw.name, refused)


def _sums(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each exporter, product and year."""
    how = {"value": "sum", "gdp_per_head": "first", "source_row": "min"}
    summed: pd.DataFrame = rows.groupby(KEY, as_index=False, sort=False).agg(how)
    return summed


def _no_numbers(economy: Callable[[str], Destination | None]) -> Callable[[str], Destination | None]:
    """Return a reader of economies that knows no numbers: those of customs mean nothing in world trade files."""
    return lambda text: None if text.strip().isdigit() else economy(text)


def _alpha3(found: Destination | None) -> str | None:
    return found.alpha3 or None if found else None


def _once(rows: pd.DataFrame, journal: Journal) -> pd.DataFrame:
    """Keep the first row of each key and refuse the others."""
    again = rows.duplicated(KEY).to_numpy()
    for row in rows[again].itertuples():
        text = f"{row.exporter},{row.hs},{row.year},{row.value}"
        journal.refuse(str(row.source_file), [Refused(int(str(row.source_row)), _REPEATED, text)])
    return rows[~again]
