"""Build the replication package of the run in one variant."""

from pathlib import Path
from typing import TYPE_CHECKING

from citypanel.package.build import build_package, summary
from citypanel.package.run import load_run
from citypanel.reporting import job, log

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    with job(snakemake):
        params = snakemake.params
        run = load_run(params.config, Path(params.base), Path(), params.results, params.studies)
        built = build_package(run, snakemake.wildcards.variant, Path(snakemake.output.archive))
        for line in summary(built):
            log.info("%s", line)
