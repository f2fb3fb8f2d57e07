"""Gaps between cities, and inequality among them, of any quantity per head.

With y a city's income (light, patents) per head and the cities compared c of a year: `deviation` |ln y - ln mean_c|,
`frontier` ln(max_c / y), `relative` (max_c - y) / max_c, `dyadic` the mean of |ln y - ln y_j| over the others. Theil's
T = sum s ln(s / p), with shares of income s and of people p, is the sum of a part between provinces and a part within.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from citypanel.arrays import Codes, Vector
from citypanel.declare.regional_indicators import DisparityOptions
from citypanel.indicators.city_series import PROVINCE, carried_on, city_series
from citypanel.indicators.files import records
from citypanel.registers import Registers

FORMS = ("deviation", "frontier", "relative", "dyadic", "theil", "theil_between", "theil_within", "gini")
ALL = 0  # the one group of a comparison among all cities


def deviation(y: Vector, people: Vector) -> Vector:
    """Return |ln y - ln mean|, the mean weighted by people."""
    return np.asarray(np.abs(np.log(y) - np.log(np.average(y, weights=people))))


def dyadic(y: Vector) -> Vector:
    """Return the mean of |ln y_i - ln y_j| over the other cities j."""
    logs = np.log(y)
    return np.asarray(np.abs(logs[:, None] - logs).sum(axis=1) / (len(y) - 1))


def theil(y: Vector, people: Vector) -> float:
    """Return Theil's T of income among people: ln n for one owner among n, 0 for equality."""
    income, heads = y * people / np.sum(y * people), people / np.sum(people)
    return float(np.sum(income * np.log(income / heads)))


def theil_parts(y: Vector, people: Vector, groups: Codes) -> tuple[float, float]:
    """Return Theil's T between groups and within them; their sum is `theil` (Theil 1967)."""
    totals, heads = (np.bincount(groups, each).astype(np.float64) for each in (y * people, people))
    there = heads > 0
    between = theil(totals[there] / heads[there], heads[there])
    share = totals / totals.sum()
    within = sum(share[g] * theil(y[groups == g], people[groups == g]) for g in np.flatnonzero(there))
    return between, float(within)


def gini(y: Vector, people: Vector) -> float:
    """Return the Gini coefficient of income among people: half the mean difference over the mean."""
    heads = people / np.sum(people)
    differences = np.abs(y[:, None] - y) * heads[:, None] * heads
    return float(differences.sum() / (2 * np.sum(heads * y)))


def city_disparity(city_year: Path, options: DisparityOptions, registers: Registers | None = None) -> pd.DataFrame:
    """Gaps of cities and inequality among them from canonical `city_year`.

    Parameters
    ----------
    city_year : Path
        Canonical yearbook table; every city of it is compared, whether a study's sample holds it or not.
    options : DisparityOptions
    registers : Registers, optional

    Returns
    -------
    DataFrame
        `adcode`, `year` and `FORMS`. A city that is alone among the cities compared has no gap; one that belongs to
        none of the agglomerations has no row. `attrs["accounting"]` counts both, and incomes that are not positive.

    Raises
    ------
    InputError
        A variable the table lacks, or an agglomeration the register lacks.
    """
    formulas = {"income": options.income, "population": options.population, "growth_index": options.growth_index}
    frame = city_series(city_year, formulas)
    if options.growth_index:
        frame["income"] = carried_on(frame, "income", "growth_index")
    frame["people"] = frame["population"] if options.population else 1.0
    known = frame[(frame["income"] > 0) & (frame["people"] > 0)]
    known = known.assign(group=_groups(known["adcode"], options, registers or Registers()))
    member = known[known["group"].notna()]
    parts = [_gaps(rows) for _, rows in member.groupby(["year", "group"], sort=True)]
    table = pd.concat(parts, ignore_index=True) if parts else _nothing(member)
    result = table.sort_values(["adcode", "year"], ignore_index=True).astype({"adcode": "int32", "year": "int16"})
    counts = [
        {"reason": "city-years read", "rows": len(frame)},
        {"reason": "income or people missing or not positive", "rows": len(frame) - len(known)},
        {"reason": "in no agglomeration", "rows": len(known) - len(member)},
        {"reason": "alone among the cities compared", "rows": int(result["deviation"].isna().sum())},
    ]
    result.attrs["accounting"] = records(counts)
    return result


def of_cities(tables: Mapping[str, Path], options: DisparityOptions) -> pd.DataFrame:
    """Compute the indicator from the canonical tables by name."""
    return city_disparity(tables["city_year"], options)


def _groups(adcode: pd.Series, options: DisparityOptions, registers: Registers) -> pd.Series:
    """Return the number of the group that a city is compared in; missing for none.

    Plans of agglomerations overlap: a city of several counts in the first one named.
    """
    if options.within == "all":
        return pd.Series(ALL, index=adcode.index)
    if options.within == "province":
        return adcode // PROVINCE
    members: dict[int, int] = {}
    for number, name in enumerate(options.clusters):
        for code in registers.cluster_members(name):
            members.setdefault(code, number)
    return adcode.map(members)


def _gaps(rows: pd.DataFrame) -> pd.DataFrame:
    """Return all forms for the cities compared in one year."""
    keys = rows[["adcode", "year"]]
    if len(rows) < 2:
        return keys.assign(**dict.fromkeys(FORMS, np.nan))
    y, people = rows["income"].to_numpy(), rows["people"].to_numpy()
    between, within = theil_parts(y, people, np.unique(rows["adcode"] // PROVINCE, return_inverse=True)[1])
    return keys.assign(
        deviation=deviation(y, people),
        frontier=np.log(y.max() / y),
        relative=(y.max() - y) / y.max(),
        dyadic=dyadic(y),
        theil=theil(y, people),
        theil_between=between,
        theil_within=within,
        gini=gini(y, people),
    )


def _nothing(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[["adcode", "year"]].assign(**dict.fromkeys(FORMS, np.nan))
