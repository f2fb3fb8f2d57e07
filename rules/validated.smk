"""Helpers only: which studies are validated, by which designs, and what their jobs read."""

from citypanel.declare.targets import validation_files, validation_pattern
from citypanel.declare.validation import (
    TITLES,
    check_methods,
    checks_slice,
    checks_weights,
    checks_words,
    counted,
    load_validation,
    recovery_slice,
    validation_slice,
)
from citypanel.sample import constructed_panel, known_designs

try:
    DRAWN = {name: RAW.simulated_world(name, study) for name, study in DECLARED.items()}
    VALIDATED = {
        name: load_validation(BASE / CONFIG.studies_folder / name, study, known_designs(DRAWN[name], study.weights))
        for name, study in DECLARED.items()
    }
except CitypanelError as error:
    refuse(error)

VALIDATED = {name: validation for name, validation in VALIDATED.items() if validation is not None}
BLOCKS = range(-(-CONFIG.validation.draws // CONFIG.validation.block))


def numbers_of(block):
    """Return the numbers of a block's panels: first, and one after the last."""
    size = CONFIG.validation.block
    return [int(block) * size, min((int(block) + 1) * size, CONFIG.validation.draws)]


def validation_weights(wildcards):
    """Return the matrices of weights that a study's designs and checks name."""
    return [f"<results>/{wildcards.study}/weights/{name}.csv" for name in checks_weights(VALIDATED[wildcards.study])]


# What is true in the raw files is known where they are simulated; of flows, where the preset is not too large.
RECOVERED = [name for name, known in VALIDATED.items() if RAW.are_simulated and (known.effects or known.cities)]
FLOWS_KNOWN = [name for name in RECOVERED if "truth_flows.parquet" in sample_files(CONFIG.sample.preset, WORLD[name])]


def truth_of_cities(wildcards):
    """Return the table of what is true by city and year."""
    world = WORLD[wildcards.study]
    table = "truth_cities.csv"
    return (
        f"{RAW.folder(world)}/{table}"
        if table in sample_files(CONFIG.sample.preset, world)
        else os.path.relpath(constructed_panel())
    )


def shown_records(wildcards):
    """Return the records of a table or figure: the Monte Carlo's, or the recovery's effects and flows."""
    folder = f"<results>/{wildcards.study}/validation"
    if wildcards.shown != "recovery":
        return [f"{folder}/validation.json"]
    kinds = ["effects", *(["quality"] if wildcards.study in FLOWS_KNOWN else [])]
    return [f"{folder}/recovered_{kind}.json" for kind in kinds]


def shown_exhibit(wildcards):
    """Return what a table or figure of a study's validation shows besides its records."""
    return validation_slice(VALIDATED[wildcards.study], DECLARED[wildcards.study], wildcards.study, wildcards.shown)
