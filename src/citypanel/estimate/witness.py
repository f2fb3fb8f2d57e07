"""A second witness: every linear and quantile column of a record, estimated again by other software.

What is shared with our estimators is the reading of the panel (formula, condition, winsorising, lags). From there
on the numbers are those of linearmodels and statsmodels: projection, coefficients, sandwich. Their covariances are
taken without any small-sample factor, and the factor of the declared convention is computed here anew from the ranks
of explicit dummies, so that a wrong factor of ours disagrees too.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from citypanel.declare.methods import LinearOptions, QuantileOptions
from citypanel.declare.slices import specifications
from citypanel.declare.specification import Specification
from citypanel.errors import EstimationError
from citypanel.estimate.witness_testimony import Testimony, Unheard
from citypanel.result import ColumnResult, Record, TermResult

# A direct solution in double precision keeps about 16 - log10(condition) digits, and both sides lose some of them;
# columns on scales of 1e5 to one another leave eight. An error is the root of a sum of products of two such
# numbers, so it gets one digit less. What agrees to fewer digits is another convention or a fault, not rounding.
COEFFICIENT_DIGITS = 7.0
ERROR_DIGITS = 6.0
EXACT = 16.0  # digits of double precision: what equal numbers get
NEGLIGIBLE = 1e-3  # share of its standard error below which an estimate's own size says nothing

AGREES, DISAGREES, SILENT, PARTLY = "agrees", "disagrees", "no witness", "coefficient only"
COLUMNS = (
    "study",
    "analysis",
    "column",
    "term",
    "estimate",
    "estimate_witness",
    "digits",
    "se",
    "se_witness",
    "se_digits",
    "verdict",
    "witness",
    "settings",
    "remark",
    "simulated",
)
NUMBERS = COLUMNS[4:10]
METHODS = ("linear", "quantile")


def witness_rows(panel: pd.DataFrame, analysis: Mapping[str, Any], record: Record) -> pd.DataFrame:
    """Compare one record with the other software, number by number.

    Parameters
    ----------
    panel : DataFrame
        The study's panel.
    analysis : mapping
        The slice of the analysis, as `declare.slices.analysis_slice` returns it.
    record : Record
        What our estimators wrote.

    Returns
    -------
    DataFrame
        `COLUMNS`; one row per term, a row `observations` per column, and one row for a column without a witness.
    """
    found: list[dict[str, Any]] = []
    if record.method not in METHODS:
        reason = f"linearmodels and statsmodels have no estimator for method {record.method}"
        found = [_silent(column, reason) for column in record.columns]
    else:
        for column, testify in _paired(panel, specifications(analysis), record):
            try:
                found += _compared(column, testify())
            except Unheard as unheard:
                found.append(_silent(column, str(unheard)))
    place = {"study": analysis["study"], "analysis": analysis["analysis"]}
    mark = {"simulated": bool(record.sample.get("simulated"))}
    return pd.DataFrame([{**place, **row, **mark} for row in found], columns=list(COLUMNS))


def _paired(
    panel: pd.DataFrame, declared: Sequence[Specification], record: Record
) -> Iterator[tuple[ColumnResult, Callable[[], Testimony]]]:
    """Give each column of the record with the call that makes the other software estimate it."""
    columns = iter(record.columns)
    for specification in declared:
        if isinstance(specification.options, QuantileOptions):
            from citypanel.estimate.witness_quantile import quantile_testimony  # noqa: PLC0415 - statsmodels, if asked

            for tau in specification.options.quantiles:
                column = next(columns)
                yield column, partial(quantile_testimony, panel, specification, tau, column)
        elif isinstance(specification.options, LinearOptions):
            from citypanel.estimate.witness_linear import linear_testimony  # noqa: PLC0415 - linearmodels, if asked

            column = next(columns)
            yield column, partial(linear_testimony, panel, specification, column)
    left = [column.column for column in columns]
    if left:
        raise EstimationError(f"the record has columns {', '.join(left)} that the declaration does not; estimate again")


def digits(ours: float | None, theirs: float | None, scale: float = 0.0) -> float:
    """Return how many leading digits two numbers share, from 0 to 16.

    Parameters
    ----------
    ours, theirs : float or None
        A number against none shares no digit, none against none all.
    scale : float
        Least size to compare with.
    """
    if ours is None or theirs is None:
        return EXACT if ours is theirs else 0.0
    size = max(abs(ours), abs(theirs), scale)
    gap = abs(ours - theirs)
    if not np.isfinite(gap):
        return 0.0
    return EXACT if gap == 0 else float(np.clip(-np.log10(gap / size), 0.0, EXACT))


def _silent(column: ColumnResult, reason: str) -> dict[str, Any]:
    return {"column": column.column, "term": "", "verdict": SILENT, "remark": reason}


def _compared(column: ColumnResult, other: Testimony) -> list[dict[str, Any]]:
    ours = {term.term: term for term in column.terms}
    rows = [_counted(column, other)]
    rows += [_term(column, term, other) for term in column.terms]
    rows += [
        _row(column, other, name, DISAGREES, (None, other.estimates[name], 0.0))
        for name in other.estimates
        if name not in ours
    ]
    return rows


def _counted(column: ColumnResult, other: Testimony) -> dict[str, Any]:
    verdict = AGREES if column.n == other.n else DISAGREES
    shared = digits(column.n, other.n)
    return _row(column, other, "observations", verdict, (column.n, other.n, shared))


def _term(column: ColumnResult, term: TermResult, other: Testimony) -> dict[str, Any]:
    if term.term not in other.estimates and other.remark:
        return _row(column, other, term.term, SILENT, (term.estimate, None, None), (term.se, None, None))
    estimate = other.estimates.get(term.term)
    shared = digits(term.estimate, estimate, NEGLIGIBLE * (term.se or 0.0))
    verdict = AGREES if shared >= COEFFICIENT_DIGITS else DISAGREES
    if not other.errors:
        verdict = PARTLY if verdict == AGREES else verdict
        return _row(column, other, term.term, verdict, (term.estimate, estimate, shared), (term.se, None, None))
    error = other.errors.get(term.term)
    of_error = digits(term.se, error)
    verdict = verdict if of_error >= ERROR_DIGITS else DISAGREES
    return _row(column, other, term.term, verdict, (term.estimate, estimate, shared), (term.se, error, of_error))


def _row(
    column: ColumnResult, other: Testimony, term: str, verdict: str, *numbers: tuple[float | None, ...]
) -> dict[str, Any]:
    """Return a row; `numbers` are estimate, the other's, digits, then the same of the standard error if any."""
    return {
        "column": column.column,
        "term": term,
        **dict(zip(NUMBERS, (number for triple in numbers for number in triple), strict=False)),
        "verdict": verdict,
        "witness": other.witness,
        "settings": other.settings,
        "remark": other.remark,
    }


def agreement(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per study: what was heard, what could not be, and the fewest digits shared."""
    found = []
    for study, own in rows.groupby("study", sort=True):
        columns = own.groupby(["analysis", "column"], sort=False)["verdict"].agg(set)
        numbers = own[(own["term"] != "observations") & own["digits"].notna()]
        found.append(
            {
                "study": study,
                "columns": len(columns),
                "columns_without_witness": sum(verdicts == {SILENT} for verdicts in columns),
                "coefficients": len(numbers),
                "fewest_digits": numbers["digits"].min(),
                "standard_errors": int(numbers["se_digits"].notna().sum()),
                "fewest_se_digits": numbers["se_digits"].min(),
                "disagreements": int((own["verdict"] == DISAGREES).sum()),
                "simulated": bool(own["simulated"].any()),
            }
        )
    return pd.DataFrame(found)


def disagreements(rows: pd.DataFrame) -> list[str]:
    """Return a line per number on which the witnesses disagree: study, analysis, column, term and both numbers."""
    return [
        f"study {row['study']}, analysis '{row['analysis']}', column {row['column']}, term '{row['term']}': "
        f"estimate {_said(row['estimate'])} against {_said(row['estimate_witness'])}, "
        f"standard error {_said(row['se'])} against {_said(row['se_witness'])} ({row['witness']}; {row['settings']})"
        for row in rows[rows["verdict"] == DISAGREES].to_dict(orient="records")
    ]


def _said(value: object) -> str:
    return "none" if pd.isna(value) else f"{value:.17g}"  # type: ignore[call-overload]


def require_agreement(rows: pd.DataFrame) -> None:
    """Refuse rows in which the witnesses disagree; the message names study, analysis, column and term of each."""
    lines = disagreements(rows)
    if lines:
        raise EstimationError(
            f"{len(lines)} of {len(rows)} rows disagree with the second witness (fewer than {COEFFICIENT_DIGITS:g} "
            f"digits in a coefficient or {ERROR_DIGITS:g} in a standard error): " + "; ".join(lines)
        )


def read_rows(paths: Sequence[str]) -> pd.DataFrame:
    """Read and join the tables of several analyses, columns and texts as they were written."""
    texts = dict.fromkeys(("study", "analysis", "column", "term", "verdict", "witness", "settings", "remark"), str)
    gaps = {name: [""] for name in NUMBERS}
    frames = [pd.read_csv(path, dtype=texts, keep_default_na=False, na_values=gaps) for path in paths]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(COLUMNS))
