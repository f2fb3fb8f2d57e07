"""Customs transactions, any known layout, to the canonical table `exports`.

Every row leaves at exactly one step, the first whose rule it breaks (the first six of the 22 cleaning steps
of the literature); repairs are counted. Files may be read side by side (`read_customs`) and joined, or all at once
(`intake_customs`): the bytes are the same.
"""

from collections.abc import Sequence
from pathlib import Path

from citypanel.atomic import room_beside
from citypanel.canonical import Origin
from citypanel.declare.intake import CustomsRules
from citypanel.errors import InputError
from citypanel.intake.accounting import Account, Outputs
from citypanel.intake.archives import recognised
from citypanel.intake.customs_fields import destination_reader
from citypanel.intake.customs_join import join_customs, require_one_home
from citypanel.intake.customs_parts import Part, PartWriter
from citypanel.intake.customs_rows import PLAIN, RowReader, home_of
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
    outputs = out if isinstance(out, Outputs) else Outputs.beside(Path(out))
    with room_beside(outputs.table) as room:
        part = Part.inside(room)
        read_customs(files, part, root=root, origin=origin, registers=registers, rules=rules)
        return join_customs([part], outputs, rules)


def read_customs(
    files: Sequence[Path | RawFile],
    part: Part,
    *,
    beside: Sequence[Path] = (),
    root: Path | None = None,
    origin: Origin | None = None,
    registers: Registers | None = None,
    rules: CustomsRules | None = None,
) -> None:
    """Read some customs files by themselves and leave what `join_customs` makes a table of; see `intake_customs`.

    Parameters
    ----------
    beside : sequence of Path
        Other files of the folder, which are read only if they are tables of the countries' numbers.
    """
    registers, rules = registers or Registers(), rules or CustomsRules()
    recogniser = Recogniser(registers)
    with recognised(recogniser, files, root) as found, recognised(recogniser, beside, root) as others:
        raws, keys = split_keys(found, "exports")
        if raws or not keys:
            require_table(raws, "exports")
        require_one_home({home_of(raw): raw.name for raw in reversed(raws)})
        keys += split_keys(others, "exports")[1]
        reader = RowReader(registers, rules, Countries(keys, destination_reader(registers)))
        with PartWriter(part, origin or origin_of(raws)) as writer:
            for raw in progress(raws, len(raws), "files of customs records"):
                writer.open(raw, home_of(raw))
                if raw.twin:
                    writer.merge(sum(len(block.rows) + len(block.refused) for block in read_blocks(raw)))
                    continue
                for block in read_blocks(raw, plain=[raw.columns[role] for role in PLAIN if role in raw.columns]):
                    writer.add(block, reader.read(raw, block))


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
