"""`citypanel compare STUDY`: printed numbers against ours, cell by cell, from the ledger of the last run."""

import argparse
import sys
from pathlib import Path

EXAMPLE = """example:
  citypanel compare yrd_cooperation
  citypanel compare yrd_cooperation --exhibit table4 --language zh
  citypanel compare smart_city --verdict differs --json - """


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Declare the study, what is shown, and the output."""
    command.epilog = EXAMPLE
    command.add_argument("study", metavar="STUDY", help="a study whose ledger a run has written")
    command.add_argument("--results", type=Path, default=Path("results"), metavar="DIR", help="default results")
    command.add_argument("--exhibit", metavar="NAME", help="one table only, as table4")
    command.add_argument("--verdict", metavar="NAME", help="cells of one verdict only, as differs")
    command.add_argument("--language", choices=("en", "zh"), default="en", help="of the lines; default en")
    command.add_argument("--json", metavar="OUT", help="write the cells as JSON; - for stdout instead of lines")


def run(arguments: argparse.Namespace) -> None:
    """Print a line per cell and a line that counts verdicts, or write JSON."""
    from citypanel.errors import InputError
    from citypanel.ledger.comparison_lines import chosen_sheets, lines_of, read_ledger
    from citypanel.ledger.ledger_files import to_json
    from citypanel.ledger.report import write_text

    sheets = chosen_sheets(
        read_ledger(arguments.results, arguments.study), exhibit=arguments.exhibit, verdict=arguments.verdict
    )
    if arguments.json:
        text = to_json({"schema": 1, "study": arguments.study, "exhibits": sheets})
        if arguments.json == "-":
            sys.stdout.write(text)
            return
        try:
            write_text(Path(arguments.json), text)
        except OSError as error:
            raise InputError(f"{error.filename}: cannot be written ({error.strerror})") from error
    print("\n".join(lines_of(sheets, arguments.language)))
