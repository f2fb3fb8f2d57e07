"""`citypanel audit FOLDER_OR_CSV`: printed tables against themselves and their text; no data needed."""

import argparse
import sys
from pathlib import Path

from citypanel.errors import InputError

EXAMPLE = """example:
  citypanel audit studies/smart_city/published
  citypanel audit table4.csv --claims claims.csv --language zh --json findings.json
  citypanel audit --template my_paper"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Declare the folder, the claims and the outputs."""
    command.epilog = EXAMPLE
    command.add_argument("tables", nargs="?", type=Path, metavar="FOLDER_OR_CSV", help="printed cells")
    command.add_argument("--claims", type=Path, metavar="CSV", help="what the text states; default claims.csv beside")
    command.add_argument("--json", metavar="OUT", help="write the findings as JSON; - for stdout instead of lines")
    command.add_argument("--out", type=Path, metavar="DIR", help="write CSV, JSON, HTML and LaTeX in both languages")
    command.add_argument("--language", choices=("en", "zh"), default="en", help="of the lines; default en")
    command.add_argument("--template", type=Path, metavar="DIR", help="write files to fill for a new paper")


def run(arguments: argparse.Namespace) -> None:
    """Audit and print one line per rule and object, or write the template."""
    from citypanel.ledger.audit import audit_folder
    from citypanel.ledger.messages import sentence
    from citypanel.ledger.report import to_json, write_audit, write_text
    from citypanel.ledger.template import write_template

    if arguments.template is not None:
        for path in write_template(arguments.template):
            print(path)
        return
    if arguments.tables is None:
        raise InputError("nothing to audit: name a folder or CSV of printed cells, or --template DIR")
    findings = audit_folder(arguments.tables, arguments.claims)
    if arguments.out is not None:
        _write(write_audit, findings, arguments.out)
    if arguments.json == "-":
        sys.stdout.write(to_json(findings))
        return
    if arguments.json:
        _write(write_text, Path(arguments.json), to_json(findings))
    print("\n".join(sentence(finding, arguments.language) for finding in findings))


def _write(function: object, *given: object) -> None:
    try:
        function(*given)  # type: ignore[operator]
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be written ({error.strerror})") from error
