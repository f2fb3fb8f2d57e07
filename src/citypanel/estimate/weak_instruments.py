"""How strong instruments are, and inference that does not need them strong."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from citypanel.arrays import Matrix, Vector
from citypanel.estimate.convention import Convention
from citypanel.estimate.inference import chi2_tail, f_tail
from citypanel.estimate.variance import Neighbours, meat_of
from citypanel.result import Value

# Stock and Yogo (2005), tables 5.2 and 5.4: critical values of the Cragg-Donald F at which a nominal 5 per cent
# Wald test has at most 10, 15, 20, 25 per cent size, by number of endogenous variables and of instruments.
SIZE_2SLS = {
    (1, 1): (16.38, 8.96, 6.66, 5.53), (1, 2): (19.93, 11.59, 8.75, 7.25), (1, 3): (22.30, 12.83, 9.54, 7.80),
    (1, 4): (24.58, 13.96, 10.26, 8.31), (1, 5): (26.87, 15.09, 10.98, 8.84), (1, 6): (29.18, 16.23, 11.72, 9.38),
    (1, 7): (31.50, 17.38, 12.48, 9.93), (1, 8): (33.84, 18.54, 13.24, 10.50), (1, 9): (36.19, 19.71, 14.01, 11.07),
    (1, 10): (38.54, 20.88, 14.78, 11.65), (2, 2): (7.03, 4.58, 3.95, 3.63), (2, 3): (13.43, 8.18, 6.40, 5.45),
    (2, 4): (16.87, 9.93, 7.54, 6.28), (2, 5): (19.45, 11.22, 8.38, 6.89), (2, 6): (21.68, 12.33, 9.10, 7.42),
}  # fmt: skip
SIZE_LIML = {
    (1, 1): (16.38, 8.96, 6.66, 5.53), (1, 2): (8.68, 5.33, 4.42, 3.92), (1, 3): (6.46, 4.36, 3.69, 3.32),
    (1, 4): (5.44, 3.87, 3.30, 2.98), (1, 5): (4.84, 3.56, 3.05, 2.77), (1, 6): (4.45, 3.34, 2.87, 2.61),
    (2, 2): (7.03, 4.58, 3.95, 3.63), (2, 3): (5.44, 3.81, 3.32, 3.09), (2, 4): (4.72, 3.39, 2.99, 2.79),
    (2, 5): (4.32, 3.13, 2.78, 2.60), (2, 6): (4.06, 2.95, 2.63, 2.46),
}  # fmt: skip

RANK_NOISE = 1e-26  # scores below this are the rounding of a perfect first stage


@dataclass(frozen=True)
class Reduced:
    """Endogenous variables and instruments less everything exogenous, times the weights' roots.

    `parameters` counts what the first stage estimates, fixed effects as the variance counts them; `factor` is
    the small-sample factor of that variance.
    """

    Y: Matrix
    Z: Matrix
    parameters: int
    factor: float
    convention: Convention
    neighbours: Neighbours


def stock_yogo(endogenous: int, instruments: int, *, liml: bool) -> dict[str, Value]:
    """Return the critical values for 10, 15, 20 and 25 per cent size; None outside the table."""
    table = SIZE_LIML if liml else SIZE_2SLS
    values = table.get((endogenous, instruments))
    return {f"stock_yogo_{size}": values[j] if values else None for j, size in enumerate((10, 15, 20, 25))}


def canonical_correlations(reduced: Reduced) -> Vector:
    """Return squared canonical correlations of endogenous variables and instruments, smallest first."""
    theta = _theta(reduced)[0]
    return np.sort(np.linalg.svd(theta, compute_uv=False) ** 2)


def cragg_donald_f(reduced: Reduced) -> float:
    """Return the Cragg-Donald (1993) statistic as an F, as ivreg2 does: the least of the concentration's roots."""
    n, L = reduced.Y.shape[0], reduced.Z.shape[1]
    least = float(canonical_correlations(reduced)[0])
    return float(least / (1 - least) * (n - reduced.parameters) / L) if least < 1 else float("inf")


def _inverse_root(matrix: Matrix) -> Matrix:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors / np.sqrt(values)) @ vectors.T)


def _theta(reduced: Reduced) -> tuple[Matrix, Matrix, Matrix]:
    """Return the normalised first-stage coefficients and the two normalising matrices."""
    n = reduced.Y.shape[0]
    to_y = _inverse_root(reduced.Y.T @ reduced.Y / n)
    to_z = _inverse_root(reduced.Z.T @ reduced.Z / n)
    return to_z @ (reduced.Z.T @ reduced.Y / n) @ to_y, to_y, to_z


def kleibergen_paap(reduced: Reduced) -> dict[str, Value]:
    """Return the rank test of Kleibergen and Paap (2006) for underidentification, and its Wald form as an F.

    The LM form takes scores of the endogenous variables themselves (instruments irrelevant under the null), the
    Wald form those of the first-stage residuals, as ranktest. With an iid variance they are Anderson's LM and
    Cragg and Donald's F.
    """
    n, K = reduced.Y.shape
    L = reduced.Z.shape[1]
    df = L - K + 1
    if reduced.convention.kind == "iid":
        lm = n * float(canonical_correlations(reduced)[0])
        return {"kp_rk_lm": lm, "kp_rk_lm_p": chi2_tail(lm, df), "kp_rk_lm_df": df, "kp_rk_f": cragg_donald_f(reduced)}
    first_stage = np.linalg.lstsq(reduced.Z, reduced.Y, rcond=None)[0]
    lm = _rank_statistic(reduced, reduced.Y)
    wald = _rank_statistic(reduced, reduced.Y - reduced.Z @ first_stage)
    return {
        "kp_rk_lm": lm,
        "kp_rk_lm_p": chi2_tail(lm, df),
        "kp_rk_lm_df": df,
        "kp_rk_f": wald / reduced.factor / L,
    }


def _rank_statistic(reduced: Reduced, errors: Matrix) -> float:
    """Return n lambda' Omega^-1 lambda for the hypothesis that the first stage has rank K - 1."""
    n, K = reduced.Y.shape
    theta, to_y, to_z = _theta(reduced)
    U, _, Vt = np.linalg.svd(theta)
    q = K - 1
    V = Vt.T
    left = U[:, q:] @ np.linalg.solve(U[q:, q:], _root(U[q:, q:] @ U[q:, q:].T))
    right = _root(V[q:, q:] @ V[q:, q:].T) @ np.linalg.solve(V[q:, q:].T, V[:, q:].T)
    gap = np.ravel(left.T @ theta @ right.T, order="F")
    scores = np.column_stack([reduced.Z * errors[:, [j]] for j in range(K)])
    S = meat_of(reduced.convention, reduced.neighbours, scores) / n
    turn = np.kron(right @ to_y, left.T @ to_z)
    omega = turn @ S @ turn.T
    # A first stage without residuals has no variance to compare with: the statistic has no bound.
    if np.linalg.eigvalsh(omega)[0] <= RANK_NOISE * np.trace(turn @ turn.T):
        return float("inf")
    if not has_inverse(omega):
        return float("nan")
    return float(n * (gap @ np.linalg.solve(omega, gap)))


def _root(matrix: Matrix) -> Matrix:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T)


def effective_f(reduced: Reduced) -> float | None:
    """Return the effective F of Montiel Olea and Pflueger (2013); None with several endogenous variables."""
    if reduced.Y.shape[1] != 1:
        return None
    cross = reduced.Z.T @ reduced.Z
    first_stage = np.linalg.solve(cross, reduced.Z.T @ reduced.Y[:, 0])
    residuals = reduced.Y[:, 0] - reduced.Z @ first_stage
    if reduced.convention.kind == "iid":
        spread = float(residuals @ residuals) / (residuals.size - reduced.parameters) * reduced.Z.shape[1]
    else:
        meat = meat_of(reduced.convention, reduced.neighbours, reduced.Z * residuals[:, None])
        spread = float(np.trace(np.linalg.solve(cross, meat))) * reduced.factor
    return float(first_stage @ cross @ first_stage) / spread if spread > 0 else None


@dataclass(frozen=True)
class ReducedForm:
    """Coefficients of the instruments and their variance in a reduced form; `df` is that of F's denominator."""

    coefficients: Vector
    matrix: Matrix
    df: float


def has_inverse(matrix: Matrix) -> bool:
    """Return whether a variance matrix has one: fewer clusters than coefficients leave it singular."""
    scale = np.sqrt(np.diag(matrix))
    if not np.all(np.isfinite(scale)) or np.any(scale <= 0):
        return False
    values = np.linalg.eigvalsh(matrix / np.outer(scale, scale))
    return bool(values[0] > 1e-12 * values[-1])


def anderson_rubin(form: ReducedForm) -> dict[str, Value]:
    """Return the Anderson-Rubin (1949) test of all endogenous variables having no effect."""
    L = form.coefficients.size
    if not has_inverse(form.matrix):
        return {f"anderson_rubin_{key}": None for key in ("f", "p", "df1", "df2")}
    f = float(form.coefficients @ np.linalg.solve(form.matrix, form.coefficients)) / L
    return {
        "anderson_rubin_f": f,
        "anderson_rubin_p": f_tail(f, L, form.df),
        "anderson_rubin_df1": L,
        "anderson_rubin_df2": form.df,
    }


def anderson_rubin_set(
    outcome: ReducedForm, endogenous: ReducedForm, difference: ReducedForm, critical: float
) -> dict[str, Value]:
    """Return the values of one endogenous variable's effect that the Anderson-Rubin test does not reject.

    Parameters
    ----------
    outcome, endogenous, difference : ReducedForm
        Of y, of the endogenous variable, and of y less that variable.
    critical : float
        Critical value of F.

    Notes
    -----
    With p(b) the coefficients and V(b) the variance of y - b x on the instruments, the ends of the set solve
    det(V(b) - p(b) p(b)' / (L c)) = 0: a quadratic eigenvalue problem, so the set is exact, not searched.
    """
    if not (has_inverse(outcome.matrix) and has_inverse(endogenous.matrix)):
        return {"anderson_rubin_ci": None, "anderson_rubin_shape": None}
    L = outcome.coefficients.size
    both = outcome.matrix + endogenous.matrix - difference.matrix
    p, q = outcome.coefficients, endogenous.coefficients
    scale = 1 / (L * critical)
    M0 = outcome.matrix - scale * np.outer(p, p)
    M1 = -both + scale * (np.outer(p, q) + np.outer(q, p))
    M2 = endogenous.matrix - scale * np.outer(q, q)

    def kept(b: float) -> bool:
        gap, V = p - b * q, outcome.matrix - b * both + b * b * endogenous.matrix
        return float(gap @ np.linalg.solve(V, gap)) <= L * critical

    ends = _real_roots(M0, M1, M2)
    return _as_set(ends, kept)


def _real_roots(M0: Matrix, M1: Matrix, M2: Matrix) -> list[float]:
    """Return the real b with det(M0 + b M1 + b^2 M2) = 0, in order."""
    L = M0.shape[0]
    if L == 1:
        roots = np.roots([M2[0, 0], M1[0, 0], M0[0, 0]])
    else:
        companion = np.block([[np.zeros((L, L)), np.eye(L)], [-np.linalg.solve(M2, M0), -np.linalg.solve(M2, M1)]])
        roots = np.linalg.eigvals(companion)
    real = roots[np.abs(roots.imag) <= 1e-9 * (1e-300 + np.abs(roots))].real
    return sorted(float(root) for root in real)


def _as_set(ends: Sequence[float], kept: Callable[[float], bool]) -> dict[str, Value]:
    """Return the pieces between the ends that are kept, and the name of the set's shape."""
    edges = [-np.inf, *ends, np.inf]
    pieces: list[list[float]] = []
    for low, high in pairwise(edges):
        if not kept(_between(low, high)):
            continue
        if pieces and pieces[-1][1] == low:
            pieces[-1][1] = high
        else:
            pieces.append([low, high])
    finite = [[None if np.isinf(end) else end for end in piece] for piece in pieces]
    if not pieces:
        return {"anderson_rubin_ci": [], "anderson_rubin_shape": "empty"}
    if len(pieces) > 1:
        shape = "disjoint" if not np.isinf(pieces[0][0]) else "two rays"
        return {"anderson_rubin_ci": finite, "anderson_rubin_shape": shape}
    unbounded = sum(end is None for end in finite[0])
    return {"anderson_rubin_ci": finite[0], "anderson_rubin_shape": ("interval", "ray", "line")[unbounded]}


def _between(low: float, high: float) -> float:
    if np.isinf(low) and np.isinf(high):
        return 0.0
    if np.isinf(low):
        return high - 1 - abs(high)
    return low + 1 + abs(low) if np.isinf(high) else (low + high) / 2
