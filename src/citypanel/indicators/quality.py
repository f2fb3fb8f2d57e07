"""Export quality from tables of flows: estimation, scaling, aggregation, and an account of every row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from citypanel.arrays import Codes, Mask, Vector
from citypanel.declare.indicators import QualityOptions
from citypanel.errors import EstimationError, InputError
from citypanel.indicators.cleaned import Cleaned
from citypanel.indicators.demand import (
    by_product_2sls,
    demand_residual,
    inside_shares,
    price_elsewhere,
    standardised,
)
from citypanel.indicators.demand_streamed import NOISE
from citypanel.indicators.files import Wanted, read_columns, require_unique
from citypanel.indicators.files import records as plain_records
from citypanel.indicators.quality_cities import imputed
from citypanel.indicators.quality_streamed import quality_of_exports, quality_of_flows, sigma_by_product

KEY = ["exporter", "place", "product", "destination", "year"]


@dataclass(frozen=True)
class Quality:
    """Flows with their quality, means of places and of exporters, and why rows left.

    `flows` holds every flow with an estimated quality; `quality_std` and `weight` are nan for those that drop out
    at the scaling. `elasticities` is empty where sigma was given.
    """

    flows: pd.DataFrame
    places: pd.DataFrame
    exporters: pd.DataFrame
    attrition: pd.DataFrame
    elasticities: pd.DataFrame


@dataclass
class _Account:
    """Rows and values that left, by reason, in the order of steps."""

    lines: list[dict[str, object]] = field(default_factory=list)

    def keep(self, frame: pd.DataFrame, kept: Mask, reason: str) -> pd.DataFrame:
        """Return the rows kept and write down the others."""
        self.tell(frame[~kept], reason)
        return frame[kept].reset_index(drop=True)

    def tell(self, frame: pd.DataFrame, reason: str) -> None:
        """Write down rows under a reason."""
        value = frame["value"].to_numpy()
        self.lines.append({"reason": reason, "rows": int(frame["rows"].sum()), "value": value[value > 0].sum()})


def flow_quality(flows: pd.DataFrame, options: QualityOptions, sigma: pd.Series | float | None) -> Quality:
    """Estimate quality from flows.

    Parameters
    ----------
    flows : DataFrame
        `exporter` (firm or place), `place`, `product` (text), `destination`, `year`, `value`, `quantity` (both
        may be missing). Rows of one exporter, place, product, destination and year are added up. With `rows`,
        each stands for that many raw rows.
    options : QualityOptions
        `method`, `divide`, `trim`, `scope`, `min_observations` are read.
    sigma : Series or float, optional
        Elasticity for all products, or by product prefix (the longest that fits counts); not read by
        `by_product`.

    Returns
    -------
    Quality
        Weights are value shares within place and year and sum to one over the flows that enter. Coverage is
        their value over the value of all rows read of that place and year. The same of exporters.

    Raises
    ------
    EstimationError
        No flow is left to estimate on; the message says which step took the last.
    """
    account = _Account()
    counted = flows if "rows" in flows else flows.assign(rows=1)
    account.tell(counted, "read")
    used, scaled, elasticities = _measured(_added_up(_priced(counted, account)), options, sigma, account)
    places, exporters = (_means(scaled, flows, who) for who in ("place", "exporter"))
    return Quality(used, places, exporters, pd.DataFrame(account.lines), elasticities)


def _measured(
    used: pd.DataFrame, options: QualityOptions, sigma: pd.Series | float | None, account: _Account
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Estimate and scale flows that are unique in `KEY` and have a price; return all, those scaled, elasticities."""
    used["log_price"] = np.log(used["value"] / used["quantity"])
    used["log_quantity"] = np.log(used["quantity"])
    if options.method == "ksw":
        used, elasticities = _pooled(used, sigma, account)
    else:
        used, elasticities = _by_product(used, options.min_observations, account)
    if options.divide:
        used["quality"] = used["residual"] / (used["sigma"] - 1.0)
    else:
        used["quality"] = used["residual"]
    used["flow"] = np.arange(len(used))
    scaled = _scaled(used, options, account)
    account.tell(scaled, "kept")
    scaled["weight"] = scaled["value"] / scaled.groupby(["place", "year"])["value"].transform("sum")
    result = used[[*KEY, "quality"]].copy()
    for column in ("quality_std", "weight"):
        result[column] = scaled.set_index("flow")[column].reindex(used["flow"]).to_numpy()
    return result, scaled, elasticities


def _priced(flows: pd.DataFrame, account: _Account) -> pd.DataFrame:
    """Drop rows without a price, before any are added up: a value without quantity must not enter."""
    value, quantity = flows["value"].to_numpy(), flows["quantity"].to_numpy()
    kept = account.keep(flows, ~(np.isnan(value) | np.isnan(quantity)), "value or quantity missing")
    positive = (kept["value"].to_numpy() > 0) & (kept["quantity"].to_numpy() > 0)
    return account.keep(kept, positive, "value or quantity not positive")


def _added_up(flows: pd.DataFrame) -> pd.DataFrame:
    total: pd.DataFrame = flows.groupby(KEY, as_index=False)[["value", "quantity", "rows"]].sum()
    return total


def _pooled(
    used: pd.DataFrame, sigma: pd.Series | float | None, account: _Account
) -> tuple[pd.DataFrame, pd.DataFrame]:
    if sigma is None:
        raise InputError("method ksw needs sigma: a number, or a table with product_prefix and sigma")
    at, products = pd.factorize(used["product"])
    used["sigma"] = sigma_by_product([str(product) for product in products], sigma)[at]
    used = account.keep(used, used["sigma"].notna().to_numpy(), "no sigma for the product")
    used = account.keep(used, (used["sigma"] > 1).to_numpy(), "sigma not above 1")
    _require_rows(used, account)
    product, cell = _codes(used, ["product"]), _codes(used, ["destination", "year"])
    quantity, price = _floats(used, "log_quantity"), _floats(used, "log_price")
    used["residual"] = demand_residual(quantity, price, _floats(used, "sigma"), product, cell)
    return used, pd.DataFrame(columns=["product", "flows", "sigma", "first_stage"])


def _by_product(used: pd.DataFrame, least: int, account: _Account) -> tuple[pd.DataFrame, pd.DataFrame]:
    if len(used):
        group, destination = _codes(used, ["exporter", "place", "product", "year"]), _codes(used, ["destination"])
        used["instrument"] = price_elsewhere(used["log_price"].to_numpy(), group, destination)
    else:
        used["instrument"] = used["log_price"]
    used = account.keep(used, used["instrument"].notna().to_numpy(), "no price in another destination")
    counts = used.groupby("product")["value"].transform("size").to_numpy()
    used = account.keep(used, counts >= least, f"product with fewer than {least} flows")
    _require_rows(used, account)
    product, names = pd.factorize(used["product"], sort=True)
    cell = _codes(used, ["product", "destination", "year"])
    quantity, price = _floats(used, "log_quantity"), _floats(used, "log_price")
    found = by_product_2sls(quantity, price, _floats(used, "instrument"), product, cell)
    used["sigma"], used["residual"] = found.sigma[product], found.residual
    table = {"product": names, "flows": found.flows, "sigma": found.sigma, "first_stage": found.first_stage}
    used = account.keep(used, used["sigma"].notna().to_numpy(), "sigma of the product not identified")
    used = account.keep(used, (used["sigma"] > 1).to_numpy(), "sigma not above 1")
    return used, pd.DataFrame(table)


def _scaled(used: pd.DataFrame, options: QualityOptions, account: _Account) -> pd.DataFrame:
    scope = ["product"] if options.scope == "product" else ["product", "year"]
    low, high = options.trim
    kept = np.ones(len(used), dtype=bool)
    if (low, high) != (0.0, 1.0) and len(used):
        kept = inside_shares(used["quality"].to_numpy(), _codes(used, scope), low, high)
    scaled = account.keep(used, kept, f"quality outside shares {low:g} to {high:g} of its {' and '.join(scope)}")
    noise = NOISE * float(used["log_quantity"].std(ddof=0))
    scaled["quality_std"] = standardised(scaled["quality"].to_numpy(), _codes(scaled, scope), noise)
    reason = f"no two distinct values in its {' and '.join(scope)}"
    return account.keep(scaled, scaled["quality_std"].notna().to_numpy(), reason)


def _means(scaled: pd.DataFrame, flows: pd.DataFrame, who: str) -> pd.DataFrame:
    """Mean quality and coverage of every place (or exporter) and year that was read; nan where no flow enters."""
    totals = flows["value"].clip(lower=0).groupby([flows[who], flows["year"]]).sum()
    kept = scaled.groupby([who, "year"])["value"]
    share = scaled["value"] / kept.transform("sum")
    means = (share * scaled["quality_std"]).groupby([scaled[who], scaled["year"]]).sum()
    table = pd.DataFrame({"quality": means.reindex(totals.index), "kept": kept.sum().reindex(totals.index)})
    table["coverage"] = table["kept"].fillna(0.0) / totals.where(totals > 0)
    return table.reset_index()[[who, "year", "quality", "coverage"]]


def city_quality(
    records: Path | Sequence[Cleaned],
    options: QualityOptions,
    *,
    attrition: Path | None = None,
    city_year: Path | None = None,
    beside: bool = False,
) -> pd.DataFrame:
    """Export quality of cities: value-weighted mean of the scaled quality of their firms' cleaned flows.

    Parameters
    ----------
    records : Path or sequence of Cleaned
        Canonical `exports` (Parquet), or what `clean_chapters` has left of them, with the cleaning of the options.
    options : QualityOptions
        Estimator, elasticities, product level, place, scaling, cleaning, imputation.
    attrition : Path, optional
        Attrition of the intake, which then opens the table of the 22 steps.
    city_year : Path, optional
        Canonical `city_year`, needed where the options impute.
    beside : bool
        Also return what else there is, in `attrs["beside"]`: the tables `provinces` (adcode, year, quality,
        coverage), `firms` (firm, year, quality, value kept) and `sigma` (product, sigma, and by_product also flows and
        first stage).

    Returns
    -------
    DataFrame
        `adcode`, `year`, `quality` (0 to 1), `coverage` (share of the city's exports that enters), `low_coverage`,
        and `imputed` where the options impute. `attrs["accounting"]` counts rows and US$: read, each reason for
        leaving, kept; `attrs["attrition"]` is the table of all steps, as rows.

    Raises
    ------
    EstimationError
        No flow is left to estimate on.
    InputError
        A file that is absent or broken.
    """
    sigma = read_sigma(options.sigma) if options.method == "ksw" else None
    if isinstance(records, Path):
        found = quality_of_exports(records, options, sigma, intake=attrition, firms=beside)
    else:
        found = quality_of_flows(records, options, sigma, intake=attrition, firms=beside)
    table, lines = found.cities, _accounting(found.attrition)
    if options.impute_after is not None:
        if city_year is None:
            raise InputError("impute_after needs the table city_year, from which impute_share is computed")
        table, more = imputed(table, found.provinces, options, city_year)
        lines += more
    table = table.astype({"adcode": "int32", "year": "int16"})
    table.attrs["accounting"] = plain_records(lines)
    table.attrs["attrition"] = plain_records(
        found.attrition.astype(object).where(found.attrition.notna(), None).to_dict("records")
    )
    if beside:
        table.attrs["beside"] = {"provinces": found.provinces, "firms": found.firms, "sigma": found.elasticities}
    return table


def _accounting(attrition: pd.DataFrame) -> list[dict[str, object]]:
    """Return what was read, what left for which reason, and what was kept."""
    own = attrition[attrition["table"] == "cleaning"]
    first, last = own.iloc[0], own.iloc[-1]
    lines: list[dict[str, object]] = [
        {"reason": "read", "rows": first["rows_before"], "value": first["value_usd_before"]}
    ]
    rows, value = (own[f"{unit}_before"] - own[f"{unit}_after"] for unit in ("rows", "value_usd"))
    left = pd.DataFrame({"reason": own["reason"], "rows": rows.astype("int64"), "value": value})
    lines += plain_records(left[left["rows"] > 0].to_dict("records"))
    return [*lines, {"reason": "kept", "rows": last["rows_after"], "value": last["value_usd_after"]}]


def of_cities(tables: Mapping[str, Path], options: QualityOptions) -> pd.DataFrame:
    """Compute the indicator from files by name: `exports`, or flows and accounts of the groups that were cleaned.

    `attrition` is that of the intake, if it is given.
    """
    groups = [name.removesuffix(".flows") for name in sorted(tables) if name.endswith(".flows")]
    cleaned = [Cleaned(tables[f"{group}.flows"], tables[f"{group}.account"]) for group in groups]
    records = cleaned or tables["exports"]
    attrition, city_year = tables.get("attrition"), tables.get("city_year")
    return city_quality(records, options, attrition=attrition, city_year=city_year, beside=True)


def _codes(frame: pd.DataFrame, columns: list[str]) -> Codes:
    """Return one code from 0 for each combination of the columns, in their order."""
    codes = np.zeros(len(frame), dtype=np.int64)
    for column in columns:
        own, names = pd.factorize(frame[column], sort=True)
        # Renumbered after each column, so that the product of level counts never overflows.
        codes = _renumbered(codes * max(len(names), 1) + own)
    return codes.astype(np.intp)


def _renumbered(codes: Codes) -> Codes:
    """Return numbers from 0 for the codes that occur, in their order; without sorting where their range allows it."""
    if codes.size == 0 or codes.max() > 4 * codes.size + 1_000_000:
        return np.unique(codes, return_inverse=True)[1]
    occurs = np.zeros(int(codes.max()) + 1, dtype=np.intp)
    occurs[codes] = 1
    return (np.cumsum(occurs) - 1)[codes]


def _floats(frame: pd.DataFrame, column: str) -> Vector:
    return frame[column].to_numpy(dtype=np.float64)


def _require_rows(used: pd.DataFrame, account: _Account) -> None:
    if used.empty:
        taken = [line for line in account.lines if line["reason"] != "read" and line["rows"]]
        reason = f"; the last left at the step '{taken[-1]['reason']}'" if taken else ""
        raise EstimationError(f"quality: no flow is left of {account.lines[0]['rows']} rows read{reason}")


def read_sigma(given: str) -> pd.Series | float:
    """Return elasticities from a number, or from a file with `product_prefix` and `sigma`.

    Raises
    ------
    InputError
        Neither a number above 1 nor such a file.
    """
    try:
        number = float(given)
    except ValueError:
        table = read_columns(Path(given), [Wanted("product_prefix", "code"), Wanted("sigma", "number")])
        require_unique(table, ["product_prefix"], given)
        return table.set_index("product_prefix")["sigma"]
    if not (np.isfinite(number) and number > 1):
        raise InputError(f"sigma is {given}; allowed: a number above 1, or a file with product_prefix and sigma")
    return number
