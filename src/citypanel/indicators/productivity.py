"""Total factor productivity of cities: the Solow residual, and the Malmquist index by data envelopment."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from citypanel.declare.regional_indicators import ProductivityOptions
from citypanel.errors import InputError
from citypanel.indicators.city_series import carried_on, city_series, full_cities
from citypanel.indicators.files import listed, records
from citypanel.indicators.frontier import malmquist

COLUMNS = {
    "solow": ("tfp", "capital"),
    "malmquist": ("tfp", "capital", "change", "efficiency_change", "technical_change", "efficiency"),
}


def capital_stock(investment: pd.DataFrame, depreciation: float, first_stock: float | None = None) -> pd.DataFrame:
    """Return capital by perpetual inventory.

    Parameters
    ----------
    investment : DataFrame
        Real investment, cities x years in order, without gaps between years.
    depreciation : float
        A year.
    first_stock : float, optional
        Investment of the first year over capital; default the city's mean growth of investment plus depreciation, the
        ratio of a city that has always grown so.

    Returns
    -------
    DataFrame
        Capital at the end of each year: K_t = (1 - depreciation) K_t-1 + I_t, K of the first year I / ratio. Missing
        from a city's first missing investment on, and where the ratio is not positive.
    """
    flows = investment.to_numpy(dtype=np.float64)
    years = flows.shape[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        growth = (flows[:, -1] / flows[:, 0]) ** (1 / max(years - 1, 1)) - 1
    ratio = growth + depreciation if first_stock is None else np.full(len(flows), first_stock)
    stock = np.full(flows.shape, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        stock[:, 0] = np.where(ratio > 0, flows[:, 0] / ratio, np.nan)
    for t in range(1, years):
        stock[:, t] = (1 - depreciation) * stock[:, t - 1] + flows[:, t]
    return pd.DataFrame(stock, index=investment.index, columns=investment.columns)


def city_productivity(city_year: Path, options: ProductivityOptions) -> pd.DataFrame:
    """Productivity of cities from canonical `city_year`.

    Parameters
    ----------
    city_year : Path
        Canonical yearbook table; every city of it takes part, whether a study's sample holds it or not.
    options : ProductivityOptions

    Returns
    -------
    DataFrame
        `adcode`, `year` and `COLUMNS` of the method. `tfp` is in logs: ln Y - a ln K - (1 - a) ln L, or the sum of the
        logs of the Malmquist index, 0 in the first year. Malmquist compares cities that have all quantities in every
        year; the others have no row. `attrs["accounting"]` counts them.

    Raises
    ------
    InputError
        A variable the table lacks; a cost share of labour that is no share; fewer than two cities or years.
    """
    formulas = {
        "output": options.output,
        "labour": options.labour,
        "investment": options.investment,
        "output_index": options.output_index,
        "investment_price": options.investment_price,
        "labour_share": options.labour_share,
    }
    frame = city_series(city_year, formulas)
    if options.output_index:
        frame["output"] = carried_on(frame, "output", "output_index")
    if options.investment_price:
        frame["prices"] = carried_on(frame.assign(one=1.0), "one", "investment_price")
        frame["investment"] = frame["investment"] / frame["prices"]
    frame["capital"] = _capital(frame, options)
    table = _solow(frame, options) if options.method == "solow" else _malmquist(frame)
    result = table[["adcode", "year", *COLUMNS[options.method]]].sort_values(["adcode", "year"], ignore_index=True)
    counts = [
        {"reason": "city-years read", "rows": len(frame)},
        {"reason": "no capital", "rows": int(frame["capital"].isna().sum())},
        {"reason": "with productivity", "rows": int(result["tfp"].notna().sum())},
    ]
    result = result.astype({"adcode": "int32", "year": "int16"})
    result.attrs["accounting"] = records(counts)
    return result


def of_cities(tables: Mapping[str, Path], options: ProductivityOptions) -> pd.DataFrame:
    """Compute the indicator from the canonical tables by name."""
    return city_productivity(tables["city_year"], options)


def _capital(frame: pd.DataFrame, options: ProductivityOptions) -> pd.Series:
    wide = frame.pivot(index="adcode", columns="year", values="investment")
    wide = wide.reindex(columns=range(int(wide.columns.min()), int(wide.columns.max()) + 1))
    stock = capital_stock(wide, options.depreciation, options.first_stock)
    at = (stock.index.get_indexer(pd.Index(frame["adcode"])), stock.columns.get_indexer(pd.Index(frame["year"])))
    return pd.Series(stock.to_numpy()[at], index=frame.index)


def _solow(frame: pd.DataFrame, options: ProductivityOptions) -> pd.DataFrame:
    labour = pd.Series(1 - options.alpha, index=frame.index)
    if options.labour_share:
        labour = frame.groupby("adcode")["labour_share"].transform("mean")
        wrong = labour[(labour <= 0) | (labour >= 1)]
        if len(wrong):
            city = frame.loc[wrong.index[0], "adcode"]
            raise InputError(
                f"labour_share '{options.labour_share}': found a mean of {wrong.iloc[0]:g} in {city}; allowed: 0 to 1"
            )
    positive = frame[["output", "capital", "labour"]].where(lambda values: values > 0)
    logs = np.log(positive)
    return frame.assign(tfp=logs["output"] - (1 - labour) * logs["capital"] - labour * logs["labour"])


def _malmquist(frame: pd.DataFrame) -> pd.DataFrame:
    quantities = ["output", "capital", "labour"]
    rows = frame[full_cities(frame, quantities)]
    wide = {name: rows.pivot(index="year", columns="adcode", values=name) for name in quantities}
    shape = wide["output"].shape
    if min(shape) < 2:
        partly = listed(frame["adcode"].unique().tolist())
        raise InputError(
            f"productivity, method malmquist: {shape[1]} cities have output, capital and labour in all of {shape[0]} "
            f"years; two cities and two years are needed (the table holds {partly})"
        )
    found = malmquist(np.stack([wide["capital"], wide["labour"]], axis=2), wide["output"].to_numpy())
    first = np.full((1, shape[1]), np.nan)
    columns = {name: values if name == "efficiency" else np.vstack([first, values]) for name, values in found.items()}
    columns["tfp"] = np.vstack([np.zeros((1, shape[1])), np.cumsum(np.log(found["change"]), axis=0)])
    columns["capital"] = wide["capital"].to_numpy()
    years, cities = wide["output"].index, wide["output"].columns
    keys = {"adcode": np.tile(cities, len(years)), "year": np.repeat(years, len(cities))}
    return pd.DataFrame(keys | {name: values.ravel() for name, values in columns.items()})
