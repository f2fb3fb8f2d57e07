"""From a fitted dynamic panel to a column of the record: variances, tests, conventions, warnings."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from citypanel.arrays import Matrix
from citypanel.declare.methods import GmmOptions
from citypanel.estimate.gmm_levels import INTERCEPT, Declared
from citypanel.estimate.gmm_moments import Fit, corrected_covariance, robust_covariance
from citypanel.estimate.gmm_system import System
from citypanel.estimate.gmm_tests import Estimated, ar_test, chi2_p, group_tests, hansen, sargan
from citypanel.result import ColumnResult, Row, TermResult, Value

UPPER = 0.975  # quantile of a 95% interval


@dataclass(frozen=True)
class Inference:
    """The variance of the reported step: as tests use it, as reported, and the distribution it is read in.

    `factor` is the small-sample factor of the reported one, `df` those of Student's t, None the normal.
    """

    estimated: Estimated
    reported: Matrix
    factor: float
    df: int | None

    def p(self, statistic: float) -> float:
        """Return the two-sided p-value."""
        tail = ndtr(-abs(statistic)) if self.df is None else stdtr(self.df, -abs(statistic))
        return float(2.0 * tail)

    @property
    def critical(self) -> float:
        """Return the half width of a 95% interval in standard errors."""
        return float(ndtri(UPPER) if self.df is None else stdtrit(self.df, UPPER))


def infer(system: System, fit: Fit, options: GmmOptions, *, iid: bool) -> Inference:
    """Choose the variance of the reported step and its small-sample factor.

    The iid variance divides by N - k, as Stata's xtabond always does and xtabond2 with `small`. The factor of
    `small` on the others is (N-1)/(N-k) G/(G-1), with G - 1 degrees of freedom (G without a constant), as in
    xtabond2.
    """
    step = options.steps - 1
    n, k = int(system.main.sum()), len(system.names)
    sigma2 = fit.sigma2[0] * fit.equations / max(fit.equations - k, 1)
    if step == 0:
        covariance = fit.bread[0] * sigma2 if iid else robust_covariance(fit)
    else:
        covariance = corrected_covariance(system.stack, fit) if options.windmeijer else fit.bread[1]
    covariance = (covariance + covariance.T) / 2
    estimated = Estimated(step=step, iid=iid, covariance=covariance, sigma2=sigma2)
    if not options.small:
        return Inference(estimated, covariance, 1.0, None)
    if iid:
        return Inference(estimated, covariance, 1.0, n - k)
    clusters = cluster_count(system)
    factor = (n - 1) / max(n - k, 1) * clusters / max(clusters - 1, 1)
    return Inference(estimated, covariance * factor, factor, clusters - (INTERCEPT in system.names))


def cluster_count(system: System) -> int:
    """Return the clusters with a row in the sample."""
    return int(np.unique(system.stack.clusters[system.main.any(axis=0)]).size)


def report(system: System, fit: Fit, inference: Inference, declared: Declared) -> ColumnResult:
    """Return the column of the record."""
    return ColumnResult(
        column="1",
        outcome=declared.formula.outcome.text,
        n=int(system.main.sum()),
        units=int(system.main.any(axis=0).sum()),
        periods=int(system.main.any(axis=1).sum()),
        clusters=cluster_count(system),
        fixed_effects=_effects(declared),
        vcov=_conventions(fit, inference, declared),
        terms=_terms(system, fit, inference),
        stats={
            **_serial_correlation(system, fit, inference, declared.options.artests),
            **_overidentification(system, fit),
            **_wald(system, fit, inference),
            "instruments": fit.weights[0].rank,
            "sigma2": fit.sigma2[inference.estimated.step],
            "transformed_rows": int(system.stack.sample[: system.stack.periods].sum()),
            "k": len(system.names),
        },
    )


def _effects(declared: Declared) -> tuple[str, ...]:
    """Return the effects the model has: the units', taken out by the transformation, and those of time dummies."""
    return (declared.unit, declared.time) if declared.options.time_dummies else (declared.unit,)


def _terms(system: System, fit: Fit, inference: Inference) -> tuple[TermResult, ...]:
    beta = fit.beta[inference.estimated.step]
    errors = np.sqrt(np.maximum(np.diag(inference.reported), 0.0))
    found = {}
    for name, estimate, se in zip(system.names, beta.tolist(), errors.tolist(), strict=True):
        statistic = estimate / se if se > 0 else None
        width = inference.critical * se
        p = None if statistic is None else inference.p(statistic)
        found[name] = TermResult(name, estimate, se, statistic, p, estimate - width, estimate + width)
    return tuple(found.get(name, TermResult(name, None)) for name in system.levels.names)


def _serial_correlation(system: System, fit: Fit, inference: Inference, orders: int) -> dict[str, Value]:
    changes = system.differenced(fit.beta[inference.estimated.step])
    stats: dict[str, Value] = {}
    for order in range(1, orders + 1):
        z, p = ar_test(system.stack, fit, inference.estimated, changes, order) or (None, None)
        stats |= {f"ar{order}_z": z, f"ar{order}_p": p}
    return stats


def _overidentification(system: System, fit: Fit) -> dict[str, Value]:
    """Return Sargan and Hansen; p-values are missing in an exactly identified model.

    The error variance in Sargan divides by the N transformed rows (xtabond2 today), by N - k (xtabond) or by
    the observations, which in system GMM are the level rows (gretl, and xtabond2 as of 2009).
    """
    k = len(system.names)
    df = fit.weights[0].rank - k
    plain = sargan(fit)
    robust = hansen(fit) if fit.has_second_step else None
    stata = plain * (fit.equations - k) / fit.equations
    gretl = plain * int(system.main.sum()) / fit.equations
    return {
        "sargan": plain,
        "sargan_df": df,
        "sargan_p": chi2_p(plain, df),
        "sargan_xtabond": stata,
        "sargan_xtabond_p": chi2_p(stata, df),
        "sargan_gretl": gretl,
        "sargan_gretl_p": chi2_p(gretl, df),
        "hansen": robust,
        "hansen_df": df,
        "hansen_p": None if robust is None else chi2_p(robust, df),
    }


def _wald(system: System, fit: Fit, inference: Inference) -> dict[str, Value]:
    """Return the joint chi2 test of all regressors but the constant and time dummies."""
    nuisance = {INTERCEPT, *system.levels.dummies}
    slopes = np.array([name not in nuisance for name in system.names])
    if not slopes.any():
        return {"wald": None, "wald_df": 0, "wald_p": None}
    beta = fit.beta[inference.estimated.step][slopes]
    statistic = float(beta @ np.linalg.pinv(inference.reported[np.ix_(slopes, slopes)]) @ beta)
    df = int(slopes.sum())
    return {"wald": statistic, "wald_df": df, "wald_p": chi2_p(statistic, df)}


def _conventions(fit: Fit, inference: Inference, declared: Declared) -> dict[str, Value]:
    options = declared.options
    two_steps = inference.estimated.step == 1
    return {
        "type": "iid" if inference.estimated.iid else "cluster",
        "by": [] if inference.estimated.iid else [declared.cluster],
        "steps": options.steps,
        "correction": "windmeijer" if two_steps and options.windmeijer else "none",
        "small": options.small,
        "factor": inference.factor,
        "df": inference.df,
        "sigma2_divisor": "N - k" if inference.estimated.iid else None,
        "estimator": "system" if options.system else "difference",
        "transform": options.transform,
        "h": options.h,
        "constant": declared.constant,
        "time_dummies": options.time_dummies,
        "gmm": "; ".join(group.text for group in declared.lags),
        "iv": "; ".join(group.text for group in declared.plain),
        "singular_two_step_weight": fit.weights[1].rank < fit.weights[0].rank,
    }


def difference_in_hansen(system: System, fit: Fit) -> list[Row]:
    """Return the curve `difference_in_hansen`: one row per group of instruments."""
    return [
        {
            "group": test.group,
            "instruments": test.difference_df,
            "hansen_without": test.statistic,
            "hansen_without_df": test.df,
            "hansen_without_p": chi2_p(test.statistic, test.df),
            "difference": test.difference,
            "difference_df": test.difference_df,
            "difference_p": chi2_p(test.difference, test.difference_df),
        }
        for test in group_tests(system.stack, fit)
    ]


def fit_warnings(system: System, fit: Fit) -> tuple[str, ...]:
    """Return what a reader must know before trusting the tests."""
    warnings = []
    count, units = fit.weights[0].rank, int(system.main.any(axis=0).sum())
    spare = system.stack.instruments.count - count
    if count > units:
        warnings.append(
            f"{count} instruments exceed {units} units: estimates lean towards least squares and Hansen's p "
            "towards 1; shorten the lag ranges (MAX) or add ':collapse'"
        )
    if spare:
        warnings.append(f"{spare} instruments are combinations of others and are not counted")
    if not fit.has_second_step:
        warnings.append(f"{cluster_count(system)} clusters do not identify a second step; there is no Hansen test")
    elif fit.weights[1].rank < count:
        warnings.append(
            f"the two-step weight is singular (rank {fit.weights[1].rank} of {count}, "
            f"{cluster_count(system)} clusters): a generalised inverse is used, so two-step estimates and "
            "the Hansen test are not to be trusted"
        )
    return tuple(warnings)
