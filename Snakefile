"""citypanel on one page: raw files -> canonical tables -> indicators -> panels -> estimates -> exhibits."""

import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.13")
sys.path.insert(0, str(Path(workflow.basedir) / "src"))


configfile: "config.yaml"


pathvars:
    logs="<results>/logs",
    benchmarks="<results>/benchmarks",


include: "rules/common.smk"
include: "rules/sample.smk"
include: "rules/intake.smk"
include: "rules/indicators.smk"
include: "rules/panels.smk"
include: "rules/estimates.smk"
include: "rules/exhibits.smk"


rule all:
    default_target: True
    input:
        rules.tables.input,
        rules.figures.input,
