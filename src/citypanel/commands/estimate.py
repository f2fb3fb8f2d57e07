"""`citypanel estimate DATA --method M --formula F`: one estimator on one table."""

import argparse
import sys
from pathlib import Path

import pandas as pd

from citypanel.atomic import written_beside
from citypanel.canonical import read_frame, read_origin
from citypanel.declare.methods import OPTIONS, parse_options
from citypanel.declare.specification import Specification
from citypanel.errors import DeclarationError, InputError
from citypanel.estimate.analysis import estimate_analysis
from citypanel.result import Record

EXAMPLE = """example:
  citypanel estimate panel.csv --method linear --formula "quality ~ inno + gdp | city + year" \\
      --unit city --time year --vcov cluster:city --json - --table"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Declare the arguments of INTERFACE's `citypanel estimate`."""
    command.epilog = EXAMPLE
    command.add_argument("data", type=Path, metavar="DATA", help="CSV (.csv, .csv.gz) or Parquet file")
    command.add_argument("--method", required=True, metavar="M", help=", ".join(OPTIONS))
    command.add_argument("--formula", required=True, metavar="F", help="y ~ x1 + x2 | fe1 + fe2 | endog ~ z")
    command.add_argument("--unit", metavar="COL", help="panel unit")
    command.add_argument("--time", metavar="COL", help="panel period")
    command.add_argument(
        "--vcov",
        metavar="V",
        help="iid, hetero, HC2, HC3, cluster:COL[+COL], hac:LAGS, dk:LAGS, conley:KM:LATCOL:LONCOL",
    )
    command.add_argument("--weights-col", metavar="COL", help="analytic weights")
    command.add_argument("--where", metavar="COND", help="COL OP VALUE[ and ...]")
    command.add_argument("--seed", type=int, metavar="N")
    command.add_argument(
        "--option", action="append", default=[], metavar="KEY=VALUE", help="option of the method; repeatable"
    )
    command.add_argument("--json", metavar="OUT", help="write the result record; - is stdout")
    command.add_argument("--table", action="store_true", help="print a readable table")


def run(arguments: argparse.Namespace) -> None:
    """Estimate, write the record, print the table."""
    specification = Specification(
        method=arguments.method,
        formula=arguments.formula,
        options=parse_options(arguments.method, _options(arguments.option), "--option"),
        unit=arguments.unit,
        time=arguments.time,
        vcov=arguments.vcov,
        weights=arguments.weights_col,
        where=arguments.where,
        seed=arguments.seed,
    )
    data, simulated = read_data(arguments.data)
    record = estimate_analysis(data, [specification], simulated=simulated)
    if arguments.json == "-":
        sys.stdout.write(record.to_json())
    elif arguments.json:
        _write(Path(arguments.json), record.to_json())
    if arguments.table or not arguments.json:
        sys.stdout.write(readable(record))


def _options(given: list[str]) -> dict[str, str]:
    options = {}
    for text in given:
        key, sign, value = text.partition("=")
        if not sign or not key.strip():
            raise DeclarationError(f"--option '{text}': KEY=VALUE is expected")
        if key.strip() in options:
            raise DeclarationError(f"--option '{key.strip()}' is given twice")
        options[key.strip()] = value.strip()
    return options


def read_data(path: Path) -> tuple[pd.DataFrame, bool]:
    """Read a CSV or Parquet table; return it and whether it is simulated."""
    if not path.is_file():
        raise InputError(f"{path}: there is no such file")
    if path.suffix == ".parquet":
        return read_frame(path), read_origin(path).simulated
    try:
        return pd.read_csv(path, encoding="utf-8-sig", low_memory=False), False
    except pd.errors.EmptyDataError:
        raise InputError(f"{path}: the file is empty; a header and rows are expected") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: it is not UTF-8; convert it, for example from GB18030") from None
    except (pd.errors.ParserError, OSError, EOFError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path}: it cannot be read as CSV ({reason})") from None


def _write(path: Path, text: str) -> None:
    try:
        with written_beside(path) as beside:
            beside.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None


def readable(record: Record) -> str:
    """Return the record as a table for the terminal."""
    lines = []
    for column in record.columns:
        variance = column.vcov.get("type", "")
        by = column.vcov.get("by") or []
        clusters = f" by {', '.join(map(str, by))}" if isinstance(by, list) and by else ""
        lines.append(f"{record.method}, column {column.column}: {column.outcome}, n = {column.n}, {variance}{clusters}")
        if column.terms:
            lines.append(f"{'':<24}{'estimate':>14}{'se':>14}{'statistic':>14}{'p':>14}")
        for term in column.terms:
            cells = "".join(_shown(value) for value in (term.estimate, term.se, term.statistic, term.p))
            lines.append(f"{term.term:<24}{cells}")
        facts = [f"{key} {value:.6g}" for key, value in column.stats.items() if isinstance(value, (int, float))]
        lines += ["  ".join(facts[start : start + 5]) for start in range(0, len(facts), 5)]
    lines += [f"warning: {text}" for text in record.warnings]
    if record.sample.get("simulated"):
        lines.append("SIMULATED data: no evidence / 模拟数据")
    return "\n".join(lines) + "\n"


def _shown(value: float | None) -> str:
    return f"{'' if value is None else format(value, '.6g'):>14}"
