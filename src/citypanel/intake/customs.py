"""Customs transactions, any known layout, to the canonical table `exports`.

Every row leaves at exactly one step, the first whose rule it breaks (the first six of the 22 cleaning steps
of the literature); repairs are counted. Rows wait in a database file, so memory does not grow with the data.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from citypanel.arrays import Codes, Mask
from citypanel.canonical import Origin
from citypanel.declare.intake import CustomsRules
from citypanel.errors import InputError
from citypanel.intake.accounting import Account, Journal, Outputs
from citypanel.intake.archives import recognised
from citypanel.intake.customs_fields import (
    destination_reader,
    file_date,
    flag_reader,
    hs_code,
    hs_revision,
    is_missing,
    mapped,
    numbers,
    year_month,
)
from citypanel.intake.customs_stage import KEPT, Stage
from citypanel.intake.places import Gazetteer
from citypanel.intake.reading import Block, read_blocks
from citypanel.intake.recognise import RawFile, Recogniser
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
        Raw files of any customs layout of the register, in the order in which duplicates are judged.
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
        A file is missing, empty, of unknown layout, or without any year; nothing is written.

    Notes
    -----
    Rows whose place has no prefecture are kept with the city missing and counted; the study decides.
    """
    registers = registers or Registers()
    recogniser = Recogniser(registers)
    outputs = out if isinstance(out, Outputs) else Outputs.beside(Path(out))
    outputs.table.parent.mkdir(parents=True, exist_ok=True)
    journal = Journal("exports")
    with (
        recognised(recogniser, files, root) as raws,
        tempfile.TemporaryDirectory(dir=outputs.table.parent, prefix=".intake") as room,
    ):
        require_table(raws, "exports")
        stage = Stage(Path(room), journal, drop_duplicates=(rules or CustomsRules()).drop_duplicates)
        reader = RowReader(registers, rules or CustomsRules())
        for raw in raws:
            journal.open(raw)
            for block in read_blocks(raw):
                stage.add(raw, block, reader.read(raw, block))
        return stage.finish(outputs, origin or origin_of(raws))


def origin_of(raws: Sequence[RawFile]) -> Origin:
    """Return the origin of real rows: the licence classes of their layouts."""
    return Origin(licences=tuple(sorted({raw.layout.settings.get("licence", "not stated") for raw in raws})))


def require_table(raws: Sequence[RawFile], table: str) -> None:
    """Refuse files that feed another canonical table."""
    if not raws:
        raise InputError(f"no raw file is given for the table '{table}'")
    for raw in raws:
        if raw.table != table:
            raise InputError(f"{raw.name} is {raw.layout.name}, which feeds '{raw.table}', not '{table}'")
    names = [raw.name for raw in raws]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"two files are called {twice}; give each once, and the folder that holds both as root")


class RowReader:
    """Turns raw cells into typed columns and finds, per row, the first rule it breaks."""

    def __init__(self, registers: Registers, rules: CustomsRules) -> None:
        self.places = Gazetteer(registers)
        self.destination = destination_reader(registers)
        self.rules = rules

    def read(self, raw: RawFile, block: Block) -> pa.Table:
        """Return the staging columns of a block: typed cells, `rule` (the first broken one) and repairs."""
        cells = _Cells(raw, block)
        out: dict[str, object] = {}
        broken = _Broken(len(block.rows))
        self._flag(raw, cells, broken)
        self._firm(cells, broken, out)
        self._commodity(raw, cells, broken, out)
        self._destination(cells, broken, out)
        self._amounts(cells, broken, out)
        self._date(raw, cells, broken, out)
        self._cities(cells, out)
        for name in ("unit", "regime", "ownership"):
            out[name] = mapped(cells[name], _text, pa.string())
        return pa.table({**out, "rule": pa.array(broken.rule, type=pa.int16())})

    def _flag(self, raw: RawFile, cells: "_Cells", broken: "_Broken") -> None:
        if "flag" not in raw.columns:
            return
        read = flag_reader(raw.layout.setting("export"), raw.layout.setting("import"))
        meaning = mapped(cells["flag"], read, pa.string())
        broken.at(10, _equal(meaning, "import"))
        broken.at(11, _equal(meaning, ""))

    def _firm(self, cells: "_Cells", broken: "_Broken", out: dict[str, object]) -> None:
        code = mapped(cells["firm"], _firm_code, pa.string())
        name = mapped(cells["firm_name"], _text, pa.string())
        out["firm"] = pc.coalesce(code, name)
        out["firm_name"] = name
        broken.at(30, _null(out["firm"]))

    def _commodity(self, raw: RawFile, cells: "_Cells", broken: "_Broken", out: dict[str, object]) -> None:
        role, length = ("hs8", 8) if "hs8" in raw.columns else ("hs6", 6)
        out["hs8"] = mapped(cells[role], lambda text: hs_code(text, length) or None, pa.string())
        out["padded"] = mapped(
            cells[role],
            lambda t: bool(hs_code(t, length)) and len(t.strip().split(".")[0]) < length,
            pa.bool_(),
        )
        broken.at(31, np.asarray(mapped(cells[role], lambda t: not t.strip(), pa.bool_()), dtype=np.bool_))
        broken.at(40, _null(out["hs8"]))

    def _destination(self, cells: "_Cells", broken: "_Broken", out: dict[str, object]) -> None:
        read = self.destination
        text = cells["destination"]
        kind = mapped(text, lambda t: found.kind if (found := read(t)) else "", pa.string())
        out["destination"] = mapped(text, lambda t: (found.alpha3 or None) if (found := read(t)) else None, pa.string())
        out["historic"] = mapped(text, lambda t: bool((found := read(t)) and found.historic), pa.bool_())
        broken.at(32, cells.missing("destination"))
        broken.at(60, _equal(kind, "china") & (not self.rules.keep_reimports))
        for rule, word in ((61, "unknown"), (62, "continent"), (63, "")):
            broken.at(rule, _equal(kind, word))

    def _amounts(self, cells: "_Cells", broken: "_Broken", out: dict[str, object]) -> None:
        value, text = numbers(cells["value"])
        out["value_usd"] = pa.array(value, from_pandas=True)
        broken.at(33, np.isnan(value) & ~text)
        broken.at(50, text)
        broken.at(51, value <= 0)
        quantity, words = numbers(cells["quantity"])
        out["quantity"] = pa.array(quantity, from_pandas=True)
        broken.at(52, words)
        broken.at(53, quantity < 0)
        if self.rules.require_quantity:
            broken.at(54, quantity == 0)
            broken.at(55, np.isnan(quantity) & ~words)

    def _date(self, raw: RawFile, cells: "_Cells", broken: "_Broken", out: dict[str, object]) -> None:
        from_name = file_date(raw.name)
        if not {"date", "year"} & set(raw.columns) and from_name is None:
            raise InputError(f"{raw.name}: neither the rows nor the file name say the year; put it into the name")
        role = "date" if "date" in raw.columns else "year"

        def when(text: str) -> tuple[int, int | None] | None:
            found = year_month(text)
            if found is None:
                return from_name
            same = from_name is not None and from_name[0] == found[0]
            return (found[0], from_name[1]) if same and from_name and found[1] is None else found

        text = cells[role]
        year = mapped(text, lambda t: f[0] if (f := when(t)) else None, pa.int16())
        out["year"] = year
        out["month"] = mapped(text, lambda t: f[1] if (f := when(t)) else None, pa.int8())
        out["hs_revision"] = mapped(text, lambda t: hs_revision(f[0]) if (f := when(t)) else None, pa.string())
        broken.at(34, _null(year))

    def _cities(self, cells: "_Cells", out: dict[str, object]) -> None:
        customs = self.places.customs
        prefix = pc.utf8_slice_codeunits(pc.utf8_trim_whitespace(cells["firm"]), 0, 4)
        registered = mapped(prefix, customs, pa.int32())
        producing = mapped(cells["producing"], customs, pa.int32())
        out["city_registered"] = registered
        out["city_producing"] = producing
        out["unregistered"] = pa.array(_null(registered))
        out["unplaced"] = pa.array(_null(producing))


class _Cells:
    """The columns of a block by role, ready to be mapped; a role that the layout lacks is empty text."""

    def __init__(self, raw: RawFile, block: Block) -> None:
        self.raw, self.block = raw, block
        self._empty = pa.array([""] * len(block.rows), type=pa.string())

    def __getitem__(self, role: str) -> pa.Array:
        at = self.raw.columns.get(role)
        return self._empty if at is None else self.block.table.column(at).combine_chunks()

    def missing(self, role: str) -> Mask:
        """Which cells hold no value."""
        return np.asarray(mapped(self[role], is_missing, pa.bool_()), dtype=np.bool_)


class _Broken:
    """The first rule, in the order of `RULES`, that each row breaks."""

    def __init__(self, rows: int) -> None:
        self.rule: Codes = np.full(rows, KEPT, dtype=np.intp)

    def at(self, rule: int, rows: Mask) -> None:
        """Note that rows break a rule."""
        self.rule = np.where(rows & (rule < self.rule), rule, self.rule)


def _equal(column: pa.Array, word: str) -> Mask:
    return np.asarray(pc.equal(column, word), dtype=np.bool_)


def _null(column: object) -> Mask:
    return np.asarray(pc.is_null(column), dtype=np.bool_)


def _text(text: str) -> str | None:
    return None if is_missing(text) else text.strip()


def _firm_code(text: str) -> str | None:
    plain = _text(text)
    return plain.removesuffix(".0") if plain else None
