"""Join the blocks of a study's Monte Carlo and write bias, coverage and size as a result record."""

from pathlib import Path
from typing import TYPE_CHECKING

from citypanel.atomic import written_beside
from citypanel.estimate.monte_carlo import found_in, true_values
from citypanel.estimate.monte_carlo_summary import validation_record
from citypanel.reporting import job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    with job(snakemake):
        record = validation_record(
            found_in([Path(path) for path in snakemake.input.found]),
            true_values([Path(path) for path in snakemake.input.truth]),
            snakemake.params.checks,
            seed=snakemake.params.seed,
        )
        with written_beside(Path(snakemake.output.record)) as beside:
            beside.write_text(record.to_json(), encoding="utf-8")
