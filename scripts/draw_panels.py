"""Draw panels with a known truth for one block of a study's Monte Carlo."""

from pathlib import Path
from typing import TYPE_CHECKING

from citypanel.reporting import job
from citypanel.sample.draws import Plan, write_draws

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    with job(snakemake):
        plan = Plan(
            study=snakemake.params.world,
            designs=tuple(snakemake.params.designs),
            draws=range(*snakemake.params.numbers),
            seed=snakemake.params.seed,
            columns=tuple(snakemake.params.columns),
        )
        weights = {Path(path).stem: Path(path) for path in snakemake.input.weights}
        write_draws(plan, Path(snakemake.output.panels), Path(snakemake.output.truth), weights)
