"""Rows of any customs layout as typed columns, and per row the first cleaning rule it breaks."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Generic, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from citypanel.arrays import Codes, Mask
from citypanel.declare.intake import CustomsRules
from citypanel.errors import InputError
from citypanel.intake.customs_fields import (
    coded,
    commodity,
    file_date,
    flag_reader,
    hs_revision,
    is_missing,
    mapped,
    month_in,
    names_imports,
    numbers,
    recoded,
    spread,
    stripped,
    told,
    unit_reader,
    year_month,
)
from citypanel.intake.customs_rules import KEPT, MARKS, marked
from citypanel.intake.places import CHINA, Gazetteer, Located
from citypanel.intake.reading import Block
from citypanel.intake.recognise import RawFile
from citypanel.intake.trade_keys import Countries
from citypanel.registers import Registers

PLAIN = ("value", "quantity")  # roles whose cells differ from row to row; few texts stand behind all others
Meaning = TypeVar("Meaning")
_REGIONS = ("producing_region", "registered_region")


def home_of(raw: RawFile) -> str:
    """Return the country whose exports a layout holds."""
    return raw.layout.settings.get("home", CHINA)


class RowReader:
    """Turns raw cells into typed columns and finds, per row, the first rule it breaks."""

    def __init__(self, registers: Registers, rules: CustomsRules, countries: Countries) -> None:
        self.places = Gazetteer(registers)
        # The same places stand in every block.
        self.customs_place = lru_cache(maxsize=100_000)(self.places.customs)
        self.countries = countries
        self.unit = unit_reader(registers)
        self.rules = rules

    def read(self, raw: RawFile, block: Block) -> pa.Table:
        """Return the staging columns of a block: typed cells, `rule` (the first broken one) and repairs."""
        cells = _Cells(raw, block)
        out: dict[str, Any] = {}
        broken = _Broken(len(block.rows))
        self._flag(raw, cells, broken)
        self._commodity(raw, cells, broken, out)
        self._destination(raw, cells, broken, out)
        self._amounts(raw, cells, broken, out)
        self._date(raw, cells, broken, out)
        self._cities(raw, cells, out)
        self._firm(raw, cells, broken, out)
        for name in ("regime", "ownership"):
            out[name] = cells.texts(name)
        notes = {name: out.pop(name) for name in MARKS}
        out["marks"] = marked(notes, out.pop("fate"))
        return pa.table({**out, "rule": pa.array(broken.rule, type=pa.int16())})

    def _flag(self, raw: RawFile, cells: "_Cells", broken: "_Broken") -> None:
        if "flag" not in raw.columns:
            if names_imports(raw.name):
                broken.at(10, np.ones(len(broken.rule), dtype=np.bool_))
            return
        read = flag_reader(raw.layout.setting("export"), raw.layout.setting("import"))
        broken.at(10, told(cells["flag"], lambda text: read(text) == "import"))
        broken.at(11, told(cells["flag"], lambda text: not read(text)))

    def _firm(self, raw: RawFile, cells: "_Cells", broken: "_Broken", out: dict[str, Any]) -> None:
        """Read the exporter: the firm's code, else its name; where records have no firms, the code of the place."""
        name = cells.texts("firm_name")
        if "firm" in raw.columns:
            code = cells.texts("firm", _without_decimals)
        else:
            code = coded(cells[_region_role(raw)], lambda text: self._region_name(raw, text))
        out["firm"] = _either(code, name)
        out["firm_name"] = name
        broken.at(30, _null(out["firm"]))

    def _commodity(self, raw: RawFile, cells: "_Cells", broken: "_Broken", out: dict[str, Any]) -> None:
        role, usual = ("hs8", "8") if "hs8" in raw.columns else ("hs6", "6")
        lengths = tuple(int(digits) for digits in raw.layout.setting("digits") or (usual,))
        given = cells[role]
        found = [commodity(text, lengths) for text in given.dictionary.to_pylist()]
        out["hs8"] = recoded(given, pa.array([one.code for one in found], type=pa.string()))
        out["padded"] = spread(given, [one.padded for one in found])
        broken.at(31, spread(given, [one.blank for one in found]))
        broken.at(40, _null(out["hs8"]))

    def _destination(self, raw: RawFile, cells: "_Cells", broken: "_Broken", out: dict[str, Any]) -> None:
        found = _Found(cells["destination"], self.countries.reader(raw))
        out["destination"] = found.texts(lambda _, country: country.alpha3 or None)
        out["historic"] = found.mask(lambda country: country.historic)
        broken.at(32, cells.missing("destination"))
        if not self.rules.keep_reimports:
            home = home_of(raw)
            broken.at(60, found.mask(lambda country: country.alpha3 == home))
        broken.at(61, found.mask(lambda country: country.kind == "unknown"))
        broken.at(62, found.mask(lambda country: country.kind == "continent"))
        broken.at(63, found.mask(lambda country: not country.kind, no=True))

    def _amounts(self, raw: RawFile, cells: "_Cells", broken: "_Broken", out: dict[str, Any]) -> None:
        value, text = numbers(cells.text("value"))
        value *= float(raw.layout.settings.get("value_factor", "1"))
        out["value_usd"] = pa.array(value, from_pandas=True)
        broken.at(33, np.isnan(value) & ~text)
        broken.at(50, text)
        broken.at(51, value <= 0)
        quantity, words = numbers(cells.text("quantity"))
        out["quantity"] = pa.array(quantity, from_pandas=True)
        out["with_quantity"] = quantity > 0
        broken.at(52, words)
        broken.at(53, quantity < 0)
        if self.rules.require_quantity:
            broken.at(54, quantity == 0)
            broken.at(55, np.isnan(quantity) & ~words)
        unit = cells.constant(raw.layout.settings["unit"]) if "unit" in raw.layout.settings else cells["unit"]
        out["unit"] = coded(unit, lambda text: self.unit(text) or _text(text))
        out["odd_unit"] = told(unit, lambda text: _text(text) is not None and self.unit(text) is None)

    def _date(self, raw: RawFile, cells: "_Cells", broken: "_Broken", out: dict[str, Any]) -> None:
        from_name = file_date(raw.name)
        if from_name is not None and "registered_region" in raw.columns:
            # In names such as export-2025-11 the second number is a province, in 202511 a month.
            year, month = from_name
            from_name = (year, month if f"{year}{month or 0:02d}" in raw.name else None)
        if not {"date", "year"} & set(raw.columns) and from_name is None:
            raise InputError(
                f"{raw.name}: neither the rows nor the file name say the year; put it into the name, as 2007 in "
                "tradedata_2007_1.dta"
            )
        text = cells["date" if "date" in raw.columns else "year"]
        found = _Found(text, lambda cell: _when(cell, from_name))
        out["year"] = found.column(lambda _, date: date[0], pa.int16())
        month = found.column(lambda _, date: date[1], pa.int8())
        out["month"] = mapped(cells["month"], month_in, pa.int8()) if "month" in raw.columns else month
        out["hs_revision"] = found.texts(lambda _, date: hs_revision(date[0]))
        missing = cells.missing("date" if "date" in raw.columns else "year")
        broken.at(34, _null(out["year"]) & missing)
        broken.at(35, _null(out["year"]) & ~missing)

    def _cities(self, raw: RawFile, cells: "_Cells", out: dict[str, Any]) -> None:
        """Find the two places of a row, with the boundaries of its year or of the base year."""
        year = np.asarray(pc.fill_null(out["year"], 0), dtype=np.int64)
        if self.rules.base_year is not None:
            year = np.full_like(year, self.rules.base_year)
        fates = []
        for name, role, mark in (("registered", "firm", "unregistered"), ("producing", "producing", "unplaced")):
            region = f"{name}_region"
            if region in raw.columns:
                codes, fate = _located(cells[region], year, lambda text, _: self._region(raw, text))
            else:
                text = _prefixes(cells["firm"]) if role == "firm" else cells[role]
                codes, fate = _located(text, year, self.customs_place)
            out[f"city_{name}"] = codes
            # A place that the layout does not tell is none that the register lacks.
            out[mark] = _null(codes) & bool({role, region} & set(raw.columns))
            fates.append(fate)
        out["fate"] = np.maximum(*fates)

    def _region(self, raw: RawFile, text: str) -> Located | None:
        code = self.places.region(text, home_of(raw))
        return None if code is None else Located(code)

    def _region_name(self, raw: RawFile, text: str) -> str | None:
        code = self.places.region(text, home_of(raw))
        return _text(text) if code is None else str(code)


class _Cells:
    """The columns of a block by role, coded by their distinct texts; a role the layout lacks is empty text."""

    def __init__(self, raw: RawFile, block: Block) -> None:
        self.raw, self.block = raw, block
        self._encoded: dict[str, pa.DictionaryArray] = {}

    def __getitem__(self, role: str) -> pa.DictionaryArray:
        if role not in self._encoded:
            self._encoded[role] = self._column(role)
        return self._encoded[role]

    def _column(self, role: str) -> pa.DictionaryArray:
        at = self.raw.columns.get(role)
        if at is None:
            return self.constant("")
        column = self.block.table.column(at).combine_chunks()
        coded_already = pa.types.is_dictionary(column.type) and not self.raw.namesakes(at)
        return column if coded_already else self.text(role).dictionary_encode()

    def texts(self, role: str, read: Callable[[pa.Array], pa.Array] = lambda texts: texts) -> pa.DictionaryArray:
        """Return the texts of a role without blanks around them, missing where there is no value."""
        column = self[role]
        return recoded(column, read(stripped(column.dictionary)))

    def constant(self, text: str) -> pa.DictionaryArray:
        """Return a column of one text."""
        zeros = pa.array(np.zeros(len(self.block.rows), dtype=np.int32))
        return pa.DictionaryArray.from_arrays(zeros, pa.array([text], type=pa.string()))

    def text(self, role: str) -> pa.Array:
        """Return a column as text; of two columns that differ in the case of their header, what either holds."""
        at = self.raw.columns.get(role)
        if at is None:
            return pa.array([""] * len(self.block.rows), type=pa.string())
        column = self.block.table.column(at).combine_chunks().cast(pa.string())
        for other in self.raw.namesakes(at):
            second = self.block.table.column(other).combine_chunks().cast(pa.string())
            column = pc.if_else(pc.equal(pc.utf8_trim_whitespace(column), ""), second, column)
        return column

    def missing(self, role: str) -> Mask:
        """Which cells hold no value."""
        return told(self[role], is_missing)


class _Found(Generic[Meaning]):
    """What each distinct text of a column stands for, looked up once."""

    def __init__(self, column: pa.DictionaryArray, read: Callable[[str], Meaning | None]) -> None:
        self.given = column
        self.found = [(text, read(text)) for text in column.dictionary.to_pylist()]

    def column(self, say: Callable[[str, Meaning], object], kind: pa.DataType, *, no: object = None) -> pa.Array:
        """Return one property of what is found; `no` where nothing is."""
        values = [no if meaning is None else say(text, meaning) for text, meaning in self.found]
        return pa.array(values, type=kind).take(self.given.indices)

    def mask(self, say: Callable[[Meaning], bool], *, no: bool = False) -> Mask:
        """Return in which rows what is found is so; `no` where nothing is."""
        return spread(self.given, [no if meaning is None else say(meaning) for _, meaning in self.found])

    def texts(self, say: Callable[[str, Meaning], str | None]) -> pa.DictionaryArray:
        """Return one property of what is found as a coded column; missing where nothing is."""
        values = [None if meaning is None else say(text, meaning) for text, meaning in self.found]
        return recoded(self.given, pa.array(values, type=pa.string()))


class _Broken:
    """The first rule, in the order of `RULES`, that each row breaks."""

    def __init__(self, rows: int) -> None:
        self.rule: Codes = np.full(rows, KEPT, dtype=np.intp)

    def at(self, rule: int, rows: Mask) -> None:
        """Note that rows break a rule."""
        self.rule = np.where(rows & (rule < self.rule), rule, self.rule)


def _located(
    column: pa.DictionaryArray, year: Codes, read: Callable[[str, int], Located | None]
) -> tuple[pa.Array, Codes]:
    """Return code and fate of places that are looked up by text and year, once for each pair."""
    texts = column.dictionary.to_pylist()
    years, at = np.unique(year, return_inverse=True) if year.size and np.ptp(year) else (year[:1], np.zeros_like(year))
    found = [read(text, int(when)) for when in years for text in texts]
    codes = np.array([place.code or 0 if place else 0 for place in found], dtype=np.int32)
    fates = np.array([place.fate if place else 0 for place in found], dtype=np.intp)
    where = at * len(texts) + column.indices.to_numpy(zero_copy_only=False)
    return pa.array(codes[where], mask=codes[where] == 0), fates[where]


def _prefixes(firm: pa.DictionaryArray) -> pa.DictionaryArray:
    """Return the first four characters of firms' codes, which name the place of registration."""
    texts = pc.utf8_slice_codeunits(pc.utf8_trim_whitespace(firm.dictionary), 0, 4).dictionary_encode()
    return pa.DictionaryArray.from_arrays(texts.indices.take(firm.indices), texts.dictionary)


def _region_role(raw: RawFile) -> str:
    return next((role for role in _REGIONS if role in raw.columns), "firm")


def _when(text: str, from_name: tuple[int, int | None] | None) -> tuple[int, int | None] | None:
    """Return year and month of a cell; what it leaves open, but not what it garbles, the file name may say."""
    if is_missing(text):
        return from_name
    found = year_month(text)
    if found is None:
        month = month_in(text)
        return (from_name[0], month) if from_name is not None and month is not None else None
    same = from_name is not None and from_name[0] == found[0]
    return (found[0], from_name[1]) if same and from_name and found[1] is None else found


def _null(column: pa.Array) -> Mask:
    # As numbers, because Arrow turns its bits into Python's truth values one by one.
    return np.asarray(pc.is_null(column).cast(pa.uint8())).view(np.bool_)


def _text(text: str) -> str | None:
    return None if is_missing(text) else text.strip()


def _without_decimals(codes: pa.Array) -> pa.Array:
    """Return codes that a spreadsheet took for numbers without their ".0"."""
    if not pc.any(pc.ends_with(codes, ".0")).as_py():
        return codes
    return pc.replace_substring_regex(codes, r"\.0$", "")


def _either(first: pa.DictionaryArray, second: pa.DictionaryArray) -> pa.DictionaryArray:
    """Return the first text of each row, and where it is missing the second."""
    if not first.null_count:
        return first
    both = pc.coalesce(first.cast(pa.string()), second.cast(pa.string()))
    return both.dictionary_encode()
