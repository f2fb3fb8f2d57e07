"""PRODY and EXPY from tables: products of the world, baskets of cities and their coverage."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from citypanel.arrays import Matrix, Vector
from citypanel.columns import evaluate
from citypanel.declare.expression import names_in, parse_expression
from citypanel.declare.indicators import SophisticationOptions
from citypanel.errors import InputError
from citypanel.indicators.city_series import wide_yearbook
from citypanel.indicators.files import listed, records
from citypanel.indicators.flows import city_exports, world_trade
from citypanel.indicators.prody import (
    MissingProductError,
    Weights,
    covered,
    expy_with_coverage,
    prody,
    prody_without,
)

FIXED = 0  # the period of a reference that serves all years


@dataclass(frozen=True)
class Reference:
    """Trade and income of the economies behind one PRODY; rows of `trade` follow `economies`."""

    economies: pd.Index
    products: pd.Index
    trade: Matrix
    income: Vector

    def prody(self, weights: Weights) -> pd.Series:
        """PRODY by product code; nan where no economy with income exports it."""
        return pd.Series(prody(self.trade, self.income, weights), index=self.products)

    def prody_without(self, own: str, weights: Weights) -> pd.Series:
        """PRODY by product code without one economy; one that is not in the reference changes nothing."""
        if own not in self.economies:
            return self.prody(weights)
        at = list(self.economies).index(own)
        return pd.Series(prody_without(self.trade, self.income, at, weights), index=self.products)


def references(trade: pd.DataFrame, *, yearly: bool) -> dict[int, Reference]:
    """Build the reference economies of each year, or one for all years.

    Parameters
    ----------
    trade : DataFrame
        `exporter`, `product`, `year`, `value`, `income` (nan where unknown).
    yearly : bool
        One reference a year. Otherwise one under the key `FIXED`: exports summed and incomes averaged over
        the years in which an economy has both; its other years are left out before anything is added up.
    """
    if yearly:
        return {year: _reference(rows) for year, rows in by_year(trade)}
    totals = trade.groupby(["exporter", "year"])["value"].transform("sum")
    # An economy that never has both stays as it is, so that it can be counted; `prody` leaves it out.
    both = (totals > 0) & (trade["income"] > 0)
    never = ~both.groupby(trade["exporter"]).transform("any")
    return {FIXED: _reference(trade[both | never])}


def by_year(frame: pd.DataFrame) -> Iterator[tuple[int, pd.DataFrame]]:
    """Yield year and rows, in the order of years."""
    for year in np.unique(frame["year"].to_numpy()):
        yield int(year), frame[frame["year"] == year]


def _reference(rows: pd.DataFrame) -> Reference:
    at, economies = pd.factorize(rows["exporter"], sort=True)
    of, products = pd.factorize(rows["product"], sort=True)
    trade = np.zeros((len(economies), len(products)))
    np.add.at(trade, (at, of), rows["value"].to_numpy())
    incomes = rows.drop_duplicates(["exporter", "year"]).groupby("exporter")["income"].mean()
    return Reference(pd.Index(economies), pd.Index(products), trade, incomes.reindex(economies).to_numpy(dtype=float))


def prody_table(known: Mapping[int, Reference], weights: Weights) -> pd.DataFrame:
    """Return `product`, `year`, `prody` of every reference; the year is `FIXED` where one serves all."""
    tables = [
        pd.DataFrame({"product": prodys.index, "year": period, "prody": prodys.to_numpy()})
        for period, prodys in ((period, reference.prody(weights)) for period, reference in known.items())
    ]
    return pd.concat(tables, ignore_index=True).sort_values(["product", "year"], ignore_index=True)


def baskets(
    exports: pd.DataFrame,
    known: Mapping[int, Reference],
    *,
    weights: Weights = "normalised",
    refuse: bool = False,
) -> pd.DataFrame:
    """Compute EXPY of every place and year.

    Parameters
    ----------
    exports : DataFrame
        `place`, `product`, `year`, `value`, one row each; with a column `own`, PRODY leaves that economy out;
        with a column `rows`, that many raw rows are behind each.
    known : mapping
        References by year, or one under `FIXED`.
    refuse : bool
        Raise where exports have no PRODY, instead of lowering the coverage.

    Returns
    -------
    DataFrame
        `place`, `year`, `expy` (nan where nothing is covered), `coverage` (covered value / total value),
        `uncovered_rows` and `uncovered_value`, in the order of places and years.
    """
    results = [
        _one_year(rows, known.get(FIXED, known.get(year)), weights, refuse=refuse, year=year)
        for year, rows in by_year(exports)
    ]
    empty = pd.DataFrame(columns=["place", "year", "expy", "coverage", "uncovered_rows", "uncovered_value"])
    table = pd.concat(results, ignore_index=True) if results else empty
    return table.sort_values(["place", "year"], ignore_index=True)


def _one_year(
    rows: pd.DataFrame, reference: Reference | None, weights: Weights, *, refuse: bool, year: int
) -> pd.DataFrame:
    at, places = pd.factorize(rows["place"], sort=True)
    of, products = pd.factorize(rows["product"], sort=True)
    value = np.zeros((len(places), len(products)))
    np.add.at(value, (at, of), rows["value"].to_numpy())
    own = rows.groupby("place")["own"].first().reindex(places) if "own" in rows else None
    levels = _seen_by(reference, pd.Index(products), own, weights)
    known = covered(value, levels)
    if refuse and not known.all():
        missing = products[np.flatnonzero((~known).any(axis=0))]
        raise MissingProductError(
            f"products {listed(missing)} are exported in {year or 'the data'} but have no PRODY; "
            "complete the reference trade or choose missing_products: report"
        )
    level, coverage = expy_with_coverage(value, levels)
    lost = ~known[at, of]
    behind = rows["rows"].to_numpy() if "rows" in rows else np.ones(len(rows))
    return pd.DataFrame(
        {
            "place": places,
            "year": year,
            "expy": level,
            "coverage": coverage,
            "uncovered_rows": np.bincount(at[lost], behind[lost], len(places)).astype(np.int64),
            "uncovered_value": np.bincount(at[lost], rows["value"].to_numpy()[lost], len(places)),
        }
    )


def _seen_by(
    reference: Reference | None, products: pd.Index, own: pd.Series | None, weights: Weights
) -> Matrix | Vector:
    """Return the PRODY of `products`, one row for all places or one for each place's own economy."""
    if reference is None:
        return np.full(len(products), np.nan)
    if own is None:
        return reference.prody(weights).reindex(products).to_numpy()
    rows = {
        economy: reference.prody_without(economy, weights).reindex(products).to_numpy() for economy in sorted(set(own))
    }
    return np.vstack([rows[economy] for economy in own])


def city_sophistication(
    exports: Path,
    world: Path,
    options: SophisticationOptions,
    incomes: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Export sophistication of cities: EXPY from canonical tables.

    Parameters
    ----------
    exports, world : Path
        Canonical `exports` and `world_trade` (Parquet); `world` is read for a world reference only.
    options : SophisticationOptions
        What is computed; see there.
    incomes : DataFrame, optional
        `adcode`, `year`, `income` of the reference economies where these are cities or provinces (then
        provincial codes).

    Returns
    -------
    DataFrame
        `adcode`, `year`, `sophistication`, `coverage` (share of the exports whose product has a PRODY). A
        city-year without covered exports has a missing value. `attrs["accounting"]` counts rows and US$:
        read, city unmapped, product without PRODY, kept; and the economies that have no income.

    Raises
    ------
    MissingProductError
        Exports without PRODY where the options refuse them.
    InputError
        A file that is absent or broken; no incomes for a city or province reference.
    """
    flows = city_exports(exports, options.place, options.level)
    mapped = flows[flows["adcode"].notna()].astype({"adcode": "int64"}).rename(columns={"adcode": "place"})
    trade = _reference_trade(mapped, world, options, incomes)
    known = references(_base_years(trade, options), yearly=options.prody == "yearly")
    if options.leave_own_out:
        mapped = mapped.assign(own=_own_economy(mapped, known, options))
    table = baskets(mapped, known, weights=options.weights, refuse=options.missing_products == "refuse")
    result = table.rename(columns={"place": "adcode", "expy": "sophistication"})
    result = result[["adcode", "year", "sophistication", "coverage"]].astype({"adcode": "int32", "year": "int16"})
    result.attrs["accounting"] = _accounting(flows, mapped, table, trade)
    return result


def of_cities(tables: Mapping[str, Path], options: SophisticationOptions) -> pd.DataFrame:
    """Compute the indicator from the canonical tables by name."""
    incomes = None if options.reference == "world" else _incomes(tables, options)
    return city_sophistication(tables["exports"], tables["world_trade"], options, incomes)


def _incomes(tables: Mapping[str, Path], options: SophisticationOptions) -> pd.DataFrame:
    """Evaluate the incomes of a city or province reference on the yearbook table.

    A province has the totals of its cities, those of which the table knows every variable.
    """
    expression = parse_expression(options.income)
    names = list(dict.fromkeys(names_in(expression)))
    wide = wide_yearbook(tables["city_year"], {"income": options.income})[["adcode", "year", *names]].dropna()
    if options.reference == "province":
        wide["adcode"] = wide["adcode"] // 10000 * 10000
        wide = wide.groupby(["adcode", "year"], as_index=False)[names].sum()
    wide["income"] = evaluate(expression, wide)
    return wide[["adcode", "year", "income"]]


def _reference_trade(
    mapped: pd.DataFrame, world: Path, options: SophisticationOptions, incomes: pd.DataFrame | None
) -> pd.DataFrame:
    if options.reference == "world":
        return world_trade(world, options.level)
    if incomes is None:
        raise InputError(f"reference: {options.reference} needs incomes by adcode and year; none were given")
    code = mapped["place"] if options.reference == "city" else mapped["place"] // 10000 * 10000
    keys = ["exporter", "product", "year"]
    own: pd.DataFrame = mapped.assign(exporter=code).groupby(keys, as_index=False)[["value"]].sum()
    known = incomes.rename(columns={"adcode": "exporter"})[["exporter", "year", "income"]]
    return own.merge(known, on=["exporter", "year"], how="left", validate="many_to_one")


def _base_years(trade: pd.DataFrame, options: SophisticationOptions) -> pd.DataFrame:
    if options.base_years is None:
        return trade
    first, last = options.base_years
    kept = trade[trade["year"].between(first, last)]
    if kept.empty:
        found = f"{trade['year'].min()}-{trade['year'].max()}" if len(trade) else "no rows"
        raise InputError(f"base_years {first}-{last}: the reference trade has {found}")
    return kept


def _own_economy(
    mapped: pd.DataFrame, known: Mapping[int, Reference], options: SophisticationOptions
) -> pd.Series | str:
    if options.reference == "city":
        return mapped["place"]
    if options.reference == "province":
        return mapped["place"] // 10000 * 10000
    if not any(options.home in reference.economies for reference in known.values()):
        raise InputError(f"leave_own_out: home '{options.home}' is not among the exporters of world_trade")
    return options.home


def _accounting(
    flows: pd.DataFrame, mapped: pd.DataFrame, table: pd.DataFrame, trade: pd.DataFrame
) -> list[dict[str, object]]:
    unmapped = flows[flows["adcode"].isna()]
    lost = table["uncovered_value"].sum()
    without = table["uncovered_rows"].sum()
    economies = trade.groupby("exporter")["income"].max()
    return records(
        [
            {"reason": "read", "rows": flows["rows"].sum(), "value": flows["value"].sum()},
            {"reason": "city unmapped", "rows": unmapped["rows"].sum(), "value": unmapped["value"].sum()},
            {"reason": "product without PRODY", "rows": without, "value": lost},
            {"reason": "kept", "rows": mapped["rows"].sum() - without, "value": mapped["value"].sum() - lost},
            {"reason": "reference economies", "rows": len(economies), "value": None},
            {"reason": "reference economies without income", "rows": (~(economies > 0)).sum(), "value": None},
        ]
    )
