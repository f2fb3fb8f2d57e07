"""A simulated world trade table whose PRODY spans what the cities' baskets must reach at HS2 and at HS6.

Rich economies dominate each chapter through a few frontier products; poorer ones live on primary goods and
make small amounts of the chapter's other products, which are those the cities export. So PRODY is high at HS2
and low at HS6 for the same basket, as the two outcomes of yrd_cooperation ask.
"""

from dataclasses import dataclass

import numpy as np

from citypanel.arrays import Matrix, Vector
from citypanel.sample.tables import Products, rows_of, target_panel

RICH_CENTRE = 12.876  # mean of the panel's `quality`
POOR_CENTRE = 10.061  # mean of the panel's `tcf`
KERNEL = 0.22  # how far, in logs of income, a product's exporters stray from its location
RICH_SIDE_SHARE = 3e-5  # of a rich economy's exports that are ordinary products
POOR_MANUFACTURED_SHARE = 0.04


@dataclass(frozen=True)
class World:
    """World trade: value[t, j, k] in whole US$ and income[t, j], nan where the source has none.

    `income` is GDP per head in yuan of the simulated world, current prices.
    """

    years: tuple[int, ...]
    economies: tuple[str, ...]
    products: Products
    value: "np.typing.NDArray[np.int64]"
    income: Matrix

    def prody(self, year: int, groups: "np.typing.NDArray[np.intp]") -> Vector:
        """Return PRODY of product groups in one year, normalised weights; no trade or no income: left out.

        PRODY_k = sum_j [(x_jk/X_j) / sum_j (x_jk/X_j)] Y_j, Hausmann, Hwang and Rodrik (2007).
        """
        t = self.years.index(year)
        value, income = self.value[t].astype(float), self.income[t]
        kept = np.isfinite(income) & (value.sum(axis=1) > 0)
        grouped = value[kept] @ np.eye(int(groups.max()) + 1)[groups]
        shares = grouped / grouped.sum(axis=1, keepdims=True)
        result: Vector = (shares * income[kept, None]).sum(axis=0) / shares.sum(axis=0)
        return result


def simulated_world(products: Products, seed: int) -> World:
    """Draw the world's trade and incomes for the panel's years."""
    rng = np.random.default_rng([seed, 11])
    rows = rows_of("economies.csv")
    tier = np.array([row["tier"] for row in rows])
    location = np.array([float(row["location"]) for row in rows])
    rich = np.isin(tier, ["advanced", "no_income"])
    years = target_panel().years
    level = _year_levels()
    size = np.exp(rng.normal(25.5, 0.8, len(rows)))
    base = np.stack([_basket(products, r, y, rng) for r, y in zip(tier, location, strict=True)])
    value = np.zeros((len(years), *base.shape), dtype=np.int64)
    income = np.zeros((len(years), len(rows)))
    for t in range(len(years)):
        noise = np.exp(rng.normal(0, 0.03, base.shape))
        shares = base * noise / np.maximum((base * noise).sum(axis=1, keepdims=True), 1e-300)
        value[t] = np.rint(shares * (size * np.exp(0.05 * t))[:, None])
        centre = np.where(rich, RICH_CENTRE, POOR_CENTRE) + location + rng.normal(0, 0.02, len(rows))
        income[t] = np.round(np.exp(centre + level[t]), 2)
    value[:, tier == "no_trade"] = 0
    income[:, tier == "no_income"] = np.nan
    return World(tuple(years), tuple(row["economy"] for row in rows), products, value, income)


def _year_levels() -> Vector:
    """Return the common log growth of incomes: the year means of `quality` around their mean."""
    panel = target_panel()
    means = np.array([panel.of_year(year, "quality").mean() for year in panel.years])
    levels: Vector = means - means.mean()
    return levels


def _basket(products: Products, tier: str, income: float, rng: np.random.Generator) -> Vector:
    """Return an economy's weights over products: near its income, by tier; zero where it exports nothing."""
    near = np.exp(-((income - products.location) ** 2) / (2 * KERNEL**2))
    draw = near * np.exp(rng.normal(0, 0.4, len(near)))
    frontier, ordinary, primary = (products.is_role(r) for r in ("frontier", "ordinary", "primary"))
    if tier in ("advanced", "no_income"):
        return _mixed((draw, frontier, 1 - RICH_SIDE_SHARE), (draw, ordinary, RICH_SIDE_SHARE))
    goods = np.exp(rng.normal(0, 1.0, len(near)))
    share = POOR_MANUFACTURED_SHARE if tier == "emerging" else POOR_MANUFACTURED_SHARE / 8
    return _mixed((draw, ordinary, share), (goods, primary, 1 - share))


def _mixed(*parts: tuple[Vector, "np.typing.NDArray[np.bool_]", float]) -> Vector:
    total = np.zeros(len(parts[0][0]))
    for weights, role, share in parts:
        chosen = np.where(role & (weights > 1e-5), weights, 0.0)
        total += share * chosen / max(float(chosen.sum()), 1e-300)
    return total
