"""Run a study's estimators on one block of drawn panels and write what each found."""

from pathlib import Path
from typing import TYPE_CHECKING

from citypanel.canonical import Origin, write_frame
from citypanel.estimate.monte_carlo import checked_draws
from citypanel.reporting import job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    with job(snakemake):
        weights = {Path(path).stem: path for path in snakemake.input.weights}
        found = checked_draws(Path(snakemake.input.panels), snakemake.params.checks, weights)
        write_frame(found, Path(snakemake.output.found), origin=Origin(simulated=True))
