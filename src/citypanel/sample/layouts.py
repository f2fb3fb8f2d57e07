"""Customs layouts as writers: the headers, codes, containers and encodings of the years in which they circulate."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from citypanel.arrays import Codes, Vector
from citypanel.sample.customs import REGIMES, joined
from citypanel.sample.customs_dirt import grouped, respelt
from citypanel.sample.firms import OWNERSHIPS
from citypanel.sample.shipments import ABSENT, NO_CODES, OTHER_UNITS, SPECIAL, Shipments, Trade
from citypanel.sample.stata import ENCODING, StataFile, Variable

WIDTHS = {"firm_name": 80, "regime": 24, "ownership": 24, "unit": 8, "flag": 4, "firm": 10}
MISSING_TEXT = (" NA", "")


@dataclass(frozen=True)
class Layout:
    """A layout: its name in the register, container, encoding, headers by role in their order, words of the flag."""

    name: str
    container: str
    encoding: str
    headers: tuple[tuple[str, str], ...]
    flag: tuple[str, str] = ("出口", "进口")
    trailing: bool = False

    @property
    def roles(self) -> frozenset[str]:
        """Return the roles that the layout has."""
        return frozenset(role for role, _ in self.headers)


_CHINESE = (
    ("date", "日期"), ("flag", "进口或出口"), ("hs8", "税号编码"), ("value", "金额"), ("quantity", "数量"),
    ("unit", "数量单位"), ("firm", "企业编码"), ("firm_name", "经营单位"), ("producing", "消费地或生产地"),
    ("ownership", "企业性质"), ("destination", "起运国或目的国"), ("regime", "贸易方式"),
)  # fmt: skip
LAYOUTS = {
    "chinese": Layout("customs_2003_2004", "csv", ENCODING, _CHINESE),
    "chinese_trailing": Layout("customs_2003_2004", "csv", ENCODING, _CHINESE, trailing=True),
    "english": Layout(
        "customs_2005", "csv", "utf-8",
        (("date", "shipment_date"), ("flag", "exp_or_imp"), ("hs8", "hs_id"), ("value", "value"),
         ("quantity", "quantity"), ("unit", "unit"), ("firm", "party_id"), ("firm_name", "company"),
         ("producing", "city"), ("ownership", "CompanyType"), ("destination", "country"), ("regime", "shipment")),
        flag=("0", "1"),
    ),
    "code_2006": Layout(
        "customs_2006", "csv", ENCODING,
        (("date", "月度"), ("flag", "进出口"), ("firm", "企业代码"), ("firm_name", "企业名称"),
         ("ownership", "企业类型"), ("hs8", "商品代码"), ("destination", "var18"), ("value", "金额"),
         ("quantity", "数量"), ("unit", "计量单位"), ("producing", "产地"), ("regime", "贸易方式")),
    ),
    "stata": Layout(
        "customs_2007_2011", "dta", ENCODING,
        (("flag", "_进口或出口"), ("firm", "_企业编码"), ("firm_name", "_经营单位"), ("hs8", "_税号编码"),
         ("destination", "_起运国或目的国"), ("value", "_金额"), ("quantity", "_数量"), ("unit", "_计量单位"),
         ("regime", "_贸易方式"), ("ownership", "_企业性质"), ("producing", "_消费地或生产地")),
        flag=("0", "1"),
    ),
    "vendor": Layout(
        "customs_vendor_2000_2015", "dta", "ascii",
        (("firm", "party_id"), ("hs2", "hs_2"), ("hs4", "hs_4"), ("hs6", "hs_6"), ("destination", "country"),
         ("value", "value"), ("quantity", "quantity"), ("year", "year")),
    ),
}  # fmt: skip


class CustomsFile:
    """One raw file that grows by blocks."""

    def __init__(self, path: Path, layout: Layout, trade: Trade) -> None:
        self.layout, self.trade = layout, trade
        self._stata: StataFile | None = None
        self._text: BinaryIO | None = None
        if layout.container == "dta":
            self._stata = StataFile(path, [Variable(h, _width(role, layout)) for role, h in layout.headers])
        else:
            self._text = path.open("wb")
            names = [header for _, header in layout.headers] + [""] * layout.trailing
            self._text.write(",".join(names).encode(layout.encoding) + b"\r\n")

    def add(self, rows: Shipments, rng: np.random.Generator) -> bytes:
        """Append rows and return their bytes (of a text file), in case they are appended again."""
        if self._stata is not None:
            self._stata.add(_stata_columns(rows, self.trade, self.layout))
            return b""
        columns = _text_columns(rows, self.trade, self.layout, rng)
        parts = [columns[role] for role, _ in self.layout.headers]
        parts += [pa.array([b""] * len(rows), type=pa.binary())] * self.layout.trailing
        block = joined(pc.binary_join_element_wise(*parts, pa.scalar(b",", pa.binary())))
        self.add_bytes(block)
        return block

    def add_bytes(self, block: bytes) -> None:
        """Append bytes to a text file."""
        if self._text is not None:
            self._text.write(block)

    def __enter__(self) -> Self:
        """Return the file itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        """Close the file."""
        if self._stata is not None:
            self._stata.__exit__(kind, fault, at)
        if self._text is not None:
            self._text.close()


def _width(role: str, layout: Layout) -> int:
    """Return the bytes of a column of text in a Stata file; 0 for a number, as codes and the flag often are."""
    return 0 if role == "flag" and layout.flag[0].isdigit() else WIDTHS.get(role, 0)


def _stata_columns(rows: Shipments, trade: Trade, layout: Layout) -> Mapping[str, np.ndarray]:
    """Return numbers and encoded text by variable; codes are numbers that have lost their leading zero."""
    codes = np.array([float(code) for code in trade.hs8] + [9999.0] * len(NO_CODES))[rows.code]
    numbers: dict[str, Vector] = {
        "flag": rows.flag.astype(float),
        "hs8": codes,
        "hs2": np.floor(codes / 1e6),
        "hs4": np.floor(codes / 1e4),
        "hs6": np.floor(codes / 1e2),
        "value": rows.value.astype(float),
        "quantity": np.where(rows.quantity == ABSENT, np.nan, rows.quantity),
        "destination": np.array([*map(float, (*trade.number, *SPECIAL.values())), np.nan])[rows.destination],
        "producing": np.where(rows.place == ABSENT, np.nan, rows.place),
        "year": (rows.date // 100).astype(float),
    }
    result: dict[str, np.ndarray] = {}
    for role, header in layout.headers:
        if _width(role, layout) == 0:
            result[header] = numbers[role]
        else:
            words, at = _words(role, rows, trade, layout)
            result[header] = np.array([word.encode(layout.encoding) for word in words])[at]
    return result


def _words(role: str, rows: Shipments, trade: Trade, layout: Layout) -> tuple[list[str], Codes]:
    """Return the distinct texts of a role and the position of each row's; position -1 is the empty text."""
    firms = trade.firms
    if role in {"firm", "firm_name"}:
        return _firm_words(role, rows, trade)
    if role == "unit":
        return _unit_words(rows, trade)
    owners = np.where(rows.firm == ABSENT, len(OWNERSHIPS), firms.ownership[rows.firm] - 1)
    found: dict[str, tuple[list[str], Codes]] = {
        "flag": (list(layout.flag), rows.flag),
        "regime": (list(REGIMES), rows.regime),
        "ownership": ([*OWNERSHIPS.values(), ""], owners),
        "destination": ([*trade.destination, *SPECIAL, ""], rows.destination),
        "hs8": ([*trade.hs8, *NO_CODES], rows.code),
    }
    return found[role]


def _unit_words(rows: Shipments, trade: Trade) -> tuple[list[str], Codes]:
    units = list(dict.fromkeys([*trade.unit, *OTHER_UNITS.values()]))
    unknown = [0] * len(NO_CODES)
    own = np.array([*(units.index(unit) for unit in trade.unit), *unknown])
    other = np.array([*(units.index(OTHER_UNITS[unit]) for unit in trade.unit), *unknown])
    return units, np.where(rows.other_unit == 1, other[rows.code], own[rows.code])


def _firm_words(role: str, rows: Shipments, trade: Trade) -> tuple[list[str], Codes]:
    used, at = np.unique(rows.firm, return_inverse=True)
    words = [str(word) for word in (trade.firms.code if role == "firm" else trade.firms.name)[used]]
    if len(used) and used[0] == ABSENT:
        words[0] = ""
    return words, at


def _text_columns(rows: Shipments, trade: Trade, layout: Layout, rng: np.random.Generator) -> "dict[str, pa.Array]":
    """Return encoded text by role, now and then without the leading zero, with separators or with blanks."""
    count = len(rows)
    columns: dict[str, pa.Array] = {
        "value": respelt(_digits(rows.value), rng.random(count) < 0.04, grouped),
        "quantity": _quantity(rows.quantity, rng),
        "producing": _digits(rows.place, absent=""),
        "date": _digits(rows.date),
    }
    for role in layout.roles - columns.keys():
        words, at = _words(role, rows, trade, layout)
        if role == "hs8":
            stripped = (rng.random(count) < 0.5) & (at < len(trade.hs8))
            words, at = [*words, *(code.lstrip("0") for code in trade.hs8)], at + stripped * len(words)
        columns[role] = pa.array([w.encode(layout.encoding) for w in words], type=pa.binary()).take(
            pa.array(np.where(at < 0, len(words) + at, at))
        )
    return columns


def _digits(values: Codes, absent: str = "0") -> "pa.Array":
    text = pa.array(values).cast(pa.string())
    return pc.if_else(pa.array(values == ABSENT), absent, text).cast(pa.binary())


def _quantity(values: Codes, rng: np.random.Generator) -> "pa.Array":
    """Return quantities as text; a missing one is empty or NA with a blank, others have blanks around them."""
    text = respelt(_digits(values, ""), rng.random(len(values)) < 0.01, lambda t: b" " + t + b" " if t else t)
    missing = pa.array([MISSING_TEXT[k].encode() for k in rng.integers(2, size=len(values))], type=pa.binary())
    return pc.if_else(pa.array(values == ABSENT), missing, text)
