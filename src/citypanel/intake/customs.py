"""Customs transactions, any known layout, to the canonical table `exports`.

Every row leaves at exactly one step, the first whose rule it breaks (the first six of the 22 cleaning steps
of the literature); repairs are counted. Rows wait in a database file, so memory does not grow with the data.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from citypanel.canonical import Origin
from citypanel.declare.intake import CustomsRules
from citypanel.errors import InputError
from citypanel.intake.accounting import Account, Journal, Outputs, require_rows, set_aside
from citypanel.intake.archives import recognised
from citypanel.intake.customs_fields import destination_reader
from citypanel.intake.customs_rows import RowReader, home_of
from citypanel.intake.customs_stage import Stage
from citypanel.intake.flows import write_export_flows
from citypanel.intake.kinds import KINDS
from citypanel.intake.reading import read_blocks
from citypanel.intake.recognise import RawFile, Recogniser
from citypanel.intake.trade_keys import Countries, split_keys
from citypanel.progress import progress
from citypanel.registers import Registers


def intake_customs(
    files: Sequence[Path | RawFile],
    out: Outputs | Path,
    *,
    root: Path | None = None,
    origin: Origin | None = None,
    registers: Registers | None = None,
    rules: CustomsRules | None = None,
) -> Account:
    """Read customs files and write `exports`, its rejects, attrition and files.

    Parameters
    ----------
    files : sequence of Path
        Raw files of any customs layout of the register, in the order in which duplicates are judged; tables of
        the countries' numbers may be among them.
    out : Outputs or Path
        Where to write; a path names the canonical table and the accounts stand beside it.
    root : Path, optional
        The raw folder; `source_file` is relative to it.
    origin : Origin, optional
        Simulated or real; by default real, with the licence class of the layouts.

    Returns
    -------
    Account
        Attrition by step and reason, and rows read = kept + rejected for every file.

    Raises
    ------
    InputError
        A file is missing, empty, of unknown layout, or without any year, no file has a row, or the files are of
        two exporting countries; nothing is written.

    Notes
    -----
    Rows whose place has no prefecture are kept with the city missing and counted; the study decides. Records
    without firms (by province or state) have the code of their place as firm and as city.
    """
    registers = registers or Registers()
    recogniser = Recogniser(registers)
    outputs = out if isinstance(out, Outputs) else Outputs.beside(Path(out))
    outputs.table.parent.mkdir(parents=True, exist_ok=True)
    journal = Journal("exports")
    with (
        recognised(recogniser, files, root) as found,
        tempfile.TemporaryDirectory(dir=outputs.table.parent, prefix=".intake") as room,
    ):
        raws, keys = split_keys(found, "exports")
        require_table(raws, "exports")
        _require_one_home(raws)
        rules = rules or CustomsRules()
        stage = Stage(Path(room), journal, drop_duplicates=rules.drop_duplicates, ends_later=rules.base_year is None)
        reader = RowReader(registers, rules, Countries(keys, destination_reader(registers)))
        for raw in progress(raws, len(raws), "files of customs records"):
            journal.open(raw)
            if set_aside(raw, journal):
                continue
            for block in read_blocks(raw):
                stage.add(raw, block, reader.read(raw, block))
        require_rows(journal)
        stated = origin or origin_of(raws)
        account = stage.finish(outputs, stated)
        if outputs.flows is not None:
            write_export_flows(outputs.table, outputs.flows, stated)
        return account


def _require_one_home(raws: Sequence[RawFile]) -> None:
    """Refuse records of two exporting countries: their places and re-imports would be mixed up."""
    first = {home_of(raw): raw.name for raw in reversed(raws)}
    if len(first) > 1:
        found = ", ".join(f"{home} ({first[home]})" for home in sorted(first))
        raise InputError(f"exports of two countries are given together: {found}; give each its own raw folder")


def origin_of(raws: Sequence[RawFile]) -> Origin:
    """Return the origin of real rows: the licence classes of their layouts."""
    return Origin(licences=tuple(sorted({raw.layout.settings.get("licence", "not stated") for raw in raws})))


def require_table(raws: Sequence[RawFile], table: str) -> None:
    """Refuse files that feed another canonical table."""
    if not raws:
        raise InputError(f"no raw file is given for the table '{table}'; `citypanel check-raw` says what files are")
    for raw in raws:
        if raw.table != table:
            raise InputError(
                f"{raw.name} is {raw.layout.name}, which feeds '{raw.table}', not '{table}'; put it into the folder of "
                f"that table ({KINDS[raw.table].folder}/)"
            )
    names = [raw.name for raw in raws]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"two files are called {twice}; give one of them another name")
