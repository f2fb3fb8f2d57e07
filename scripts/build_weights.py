"""Build one spatial weights matrix of a study's cities."""

from pathlib import Path
from typing import TYPE_CHECKING

from citypanel.canonical import read_frame
from citypanel.panel.study_weights import study_weights
from citypanel.panel.weights import write_weights
from citypanel.registers import Registers
from citypanel.reporting import job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    with job(snakemake):
        panel = read_frame(Path(snakemake.input.panel))
        weights, cities = study_weights(snakemake.params.declared, panel, Registers())
        write_weights(weights, cities, Path(snakemake.output.weights))
