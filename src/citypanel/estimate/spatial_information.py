"""Variance of spatial panel estimates: expected and observed information, and the sandwich for other errors.

Parameters stand in the order slopes, rho, lambda, sigma2 throughout; rho or lambda is left out where the
model has none. The covariance of rho with the slopes is kept everywhere.

Sources: Anselin (1988), ch. 6.2 (expected information of the model with both parameters); Lee (2004),
Econometrica 72(6), and Kelejian and Prucha (2001), J. Econometrics 104(2), for scores of quadratic forms.
"""

from dataclasses import dataclass

import numpy as np

from citypanel.arrays import Codes, Matrix, Vector
from citypanel.errors import EstimationError
from citypanel.estimate.spatial_likelihood import Maximum, Problem
from citypanel.estimate.spatial_panel import Effects


@dataclass(frozen=True)
class Fitted:
    """Columns at the maximum, all filtered by B = I - lambda W, shape (rows,) or (rows, k).

    `residual` e = B (A y - X b); `outcome_lag` B W y; `error_lag` W u; `regressors` B X; `mean_lag` the part
    of B W y that is not noise: B W y - G e with G = W (I - rho W)^-1.
    """

    residual: Vector
    outcome_lag: Vector
    outcome_lag_twice: Vector
    error_lag: Vector
    regressors: Matrix
    regressors_lag: Matrix
    mean_lag: Vector


def fitted_columns(problem: Problem, maximum: Maximum, effects: Effects, *, after_lag: bool) -> Fitted:
    """Return the columns of `Fitted`; `after_lag` takes effects out after W was applied, not before."""
    slopes = np.concatenate([[1.0, -maximum.rho], -maximum.beta])
    error, error_lag = problem.now @ slopes, problem.lagged @ slopes
    residual = error - maximum.lam * error_lag
    filtered = problem.now - maximum.lam * problem.lagged
    noise = np.zeros((residual.size, 1))
    if problem.lag:
        layout = problem.determinants.layout
        noise = layout.product(maximum.rho, residual[:, None])
        noise = effects(noise) if after_lag else noise
    return Fitted(
        residual=residual,
        outcome_lag=filtered[:, 1],
        outcome_lag_twice=problem.lagged[:, 1],
        error_lag=error_lag,
        regressors=filtered[:, 2:],
        regressors_lag=problem.lagged[:, 2:],
        mean_lag=filtered[:, 1] - noise[:, 0],
    )


def expected_information(problem: Problem, maximum: Maximum, fitted: Fitted) -> Matrix:
    """Return the expected information."""
    variance, k = maximum.sigma2, fitted.regressors.shape[1]
    found = np.zeros((k + 3, k + 3))
    found[:k, :k] = fitted.regressors.T @ fitted.regressors / variance
    found[-1, -1] = 0.5 * problem.n / variance**2
    if problem.lag:
        traces = problem.determinants.traces(maximum.rho)
        found[:k, k] = fitted.regressors.T @ fitted.mean_lag / variance
        found[k, k] = traces.square + traces.gram + fitted.mean_lag @ fitted.mean_lag / variance
        found[k, -1] = traces.first / variance
    if problem.error:
        traces = problem.determinants.traces(maximum.lam)
        found[k + 1, k + 1] = traces.square + traces.gram
        found[k + 1, -1] = traces.first / variance
    if problem.lag and problem.error:
        found[k, k + 1] = sum(problem.determinants.cross(maximum.lam, maximum.rho))
    return _used(problem, np.triu(found) + np.triu(found, 1).T)


def observed_information(problem: Problem, maximum: Maximum, fitted: Fitted) -> Matrix:
    """Return minus the Hessian of the whole log-likelihood at the maximum."""
    variance, k = maximum.sigma2, fitted.regressors.shape[1]
    e, x, own, error = fitted.residual, fitted.regressors, fitted.outcome_lag, fitted.error_lag
    found = np.zeros((k + 3, k + 3))
    found[:k, :k] = x.T @ x / variance
    found[:k, k] = x.T @ own / variance
    found[:k, k + 1] = (fitted.regressors_lag.T @ e + x.T @ error) / variance
    found[:k, -1] = x.T @ e / variance**2
    found[k, k] = own @ own / variance
    found[k, k + 1] = (fitted.outcome_lag_twice @ e + own @ error) / variance
    found[k, -1] = own @ e / variance**2
    found[k + 1, k + 1] = error @ error / variance
    found[k + 1, -1] = error @ e / variance**2
    found[-1, -1] = e @ e / variance**3 - 0.5 * problem.n / variance**2
    if problem.lag:
        found[k, k] += problem.determinants.traces(maximum.rho).square
    if problem.error:
        found[k + 1, k + 1] += problem.determinants.traces(maximum.lam).square
    return _used(problem, np.triu(found) + np.triu(found, 1).T)


def _used(problem: Problem, whole: Matrix) -> Matrix:
    """Return the rows and columns of the parameters that the model has."""
    k = whole.shape[0] - 3
    keep = [*range(k), *([k] if problem.lag else []), *([k + 1] if problem.error else []), k + 2]
    return whole[np.ix_(keep, keep)]


def inverse_information(information: Matrix) -> Matrix:
    """Return the covariance.

    Raises
    ------
    EstimationError
        The information is not positive definite: the parameters are not identified on this sample.
    """
    size = np.sqrt(np.abs(np.diag(information)))
    scaled = information / np.outer(size, size)
    values, vectors = np.linalg.eigh(scaled)
    if not np.isfinite(values).all() or values[0] <= 1e-13 * values[-1]:
        raise EstimationError(
            "the information matrix is singular: some regressors or spatial parameters are not identified; "
            "use fewer regressors or another model"
        )
    return np.asarray((vectors / values) @ vectors.T / np.outer(size, size))


def robust_covariance(problem: Problem, maximum: Maximum, fitted: Fitted, clusters: Codes | None) -> Matrix:
    """Return the sandwich of the observed information around the variance of the score.

    The score of rho is a quadratic form in the errors. Its diagonal part is summed row by row (or unit by
    unit); its pairs of units enter by the squares of their products, which are uncorrelated with the rest
    when units are independent.

    Parameters
    ----------
    clusters : array of codes, shape (rows,), optional
        The unit of each row for errors that are dependent within units; without it rows are independent.
    """
    bread = inverse_information(observed_information(problem, maximum, fitted))
    rows = _row_scores(problem, maximum, fitted)
    if clusters is not None:
        rows = np.stack([np.bincount(clusters, column) for column in rows.T], axis=1)
    meat = rows.T @ rows
    meat += _pair_meat(problem, maximum, fitted, by_unit=clusters is not None)
    if clusters is None:
        meat *= fitted.residual.size / problem.n  # what Lee and Yu's transformation takes from the squares
    return bread @ meat @ bread


def _spatial_values(problem: Problem, maximum: Maximum) -> list[float]:
    return [*([maximum.rho] if problem.lag else []), *([maximum.lam] if problem.error else [])]


def _row_scores(problem: Problem, maximum: Maximum, fitted: Fitted) -> Matrix:
    e, variance = fitted.residual, maximum.sigma2
    excess = e**2 - e @ e / e.size
    columns = [fitted.regressors * e[:, None] / variance]
    layout = problem.determinants.layout
    for place, value in enumerate(_spatial_values(problem, maximum)):
        diagonal = np.empty(e.size)
        for block in layout.blocks:
            diagonal[block.rows] = np.diag(block.operator.whole(value))[:, None]
        linear = fitted.mean_lag * e if problem.lag and place == 0 else 0.0
        columns.append(((linear + diagonal * excess) / variance)[:, None])
    columns.append((0.5 * excess / variance**2)[:, None])
    return np.hstack(columns)


def _pair_meat(problem: Problem, maximum: Maximum, fitted: Fitted, *, by_unit: bool) -> Matrix:
    values = _spatial_values(problem, maximum)
    k = fitted.regressors.shape[1]
    meat = np.zeros((k + len(values) + 1,) * 2)
    for block in problem.determinants.layout.blocks:
        errors = fitted.residual[block.rows]
        pairs = (errors @ errors.T) ** 2 if by_unit else (errors**2) @ (errors**2).T
        np.fill_diagonal(pairs, 0.0)
        forms = [block.operator.whole(value) for value in values]
        forms = [form + form.T for form in forms]
        for i, left in enumerate(forms):
            for j, right in enumerate(forms):
                meat[k + i, k + j] += 0.5 * float((left * right * pairs).sum()) / maximum.sigma2**2
    return meat
