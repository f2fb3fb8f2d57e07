"""Imputation (Borusyak, Jaravel and Spiess 2024) and two-stage (Gardner 2022) effects of staggered treatment."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from citypanel.arrays import Codes, Mask, Matrix, Vector
from citypanel.errors import EstimationError
from citypanel.estimate.did_untreated import UntreatedModel

Kind = Literal["simple", "group", "calendar", "dynamic"]


@dataclass(frozen=True)
class Averages:
    """Averages of effects with their covariance.

    Attributes
    ----------
    keys : array, shape (m,)
        What each average belongs to (event time, cohort, period).
    estimates : array, shape (m,)
    covariance : array, shape (m, m)
    """

    keys: Vector
    estimates: Vector
    covariance: Matrix

    @property
    def se(self) -> Vector:
        """Standard errors."""
        spread: Vector = np.sqrt(np.diag(self.covariance))
        return spread


def average_weights(kind: Kind, *, cohort: Vector, time: Vector, keep: Mask, weights: Vector, units: Codes) -> Vector:
    """Return the weight of each treated row in an overall effect; they sum to one.

    Parameters
    ----------
    kind : {"simple", "group", "calendar", "dynamic"}
        All treated rows alike; cohorts by their number of units; all periods alike; all event times alike.
    cohort, time, weights : arrays, shape (rows,)
    keep : array of bool, shape (rows,)
        Treated rows whose effect is known.
    units : array of int, shape (rows,)
    """
    own = np.where(keep, weights, 0.0)
    if kind == "simple":
        return np.asarray(own / own.sum())
    key = {"group": cohort, "calendar": time, "dynamic": time - cohort}[kind]
    levels, position = np.unique(np.where(keep, key, np.nan), return_inverse=True)
    mass = np.bincount(position, weights=own, minlength=levels.size)
    importance = np.where(mass > 0, 1.0, 0.0)
    if kind == "group":
        importance = np.array(
            [
                np.unique(units[keep & (cohort == level)]).size if m > 0 else 0
                for level, m in zip(levels, mass, strict=True)
            ],
            dtype=np.float64,
        )
    share = importance / importance.sum() / np.where(mass > 0, mass, 1.0)
    return np.asarray(own * share[position])


def level_weights(key: Vector, keep: Mask, weights: Vector) -> tuple[Vector, Matrix]:
    """Return the levels of `key` among the kept rows and the weights of each level's mean, shape (rows, levels)."""
    levels = np.unique(key[keep])
    table = (key[:, None] == levels[None, :]) * np.where(keep, weights, 0.0)[:, None]
    return levels, table / table.sum(axis=0)


def imputed_averages(model: UntreatedModel, targets: Matrix, keys: Vector, cell: Codes, clusters: Codes) -> Averages:
    """Average imputed effects, with conservative standard errors.

    Parameters
    ----------
    model : UntreatedModel
    targets : array, shape (rows, m)
        Weights of the treated rows in each average.
    keys : array, shape (m,)
    cell : array of int, shape (rows,)
        Cohort by event time: effects are taken as alike within a cell when noise is told from effect.
    clusters : array of int, shape (rows,)

    Notes
    -----
    Borusyak, Jaravel and Spiess (2024), Review of Economic Studies 91(6), equations (6) to (8); the mean
    effect of a cell is weighted by squared weights, as R's didimputation does. No small-sample factor.
    """
    treated = ~model.untreated
    residual = np.where(model.imputed, model.residual, 0.0)
    estimates = targets.T @ residual
    v = targets - model.prediction_weights(targets)
    square = np.where(treated[:, None], v**2, 0.0)
    cells = int(cell.max()) + 1
    top = np.zeros((cells, v.shape[1]))
    bottom = np.zeros((cells, v.shape[1]))
    np.add.at(top, cell, square * residual[:, None])
    np.add.at(bottom, cell, square)
    mean = np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)
    noise = residual[:, None] - np.where(treated[:, None], mean[cell], 0.0)
    return Averages(keys, estimates, _clustered(v * noise, clusters))


def two_stage_effects(model: UntreatedModel, regressors: Matrix, keys: Vector, clusters: Codes) -> Averages:
    """Regress the outcome net of untreated effects on treatment indicators; errors allow for the first stage.

    Parameters
    ----------
    model : UntreatedModel
    regressors : array, shape (rows, m)
        Indicators of treatment or of event times.
    keys : array, shape (m,)
    clusters : array of int, shape (rows,)

    Notes
    -----
    Gardner (2022), "Two-stage differences in differences"; the sandwich of the stacked moments, without a
    small-sample factor, as R's did2s.
    """
    use = model.imputed
    residual = np.where(use, model.residual, 0.0)
    X = np.where(use[:, None], regressors, 0.0) * np.sqrt(model.weights)[:, None]
    gram = X.T @ X
    if np.linalg.matrix_rank(gram, hermitian=True) < gram.shape[0]:
        raise EstimationError("the indicators of treatment are collinear in the second stage")
    bread = np.linalg.inv(gram)
    weighted = X * np.sqrt(model.weights)[:, None]
    estimates = bread @ (weighted.T @ residual)
    second = weighted * (residual - np.where(use[:, None], regressors, 0.0) @ estimates)[:, None]
    first = model.prediction_weights(weighted) * np.where(model.untreated, residual, 0.0)[:, None]
    return Averages(keys, estimates, bread @ _clustered(second - first, clusters) @ bread)


def _clustered(scores: Matrix, clusters: Codes) -> Matrix:
    sums = np.zeros((int(clusters.max()) + 1, scores.shape[1]))
    np.add.at(sums, clusters, scores)
    meat: Matrix = sums.T @ sums
    return meat
