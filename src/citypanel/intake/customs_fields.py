"""The cells of customs rows: export flag, commodity code, destination, date, numbers, place.

Few distinct texts stand behind millions of cells, so each distinct text is read once (`mapped`).
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from citypanel.arrays import Mask, Vector
from citypanel.registers import Registers, fold

MISSING = ("", "na", "n/a", "nan", "null", "none", "-", "--", "..", "…", ".")
LONGEST_MISSING = max(map(len, MISSING))
HS_REVISIONS = (
    (2022, "2022"),
    (2017, "2017"),
    (2012, "2012"),
    (2007, "2007"),
    (2002, "2002"),
    (1996, "1996"),
)


@dataclass(frozen=True)
class Destination:
    """A destination as the register knows it: alpha-3 (empty where it is no economy) and kind."""

    alpha3: str
    kind: str
    historic: bool = False


def mapped(column: pa.Array, read: Callable[[str], object], kind: pa.DataType) -> pa.Array:
    """Return `read` of every cell, called once per distinct text; the column may be encoded already."""
    encoded = column if isinstance(column, pa.DictionaryArray) else column.dictionary_encode()
    values = pa.array([read(text) for text in encoded.dictionary.to_pylist()], type=kind)
    return values.take(encoded.indices)


def told(column: pa.DictionaryArray, read: Callable[[str], bool]) -> Mask:
    """Return in which rows a text is so, asked once per distinct text."""
    return spread(column, [read(text) for text in column.dictionary.to_pylist()])


def spread(column: pa.DictionaryArray, own: Sequence[bool]) -> Mask:
    """Return for every row of a coded column what is told of its distinct text."""
    mask: Mask = np.array(own, dtype=np.bool_)[column.indices.to_numpy()]
    return mask


def coded(column: pa.DictionaryArray, read: Callable[[str], str | None]) -> pa.DictionaryArray:
    """Return `read` of every cell of a coded column as another one, called once per distinct text."""
    return recoded(column, pa.array([read(text) for text in column.dictionary.to_pylist()], type=pa.string()))


def recoded(column: pa.DictionaryArray, values: pa.Array) -> pa.DictionaryArray:
    """Return a coded column with other texts for its distinct ones; equal ones become one, missing ones missing."""
    short = values.dictionary_encode()
    return pa.DictionaryArray.from_arrays(short.indices.take(column.indices), short.dictionary)


def stripped(texts: pa.Array) -> pa.Array:
    """Return texts without the blanks around them; missing where a cell says that there is no value."""
    plain = pc.utf8_trim_whitespace(texts)
    short = np.flatnonzero(pc.less_equal(pc.utf8_length(plain), LONGEST_MISSING).to_numpy(zero_copy_only=False))
    missing = np.zeros(len(plain), dtype=np.bool_)
    missing[short] = [is_missing(text) for text in plain.take(pa.array(short)).to_pylist()]
    return pc.if_else(pa.array(missing), None, plain)


def is_missing(text: str) -> bool:
    """Whether a cell says that there is no value, as "", " NA" or "--"."""
    return unicodedata.normalize("NFKC", text).strip().casefold() in MISSING


def number(text: str) -> float | None:
    """Return the number in a cell: thousands separators and blanks are no part of it; None if it is none."""
    plain = re.sub(r"[\s,']", "", unicodedata.normalize("NFKC", text))
    if "_" in plain:  # Python reads 1_000 as a number; a raw file does not mean one
        return None
    try:
        value = float(plain)
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def numbers(column: pa.Array) -> tuple[Vector, Mask]:
    """Return a column's numbers (nan where there is none) and which cells hold text that is no number."""
    try:
        given = pc.if_else(pc.equal(pc.binary_length(column), 0), None, column)
        found: Vector = pc.cast(given, pa.float64()).to_numpy(zero_copy_only=False, writable=True).astype(np.float64)
    except pa.ArrowInvalid:
        found = _spelled(column)
    found[~np.isfinite(found)] = np.nan
    text = np.isnan(found)
    blank = mapped(column.filter(pa.array(text)), is_missing, pa.bool_())
    text[text] = ~np.asarray(blank, dtype=np.bool_)
    return found, text


def _spelled(column: pa.Array) -> Vector:
    """Return a column's numbers where some are written with separators or are no numbers."""
    plain = pc.replace_substring_regex(column, r"[\s,']", "")
    usual = pc.match_substring_regex(plain, r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
    values = pc.cast(pc.if_else(usual, plain, None), pa.float64())
    found: Vector = values.to_numpy(zero_copy_only=False, writable=True).astype(np.float64)
    unusual = ~np.asarray(usual, dtype=np.bool_)
    rest = mapped(column.filter(pa.array(unusual)), number, pa.float64())
    found[unusual] = rest.to_numpy(zero_copy_only=False)
    return found


def hs_code(text: str, length: int) -> str:
    """Return a commodity code of `length` digits, its lost leading zero restored; "" if it is no such code.

    >>> hs_code("1012100", 8), hs_code("01012100.0", 8), hs_code("8471XX00", 8)
    ('01012100', '01012100', '')
    """
    plain = re.sub(r"\.0+$", "", unicodedata.normalize("NFKC", text).strip())
    if not re.fullmatch(rf"\d{{{length - 1},{length}}}", plain):
        return ""
    code = plain.zfill(length)
    return "" if code.startswith("00") else code


class Commodity(NamedTuple):
    """What a cell of commodity codes says: the code, if its leading zero was restored, if there is nothing."""

    code: str | None
    padded: bool
    blank: bool


@lru_cache(maxsize=100_000)
def commodity(text: str, lengths: tuple[int, ...]) -> Commodity:
    """Return the commodity code of the first length that fits; each text is read once, as it stands in every block."""
    plain = text.strip()
    code = next((found for length in lengths if (found := hs_code(text, length))), None)
    return Commodity(code, code is not None and len(plain.split(".")[0]) < len(code), not plain)


def hs_revision(year: int) -> str:
    """Return the revision of the Harmonised System that customs records of a year are written in."""
    return next((revision for first, revision in HS_REVISIONS if year >= first), "1992")


def year_month(text: str) -> tuple[int, int | None] | None:
    """Return year and month of a date in any usual form, None if it is none.

    >>> year_month("200301"), year_month("2003年1月"), year_month("2003"), year_month("1/2003")
    ((2003, 1), (2003, 1), (2003, None), None)
    """
    plain = re.sub(r"\.0+$", "", unicodedata.normalize("NFKC", text).strip())
    found = re.match(r"((?:19|20)\d{2})(?:[-/.年]?(\d{1,2})(?:[-/.月]?\d{0,2}日?)?(?:[ T].*)?)?$", plain)
    if not found:
        return None
    month = int(found[2]) if found[2] else None
    if month is not None and not 1 <= month <= 12:
        return None
    return int(found[1]), month


def file_date(name: str) -> tuple[int, int | None] | None:
    """Return year and month in a file's name, None if it names no year or several (as a span of years)."""
    stem = re.sub(r"\.[A-Za-z]+$", "", name.rsplit("/", 1)[-1])
    found = re.findall(r"(?<!\d)((?:19|20)\d{2})[-_]?(0[1-9]|1[0-2])?(?!\d)", stem)
    if len({year for year, _ in found}) != 1:
        return None
    year, month = found[0]
    return int(year), int(month) if month else None


def month_in(text: str) -> int | None:
    """Return a month that stands alone, as 3, 03, 3.0 or 3月; None if it is none."""
    found = re.fullmatch(r"0?(\d{1,2})(\.0+|月)?", unicodedata.normalize("NFKC", text).strip())
    month = int(found[1]) if found else 0
    return month if 1 <= month <= 12 else None


def names_imports(name: str) -> bool:
    """Whether a file's name says that it holds imports, as custom_0015_imp.dta, IMP_2023.csv or 2017年进口.csv.

    >>> [names_imports(name) for name in ("IMP_2023.csv", "custom_0015_exp.dta", "进出口2017.csv", "improved.csv")]
    [True, False, False, False]
    """
    stem = name.rsplit("/", 1)[-1].rsplit(".", 1)[0].casefold()
    words = re.split(r"[^a-z]+", stem)
    said = {"imp", "import", "imports"} & set(words) or "进口" in stem
    return bool(said) and not ({"exp", "export", "exports"} & set(words) or "出口" in stem)


def unit_reader(registers: Registers) -> Callable[[str], str | None]:
    """Return a reader of units of quantity: the one spelling of registers/customs_units.csv, None if unknown."""
    known: dict[str, str] = {}
    for row in registers.customs_units().itertuples():
        for name in (row.code, row.unit, *str(row.aliases).split("|")):
            if name:
                known.setdefault(fold(name), str(row.unit))
    return lambda text: known.get(re.sub(r"\.0+$", "", fold(text)))


def destination_reader(registers: Registers) -> Callable[[str], Destination | None]:
    """Return a reader of destinations: Chinese or English names, customs numbers, alpha-3."""
    known: dict[str, Destination] = {}
    for row in registers.countries().itertuples():
        old = str(row.note).startswith(("code before", "historic"))
        found = Destination(str(row.alpha3), str(row.kind), historic=old)
        for name in (row.customs, row.name_zh, row.name_en, *str(row.aliases).split("|")):
            if name:
                known.setdefault(fold(name), found)
        if row.alpha3:
            known.setdefault(fold(row.alpha3), Destination(str(row.alpha3), str(row.kind)))

    @cache
    def read(text: str) -> Destination | None:
        return known.get(re.sub(r"\.0+$", "", fold(text)))

    return read


def flag_reader(exports: Sequence[str], imports: Sequence[str]) -> Callable[[str], str]:
    """Return a reader of the export flag: "export", "import" or ""."""
    meaning = {**{fold(v): "import" for v in imports}, **{fold(v): "export" for v in exports}}
    return lambda text: meaning.get(re.sub(r"\.0+$", "", fold(text)), "")


def parse_date(text: str) -> date | None:
    """Return a day written as 2010-03-01, 2010/3/1, 20100301 or 2010年3月1日; None if it is none."""
    plain = re.sub(r"\.0+$", "", unicodedata.normalize("NFKC", text).strip())
    found = re.match(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?(?:[ T].*)?$", plain)
    if not found:
        return None
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None
