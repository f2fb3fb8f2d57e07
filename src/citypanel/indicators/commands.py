"""What `citypanel indicator NAME` computes: plain tables in, CSV files out, one function for each indicator.

Column names are those of the command's public contract; a few names of well-known sources are accepted where
the contract's own name is absent.
"""

from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from citypanel.declare.indicators import QualityOptions, parse_indicator
from citypanel.errors import InputError
from citypanel.indicators.complexity import (
    UnconnectedError,
    complexity,
    fitness,
    presence,
    rca,
    trade_matrix,
)
from citypanel.indicators.files import (
    Wanted,
    listed,
    read_columns,
    refuse_negative,
    require_unique,
    write_csv,
    write_parquet,
)
from citypanel.indicators.prody import Weights
from citypanel.indicators.quality import KEY, flow_quality, read_sigma
from citypanel.indicators.sophistication import FIXED, baskets, by_year, prody_table, references

EXPORTER = Wanted("exporter", "name", ("country", "reporter"))
PRODUCT = Wanted("product", "code", ("hs", "hs6", "hs4", "hs2"))
VALUE = Wanted("value", "number", ("value_usd",))
YEAR = Wanted("year", "year", optional=True)
INCOME = Wanted("income", "number_or_missing", ("gdp_per_head", "value"))
PLACE = Wanted("place", "name", ("city", "adcode"))
REQUIRED_YEAR = Wanted("year", "year")
APPLICATION = Wanted("application", "code", ("application_no",))
APPLICANT = Wanted("applicant", "code", ("name",))
KIND = Wanted("kind", "name", optional=True)
KINDS = ("organisation", "person")


def run_sophistication(
    trade: Path,
    income: Path,
    out: Path,
    *,
    places: Path | None = None,
    prody: Literal["fixed", "yearly"] | None = None,
    weights: Weights = "normalised",
    leave_own_out: bool = False,
    home: str | None = None,
    refuse_missing: bool = False,
    digits: int | None = None,
) -> list[Path]:
    """Write `OUT.prody.csv` and `OUT.expy.csv`: income levels of products and of export baskets.

    Parameters
    ----------
    trade : Path
        exporter, product, value(, year); rows of the same key are added up.
    income : Path
        exporter, income(, year), one row each; an empty income or 0 is unknown.
    out : Path
        Beginning of the names of the two files.
    places : Path, optional
        place, product, value(, year): baskets to value with the world's PRODY instead of the exporters' own.
    prody : {"fixed", "yearly"}, optional
        Default: yearly where `trade` has years.
    leave_own_out : bool
        An exporter's EXPY leaves its own trade out of PRODY, a place's leaves out that of `home`.
    digits : int, optional
        Leading digits of the product codes that make a product.

    Returns
    -------
    list of Path
        `OUT.prody.csv`: product(, year), prody. `OUT.expy.csv`: exporter or place(, year), expy, coverage.

    Raises
    ------
    InputError
        A table that breaks the contract; products without PRODY where `refuse_missing`.
    """
    world = _with_income(_trade(trade, EXPORTER, digits), _income(income), income)
    _require_economies(world, trade, income)
    yearly = "year" in world and prody != "fixed"
    if prody == "yearly" and not yearly:
        raise InputError(f"{trade}: column 'year' is missing; prody yearly needs it")
    exports = world if places is None else _trade(places, PLACE, digits)
    if yearly and "year" not in exports:
        raise InputError(f"{places}: column 'year' is missing while PRODY is yearly; add it or choose prody fixed")
    exports = exports.rename(columns={"exporter": "place"})
    if leave_own_out:
        exports = exports.assign(own=_own(exports, places, home, world))
    known = references(_dated(world), yearly=yearly)
    values = baskets(_dated(exports), known, weights=weights, refuse=refuse_missing)
    values = values[["place", "year", "expy", "coverage"]]
    named = values.rename(columns={"place": "exporter" if places is None else "place"})
    return [
        write_csv(_undated(prody_table(known, weights)), Path(f"{out}.prody.csv")),
        write_csv(_undated(named), Path(f"{out}.expy.csv")),
    ]


def run_cooperation(applicants: Path, out: Path) -> list[Path]:
    """Write `OUT.places.csv`, `OUT.pairs.csv` and `OUT.accounting.csv`: joint patents of organisations.

    Parameters
    ----------
    applicants : Path
        application, year, applicant, place(, kind). An empty place is unknown: such an organisation counts in
        n and its share is in the accounting. `kind` is person or organisation, without it all are
        organisations; rows of one application and applicant count once.
    out : Path
        Beginning of the names of the files.

    Returns
    -------
    list of Path
        `OUT.places.csv`: place, year, joint, joint_fractional, intra, inter, undetermined, partners,
        strength, eigenvector, betweenness, patents. `OUT.pairs.csv`: place_i, place_j (i <= j), year, full,
        fractional. `OUT.accounting.csv`: by year, what has no known place. Defined in `cooperation`.

    Raises
    ------
    InputError
        A table that breaks the contract; an application with two years, an organisation with two places in
        it.
    """
    from citypanel.indicators.cooperation import cooperation  # noqa: PLC0415  (DuckDB: only this command)

    frame = read_columns(applicants, [APPLICATION, REQUIRED_YEAR, APPLICANT, PLACE, KIND])
    if "kind" in frame:
        wrong = np.flatnonzero(~frame["kind"].isin(KINDS))
        if wrong.size:
            found = frame["kind"].iloc[wrong[0]]
            allowed = ", ".join(KINDS)
            raise InputError(f"{applicants}, column 'kind', row {wrong[0] + 2}: found '{found}'; allowed: {allowed}")
    organisation = frame["kind"] == "organisation" if "kind" in frame else pd.Series(True, frame.index)
    found = cooperation(
        frame.assign(organisation=organisation, place=frame["place"].where(frame["place"] != "")),
        str(applicants),
    )
    return [
        write_csv(found.places, Path(f"{out}.places.csv")),
        write_csv(found.pairs, Path(f"{out}.pairs.csv")),
        write_csv(found.accounting, Path(f"{out}.accounting.csv")),
    ]


def run_rca(trade: Path, out: Path, *, digits: int | None = None) -> list[Path]:
    """Write OUT with exporter, product(, year), rca for the rows of `trade`; all other pairs have RCA 0.

    Parameters
    ----------
    trade : Path
        exporter, product, value(, year); rows of the same key are added up.
    out : Path
        The CSV file.
    digits : int, optional
        Leading digits of the product codes that make a product.

    Raises
    ------
    InputError
        A table that breaks the contract.
    """
    frame = _dated(_trade(trade, EXPORTER, digits))
    tables = []
    for year, rows in by_year(frame):
        matrix, exporters, products = trade_matrix(rows, "exporter")
        at, of = exporters.get_indexer(pd.Index(rows["exporter"])), products.get_indexer(pd.Index(rows["product"]))
        values = rca(matrix)[at, of]
        tables.append(rows[["exporter", "product"]].assign(year=year, rca=values))
    table = pd.concat(tables, ignore_index=True).sort_values(["exporter", "product", "year"], ignore_index=True)
    return [write_csv(_undated(table), Path(out))]


def run_complexity(
    trade: Path,
    out: Path,
    *,
    threshold: float = 1.0,
    pci_scale: Literal["eci", "own"] = "eci",
    ddof: int = 0,
    digits: int | None = None,
) -> list[Path]:
    """Write `OUT.eci.csv`, `OUT.pci.csv` and `OUT.fitness.csv`: complexity of economies and products.

    Parameters
    ----------
    trade : Path
        exporter, product, value(, year); each year is computed by itself.
    out : Path
        Beginning of the names of the files.
    threshold : float
        A product is present where RCA >= threshold.
    pci_scale : {"eci", "own"}
        PCI standardised by the moments of ECI or by its own; `complexity` defines both, and the sign.
    ddof : int
        0 or 1, of the standard deviations.

    Returns
    -------
    list of Path
        eci: exporter(, year), eci, diversity. pci: product(, year), pci, ubiquity, complexity (of the fitness
        map). fitness: exporter(, year), fitness, steps, settled.

    Raises
    ------
    InputError
        A table that breaks the contract; economies that fall apart into unconnected groups.
    """
    frame = _dated(_trade(trade, EXPORTER, digits))
    eci, pci, fit = [], [], []
    for year, rows in by_year(frame[frame["value"] > 0]):
        matrix, exporters, products = trade_matrix(rows, "exporter")
        present = presence(rca(matrix), threshold)
        try:
            found = complexity(present, pci_scale, ddof)
        except UnconnectedError as fault:
            raise UnconnectedError(f"{trade}{f', year {year}' if year != FIXED else ''}: {fault}") from None
        other = fitness(present)
        eci.append({"exporter": exporters, "year": year, "eci": found.eci, "diversity": found.diversity})
        columns = {"pci": found.pci, "ubiquity": found.ubiquity, "complexity": other.complexity}
        pci.append({"product": products, "year": year, **columns})
        steps = {"fitness": other.fitness, "steps": other.steps, "settled": other.settled}
        fit.append({"exporter": exporters, "year": year, **steps})
    tables = (("eci", eci, "exporter"), ("pci", pci, "product"), ("fitness", fit, "exporter"))
    return [write_csv(_stacked(parts, key), Path(f"{out}.{name}.csv")) for name, parts, key in tables]


def run_quality(
    flows: Path,
    out: Path,
    *,
    sigma: str = "",
    method: Literal["ksw", "by_product"] = "ksw",
    scope: Literal["product", "product_year"] = "product_year",
    trim: str = "0,1",
    undivided: bool = False,
    min_observations: int = 100,
) -> list[Path]:
    """Write `OUT.flows.parquet`, `OUT.places.csv` and `OUT.attrition.csv`: export quality as a demand residual.

    Parameters
    ----------
    flows : Path
        firm_or_place (or firm, place, or both), product, destination, year, value, quantity. With both, means are
        by place, and `OUT.firms.csv` has those by firm; else by the one there is.
    out : Path
        Beginning of the names of the files.
    sigma : str
        A number above 1, or a file with product_prefix and sigma; `ksw` needs it, `by_product` estimates it.
    method : {"ksw", "by_product"}
        The two estimators of `demand`.
    scope : {"product", "product_year"}
        Within what quality is scaled to [0, 1].
    trim : str
        Two shares, as 0.01,0.99: quality outside them in its scope is dropped before scaling.
    undivided : bool
        Keep the residual instead of residual / (sigma - 1).
    min_observations : int
        Thinner products are dropped (`by_product`).

    Returns
    -------
    list of Path
        flows: the key columns, quality, quality_std, weight (both empty where scaling drops a flow). places:
        place, year, quality, coverage; firms: the same of firms. attrition: reason, rows, value; rows read are rows
        kept and dropped, and several rows may make one flow. With `by_product` also `OUT.sigma.csv`: product, flows,
        sigma, first_stage.

    Raises
    ------
    InputError
        A table that breaks the contract; no sigma where it is needed.
    """
    options = _quality_options(
        method=method, scope=scope, trim=trim, divide=not undivided, min_observations=min_observations
    )
    if method == "ksw" and not sigma:
        raise InputError("--sigma is missing; method ksw needs a number or a file with product_prefix and sigma")
    frame, names = _flows(flows)
    found = flow_quality(frame, options, read_sigma(sigma) if method == "ksw" else None)
    keys = [name for name in KEY if name not in ("exporter", "place")]
    columns = [*names, *keys, "quality", "quality_std", "weight"]
    table = found.flows[columns].rename(columns=names)
    written = [
        write_parquet(table, Path(f"{out}.flows.parquet")),
        write_csv(found.places, Path(f"{out}.places.csv")),
        write_csv(found.attrition, Path(f"{out}.attrition.csv")),
    ]
    if "place" in names:
        firms = found.exporters.rename(columns={"exporter": "firm"})
        written.append(write_csv(firms, Path(f"{out}.firms.csv")))
    if method == "by_product":
        written.append(write_csv(found.elasticities, Path(f"{out}.sigma.csv")))
    return written


def _quality_options(**given: object) -> QualityOptions:
    options = parse_indicator("quality", given, "citypanel indicator quality")
    assert isinstance(options, QualityOptions)  # noqa: S101  (for the type checker)
    return options


def _flows(path: Path) -> tuple[pd.DataFrame, dict[str, str]]:
    """Read flows; also return which output name the unit and the place have."""
    who = [Wanted(name, "name", optional=True) for name in ("firm_or_place", "firm", "place")]
    numbers = [Wanted(name, "number_or_missing") for name in ("value", "quantity")]
    frame = read_columns(path, [*who, PRODUCT, Wanted("destination", "code"), REQUIRED_YEAR, *numbers])
    there = [column.name for column in who if column.name in frame]
    if not there or (len(there) > 1 and "firm_or_place" in there):
        found = ", ".join(there) or "none of them"
        raise InputError(f"{path}: found {found}; allowed: firm_or_place, or firm, place or both")
    names = {"exporter": there[0]} if len(there) == 1 else {"exporter": "firm", "place": "place"}
    for name in there:
        empty = np.flatnonzero(frame[name] == "")
        if empty.size:
            raise InputError(f"{path}, column '{name}', row {empty[0] + 2}: found an empty cell; allowed: a name")
    return frame.assign(exporter=frame[there[0]], place=frame[there[-1]]), names


def _stacked(parts: list[dict[str, object]], key: str) -> pd.DataFrame:
    table = pd.concat([pd.DataFrame(part) for part in parts], ignore_index=True)
    whole = {name: "int64" for name in ("diversity", "ubiquity") if name in table}
    return _undated(table.astype(whole).sort_values([key, "year"], ignore_index=True))


def _trade(path: Path, who: Wanted, digits: int | None) -> pd.DataFrame:
    """Read exports of `who`; the same key in several rows is added up."""
    frame = read_columns(path, [who, PRODUCT, VALUE, YEAR])
    refuse_negative(frame["value"], f"{path}, column 'value'")
    empty = np.flatnonzero(frame[who.name] == "")
    if empty.size:
        raise InputError(f"{path}, column '{who.name}', row {empty[0] + 2}: found an empty cell; allowed: a name")
    if not (frame["value"] > 0).any():
        raise InputError(f"{path}, column 'value': found no value above 0; allowed: at least one")
    if digits is not None:
        frame["product"] = frame["product"].str.slice(0, digits)
    keys = [name for name in (who.name, "product", "year") if name in frame]
    total: pd.DataFrame = frame.groupby(keys, as_index=False)[["value"]].sum()
    return total


def _income(path: Path) -> pd.DataFrame:
    frame = read_columns(path, [EXPORTER, INCOME, YEAR])
    refuse_negative(frame["income"], f"{path}, column 'income'")
    require_unique(frame, [name for name in ("exporter", "year") if name in frame], str(path))
    return frame


def _with_income(trade: pd.DataFrame, income: pd.DataFrame, path: Path) -> pd.DataFrame:
    keys = ["exporter", "year"] if "year" in income else ["exporter"]
    if "year" in income and "year" not in trade:
        raise InputError(f"{path}: column 'year' is there but the trade table has none; give both years or neither")
    return trade.merge(income, on=keys, how="left", validate="many_to_one")


def _require_economies(world: pd.DataFrame, trade: Path, income: Path) -> None:
    if not ((world["income"] > 0) & (world["value"] > 0)).any():
        shown = listed(sorted(set(world["exporter"])))
        raise InputError(f"{income}: no exporter of {trade} has an income; its exporters are {shown}")


def _own(exports: pd.DataFrame, places: Path | None, home: str | None, world: pd.DataFrame) -> pd.Series | str:
    if places is None:
        return exports["place"]
    if home is None or home not in set(world["exporter"]):
        raise InputError(f"leave_own_out with places needs home, an exporter of the trade table; found {home!r}")
    return home


def _dated(frame: pd.DataFrame) -> pd.DataFrame:
    """Give a table without years the one period that stands for all."""
    return frame if "year" in frame else frame.assign(year=FIXED)


def _undated(frame: pd.DataFrame) -> pd.DataFrame:
    """Leave the year out again where there is none."""
    return frame if (frame["year"] != FIXED).any() else frame.drop(columns="year")
