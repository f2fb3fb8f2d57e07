"""Market segmentation from relative prices, and market integration, its inverse root.

dQ^k_ij = ln P^k_i - ln P^k_j with P^k the yearly price index of category k (previous year = 100); q^k_ij = |dQ^k_ij|
less its mean over the pairs compared, so that what moves a category everywhere is no segmentation; seg_i = mean over
partners j of the variance of q over categories (Parsley and Wei 2001; Gui, Chen, Lu and Chen 2006, Economic Research
41(2)); integration = 1 / sqrt(seg).
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from citypanel.arrays import Mask, Matrix, Vector
from citypanel.declare.regional_indicators import IntegrationOptions
from citypanel.errors import InputError
from citypanel.indicators.city_series import PROVINCE, city_series
from citypanel.indicators.files import listed, records
from citypanel.indicators.network import great_circle_km
from citypanel.registers import Registers


def segmentation(prices: Matrix, partners: Mask) -> Vector:
    """Return the mean over a place's partners of the variance of relative price changes over categories.

    Parameters
    ----------
    prices : array, shape (places, categories)
        Log of the yearly indices; at least two categories.
    partners : array, shape (places, places)
        Whose prices a place's are compared with; the diagonal is left out.

    Returns
    -------
    array, shape (places,)
        Variance with divisor categories - 1; nan without a partner.
    """
    others = partners & ~np.eye(len(prices), dtype=bool)
    apart = np.abs(prices[:, None, :] - prices)
    pairs = others | others.T
    if not pairs.any():
        return np.full(len(prices), np.nan)
    spread = (apart - apart[pairs].mean(axis=0)).var(axis=2, ddof=1)
    count = others.sum(axis=1)
    total = np.where(others, spread, 0.0).sum(axis=1)
    return np.asarray(np.divide(total, count, out=np.full(len(prices), np.nan), where=count > 0))


def city_integration(city_year: Path, options: IntegrationOptions, registers: Registers | None = None) -> pd.DataFrame:
    """Segmentation and integration of cities from canonical `city_year`.

    Parameters
    ----------
    city_year : Path
        Canonical yearbook table; every city of it takes part, whether a study's sample holds it or not.
    options : IntegrationOptions
        With `level: province` a province has the mean of its cities' indices, so that a provincial series that was
        copied to cities stays as it is, and a city has its province's values.
    registers : Registers, optional

    Returns
    -------
    DataFrame
        `adcode`, `year`, `segmentation`, `integration`. A place without all categories in a year takes no part in it,
        and one without a partner has no value; `attrs["accounting"]` counts both.

    Raises
    ------
    InputError
        A price the table lacks, or an index that is not positive.
    """
    frame = city_series(city_year, dict(zip(options.prices, options.prices, strict=True)))
    prices = list(options.prices)
    wrong = (frame[prices] <= 0).any(axis=1)
    if wrong.any():
        row = frame[wrong].iloc[0]
        raise InputError(f"prices: city {row['adcode']:.0f} in {row['year']:.0f} has an index that is not positive")
    places = frame.assign(place=frame["adcode"])
    if options.level == "province":
        places = frame.assign(place=frame["adcode"] // PROVINCE * PROVINCE)
        means: pd.DataFrame = places.groupby(["place", "year"], as_index=False)[prices].mean()
    else:
        means = places[["place", "year", *prices]]
    whole = means.dropna()
    seats = _seats(places, registers or Registers())
    parts = [_of_year(rows, prices, seats, options) for _, rows in whole.groupby("year", sort=True)]
    found = pd.concat(parts, ignore_index=True) if parts else whole[["place", "year"]].assign(segmentation=np.nan)
    found["integration"] = 1 / np.sqrt(found["segmentation"].where(found["segmentation"] > 0))
    table = places[["adcode", "year", "place"]].merge(found, on=["place", "year"])
    table = table[["adcode", "year", "segmentation", "integration"]].sort_values(["adcode", "year"], ignore_index=True)
    result = table.astype({"adcode": "int32", "year": "int16"})
    counts = [
        {"reason": "city-years read", "rows": len(frame)},
        {"reason": f"{options.level}-years without all {len(prices)} categories", "rows": len(means) - len(whole)},
        {"reason": "without a partner", "rows": int(result["segmentation"].isna().sum())},
    ]
    result.attrs["accounting"] = records(counts)
    return result


def of_cities(tables: Mapping[str, Path], options: IntegrationOptions) -> pd.DataFrame:
    """Compute the indicator from the canonical tables by name."""
    return city_integration(tables["city_year"], options)


def _seats(places: pd.DataFrame, registers: Registers) -> pd.DataFrame:
    """Return the coordinates of each place: a city's seat, or the mean of a province's."""
    known = registers.cities().drop_duplicates("adcode", keep="last").set_index("adcode")[["lon", "lat"]]
    codes = places.drop_duplicates("adcode")[["adcode", "place"]]
    missing = codes.loc[~codes["adcode"].isin(known.index), "adcode"]
    if len(missing):
        raise InputError(f"city_year holds {listed(missing)}, which is no city of the register")
    return codes.join(known, on="adcode").groupby("place")[["lon", "lat"]].mean()


def _of_year(rows: pd.DataFrame, prices: list[str], seats: pd.DataFrame, options: IntegrationOptions) -> pd.DataFrame:
    place = rows["place"].to_numpy()
    everyone = np.ones((len(place), len(place)), dtype=bool)
    if options.partners == "province":
        everyone = place[:, None] // PROVINCE == place // PROVINCE
    if options.partners == "nearest":
        at = seats.loc[place].to_numpy(dtype=np.float64)
        everyone = _nearest(great_circle_km(at[:, 0], at[:, 1]), options.nearest)
    found = segmentation(np.log(rows[prices].to_numpy(dtype=np.float64) / 100), everyone)
    return rows[["place", "year"]].assign(segmentation=found)


def _nearest(apart: Matrix, count: int) -> Mask:
    """Return who is among the `count` nearest; of equally distant places the first counts."""
    order = np.argsort(apart + np.diag(np.full(len(apart), np.inf)), axis=1, kind="stable")[:, :count]
    chosen = np.zeros(apart.shape, dtype=bool)
    np.put_along_axis(chosen, order, values=True, axis=1)
    return chosen
