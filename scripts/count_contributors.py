"""Count the firms behind each city and year of indicators made from customs records."""

from pathlib import Path
from typing import TYPE_CHECKING

from citypanel.canonical import read_origin, write_frame
from citypanel.indicators.contributors import contributors
from citypanel.reporting import job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    with job(snakemake):
        exports = Path(snakemake.input.exports)
        variants = {(name, variant): options for name, variant, options in snakemake.params.variants}
        counts, differences = contributors(exports, variants, snakemake.params.largest)
        write_frame(counts, Path(snakemake.output.counts), origin=read_origin(exports))
        write_frame(differences, Path(snakemake.output.differences), origin=read_origin(exports))
