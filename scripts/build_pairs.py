"""Compute the joint patents between cities by year."""

from pathlib import Path
from typing import TYPE_CHECKING

from citypanel.canonical import read_origin, write_frame
from citypanel.declare.slices import parsed_indicator
from citypanel.indicators.cooperation import city_pairs
from citypanel.reporting import job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    with job(snakemake):
        patents = Path(snakemake.input.patents)
        pairs = city_pairs(patents, parsed_indicator("cooperation", snakemake.params.options))
        write_frame(pairs, Path(snakemake.output.pairs), origin=read_origin(patents))
