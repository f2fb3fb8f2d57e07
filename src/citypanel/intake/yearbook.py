"""City yearbooks, three header rows, long or wide, to the canonical table `city_year`.

A cell becomes a row with its canonical name and unit. A printed zero is missing where the register says so; the
whole city (全市) is taken, its districts (市辖区) are left out and counted; a city is found by code or by a name
that fits exactly one prefecture.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from citypanel.canonical import Origin, write_table
from citypanel.contracts import CONTRACTS
from citypanel.errors import InputError
from citypanel.intake.accounting import Account, Journal, Outputs, refused_by_step, set_aside
from citypanel.intake.archives import recognised
from citypanel.intake.customs import origin_of, require_table
from citypanel.intake.customs_fields import is_missing, number
from citypanel.intake.labels import Label, Labels
from citypanel.intake.layouts import is_year
from citypanel.intake.places import Gazetteer
from citypanel.intake.reading import Refused, read_blocks
from citypanel.intake.recognise import RawFile, Recogniser
from citypanel.intake.trade_keys import split_keys
from citypanel.registers import Registers, fold

CELL_STEPS = (
    (2, "districts", "whole city chosen, districts left out"),
    (3, "unknown_labels", "label not in registers/yearbook_variables.csv, or its unit is not stated"),
    (4, "national_series", "a national series, kept in registers/national_series.csv"),
    (5, "empty_cells", "no value in the cell"),
    (6, "numbers", "text that is no number"),
    (7, "zero_is_missing", "zero printed for a missing value"),
    (8, "first_value", "the city, year and variable stand earlier"),
)


@dataclass(frozen=True)
class _Row:
    """A raw row whose city is known: its source, prefecture, and its cells by column."""

    source: str
    number: int
    adcode: int
    year: int | None
    cells: list[str]


def intake_yearbook(
    files: Sequence[Path | RawFile],
    out: Outputs | Path,
    *,
    root: Path | None = None,
    origin: Origin | None = None,
    registers: Registers | None = None,
    city_key: Path | None = None,
    variables: Path | None = None,
) -> Account:
    """Read yearbook files and write `city_year`, its rejects, attrition and files.

    Parameters
    ----------
    files : sequence of Path
        Files of any yearbook layout; `city_key` and `variables` tables may be among them.
    out : Outputs or Path
        Where to write; a path names the canonical table and the accounts stand beside it.
    root : Path, optional
        The raw folder; `source` is relative to it.
    city_key : Path, optional
        A table `name, adcode` for names that are ambiguous or the file's own, as Suzhou2.
    variables : Path, optional
        A table `label, variable, unit(, zero_is_missing)` for labels that the register does not know, and for
        wide files, whose variable is the name of the file.

    Returns
    -------
    Account
        `rows` counts table rows for `files` (a yearbook row is kept if its city is known), and cells for the
        steps from `cells` on.

    Raises
    ------
    InputError
        A file is missing, empty or of unknown layout, or no cell of all files has a known label.
    """
    registers = registers or Registers()
    recogniser = Recogniser(registers)
    given = [path for path in (city_key, variables) if path is not None]
    with recognised(recogniser, [*files, *given], root) as found:
        raws, keys = split_keys(found, "city_year")
        require_table(raws, "city_year")
        reader = _Reader(registers, keys)
        for raw in raws:
            reader.read(raw)
    frame = reader.finish()
    outputs = out if isinstance(out, Outputs) else Outputs.beside(Path(out))
    stated = origin or origin_of(raws)
    write_table(frame, outputs.table, "city_year", origin=stated)
    return reader.journal.write(outputs, len(frame), stated)


class _Reader:
    """Collects the cells of all files and counts what happens to each."""

    def __init__(self, registers: Registers, keys: Sequence[RawFile]) -> None:
        self.places = Gazetteer(registers)
        self.labels = Labels(registers, [key for key in keys if key.layout.name == "variables_key"])
        self.named = _city_key([key for key in keys if key.layout.name == "city_key"])
        self.journal = Journal("city_year")
        self.values: dict[tuple[int, int, str], tuple[float, str, str, int]] = {}
        self.lost = dict.fromkeys((name for _, name, _ in CELL_STEPS), 0)
        self.cells = 0
        self.reshaped = 0

    def read(self, raw: RawFile) -> None:
        """Read one file."""
        self.journal.open(raw)
        if set_aside(raw, self.journal):
            return
        rows = [
            row
            for block in read_blocks(raw)
            for row in self._rows(raw, block.rows.tolist(), block.table, block.refused)
        ]
        if raw.layout.name == "yearbook_long":
            self._long(raw, rows)
        elif raw.layout.name == "yearbook_wide":
            self._wide(raw, rows)
        else:
            self._columns(raw, rows)

    def finish(self) -> pd.DataFrame:
        """Add the steps and return the table in the order of its key."""
        if not self.values:
            found = ", ".join(self.journal.files)
            raise InputError(
                f"no cell of {found} has a known label and a number; give a table label,variable,unit beside them"
            )
        read = sum(int(str(line["rows_read"])) for line in self.journal.files.values())
        refused_by_step(self.journal, 0, "read", read)
        left = self.cells
        for step, name, reason in CELL_STEPS:
            self.journal.step(step, name, reason, {"rows": left}, {"rows": left - self.lost[name]})
            left -= self.lost[name]
        self.journal.step(
            6, "numbers", "blanks or separators inside a number", {"rows": left}, {"rows": left}, changed=self.reshaped
        )
        rows = [(*key, *found, False) for key, found in sorted(self.values.items())]
        return pd.DataFrame(rows, columns=[column.name for column in CONTRACTS["city_year"].columns])

    def _rows(self, raw: RawFile, numbers: list[int], table: object, refused: list[Refused]) -> list[_Row]:
        """Find the city and year of each row; rows without are refused."""
        columns = [column.to_pylist() for column in table.columns]  # type: ignore[attr-defined]
        rows, faults = [], list(refused)
        for at, cells in enumerate(zip(*columns, strict=True)):
            found = list(cells)
            if not any(cell.strip() for cell in found):
                faults.append(Refused(numbers[at], "an empty line", ""))
                continue
            adcode, reason = self._city(raw, found)
            year = None if raw.layout.name == "yearbook_wide" else _year(found[raw.columns["year"]])
            if adcode is not None and year is None and raw.layout.name != "yearbook_wide":
                adcode, reason = None, "no year in the row"
            if adcode is None:
                faults.append(Refused(numbers[at], reason, ",".join(found)[:500]))
            else:
                rows.append(_Row(raw.name, numbers[at], adcode, year, found))
        self.journal.count(raw.name, "rows_read", len(numbers) + len(refused))
        self.journal.count(raw.name, "rows_kept", len(rows))
        self.journal.refuse(raw.name, faults)
        return rows

    def _city(self, raw: RawFile, cells: list[str]) -> tuple[int | None, str]:
        """Return the prefecture of a row, by code before name, or why there is none."""
        code = cells[raw.columns["adcode"]].strip() if "adcode" in raw.columns else ""
        name = cells[raw.columns["city"]].strip() if "city" in raw.columns else ""
        own = self.named.get(fold(name))
        candidates = self.places.candidates(name) if own is None else frozenset({own})
        found = self.places.code(code) if code else None
        if found is not None:
            if candidates and found not in candidates:
                return None, f"code and name disagree: the name is {', '.join(map(str, sorted(candidates)))}"
            return found, ""
        if len(candidates) > 1:
            options = ", ".join(map(str, sorted(candidates)))
            return None, f"the name fits several prefectures ({options}); give a table name,adcode"
        if candidates:
            return next(iter(candidates)), ""
        if not name:
            return None, "a code that is no prefecture" if code else "neither city code nor name"
        return None, "a name that is no prefecture of the register"

    def _columns(self, raw: RawFile, rows: list[_Row]) -> None:
        """Read tables with one column per variable: three header rows, or a panel."""
        taken = set(raw.columns.values())
        units = raw.top[2] if raw.layout.settings.get("headers") == "3" and len(raw.top) > 2 else ()
        headers = [(at, header) for at, header in enumerate(raw.headers) if at not in taken and header.strip()]
        labels = {at: self.labels.find(header, units[at] if at < len(units) else "") for at, header in headers}
        whole = {label.variable for label in labels.values() if label.variable and label.scope == "全市"}
        for row in rows:
            for at, header in headers:
                label = labels[at]
                if label.scope == "市辖区" and label.variable in whole | {""}:
                    self._lose("districts")
                else:
                    self._cell(row, label, row.cells[at], f"{raw.name}:{header.strip()}")

    def _long(self, raw: RawFile, rows: list[_Row]) -> None:
        """Read a table with one row per city, year and variable."""
        at = raw.columns
        for row in rows:
            unit = row.cells[at["unit"]] if "unit" in at else ""
            label = self.labels.find(row.cells[at["variable"]], unit)
            if label.scope == "市辖区":
                self._lose("districts")
            else:
                self._cell(row, label, row.cells[at["value"]], f"{raw.name}:{row.cells[at['variable']].strip()}")

    def _wide(self, raw: RawFile, rows: list[_Row]) -> None:
        """Read a table with one column per year; its variable is the name of the file."""
        label = self.labels.find(Path(raw.name).stem, "")
        years = [(at, int(fold(header)[:4])) for at, header in enumerate(raw.headers) if is_year(header)]
        for row in rows:
            for at, year in years:
                dated = _Row(row.source, row.number, row.adcode, year, row.cells)
                self._cell(dated, label, row.cells[at], raw.name)

    def _lose(self, step: str) -> None:
        self.cells += 1
        self.lost[step] += 1

    def _cell(self, row: _Row, label: Label, text: str, source: str) -> None:
        """Give one cell its place in the table, or count why it has none."""
        step, value = "", None
        if label.national:
            step = "national_series"
        elif not label.variable:
            step = "unknown_labels"
        elif is_missing(text):
            step = "empty_cells"
        elif (value := number(text)) is None:
            step = "numbers"
            refused = Refused(row.number, f"'{label.variable}' is no number", text)
            self.journal.rejects.append(
                {"source_file": row.source, "source_row": refused.row, "reason": refused.reason, "text": text}
            )
        elif value == 0 and label.zero_is_missing:
            step = "zero_is_missing"
        if step or value is None or row.year is None:
            self._lose(step)
            return
        key = (row.adcode, row.year, label.variable)
        if key in self.values:
            self._lose("first_value")
            return
        self.cells += 1
        self.reshaped += re.search(r"\d[\s,]+\d|^\s|\s$", text) is not None
        self.values[key] = (value * label.factor, label.unit, source, row.number)


def _year(text: str) -> int | None:
    found = re.fullmatch(r"((?:19|20)\d{2})(?:\.0+)?年?", text.strip())
    return int(found[1]) if found else None


def _city_key(keys: Sequence[RawFile]) -> dict[str, int]:
    """Read tables `name, adcode`."""
    named: dict[str, int] = {}
    for raw in keys:
        for block in read_blocks(raw):
            names, codes = (block.table.column(raw.columns[role]).to_pylist() for role in ("name", "adcode"))
            for row, name, code in zip(block.rows.tolist(), names, codes, strict=True):
                if not code.strip().isdigit():
                    raise InputError(f"{raw.name}, row {row}: found adcode '{code}'; allowed: six digits")
                named[fold(name)] = int(code)
    return named
