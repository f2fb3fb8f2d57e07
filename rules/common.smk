"""Helpers only: where files are, which slice and which code a job sees."""

from citypanel.declare.printed import sheet_names
from citypanel.declare.slices import (
    LOOKED_UP,
    cleaning_files,
    exhibit_files,
    exhibit_records,
    exhibit_slice,
    has_attrition,
    indicator_files,
    indicator_tables,
    panel_indicators,
    panel_policies,
    panel_slice,
    panel_tables,
    shows_cities,
)
from citypanel.declare.targets import exhibit_pattern, exhibits_of, files_of_exhibits
from citypanel.declare.variants import all_weights, base_of, job_slice, job_weights
from citypanel.estimate.methods import METHODS
from citypanel.fingerprint import script_code

PANEL_REGISTERS = ("cities", "city_clusters", "national_series", "policies")


def memory(mb, per_input_mb=0.0):
    """Return the megabytes of a job: a fixed part, a part that grows with its input, more at every further try."""
    return lambda wildcards, input, attempt: round((mb + per_input_mb * input.size_mb) * attempt)


def minutes(fixed, per_input_mb=0.0):
    """Return the minutes after which a cluster may end a job, as `memory` does."""
    return lambda wildcards, input, attempt: round((fixed + per_input_mb * input.size_mb) * attempt)


def beside(folder, pattern):
    """Return files of the checkout, as relative paths, so that a checkout may be moved without a rerun."""
    return sorted(os.path.relpath(path) for path in (BASE / folder).glob(pattern))


def published(study):
    """Return the printed tables and claims that a study ships."""
    return sorted(os.path.relpath(path) for path in (BASE / CONFIG.studies_folder / study / "published").glob("*.csv"))


def ledger_sheets(study):
    """Return the names of a study's ledger sheets; a study without printed cells has none."""
    return sheet_names(DECLARED[study], map(Path, published(study)))


def registers(*names):
    """Return the files of these registers: what a job looks up is one of its inputs."""
    return [path for name in names for path in beside("registers", f"{name}.csv")]


def raw_files(wildcards):
    """Return the raw files behind a canonical table: of the sample, or of the user's folder."""
    return RAW.files(wildcards.world, KINDS[wildcards.table].folder)


def raw_mark(wildcards):
    """Return the file that marks the raw folder as simulated, if there is one."""
    mark = f"{RAW.folder(wildcards.world)}/{MARK}"
    return [mark] if RAW.are_simulated or Path(mark).is_file() else []


def code_of(script, *modules):
    """Return the fingerprint of a script and of all library code it runs."""
    return script_code(BASE / "scripts" / f"{script}.py", *modules)


def indicator_options(wildcards):
    return VARIANTS[wildcards.world, wildcards.indicator, wildcards.variant]


def indicator_own_files(wildcards):
    """Return the user's own files that an indicator's options name."""
    return indicator_files(wildcards.indicator, indicator_options(wildcards))


def panel_inputs(wildcards):
    """Return the indicator files that a study's panel reads."""
    folder = f"<results>/indicators/{WORLD[wildcards.study]}"
    return [
        f"{folder}/{indicator}/{variant}.parquet" for indicator, variant in panel_indicators(DECLARED[wildcards.study])
    ]


def panel_lists(wildcards):
    """Return the raw folder's own lists of treated units that a study's panel reads."""
    own = RAW.policies(WORLD[wildcards.study])
    return [own[name] for name in panel_policies(DECLARED[wildcards.study]) if name in own]


def weights_inputs(wildcards):
    """Return the weights matrices that an analysis, or the variants of one, names."""
    named = job_weights(DECLARED[wildcards.study], wildcards.analysis)
    return [f"<results>/{wildcards.study}/weights/{name}.csv" for name in named]


def declared_panel(wildcards):
    return panel_slice(DECLARED[wildcards.study])


def declared_analysis(wildcards):
    return job_slice(DECLARED[wildcards.study], wildcards.study, wildcards.analysis)


def declared_exhibit(wildcards):
    return exhibit_slice(DECLARED[wildcards.study], wildcards.study, wildcards.exhibit)


def records_of_exhibit(wildcards):
    """Return the records that an exhibit reads."""
    study = wildcards.study
    return exhibit_records(DECLARED[study], study, WORLD[study], wildcards.exhibit)


def method_code(wildcards):
    """Return the fingerprint of the estimate script with the one method that the analysis runs."""
    method = DECLARED[wildcards.study].analyses[base_of(wildcards.analysis)].method
    return code_of("estimate", METHODS[method])


def exhibit_file(name):
    """Return an input function: the files of one name that an exhibit shows besides its records."""
    return lambda wildcards: exhibit_files(
        DECLARED[wildcards.study], wildcards.study, WORLD[wildcards.study], wildcards.exhibit
    ).get(name, [])


def one_exhibit(folder):
    """Return a wildcard constraint that matches the declared tables or figures only."""
    return one_of(name for study in DECLARED.values() for name in exhibits_of(study, folder))
