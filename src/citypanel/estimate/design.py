"""From a panel and a specification to the numbers an estimator works on: one reading for all methods."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from citypanel.arrays import Codes, Mask, Matrix, Vector
from citypanel.columns import evaluate, existing_column, matching_rows, numeric_column, winsorised
from citypanel.declare.complaints import closest
from citypanel.declare.expression import Expression
from citypanel.declare.formula import Factor, Formula, Term, parse_formula
from citypanel.declare.specification import Specification
from citypanel.errors import CitypanelError, DeclarationError, EstimationError, InputError
from citypanel.estimate.convention import Convention, parse_convention

INTERCEPT = "Intercept"


@dataclass(frozen=True)
class Design:
    """The rows that enter an estimation, as arrays in one order, and what was left out on the way.

    `rows` holds every column of the data for the rows used, so that an estimator can fetch what is its own
    (coordinates, a cohort). `X` has the regressors in the order of writing, `Intercept` last where the
    formula has one. `unit` and `time` are codes from 0 in sorted order; `units` and `periods` are what they
    stand for. `dropped` counts the rows left out by reason. Collinear columns are still in.
    """

    formula: Formula
    convention: Convention
    rows: pd.DataFrame
    outcome: str
    y: Vector
    X: Matrix
    names: tuple[str, ...]
    effects: tuple[Codes, ...]
    effect_names: tuple[str, ...]
    endogenous: Matrix
    endogenous_names: tuple[str, ...]
    instruments: Matrix
    instrument_names: tuple[str, ...]
    weights: Vector | None
    unit: Codes | None
    units: tuple[object, ...]
    time: Codes | None
    periods: tuple[object, ...]
    dropped: dict[str, int]
    warnings: tuple[str, ...]

    @property
    def n(self) -> int:
        """Rows used."""
        return int(self.y.size)

    def codes(self, name: str) -> Codes:
        """Return a column of the rows used, or several combined as `a^b`, as codes from 0 in sorted order."""
        return combined_codes(self.rows, tuple(name.split("^")))

    def subset(self, keep: Mask) -> "Design":
        """Return the design on some of its rows; codes are counted anew so that none is empty."""
        unit, units = _kept(self.unit, self.units, keep)
        time, periods = _kept(self.time, self.periods, keep)
        return replace(
            self,
            rows=self.rows[keep],
            y=self.y[keep],
            X=self.X[keep],
            effects=tuple(np.unique(codes[keep], return_inverse=True)[1] for codes in self.effects),
            endogenous=self.endogenous[keep],
            instruments=self.instruments[keep],
            weights=None if self.weights is None else self.weights[keep],
            unit=unit,
            units=units,
            time=time,
            periods=periods,
        )


def build_design(data: pd.DataFrame, specification: Specification) -> Design:
    """Read a specification's formula on the data.

    Winsorising comes first and on all rows given, then lags, then `where`, then rows with a missing value in
    any column that is read are left out and counted. Winsorised are the numeric columns of outcome,
    regressors, endogenous and instruments with more than two values; not fixed effects, factors, panel keys.

    Raises
    ------
    DeclarationError
        A column does not exist, a lag lacks the panel keys, or formula, vcov or condition cannot be read.
    InputError
        A column is not numeric, weights are negative, or unit and time do not identify the rows of a lag.
    EstimationError
        No row is left; the message says where they went.
    """
    try:
        return _build(data, specification)
    except CitypanelError as error:
        text = str(error)
        if specification.formula in text or text.startswith(("condition", "vcov")):
            raise
        raise type(error)(f"formula '{specification.formula}': {text}") from None


def _build(data: pd.DataFrame, specification: Specification) -> Design:
    formula = parse_formula(specification.formula)
    convention = parse_convention(specification.vcov)
    keys = _key_columns(formula, convention, specification)
    _require_columns(data, [*formula.names(), *keys])
    given = _winsorised_panel(data, formula, specification)
    reader = _Reader(given, specification.unit, specification.time)
    groups = ((formula.outcome,), formula.regressors, formula.endogenous, formula.instruments)
    undefined = {term.text: reader.undefined(term) for group in groups for term in group}
    undefined |= {name: existing_column(data, name).isna().to_numpy(dtype=np.bool_) for name in keys}
    weights = _weights(data, specification.weights)
    if weights is not None:
        undefined[f"weight {specification.weights}"] = ~(weights > 0)
    keep, dropped = _complete_rows(matching_rows(given, specification.where), undefined, specification.where)
    y, X, endogenous, instruments = (reader.columns(group, keep) for group in groups)
    names, regressors = _with_intercept(*X) if formula.intercept else X
    rows = given[keep]
    unit, units = _keyed(rows, specification.unit)
    time, periods = _keyed(rows, specification.time)
    return Design(
        formula=formula,
        convention=convention,
        rows=rows,
        outcome=formula.outcome.text,
        y=y[1][:, 0],
        X=regressors,
        names=names,
        effects=tuple(combined_codes(rows, effect) for effect in formula.effects),
        effect_names=formula.effect_names,
        endogenous=endogenous[1],
        endogenous_names=endogenous[0],
        instruments=instruments[1],
        instrument_names=instruments[0],
        weights=None if weights is None else weights[keep],
        unit=unit,
        units=units,
        time=time,
        periods=periods,
        dropped=dropped,
        warnings=tuple(f"{count} rows left out: {reason}" for reason, count in dropped.items()),
    )


def _with_intercept(names: tuple[str, ...], X: Matrix) -> tuple[tuple[str, ...], Matrix]:
    return (*names, INTERCEPT), np.column_stack([X, np.ones(len(X))])


def _key_columns(formula: Formula, convention: Convention, specification: Specification) -> tuple[str, ...]:
    """Return the columns that must be present but need not be numbers."""
    clusters = [name for by in convention.by for name in by.split("^")]
    coordinates = [name for name in (convention.latitude, convention.longitude) if name]
    effects = [name for effect in formula.effects for name in effect]
    panel = [name for name in (specification.unit, specification.time) if name]
    return tuple(dict.fromkeys([*effects, *clusters, *coordinates, *panel]))


def _require_columns(data: pd.DataFrame, names: Iterable[str]) -> None:
    unknown = [name for name in dict.fromkeys(names) if name not in data.columns]
    if unknown:
        listed = ", ".join(f"'{name}'" for name in unknown)
        noun = "column" if len(unknown) == 1 else "columns"
        verb = "is" if len(unknown) == 1 else "are"
        raise DeclarationError(f"{noun} {listed} {verb} not in the data{closest(unknown[0], data.columns)}")


def _winsorised_panel(data: pd.DataFrame, formula: Formula, specification: Specification) -> pd.DataFrame:
    if not specification.winsorise:
        return data
    keys = {name for effect in formula.effects for name in effect} | {specification.unit, specification.time}
    terms = (formula.outcome, *formula.regressors, *formula.endogenous, *formula.instruments)
    factors = {part.name for term in terms for part in term.parts if isinstance(part, Factor)}
    read = dict.fromkeys(name for term in terms for name in term.names())
    columns = [
        name
        for name in read
        if name not in keys and name not in factors and np.unique(_known(numeric_column(data, name))).size > 2
    ]
    return winsorised(data, columns, specification.winsorise)


def _known(values: Vector) -> Vector:
    return values[~np.isnan(values)]


def _weights(data: pd.DataFrame, name: str | None) -> Vector | None:
    if name is None:
        return None
    weights = numeric_column(data, name)
    if np.any(weights < 0):
        raise InputError(f"weights column '{name}' holds {weights[weights < 0][0]:g}; weights must be positive")
    return weights


def _complete_rows(asked: Mask, undefined: dict[str, Mask], where: str | None) -> tuple[Mask, dict[str, int]]:
    """Return the rows without a gap, and how many rows of the asked sample each column costs, first come."""
    if not asked.any():
        raise EstimationError(f"condition '{where}' leaves no row" if where else "the data have no row")
    keep = asked.copy()
    dropped = {}
    for name, gap in undefined.items():
        lost = int((keep & gap).sum())
        if lost:
            reason = "is zero or missing" if name.startswith("weight ") else "is missing or not defined"
            dropped[f"{name} {reason}"] = lost
        keep &= ~gap
    if not keep.any():
        worst = max(dropped, key=lambda reason: dropped[reason])
        raise EstimationError(f"no row is complete; of {int(asked.sum())} rows, in {dropped[worst]} {worst}")
    return keep, dropped


@dataclass(frozen=True)
class _Reader:
    """Reads terms on the whole panel, so that lags reach beyond the rows that are asked for."""

    frame: pd.DataFrame
    unit: str | None
    time: str | None

    def undefined(self, term: Term) -> Mask:
        """Return the rows on which the term has no value."""
        gap = np.zeros(len(self.frame), dtype=np.bool_)
        for part in term.parts:
            if isinstance(part, Factor):
                gap |= existing_column(self.frame, part.name).isna().to_numpy(dtype=np.bool_)
                gap |= False if part.by is None else ~np.isfinite(numeric_column(self.frame, part.by))
            else:
                gap |= evaluate(part, self.frame, self.unit, self.time).isna().to_numpy(dtype=np.bool_)
        return gap

    def columns(self, terms: Sequence[Term], keep: Mask) -> tuple[tuple[str, ...], Matrix]:
        """Return names and columns of the terms on the rows kept."""
        named: dict[str, Vector] = {}
        for term in terms:
            product = [("", np.ones(int(keep.sum())))]
            # Parts never hold a colon themselves, so the term's text splits into theirs.
            for text, part in zip(term.text.split(":"), term.parts, strict=True):
                columns = self._part(text, part, keep)
                product = [(f"{a}:{b}" if a else b, x * z) for a, x in product for b, z in columns]
            named |= dict(product)
        matrix = np.column_stack(list(named.values())) if named else np.empty((int(keep.sum()), 0))
        return tuple(named), matrix

    def _part(self, text: str, part: Expression | Factor, keep: Mask) -> list[tuple[str, Vector]]:
        if isinstance(part, Factor):
            return _indicators(part, self.frame[keep])
        values = evaluate(part, self.frame, self.unit, self.time)
        return [(text, values.to_numpy()[keep])]


def _indicators(factor: Factor, rows: pd.DataFrame) -> list[tuple[str, Vector]]:
    codes, levels = _sorted_codes(rows[factor.name])
    written = [_written(level) for level in levels]
    if factor.reference is not None and factor.reference not in written:
        raise DeclarationError(
            f"i({factor.name}, ref={factor.reference}): there is no such value{closest(factor.reference, written)}"
        )
    base = 0 if factor.reference is None else written.index(factor.reference)
    times = np.ones(len(rows)) if factor.by is None else numeric_column(rows, factor.by)
    suffix = "" if factor.by is None else f":{factor.by}"
    return [
        (f"{factor.name}::{text}{suffix}", (codes == code) * times) for code, text in enumerate(written) if code != base
    ]


def _written(level: object) -> str:
    """Return a factor's level as a user would write it: 2011, not 2011.0."""
    return f"{level:.15g}" if isinstance(level, float) else str(level)


def _sorted_codes(column: pd.Series) -> tuple[Codes, tuple[object, ...]]:
    """Return codes in the order of the values; text beside numbers is ordered as text."""
    values = column.astype(object) if isinstance(column.dtype, pd.CategoricalDtype) else column
    try:
        codes, levels = pd.factorize(values, sort=True)
    except TypeError:
        codes, levels = pd.factorize(values.astype(str), sort=True)
    return codes.astype(np.intp), tuple(levels.tolist())


def combined_codes(rows: pd.DataFrame, names: Sequence[str]) -> Codes:
    """Return one code per combination of the columns' values, from 0 in sorted order; none may be missing."""
    codes = _sorted_codes(existing_column(rows, names[0]))[0]
    for name in names[1:]:
        other, levels = _sorted_codes(existing_column(rows, name))
        codes = np.unique(codes * len(levels) + other, return_inverse=True)[1]
    return codes.astype(np.intp)


def _keyed(rows: pd.DataFrame, name: str | None) -> tuple[Codes | None, tuple[object, ...]]:
    return (None, ()) if name is None else _sorted_codes(existing_column(rows, name))


def _kept(codes: Codes | None, levels: tuple[object, ...], keep: Mask) -> tuple[Codes | None, tuple[object, ...]]:
    if codes is None:
        return None, ()
    used, counted = np.unique(codes[keep], return_inverse=True)
    return counted.astype(np.intp), tuple(levels[code] for code in used)


def require_panel(design: Design, method: str) -> tuple[Codes, Codes]:
    """Return unit and time codes; refuse a design without keys or with two rows of one unit in one period."""
    if design.unit is None or design.time is None:
        raise DeclarationError(f"method '{method}' needs the panel's unit and time (--unit, --time)")
    cells = design.unit * len(design.periods) + design.time
    counts = np.bincount(cells)
    if counts.max() > 1:
        unit, time = divmod(int(counts.argmax()), len(design.periods))
        raise InputError(
            f"unit {design.units[unit]} has {counts.max()} rows in period {design.periods[time]}; "
            f"method '{method}' needs one"
        )
    return design.unit, design.time
