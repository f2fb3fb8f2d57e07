"""What is declared: the configuration, raw folders, studies with their worlds, and wildcard constraints from them."""

import os
import sys
from pathlib import Path

from citypanel.declare.config import LANGUAGES, parse_config
from citypanel.declare.load import load_studies
from citypanel.declare.printed import searched_analyses
from citypanel.declare.raw import RawFolders, require_files, world_variants
from citypanel.declare.slices import study_tables
from citypanel.errors import CitypanelError
from citypanel.intake.kinds import KINDS, MARK, missing_sources
from citypanel.registers import Registers
from citypanel.sample import own_columns, sample_files

BASE = Path(workflow.basedir)


def refuse(message):
    """Stop the run: a fault in a declaration is the user's to mend, so one line, no traceback."""
    print(f"error: {message}", file=sys.stderr)
    sys.exit(2)


def skip(fault):
    """Leave a study out that one's own raw files cannot serve, and say what they lack."""
    print(
        f"skipped: {fault}; a policy is listed in {CONFIG.raw}/policies, own columns beside the yearbook",
        file=sys.stderr,
    )


try:
    CONFIG = parse_config(config)
    RAW = RawFolders(
        CONFIG,
        CONFIG.pathvars.get("results", "results"),
        lambda world: sample_files(CONFIG.sample.preset, world),
        own_columns,
    )
    DECLARED = load_studies(
        CONFIG,
        BASE,
        Registers(),
        policies=RAW.policies_of,
        columns=RAW.columns_of,
        skipped=None if RAW.are_simulated else skip,
    )
except CitypanelError as error:
    refuse(error)

WORLD = {name: RAW.world(name, study) for name, study in DECLARED.items()}
for name, study in list(DECLARED.items()) if RAW.are_read else ():
    if missing := missing_sources(study_tables(study), lambda kind: RAW.files(WORLD[name], kind)):
        print(f"skipped: study {name}: no file in {RAW.folder(WORLD[name])}/{', '.join(missing)}", file=sys.stderr)
        del DECLARED[name]
        continue
    try:
        require_files(RAW, {name: study})
    except CitypanelError as error:
        if RAW.are_simulated:
            refuse(error)
        skip(error)
        del DECLARED[name]
if not DECLARED:
    refuse(f"config.yaml, key 'raw': {CONFIG.raw} holds the raw files of no study; see docs/raw-files.md")
VARIANTS = world_variants(RAW, DECLARED)


def one_of(names):
    """Return a wildcard constraint that matches these names only."""
    return "|".join(sorted(set(names))) or "none"


STUDIES = one_of(DECLARED)
WORLDS = one_of(WORLD[name] for name in DECLARED if RAW.are_read)
BUILT = one_of(name for name in DECLARED if RAW.are_read)  # whose panels are built; without raw files none
ANALYSES = one_of(name for study in DECLARED.values() for name in (*study.analyses, *searched_analyses(study)))
