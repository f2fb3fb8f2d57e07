"""The world of ip_model_city: trade whose fixed PRODY spans what city baskets must reach."""

import numpy as np

from citypanel.arrays import Matrix, Vector
from citypanel.sample.tables import Products, products, rows_of
from citypanel.sample.world import World

LOWEST, HIGHEST = 7.2, 11.2  # ln GDP per head (US$) of the poorest and the richest economy
NEAR = 0.45  # how far in logs of income a product's exporters stray from its own place


def ip_world(years: tuple[int, ...], seed: int, per_chapter: int = 0) -> World:
    """Draw incomes and exports of each year; of each chapter all products, or a few."""
    rng = np.random.default_rng([seed, 52])
    rows = rows_of("economies.csv")
    goods = products((), per_chapter)
    level = np.linspace(LOWEST, HIGHEST, len(rows))[rng.permutation(len(rows))]
    place = np.linspace(LOWEST + 0.3, HIGHEST - 0.3, len(goods.hs6))[rng.permutation(len(goods.hs6))]
    near = np.exp(-((level[:, None] - place[None, :]) ** 2) / (2 * NEAR**2))
    base = near * np.exp(rng.normal(0, 0.5, near.shape))
    size = np.exp(rng.normal(25.0, 0.8, len(rows)))
    value = np.zeros((len(years), *base.shape), dtype=np.int64)
    income = np.zeros((len(years), len(rows)))
    for t in range(len(years)):
        shares = np.where(base > 1e-4, base, 0.0) * np.exp(rng.normal(0, 0.03, base.shape))
        value[t] = np.rint(shares / shares.sum(axis=1, keepdims=True) * (size * 1.04**t)[:, None])
        income[t] = np.round(np.exp(level + 0.02 * t + rng.normal(0, 0.01, len(rows))), 2)
    tier = np.array([row["tier"] for row in rows])
    value[:, tier == "no_trade"] = 0
    income[:, tier == "no_income"] = np.nan
    return World(years, tuple(row["economy"] for row in rows), goods, value, income)


def fixed_prody(world: World) -> Vector:
    """Return PRODY from exports summed and incomes averaged over the years; products without trade have nan."""
    kept = np.isfinite(world.income).all(axis=0) & (world.value.sum(axis=(0, 2)) > 0)
    total: Matrix = world.value[:, kept].sum(axis=0).astype(float)
    shares = total / total.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        result: Vector = (shares * world.income[:, kept].mean(axis=0)[:, None]).sum(axis=0) / shares.sum(axis=0)
    return result


def ordinary(goods: Products) -> "np.typing.NDArray[np.intp]":
    """Return the products that cities export: those not counted in ships."""
    return np.array([k for k, unit in enumerate(goods.unit) if unit not in {"艘", "辆"}], dtype=np.intp)
