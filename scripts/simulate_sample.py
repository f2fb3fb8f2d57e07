"""Write the simulated raw files of one world in one preset."""

from pathlib import Path
from typing import TYPE_CHECKING

from citypanel.reporting import job
from citypanel.sample import write_sample

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    with job(snakemake):
        write_sample(
            Path(snakemake.params.folder),
            preset=snakemake.params.preset,
            seed=snakemake.params.seed,
            study=snakemake.params.world,
        )
