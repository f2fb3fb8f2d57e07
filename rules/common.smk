"""Helpers only: what is declared, where raw files are, which slice and which code a job sees."""

import os
import sys
from pathlib import Path

from citypanel.declare.config import SAMPLE, parse_config
from citypanel.declare.exhibits import FIGURES, TABLES, analyses_of
from citypanel.declare.load import load_studies
from citypanel.declare.slices import (
    analysis_slice,
    exhibit_slice,
    indicator_tables,
    indicator_variants,
    panel_indicators,
    panel_slice,
    panel_tables,
)
from citypanel.errors import CitypanelError
from citypanel.estimate.methods import METHODS
from citypanel.fingerprint import script_code
from citypanel.intake.kinds import INTAKES, MARK
from citypanel.registers import Registers
from citypanel.sample import sample_files

SCRIPTS = Path(workflow.basedir) / "scripts"
# Relative, so that a checkout may be moved without a rerun.
REGISTERS = Path(os.path.relpath(Path(workflow.basedir) / "registers"))
TEMPLATES = sorted(os.path.relpath(path) for path in (Path(workflow.basedir) / "templates").glob("*.jinja"))
FORMATS = ("tex", "csv", "xlsx", "html", "docx")
PICTURES = ("pdf", "png", "csv")
RAW_FOLDERS = {
    "exports": "customs",
    "patents": "patents",
    "city_year": "yearbook",
    "world_trade": "world_trade",
}
RAW_REGISTERS = {
    "exports": ("layouts", "countries", "customs_areas", "cities", "city_history"),
    "patents": ("layouts", "cities", "city_history"),
    "city_year": ("layouts", "cities", "city_history", "yearbook_variables", "units"),
    "world_trade": ("layouts", "countries"),
}
PANEL_REGISTERS = ("cities", "city_clusters", "national_series", "policies")

try:
    CONFIG = parse_config(config)
    DECLARED = load_studies(CONFIG, Path(workflow.basedir), Registers())
except CitypanelError as error:
    # A fault in a declaration is the user's to mend: one line, no traceback.
    print(f"error: {error}", file=sys.stderr)
    sys.exit(2)

RESULTS = CONFIG.pathvars.get("results", "results")
RAW = f"{RESULTS}/raw" if CONFIG.raw == SAMPLE else CONFIG.raw
VARIANTS = indicator_variants(DECLARED.values())


def one_of(names):
    """Return a wildcard constraint that matches these names only."""
    return "|".join(sorted(set(names))) or "none"


STUDIES = one_of(DECLARED)
ANALYSES = one_of(name for study in DECLARED.values() for name in study.analyses)
LANGUAGES = one_of(CONFIG.languages)


def exhibits_of(study, kinds):
    """Return the exhibits of a study that are of these kinds, in the order of declaration."""
    return [
        name
        for name, exhibit in DECLARED[study].exhibits.items()
        if exhibit.kind in kinds
    ]


def every_exhibit(kinds):
    return one_of(name for study in DECLARED for name in exhibits_of(study, kinds))


def raw_files(table):
    """Return the raw files behind a canonical table: of the sample, or of the user's folder."""
    folder = RAW_FOLDERS[table]
    if CONFIG.raw == SAMPLE:
        names = [
            name
            for name in sample_files(CONFIG.sample.preset)
            if name.startswith(f"{folder}/")
        ]
        return [f"{RAW}/{name}" for name in names]
    found = sorted(path for path in (Path(RAW) / folder).glob("*") if path.is_file())
    if not found:
        print(
            f"error: config.yaml, key 'raw': no file in {Path(RAW) / folder}",
            file=sys.stderr,
        )
        sys.exit(2)
    return [str(path) for path in found]


def raw_mark():
    """Return the file that marks the raw folder as simulated, if there is one."""
    marked = CONFIG.raw == SAMPLE or (Path(RAW) / MARK).is_file()
    return [f"{RAW}/{MARK}"] if marked else []


def registers(*names):
    """Return the files of these registers: what a job looks up is one of its inputs."""
    return [str(REGISTERS / f"{name}.csv") for name in names]


def code_of(script, *modules):
    """Return the fingerprint of a script and of all library code it runs."""
    return script_code(SCRIPTS / f"{script}.py", *modules)


def declared_panel(wildcards):
    return panel_slice(DECLARED[wildcards.study])


def declared_analysis(wildcards):
    return analysis_slice(
        DECLARED[wildcards.study], wildcards.study, wildcards.analysis
    )


def declared_exhibit(wildcards):
    return exhibit_slice(DECLARED[wildcards.study], wildcards.study, wildcards.exhibit)


def exhibit_records(wildcards):
    """Return the records that an exhibit reads."""
    exhibit = DECLARED[wildcards.study].exhibits[wildcards.exhibit]
    return [
        f"<results>/{wildcards.study}/estimates/{name}.json"
        for name in analyses_of(exhibit)
    ]


def method_code(wildcards):
    """Return the fingerprint of the estimate script with the one method that the analysis runs."""
    method = DECLARED[wildcards.study].analyses[wildcards.analysis].method
    return code_of("estimate", METHODS[method])
