"""Whether the outcome of a declared column varies at all: asked of data before an estimator answers with zeros."""

import numpy as np
import pandas as pd

from citypanel.arrays import Vector
from citypanel.columns import evaluate, matching_rows
from citypanel.declare.expression import Name
from citypanel.declare.formula import Factor, Formula, parse_formula
from citypanel.declare.methods import ONE_SIDED
from citypanel.declare.specification import Specification
from citypanel.errors import EstimationError

# Methods whose unit and period effects are not written in the formula.
_OWN_EFFECTS = ("did", "gmm")


def require_variation(data: pd.DataFrame, specification: Specification) -> None:
    """Refuse an outcome that is one number in all rows asked for, or within each level of a fixed effect.

    Raises
    ------
    EstimationError
        The line names the outcome and where it does not vary. Names that are unknown are left to the estimator.
    """
    if specification.method in ONE_SIDED:
        return
    formula = parse_formula(specification.formula)
    if not set(formula.outcome.names()) <= set(data.columns):
        return
    every = _outcome(data, formula, specification)
    asked = matching_rows(data, specification.where) & np.isfinite(every)
    rows, values = data[asked], every[asked]
    if len(values) and np.ptp(values) == 0:
        raise EstimationError(
            f"key 'formula': the outcome '{formula.outcome.text}' is {values[0]:g} in all {len(values)} rows "
            "asked for; declare an outcome that varies"
        )
    for effect in _effects(formula, specification, rows):
        by = rows.groupby(list(effect), sort=False).ngroup().to_numpy()
        if len(values) > np.unique(by).size and _varies_never(values, by):
            raise EstimationError(
                f"key 'formula': the outcome '{formula.outcome.text}' does not vary within {'^'.join(effect)}, whose "
                "effects explain it wholly; leave these effects out or declare another outcome"
            )


def _outcome(data: pd.DataFrame, formula: Formula, specification: Specification) -> Vector:
    """Return the outcome in every row, nan where it is none or no number: of that the estimator tells."""
    (part,) = formula.outcome.parts
    if isinstance(part, Factor) or (isinstance(part, Name) and not pd.api.types.is_numeric_dtype(data[part.name])):
        return np.full(len(data), np.nan)
    values = evaluate(part, data, specification.unit, specification.time)
    return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan))


def _effects(formula: Formula, specification: Specification, rows: pd.DataFrame) -> list[tuple[str, ...]]:
    own = [(name,) for name in (specification.unit,) if name and specification.method in _OWN_EFFECTS]
    return [effect for effect in dict.fromkeys([*formula.effects, *own]) if set(effect) <= set(rows.columns)]


def _varies_never(values: Vector, by: np.ndarray) -> bool:
    grouped = pd.Series(values).groupby(by)
    return bool((grouped.max() == grouped.min()).all())
