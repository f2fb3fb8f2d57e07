"""Matching on the score, and difference in differences on the matched sample (PSM-DID)."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from citypanel.arrays import Codes, Mask, Matrix, Vector
from citypanel.columns import numeric_column
from citypanel.declare.methods import LinearOptions, PsmDidOptions
from citypanel.declare.specification import Specification
from citypanel.errors import DeclarationError, EstimationError, InputError
from citypanel.estimate.balance import balance_table
from citypanel.estimate.design import INTERCEPT, Design, build_design
from citypanel.estimate.least_squares import independent_columns
from citypanel.estimate.neighbours import Matches, MatchRule, effect_on_treated, find_matches
from citypanel.estimate.outcome import Estimate
from citypanel.estimate.propensity import fit_score
from citypanel.result import Row, Value

WEIGHT = "matched_frequency"


@dataclass(frozen=True)
class Sample:
    """Rows of the outcome regression that have a score: positions in the design, covariates, treatment."""

    design: Design
    at: Codes
    X: Matrix
    names: tuple[str, ...]
    treated: Mask
    warnings: tuple[str, ...]

    @property
    def rows(self) -> pd.DataFrame:
        """All columns of these rows."""
        return self.design.rows.iloc[self.at]


@dataclass(frozen=True)
class Matched:
    """Scores, weights and counts of all rows of a sample."""

    score: Vector
    weights: Vector
    support: Mask
    matches: list[Matches]
    warnings: tuple[str, ...]


def estimate(data: pd.DataFrame, specification: Specification) -> Estimate:
    """Match, then estimate the formula on the matched sample with frequency weights.

    Raises
    ------
    DeclarationError
        An option does not fit: radius without caliper, weights beside matching.
    InputError
        The treated column is not 0 and 1.
    EstimationError
        No treated or control rows, a separated score, an empty support.
    """
    options = specification.options
    assert isinstance(options, PsmDidOptions)  # noqa: S101 - the declaration has paired method and options
    _require_sense(specification, options)
    data = data.reset_index(drop=True)
    sample = _read(data, specification, options)
    rule = match_rule(options)
    matched = _match(sample, options, rule, by_period=options.by_year and sample.design.time is not None)
    stats: dict[str, Value] = {
        "matched_rows": int(np.count_nonzero(matched.weights)),
        "on_support": int(sum(m.treated.size for m in matched.matches)),
        "treated_rows": int(np.count_nonzero(sample.treated)),
    }
    if specification.unit is None:
        stats |= _cross_section(sample, matched, rule)
    answer = _second_stage(data, sample, matched, specification)
    names = [name for name in sample.names if name != INTERCEPT]
    shown = sample.X[:, [at for at, name in enumerate(sample.names) if name != INTERCEPT]]
    columns = tuple(replace(column, stats={**column.stats, **stats}) for column in answer.columns)
    curves = {
        "balance": balance_table(shown, tuple(names), sample.treated, matched.weights),
        "scores": _score_rows(sample, matched, specification),
    }
    # The second stage weights rows by their matches; a reader knows no such column.
    later = (text.replace(f"weight {WEIGHT} is zero or missing", "not matched") for text in answer.warnings)
    warnings = tuple(dict.fromkeys((*sample.warnings, *matched.warnings, *later)))
    return Estimate(columns, answer.sample, {**answer.curves, **curves}, warnings)


def match_rule(options: PsmDidOptions) -> MatchRule:
    """Return the rule of matching that the options declare."""
    names = MatchRule.__dataclass_fields__
    return MatchRule(**{name: getattr(options, name) for name in names})


def _require_sense(specification: Specification, options: PsmDidOptions) -> None:
    if options.match == "radius" and options.caliper is None:
        raise DeclarationError("match=radius needs a caliper: the largest distance of scores, as caliper=0.05")
    if specification.weights is not None:
        raise DeclarationError("method 'psm_did' weights rows by their matches; leave weights out")


def _read(data: pd.DataFrame, specification: Specification, options: PsmDidOptions) -> Sample:
    design = build_design(data, specification)
    treated = numeric_column(design.rows, options.treated)
    known = np.isfinite(treated)
    if not np.all(np.isin(treated[known], (0.0, 1.0))):
        raise InputError(f"column '{options.treated}' must hold 0 and 1 only; it marks the treated group")
    if options.covariates:
        at, X, names, lost = _named_covariates(data, specification, options, design)
    else:
        at, (X, names), lost = np.arange(design.n), _formula_covariates(design, treated, options), ()
    at_known = known[at]
    at, X = at[at_known], X[at_known]
    missing = int(np.count_nonzero(~known))
    warnings = (
        *design.warnings,
        *lost,
        *((f"{missing} rows left out: {options.treated} is missing",) if missing else ()),
    )
    sample = Sample(design, at, X, names, treated[at] == 1, warnings)
    if not sample.treated.any() or sample.treated.all():
        found = "no treated" if not sample.treated.any() else "no untreated"
        raise EstimationError(f"column '{options.treated}': there is {found} row in the sample; matching needs both")
    return sample


def _formula_covariates(design: Design, treated: Vector, options: PsmDidOptions) -> tuple[Matrix, tuple[str, ...]]:
    """Return the formula's regressors without the treatment, which is zero wherever the group is untreated."""
    untreated = treated == 0
    chosen = [
        at
        for at, name in enumerate(design.names)
        if name not in (INTERCEPT, options.treated) and np.any(design.X[untreated, at] != 0)
    ]
    if not chosen:
        raise DeclarationError(
            "the score has no covariate: the formula holds the treatment only; set option covariates"
        )
    X = np.column_stack([design.X[:, chosen], np.ones(design.n)])
    return X, (*(design.names[at] for at in chosen), INTERCEPT)


def _named_covariates(
    data: pd.DataFrame, specification: Specification, options: PsmDidOptions, design: Design
) -> tuple[Codes, Matrix, tuple[str, ...], tuple[str, ...]]:
    formula = f"{options.treated} ~ {' + '.join(options.covariates)}"
    other = build_design(data, replace(specification, formula=formula, vcov=None))
    common, at, of_score = np.intersect1d(
        design.rows.index.to_numpy(), other.rows.index.to_numpy(), assume_unique=True, return_indices=True
    )
    if common.size == 0:
        raise EstimationError("no row has both the outcome and all covariates of the score")
    lost = design.n - common.size
    text = (f"{lost} rows left out: a covariate of the score is missing",) if lost else ()
    return at.astype(np.intp), other.X[of_score], other.names, text


def _match(sample: Sample, options: PsmDidOptions, rule: MatchRule, *, by_period: bool) -> Matched:
    """Score and match within each period, or in one pool."""
    n = sample.at.size
    score, weights = np.full(n, np.nan), np.zeros(n)
    support = np.zeros(n, dtype=np.bool_)
    found: list[Matches] = []
    warnings: list[str] = []
    for label, chosen in _pools(sample, by_period=by_period):
        treated = sample.treated[chosen]
        if not treated.any() or treated.all():
            warnings.append(f"{label} has no {'treated' if not treated.any() else 'untreated'} row and is not matched")
            continue
        try:
            part, lost = _scored(sample.X[chosen], treated, options, sample.names)
            matches = find_matches(part, treated, rule)
        except EstimationError as error:
            way_out = "; by_year=false scores all periods together"
            raise EstimationError(f"{label}: {error}{way_out}" if label else str(error)) from None
        score[chosen] = part
        weights[chosen] = matches.weights(chosen.size)
        control = part[~treated]
        support[chosen] = (part >= control.min()) & (part <= control.max()) if rule.support else True
        place = np.asarray(chosen)
        found.append(replace(matches, treated=place[matches.treated], control=place[matches.control]))
        warnings += [f"{label + ': ' if label else ''}{name} is collinear in the score and left out" for name in lost]
    if not found:
        raise EstimationError("no period holds both treated and untreated rows; set by_year=false")
    return Matched(score, weights, support, found, (*warnings, *_losses(found)))


def _pools(sample: Sample, *, by_period: bool) -> list[tuple[str, Codes]]:
    design = sample.design
    if not by_period or design.time is None:
        return [("", np.arange(sample.at.size))]
    time = design.time[sample.at]
    return [(f"period {design.periods[code]}", np.flatnonzero(time == code)) for code in np.unique(time)]


def _losses(found: list[Matches]) -> list[str]:
    off, alone = sum(m.off_support for m in found), sum(m.unmatched for m in found)
    texts = [(off, "lie outside the common support"), (alone, "find no control near enough")]
    return [f"{count} treated rows {text} and are left out" for count, text in texts if count]


def _scored(X: Matrix, treated: Mask, options: PsmDidOptions, names: tuple[str, ...]) -> tuple[Vector, list[str]]:
    # The constant comes first, so that a covariate that does not vary is the one to go.
    order = [X.shape[1] - 1, *range(X.shape[1] - 1)]
    keep = np.zeros(X.shape[1], dtype=np.bool_)
    keep[np.array(order)[independent_columns(X[:, order])]] = True
    fit = fit_score(treated.astype(np.float64), X[:, keep], options.score)
    return fit.fitted, [name for name, kept in zip(names, keep, strict=True) if not kept]


def _cross_section(sample: Sample, matched: Matched, rule: MatchRule) -> dict[str, Value]:
    effect = effect_on_treated(sample.design.y[sample.at], matched.matches[0], rule)
    return {"att": effect.att, "att_se": effect.se, "att_se_rule": effect.rule}


def _second_stage(data: pd.DataFrame, sample: Sample, matched: Matched, specification: Specification) -> Estimate:
    """Estimate the formula with matched frequencies as weights; all rows are given, because lags read them."""
    from citypanel.estimate.linear import estimate as linear  # noqa: PLC0415 - loads with the second stage only

    weights = np.zeros(len(data))
    weights[sample.rows.index.to_numpy()] = matched.weights
    declared = replace(
        specification,
        method="linear",
        options=LinearOptions(),
        weights=WEIGHT,
    )
    return linear(data.assign(**{WEIGHT: weights}), declared)


def _score_rows(sample: Sample, matched: Matched, specification: Specification) -> list[Row]:
    rows = sample.rows
    keys = [name for name in (specification.unit, specification.time) if name]
    labels = [rows[name].tolist() for name in keys]
    return [
        {
            **{name: values[at] for name, values in zip(keys, labels, strict=True)},
            "treated": int(sample.treated[at]),
            "score": float(matched.score[at]),
            "weight": float(matched.weights[at]),
            "support": bool(matched.support[at]),
        }
        for at in range(sample.at.size)
    ]
