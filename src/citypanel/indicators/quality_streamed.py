"""Export quality of cities from canonical exports of any size: cleaned, estimated, scaled and averaged on disk.

One partition (a year and some chapters) is in memory at a time; the peak does not grow with the rows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from citypanel.arrays import Codes, Vector
from citypanel.canonical import read_table
from citypanel.declare.indicators import QualityOptions
from citypanel.indicators.attrition import KEPT, Rule
from citypanel.indicators.cleaned import Cleaned, CleanFlows, joined
from citypanel.indicators.cleaning import clean_chapters
from citypanel.indicators.cleaning_flows import note_flows
from citypanel.indicators.demand import inside_shares, standardised
from citypanel.indicators.demand_streamed import ByProduct, Estimator, Pooled, require_flows, runs
from citypanel.indicators.partitions import FirmSums, Key, OrderedSums, Partitions, Rows, Totals
from citypanel.indicators.quality_cities import (
    FinalSteps,
    city_years,
    drops_cities,
    final_rules,
    provinces_of,
)
from citypanel.progress import progress
from citypanel.registers import Registers

SCORED = np.dtype(
    [
        ("product", "i4"), ("firm", "i4"), ("place", "i4"), ("destination", "i2"), ("year", "i2"), ("rows", "i4"),
        ("value", "f8"), ("residual", "f8"),
    ]
)  # fmt: skip
BLOCK = 1_000_000  # flows that are scaled at once where a scope spans years


@dataclass(frozen=True)
class Aggregates:
    """Quality of cities, provinces and firms by year, the account of all rows, and the elasticities used.

    `cities`: adcode, year, quality, coverage, low_coverage. `provinces`: the same over the flows of their cities.
    `firms`: firm, year, quality, value (US$ kept); only where asked for. Weights are value shares that sum to one
    over the flows kept of a city (province, firm) and year.

    The names of firms are categories.
    """

    cities: pd.DataFrame
    provinces: pd.DataFrame
    firms: pd.DataFrame
    attrition: pd.DataFrame
    elasticities: pd.DataFrame


def quality_of_exports(
    exports: Path,
    options: QualityOptions,
    sigma: pd.Series | float | None,
    *,
    intake: Path | None = None,
    firms: bool = False,
    registers: Registers | None = None,
) -> Aggregates:
    """Clean canonical exports, estimate the quality of flows and aggregate it.

    Parameters
    ----------
    exports : Path
        Canonical `exports`.
    options : QualityOptions
    sigma : Series or float, optional
        Elasticity for all products, or by product prefix (`ksw`).
    intake : Path, optional
        Attrition of the intake, which opens the table.
    firms : bool
        Also aggregate by firm.

    Raises
    ------
    EstimationError
        No flow is left to estimate on.
    """
    registers = registers or Registers()
    with TemporaryDirectory(prefix="citypanel_") as room:
        files = Cleaned(Path(room) / "flows.arrow", Path(room) / "account.arrow")
        place, level = options.place, options.level
        clean_chapters(exports, files, options.cleaning, place=place, level=level, registers=registers)
        return quality_of_flows([files], options, sigma, intake=intake, firms=firms, registers=registers)


def quality_of_flows(
    groups: Sequence[Cleaned],
    options: QualityOptions,
    sigma: pd.Series | float | None,
    *,
    intake: Path | None = None,
    firms: bool = False,
    registers: Registers | None = None,
) -> Aggregates:
    """Estimate and aggregate the quality of flows that were cleaned, in one group of chapters or several.

    Parameters
    ----------
    groups : sequence of Cleaned
        As `clean_chapters` leaves them, with the cleaning, place and level of the options.

    Notes
    -----
    However the chapters were shared out, the result is the same to the last digit: sums go chapter by chapter.
    """
    registers = registers or Registers()
    first = read_table(intake, "attrition") if intake is not None else None
    with TemporaryDirectory(prefix="citypanel_") as room:
        clean = joined(groups, Path(room))
        streamed = _Streamed(clean, options, sigma, firms=firms)
        sums = streamed.run()
        final = FinalSteps(options.cleaning, registers)
        everything = city_years(sums, streamed.covered, clean.account.totals)
        cities = final.judge(everything, clean.ledger)
        final.count(streamed.scaled, clean.ledger)
        rules = (*clean.account.rules, *later_rules(options), *final_rules(options.cleaning))
        return Aggregates(
            cities=cities,
            provinces=provinces_of(everything),
            firms=streamed.firm_table(),
            attrition=clean.counted().table(rules, first, options.place),
            elasticities=streamed.elasticities(),
        )


def later_rules(options: QualityOptions) -> tuple[Rule, ...]:
    """Return the rules of steps 17 to 19, each with its reason and whether it applies."""
    given = options.method == "ksw"
    low, high = options.trim
    scope = "product" if options.scope == "product" else "product and year"
    return (
        Rule(1700, "sigma", "no sigma for the product", given),
        Rule(1701, "sigma", "sigma not above 1", given),
        Rule(1800, "price_instrument", "no price in another destination", not given),
        Rule(1801, "price_instrument", f"product with fewer than {options.min_observations} flows", not given),
        Rule(1802, "price_instrument", "sigma of the product not identified", not given),
        Rule(1803, "price_instrument", "estimated sigma not above 1", not given),
        Rule(1900, "standardisation", f"quality outside {low:g} to {high:g} of its {scope}", (low, high) != (0, 1)),
        Rule(1901, "standardisation", f"no two distinct values in its {scope}"),
        Rule(2000, "city_mapped", "place without a prefecture in registers/customs_areas.csv"),
    )


class _Streamed:
    """Steps 17 to 20 over all partitions; what passes waits on disk for steps 21 and 22."""

    def __init__(
        self, clean: CleanFlows, options: QualityOptions, sigma: pd.Series | float | None, *, firms: bool
    ) -> None:
        self.clean, self.options = clean, options
        self.chapters, self.products = clean.chapters, clean.texts["product"]
        self.firm_sums = FirmSums(clean.parts.folder / "firms") if firms else None
        self.city_sums, self.covered = OrderedSums(), Totals()
        self.scaled = Partitions(clean.parts.folder / "scaled", SCORED)
        self.scored = Partitions(clean.parts.folder / "scored", SCORED)
        self.waits = drops_cities(options.cleaning)
        self.estimator = self._estimator(sigma)

    def _estimator(self, sigma: pd.Series | float | None) -> Estimator:
        parts = self.clean.parts
        if self.options.method == "by_product":
            return ByProduct(parts, len(self.products), self.options.min_observations)
        return Pooled(parts, sigma_by_product(self.products, sigma), self.chapters)

    def run(self) -> OrderedSums:
        """Return value and value x quality by place and year."""
        count = 0
        held = list(self.clean.parts.held())
        for key in progress(held, len(held), "parts of flows"):
            flows = self._scored(key, self.clean.parts.read(key))
            count += flows.size
            self.clean.parts.drop(key)
            if self.options.scope == "product":
                self.scored.append(key, flows)
            else:
                self._scale(flows)
        if not count:
            require_flows(count, self.clean.counted().rows.total(), self._last_reason())
        for block in self._blocks():
            self._scale(block)
        return self.city_sums

    def _last_reason(self) -> str:
        rules = {rule.number: rule.reason for rule in (*self.clean.account.rules, *later_rules(self.options))}
        left = [number for number, rows in sorted(self.clean.counted().rows.items()) if number in rules and rows]
        return rules[left[-1]] if left else ""

    def _scored(self, key: Key, flows: Rows) -> Rows:
        rule, residual = self.estimator.judge(key, flows)
        note_flows(self.clean.ledger, flows, rule, rule != KEPT)
        kept = flows[rule == KEPT]
        scored = np.empty(kept.size, dtype=SCORED)
        for name in SCORED.names or ():
            if name != "residual":
                scored[name] = kept[name]
        # Quality is the residual over sigma - 1 of its product: trimming and scaling within a product are the same.
        scored["residual"] = residual
        return scored

    def _blocks(self) -> Iterator[Rows]:
        """Yield all years of some products of a chapter, about `BLOCK` flows at a time."""
        for bucket in sorted({bucket for _, bucket in self.scored.held()}):
            keys = [key for key in self.scored.held() if key[1] == bucket]
            parts = [self.scored.mapped(key) for key in keys]
            columns = [np.array(part["product"]) for part in parts]
            counts = np.bincount(np.concatenate(columns), minlength=len(self.products))
            for first, last in _edges(counts, self.chapters):
                slices = [
                    np.array(part[np.searchsorted(column, first) : np.searchsorted(column, last)])
                    for part, column in zip(parts, columns, strict=True)
                ]
                yield np.concatenate(slices)

    def _scale(self, flows: Rows) -> None:
        """Judge steps 19 and 20 of flows that hold whole cells of the scope, and add up what passes."""
        if not flows.size:
            return
        if (np.diff(flows["product"]) < 0).any():
            flows = flows[np.argsort(flows["product"], kind="stable")]
        rule, scaled = scale(flows["residual"], _cells(flows), self.options.trim, self.estimator.noise)
        rule = np.where((rule == KEPT) & (flows["place"] < 0), 2000, rule)
        note_flows(self.clean.ledger, flows, rule, rule != KEPT)
        self._add(flows[rule == KEPT], scaled[rule == KEPT])

    def _add(self, flows: Rows, scaled: Vector) -> None:
        values = np.column_stack([flows["value"], flows["value"] * scaled])
        chapters = self.chapters[flows["product"]]
        self.city_sums.add(flows["place"], flows["year"], chapters, values)
        self.covered.add(flows["place"], flows["year"], flows["value"])
        if self.firm_sums is not None:
            self.firm_sums.add(flows["firm"], flows["year"], chapters, values)
        if self.waits:
            self.scaled.append((len(self.scaled.rows), 0), flows)
        else:
            note_flows(self.clean.ledger, flows, np.full(flows.size, KEPT), np.ones(flows.size, dtype=bool))

    def firm_table(self) -> pd.DataFrame:
        """Return firm, year, quality and the value kept."""
        if self.firm_sums is None:
            return pd.DataFrame(columns=["firm", "year", "quality", "value"])
        firm, year, sums = self.firm_sums.table()
        names = pd.Categorical.from_codes(firm, pd.Index(self.clean.texts["firm"])).remove_unused_categories()
        return pd.DataFrame(
            {"firm": names, "year": year.astype(np.int16), "quality": sums[:, 1] / sums[:, 0], "value": sums[:, 0]}
        )

    def elasticities(self) -> pd.DataFrame:
        """Return the elasticity of every product that has one."""
        found = {"product": self.products, "sigma": self.estimator.sigma}
        if isinstance(self.estimator, ByProduct):
            found |= {"flows": self.estimator.flows, "first_stage": self.estimator.first_stage}
        return pd.DataFrame(found).dropna(subset="sigma").sort_values("product", ignore_index=True)


def sigma_by_product(products: list[str], sigma: pd.Series | float | None) -> Vector:
    """Return the elasticity of each product: one number for all, or that of its longest known prefix."""
    if isinstance(sigma, float):
        return np.full(len(products), sigma)
    known = {str(prefix): float(value) for prefix, value in sigma.items()} if sigma is not None else {}
    longest = sorted({len(prefix) for prefix in known}, reverse=True)
    return np.array([next((known[p[:n]] for n in longest if p[:n] in known), np.nan) for p in products], dtype=float)


def scale(quality: Vector, cell: Codes, trim: tuple[float, float], noise: float) -> tuple[Codes, Vector]:
    """Trim and scale quality within cells; return the rule of step 19 at which each flow leaves, and the scale."""
    rule = np.full(quality.size, KEPT)
    if trim != (0.0, 1.0):
        rule[~inside_shares(quality, cell, *trim)] = 1900
    kept = rule == KEPT
    scaled = np.full(quality.size, np.nan)
    if kept.any():
        scaled[kept] = standardised(quality[kept], cell[kept], noise)
    rule[kept & np.isnan(scaled)] = 1901
    return rule, scaled


def _edges(counts: Codes, chapters: Codes) -> Iterator[tuple[int, int]]:
    """Yield first and last product (exclusive) of blocks of about `BLOCK` flows, none of which leaves its chapter."""
    for chapter in np.unique(chapters[counts > 0]).tolist():
        own = np.flatnonzero(chapters == chapter)
        start, stop = int(own[0]), int(own[-1]) + 1
        groups = np.cumsum(counts[start:stop]) // BLOCK
        edges = [start, *(start + 1 + np.flatnonzero(np.diff(groups))).tolist(), stop]
        yield from pairwise(edges)


def _cells(flows: Rows) -> Codes:
    changes = np.zeros(flows.size, dtype=np.intp)
    changes[runs(flows["product"])[1:]] = 1
    return np.cumsum(changes)
