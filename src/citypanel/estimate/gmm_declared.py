"""Instrument lists as written: `gmm=VAR:MIN:MAX[:collapse][:eq=...];...` and `iv=VAR,VAR[:eq=...];...`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NoReturn

from citypanel.declare.expression import Expression, names_in, parse_expression
from citypanel.errors import DeclarationError

Equation = Literal["diff", "level", "both"]
_EQUATIONS: dict[str, Equation] = {"diff": "diff", "level": "level", "both": "both"}
_GMM_FORM = "VAR:MIN:MAX[:collapse][:eq=diff|level|both], groups parted by ';'"
_IV_FORM = "VAR,VAR[:eq=diff|level|both], groups parted by ';'"


@dataclass(frozen=True)
class Instrument:
    """One instrumenting variable: its text and what it means."""

    text: str
    expression: Expression


@dataclass(frozen=True)
class LagInstruments:
    """`gmm=`: lags `first` to `last` of each variable, one column per period and lag unless collapsed."""

    text: str
    variables: tuple[Instrument, ...]
    first: int
    last: int
    collapse: bool
    equation: Equation


@dataclass(frozen=True)
class PlainInstruments:
    """`iv=`: variables that instrument themselves, one column each."""

    text: str
    variables: tuple[Instrument, ...]
    equation: Equation


Instruments = LagInstruments | PlainInstruments


def parse_lag_instruments(text: str) -> tuple[LagInstruments, ...]:
    """Parse `n:2:99;w,k:1:3:collapse:eq=diff`.

    Raises
    ------
    DeclarationError
        The message quotes the group and states the form.
    """
    return tuple(_lag_group(part) for part in _groups(text))


def parse_plain_instruments(text: str) -> tuple[PlainInstruments, ...]:
    """Parse `w,k:eq=diff;z`; raise `DeclarationError` that quotes the group and states the form."""
    return tuple(_plain_group(part) for part in _groups(text))


def instrument_columns(groups: Sequence[Instruments]) -> tuple[str, ...]:
    """Return the columns of the data that the groups read, each once, in the order of writing."""
    names = [n for group in groups for variable in group.variables for n in names_in(variable.expression)]
    return tuple(dict.fromkeys(names))


def _groups(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]


def _lag_group(text: str) -> LagInstruments:
    fields = [field.strip() for field in text.split(":")]
    if len(fields) < 3:
        _refuse("gmm", text, "the lags are missing", _GMM_FORM)
    first, last = (_lag(text, field) for field in fields[1:3])
    if first > last:
        _refuse("gmm", text, f"MIN {first} is larger than MAX {last}", _GMM_FORM)
    collapse, equation = False, None
    for field in fields[3:]:
        if field == "collapse":
            collapse = True
        elif field.startswith("eq=") and equation is None:
            equation = _equation("gmm", text, field, _GMM_FORM)
        else:
            _refuse("gmm", text, f"'{field}' is not expected there", _GMM_FORM)
    return LagInstruments(text, _variables("gmm", text, fields[0]), first, last, collapse, equation or "both")


def _plain_group(text: str) -> PlainInstruments:
    fields = [field.strip() for field in text.split(":")]
    if len(fields) > 2:
        _refuse("iv", text, f"'{fields[2]}' is not expected there", _IV_FORM)
    equation: Equation = _equation("iv", text, fields[1], _IV_FORM) if len(fields) == 2 else "both"
    return PlainInstruments(text, _variables("iv", text, fields[0]), equation)


def _lag(text: str, field: str) -> int:
    if not field.isdigit():
        _refuse("gmm", text, f"'{field}' is not a lag; MIN and MAX are whole numbers from 0 on", _GMM_FORM)
    return int(field)


def _equation(option: str, text: str, field: str, form: str) -> Equation:
    if field.removeprefix("eq=") not in _EQUATIONS or not field.startswith("eq="):
        _refuse(option, text, f"'{field}' is not an equation", form)
    return _EQUATIONS[field.removeprefix("eq=")]


def _variables(option: str, text: str, field: str) -> tuple[Instrument, ...]:
    names = [name.strip() for name in field.split(",") if name.strip()]
    if not names:
        _refuse(option, text, "no variable is named", _GMM_FORM if option == "gmm" else _IV_FORM)
    return tuple(Instrument(name, parse_expression(name)) for name in names)


def _refuse(option: str, text: str, reason: str, form: str) -> NoReturn:
    raise DeclarationError(f"option {option}, group '{text}': {reason}; the form is {form}")
