"""A shift-share instrument for joint patents: what partners' growth alone would have made of a city's cooperation.

With w_ij the joint patents of cities i and j and J_j those of city j, yearly means of the base years carrying 0:
z_it = sum_j w_ij0 (J_jt - w_ijt) / (J_j0 - w_ij0). Shares are fixed before the sample, and the growth of a partner
leaves out what it applied for with city i, so that no shock of city i enters its own instrument.
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from citypanel.declare.indicators import CooperationOptions
from citypanel.declare.regional_indicators import ExposureOptions
from citypanel.errors import InputError
from citypanel.indicators.cooperation import patent_cooperation
from citypanel.indicators.files import records


def exposure(joint: pd.DataFrame, pairs: pd.DataFrame, base_years: tuple[int, int]) -> tuple[pd.DataFrame, int]:
    """Return each place's exposure in every year, and how many pairs of the base years have no growth.

    Parameters
    ----------
    joint : DataFrame
        `place`, `year`, `joint`.
    pairs : DataFrame
        `place_i`, `place_j`, `year`, `full`, each pair once.
    base_years : pair of int
        First and last.

    Returns
    -------
    DataFrame, int
        `place`, `year`, `exposure` of places with a partner in the base years; a pair counts as without growth, and is
        left out, where the partner's only joint patents of the base years are those with the place itself.
    """
    first, last = base_years
    apart = pairs[pairs["place_i"] != pairs["place_j"]]
    back = apart.rename(columns={"place_i": "place_j", "place_j": "place_i"})
    both = pd.concat([apart, back])[["place_i", "place_j", "year", "full"]]
    length = last - first + 1
    base = both[both["year"].between(first, last)].groupby(["place_i", "place_j"])["full"].sum() / length
    early = joint[joint["year"].between(first, last)].groupby("place")["joint"].sum() / length
    years = pd.DataFrame({"year": sorted(joint["year"].unique())})
    table = base.rename("base").reset_index().merge(years, how="cross")
    table = table.merge(both, on=["place_i", "place_j", "year"], how="left")
    table = table.merge(joint.rename(columns={"place": "place_j"}), on=["place_j", "year"], how="left")
    table = table.fillna({"full": 0.0, "joint": 0.0})
    others = table["place_j"].map(early) - table["base"]
    known = table.assign(exposure=table["base"] * (table["joint"] - table["full"]) / others.where(others > 0))
    without = int(known.loc[known["year"] == known["year"].min(), "exposure"].isna().sum())
    found: pd.DataFrame = known.groupby(["place_i", "year"], as_index=False)[["exposure"]].sum()
    return found.rename(columns={"place_i": "place"}), without


def city_exposure(patents: Path, options: ExposureOptions) -> pd.DataFrame:
    """Exposure of cities from canonical `patents`.

    Returns
    -------
    DataFrame
        `adcode`, `year`, `exposure` (joint patents) of cities with a partner in the base years; of all other cities it
        is zero. `attrs["accounting"]` counts pairs.

    Raises
    ------
    InputError
        No joint patent between two cities in the base years.
    """
    found = patent_cooperation(patents, CooperationOptions(kind=options.kind, count="joint"))
    held = found.places["year"]
    first, last = options.base_years or (held.min(), held.min())
    table, without = exposure(found.places[["place", "year", "joint"]], found.pairs, (first, last))
    if table.empty:
        shown = f"patents of {held.min()} to {held.max()}" if len(held) else "no patent"
        raise InputError(f"base_years {first}-{last}: no joint patent of two cities; the table holds {shown}")
    result = table.rename(columns={"place": "adcode"}).astype({"adcode": "int32", "year": "int16"})
    counts = [
        {"reason": "cities with a partner in the base years", "rows": int(result["adcode"].nunique())},
        {"reason": "pairs without growth: the partner applied with this city only", "rows": without},
    ]
    result.attrs["accounting"] = records(counts)
    return result


def of_cities(tables: Mapping[str, Path], options: ExposureOptions) -> pd.DataFrame:
    """Compute the indicator from the canonical tables by name."""
    return city_exposure(tables["patents"], options)
