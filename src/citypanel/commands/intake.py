"""`citypanel intake FOLDER --out DIR`: raw files to canonical tables, rejects and attrition, without a study."""

import argparse
import sys
from pathlib import Path

EXAMPLE = """example:
  citypanel intake raw --out canonical --flows
  citypanel indicator quality --flows canonical/exports.flows.parquet --sigma 5 --out quality"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Declare the folders."""
    command.epilog = EXAMPLE
    command.add_argument("folder", type=Path, metavar="FOLDER", help="raw files, in any subfolders")
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the tables")
    command.add_argument(
        "--flows", action="store_true", help="also write trade flows for `citypanel indicator quality`"
    )


def run(arguments: argparse.Namespace) -> None:
    """Read the folder; print a line per file, and what was left out on stderr."""
    from citypanel.intake.folder import intake_folder

    done = intake_folder(arguments.folder, arguments.out, flows=arguments.flows)
    for account in done.accounts:
        for line in account.files.to_dict(orient="records"):
            counts = ", ".join(f"{line[f'rows_{what}']} {what}" for what in ("read", "kept", "rejected", "merged"))
            print(f"{line['source_file']}: {line['layout']}: {counts}")
        print(f"{account.table}: {account.rows} rows -> {arguments.out / account.table}.parquet")
    for file, reason in done.left_out:
        print(f"left out: {file}: {reason}", file=sys.stderr)
