"""citypanel on one page: raw files -> canonical tables -> indicators -> panels -> estimates -> exhibits, ledger."""

import os
import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.13")
# Sums of many threads differ in their last bits; one thread a job gives the same bytes everywhere.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"
sys.path.insert(0, str(Path(workflow.basedir) / "src"))


configfile: "config.yaml"


pathvars:
    logs="<results>/logs",
    benchmarks="<results>/benchmarks",


report: "report/workflow.rst"


include: "rules/declared.smk"
include: "rules/common.smk"
include: "rules/records.smk"
include: "rules/reported.smk"
include: "rules/validated.smk"
include: "rules/sample.smk"
include: "rules/intake.smk"
include: "rules/indicators.smk"
include: "rules/panels.smk"
include: "rules/estimates.smk"
include: "rules/exhibits.smk"
include: "rules/ledger.smk"
include: "rules/witness.smk"
include: "rules/validation.smk"
include: "rules/recovery.smk"
include: "rules/package.smk"


rule all:
    default_target: True
    input:
        rules.tables.input,
        rules.figures.input,
        rules.audits.input,
        rules.ledgers.input,
