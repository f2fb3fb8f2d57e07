"""How many firms stand behind each city and year of an indicator, and how far the largest dominate it.

Counted where the rows of firms are: what may leave is decided elsewhere from these counts, without any row.
"""

from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from citypanel.declare.cleaning import Cleaning
from citypanel.declare.indicators import QualityOptions, parse_indicator
from citypanel.indicators.cleaning import clean_exports
from citypanel.indicators.flows import PLACES, database, parquet

Variants = Mapping[tuple[str, str], Mapping[str, Any]]
COUNTS = ("indicator", "variant", "adcode", "year", "firms", "value_usd", "top_share")
DIFFERENCES = ("indicator", "variant", "other", "adcode", "year", "firms", "top_share")
_CELL = ["adcode", "year"]


def contributors(exports: Path, variants: Variants, largest: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Count the firms behind the city-years of indicators made from customs records.

    Parameters
    ----------
    exports : Path
        Canonical `exports`.
    variants : mapping
        Options of each indicator and variant that is computed from exports.
    largest : int
        How many of the largest firms the dominance rule looks at.

    Returns
    -------
    counts : DataFrame
        `indicator`, `variant`, `adcode`, `year`, `firms`, `value_usd` and `top_share`: the share of value of the
        `largest` firms. Where an indicator cleans its records first, firms are those with a flow that passes.
    differences : DataFrame
        For two variants of one indicator, the city-years in which they differ: `firms` counts those whose value is
        another in the two (nothing in one of them, say), `top_share` is the share of the `largest` of these in all
        that differs.
    """
    known: dict[tuple[Any, ...], pd.DataFrame] = {}
    firms = {}
    for (indicator, variant), given in sorted(variants.items()):
        options = parse_indicator(indicator, dict(given), f"indicator {indicator}")
        cleaning = options.cleaning if isinstance(options, QualityOptions) else None
        key = (getattr(options, "place", "producing"), getattr(options, "level", "hs6") if cleaning else "", cleaning)
        if key not in known:
            known[key] = _firms(exports, *key)
        firms[indicator, variant] = known[key]
    counts = [_counted(table, largest).assign(indicator=i, variant=v) for (i, v), table in firms.items()]
    pairs = [
        _differing(firms[one], firms[two], largest).assign(indicator=one[0], variant=one[1], other=two[1])
        for one, two in combinations(sorted(firms), 2)
        if one[0] == two[0] and firms[one] is not firms[two]
    ]
    return _joined(counts, COUNTS), _joined(pairs, DIFFERENCES)


def _joined(tables: list[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    rows = [table[list(columns)] for table in tables if len(table)]
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=list(columns))


def _firms(exports: Path, place: str, level: str, cleaning: Cleaning | None) -> pd.DataFrame:
    """Return `adcode`, `year`, `firm`, `value`: one row for each firm of a mapped city and year."""
    return _all_firms(exports, place) if cleaning is None else _firms_of_flows(exports, place, level, cleaning)


def _all_firms(exports: Path, place: str) -> pd.DataFrame:
    return _summed(parquet(exports), PLACES[place], "value_usd")


def _firms_of_flows(exports: Path, place: str, level: str, cleaning: Cleaning) -> pd.DataFrame:
    with TemporaryDirectory(prefix="citypanel_") as room:
        flows = Path(room) / "flows.parquet"
        clean_exports(exports, flows, Path(room) / "attrition.parquet", cleaning, place=place, level=level)
        return _summed(parquet(flows), "place", "value")


def _summed(rows: str, city: str, value: str) -> pd.DataFrame:
    query = f"""
        select {city} as adcode, year, firm, cast(sum(cast({value} as decimal(38, 6))) as double) as value
        from {rows} where {city} is not null
        group by all order by adcode, year, firm
    """  # noqa: S608  (columns come from the code, the path is quoted)
    with database() as connection:
        frame: pd.DataFrame = connection.sql(query).to_df()
    return frame


def _counted(firms: pd.DataFrame, largest: int) -> pd.DataFrame:
    ordered = firms.sort_values([*_CELL, "value", "firm"], ascending=[True, True, False, True])
    top = ordered.groupby(_CELL).head(largest).groupby(_CELL)["value"].sum()
    table = ordered.groupby(_CELL).agg(firms=("firm", "size"), value_usd=("value", "sum"))
    table["top_share"] = top / table["value_usd"].where(table["value_usd"] > 0)
    return table.reset_index().astype({"adcode": "int32", "year": "int16", "firms": "int64"})


def _differing(one: pd.DataFrame, two: pd.DataFrame, largest: int) -> pd.DataFrame:
    """Count what two variants tell apart: a firm with fewer flows in one of them is told as well as one that left."""
    keys = [*_CELL, "firm"]
    both = one.merge(two, how="outer", on=keys, suffixes=("", "_other")).fillna({"value": 0.0, "value_other": 0.0})
    both["value"] = (both["value"] - both["value_other"]).abs()
    return _counted(both.loc[both["value"] > 0, [*keys, "value"]], largest)
