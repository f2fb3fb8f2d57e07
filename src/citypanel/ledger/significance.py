"""Levels, stars and reference distributions, on intervals."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from scipy.special import chdtrc, ndtr, stdtr

from citypanel.ledger.claims import Claims
from citypanel.ledger.interval import Interval
from citypanel.ledger.layout import Cells, Column, Term, columns_of
from citypanel.ledger.printed import Cell

LEVELS = (0.1, 0.05, 0.01)
SLACK = 1e-9
READINGS = ("se", "t", "p")
_MANY = 0.25  # share of mismatched cells from which the stated reading is given up


class Reference(NamedTuple):
    """A distribution of the statistic: df None is the normal; `stated` where the paper names or implies it."""

    name: str
    df: float | None


def two_sided(size: float, df: float | None) -> float:
    """Return the two-sided p value of an absolute statistic."""
    return float(2 * (ndtr(-size) if df is None else stdtr(df, -size)))


def p_interval(statistic: Interval, df: float | None) -> Interval:
    """Return the p values of a statistic that is known to an interval."""
    return abs(statistic).falling(lambda size: two_sided(size, df))


def chi2_p(statistic: Interval, df: float = 1) -> Interval:
    """Return the upper tail of a chi-squared statistic."""
    return Interval(max(statistic.lo, 0.0), max(statistic.hi, 0.0)).falling(lambda x: float(chdtrc(df, x)))


def band(stars: int, levels: Sequence[float]) -> Interval:
    """Return the p values that earn just so many stars."""
    upper = levels[stars - 1] if stars else 1.0
    return Interval(levels[stars] if stars < len(levels) else 0.0, upper)


def earns(p: Interval, stars: int, levels: Sequence[float]) -> bool:
    """Whether some p of the interval earns just so many stars."""
    return stars <= len(levels) and p.meets(band(stars, levels))


def stars_of(p: float, levels: Sequence[float]) -> int:
    """Return the stars that a p value earns."""
    return sum(p < level for level in levels)


def stated_levels(cells: Cells, claims: Claims, table: str) -> tuple[float, ...] | None:
    """Return the levels of *, ** and *** that a table's note states, or None where it states none."""
    notes = [claim.value for claim in claims.of("note", table)]
    notes += [cell.text for cell in cells if cell.statistic == "note" and cell.table == table]
    for note in notes:
        found = re.findall(r"(\*{1,4})[^*\d.]{0,40}?(\d*\.?\d+)\s*(%?)", note)
        levels = {len(mark): float(value) / (100 if percent else 1) for mark, value, percent in found}
        together = re.findall(r"(\d*\.?\d+)\s*%", note)
        if len(levels) < 3 and len(together) == 3 and "*" in note:
            levels = dict(zip((1, 2, 3), sorted((float(value) / 100 for value in together), reverse=True), strict=True))
        if levels and sorted(levels) == list(range(1, len(levels) + 1)):
            return tuple(levels[count] for count in sorted(levels))
    return None


def levels_of(cells: Cells, claims: Claims, table: str) -> tuple[float, ...]:
    """Return the levels of a table's stars; .10, .05 and .01 where its note states none."""
    return stated_levels(cells, claims, table) or LEVELS


def stated_reading(cells: Cells, claims: Claims, table: str, statistic: str) -> str:
    """Return what stands in parentheses after the note (se, t or p), after the statistic's name, or a blank."""
    labelled = {"t": "t", "z": "t", "se": "se", "p": "p"}.get(statistic, "")
    beside = {cell.statistic for cell in cells if cell.table == table}
    if statistic == "p" or ("se" in beside and beside & {"t", "z"}):
        # several statistics are printed by name: the note cannot speak of all of them
        return labelled
    notes = [claim.value for claim in claims.of("note", table)]
    notes += [cell.text for cell in cells if cell.statistic == "note" and cell.table == table]
    words = " ".join(notes).lower()
    if re.search(r"standard (deviation|error)|\bs\.?e\.?\b|标准误|标准差", words):
        return "se"
    if re.search(r"\b[tz][\s-]*(stat|value|ratio|统计|值)|[tz]\s*(统计量|值)", words):
        return "t"
    if re.search(r"p[\s-]?values? in|括号.*p\s*值", words):
        return "p"
    return labelled


def statistic_under(term: Term, cell: Cell, reading: str) -> Interval | None:
    """Return the t statistic a cell beside a coefficient means under one reading; None where it means none."""
    if reading == "t":
        return cell.interval
    if reading == "se":
        quotient = term.b / cell.interval
        return quotient if quotient.bounded else None
    return None


def p_under(term: Term, cell: Cell, reading: str, df: float | None) -> Interval | None:
    """Return the p values under one reading, or None where the interval says nothing."""
    if reading == "p":
        return cell.interval
    statistic = statistic_under(term, cell, reading)
    return None if statistic is None else p_interval(statistic, df)


def uses_stars(cells: Cells, claims: Claims, table: str) -> bool:
    """Whether a table marks significance at all: some journals print no stars, and then none is missing."""
    return any(cell.stars for cell in cells if cell.table == table) or stated_levels(cells, claims, table) is not None


def mismatches(terms: Sequence[tuple[Term, Cell]], reading: str, levels: Sequence[float], df: float | None) -> int:
    """Count the cells whose sign or stars cannot be under one reading; without levels the stars do not count."""
    wrong = 0
    for term, cell in terms:
        value = cell.interval
        if reading == "se":
            impossible = value.hi < 0
        elif reading == "p":
            impossible = value.hi < 0 or value.lo > 1
        else:
            impossible = (value.hi < 0 < term.b.lo) or (term.b.hi < 0 < value.lo)
        p = None if impossible or not levels else p_under(term, cell, reading, df)
        # An honest table may use t with few degrees of freedom: one star fewer than the normal gives is no mismatch.
        allowed = (
            [term.coef.stars] + ([term.coef.stars + 1] if reading != "p" else []) if term.coef.stars is not None else []
        )
        stars_wrong = (
            p is not None and bool(allowed) and not any(earns(p, s, levels) for s in allowed if s <= len(levels))
        )
        wrong += impossible or stars_wrong
    return wrong


def beside_cells(column: Column, statistic: str) -> list[tuple[Term, Cell]]:
    """Return the terms of a column that have a cell of this statistic beside them."""
    return [(term, term.beside[statistic]) for term in column.terms if statistic in term.beside]


@lru_cache(maxsize=256)
def readings_of(cells: Cells, claims: Claims, study: str, table: str) -> dict[str, dict[str, int]]:
    """Return, per statistic below the coefficients of a table, the mismatches of each reading."""
    levels = levels_of(cells, claims, table) if uses_stars(cells, claims, table) else ()
    found: dict[str, dict[str, int]] = {}
    for statistic in ("paren", "t", "z", "se", "p"):
        terms = [
            pair
            for column in columns_of(cells)
            if (column.study, column.table) == (study, table)
            for pair in beside_cells(column, statistic)
        ]
        if terms:
            found[statistic] = {reading: mismatches(terms, reading, levels, None) for reading in READINGS}
    return found


def reading_of(cells: Cells, claims: Claims, study: str, table: str, statistic: str) -> str:
    """Return how to read a statistic: as stated, unless many cells speak for another reading; a blank if unknown."""
    counted = readings_of(cells, claims, study, table).get(statistic, {})
    stated = stated_reading(cells, claims, table, statistic)
    if not counted:
        return stated
    fewest = min(counted.values())
    cells_read = sum(cell.statistic == statistic and (cell.study, cell.table) == (study, table) for cell in cells)
    # One wrong star must not turn the reading of a whole table.
    if stated and (counted[stated] < max(2, _MANY * cells_read) or counted[stated] == fewest):
        return stated
    best = [reading for reading in READINGS if counted[reading] == fewest]
    return best[0] if len(best) == 1 else stated


def t_of(cells: Cells, claims: Claims, column: Column, term: Term) -> Interval | None:
    """Return the t statistic of a term from whatever is printed with it."""
    for statistic in ("t", "z", "paren", "se"):
        cell = term.beside.get(statistic)
        if cell:
            reading = reading_of(cells, claims, column.study, column.table, statistic)
            value = statistic_under(term, cell, reading)
            if value is not None:
                return value
    return None


def se_of(cells: Cells, claims: Claims, column: Column, term: Term) -> Interval | None:
    """Return the standard error of a term; None where it is unbounded or not implied."""
    for statistic in ("se", "paren", "t", "z"):
        cell = term.beside.get(statistic)
        if not cell:
            continue
        reading = reading_of(cells, claims, column.study, column.table, statistic)
        if reading == "se":
            return abs(cell.interval)
        if reading == "t":
            quotient = abs(term.b / cell.interval)
            return quotient if quotient.bounded else None
    return None


def references(column: Column, claims: Claims) -> Iterator[Reference]:
    """Yield the reference distributions of a column's t statistics, from the plainest on."""
    yield Reference("normal", None)
    n, slopes = column.n, len(column.slopes)
    if n and n - slopes - 1 > 0:
        yield Reference(f"t({n - slopes - 1})", n - slopes - 1)
    units = claims.whole("units", column.table) or column.count("units")
    periods = claims.periods
    if n and units and periods and n - units - periods - slopes > 0:
        yield Reference(f"t({n - units - periods - slopes})", n - units - periods - slopes)
    clusters = claims.whole("clusters", column.table) or column.count("clusters")
    if clusters and clusters > 1:
        yield Reference(f"t({clusters - 1})", clusters - 1)
    elif units and units > 1:
        yield Reference(f"t({units - 1})", units - 1)
