"""Income level of products (PRODY) and of export baskets (EXPY).

Hausmann, Hwang and Rodrik (2007), "What you export matters", Journal of Economic Growth 12(1), 1-25.
Pure functions on arrays; the tables of the workflow and of the command line are in `sophistication`.
"""

from typing import Literal

import numpy as np

from citypanel.arrays import Mask, Matrix, Vector
from citypanel.errors import InputError

Weights = Literal["normalised", "raw"]


class MissingProductError(InputError):
    """Exports of a product that has no PRODY."""


def usable_economies(trade: Matrix, income: Vector) -> Mask:
    """Tell which economies have both exports and a positive income; the others may not enter any share."""
    with np.errstate(invalid="ignore"):
        return np.asarray((trade.sum(axis=1) > 0) & np.isfinite(income) & (income > 0))


def prody(trade: Matrix, income: Vector, weights: Weights = "normalised") -> Vector:
    """Income level of each product (PRODY).

    Parameters
    ----------
    trade : array, shape (economies, products)
        Export values of one period, in one unit, 0 where there are none.
    income : array, shape (economies,)
        Income per head, real or nominal; nan where unknown.
    weights : {"normalised", "raw"}
        `normalised`: the weights of a product sum to one over economies. `raw`: they are the revealed
        comparative advantages as they are, so the level grows with the number of economies.

    Returns
    -------
    array, shape (products,)
        PRODY in the unit of `income`; nan for a product that no usable economy exports.

    Notes
    -----
    With s_jk = x_jk / X_j, normalised PRODY_k = sum_j (s_jk / sum_i s_ik) Y_j, Hausmann, Hwang and Rodrik
    (2007). The same weights are RCA_jk / sum_i RCA_ik with RCA_jk = s_jk / (x_k / X); raw PRODY_k =
    sum_j RCA_jk Y_j leaves that denominator out. Economies without trade or without income are removed before
    the shares are formed: removing them afterwards gives other numbers.
    """
    usable = usable_economies(trade, income)
    value, level = trade[usable], income[usable]
    shares = value / value.sum(axis=1, keepdims=True)
    # Products are summed by numpy, not by BLAS, whose order of summation depends on the number of threads.
    weighted = (shares * level[:, None]).sum(axis=0)
    world = value.sum(axis=0)
    denominator = shares.sum(axis=0)
    if weights == "raw" and usable.any():
        denominator = world / world.sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(world > 0, weighted / denominator, np.nan)


def prody_without(trade: Matrix, income: Vector, own: int, weights: Weights = "normalised") -> Vector:
    """PRODY as economy `own` (a row of `trade`) sees it when its own exports and income are left out.

    Returns
    -------
    array, shape (products,)
        `prody` of all other economies; nan where nobody else exports the product.

    Notes
    -----
    With the own economy inside, ln EXPY is partly the own ln income by construction. Computed anew instead of
    by subtraction, which loses all digits where one economy dominates a product.
    """
    others = np.arange(len(trade)) != own
    return prody(trade[others], income[others], weights)


def expy(exports: Matrix, prody: Matrix) -> Vector:
    """Income level of export baskets (EXPY).

    Parameters
    ----------
    exports : array, shape (places, products)
        Export values of one period; rows need not sum to one.
    prody : array, shape (products,) or (places, products)
        Income level of each product, the same for all places or one row for each.

    Returns
    -------
    array, shape (places,)
        Share-weighted mean of `prody`, in its unit. A place without exports is nan.

    Raises
    ------
    MissingProductError
        A product with exports has no PRODY; the message gives the first five column numbers. `covered` tells
        beforehand which cells are affected.

    Notes
    -----
    EXPY_i = sum_k (x_ik / X_i) PRODY_k, Hausmann, Hwang and Rodrik (2007).
    """
    unknown = np.flatnonzero((~covered(exports, prody)).any(axis=0))
    if unknown.size:
        shown = ", ".join(str(k) for k in unknown[:5])
        raise MissingProductError(f"products in columns {shown} ({unknown.size} in all) are exported but have no PRODY")
    totals = exports.sum(axis=1)
    weighted = (exports * np.nan_to_num(np.broadcast_to(prody, exports.shape))).sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray(weighted / np.where(totals > 0, totals, np.nan))


def covered(exports: Matrix, prody: Matrix) -> Mask:
    """Tell which cells of `exports` have a PRODY or no exports; shape (places, products)."""
    return np.isfinite(np.broadcast_to(prody, exports.shape)) | ~(exports > 0)


def expy_with_coverage(exports: Matrix, prody: Matrix) -> tuple[Vector, Vector]:
    """EXPY over the products that have a PRODY, and their share in each place's exports.

    Returns
    -------
    tuple of arrays, shape (places,)
        EXPY, whose shares sum to one over the covered products and which is nan where nothing is covered; and
        the coverage, covered value / total value, nan without exports.
    """
    kept = np.where(covered(exports, prody), exports, 0.0)
    totals = exports.sum(axis=1)
    with np.errstate(invalid="ignore"):
        return expy(kept, prody), kept.sum(axis=1) / np.where(totals > 0, totals, np.nan)
