"""Where a number of ours stands in a result record, and how else the same number may be read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from citypanel.result import ColumnResult, Record

FIRST = ".first"  # the mark of a first stage beside a column with instruments
COUNTS = ("n", "units", "periods", "clusters")
# Statistics that papers print under one name: the first is what we print, the others are tried by the search.
_READINGS: dict[str, tuple[str, ...]] = {
    "r2": ("r2_within", "r2_corr", "r2_corr_overall"),
    "r2_within": ("r2", "r2_corr", "r2_corr_overall"),
    "r2_adj": ("r2_within_adj", "r2_adj_xtreg"),
    "sargan": ("hansen", "sargan_xtabond"),
    "hansen": ("sargan", "sargan_xtabond"),
}
# Beside a coefficient may stand another statistic than the table says.
_BESIDE = {"statistic": ("se", "p"), "se": ("statistic", "p"), "p": ("statistic", "se")}
_SCALES = (0.01, 100.0, 1000.0, 10000.0)  # percent, and the units in which money and people are counted


@dataclass(frozen=True)
class Spot:
    """The place of a number in a record.

    `part` is `term` (a coefficient), `stat` (a statistic of the column) or `curve` (a row of a table in the record,
    found by `keys`). `name` is the term, statistic or curve; `field` is what is read of a term or row.
    """

    analysis: str
    column: str
    part: Literal["term", "stat", "curve"]
    name: str
    field: str = ""
    keys: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        inside = "".join(f" {value}" for _, value in self.keys)
        return f"{self.analysis}.{self.column}: {self.name}{inside}" + (f" {self.field}" if self.field else "")


@dataclass(frozen=True)
class Found:
    """A number of ours with what is needed to compare it: p for stars, the interval, the sample size."""

    value: float
    p: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None


def look_up(record: Record, spot: Spot, column: str = "") -> Found | None:
    """Return the number at a spot, or None where the record has none.

    Parameters
    ----------
    column : str
        Number of the column to read instead of the spot's own: a variant of it in another record.
    """
    number = column or spot.column
    if spot.column.endswith(FIRST):
        return _first_stage(record, spot, number.removesuffix(FIRST))
    if spot.part == "curve":
        row = _row(record, spot.name, number, dict(spot.keys))
        return None if row is None else _found(row, spot.field)
    result = column_of(record, number)
    if result is None:
        return None
    if spot.part == "stat":
        return _statistic(result, spot.name)
    term = next((term for term in result.terms if term.term == spot.name), None)
    if term is None or term.estimate is None:
        return None
    fields = {name: getattr(term, name) for name in ("estimate", "se", "statistic", "p", "ci_low", "ci_high")}
    return _found({**fields, "n": result.n}, spot.field)


def column_of(record: Record, number: str) -> ColumnResult | None:
    """Return a column by its number; a method that answers by several names them after the point."""
    for column in record.columns:
        if column.column == number or column.column.partition(".")[0] == number:
            return column
    return None


def _statistic(result: ColumnResult, name: str) -> Found | None:
    value = getattr(result, name) if name in COUNTS else result.stats.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    # The serial-correlation tests keep p beside z.
    p = result.stats.get(f"{name.removesuffix('_z')}_p")
    return Found(float(value), p=float(p) if isinstance(p, (int, float)) else None, n=result.n)


def _first_stage(record: Record, spot: Spot, number: str) -> Found | None:
    row = _row(record, "first_stage", number, {"term": spot.name})
    if spot.part == "stat":
        result = column_of(record, number)
        return _statistic(result, spot.name) if result is not None and spot.name in COUNTS else None
    return None if row is None else _found(row, spot.field)


def _row(record: Record, curve: str, number: str, keys: Mapping[str, str]) -> Mapping[str, Any] | None:
    """Return the row of a column with these keys; a correlation's own `column` is a variable, its number is apart."""
    mark = "number" if curve == "correlation" else "column"
    return next(
        (
            row
            for row in record.curves.get(curve) or ()
            if str(row.get(mark, number)) == number and all(str(row.get(key)) == value for key, value in keys.items())
        ),
        None,
    )


def _found(row: Mapping[str, Any], field: str) -> Found | None:
    value = row.get(field)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    main = field in ("estimate", "r", "I", "mc_mean")
    ends = [_number(row.get(name)) if main else None for name in ("ci_low", "ci_high")]
    n = row.get("n")
    return Found(
        float(value),
        p=_number(row.get("p")) if main else None,
        low=ends[0],
        high=ends[1],
        n=int(n) if isinstance(n, (int, float)) else None,
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def readings(spot: Spot) -> Iterator[tuple[str, Spot]]:
    """Yield other readings of a printed number in the same record, each with its name."""
    if spot.part == "stat":
        yield from ((f"reading={name}", replace(spot, name=name)) for name in _READINGS.get(spot.name, ()))
    elif spot.field in _BESIDE:
        yield from ((f"reading={field}", replace(spot, field=field)) for field in _BESIDE[spot.field])
    elif spot.part == "curve" and spot.name == "impacts" and spot.field == "estimate":
        yield "reading=mc_mean", replace(spot, field="mc_mean")


def scales(spot: Spot) -> tuple[float, ...]:
    """Return the factors by which another unit of a variable would change the number at a spot."""
    scaled = spot.field in ("estimate", "se", "mean", "sd", "min", "median", "max", "p25", "p75", "mc_mean")
    return _SCALES if scaled and spot.part != "stat" else ()
