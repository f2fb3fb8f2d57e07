"""From coefficients and their variance to the rows of a record: t, p, intervals, Wald tests."""

from collections.abc import Sequence

import numpy as np
from scipy import special

from citypanel.arrays import Matrix, Vector
from citypanel.result import TermResult, Value

# scipy.special's functions are those of scipy.stats, without the half second its import takes.


def t_tail(t: float, df: float) -> float:
    """Return P(T > t), exact far into the tail; the normal's when df is infinite."""
    if np.isinf(df):
        return float(special.ndtr(-t))
    return float(special.stdtr(df, -t))


def two_sided_p(t: float, df: float) -> float:
    """Return P(|T| > |t|)."""
    return 2 * t_tail(abs(t), df)


def f_tail(f: float, df1: float, df2: float) -> float:
    """Return P(F > f); chi2/df1 when df2 is infinite."""
    if not np.isfinite(f) or f < 0:
        return float("nan")
    if np.isinf(df2):
        return chi2_tail(f * df1, df1)
    return float(special.fdtrc(df1, df2, f))


def chi2_tail(x: float, df: float) -> float:
    """Return P(chi2 > x)."""
    return float(special.chdtrc(df, x)) if np.isfinite(x) and x >= 0 and df > 0 else float("nan")


def t_quantile(share: float, df: float) -> float:
    """Return the quantile of Student's t; the normal's when df is infinite."""
    return float(special.ndtri(share)) if np.isinf(df) else float(special.stdtrit(df, share))


def terms_of(
    names: Sequence[str], coefficients: Vector, se: Vector, df: float, level: float = 0.95
) -> tuple[TermResult, ...]:
    """Return one row per coefficient; what does not exist (t at a zero standard error) is None."""
    width = t_quantile(0.5 + level / 2, df)
    rows = []
    for name, estimate, error in zip(names, coefficients.tolist(), se.tolist(), strict=True):
        known = bool(np.isfinite(error) and error > 0)
        t = estimate / error if known else None
        rows.append(
            TermResult(
                term=name,
                estimate=estimate,
                se=error if np.isfinite(error) else None,
                statistic=t,
                p=None if t is None else two_sided_p(t, df),
                ci_low=estimate - width * error if known else None,
                ci_high=estimate + width * error if known else None,
            )
        )
    return tuple(rows)


def wald_f(coefficients: Vector, matrix: Matrix, df: float) -> dict[str, Value]:
    """Return F of all coefficients being zero, with p and degrees of freedom; None where there is none."""
    q = int(coefficients.size)
    none: dict[str, Value] = {"f": None, "f_p": None, "f_df1": q, "f_df2": df}
    if q == 0 or not np.all(np.isfinite(matrix)):
        return none
    scale = np.sqrt(np.diag(matrix))
    if np.any(scale <= 0):
        return none
    values, vectors = np.linalg.eigh(matrix / np.outer(scale, scale))
    if values[0] < 1e-12 * values[-1]:
        # Fewer clusters than coefficients: the test of all of them at once does not exist.
        return none
    along = vectors.T @ (coefficients / scale)
    f = float(np.sum(along * along / values)) / q
    return {"f": f, "f_p": f_tail(f, q, df), "f_df1": q, "f_df2": df}
