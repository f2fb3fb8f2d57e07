"""The `citypanel` command: one function of the library at a time, on any CSV or Parquet file.

Exit code 0 is success, 2 a usage or input error told in one line on stderr, 1 a fault of ours.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from citypanel import __version__
from citypanel.errors import CitypanelError

# Loaded when asked for, so that `citypanel --help` does not wait for pandas.
COMMANDS = {
    "estimate": "one estimator on one table",
    "indicator": "one indicator on canonical input",
    "audit": "printed tables against themselves and their text; needs no data",
    "compare": "printed numbers against ours, cell by cell, from the ledger of a run",
    "check-raw": "recognise raw files and say what is wrong with them; changes nothing",
    "intake": "raw files to canonical tables, rejects and attrition, without a study",
    "package": "the replication package of a finished run",
    "why": "where a printed number comes from, back to raw files and rows",
    "new-study": "write a commented study.yaml that validates and runs on the sample",
}


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Print one line and exit with 2."""
        print(f"{self.prog}: error: {' '.join(message.split())} (see {self.prog} --help)", file=sys.stderr)
        raise SystemExit(2)


# Sums of many threads differ in their last bits from one machine to another; a record must not.
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    for name in ONE_THREAD:
        os.environ[name] = "1"  # also over the user's own setting: two threads change the last bits of some records
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = Parser(prog="citypanel", description="City panels from raw files, one function at a time.")
    parser.add_argument("--version", action="version", version=f"citypanel {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    chosen = next((word for word in given if not word.startswith("-")), None)
    for name, summary in COMMANDS.items():
        command = commands.add_parser(
            name, help=summary, description=summary, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        if name == chosen:
            import_module(f"citypanel.commands.{name.replace('-', '_')}").add_arguments(command)
    parsed = parser.parse_args(given)
    return _run(parsed)


def _run(parsed: argparse.Namespace) -> int:
    try:
        import_module(f"citypanel.commands.{parsed.command.replace('-', '_')}").run(parsed)
    except CitypanelError as error:
        print(f"citypanel {parsed.command}: error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader of our output (head, less) is gone; that is its right.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MemoryError:
        print(
            f"citypanel {parsed.command}: error: memory is used up; free some, or cut the table",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if os.environ.get("CITYPANEL_DEBUG"):
            raise
        kind = type(error).__name__
        print(
            f"citypanel {parsed.command}: internal error ({kind}: {' '.join(str(error).split())[:200]}); "
            "this is a fault of citypanel: run again with CITYPANEL_DEBUG=1 and report what it prints",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
