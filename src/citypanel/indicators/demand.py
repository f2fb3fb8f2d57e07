"""Export quality as the part of demand that the price does not explain: pure functions on arrays.

Two estimators, which are not the same thing: the residual with given elasticities, pooled over products
(Khandelwal, Schott and Wei 2013, American Economic Review 103(6)), and the residual of a two-stage least squares
regression for each product (Shi Bingzhan 2013). Tables are in `quality`.
"""

from dataclasses import dataclass

import numpy as np

from citypanel.arrays import Codes, Mask, Vector
from citypanel.within import within_projection


def demand_residual(
    log_quantity: Vector, log_price: Vector, sigma: Vector, product: Codes, destination_year: Codes
) -> Vector:
    """Residual of ln q + sigma ln p on product and destination-year effects, pooled over products.

    Parameters
    ----------
    log_quantity, log_price, sigma : array, shape (flows,)
        Quantity, unit value and the elasticity of substitution of each flow's product.
    product, destination_year : array of int, shape (flows,)
        Codes from 0.

    Returns
    -------
    array, shape (flows,)
        The residual, not yet divided by sigma - 1. A flow that is alone in its product or destination-year has 0.

    Notes
    -----
    ln q_fhct + sigma_h ln p_fhct = a_h + a_ct + e_fhct. Products are linked through their destinations, so the
    regression cannot be split by product or by year without changing the residuals.
    """
    return within_projection(log_quantity + sigma * log_price, [product, destination_year])


def price_elsewhere(log_price: Vector, firm_product_year: Codes, destination: Codes) -> Vector:
    """Mean log price of the same firm and product in the same year in all other destinations.

    Returns
    -------
    array, shape (flows,)
        nan where the firm ships the product to one destination only.

    Notes
    -----
    The instrument of Shi Bingzhan (2013): costs move both prices, demand in one destination only one of them.
    `destination` is unique within `firm_product_year`, as in collapsed flows.
    """
    if len(np.unique(firm_product_year * (int(destination.max(initial=0)) + 1) + destination)) < len(log_price):
        raise ValueError("flows must be collapsed to firm, product, year and destination")
    count = np.bincount(firm_product_year)
    total = np.bincount(firm_product_year, log_price)
    others = count[firm_product_year] - 1
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(others > 0, (total[firm_product_year] - log_price) / others, np.nan)


@dataclass(frozen=True)
class Elasticities:
    """Two-stage least squares of each product: sigma, its first-stage coefficient, flows, and residuals of flows.

    `sigma` is nan where price or instrument do not vary within destination-years.
    """

    sigma: Vector
    first_stage: Vector
    flows: Codes
    residual: Vector


def by_product_2sls(
    log_quantity: Vector, log_price: Vector, instrument: Vector, product: Codes, cell: Codes
) -> Elasticities:
    """Estimate ln q = chi_ct - sigma_h ln p + e by two-stage least squares for every product at once.

    Parameters
    ----------
    log_quantity, log_price, instrument : array, shape (flows,)
        Finite.
    product : array of int, shape (flows,)
        Codes from 0.
    cell : array of int, shape (flows,)
        Codes of product x destination x year, the effects chi_ct of each product's own regression.

    Notes
    -----
    One instrument for one price: sigma_h = - z'My / z'Mp with M the projection off the product's
    destination-years, exactly what two-stage least squares with dummies gives. e = M (ln q + sigma ln p).
    """
    columns = np.column_stack([log_quantity, log_price, instrument])
    q, p, z = within_projection(columns, [cell]).T
    products = int(product.max(initial=-1)) + 1
    zp, zq, zz = (np.bincount(product, z * column, minlength=products) for column in (p, q, z))
    pp = np.bincount(product, p * p, minlength=products)
    varies = zp**2 > 1e-24 * zz * pp
    with np.errstate(invalid="ignore", divide="ignore"):
        sigma = np.where(varies, -zq / zp, np.nan)
        first = np.where(varies, zp / zz, np.nan)
    counts = np.bincount(product, minlength=products)
    return Elasticities(sigma, first, counts, q + sigma[product] * p)


def inside_shares(quality: Vector, cell: Codes, low: float, high: float) -> Mask:
    """Tell which flows lie within the quantiles `low` and `high` of their cell (linear interpolation)."""
    order = np.lexsort((quality, cell))
    counts = np.bincount(cell)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    ordered = quality[order]
    edges = []
    for share in (low, high):
        at = share * (counts - 1)
        below = np.floor(at).astype(np.intp)
        above = np.minimum(below + 1, np.maximum(counts - 1, 0))
        base, top = ordered[starts + below], ordered[starts + above]
        edges.append(base + (at - below) * (top - base))
    return np.asarray((quality >= edges[0][cell]) & (quality <= edges[1][cell]))


def standardised(quality: Vector, cell: Codes, noise: float = 0.0) -> Vector:
    """Scale to [0, 1] within cells: (quality - min) / (max - min).

    Parameters
    ----------
    noise : float
        Values this close are one value: residuals that should be equal differ by rounding, which scaling would
        blow up to the distance from 0 to 1.

    Returns
    -------
    array, shape (flows,)
        nan in cells without two distinct values, where the scale is 0/0.
    """
    order = slice(None) if (np.diff(cell) >= 0).all() else np.argsort(cell, kind="stable")
    ordered, sorted_cell = quality[order], cell[order]
    starts = np.flatnonzero(np.diff(sorted_cell, prepend=-1))
    lowest, highest = np.zeros((2, int(cell.max(initial=-1)) + 1))
    if starts.size:
        lowest[sorted_cell[starts]] = np.minimum.reduceat(ordered, starts)
        highest[sorted_cell[starts]] = np.maximum.reduceat(ordered, starts)
    span = highest - lowest
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(span[cell] > noise, (quality - lowest[cell]) / span[cell], np.nan)
