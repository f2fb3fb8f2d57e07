"""`citypanel check-raw FOLDER`: what each raw file is, how many rows, what is wrong; changes nothing."""

import argparse
from pathlib import Path

EXAMPLE = """example:
  citypanel check-raw raw"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Declare the folder."""
    command.epilog = EXAMPLE
    command.add_argument("folder", type=Path, metavar="FOLDER", help="raw files, in any subfolders")


def run(arguments: argparse.Namespace) -> None:
    """Print a finding per file, and a line of totals."""
    from citypanel.intake.check import check_raw

    findings = check_raw(arguments.folder)
    for finding in findings:
        print("\n".join(finding.lines()))
    states = [finding.state for finding in findings]
    named = [f"{states.count(state)} {state}" for state in ("ok", "problems", "unknown", "ignored") if state in states]
    print(f"{len(findings)} files: {', '.join(named)}")
