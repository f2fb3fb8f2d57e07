"""`citypanel why STUDY EXHIBIT COLUMN ROW`: where a printed number comes from, back to raw files and rows."""

import argparse
import json
import sys
from pathlib import Path

EXAMPLE = """example:
  citypanel why yrd_cooperation table4 5 inno
  citypanel why yrd_cooperation table2 mean quality --json -
  citypanel why yrd_cooperation figure1 mean quality,2011"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Declare the cell, the folders and the outputs."""
    command.epilog = EXAMPLE
    command.add_argument("study", metavar="STUDY")
    command.add_argument("exhibit", metavar="EXHIBIT", help="as declared in study.yaml")
    command.add_argument("column", metavar="COLUMN", help="of a table: number or title; of a figure: column of its CSV")
    command.add_argument("row", metavar="ROW", help="of a table: term or label; of a figure: its line's leading cells")
    command.add_argument("--folder", type=Path, default=Path(), metavar="DIR", help="where snakemake ran; default here")
    command.add_argument("--results", default="results", metavar="DIR", help="results below it; default results")
    command.add_argument("--language", choices=("en", "zh"), default="en", help="of the lines; default en")
    command.add_argument("--json", metavar="OUT", help="write everything as JSON; - for stdout instead of lines")


def run(arguments: argparse.Namespace) -> None:
    """Trace the cell; print a step a line, or everything as JSON."""
    from citypanel.package.why import why
    from citypanel.package.why_text import lines_of

    cell = (arguments.study, arguments.exhibit, arguments.column, arguments.row)
    document = why(*cell, root=arguments.folder, results=arguments.results)
    text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    if arguments.json == "-":
        sys.stdout.write(text)
        return
    if arguments.json:
        _write(Path(arguments.json), text)
    print("\n".join(lines_of(document, arguments.language)))


def _write(path: Path, text: str) -> None:
    from citypanel.atomic import written_beside
    from citypanel.errors import InputError

    try:
        with written_beside(path) as beside:
            beside.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None
