"""Honest papers: tables computed by numpy from simulated panels and printed by rounding, and errors planted in them.

Nothing here uses the library's estimators or exhibits: the papers are an independent witness of the audit's rules.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy import stats as distributions

LEVELS = (0.1, 0.05, 0.01)
NOTES = {
    "se": "*** p<0.01, ** p<0.05, * p<0.1; standard errors in parentheses",
    "t": "*** p<0.01, ** p<0.05, * p<0.1; t statistics in parentheses",
    "p": "*** p<0.01, ** p<0.05, * p<0.1; p values in parentheses",
}


@dataclass
class Paper:
    """Rows of cells (table, column, row, statistic, value, stars) and of claims (kind, table, column, row, value)."""

    decimals: int
    reading: str
    cells: list[list[str]] = field(default_factory=list)
    claims: list[tuple[str, str, str, str, str]] = field(default_factory=list)

    def add(self, *cell):
        table, column, row, statistic, value, stars = cell if len(cell) == 6 else (*cell, "")
        self.cells.append([table, column, row, statistic, str(value), stars])

    def claim(self, kind, value, table="", *, column="", row=""):
        self.claims.append((kind, table, column, row, str(value)))

    def find(self, table, column, row, statistic):
        return next(c for c in self.cells if c[:4] == [table, column, row, statistic])

    def show(self, value, extra=0):
        return f"{value:.{self.decimals + extra}f}"


def stars(p):
    return "*" * sum(p < level for level in LEVELS)


@dataclass
class Fit:
    b: np.ndarray
    se: np.ndarray
    df: float | None
    n: int
    k: int
    r2: float
    residuals: np.ndarray

    @property
    def t(self):
        return self.b / self.se

    @property
    def p(self):
        tail = distributions.norm.sf(abs(self.t)) if self.df is None else distributions.t.sf(abs(self.t), self.df)
        return 2 * tail


def ols(y, X, kind, groups):
    """Return least squares with iid, robust (HC1) or clustered errors; X holds every dummy."""
    inverse = np.linalg.inv(X.T @ X)
    b = inverse @ X.T @ y
    e = y - X @ b
    n, k = X.shape
    if kind == "iid":
        V, df = inverse * (e @ e) / (n - k), n - k
    elif kind == "robust":
        V, df = inverse @ (X.T * e**2) @ X @ inverse * n / (n - k), n - k
    else:
        G = groups.max() + 1
        scores = np.zeros((G, k))
        np.add.at(scores, groups, X * e[:, None])
        V = inverse @ scores.T @ scores @ inverse * G / (G - 1) * (n - 1) / (n - k)
        df = G - 1
    total = ((y - y.mean()) ** 2).sum()
    return Fit(b, np.sqrt(np.diag(V)), df, n, k, 1 - e @ e / total, e)


@dataclass
class Panel:
    y: np.ndarray
    x: np.ndarray
    names: list[str]
    unit: np.ndarray
    year: np.ndarray
    kind: str
    balanced: bool
    units: int
    periods: int


def dummies(codes):
    return (codes[:, None] == np.arange(1, codes.max() + 1)).astype(float)


def column(paper, table, label, names, fit, *, effects, hide_constant=False, kind="iid", with_f=True):
    """Print one column; regressors first, then the constant, then dummies in `fit`."""
    shown = range(len(names) + (0 if hide_constant else 1))
    for j in shown:
        name = names[j] if j < len(names) else "_cons"
        paper.add(table, label, name, "coef", paper.show(fit.b[j]), stars(fit.p[j]))
        beside = {"se": paper.show(fit.se[j]), "t": f"{fit.t[j]:.2f}", "p": paper.show(fit.p[j])}[paper.reading]
        paper.add(table, label, name, "paren", beside)
    for word, yes in zip(("Year FE", "City FE"), effects, strict=True):
        paper.add(table, label, word, "info", "Yes" if yes else "No")
    paper.add(table, label, "N", "stat", f"{fit.n:,}")
    paper.add(table, label, "R-squared", "stat", paper.show(fit.r2))
    paper.add(table, label, "r2_a", "stat", paper.show(1 - (1 - fit.r2) * (fit.n - 1) / (fit.n - fit.k)))
    if with_f and kind == "iid":
        k = fit.k - 1
        paper.add(table, label, "F", "stat", f"{(fit.r2 / k) / ((1 - fit.r2) / (fit.n - fit.k)):.2f}")


def simulate(seed, decimals=3):
    """Return an honest paper."""
    rng = np.random.default_rng(seed)
    paper = Paper(decimals, str(rng.choice(["se", "t", "p"], p=[0.45, 0.45, 0.1])))
    U, T, K = int(rng.integers(24, 60)), int(rng.integers(5, 12)), int(rng.integers(2, 6))
    unit, year = np.repeat(np.arange(U), T), np.tile(np.arange(T), U)
    balanced = rng.random() < 0.6
    if not balanced:
        keep = rng.random(U * T) > 0.05
        unit, year = unit[keep], year[keep]
    n = unit.size
    loading = rng.normal(size=(K, K)) * 0.5 + np.eye(K)
    x = (rng.normal(size=(U, K))[unit] + rng.normal(size=(T, K))[year] + rng.normal(size=(n, K))) @ loading
    cohort = np.where(rng.random(U) < 0.45, rng.integers(2, T, U), 99)
    did = (year >= cohort[unit]).astype(float)
    error = rng.normal(size=n) * rng.choice([1.0, 1.0, 0.5 + abs(x[:, 0]).mean()])
    slopes = rng.normal(size=K) * rng.choice([0.02, 0.2, 1.0], K)
    y = x @ slopes + 0.4 * did + rng.normal(size=U)[unit] + rng.normal(size=T)[year] + error
    y = y * rng.choice([0.2, 1.0]) + rng.choice([0.0, 5.0])
    names = [f"x{j + 1}" for j in range(K)]
    kind = str(rng.choice(["iid", "robust", "cluster"]))
    panel = Panel(y, x, names, unit, year, kind, balanced, U, T)
    _claims(paper, panel, rng)
    _descriptives(paper, np.c_[y, x], ["y", *names])
    _correlations(paper, np.c_[y, x], ["y", *names])
    _regressions(paper, panel)
    _treatment(paper, y, did)
    _split(paper, panel)
    _dynamic(paper, panel)
    _instrument(paper, y, x, rng)
    _spatial(paper, U, T, rng)
    return paper


def _claims(paper, panel, rng):
    U, T, balanced, kind = panel.units, panel.periods, panel.balanced, panel.kind
    paper.claim("units", U)
    paper.claim("years", f"{2000}-{2000 + T - 1}")
    if balanced:
        paper.claim("balanced", "yes")
    if kind == "cluster" and rng.random() < 0.5:
        paper.claim("clusters", U)
    for table in "34567":
        paper.claim("note", NOTES[paper.reading], table)
    for table in ("8", "9", "10"):
        paper.claim("note", NOTES["t"], table)
    paper.claim("note", "* p<0.05", "2")
    for table in "3458":
        paper.claim("outcome", "y", table)
    paper.claim("form", "dummy", row="did")


def _descriptives(paper, data, names):
    moments = {"Mean": np.mean, "SD": lambda v: np.std(v, ddof=1), "Min": np.min, "Median": np.median, "Max": np.max}
    for j, name in enumerate(names):
        paper.add("1", "Obs", name, "value", data.shape[0])
        for label, moment in moments.items():
            paper.add("1", label, name, "value", paper.show(moment(data[:, j])))


def _correlations(paper, data, names):
    n, R = data.shape[0], np.corrcoef(data.T)
    for j, name in enumerate(names):
        for i in range(j):
            r = R[i, j]
            p = 2 * distributions.t.sf(abs(r) * np.sqrt((n - 2) / (1 - r * r)), n - 2)
            paper.add("2", names[i], name, "pearson_r", paper.show(r, 1), "*" if p < 0.05 else "")
        paper.add("2", name, name, "pearson_r", "1")


def _regressions(paper, panel):
    y, x, unit, year, kind = panel.y, panel.x, panel.unit, panel.year, panel.kind
    one = np.ones((y.size, 1))
    for label, full, effects in (
        ("(1)", False, (False, False)),
        ("(2)", True, (False, False)),
        ("(3)", True, (True, False)),
        ("(4)", True, (True, True)),
        ("(5)", False, (True, True)),
    ):
        chosen = panel.names if full else panel.names[:1]
        parts = [x[:, : len(chosen)], one]
        parts += [dummies(year)] if effects[0] else []
        parts += [dummies(unit)] if effects[1] else []
        fit = ols(y, np.hstack(parts), kind, unit)
        column(paper, "3", label, chosen, fit, effects=effects, kind=kind)


def _treatment(paper, y, did):
    if not 5 < did.sum() < did.size - 5:
        return
    fit = ols(y, np.c_[did, np.ones(y.size)], "iid", np.zeros(y.size, int))
    column(paper, "4", "(1)", ["did"], fit, effects=(False, False))


def _split(paper, panel):
    y, x, names, unit, kind = panel.y, panel.x, panel.names, panel.unit, panel.kind
    level = np.array([x[unit == u, 0].mean() for u in range(unit.max() + 1)])
    high = level[unit] > np.median(level)
    for label, rows in (("(1) High x1", high), ("(2) Low x1", ~high)):
        codes = np.unique(unit[rows], return_inverse=True)[1]
        X = np.c_[x[rows], np.ones(rows.sum()), dummies(codes)]
        column(paper, "5", label, names, ols(y[rows], X, kind, codes), effects=(False, True), with_f=False)


def _dynamic(paper, panel):
    y, x, names, unit, year, kind = panel.y, panel.x, panel.names, panel.unit, panel.year, panel.kind
    lookup = {(u, t): v for u, t, v in zip(unit, year, y, strict=True)}
    lag = np.array([lookup.get((u, t - 1), np.nan) for u, t in zip(unit, year, strict=True)])
    rows = ~np.isnan(lag)
    X = np.c_[lag[rows], x[rows], np.ones(rows.sum())]
    column(paper, "6", "(1)", ["L.y", *names], ols(y[rows], X, kind, unit[rows]), effects=(False, False), with_f=False)


def _instrument(paper, y, x, rng):
    z = rng.normal(size=y.size)
    d = 0.5 * z + x[:, 1] * 0.3 + rng.normal(size=y.size)
    out = y + 0.5 * d
    one, groups = np.ones(y.size), np.zeros(y.size, int)
    first, reduced = ols(d, np.c_[z, one], "iid", groups), ols(out, np.c_[z, one], "iid", groups)
    paper.add("7", "IV (1)", "dep_var", "info", "d")
    paper.add("7", "IV (2)", "dep_var", "info", "w")
    paper.add("7", "RF", "dep_var", "info", "w")
    for label, fit in (("IV (1)", first), ("RF", reduced)):
        column(paper, "7", label, ["iv"], fit, effects=(False, False), with_f=False)
    b = reduced.b[0] / first.b[0]
    e = out - out.mean() - b * (d - d.mean())
    se = np.sqrt(e @ e / (y.size - 2) / ((z - z.mean()) @ (d - d.mean())) ** 2 * ((z - z.mean()) ** 2).sum())
    p = 2 * distributions.norm.sf(abs(b / se))
    paper.add("7", "IV (2)", "d", "coef", paper.show(b), stars(p))
    paper.add(
        "7", "IV (2)", "d", "paren", {"se": paper.show(se), "t": f"{b / se:.2f}", "p": paper.show(p)}[paper.reading]
    )
    paper.add("7", "IV (2)", "N", "stat", y.size)


def _spatial(paper, n, T, rng):
    W = rng.random((n, n)) * (1 - np.eye(n))
    W /= W.sum(axis=1, keepdims=True)
    b, rho = rng.normal() * 0.4, rng.uniform(-0.4, 0.85)
    S = np.linalg.inv(np.eye(n) - rho * W)
    direct, total = b * np.trace(S) / n, b * S.sum() / n
    z = {"b": rng.normal() * 3, "rho": rng.uniform(2, 9) * np.sign(rho)}
    z["b"] = abs(z["b"]) * np.sign(b)
    stars_of = {name: stars(2 * distributions.norm.sf(abs(value))) for name, value in z.items()}
    for name, value, statistic in (("x1", b, z["b"]), ("Spatial rho", rho, z["rho"])):
        paper.add("8", "SAR", name, "coef", paper.show(value), stars_of["b" if name == "x1" else "rho"])
        paper.add("8", "SAR", name, "z", f"{statistic:.2f}")
    sigma_z = np.sqrt(n * T / 2) * rng.uniform(0.9, 1.0)
    paper.add("8", "SAR", "sigma2_e", "coef", paper.show(rng.uniform(0.1, 2)), "***")
    paper.add("8", "SAR", "sigma2_e", "z", f"{sigma_z:.2f}")
    for name, value in (("Direct", direct), ("Indirect", total - direct), ("Total", total)):
        paper.add("8", "SAR", name, "effect", paper.show(value))
    paper.add("8", "SAR", "N", "stat", n * T)
    paper.add("8", "SAR", "Number of id", "stat", n)
    D, trace, d_lag, d_error = rng.uniform(5, 50), rng.uniform(5, 50), rng.normal() * 12, rng.normal() * 9
    tests = {
        "Spatial error: LM": d_error**2 / trace,
        "Spatial lag: LM": d_lag**2 / (D + trace),
        "Spatial error: Robust LM": (d_error - trace / (D + trace) * d_lag) ** 2 / (trace * (1 - trace / (D + trace))),
        "Spatial lag: Robust LM": (d_lag - d_error) ** 2 / D,
    }
    for name, value in tests.items():
        paper.add("9", "W1", name, "chi2", paper.show(value), stars(distributions.chi2.sf(value, 1)))
    s = rng.uniform(0.02, 0.1)
    for year in range(2001, 2009):
        I = rng.normal() * 0.1 + 0.1
        p = 2 * distributions.norm.sf(abs(I + 1 / (n - 1)) / s)
        paper.add("10", "W1", str(year), "moran_I", paper.show(I, 1), stars(p))


# ---- planted errors: each returns a paper with one error, or None where its tables hold no place for it


def plant(name, seed, decimals=3):
    paper = simulate(seed, decimals)
    return paper if PLANTS[name](paper, np.random.default_rng(seed + 10**6)) else None


def _more_rows(paper, rng):
    if not any(claim[0] == "balanced" for claim in paper.claims):
        return False
    cell = paper.find("3", str(rng.choice(["(2)", "(3)", "(4)"])), "N", "stat")
    n = int(cell[4].replace(",", ""))
    cell[4] = str(n + int(rng.choice([-30, -10, -1, 1, 10, 30, 100])))
    return True


def _lost_group_rows(paper, rng):
    cell = paper.find("5", "(1) High x1", "N", "stat")
    cell[4] = str(int(cell[4].replace(",", "")) + int(rng.choice([-20, -3, -1, 1, 3, 20])))
    return True


def _swapped_slopes(paper, rng):
    """Two coefficients of the pooled column are exchanged; visible where they are 30 last digits apart."""
    cells = [c for c in paper.cells if c[:2] == ["3", "(2)"] and c[3] == "coef" and c[2].startswith("x")]
    values = [float(c[4]) for c in cells]
    low, high = int(np.argmin(values)), int(np.argmax(values))
    if values[high] - values[low] < 30 * 10.0**-paper.decimals:
        return False
    cells[low][4], cells[high][4] = cells[high][4], cells[low][4]
    return True


def _swapped_moments(paper, rng):
    low, high = (paper.find("1", label, "x1", "value") for label in ("Min", "Mean"))
    low[4], high[4] = high[4], low[4]
    return True


def _star_too_many(paper, rng):
    """One star more; visible where the printed digits leave no doubt about the level under the normal."""
    step = 0.5 * 10.0**-paper.decimals
    chosen = []
    for cell in paper.cells:
        if cell[0] != "3" or cell[3] != "coef" or len(cell[5]) == 3:
            continue
        beside = float(paper.find("3", cell[1], cell[2], "paren")[4])
        b = abs(float(cell[4]))
        if paper.reading == "p":
            visible = beside - step > LEVELS[len(cell[5])]
        else:
            t = abs(beside) + 0.005 if paper.reading == "t" else (b + step) / (beside - step) if beside > step else 99
            visible = 2 * distributions.norm.sf(t) > LEVELS[len(cell[5])]
        if visible:
            chosen.append(cell)
    if not chosen:
        return False
    cell = chosen[int(rng.integers(len(chosen)))]
    cell[5] += "*"
    return True


def _se_called_t(paper, rng):
    """The note speaks of another statistic; visible where a starred coefficient tells the two apart."""
    if paper.reading == "p":
        return False
    starred = [c for c in paper.cells if c[0] == "3" and c[3] == "coef" and c[5]]
    if len(starred) < 3:
        return False
    other = {"se": "t", "t": "se"}[paper.reading]
    paper.claims = [("note", "3", "", "", NOTES[other]) if c[:2] == ("note", "3") else c for c in paper.claims]
    return True


def _wrong_total(paper, rng):
    cell = paper.find("8", "SAR", "Total", "effect")
    shift = int(rng.choice([-1, 1])) * int(rng.integers(3, 30)) * 10.0**-paper.decimals
    cell[4] = paper.show(float(cell[4]) + shift)
    return True


def _wrong_adjusted(paper, rng):
    """Adjusted R2 of the pooled column shifted; visible beyond rounding and beyond every count of dummies."""
    cell = paper.find("3", "(2)", "r2_a", "stat")
    r2 = float(paper.find("3", "(2)", "R-squared", "stat")[4])
    shift = rng.choice([0.5 * (1 - r2), -1.5 * (1 - r2)])
    if abs(shift) < 5 * 10.0**-paper.decimals:
        return False
    cell[4] = paper.show(float(cell[4]) + shift)
    return True


def _impossible_matrix(paper, rng):
    """One correlation changed so far that no rounding makes the matrix positive semidefinite."""
    cells = [c for c in paper.cells if c[3] == "pearson_r" and c[1] != c[2]]
    names = list(dict.fromkeys(c[2] for c in paper.cells if c[3] == "pearson_r"))
    for index in rng.permutation(len(cells)):
        old = cells[index][4]
        for new in (0.97, -0.97):
            cells[index][4] = paper.show(new, 1)
            R = np.eye(len(names))
            for c in cells:
                i, j = names.index(c[1]), names.index(c[2])
                R[i, j] = R[j, i] = float(c[4])
            if np.linalg.eigvalsh(R)[0] < -len(names) * 10.0 ** -(paper.decimals + 1):
                cells[index][5] = "*"
                return True
        cells[index][4] = old
    return False


PLANTS = {
    "wrong N": _more_rows,
    "wrong N of a group": _lost_group_rows,
    "swapped coefficients": _swapped_slopes,
    "swapped moments": _swapped_moments,
    "a star too many": _star_too_many,
    "standard errors called t, or t called standard errors": _se_called_t,
    "effects that do not add up": _wrong_total,
    "wrong adjusted R2": _wrong_adjusted,
    "impossible correlation matrix": _impossible_matrix,
}
SEEN_BY = {
    "wrong N": {"n_cells"},
    "wrong N of a group": {"n_split"},
    "swapped coefficients": {"ols_from_moments"},
    "swapped moments": {"moments"},
    "a star too many": {"stars"},
    "standard errors called t, or t called standard errors": {"parentheses"},
    "effects that do not add up": {"effects_sum"},
    "wrong adjusted R2": {"adj_r2", "r2_order"},
    "impossible correlation matrix": {"psd"},
}
