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
    from citypanel.intake.check import check_raw, completeness_lines

    findings = check_raw(arguments.folder)
    for finding in findings:
        print("\n".join(finding.lines()))
    several = [finding for finding in findings if finding.completeness is not None]
    if len(several) > 1:
        print(f"all {len(several)} files of exports together:")
        print("\n".join(f"  {line}" for line in completeness_lines(several)))
    states = [finding.state for finding in findings]
    named = [f"{states.count(state)} {state}" for state in ("ok", "problems", "unknown", "ignored") if state in states]
    print(f"{len(findings)} files: {', '.join(named)}")
