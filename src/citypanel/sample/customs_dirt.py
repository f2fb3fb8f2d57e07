"""What goes wrong in real customs files: rows that cleaning must take out, and spellings that it must read.

Rows of the first kind are copies of good rows with one thing wrong, so that each is dropped at exactly one
step; their numbers go to the truth file. Spellings of the second kind change no value.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from citypanel.arrays import Codes, Mask
from citypanel.sample.customs import ENCODING, replaced

Columns = dict[str, "pa.Array"]


@dataclass(frozen=True)
class Fault:
    """One kind of bad row: the step of the attrition table that drops it, its rate, what its columns say."""

    kind: str
    step: str
    rate: float
    says: tuple[tuple[str, tuple[str, ...]], ...]


FAULTS = (
    Fault("import", "exports_only", 0.03, (("进口或出口", ("进口",)),)),
    Fault("firm_missing", "key_fields", 0.0003, (("企业编码", ("",)), ("经营单位", ("",)))),
    Fault("destination_missing", "key_fields", 0.0005, (("起运国或目的国", ("",)),)),
    Fault("hs8_not_a_code", "hs8_repaired", 0.0003, (("税号编码", ("8471XX00", "未知", "NA")),)),
    Fault("quantity_zero", "positive", 0.0022, (("数量", ("0",)),)),
    Fault("quantity_missing", "positive", 0.004, (("数量", (" NA", "")),)),
    Fault("value_zero", "positive", 0.0008, (("金额", ("0",)),)),
    Fault("reimport", "destination", 0.003, (("起运国或目的国", ("中国", "中华人民共和国")),)),
    Fault("destination_unknown", "destination", 0.001, (("起运国或目的国", ("国别不详", "国(地)别不详")),)),
    Fault("destination_continent", "destination", 0.0005, (("起运国或目的国", ("亚洲", "非洲", "拉丁美洲")),)),
    Fault("area_other_places", "city_mapped", 0.002, (("消费地或生产地", ("32909", "33909", "34909")),)),
    Fault("area_unknown", "city_mapped", 0.0005, (("消费地或生产地", ("99999", "")),)),
)
OUTSIDE = Fault("outside_the_41_cities", "none", 0.01, (("消费地或生产地", ("44039", "44019", "37029", "35029")),))


def plan(rows: int, rng: np.random.Generator) -> list[tuple[Fault, Codes]]:
    """Return which good rows are copied for each kind of fault; at least one of each kind."""
    return [
        (fault, np.sort(rng.choice(rows, min(rows, max(1, round(fault.rate * rows))), replace=False)))
        for fault in (*FAULTS, OUTSIDE)
    ]


def with_faults(columns: Columns, planned: list[tuple[Fault, Codes]], rng: np.random.Generator) -> Columns:
    """Return the columns with the bad rows behind the good ones."""
    pieces = [columns]
    for fault, rows in planned:
        bad = {name: column.take(pa.array(rows)) for name, column in columns.items()}
        for header, texts in fault.says:
            options = pa.array([text.encode(ENCODING) for text in texts], type=pa.binary())
            bad[header] = options.take(pa.array(rng.integers(0, len(texts), len(rows))))
        pieces.append(bad)
    return {name: pa.concat_arrays([piece[name] for piece in pieces]) for name in columns}


def with_spellings(columns: Columns, names: dict[str, str], rng: np.random.Generator) -> Columns:
    """Return the columns with lost leading zeros, thousands separators, blanks and second names of places."""
    result = dict(columns)
    count = len(result["金额"])
    codes = result["税号编码"]
    zero = np.asarray(pc.starts_with(codes, b"0")) & (rng.random(count) < 0.5)
    result["税号编码"] = replaced(codes, zero, pc.binary_slice(codes.filter(pa.array(zero)), 1, 8))
    result["金额"] = respelt(result["金额"], rng.random(count) < 0.04, grouped)
    result["数量"] = respelt(result["数量"], rng.random(count) < 0.01, lambda text: b" " + text + b" ")
    for name, other in names.items():
        mine = np.asarray(pc.equal(result["起运国或目的国"], pa.scalar(name.encode(ENCODING), pa.binary())))
        result["起运国或目的国"] = replaced(
            result["起运国或目的国"], mine & (rng.random(count) < 0.2), other.encode(ENCODING)
        )
    return result


def grouped(text: bytes) -> bytes:
    """Return digits with thousands separators, quoted."""
    return f'"{int(text):,}"'.encode() if text.isdigit() and len(text) > 3 else text


def respelt(column: "pa.Array", where: Mask, change: Callable[[bytes], bytes]) -> "pa.Array":
    """Return the column with the text of some rows changed."""
    old = column.filter(pa.array(where)).to_pylist()
    return replaced(column, where, pa.array([change(text) for text in old], type=pa.binary()))
