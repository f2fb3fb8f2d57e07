"""Columns of a panel: expressions of other columns, lags by the calendar, row filters, winsorising.

Nothing here runs text as code: expressions come parsed, conditions are read token by token.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import assert_never

import numpy as np
import pandas as pd

from citypanel.arrays import Mask, Vector
from citypanel.declare.complaints import closest
from citypanel.declare.expression import Call, Expression, Name, Number, Operation, Shift
from citypanel.errors import DeclarationError, InputError

_FUNCTIONS: dict[str, Callable[[Vector], Vector]] = {
    "log": np.log,
    "log1p": np.log1p,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "abs": np.abs,
}
_OPERATIONS: dict[str, Callable[[Vector, Vector], Vector]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": np.float_power,
}


def numeric_column(frame: pd.DataFrame, name: str) -> Vector:
    """Return a column as floats, missing as nan.

    Raises
    ------
    DeclarationError
        The column does not exist.
    InputError
        The column holds text; the message shows the first such value.
    """
    column = existing_column(frame, name)
    if not pd.api.types.is_numeric_dtype(column):
        column = _objects_as_numbers(column, name)
    if pd.api.types.is_complex_dtype(column):
        raise InputError(f"column '{name}' holds complex numbers; real numbers are needed")
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def existing_column(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return a column; raise `DeclarationError` with the nearest name when it is not there or there twice."""
    if name not in frame.columns:
        raise DeclarationError(f"column '{name}' is not in the data{closest(name, frame.columns)}")
    # `is_unique` is kept by the index; comparing every name again would cost a tenth of a small regression.
    if not frame.columns.is_unique and (times := int((frame.columns == name).sum())) > 1:
        raise InputError(f"column '{name}' stands {times} times in the data; once is allowed")
    return frame[name]


def _objects_as_numbers(column: pd.Series, name: str) -> pd.Series:
    """Turn a column of Python objects into numbers; text, even text of digits, is refused."""
    present = column[column.notna()]
    texts = [value for value in present if isinstance(value, str)]
    if texts or isinstance(present.dtype, pd.CategoricalDtype) or column.dtype.kind in "mM":
        shown = texts[0] if texts else next(iter(present), "")
        raise InputError(f"column '{name}' is not numeric: it holds '{shown}'; numbers are needed there")
    try:
        return pd.to_numeric(column)
    except (TypeError, ValueError):
        raise InputError(f"column '{name}' is not numeric: it holds {present.dtype} values") from None


def evaluate(
    expression: Expression, frame: pd.DataFrame, unit: str | None = None, time: str | None = None
) -> pd.Series:
    """Evaluate an expression on the rows of a panel.

    Parameters
    ----------
    expression : Expression
        As `parse_expression` returns it.
    frame : DataFrame
        The rows; lags look at all of them, so filter afterwards.
    unit, time : str, optional
        Keys of the panel; needed by lags, leads and differences only.

    Returns
    -------
    Series of floats on the frame's index. What is not defined (logarithm of zero, division by zero,
    a lag before the first period) is nan.

    Raises
    ------
    DeclarationError
        A column does not exist, or a lag is used without `unit` and `time`.
    InputError
        A column is not numeric, or unit and time do not identify a row.

    Notes
    -----
    Lags follow the calendar as in Stata: `L1.x` is the value one period earlier, not one row earlier, and
    `D2.x` is the difference of the difference.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        values = np.broadcast_to(_value(expression, frame, unit, time), (len(frame),)).astype(np.float64)
    values[~np.isfinite(values)] = np.nan
    return pd.Series(values, index=frame.index)


def _value(expression: Expression, frame: pd.DataFrame, unit: str | None, time: str | None) -> Vector:
    match expression:
        case Number(value):
            return np.asarray(value, dtype=np.float64)
        case Name(name):
            return numeric_column(frame, name)
        case Shift():
            return _shifted(expression, frame, unit, time)
        case Call(function, argument):
            return _FUNCTIONS[function](_value(argument, frame, unit, time))
        case Operation(operator, left, right):
            return _OPERATIONS[operator](_value(left, frame, unit, time), _value(right, frame, unit, time))
        case _:
            assert_never(expression)


def _shifted(shift: Shift, frame: pd.DataFrame, unit: str | None, time: str | None) -> Vector:
    if unit is None or time is None:
        written = f"{shift.kind}{shift.periods}.{shift.name}"
        raise DeclarationError(f"'{written}' needs the panel's unit and time (--unit, --time)")
    values = numeric_column(frame, shift.name)
    if shift.kind == "D":
        for _ in range(shift.periods):
            values = values - shifted_values(values, frame, (unit, time), 1)
        return values
    return shifted_values(values, frame, (unit, time), shift.periods if shift.kind == "L" else -shift.periods)


def shifted_values(values: Vector, frame: pd.DataFrame, keys: tuple[str, str], lag: int) -> Vector:
    """Return `values` of the same unit `lag` periods earlier (later when negative); nan where there are none.

    Parameters
    ----------
    values : array, shape (rows,)
    frame : DataFrame
        Holds the panel keys of the rows.
    keys : pair of str
        The columns of unit and time; time must be whole numbers.
    lag : int
        Periods of the calendar, so a gap in the years gives nan, not the row before.

    Raises
    ------
    InputError
        Time is not whole numbers, or a unit has two rows in one period.
    """
    unit, time = keys
    units = pd.factorize(existing_column(frame, unit))[0]
    periods = numeric_column(frame, time)
    known = (units >= 0) & np.isfinite(periods)
    if np.any(periods[known] != np.floor(periods[known])):
        raise InputError(f"time column '{time}' is not in whole numbers; lags need a calendar of whole periods")
    result = np.full(len(frame), np.nan)
    if not known.any():
        return result
    first, last = periods[known].min(), periods[known].max()
    span = int(last - first) + 1
    cells = units[known].astype(np.int64) * span + (periods[known] - first).astype(np.int64)
    order = np.argsort(cells, kind="stable")
    ordered = cells[order]
    twice = np.flatnonzero(ordered[1:] == ordered[:-1])
    if twice.size:
        row = frame[known].iloc[order[twice[0]]]
        raise InputError(f"{unit} {row[unit]} has two rows in {time} {row[time]}; lags need one row per period")
    wanted_period = periods[known] - first - lag
    wanted = cells - lag
    at = np.minimum(np.searchsorted(ordered, wanted), ordered.size - 1)
    found = (ordered[at] == wanted) & (wanted_period >= 0) & (wanted_period < span)
    result[known] = np.where(found, values[known][order[at]], np.nan)
    return result


# --- conditions on rows -------------------------------------------------------------------------------------

_CONDITION_TOKEN = re.compile(
    r"""\s*(?:
        (?P<quoted>"[^"]*"|'[^']*'|`[^`]*`)
      | (?P<operator>==|!=|<=|>=|<|>|=)
      | (?P<comma>,)
      | (?P<word>[^\s,=!<>"'`]+)
    )""",
    re.VERBOSE,
)
_COMPARISONS: dict[str, Callable[[Vector, float], Mask]] = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


@dataclass(frozen=True)
class Condition:
    """`column operator values`; only `in` has several wanted values, kept as written."""

    column: str
    operator: str
    wanted: tuple[str, ...]


def parse_where(text: str) -> tuple[Condition, ...]:
    """Parse `COLUMN OP VALUE[ and ...]` with OP one of `== != < <= > >= in`.

    Text may be quoted; a column with blanks stands in backquotes; `in` takes `a,b,c`.
    """
    tokens = _condition_tokens(text)
    conditions, at = [], 0
    while True:
        condition, at = _condition(text, tokens, at)
        conditions.append(condition)
        if at == len(tokens):
            return tuple(conditions)
        if tokens[at] != ("word", "and"):
            raise DeclarationError(f"condition '{text}': 'and' is expected where '{tokens[at][1]}' stands")
        at += 1


def _condition_tokens(text: str) -> list[tuple[str, str]]:
    tokens, at, stripped = [], 0, text.rstrip()
    while at < len(stripped):
        match = _CONDITION_TOKEN.match(stripped, at)
        if match is None:
            raise DeclarationError(f"condition '{text}': '{stripped[at:].strip()[:20]}' cannot be read")
        kind = str(match.lastgroup)
        value = match[kind]
        tokens.append(("column" if value.startswith("`") else kind, value.strip("\"'`") if kind == "quoted" else value))
        at = match.end()
    return tokens


def _condition(text: str, tokens: list[tuple[str, str]], at: int) -> tuple[Condition, int]:
    form = "COLUMN OP VALUE[ and ...] with OP one of ==, !=, <, <=, >, >=, in"
    if len(tokens) - at < 3 or tokens[at][0] not in ("word", "column"):
        raise DeclarationError(f"condition '{text}': it is not complete; the form is {form}")
    column, operator = tokens[at][1], tokens[at + 1][1]
    if operator not in _COMPARISONS and tokens[at + 1] != ("word", "in"):
        raise DeclarationError(f"condition '{text}': '{operator}' is not a comparison; the form is {form}")
    values, at = [], at + 2
    while at < len(tokens) and tokens[at][0] in ("word", "quoted"):
        values.append(tokens[at][1])
        at += 1
        if operator != "in" or at == len(tokens) or tokens[at][0] != "comma":
            break
        at += 1
    if not values:
        raise DeclarationError(f"condition '{text}': a value is missing; the form is {form}")
    return Condition(column, operator, tuple(values)), at


def matching_rows(frame: pd.DataFrame, where: str | None) -> Mask:
    """Return which rows meet the condition; a missing value meets none, `!=` included."""
    mask = np.ones(len(frame), dtype=np.bool_)
    for condition in parse_where(where) if where else ():
        mask &= _meets(frame, condition)
    return mask


def filter_rows(frame: pd.DataFrame, where: str | None) -> pd.DataFrame:
    """Return the rows that meet `COLUMN OP VALUE[ and ...]`; all of them when there is no condition.

    Raises
    ------
    DeclarationError
        The condition cannot be read, names an unknown column, or compares a number with text.
    """
    return frame[matching_rows(frame, where)] if where else frame


def _meets(frame: pd.DataFrame, condition: Condition) -> Mask:
    column = existing_column(frame, condition.column)
    if pd.api.types.is_numeric_dtype(column):
        return _meets_numbers(numeric_column(frame, condition.column), condition)
    if condition.operator not in ("==", "!=", "in"):
        raise DeclarationError(
            f"condition on '{condition.column}': {condition.operator} needs a numeric column; "
            "text can be compared by ==, != and in"
        )
    texts = column.astype("string")
    found = texts.isin(condition.wanted).to_numpy(dtype=np.bool_)
    present = column.notna().to_numpy(dtype=np.bool_)
    return present & (~found if condition.operator == "!=" else found)


def _meets_numbers(values: Vector, condition: Condition) -> Mask:
    try:
        numbers = [float(value) for value in condition.wanted]
    except ValueError:
        found = ", ".join(condition.wanted)
        raise DeclarationError(
            f"column '{condition.column}' is numeric and cannot be compared with '{found}'"
        ) from None
    if condition.operator == "in":
        return np.isin(values, numbers)
    return _COMPARISONS[condition.operator](values, numbers[0]) & ~np.isnan(values)


# --- winsorising --------------------------------------------------------------------------------------------


def order_percentile(values: Vector, share: float) -> float:
    """Return the percentile by Stata's order-statistic rule; nan without any value.

    With h = n * share: the mean of the h-th and (h+1)-th smallest value when h is whole, else the one of rank
    ceil(h). 410 values at .01 and .99 give the 5th and the 406th. Source: Stata manual, [D] pctile; the
    rule of `summarize, detail`, `_pctile` and therefore `winsor2`.
    """
    ordered = np.sort(values[~np.isnan(values)])
    n = ordered.size
    if n == 0:
        return float("nan")
    rank = n * share
    whole = round(rank)
    # .07 * 100 is 7.000000000000001 in binary: a rank this close to whole is meant to be whole.
    if abs(rank - whole) < 1e-9 * max(n, 1):
        return float(ordered[np.clip([whole - 1, whole], 0, n - 1)].mean())
    return float(ordered[min(int(np.ceil(rank)) - 1, n - 1)])


def winsorised(frame: pd.DataFrame, columns: Sequence[str], shares: Sequence[float]) -> pd.DataFrame:
    """Return the frame with `columns` cut at a lower and an upper percentile of their own values.

    Parameters
    ----------
    frame : DataFrame
    columns : sequence of str
        Numeric columns; missing values stay missing.
    shares : two floats
        As `(0.01, 0.99)`; percentiles by `order_percentile`.

    Raises
    ------
    DeclarationError
        The shares are not `0 <= lower < upper <= 1`, or a column does not exist.
    """
    if len(shares) != 2 or not 0 <= shares[0] < shares[1] <= 1:
        given = ", ".join(str(share) for share in shares)
        raise DeclarationError(f"winsorise is '{given}'; two shares with 0 <= lower < upper <= 1 are needed")
    cut = {}
    for name in columns:
        values = numeric_column(frame, name)
        low, high = order_percentile(values, shares[0]), order_percentile(values, shares[1])
        cut[name] = np.clip(values, low, high) if np.isfinite(low) else values
    return frame.assign(**cut)
