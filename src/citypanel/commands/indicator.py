"""`citypanel indicator NAME ... --out FILE`: one indicator on plain tables.

The arguments of a command are those of the library function behind it, read from its signature, so that the two
cannot drift apart.
"""

import argparse
import inspect
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from citypanel.errors import InputError

# name -> module and function, and what the command says it does
INDICATORS = {
    "sophistication": ("citypanel.indicators.commands", "run_sophistication", "PRODY and EXPY"),
    "cooperation": ("citypanel.indicators.commands", "run_cooperation", "joint patents of places and pairs"),
    "rca": ("citypanel.indicators.commands", "run_rca", "revealed comparative advantage"),
    "complexity": ("citypanel.indicators.commands", "run_complexity", "ECI, PCI and fitness"),
    "quality": ("citypanel.indicators.commands", "run_quality", "export quality as a demand residual"),
}
EXAMPLE = """example:
  citypanel indicator sophistication --trade trade.csv --income income.csv --out results/world
  citypanel indicator cooperation --applicants applicants.csv --out results/joint"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Declare one subcommand per indicator, with the arguments of its function."""
    command.epilog = EXAMPLE
    names = command.add_subparsers(dest="indicator", required=True, metavar="NAME")
    for name, (_, _, summary) in INDICATORS.items():
        indicator = names.add_parser(name, help=summary, description=summary)
        _add_signature(indicator, _function(name))


def run(arguments: argparse.Namespace) -> None:
    """Compute the indicator and name the files written."""
    given = vars(arguments)
    function = _function(arguments.indicator)
    chosen = {name: given[name] for name in inspect.signature(function).parameters if given.get(name) is not None}
    for value in chosen.values():
        if isinstance(value, Path) and value is not chosen["out"] and not value.is_file():
            raise InputError(f"{value}: there is no such file")
    for path in function(**chosen):
        print(path)


def _function(name: str) -> Callable[..., list[Path]]:
    module, function, _ = INDICATORS[name]
    found: Callable[..., list[Path]] = getattr(import_module(module), function)
    return found


def _add_signature(parser: argparse.ArgumentParser, function: Callable[..., Any]) -> None:
    for name, parameter in inspect.signature(function).parameters.items():
        flag = f"--{name.replace('_', '-')}"
        kind = _without_none(parameter.annotation)
        required = parameter.default is inspect.Parameter.empty
        if kind is bool:
            parser.add_argument(flag, dest=name, action="store_true", default=None)
        elif get_origin(kind) is Literal:
            parser.add_argument(flag, dest=name, choices=get_args(kind), required=required)
        else:
            metavar = "FILE" if kind is Path else name.upper()
            parser.add_argument(flag, dest=name, type=kind, metavar=metavar, required=required)


def _without_none(annotation: Any) -> Any:
    """Return `X` of `X | None`."""
    if get_origin(annotation) in (Union, UnionType):
        (kind,) = [argument for argument in get_args(annotation) if argument is not type(None)]
        return kind
    return annotation
