"""Balance of covariates before and after matching."""

import numpy as np

from citypanel.arrays import Mask, Matrix, Vector
from citypanel.estimate.inference import two_sided_p
from citypanel.result import Row


def balance_table(X: Matrix, names: tuple[str, ...], treated: Mask, weights: Vector) -> list[Row]:
    """Compare treated and control means of each covariate, before and after matching.

    Parameters
    ----------
    X : array, shape (rows, k)
    names : tuple of str
    treated : array of bool, shape (rows,)
    weights : array, shape (rows,)
        How often a row counts after matching.

    Returns
    -------
    list of rows
        variable, sample (before, after), mean_treated, mean_control, bias, t, p.

    Notes
    -----
    `bias` is 100 (mean_treated - mean_control) / sqrt((s1^2 + s0^2) / 2) with the variances before matching in
    both samples (Rosenbaum and Rubin 1985); t is that of a regression on treatment weighted as matched, the
    rule of Stata's pstest.
    """
    everyone = np.ones(treated.size)
    rows: list[Row] = []
    for name, x in zip(names, X.T, strict=True):
        spread = np.sqrt((np.var(x[treated], ddof=1) + np.var(x[~treated], ddof=1)) / 2)
        for sample, w in (("before", everyone), ("after", weights)):
            rows.append({"variable": name, "sample": sample, **_compared(x, treated, w, float(spread))})
    return rows


def _compared(x: Vector, treated: Mask, w: Vector, spread: float) -> Row:
    own, other = w * treated, w * ~treated
    mean_treated, mean_control = own @ x / own.sum(), other @ x / other.sum()
    gap = float(mean_treated - mean_control)
    rest = x - np.where(treated, mean_treated, mean_control)
    df = float(w.sum()) - 2
    t: float | None = None
    p: float | None = None
    if df > 0:
        noise = float(w @ rest**2) / df
        error = np.sqrt(noise * (1 / own.sum() + 1 / other.sum()))
        if error > 1e-14 * max(abs(gap), 1e-300):
            t = gap / float(error)
            p = two_sided_p(t, df)
    return {
        "mean_treated": float(mean_treated),
        "mean_control": float(mean_control),
        "bias": 100 * gap / spread if spread > 0 else None,
        "t": t,
        "p": p,
    }
