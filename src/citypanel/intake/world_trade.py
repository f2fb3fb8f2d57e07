"""World trade by exporter, product and year to the canonical table `world_trade`."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from citypanel.canonical import Origin, write_table
from citypanel.contracts import CONTRACTS
from citypanel.intake.accounting import Account, Journal, Outputs, refused_by_step
from citypanel.intake.archives import recognised
from citypanel.intake.customs import origin_of, require_table
from citypanel.intake.customs_fields import Destination, destination_reader, hs_code, mapped, numbers, year_month
from citypanel.intake.reading import Block, Refused, read_blocks
from citypanel.intake.recognise import RawFile, Recogniser
from citypanel.registers import Registers

KEY = ["exporter", "hs", "year"]
REASONS = (
    "exporter not in registers/countries.csv",
    "product is not six digits",
    "no year",
    "value is missing, negative or no number",
    "income is negative or no number",
)
_REPEATED = "the exporter, product and year stand earlier"


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
        Files with exporter (alpha-3 or name), product (HS six digits), year, value in US$, and income if known.
    out, root, origin, registers
        As in `citypanel.intake.customs.intake_customs`.

    Raises
    ------
    InputError
        A file is missing, empty or of unknown layout.
    """
    registers = registers or Registers()
    recogniser = Recogniser(registers)
    journal = Journal("world_trade")
    economy = destination_reader(registers)
    pieces = []
    with recognised(recogniser, files, root) as raws:
        require_table(raws, "world_trade")
        for raw in raws:
            journal.open(raw)
            pieces += [_read(raw, block, journal, economy) for block in read_blocks(raw)]
    rows = pd.concat(pieces, ignore_index=True)
    rows = _once(rows, journal)
    for source, kept in rows.groupby("source_file", sort=True).size().items():
        journal.count(str(source), "rows_kept", int(kept))
    refused_by_step(journal, 1, "rows", sum(int(str(line["rows_read"])) for line in journal.files.values()))
    outputs = out if isinstance(out, Outputs) else Outputs.beside(Path(out))
    stated = origin or origin_of(raws)
    table = rows.sort_values(KEY)[[column.name for column in CONTRACTS["world_trade"].columns]]
    write_table(table, outputs.table, "world_trade", origin=stated)
    return journal.write(outputs, len(table), stated)


def _read(raw: RawFile, block: Block, journal: Journal, economy: Callable[[str], Destination | None]) -> pd.DataFrame:
    """Return the typed rows of a block; the others are refused."""

    def cells(role: str) -> pa.Array:
        at = raw.columns.get(role)
        empty = pa.array([""] * len(block.rows), type=pa.string())
        return empty if at is None else block.table.column(at).combine_chunks()

    value, words = numbers(cells("value"))
    income, income_words = numbers(cells("gdp_per_head"))
    exporter = mapped(cells("exporter"), lambda text: _alpha3(text, economy), pa.string())
    hs = mapped(cells("hs"), lambda text: hs_code(text, 6) or None, pa.string())
    year = mapped(cells("year"), lambda text: found[0] if (found := year_month(text)) else None, pa.int16())
    faults = (
        pc.is_null(exporter),
        pc.is_null(hs),
        pc.is_null(year),
        words | ~(value >= 0),
        income_words | (income < 0),
    )
    broken = np.stack([np.asarray(fault, dtype=np.bool_) for fault in faults])
    journal.count(raw.name, "rows_read", len(block.rows) + len(block.refused))
    refused = list(block.refused)
    for at in np.flatnonzero(broken.any(axis=0)):
        text = ",".join(column[int(at)].as_py() for column in block.table.columns)
        refused.append(Refused(int(block.rows[at]), REASONS[int(broken[:, at].argmax())], text))
    journal.refuse(raw.name, refused)
    frame = pd.DataFrame(
        {
            "exporter": exporter.to_pandas(),
            "hs": hs.to_pandas(),
            "year": year.to_pandas(),
            "value": value,
            "gdp_per_head": income,
            "source_row": block.rows,
        }
    )
    return frame[~broken.any(axis=0)].assign(source_file=raw.name)


def _alpha3(text: str, economy: Callable[[str], Destination | None]) -> str | None:
    """Return the economy's alpha-3; customs numbers mean nothing in world trade files."""
    found = None if text.strip().isdigit() else economy(text)
    return found.alpha3 or None if found else None


def _once(rows: pd.DataFrame, journal: Journal) -> pd.DataFrame:
    """Keep the first row of each key and refuse the others."""
    again = rows.duplicated(KEY).to_numpy()
    for row in rows[again].itertuples():
        text = f"{row.exporter},{row.hs},{row.year},{row.value}"
        journal.refuse(str(row.source_file), [Refused(int(str(row.source_row)), _REPEATED, text)])
    return rows[~again]
