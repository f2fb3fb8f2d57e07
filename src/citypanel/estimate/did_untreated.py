"""The model of untreated outcomes, fitted on untreated rows only, behind the imputation and two-stage estimators."""

from dataclasses import dataclass

import numpy as np

from citypanel.arrays import Codes, Mask, Matrix, Vector
from citypanel.errors import EstimationError

RANK = 1e-10  # relative size below which a direction of the period and control effects is not identified


@dataclass(frozen=True)
class UntreatedModel:
    """Unit effects, period effects and controls estimated where nobody is treated.

    Attributes
    ----------
    residual : array, shape (rows,)
        Outcome minus predicted untreated outcome: the effect plus noise on treated rows, noise elsewhere.
    imputed : array of bool, shape (rows,)
        Rows whose untreated outcome the untreated rows identify; `residual` is nan elsewhere.
    untreated : array of bool, shape (rows,)
    units : array of int, shape (rows,)
    shifted : array, shape (rows, m)
        Period dummies and controls minus their untreated mean of the unit.
    inverse : array, shape (m, m)
        Pseudo-inverse of their cross-products over untreated rows.
    weights : array, shape (rows,)
    mass : array, shape (units,)
        Untreated weight of each unit.
    """

    residual: Vector
    imputed: Mask
    untreated: Mask
    units: Codes
    shifted: Matrix
    inverse: Matrix
    weights: Vector
    mass: Vector

    def prediction_weights(self, targets: Matrix) -> Matrix:
        """Return how much each untreated row counts in weighted sums of predictions.

        Parameters
        ----------
        targets : array, shape (rows, m)
            Weights of the predicted rows.

        Returns
        -------
        array, shape (rows, m)
            P with sum(targets * prediction) = sum(P * y); zero on treated rows.
        """
        sums = np.zeros((self.mass.size, targets.shape[1]))
        np.add.at(sums, self.units, targets)
        per_unit = sums / np.where(self.mass > 0, self.mass, 1.0)[:, None]
        load = self.shifted @ (self.inverse @ (self.shifted.T @ targets))
        own = np.where(self.untreated, self.weights, 0.0)[:, None]
        weights: Matrix = own * (per_unit[self.units] + load)
        return weights


def fit_untreated(
    y: Vector, X: Matrix, units: Codes, periods: Codes, *, untreated: Mask, weights: Vector
) -> UntreatedModel:
    """Fit y = unit + period + X b on the untreated rows.

    Parameters
    ----------
    y : array, shape (rows,)
    X : array, shape (rows, k)
        Controls without constant; k may be 0.
    units, periods : arrays of int, shape (rows,)
    untreated : array of bool, shape (rows,)
    weights : array, shape (rows,)

    Raises
    ------
    EstimationError
        No treated row can be predicted from untreated ones.

    Notes
    -----
    The unit effects are taken out exactly by their means, so only a system of periods plus controls is
    solved. A treated row is imputed when its combination of effects lies in the span of the untreated rows:
    not for units without untreated rows, and not in periods in which everybody is treated.
    """
    dummies = np.zeros((y.size, int(periods.max()) + 1))
    dummies[np.arange(y.size), periods] = 1.0
    M = np.column_stack([dummies, X])
    own = np.where(untreated, weights, 0.0)
    mass = np.bincount(units, weights=own, minlength=int(units.max()) + 1).astype(np.float64)
    safe = np.where(mass > 0, mass, 1.0)
    mean_M = np.zeros((mass.size, M.shape[1]))
    np.add.at(mean_M, units, own[:, None] * M)
    mean_y = np.bincount(units, weights=own * y, minlength=mass.size) / safe
    shifted = M - (mean_M / safe[:, None])[units]
    inverse, known = _identified(shifted, own)
    shift_y = y - mean_y[units]
    gamma = inverse @ (shifted.T @ (own * shift_y))
    imputed = (mass[units] > 0) & known
    if not np.any(imputed & ~untreated):
        raise EstimationError(
            "no treated row can be predicted: no unit is seen untreated in periods that others spend untreated"
        )
    residual = np.where(imputed, shift_y - shifted @ gamma, np.nan)
    return UntreatedModel(residual, imputed, untreated, units, shifted, inverse, weights, mass)


def _identified(shifted: Matrix, own: Vector) -> tuple[Matrix, Mask]:
    """Return the pseudo-inverse of the untreated cross-products, and the rows within their span."""
    gram = (shifted * own[:, None]).T @ shifted
    size = np.sqrt(np.maximum(np.diag(gram), 0.0))
    varies = size > RANK * max(float(size.max()), 1e-300)
    scale = size[varies]
    values, vectors = np.linalg.eigh(gram[np.ix_(varies, varies)] / np.outer(scale, scale))
    kept = values > RANK * values[-1]
    root = vectors[:, kept] / scale[:, None]
    inverse = np.zeros_like(gram)
    inverse[np.ix_(varies, varies)] = (root / values[kept]) @ root.T
    scaled = shifted[:, varies] / scale
    outside = np.abs(scaled @ vectors[:, ~kept]).max(axis=1, initial=0.0)
    length = np.linalg.norm(scaled, axis=1)
    never_seen = np.abs(shifted[:, ~varies]).max(axis=1, initial=0.0) > 1e-9
    return inverse, ~never_seen & (outside <= 1e-6 * np.maximum(length, 1e-300))
