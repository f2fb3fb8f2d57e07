"""Linear columns by linearmodels (PanelOLS, IV2SLS, IVLIML, BetweenOLS, RandomEffects) and statsmodels (OLS, WLS)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from citypanel.arrays import Codes, Mask, Matrix, Vector
from citypanel.declare.methods import LinearOptions
from citypanel.declare.specification import Specification
from citypanel.estimate.convention import Convention
from citypanel.estimate.design import INTERCEPT, Design, build_design
from citypanel.estimate.witness_testimony import Testimony, Unheard
from citypanel.result import ColumnResult

DENSE_CELLS = 60_000_000  # rows times dummies up to which explicit dummies are built
RAW: dict[str, Any] = {"debiased": False}  # covariances without any factor


@dataclass(frozen=True)
class Bench:
    """A column's data for the other software: the rows left after singletons, and the terms our record kept."""

    design: Design
    options: LinearOptions
    kept: tuple[str, ...]
    constant: bool

    @property
    def convention(self) -> Convention:
        """The declared variance."""
        return self.design.convention

    @property
    def frame(self) -> pd.DataFrame:
        """Regressors that are kept, the constant (added beside fixed effects) last."""
        names = self.design.names
        columns = {name: self.design.X[:, names.index(name)] for name in self.kept if name in names}
        if self.constant and INTERCEPT not in columns:
            columns[INTERCEPT] = np.ones(self.design.n)
        return pd.DataFrame(columns, index=range(self.design.n))

    @property
    def weights(self) -> Vector | None:
        """Analytic weights, or None."""
        return self.design.weights

    def clusters(self) -> pd.DataFrame:
        """Return one column of codes per cluster variable."""
        codes = {name: self.design.codes(name) for name in self.convention.by}
        return pd.DataFrame(codes, index=range(self.design.n))

    def dummies(self, *, first: bool = True) -> Matrix:
        """Return explicit dummies of all effects; `first` says whether each effect's first level has one."""
        levels = [int(codes.max()) + 1 for codes in self.design.effects]
        if self.design.n * sum(levels) > DENSE_CELLS:
            raise Unheard(f"{sum(levels)} explicit dummies on {self.design.n} rows are too many")
        start = 0 if first else 1
        blocks = [
            (codes[:, None] == np.arange(start, size)) * 1.0
            for codes, size in zip(self.design.effects, levels, strict=True)
        ]
        return np.column_stack(blocks) if blocks else np.empty((self.design.n, 0))


def linear_testimony(panel: pd.DataFrame, specification: Specification, column: ColumnResult) -> Testimony:
    """Estimate one linear column by other software.

    Parameters
    ----------
    panel : DataFrame
    specification : Specification
    column : ColumnResult
        Ours: it says which collinear regressors stayed.

    Raises
    ------
    Unheard
        No class of the two libraries expresses the column.
    """
    options = cast("LinearOptions", specification.options)
    design = build_design(panel, specification)
    if options.singletons == "drop" and design.effects and options.estimator not in ("between", "random"):
        design = design.subset(~_alone(design.effects))
    terms = tuple(term.term for term in column.terms)
    bench = Bench(design, options, terms, INTERCEPT in terms)
    if options.estimator in ("between", "random"):
        return _random(bench)
    if design.endogenous_names:
        return _instruments(bench)
    if design.convention.kind in ("HC2", "HC3", "hac") or options.constant == "base" or not _by_panel_ols(design):
        return _dummies(bench)
    return _panel_ols(bench)


def _alone(effects: Sequence[Codes]) -> Mask:
    """Return rows that are alone in a level, found again until none is left."""
    frame = pd.DataFrame(dict(enumerate(effects)))
    left = frame
    while True:
        sizes = [left[name].map(left[name].value_counts()) for name in left]
        more = left[pd.concat(sizes, axis=1).gt(1).all(axis=1)]
        if len(more) == len(left):
            return ~frame.index.isin(left.index)
        left = more


def _keys(design: Design) -> tuple[Codes, Codes]:
    if design.unit is None or design.time is None:
        raise Unheard("linearmodels needs the panel's unit and time")
    return design.unit, design.time


def _by_panel_ols(design: Design) -> bool:
    return 0 < len(design.effects) <= 2 and design.unit is not None and design.time is not None


# --- factors: computed anew --------------------------------------------------------------------------------------


def _parameters(bench: Bench) -> tuple[int, int]:
    """Return K with all effects counted, and without those nested in the clusters, by ranks of explicit dummies."""
    slopes = len([name for name in bench.kept if name != INTERCEPT])
    if not bench.design.effects:
        return len(bench.kept), len(bench.kept)
    levels = [(codes[:, None] == np.arange(int(codes.max()) + 1)) * 1.0 for codes in bench.design.effects]
    bench.dummies()  # refuses what is too large
    full = int(np.linalg.matrix_rank(np.column_stack(levels)))
    nested = [
        dummies
        for codes, dummies in zip(bench.design.effects, levels, strict=True)
        if bench.convention.by and any(_nested(codes, own.to_numpy()) for _, own in bench.clusters().items())
    ]
    inside = int(np.linalg.matrix_rank(np.column_stack(nested))) - 1 if nested else 0
    return slopes + full, slopes + full - inside


def _nested(codes: Codes, cluster: Codes) -> bool:
    pairs = np.unique(np.column_stack([codes, cluster]), axis=0)
    return len(pairs) == np.unique(codes).size


def _factor(bench: Bench) -> tuple[float, str]:
    """Return what a covariance without factors is multiplied by, and its formula."""
    convention, n = bench.convention, bench.design.n
    if bench.options.ssc == "none" or convention.kind in ("HC2", "HC3"):
        return 1.0, "no factor"
    full, outer = _parameters(bench)
    if len(bench.design.effects) > 2:
        # reghdfe's pairwise rule leaves some redundant levels of a third effect uncounted; a rank counts them all.
        raise Unheard("more than two fixed effects: K is reghdfe's pairwise count, not a rank")
    if convention.kind in ("iid", "HC1"):
        return n / (n - full), f"n/(n-{full})"
    if convention.kind == "cluster":
        least = int(bench.clusters().nunique().min())
        return least / (least - 1) * (n - 1) / (n - outer), f"{least}/({least}-1) (n-1)/(n-{outer})"
    periods = len(bench.design.periods)
    return (n - 1) / (n - full) * periods / (periods - 1), f"(n-1)/(n-{full}) {periods}/({periods}-1)"


def _testimony(
    bench: Bench, found: pd.Series, covariance: Matrix | None, call: tuple[str, str], remark: str = ""
) -> Testimony:
    """Return estimates of a fit with the errors of a covariance that has no factor yet; `call` is who and how."""
    who, how = call
    estimates = {str(name): float(value) for name, value in found.items() if name in bench.kept}
    n = bench.design.n
    if covariance is None:
        return Testimony(estimates, {}, n, who, how, remark)
    try:
        factor, formula = _factor(bench)
    except Unheard as unheard:
        return Testimony(estimates, {}, n, who, how, str(unheard))
    if bench.convention.kind == "cluster" and len(bench.convention.by) > 1:
        # The constant beside fixed effects stays out of the repair, as in reghdfe and fixest.
        inner = [j for j, name in enumerate(found.index) if name != INTERCEPT or not bench.design.effects]
        covariance, repaired = _repaired(covariance, inner)
        formula += "; negative eigenvalues set to zero" if repaired else ""
    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0) * factor)
    by_name = {str(name): float(error) for name, error in zip(found.index, errors, strict=True) if name in bench.kept}
    return Testimony(estimates, by_name, n, who, f"{how}; times {formula}", remark)


def _repaired(covariance: Matrix, inner: Sequence[int]) -> tuple[Matrix, bool]:
    """Return a two-way variance whose block of slopes is positive semidefinite (Cameron, Gelbach and Miller 2011)."""
    values, vectors = np.linalg.eigh(covariance[np.ix_(inner, inner)])
    if values[0] >= -1e-12 * abs(values[-1]):
        return covariance, False
    fixed = covariance.copy()
    fixed[np.ix_(inner, inner)] = vectors @ np.diag(values.clip(0)) @ vectors.T
    return fixed, True


def _version(module: Any, name: str) -> str:
    return f"{module.__name__.partition('.')[0]} {module.__version__} {name}"


# --- the libraries -----------------------------------------------------------------------------------------------


def _silence(convention: Convention, *, most: int = 2) -> str:
    """Return why the errors of a convention cannot be had from either library, or nothing."""
    if convention.kind == "conley":
        return "neither library has Conley's variance"
    if convention.kind == "cluster" and len(convention.by) > most:
        return f"neither library clusters by more than {most} variables"
    return ""


def _panel_ols(bench: Bench) -> Testimony:
    import linearmodels  # noqa: PLC0415 - seconds to import
    from linearmodels.panel import PanelOLS  # noqa: PLC0415

    design = bench.design
    unit, time = _keys(design)
    index = pd.MultiIndex.from_arrays([unit, time], names=["unit", "time"])
    entity = [bool(np.array_equal(codes, unit)) for codes in design.effects]
    period = [bool(np.array_equal(codes, time)) for codes in design.effects]
    others = [codes for codes, u, t in zip(design.effects, entity, period, strict=True) if not (u or t)]
    model = PanelOLS(
        pd.Series(design.y, index=index, name="y"),
        bench.frame.set_index(index),
        weights=None if bench.weights is None else pd.Series(bench.weights, index=index, name="w"),
        entity_effects=any(entity),
        time_effects=any(period),
        other_effects=pd.DataFrame(dict(enumerate(others)), index=index) if others else None,
    )
    kinds: dict[str, dict[str, Any]] = {
        "iid": {"cov_type": "unadjusted"},
        "HC1": {"cov_type": "robust"},
        "cluster": {"cov_type": "clustered", "clusters": bench.clusters().set_index(index)},
        "dk": {"cov_type": "kernel", "kernel": "bartlett", "bandwidth": bench.convention.lags},
    }
    reason = _silence(bench.convention) or _gaps(bench)
    asked = kinds["iid"] if reason else kinds[bench.convention.kind]
    found = model.fit(**asked, **RAW, auto_df=False, count_effects=False)
    how = f"effects {'+'.join(design.effect_names)}, {asked['cov_type']}, debiased=False, count_effects=False"
    covariance = None if reason else found.cov.to_numpy()
    return _testimony(bench, found.params, covariance, (_version(linearmodels, "PanelOLS"), how), reason)


def _dummies(bench: Bench) -> Testimony:
    """Ordinary or weighted least squares with explicit dummies."""
    import statsmodels  # noqa: PLC0415 - seconds to import
    import statsmodels.api as sm  # noqa: PLC0415

    design = bench.design
    base = bench.options.constant == "base" or not design.effects
    regressors = bench.frame if base else bench.frame.drop(columns=INTERCEPT, errors="ignore")
    dummies = bench.dummies(first=not base)
    frame = pd.concat([regressors, pd.DataFrame(dummies, columns=[f"d{j}" for j in range(dummies.shape[1])])], axis=1)
    weights = np.ones(design.n) if bench.weights is None else bench.weights / bench.weights.mean()
    model = sm.WLS(design.y, frame, weights=weights)
    reason = _silence(bench.convention) or _gaps(bench)
    asked, how = _statsmodels_kind(bench, reason)
    found = model.fit(**asked)
    covariance = found.cov_params().to_numpy()
    if asked["cov_type"] == "nonrobust":
        covariance = found.normalized_cov_params.to_numpy() * float(found.ssr) / design.n
    remark = "" if base else "the constant at the means is not a coefficient of a regression with explicit dummies"
    shown = len(regressors.columns)
    place = f"explicit dummies of {'+'.join(design.effect_names)}, " if design.effects else ""
    return _testimony(
        bench,
        found.params.iloc[:shown],
        None if reason else covariance[:shown, :shown],
        (_version(statsmodels, "WLS"), f"{place}{how}"),
        reason or remark,
    )


def _statsmodels_kind(bench: Bench, reason: str) -> tuple[dict[str, Any], str]:
    kind = bench.convention.kind
    if kind == "iid" or reason:
        return {"cov_type": "nonrobust"}, "nonrobust"
    if kind in ("HC1", "HC2", "HC3"):
        robust = {"HC1": "HC0"}.get(kind, kind)
        return {"cov_type": robust}, robust
    raw: dict[str, Any] = {"use_correction": False, "df_correction": False}
    if kind == "cluster":
        clusters = bench.clusters().to_numpy()
        groups = clusters[:, 0] if clusters.shape[1] == 1 else clusters
        return {"cov_type": "cluster", "cov_kwds": {**raw, "groups": groups}}, "cluster, use_correction=False"
    lags = {**raw, "maxlags": bench.convention.lags}
    if kind == "hac":
        return {"cov_type": "hac-panel", "cov_kwds": {**lags, "groups": bench.design.unit}}, "hac-panel"
    return {"cov_type": "hac-groupsum", "cov_kwds": {**lags, "time": bench.design.time}}, "hac-groupsum"


def _gaps(bench: Bench) -> str:
    """Return why the libraries' HAC would count other lags: they go by rows or periods seen, ours by the calendar."""
    if bench.convention.kind not in ("hac", "dk"):
        return ""
    design = bench.design
    if design.unit is None or design.time is None:
        return "HAC without a panel's unit and time"
    periods = np.array(design.periods, dtype=np.float64)
    if np.any(np.diff(periods) != 1):
        return "whole periods are missing; the libraries' HAC counts those that are there, ours the calendar"
    if bench.convention.kind == "dk":
        return ""
    if not np.array_equal(np.lexsort((design.time, design.unit)), np.arange(design.n)):
        return "rows are not sorted by unit and time, as statsmodels' HAC needs"
    step = np.diff(design.time)[np.diff(design.unit) == 0]
    return "" if np.all(step == 1) else "units have gaps; statsmodels' HAC counts rows, ours the calendar"


def _instruments(bench: Bench) -> Testimony:
    import linearmodels  # noqa: PLC0415 - seconds to import
    from linearmodels.iv import IV2SLS, IVLIML  # noqa: PLC0415

    design, liml = bench.design, bench.options.estimator == "liml"
    columns = [design.y[:, None], design.endogenous, design.X, design.instruments]
    everything = np.column_stack(columns)
    if design.effects:
        everything = _demeaned(bench, everything)
    names = ["y", *design.endogenous_names, *design.names, *design.instrument_names]
    frame = pd.DataFrame(everything, columns=names)
    if bench.constant:
        frame[INTERCEPT] = 1.0
    exogenous = [name for name in bench.kept if name not in design.endogenous_names]
    model = (IVLIML if liml else IV2SLS)(
        frame["y"],
        frame[exogenous] if exogenous else None,
        frame[list(design.endogenous_names)],
        frame[_independent(frame, exogenous, design.instrument_names)],
        weights=None if bench.weights is None else pd.Series(bench.weights),
    )
    reason = _silence(bench.convention)
    if bench.convention.kind in ("hac", "dk"):
        reason = "IV2SLS has a kernel variance over rows, none within units or over periods"
    if liml and bench.convention.kind != "iid":
        reason = "IVLIML takes the scores of 2SLS for a robust variance, ours those of the k-class estimator"
    kinds: dict[str, dict[str, Any]] = {
        "iid": {"cov_type": "unadjusted"},
        "HC1": {"cov_type": "robust"},
        "cluster": {"cov_type": "clustered", "clusters": bench.clusters()},
    }
    asked = kinds["iid"] if reason else kinds[bench.convention.kind]
    found = model.fit(**asked, **RAW)
    how = f"{'demeaned by explicit dummies, ' if design.effects else ''}{asked['cov_type']}, debiased=False"
    covariance = None if reason else found.cov.to_numpy()
    who = _version(linearmodels, "IVLIML" if liml else "IV2SLS")
    return _testimony(bench, found.params, covariance, (who, how), reason)


def _demeaned(bench: Bench, columns: Matrix) -> Matrix:
    """Return residuals of columns on explicit dummies plus the columns' means."""
    roots = np.ones(bench.design.n) if bench.weights is None else np.sqrt(bench.weights)
    values, vectors = np.linalg.eigh((scaled := bench.dummies() * roots[:, None]).T @ scaled)
    basis = scaled @ (vectors[:, values > 1e-10 * values[-1]] / np.sqrt(values[values > 1e-10 * values[-1]]))
    rest = columns * roots[:, None]
    for _ in range(2):
        rest = rest - basis @ (basis.T @ rest)
    means = np.average(columns, axis=0, weights=bench.weights)
    return np.asarray(rest / roots[:, None] + means)


def _independent(frame: pd.DataFrame, exogenous: list[str], instruments: Sequence[str]) -> list[str]:
    """Return the instruments that add to the rank of what stands before them."""
    used: list[str] = []
    for name in instruments:
        block = frame[[*exogenous, *used, name]].to_numpy()
        lengths = np.linalg.norm(block, axis=0)
        if np.all(lengths > 0) and np.linalg.matrix_rank(block / lengths, tol=1e-7) == block.shape[1]:
            used.append(name)
    return used


def _random(bench: Bench) -> Testimony:
    """Between and random effects: the unadjusted and the robust variance only."""
    import linearmodels  # noqa: PLC0415 - seconds to import
    from linearmodels.panel import BetweenOLS, RandomEffects  # noqa: PLC0415

    design, between = bench.design, bench.options.estimator == "between"
    unit, time = _keys(design)
    if not all(np.array_equal(codes, unit) for codes in design.effects):
        raise Unheard("linearmodels takes between and random effects by the panel's unit only")
    index = pd.MultiIndex.from_arrays([unit, time], names=["unit", "time"])
    model = (BetweenOLS if between else RandomEffects)(
        pd.Series(design.y, index=index, name="y"), bench.frame.set_index(index)
    )
    kind = {"iid": "unadjusted", "HC1": "robust"}.get(bench.convention.kind)
    found = model.fit(cov_type=kind or "unadjusted", debiased=True)
    n = int(found.nobs) if between else design.n
    estimates = {str(name): float(value) for name, value in found.params.items()}
    errors = {str(name): float(value) for name, value in found.std_errors.items()} if kind else {}
    reason = "" if kind else "compared with an unadjusted or robust variance only"
    if bench.options.ssc == "none":
        errors, reason = {}, "ssc=none is not compared for between and random effects"
    who = _version(linearmodels, "BetweenOLS" if between else "RandomEffects")
    return Testimony(estimates, errors, n, who, f"{kind or 'unadjusted'}, debiased=True", reason)
