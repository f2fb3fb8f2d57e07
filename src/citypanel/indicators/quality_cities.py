"""Quality of cities and provinces from sums of flows: coverage, steps 21 and 22, years without micro data."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from citypanel.arrays import Codes, Matrix
from citypanel.columns import evaluate
from citypanel.declare.cleaning import Cleaning
from citypanel.declare.expression import parse_expression
from citypanel.declare.indicators import QualityOptions
from citypanel.errors import InputError
from citypanel.indicators.attrition import KEPT, Ledger, Rule
from citypanel.indicators.city_series import wide_yearbook
from citypanel.indicators.cleaning_flows import note_flows
from citypanel.indicators.files import Wanted, read_columns, require_unique
from citypanel.indicators.partitions import OrderedSums, Partitions, Totals, totals_table
from citypanel.registers import Registers

YEARS = 10_000  # keys of sums are place * YEARS + year
PROVINCE = 10_000  # an adcode, whole multiples of this are provinces
BOUNDARIES = ("merged", "split")


def city_years(sums: OrderedSums, covered: Totals, totals: Mapping[tuple[int, int], int]) -> pd.DataFrame:
    """Return what all mapped places read have by year, in US$.

    Parameters
    ----------
    sums : OrderedSums
        Value, and value x quality, of the flows that enter.
    covered, totals
        Value of the flows that enter, and of all records read, in whole millionths: their ratio is 1 where all enter.

    Returns
    -------
    DataFrame
        `adcode`, `year`, `total`, `covered`, `kept`, `weighted`.
    """
    frame = _keyed(totals_table(totals), ["total"])
    for table, names in ((totals_table(covered.micro), ["covered"]), (sums.table(), ["kept", "weighted"])):
        frame = frame.merge(_keyed(table, names), how="left", on=["adcode", "year"])
    frame = frame[frame["adcode"] >= 0].fillna({"covered": 0.0, "kept": 0.0, "weighted": 0.0})
    ordered: pd.DataFrame = frame.sort_values(["adcode", "year"], ignore_index=True)
    return ordered


def _keyed(table: tuple[Codes, Codes, Matrix], names: list[str]) -> pd.DataFrame:
    place, year, values = table
    return pd.DataFrame({"adcode": place, "year": year, **dict(zip(names, values.T, strict=True))})


def provinces_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Return `adcode`, `year`, `quality`, `coverage` of provinces: over all kept flows of their cities."""
    own = frame.assign(adcode=frame["adcode"] // PROVINCE * PROVINCE)
    columns = ["total", "covered", "kept", "weighted"]
    return _means(own.groupby(["adcode", "year"], as_index=False)[columns].sum())


def _means(frame: pd.DataFrame) -> pd.DataFrame:
    with np.errstate(invalid="ignore", divide="ignore"):
        quality = frame["weighted"] / frame["kept"].where(frame["kept"] > 0)
        coverage = frame["covered"] / frame["total"].where(frame["total"] > 0)
    means: pd.DataFrame = frame[["adcode", "year"]].assign(quality=quality, coverage=coverage)
    return means


def drops_cities(options: Cleaning) -> bool:
    """Tell whether steps 21 and 22 may leave cities out."""
    coverage = options.min_coverage > 0 and options.low_coverage == "drop"
    return coverage or _leaves_cities_out(options)


def final_rules(options: Cleaning) -> tuple[Rule, ...]:
    """Return the rules of steps 21 and 22."""
    flagged = "" if options.low_coverage == "drop" else " (flagged, kept)"
    coverage = f"city-year with less than {options.min_coverage:g} of its value covered{flagged}"
    return (
        Rule(2100, "coverage", coverage, options.min_coverage > 0),
        Rule(2200, "panel", "city that was merged or split", options.boundary_changes == "drop"),
        Rule(2201, "panel", "city without a value in every year", options.balanced),
    )


class FinalSteps:
    """Steps 21 and 22: which city-years stay."""

    def __init__(self, options: Cleaning, registers: Registers) -> None:
        self.options, self.registers = options, registers
        self._gone: dict[int, int] = {}

    def judge(self, frame: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
        """Return `adcode`, `year`, `quality`, `coverage`, `low_coverage` of the city-years that stay."""
        cities = _means(frame)
        low = cities["coverage"].fillna(0.0) < self.options.min_coverage
        cities["low_coverage"] = low
        ledger.changed[2100] = int(low.sum())
        rule = np.full(len(cities), KEPT)
        if self.options.low_coverage == "drop":
            rule[low] = 2100
        if self.options.boundary_changes == "drop":
            rule[(rule == KEPT) & cities["adcode"].isin(self._changed_cities())] = 2200
        if self.options.balanced:
            valid = cities["quality"].notna() & (rule == KEPT)
            years = cities["year"].nunique()
            full = valid.groupby(cities["adcode"]).transform("sum") == years
            rule[(rule == KEPT) & ~full] = 2201
        keys = cities["adcode"] * YEARS + cities["year"]
        self._gone = {int(key): int(at) for key, at in zip(keys, rule, strict=True) if at != KEPT}
        stay: pd.DataFrame = cities[rule == KEPT].reset_index(drop=True)
        return stay

    def _changed_cities(self) -> list[int]:
        history = self.registers.city_history()
        rows = history[history["kind"].isin(BOUNDARIES)]
        return sorted({*rows["adcode_old"], *rows["adcode"]})

    def count(self, scaled: Partitions, ledger: Ledger) -> None:
        """Count the flows that waited for these steps."""
        for _, flows in scaled.each():
            keys = flows["place"].astype(np.int64) * YEARS + flows["year"]
            found, at = np.unique(keys, return_inverse=True)
            rule = np.array([self._gone.get(key, KEPT) for key in found.tolist()])[at]
            note_flows(ledger, flows, rule, np.ones(flows.size, dtype=bool))


def imputed(
    cities: pd.DataFrame, provinces: pd.DataFrame, options: QualityOptions, city_year: Path
) -> tuple[pd.DataFrame, list[dict[str, object]]]:
    """Replace quality after `impute_after` by the tertiary share times the province's quality.

    Parameters
    ----------
    cities, provinces : DataFrame
        `adcode`, `year`, `quality`.
    city_year : Path
        Canonical yearbook table with the variables of `impute_share`.

    Returns
    -------
    DataFrame, list
        `cities` with `imputed` (bool) and a row for each city-year that could be imputed; and the account: city-years
        imputed, and those without a share or without a provincial quality, which are missing.

    Notes
    -----
    Transactions end in 2015 or 2016. The product of two shares is no measurement of quality: its level is not
    comparable with the years before, so the flag goes with it to the panel.
    """
    after = options.impute_after
    assert after is not None  # noqa: S101 - for the type checker
    share = _shares(options.impute_share, city_year)
    share = share[share["year"] > after]
    known = _province_quality(options.impute_province) if options.impute_province else provinces
    level = known[["adcode", "year", "quality"]].rename(columns={"adcode": "province", "quality": "level"})
    made = share.assign(province=share["adcode"] // PROVINCE * PROVINCE).merge(
        level, on=["province", "year"], how="left"
    )
    made["quality"] = made["share"] * made["level"]
    stays = made["adcode"].isin(cities["adcode"]) | (not _leaves_cities_out(options.cleaning))
    gone, made = int((~stays).sum()), made[stays]
    lines: list[dict[str, object]] = [
        {"reason": f"city-years after {after} imputed", "rows": int(made["quality"].notna().sum()), "value": None},
        {"reason": "not imputed: no share", "rows": int(made["share"].isna().sum()), "value": None},
        {"reason": "not imputed: no provincial quality", "rows": int(made["level"].isna().sum()), "value": None},
    ]
    if gone:
        lines.append({"reason": "not imputed: the city is not in the panel (step 22)", "rows": gone, "value": None})
    measured = cities[cities["year"] <= after].assign(imputed=False)
    coverage = cities[["adcode", "year", "coverage", "low_coverage"]]
    made = made[["adcode", "year", "quality"]].merge(coverage, on=["adcode", "year"], how="left").assign(imputed=True)
    made["low_coverage"] = made["low_coverage"].astype("boolean").fillna(value=True).astype(bool)
    columns = measured.columns.tolist()
    both = pd.concat([measured, made[columns]], ignore_index=True).sort_values(["adcode", "year"], ignore_index=True)
    return both, lines


def _leaves_cities_out(options: Cleaning) -> bool:
    """Tell whether step 22 leaves whole cities out, which then have no imputed years either."""
    return options.balanced or options.boundary_changes == "drop"


def _shares(formula: str, city_year: Path) -> pd.DataFrame:
    """Evaluate the share on the yearbook table: `adcode`, `year`, `share` (nan where a variable is missing)."""
    wide = wide_yearbook(city_year, {"impute_share": formula})
    share = evaluate(parse_expression(formula), wide)
    wrong = share[(share < 0) | (share > 1)]
    if len(wrong):
        raise InputError(
            f"impute_share '{formula}': found {wrong.iloc[0]:g}; allowed: 0 to 1 (a percentage is divided by 100)"
        )
    return wide[["adcode", "year"]].assign(share=share)


def _province_quality(path: str) -> pd.DataFrame:
    wanted = [Wanted("province", "number"), Wanted("year", "year"), Wanted("quality", "number")]
    table = read_columns(Path(path), wanted)
    require_unique(table, ["province", "year"], path)
    return table.assign(adcode=table["province"].astype("int64"))
