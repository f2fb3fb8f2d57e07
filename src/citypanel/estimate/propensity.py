"""Score of treatment by logit or probit, plain maximum likelihood (no penalty)."""

from dataclasses import dataclass
from typing import Literal, NoReturn

import numpy as np
from scipy.special import expit, log_ndtr, ndtr

from citypanel.arrays import Matrix, Vector
from citypanel.errors import EstimationError

Link = Literal["logit", "probit"]
Problem = tuple[Vector, Matrix, Vector, Link]
ITERATIONS = 60
TOLERANCE = 1e-12
# A fitted probability within 1e-8 of zero or one for a whole side of the sample means the likelihood has no
# maximum: R's glm warns at the same place, 10 times machine epsilon; ours is wider so that slow drift is seen.
SEPARATED = 1e-8


@dataclass(frozen=True)
class Score:
    """A fitted score.

    Attributes
    ----------
    coefficients : array, shape (k,)
    se : array, shape (k,)
        From the expected information, as R's glm; Stata's probit uses the observed one (2% apart at n = 614).
    fitted : array, shape (n,)
        Probability of treatment.
    index : array, shape (n,)
        Linear predictor.
    information : array, shape (k, k)
        Expected information (for the logit equal to the observed one).
    loglik : float
    iterations : int
    """

    coefficients: Vector
    se: Vector
    fitted: Vector
    index: Vector
    information: Matrix
    loglik: float
    iterations: int


def fit_score(d: Vector, X: Matrix, link: Link = "logit", weights: Vector | None = None) -> Score:
    """Fit P(d = 1 | X) by Newton's method.

    Parameters
    ----------
    d : array of 0 and 1, shape (n,)
    X : array, shape (n, k)
        With its constant; columns must be linearly independent.
    link : {"logit", "probit"}
    weights : array, shape (n,), optional
        Frequency weights.

    Raises
    ------
    EstimationError
        Treatment takes one value only, or the covariates predict it perfectly (the coefficients are infinite).
    """
    w = np.ones(d.size) if weights is None else weights
    if not (np.any(d == 1) and np.any(d == 0)):
        raise EstimationError("the score needs treated and untreated rows; one of them is empty")
    scale = np.sqrt(np.mean(X**2, axis=0))
    scale[scale == 0] = 1.0
    Z = X / scale
    b = np.zeros(X.shape[1])
    value = _loglik(d, Z @ b, w, link)
    step = 0
    for step in range(1, ITERATIONS + 1):  # noqa: B007 - the count is reported
        gradient, information = _derivatives(d, Z, Z @ b, w, link)
        move = _newton_move(information, gradient)
        b, new = _damped((d, Z, w, link), b, move, value)
        done = abs(new - value) <= TOLERANCE * (abs(new) + 1e-8) and np.max(np.abs(move)) < 1e-7
        value = new
        if done:
            break
        if np.max(np.abs(Z @ b)) > 200:
            _refuse_separation()
    index = Z @ b
    fitted = _probability(index, link)
    _require_overlap(d, fitted, step)
    information = _expected_information(Z, index, w, link)
    covariance = np.linalg.inv(information) / np.outer(scale, scale)
    return Score(
        coefficients=b / scale,
        se=np.sqrt(np.diag(covariance)),
        fitted=fitted,
        index=index,
        information=information * np.outer(scale, scale),
        loglik=value,
        iterations=step,
    )


def _newton_move(information: Matrix, gradient: Vector) -> Vector:
    try:
        move: Vector = np.asarray(np.linalg.solve(information, gradient), dtype=np.float64)
    except np.linalg.LinAlgError:
        _refuse_separation()
    return move


def _damped(problem: Problem, b: Vector, move: Vector, value: float) -> tuple[Vector, float]:
    """Halve the step until the likelihood does not fall; both likelihoods are concave, so this ends."""
    d, Z, w, link = problem
    size = 1.0
    for _ in range(30):
        trial = _loglik(d, Z @ (b + size * move), w, link)
        if trial >= value - 1e-12 * abs(value):
            return b + size * move, trial
        size /= 2
    return b, value


def _refuse_separation() -> NoReturn:
    raise EstimationError(
        "the covariates of the score predict treatment perfectly (separation): its coefficients are infinite; "
        "leave out the covariate that decides treatment, or widen the sample"
    )


def _require_overlap(d: Vector, fitted: Vector, step: int) -> None:
    """Refuse complete and quasi-complete separation."""
    error = np.where(d == 1, 1 - fitted, fitted)
    if error.max() < SEPARATED or (step >= ITERATIONS and np.any(error < SEPARATED)):
        _refuse_separation()


def _probability(index: Vector, link: Link) -> Vector:
    result: Vector = expit(index) if link == "logit" else ndtr(index)
    return result


def _loglik(d: Vector, index: Vector, w: Vector, link: Link) -> float:
    if link == "logit":
        return float(w @ (d * index - np.logaddexp(0.0, index)))
    return float(w @ np.where(d == 1, log_ndtr(index), log_ndtr(-index)))


def _derivatives(d: Vector, Z: Matrix, index: Vector, w: Vector, link: Link) -> tuple[Vector, Matrix]:
    """Return the gradient and the observed information."""
    if link == "logit":
        p = expit(index)
        return Z.T @ (w * (d - p)), _gram(Z, w * p * (1 - p))
    q = 2 * d - 1
    log_density = -0.5 * index**2 - 0.5 * np.log(2 * np.pi)
    mills = q * np.exp(log_density - log_ndtr(q * index))
    curvature = mills * (mills + index)
    return Z.T @ (w * mills), _gram(Z, w * curvature)


def _expected_information(Z: Matrix, index: Vector, w: Vector, link: Link) -> Matrix:
    if link == "logit":
        p = expit(index)
        return _gram(Z, w * p * (1 - p))
    log_density = -0.5 * index**2 - 0.5 * np.log(2 * np.pi)
    weight = np.exp(2 * log_density - log_ndtr(index) - log_ndtr(-index))
    return _gram(Z, w * weight)


def _gram(Z: Matrix, weights: Vector) -> Matrix:
    gram: Matrix = (Z * weights[:, None]).T @ Z
    return gram
