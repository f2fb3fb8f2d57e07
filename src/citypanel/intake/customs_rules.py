"""The rules by which customs rows leave at intake, in their order, and what is noted about the rows that stay."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from citypanel.arrays import Codes, Mask
from citypanel.declare.intake import CustomsRules
from citypanel.intake.places import DIVIDED, ENDS_LATER, MERGED

KEPT = 99
DUPLICATE = 20
IMPORT = 10

# The order in which rules are applied: number (step and place), name of the step, reason.
RULES: tuple[tuple[int, int, str, str], ...] = (
    (IMPORT, 1, "exports_only", "import"),
    (11, 1, "exports_only", "export flag unknown"),
    (DUPLICATE, 2, "duplicates", "the same row stands earlier"),
    (30, 3, "key_fields", "neither firm code nor name"),
    (31, 3, "key_fields", "no commodity code"),
    (32, 3, "key_fields", "no destination"),
    (33, 3, "key_fields", "no value"),
    (34, 3, "key_fields", "no year in row or file name"),
    (35, 3, "key_fields", "the date is no year or month"),
    (40, 4, "hs8_repaired", "commodity code is not 8 digits (6 where the source has no more)"),
    (50, 5, "positive", "value is not a number"),
    (51, 5, "positive", "value is zero or negative"),
    (52, 5, "positive", "quantity is not a number"),
    (53, 5, "positive", "quantity is negative"),
    (54, 5, "positive", "quantity is zero"),
    (55, 5, "positive", "quantity is missing"),
    (60, 6, "destination", "a re-import: the destination is the exporting country"),
    (61, 6, "destination", "destination unknown by declaration"),
    (62, 6, "destination", "a continent, not a country"),
    (63, 6, "destination", "destination not in registers/countries.csv"),
)
# What is noted about a row, one bit each, in the order of the bits; the last two are the fate of its place.
MARKS = ("padded", "historic", "odd_unit", "unregistered", "unplaced", "with_quantity")
_FATE = len(MARKS)
# Repairs and doubts, counted on the rows that are kept: a mark or a fate, step, name, reason.
REPAIRS: tuple[tuple[str | int, int, str, str], ...] = (
    ("padded", 4, "hs8_repaired", "leading zero restored"),
    ("historic", 6, "destination", "historic code merged"),
    (
        "odd_unit",
        11,
        "unit",
        "unit of quantity not in registers/customs_units.csv",
    ),
    (
        "unregistered",
        20,
        "city_mapped",
        "registered place is in none of the registers (customs_areas, cities, regions)",
    ),
    (
        "unplaced",
        20,
        "city_mapped",
        "production place is in none of the registers (customs_areas, cities, regions)",
    ),
    (
        MERGED,
        20,
        "city_mapped",
        "place of a prefecture that was merged: counted to its successor",
    ),
    (
        DIVIDED,
        20,
        "city_mapped",
        "place of a prefecture that was divided: its successor is not known",
    ),
)
LATER: tuple[str | int, int, str, str] = (
    ENDS_LATER,
    20,
    "city_mapped",
    "place of a prefecture that ends later: `base_year` of intake.customs counts it to its successor",
)


def not_applied(rules: CustomsRules) -> frozenset[int]:
    """Return the rules that are switched off."""
    duplicates = () if rules.drop_duplicates else (DUPLICATE,)
    quantity = () if rules.require_quantity else (54, 55)
    return frozenset([*duplicates, *quantity, *((60,) if rules.keep_reimports else ())])


def marked(notes: Mapping[str, Mask], fate: Codes) -> pa.Array:
    """Return what is noted about rows as bits, in the order of `MARKS`, and the fate of their places above them."""
    marks = fate.astype(np.int16) << _FATE
    for bit, name in enumerate(MARKS):
        marks |= notes[name].astype(np.int16) << bit
    return pa.array(marks)


def has_mark(marks: npt.NDArray[np.int16], what: str | int) -> Mask:
    """Tell which rows carry a mark of `MARKS`, or a fate of their place."""
    if isinstance(what, str):
        return np.asarray(marks >> MARKS.index(what) & 1, dtype=np.bool_)
    return np.asarray(marks >> _FATE == what)
