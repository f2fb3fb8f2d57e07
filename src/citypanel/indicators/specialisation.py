"""Division of labour between cities: Krugman's index of specialisation from employment by sector."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from citypanel.arrays import Matrix, Vector
from citypanel.declare.regional_indicators import SpecialisationOptions
from citypanel.errors import InputError
from citypanel.indicators.city_series import PROVINCE, city_series
from citypanel.indicators.files import records


def krugman(employment: Matrix) -> Vector:
    """Return sum_s |e_is / e_i - e_s / e|: 0 for the structure of the whole, towards 2 for sectors of its own.

    Parameters
    ----------
    employment : array, shape (places, sectors)
        Not negative, each place with a positive sum.

    Notes
    -----
    Krugman (1991), Geography and Trade. The whole is the sum of the places given, the place itself included.
    """
    shares = employment / employment.sum(axis=1, keepdims=True)
    whole = employment.sum(axis=0) / employment.sum()
    return np.asarray(np.abs(shares - whole).sum(axis=1))


def pairwise(employment: Matrix) -> Vector:
    """Return the mean over the other places j of sum_s |e_is / e_i - e_js / e_j|; nan for one place alone."""
    shares = employment / employment.sum(axis=1, keepdims=True)
    apart = np.abs(shares[:, None, :] - shares).sum(axis=2)
    with np.errstate(invalid="ignore"):
        return np.asarray(apart.sum(axis=1) / (len(shares) - 1))


def city_specialisation(city_year: Path, options: SpecialisationOptions) -> pd.DataFrame:
    """Specialisation of cities from canonical `city_year`.

    Parameters
    ----------
    city_year : Path
        Canonical yearbook table; every city of it takes part, whether a study's sample holds it or not.
    options : SpecialisationOptions

    Returns
    -------
    DataFrame
        `adcode`, `year`, `krugman`, `pairwise`. City-years without all sectors have no row; `attrs["accounting"]`
        counts them.

    Raises
    ------
    InputError
        A sector the table lacks, or negative employment.
    """
    sectors = list(options.sectors)
    frame = city_series(city_year, dict(zip(sectors, sectors, strict=True)))
    negative = (frame[sectors] < 0).any(axis=1)
    if negative.any():
        row = frame[negative].iloc[0]
        raise InputError(f"sectors: city {row['adcode']:.0f} in {row['year']:.0f} has negative employment")
    whole = frame.dropna()
    whole = whole[whole[sectors].sum(axis=1) > 0]
    group = whole["adcode"] // PROVINCE if options.within == "province" else whole["adcode"] * 0
    parts = []
    for _, rows in whole.groupby(["year", group], sort=True):
        employment = rows[sectors].to_numpy(dtype=np.float64)
        parts.append(rows[["adcode", "year"]].assign(krugman=krugman(employment), pairwise=pairwise(employment)))
    empty = whole[["adcode", "year"]].assign(krugman=np.nan, pairwise=np.nan)
    table = pd.concat(parts, ignore_index=True) if parts else empty
    result = table.sort_values(["adcode", "year"], ignore_index=True).astype({"adcode": "int32", "year": "int16"})
    counts = [
        {"reason": "city-years read", "rows": len(frame)},
        {"reason": f"without all {len(sectors)} sectors", "rows": len(frame) - len(whole)},
    ]
    result.attrs["accounting"] = records(counts)
    return result


def of_cities(tables: Mapping[str, Path], options: SpecialisationOptions) -> pd.DataFrame:
    """Compute the indicator from the canonical tables by name."""
    return city_specialisation(tables["city_year"], options)
