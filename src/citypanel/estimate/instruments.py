"""Two-stage least squares and limited-information maximum likelihood with any number of fixed effects."""

from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from scipy import special

from citypanel.arrays import Matrix, Vector
from citypanel.declare.methods import LinearOptions
from citypanel.errors import DeclarationError, EstimationError
from citypanel.estimate.absorbed import absorbed_parameters
from citypanel.estimate.design import INTERCEPT, Design
from citypanel.estimate.fit import (
    Fit,
    Outcome,
    column_means,
    fit_statistics,
    slopes_test,
    weighted,
    with_constant,
)
from citypanel.estimate.inference import chi2_tail, terms_of, wald_f
from citypanel.estimate.least_squares import LeastSquares, dropped_names, independent_columns
from citypanel.estimate.outcome import Estimate
from citypanel.estimate.regression import as_estimate, fit_warnings, neighbours_of, without_singletons
from citypanel.estimate.variance import Neighbours, meat_of, variance
from citypanel.estimate.weak_instruments import (
    Reduced,
    ReducedForm,
    anderson_rubin,
    anderson_rubin_set,
    cragg_donald_f,
    effective_f,
    kleibergen_paap,
    stock_yogo,
)
from citypanel.result import Row, Value
from citypanel.within import FixedEffects


@dataclass(frozen=True)
class System:
    """Outcome, endogenous, exogenous and instruments less the fixed effects, times the weights' roots.

    `W` holds the exogenous regressors, `Z` the excluded instruments; collinear ones are gone. `absorbed` and
    `nested` count the fixed effects in full and without those nested in the clusters.
    """

    y: Vector
    Y: Matrix
    W: Matrix
    Z: Matrix
    endogenous: tuple[str, ...]
    exogenous: tuple[str, ...]
    instruments: tuple[str, ...]
    dropped: tuple[str, ...]
    absorbed: int
    nested: int
    roots: Vector | None
    means: Vector
    raw: Vector

    @property
    def names(self) -> tuple[str, ...]:
        """Regressors in the order of the coefficients: endogenous first, as fixest prints them."""
        return (*self.endogenous, *self.exogenous)

    @property
    def regressors(self) -> Matrix:
        """Regressors of the structural equation."""
        return np.column_stack([self.Y, self.W])

    @property
    def first_parameters(self) -> tuple[int, int]:
        """What a first stage estimates, with all fixed effects and without nested ones."""
        own = self.W.shape[1] + self.Z.shape[1]
        return own + self.absorbed, own + self.nested


def estimate_instruments(design: Design, options: LinearOptions) -> Estimate:
    """Estimate a design with instruments by 2SLS or LIML, with the first stage and its tests.

    Raises
    ------
    DeclarationError
        The estimator does not take instruments.
    EstimationError
        Fewer usable instruments than endogenous variables, or no degree of freedom.
    """
    if options.estimator in ("between", "random", "within"):
        raise DeclarationError(f"estimator {options.estimator} does not take instruments; use 2sls or liml")
    if design.convention.kind in ("HC2", "HC3"):
        raise DeclarationError(f"vcov {design.convention.kind} is not defined with instruments; use hetero")
    design, lost = without_singletons(design, options)
    neighbours = neighbours_of(design)
    system = build_system(design, neighbours)
    liml = options.estimator == "liml"
    kappa = liml_kappa(system) if liml else 1.0
    fitted = fit_kclass(system, design, neighbours, kappa, ssc=options.ssc)
    tests = _Diagnosis(system, design, neighbours, options.ssc)
    stats: dict[str, Value] = {"estimator": "liml" if liml else "2sls", "kappa": kappa, **tests.strength(liml=liml)}
    stats |= tests.overidentification(fitted, kappa) | tests.endogeneity()
    curve, more = tests.first_stage()
    warnings = (*lost, *fit_warnings(design, fitted))
    return as_estimate(design, fitted, warnings=warnings, stats={**stats, **more}, curves={"first_stage": curve})


def build_system(design: Design, neighbours: Neighbours) -> System:
    """Project the design on its fixed effects and leave out collinear columns."""
    roots = None if design.weights is None else np.sqrt(design.weights / design.weights.mean())
    order = [*(j for j, name in enumerate(design.names) if name == INTERCEPT)]
    order += [j for j, name in enumerate(design.names) if name != INTERCEPT]
    W, names = design.X[:, order], tuple(design.names[j] for j in order)
    blocks = [design.y[:, None], design.endogenous, W, design.instruments]
    columns = np.column_stack(blocks)
    means = column_means(columns, roots)
    centred = columns - means if design.effects else columns
    lengths = np.sqrt(np.sum(weighted(centred, roots) ** 2, axis=0))
    projected = FixedEffects(design.effects, None if roots is None else roots**2).residuals(centred)
    scaled = weighted(projected, roots)
    K = design.endogenous.shape[1]
    exogenous = scaled[:, 1 + K :]
    kept = independent_columns(exogenous, lengths[1 + K :])
    keep_W, keep_Z = kept[kept < len(names)], kept[kept >= len(names)] - len(names)
    dropped = dropped_names((*names, *design.instrument_names), kept)
    _require_instruments(design, keep_Z.size, dropped)
    used = np.column_stack([exogenous[:, keep_W], scaled[:, 1 : 1 + K]])
    _require_variation(design, used, lengths[[*(1 + K + keep_W), *range(1, 1 + K)]])
    # Without fixed effects the constant stands last; with them it is added afterwards.
    keep_W = np.array(sorted(keep_W, key=lambda j: names[j] == INTERCEPT), dtype=np.intp)
    at = np.array([0, *range(1, 1 + K), *(1 + K + keep_W)], dtype=np.intp)
    return System(
        y=scaled[:, 0],
        Y=scaled[:, 1 : 1 + K],
        W=exogenous[:, keep_W],
        Z=exogenous[:, len(names) + keep_Z],
        endogenous=design.endogenous_names,
        exogenous=tuple(names[j] for j in keep_W),
        instruments=tuple(design.instrument_names[j] for j in keep_Z),
        dropped=dropped,
        absorbed=absorbed_parameters(design.effects),
        nested=absorbed_parameters(design.effects, neighbours.clusters),
        roots=roots,
        means=means[at],
        raw=weighted(centred, roots)[:, 0],
    )


def _require_instruments(design: Design, usable: int, dropped: tuple[str, ...]) -> None:
    K = design.endogenous.shape[1]
    if usable < K:
        gone = f"; left out as collinear or absorbed: {', '.join(dropped)}" if dropped else ""
        raise EstimationError(
            f"formula '{design.formula.text}': {K} endogenous variables need as many instruments, "
            f"{usable} are usable{gone}"
        )


def _require_variation(design: Design, used: Matrix, lengths: Vector) -> None:
    if independent_columns(used, lengths).size < used.shape[1]:
        raise EstimationError(
            f"formula '{design.formula.text}': an endogenous variable is a combination of the other regressors"
        )


def _residuals(columns: Matrix, on: Matrix) -> Matrix:
    """Return the residuals of columns on others by QR; the columns themselves when there are none."""
    if not on.shape[1]:
        return columns
    Q = np.linalg.qr(on)[0]
    once = columns - Q @ (Q.T @ columns)
    return np.asarray(once - Q @ (Q.T @ once))


def liml_kappa(system: System) -> float:
    """Return the least root of det(Y'M_W Y - kappa Y'M_Z Y) = 0, y among the Y: Davidson and MacKinnon (1993)."""
    both = np.column_stack([system.y, system.Y])
    without = _residuals(both, system.W)
    beyond = _residuals(both, np.column_stack([system.W, system.Z]))
    lower = np.linalg.cholesky(beyond.T @ beyond)
    turned = np.linalg.solve(lower, np.linalg.solve(lower, without.T @ without).T)
    return float(np.linalg.eigvalsh((turned + turned.T) / 2)[0])


def fit_kclass(system: System, design: Design, neighbours: Neighbours, kappa: float, *, ssc: str) -> Fit:
    """Fit the k-class estimator: 2SLS at kappa 1, LIML at its root.

    The bread is (X'(I - kappa M_Z)X)^-1, the scores are of (I - kappa M_Z)X.
    """
    X = system.regressors
    beyond = _residuals(X, np.column_stack([system.W, system.Z]))
    fitted = X - kappa * beyond
    scale = np.sqrt(np.sum(fitted**2, axis=0))
    inverse = np.linalg.inv((fitted / scale).T @ (X / scale))
    bread = (inverse + inverse.T) / 2 / np.outer(scale, scale)
    coefficients = bread @ (fitted.T @ system.y)
    coefficients = coefficients + bread @ (fitted.T @ (system.y - X @ coefficients))
    residuals = system.y - X @ coefficients
    solution = LeastSquares(np.arange(X.shape[1]), coefficients, residuals, bread)
    names, regressors = system.names, fitted
    if design.effects:
        solution, regressors = with_constant(solution, fitted, system.means, system.roots)
        names = (*names, INTERCEPT)
    k, nested = X.shape[1] + system.absorbed, X.shape[1] + system.nested
    found = variance(
        design.convention, neighbours, solution.bread, (regressors, residuals), (k, nested), ssc=ssc, slopes=X.shape[1]
    )
    outcome = Outcome(system.y, system.raw, system.roots, INTERCEPT in names)
    stats = fit_statistics(outcome, residuals, k, system.absorbed)
    stats |= slopes_test(names, solution.coefficients, found)
    unweighted = residuals if system.roots is None else residuals / system.roots
    return Fit(names, solution.coefficients, found, unweighted, k, system.dropped, stats)


@dataclass(frozen=True)
class _Diagnosis:
    """The tests that go with a system."""

    system: System
    design: Design
    neighbours: Neighbours
    ssc: str

    def _form(self, column: Vector) -> tuple[ReducedForm, Fit]:
        """Return the instruments' block of a regression of a column on instruments and exogenous regressors."""
        system = self.system
        fitted = fit_on(
            column, np.column_stack([system.Z, system.W]), self.design, self.neighbours, system, ssc=self.ssc
        )
        L = system.Z.shape[1]
        block = ReducedForm(fitted.coefficients[:L], fitted.variance.matrix[:L, :L], fitted.variance.df)
        return block, fitted

    def _reduced(self) -> Reduced:
        system = self.system
        full, nested = system.first_parameters
        n = system.y.size
        factor = {"cluster": (n - 1) / (n - nested)}.get(self.design.convention.kind, n / (n - full))
        if self.neighbours.clusters:
            least = min(int(codes.max()) + 1 for codes in self.neighbours.clusters)
            factor *= least / (least - 1)
        if self.design.convention.kind in ("hac", "dk") and self.neighbours.time is not None:
            periods = np.unique(self.neighbours.time).size
            factor = (n - 1) / (n - full) * periods / (periods - 1)
        return Reduced(
            Y=_residuals(system.Y, system.W),
            Z=_residuals(system.Z, system.W),
            parameters=full,
            factor=factor if self.ssc != "none" else 1.0,
            convention=self.design.convention,
            neighbours=self.neighbours,
        )

    def strength(self, *, liml: bool) -> dict[str, Value]:
        """Return the tests of weak and of irrelevant instruments, and the Anderson-Rubin test and set."""
        system, reduced = self.system, self._reduced()
        K, L = system.Y.shape[1], system.Z.shape[1]
        outcome, _ = self._form(system.y)
        found: dict[str, Value] = {
            "effective_f": effective_f(reduced),
            **kleibergen_paap(reduced),
            "cragg_donald_f": cragg_donald_f(reduced),
            **stock_yogo(K, L, liml=liml),
            **anderson_rubin(outcome),
        }
        if K == 1:
            x = system.Y[:, 0]
            critical = f_quantile(0.95, L, outcome.df)
            found |= anderson_rubin_set(outcome, self._form(x)[0], self._form(system.y - x)[0], critical)
        return found

    def first_stage(self) -> tuple[list[Row], dict[str, Value]]:
        """Return the first stages as a curve, and F of the excluded instruments by the declared variance."""
        system = self.system
        curve: list[Row] = []
        by_name: dict[str, Value] = {}
        p = None
        for j, name in enumerate(system.endogenous):
            block, fitted = self._form(system.Y[:, j])
            test = wald_f(block.coefficients, block.matrix, block.df)
            by_name[name], p = test["f"], test["f_p"] if p is None else p
            found = fitted.variance
            terms = terms_of(fitted.names, fitted.coefficients, found.se, found.df)
            curve += [
                {
                    "endogenous": name,
                    "term": term.term,
                    "estimate": term.estimate,
                    "se": term.se,
                    "statistic": term.statistic,
                    "p": term.p,
                }
                for term in terms
            ]
        first = by_name[system.endogenous[0]]
        stats: dict[str, Value] = {"first_stage_f": first, "first_stage_p": p}
        if len(by_name) > 1:
            stats["first_stage_f_by"] = by_name
        return curve, stats

    def overidentification(self, fitted: Fit, kappa: float) -> dict[str, Value]:
        """Return Sargan's statistic, and Hansen's J of two-step GMM where the variance is robust."""
        system = self.system
        df = system.Z.shape[1] - system.Y.shape[1]
        empty: dict[str, Value] = {"sargan": None, "hansen_j": None, "overid_p": None, "overid_df": df}
        if df == 0:
            return empty
        residuals = fitted.residuals if system.roots is None else fitted.residuals * system.roots
        Z = np.column_stack([system.W, system.Z])
        explained = residuals - _residuals(residuals[:, None], Z)[:, 0]
        n = residuals.size
        sargan = n * float(explained @ explained) / float(residuals @ residuals)
        if kappa != 1.0:
            sargan = n * (1 - 1 / kappa)
        robust = self.design.convention.kind != "iid"
        hansen = self._hansen(Z, residuals) if robust else None
        p = chi2_tail(cast("float", hansen if robust else sargan), df) if (hansen or not robust) else None
        return {"sargan": sargan, "hansen_j": hansen, "overid_p": p, "overid_df": df}

    def _hansen(self, Z: Matrix, residuals: Vector) -> float | None:
        """Return J at the two-step GMM estimate; None when the weight matrix has no inverse (few clusters)."""
        system = self.system
        Q = np.linalg.qr(Z)[0]
        meat = meat_of(self.design.convention, self.neighbours, Q * residuals[:, None])
        values = np.linalg.eigvalsh(meat)
        if values[0] <= 1e-12 * values[-1]:
            return None
        weight = np.linalg.inv(meat)
        QX, Qy = Q.T @ system.regressors, Q.T @ system.y
        second = np.linalg.solve(QX.T @ weight @ QX, QX.T @ weight @ Qy)
        moments = Qy - QX @ second
        return float(moments @ weight @ moments)

    def endogeneity(self) -> dict[str, Value]:
        """Return the Wu-Hausman test: the first-stage residuals added to the equation, classical and by vcov."""
        system = self.system
        K = system.Y.shape[1]
        residuals = _residuals(system.Y, np.column_stack([system.W, system.Z]))
        columns = np.column_stack([residuals, system.regressors])
        lengths = np.sqrt(np.sum(columns**2, axis=0))
        if independent_columns(columns, lengths).size < columns.shape[1]:
            return {"wu_hausman_f": None, "wu_hausman_p": None, "endogeneity_f": None, "endogeneity_p": None}
        found: dict[str, Value] = {}
        for key, convention in (("wu_hausman", replace(self.design.convention, kind="iid")), ("endogeneity", None)):
            design = self.design if convention is None else replace(self.design, convention=convention)
            fitted = fit_on(system.y, columns, design, self.neighbours, system, ssc=self.ssc)
            test = wald_f(fitted.coefficients[:K], fitted.variance.matrix[:K, :K], fitted.variance.df)
            found |= {f"{key}_f": test["f"], f"{key}_p": test["f_p"]}
        return found


def fit_on(y: Vector, X: Matrix, design: Design, neighbours: Neighbours, system: System, *, ssc: str) -> Fit:
    """Fit an auxiliary regression on columns that are already projected and weighted."""
    names = [*system.instruments, *system.exogenous][: X.shape[1]]
    names += [f"residual {j}" for j in range(X.shape[1] - len(names))]
    own = X.shape[1]
    scale = np.sqrt(np.sum(X**2, axis=0))
    Q, R = np.linalg.qr(X / scale)
    inverse = np.linalg.inv(R) / scale[:, None]
    coefficients = inverse @ (Q.T @ y)
    residuals = y - X @ coefficients
    bread = inverse @ inverse.T
    parameters = own + system.absorbed, own + system.nested
    found = variance(design.convention, neighbours, bread, (X, residuals), parameters, ssc=ssc)
    return Fit(tuple(names), coefficients, found, residuals, parameters[0], (), {})


def f_quantile(share: float, df1: float, df2: float) -> float:
    """Return the quantile of F; chi2/df1 when df2 is infinite."""
    if np.isinf(df2):
        return float(special.chdtri(df1, 1 - share)) / df1
    return float(special.fdtri(df1, df2, share))
