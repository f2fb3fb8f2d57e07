"""Helpers only: what is declared, where raw files are, which slice and which code a job sees."""

import os
import sys
from pathlib import Path

from citypanel.declare.config import LANGUAGES, SAMPLE, parse_config
from citypanel.declare.exhibits import analyses_of
from citypanel.declare.load import load_studies
from citypanel.declare.slices import (
    analysis_slice,
    analysis_weights,
    exhibit_files,
    exhibit_slice,
    indicator_tables,
    indicator_variants,
    panel_indicators,
    panel_slice,
    panel_tables,
    shows_cities,
)
from citypanel.declare.targets import exhibit_pattern, exhibits_of, files_of_exhibits
from citypanel.errors import CitypanelError
from citypanel.estimate.methods import METHODS
from citypanel.fingerprint import script_code
from citypanel.intake.kinds import KINDS, MARK
from citypanel.registers import Registers
from citypanel.sample import sample_files

FORMATS = {
    "tables": ("tex", "csv", "xlsx", "html", "docx"),
    "figures": ("pdf", "png", "csv"),
}
PANEL_REGISTERS = ("cities", "city_clusters", "national_series", "policies")

BASE = Path(workflow.basedir)
try:
    CONFIG = parse_config(config)
    DECLARED = load_studies(CONFIG, BASE, Registers())
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


def beside(folder, pattern):
    """Return files of the checkout, as relative paths, so that a checkout may be moved without a rerun."""
    return sorted(os.path.relpath(path) for path in (BASE / folder).glob(pattern))


def published(study):
    """Return the printed tables and claims that a study ships."""
    return sorted(os.path.relpath(path) for path in (BASE / CONFIG.studies_folder / study / "published").glob("*.csv"))


def registers(*names):
    """Return the files of these registers: what a job looks up is one of its inputs."""
    return [path for name in names for path in beside("registers", f"{name}.csv")]


def raw_files(wildcards):
    """Return the raw files behind a canonical table: of the sample, or of the user's folder."""
    folder = KINDS[wildcards.table].folder
    if CONFIG.raw == SAMPLE:
        return [f"{RAW}/{name}" for name in sample_files(CONFIG.sample.preset) if name.startswith(f"{folder}/")]
    found = sorted(path for path in (Path(RAW) / folder).glob("*") if path.is_file())
    if not found:
        print(
            f"error: config.yaml, key 'raw': no file in {Path(RAW) / folder}",
            file=sys.stderr,
        )
        sys.exit(2)
    return [str(path) for path in found]


def raw_mark(wildcards):
    """Return the file that marks the raw folder as simulated, if there is one."""
    return [f"{RAW}/{MARK}"] if CONFIG.raw == SAMPLE or (Path(RAW) / MARK).is_file() else []


def code_of(script, *modules):
    """Return the fingerprint of a script and of all library code it runs."""
    return script_code(BASE / "scripts" / f"{script}.py", *modules)


def indicator_inputs(wildcards):
    options = VARIANTS[wildcards.indicator, wildcards.variant]
    return [f"<results>/canonical/{name}.parquet" for name in indicator_tables(wildcards.indicator, options)]


def panel_inputs(wildcards):
    """Return the indicator files that a study's panel reads."""
    needed = panel_indicators(DECLARED[wildcards.study])
    return [f"<results>/indicators/{indicator}/{variant}.parquet" for indicator, variant in needed]


def weights_inputs(wildcards):
    """Return the weights matrices that an analysis names."""
    named = analysis_weights(DECLARED[wildcards.study], wildcards.analysis)
    return [f"<results>/{wildcards.study}/weights/{name}.csv" for name in named]


def declared_panel(wildcards):
    return panel_slice(DECLARED[wildcards.study])


def declared_analysis(wildcards):
    return analysis_slice(DECLARED[wildcards.study], wildcards.study, wildcards.analysis)


def declared_exhibit(wildcards):
    return exhibit_slice(DECLARED[wildcards.study], wildcards.study, wildcards.exhibit)


def exhibit_records(wildcards):
    """Return the records that an exhibit reads."""
    exhibit = DECLARED[wildcards.study].exhibits[wildcards.exhibit]
    return [f"<results>/{wildcards.study}/estimates/{name}.json" for name in analyses_of(exhibit)]


def method_code(wildcards):
    """Return the fingerprint of the estimate script with the one method that the analysis runs."""
    method = DECLARED[wildcards.study].analyses[wildcards.analysis].method
    return code_of("estimate", METHODS[method])


def exhibit_file(name):
    """Return an input function: the files of one name that an exhibit shows besides its records."""
    return lambda wildcards: exhibit_files(DECLARED[wildcards.study], wildcards.study, wildcards.exhibit).get(name, [])


def one_exhibit(folder):
    """Return a wildcard constraint that matches the declared tables or figures only."""
    return one_of(name for study in DECLARED.values() for name in exhibits_of(study, folder))
