"""Clean customs records of some chapters and add them up to flows."""

from pathlib import Path
from typing import TYPE_CHECKING

from citypanel.declare.slices import parsed_flows
from citypanel.indicators.cleaned import Cleaned
from citypanel.indicators.cleaning import clean_chapters
from citypanel.reporting import job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    with job(snakemake):
        options = parsed_flows(snakemake.params.options)
        clean_chapters(
            Path(snakemake.input.exports),
            Cleaned(Path(snakemake.output.flows), Path(snakemake.output.account)),
            options.cleaning,
            place=options.place,
            level=options.level,
            group=snakemake.params.group,
        )
